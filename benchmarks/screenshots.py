"""Pictures of the page with real results: every width, language and colour scheme, to be looked at by a person.

``python -m benchmarks.screenshots [--out DIR] [--docs] [--data DIR]``; ``--docs`` also writes the three pictures of the README. The
examples are worked on once; every picture is a visitor who finds them finished.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import ROOT, table
from tests.browsing import Visit, app_process, chromium

WIDTHS = (390, 1280, 2560)
LOCALES = ("es-ES", "en-US")
SCHEMES = ("light", "dark")
TABS = ("highlights", "viral", "dubsync")
READY = (
    "#highlights-view .stage[data-job] .card",
    "#viral-view .viral[data-job] .vcard",
    "#sync-view .sync[data-job] .seg",
)
EXAMPLES = ("#highlights-example", "#viral-example", "#sync-example")
LIMIT = 900_000


def results(browser: Any, address: str) -> Any:
    """Works through the three examples; what the browser remembers of it."""
    visit = Visit(browser, address)
    for number, (button, ready) in enumerate(zip(EXAMPLES, READY, strict=True)):
        visit.tab(number)
        visit.page.click(button)
        visit.page.wait_for_selector(ready, timeout=LIMIT)
        visit.page.wait_for_selector(".studio-progress:visible", state="detached", timeout=LIMIT)
    state = visit.context.storage_state()
    visit.context.close()
    return state


def shoot(browser: Any, address: str, state: Any, out: Path) -> list[tuple[str, str]]:
    """A picture of every tab in every form; rows of name and size."""
    rows = []
    for width, locale, scheme in itertools.product(WIDTHS, LOCALES, SCHEMES):
        visit = Visit(browser, address, locale, width, scheme, state)
        for number, name in enumerate(TABS):
            visit.tab(number)
            visit.page.wait_for_selector(READY[number], timeout=LIMIT)
            visit.page.wait_for_timeout(700)
            path = out / f"{name}_{width}_{visit.language}_{scheme}.png"
            visit.page.screenshot(path=path, full_page=True)
            rows.append((path.name, f"{visit.page.evaluate('document.documentElement.scrollWidth')} px wide"))
        visit.context.close()
    return rows


def for_readme(browser: Any, address: str, state: Any) -> None:
    """The three pictures of the README: what is first seen on a laptop, in English."""
    visit = Visit(browser, address, "en-US", 1280, "light", state)
    visit.page.set_viewport_size({"width": 1280, "height": 1000})
    for number, name in enumerate(TABS):
        visit.tab(number)
        visit.page.wait_for_selector(READY[number], timeout=LIMIT)
        visit.page.wait_for_timeout(1500)
        visit.page.screenshot(path=ROOT / "docs" / "img" / f"{name}.png")
    visit.context.close()


def main() -> None:
    """Writes the pictures and prints their names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "studio-screenshots")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--data", type=Path, help="a data folder to use again")
    options = parser.parse_args(sys.argv[1:])
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        app_process(options.data or Path(folder)) as address,
        chromium() as browser,
    ):
        state = results(browser, address)
        if options.docs:
            for_readme(browser, address, state)
        print(table(("picture", "page"), shoot(browser, address, state, options.out)))


if __name__ == "__main__":
    main()
