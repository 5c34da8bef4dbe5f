"""Loading the page anew at random moments of every job: is it followed to the same end, in the same place, with nothing lost or done twice?

``python -m benchmarks.returning [--moments 20] [--seed 1] [--tab NAME] [--write]``. Jobs are those of ``tests/page_kinds.py``, slowed
to :data:`LASTS` seconds, so a moment may lie before the first progress, during the work, at its end, or after changes by hand; these are
made as soon as the result is there, and a reload may follow at once. The same page is what somebody sees who closes it and comes back.
``--write`` puts the table into ``BENCHMARKS.md`` too.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError as TooLong

from benchmarks import table
from benchmarks.__main__ import ORDER
from benchmarks.sections import put, section
from pipeline.messages import message
from pipeline.progress import Report
from tests.browsing import Place, Visit, chromium, eventually, page_server
from tests.page_kinds import PAGE_KINDS
from web.jobs import edits
from web.jobs.kinds import Kind

LASTS, LATEST = 4.0, 7.0
"""Seconds that a job takes, and the last moment at which the page is loaded anew."""
SAID_TO_SERVER = 0.5
"""Seconds after a change by hand before which a reload may come before the browser has sent it."""


@dataclass(frozen=True)
class Tab:
    """A tab's job: how it begins, what shows its result, a change by hand, and what is kept of that."""

    number: int
    kind: str
    example: str
    result: str
    change: Callable[[Any], None]
    kept: Callable[[Mapping[str, Any]], Any]


TABS = {
    "highlights": Tab(
        0, "highlights", "#highlights-example", "#highlights-view .stage[data-job] .card",
        lambda page: page.locator("#highlights-view .strip [data-edge=end]").first.press("ArrowLeft"),
        lambda state: state.get("bounds"),
    ),
    "viral": Tab(
        1, "rank", "#viral-example", "#viral-view .viral[data-job] .vcard",
        lambda page: page.locator("#viral-view [data-sentence]").first.check(), lambda state: state.get("ticked"),
    ),
    "dubsync": Tab(
        2, "analyse", "#sync-example", "#sync-view .sync[data-job] .seg",
        lambda page: page.locator("#sync-view .seg").first.press("ArrowRight"), lambda state: state.get("nudges"),
    ),
}  # fmt: skip


def slowed(kind: Kind) -> Kind:
    """The kind, lasting :data:`LASTS` seconds."""

    def run(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
        begun = time.monotonic()
        found = kind.work(engine, request, folder, lambda fraction, told: report(fraction / 2, told))
        while (share := (time.monotonic() - begun) / LASTS) < 1:
            time.sleep(0.1)
            report(min(1.0, share), message("progress.encoding"))
        return found

    return replace(kind, work=run)


@contextmanager
def served() -> Iterator[Place]:
    """The page on slow jobs."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder) / "temp" / "gradio")
        slow = {kind.request.kind for kind in PAGE_KINDS.values()} & {tab.kind for tab in TABS.values()}
        kinds = {name: slowed(kind) if name in slow else kind for name, kind in PAGE_KINDS.items()}
        with page_server(Path(folder), kinds) as place:
            yield place


def returned(browser: Any, place: Place, tab: Tab, moment: float) -> list[str]:
    """What is wrong after a reload ``moment`` seconds after the press."""
    before = {job.id for job in place.jobs.list()}
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(tab.number)
        page.click(tab.example)
        pressed, changed = time.monotonic(), 0.0
        while (left := pressed + moment - time.monotonic()) > 0:
            if not changed and page.locator(tab.result).first.is_visible():
                tab.change(page)
                changed = time.monotonic()
            page.wait_for_timeout(min(100.0, 1000 * left))
        sure = changed and time.monotonic() - changed > SAID_TO_SERVER
        begun = {job.id for job in place.jobs.list()} - before
        visit.reload()
        wrong = (
            []
            if page.locator("#studio-tabs [role=tab]").nth(tab.number).get_attribute("aria-selected") == "true"
            else ["another tab"]
        )
        if not begun:  # the press itself was cut off: the form is there again
            return wrong
        try:
            visit.see(tab.result)
        except TooLong:
            return [*wrong, "the result is not there"]
        made = [job for job in place.jobs.list() if job.id not in before]
        wrong += [] if len(made) == 1 else [f"{len(made)} jobs"]
        wrong += [] if made and made[0].state == "done" else ["the job did not end"]
        if sure:
            wrong += [] if tab.kept(edits.load(made[0])) else ["a change is lost"]
            shown = page.locator("[data-undo]:visible").first
            wrong += [] if eventually(shown.is_enabled) else ["a change cannot be undone"]
    return wrong


def main() -> int:
    """Prints a row a job; 1 where something was lost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tab", choices=sorted(TABS))
    parser.add_argument("--write", action="store_true", help="also into BENCHMARKS.md")
    given, load = sys.argv[1:], os.getloadavg()[0]
    options = parser.parse_args(given)
    chance, rows, bad = random.Random(options.seed), [], 0
    with served() as place, chromium() as browser:
        for name in [options.tab] if options.tab else list(TABS):
            found: list[tuple[float, Sequence[str]]] = []
            for _ in range(options.moments):
                moment = round(chance.uniform(0.0, LATEST), 2)
                found.append((moment, returned(browser, place, TABS[name], moment)))
            lost = [(moment, wrong) for moment, wrong in found if wrong]
            bad += len(lost)
            told = "; ".join(f"{moment} s: {', '.join(wrong)}" for moment, wrong in sorted(lost)) or "–"
            rows.append((name, len(found), len(found) - len(lost), told))
    text = table(("job", "reloads", "same place, nothing lost", "what was wrong"), rows)
    print(text)
    if options.write:
        put("returning", section("returning", [a for a in given if a != "--write"], load, text), ORDER)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
