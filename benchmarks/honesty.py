"""Whether what is said of generated pairs is true: error bars, lost seconds, refusals. Every pair's truth is known to the sample.

``python -m benchmarks.honesty [--seeds N] [--seed FIRST] [--films N] [--kind WORD…]``: N pairs of each kind of
:mod:`benchmarks.dub_generator` and :mod:`benchmarks.dub_oddities` (those that have one of the words in their name), and the dubs of
some films exchanged.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import media as media_folder
from benchmarks import table
from benchmarks.dub_generator import KINDS, Pair, Studio
from benchmarks.dub_oddities import ODDITIES
from benchmarks.dubsync import STRETCHED, Outcome, measured, voiced, wrong_pairs

Make = Callable[[int, Path], Pair]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument(
        "--films", type=int, default=4, help="films whose dubs are exchanged: n·(n−1) wrong pairs; 0 for none"
    )
    options.add_argument("--kind", nargs="+", default=[], help="parts of the names of the kinds that are measured")
    chosen = options.parse_args()
    studio = Studio(media_folder())
    rows, right = [], []
    for name, make in makers(studio).items():
        if chosen.kind and not any(word in name for word in chosen.kind):
            continue
        found = pairs_of(make, chosen.seeds, chosen.seed)
        rows.append(row(name, found))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
        right += [] if name == "next episode" else found
    print(table(HEAD, rows))
    if right:
        print("\n" + summary(right))
    if chosen.films and not chosen.kind:
        print("\n" + wrong_pairs(studio, chosen.films))


HEAD = (
    "kind",
    "pairs",
    "bar holds the truth %",
    "worst pair",
    "lost stretches named %",
    "refused",
    "refused or told plainly",
    "error ms median / p95",
    "film covered %, worst",
    "foreign s, worst",
    "joins ms, worst",
)


def makers(studio: Studio) -> dict[str, Make]:
    """What makes a pair of each kind from a seed."""
    kinds: dict[str, Make] = {n: functools.partial(_of_kind, studio, k, n) for k, n in enumerate(KINDS)}
    odd: dict[str, Make] = {n: functools.partial(_odd, studio, k, n) for k, n in enumerate(ODDITIES)}
    return odd | kinds


def pairs_of(make: Make, n: int, first: int) -> list[Outcome]:
    """What was found of ``n`` pairs."""
    out = []
    for seed in range(first, first + n):
        with tempfile.TemporaryDirectory() as work:
            out.append(measured(make(seed, Path(work))))
    return out


def row(name: str, found: list[Outcome]) -> list[object]:
    """One line of the table."""
    held = [100 * o.held for o in found if not o.refused]
    told = [o for o in found if not o.refused]
    plain = sum(o.refused or (o.plain and o.foreign <= STRETCHED) for o in found)
    return [
        name,
        len(found),
        f"{np.mean(held):.1f}" if held else "–",
        f"{min(held):.1f}" if held else "–",
        f"{100 * float(np.mean([o.named for o in told])):.0f}" if told else "–",
        sum(o.refused for o in found),
        plain if name == "next episode" else "–",
        *_placed(told),
    ]


def _placed(told: list[Outcome]) -> list[object]:
    """How near what was placed lies: errors, what of the shared time is covered, foreign time, joins."""
    if not told:
        return ["–"] * 4
    errors, joins = (np.concatenate([getattr(o, part) for o in told]) for part in ("errors", "joins"))
    return [
        f"{np.median(errors):.1f} / {np.quantile(errors, 0.95):.1f}" if len(errors) else "–",
        f"{100 * min(o.covered for o in told):.1f}",
        f"{max(o.foreign for o in told):.1f}",
        f"{joins.max():.0f}" if len(joins) else "–",
    ]


def summary(right: list[Outcome]) -> str:
    """The figures over all right pairs."""
    held = [o.held for o in right if not o.refused]
    told = f"bars hold the truth in {100 * float(np.mean(held)):.1f} % of all moments" if held else "nothing was placed"
    return f"{len(right)} right pairs: {told}, {sum(o.refused for o in right)} refused"


def _of_kind(studio: Studio, place: int, name: str, seed: int, folder: Path) -> Pair:
    at = seed + 1000 * place
    return studio.pair(at, voiced(KINDS[name], at), folder)


def _odd(studio: Studio, place: int, name: str, seed: int, folder: Path) -> Pair:
    return ODDITIES[name](studio, seed + 70_000 + 1000 * place, folder)


if __name__ == "__main__":
    main()
