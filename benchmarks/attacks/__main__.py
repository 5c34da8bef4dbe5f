"""``python -m benchmarks.attacks [--all]``: every attempt against a service of its own, and what came out; ``--all`` prints each."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.attacks import access, files, lines, links, network
from benchmarks.attacks.attempts import Answer, Attempt
from benchmarks.attacks.place import Place, running

Row = tuple[Attempt, Answer, str]


def everything() -> list[Attempt]:
    """All attempts."""
    return [attempt for part in (access, links, files, network, lines) for attempt in part.attempts()]


def made(attempts: Iterable[Attempt], place: Place) -> list[Row]:
    """Each attempt with its answer and why it was no refusal. What takes long is made at the same time."""
    quick: list[Attempt] = []
    slow: list[Attempt] = []
    for attempt in attempts:
        (slow if attempt.family == "slow lines" else quick).append(attempt)
    rows = [(attempt, *attempt.make(place)) for attempt in quick]
    with ThreadPoolExecutor(max(1, len(slow))) as together:
        return rows + list(together.map(lambda attempt: (attempt, *attempt.make(place)), slow))


def table(rows: list[Row]) -> str:
    """Attempts by family: how many, how many were refused, what came out most, the slowest."""
    lines = ["| family | attempts | refused | slow | what came out | slowest |", "|---|--:|--:|--:|---|--:|"]
    for family in dict.fromkeys(attempt.family for attempt, _, _ in rows):
        mine = [row for row in rows if row[0].family == family]
        came = ", ".join(
            f"{status or 'closed'} ×{n}" for status, n in Counter(answer.status for _, answer, _ in mine).most_common(5)
        )
        lines.append(_line(family, mine, came))
    return "\n".join([*lines, _line("**all**", rows, "")])


def _line(name: str, rows: list[Row], came: str) -> str:
    bad, slow = sum(bool(why) for _, _, why in rows), sum(answer.seconds > attempt.limit for attempt, answer, _ in rows)
    return f"| {name} | {len(rows)} | {len(rows) - bad} | {slow} | {came} | {max(answer.seconds for _, answer, _ in rows):.2f} s |"


def main(arguments: list[str]) -> int:
    """Prints the table; 1 where something was not refused."""
    with running() as place:
        rows = made(everything(), place)
    print(table(rows))
    for attempt, answer, why in rows:
        late = "slow" if answer.seconds > attempt.limit else ""
        if why or late or "--all" in arguments:
            print(
                f"{attempt.family}: {attempt.name}: {answer.status or 'closed'} {why or late or 'refused'} {answer.seconds:.2f} s"
            )
    return int(any(why for _, _, why in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
