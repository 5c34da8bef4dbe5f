"""Pictures of every state of the page in every width, language and colour scheme, and what a program can see wrong in them.

``python -m benchmarks.screenshots [--out DIR] [--real] [--docs] [--data DIR] [--axe] [--widths 390,1280]
[--tongues es,en] [--report] [--write]``. The states are those of ``docs/design.md``. Results
are those of ``tests/page_kinds.py`` (at once, no models); ``--real`` works the three examples through, ``--docs`` does too and also writes
the pictures of the README. Overflow is looked for in every picture, English words in every one of another language, small targets on
phones; ``--axe`` adds axe in every state of both schemes. The table is of all pictures in DIR, so that they can be made in parts;
``--report`` makes none, ``--write`` puts it into ``BENCHMARKS.md`` too. A person still has to look at the pictures.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import ROOT, page_checks, table
from benchmarks.__main__ import ORDER
from benchmarks.sections import put, section
from pipeline.messages import languages
from tests.browsing import Visit, app_process, chromium, page_server, season_library

WIDTHS = (390, 768, 1280, 1920)
HEIGHTS = {390: 844, 768: 1024, 1280: 800, 1920: 1080}
SCHEMES = ("light", "dark")
TABS = ("highlights", "viral", "dubsync")
READY = (
    "#highlights-view .stage[data-job] .card",
    "#viral-view .viral[data-job] .vcard",
    "#sync-view .sync[data-job] .seg:visible",
)
FOUND = "#finding-view .finding h2"
SEARCHED = "dragon"
"""What is looked for in the example of the search."""
EXAMPLES = ("#highlights-example", "#viral-example", "#sync-example")
OWN_STYLE = 3
"""Which section of the second tab's form has the look of one's own."""
KEPT = "looked.jsonl"
"""Beside the pictures: what was seen in each, so that a series can be made in parts."""
LIMIT = 900_000
PALETTE = 256
"""Colours of a picture of the README: its files stay small, and nothing is seen of it."""
SETTLE = 700
"""Milliseconds after which nothing moves any more."""


@dataclass(frozen=True)
class Looked:
    """A picture, whether axe looked too, and what is wrong in it."""

    state: str
    width: int
    name: str
    axe: bool
    wrong: Sequence[str]


@dataclass(frozen=True)
class Eye:
    """Takes pictures of one visitor's page into ``out``."""

    out: Path
    axe: bool

    def shoot(self, visit: Visit, state: str, scheme: str) -> Looked:
        """The picture of a state, and its faults."""
        page = visit.page
        page.wait_for_timeout(SETTLE)
        width = page.viewport_size["width"]
        name = f"{state}_{width}_{visit.language}_{scheme}.png"
        page.screenshot(path=self.out / name, full_page=state not in {"running", "keys", "naming"})
        wrong = [f"overflow: {w}" for w in page_checks.too_wide(page)]
        if visit.language != "en":
            wrong += [f"English: {t}" for t in page_checks.english(page)]
        if width < 640:
            wrong += [f"target: {t}" for t in page_checks.small_targets(page)]
        axe = self.axe and width in (390, 1280) and visit.language == "es"
        wrong += [f"axe: {v}" for v in page_checks.violations(page)] if axe else []
        found = Looked(state, width, name, axe, wrong)
        with (self.out / KEPT).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(found)) + "\n")
        return found


def results(browser: Any, address: str) -> Any:
    """Works through the three examples and a search; what the browser remembers of it."""
    visit = Visit(browser, address)
    for number, (button, ready) in enumerate(zip(EXAMPLES, READY, strict=True)):
        visit.tab(number)
        visit.page.click(button)
        visit.page.wait_for_selector(ready, timeout=LIMIT)
        visit.page.wait_for_selector(".studio-progress:visible", state="detached", timeout=LIMIT)
    visit.tab(4)
    visit.page.fill("#finding-query :is(textarea, input)", SEARCHED)
    visit.page.click("#finding-example")
    visit.page.wait_for_selector(FOUND, timeout=LIMIT)
    visit.page.wait_for_timeout(SETTLE)
    if visit.page.locator("#sync-season").count():
        _many(visit)
    state = visit.context.storage_state()
    visit.context.close()
    return state


def _many(visit: Visit) -> None:
    """A season and a folder of the library, worked through."""
    page = visit.page
    visit.tab(2)
    page.click("#sync-season .label-wrap")
    for field in ("films", "dubs"):
        page.fill(f"#season-{field} :is(input, textarea)", field)
    page.click("#season-pair")
    page.locator("#season-start").click(timeout=LIMIT)
    page.wait_for_selector("#season-made .season-places li:nth-child(2)", timeout=LIMIT)
    visit.tab(0)
    page.click("#highlights-folder .label-wrap")
    page.fill("#folder-name :is(input, textarea)", "films")
    page.click("#folder-go")
    page.wait_for_selector("#folder-videos .children li:nth-child(2) [data-act=open]", timeout=LIMIT)
    page.wait_for_timeout(SETTLE)


def fresh(visit: Visit, eye: Eye, scheme: str) -> Iterator[Looked]:
    """Somebody who comes for the first time: forms, settings, something missing, a job that runs, chapters."""
    page = visit.page
    yield eye.shoot(visit, "form", scheme)
    page.locator("#highlights-flow .flow-options button").first.click()
    page.locator(
        "#highlights-flow .flow-options input[type=checkbox]"
    ).last.check()  # a job that runs until it is stopped
    yield eye.shoot(visit, "settings", scheme)
    page.click("#highlights-example")
    page.wait_for_selector("#highlights-progress .studio-progress", timeout=LIMIT)
    yield eye.shoot(visit, "running", scheme)
    page.click("#highlights-progress [data-stop]")
    page.wait_for_selector("#highlights-progress .studio-note", timeout=LIMIT)
    yield eye.shoot(visit, "stopped", scheme)
    visit.tab(1)
    _unfold(page, "#viral-flow", OWN_STYLE)
    yield eye.shoot(visit, "looks", scheme)
    visit.tab(2)
    yield eye.shoot(visit, "form_dubsync", scheme)
    page.click("#sync-go")
    yield eye.shoot(visit, "wrong", scheme)
    _unfold(page, "#sync-flow", 0)
    yield eye.shoot(visit, "settings_dubsync", scheme)
    visit.tab(4)
    yield eye.shoot(visit, "form_finding", scheme)
    page.locator("#finding-what input[type=radio]").nth(1).check()
    page.click("#finding-example")
    page.wait_for_selector(FOUND, timeout=LIMIT)
    yield eye.shoot(visit, "chapters", scheme)


def _unfold(page: Any, flow: str, number: int) -> None:
    """Opens a section of a form, counted from 0, and the first one within it."""
    page.locator(f"{flow} .flow-options .label-wrap:visible").nth(number).click()
    inner = page.locator(f"{flow} .flow-options .label-wrap.open + div .label-wrap:visible")
    if inner.count():
        inner.first.click()


def returning(visit: Visit, eye: Eye, scheme: str) -> Iterator[Looked]:
    """Somebody whose results are there."""
    for number, (name, states) in enumerate(zip(TABS, (_moments, _ranking, _dub), strict=True)):
        visit.tab(number)
        visit.page.wait_for_selector(READY[number], timeout=LIMIT)
        yield eye.shoot(visit, name, scheme)
        yield from states(visit, eye, scheme)
    page = visit.page
    visit.tab(3)
    page.wait_for_selector("#tasks-view article", timeout=LIMIT)
    yield eye.shoot(visit, "projects", scheme)
    page.locator("#tasks-view [data-act=rename]").first.click()
    yield eye.shoot(visit, "naming", scheme)
    page.keyboard.press("Escape")
    for name, place in (("season", "sync-season"), ("folder", "highlights-folder")):
        if page.locator(f"#tasks-view [data-to={place}]").count():
            page.locator(f"#tasks-view [data-to={place}]").first.click()
            page.wait_for_selector(f"#{place} .children li", timeout=LIMIT)
            yield eye.shoot(visit, name, scheme)
            visit.tab(3)
    visit.tab(4)
    page.wait_for_selector(FOUND, timeout=LIMIT)
    yield eye.shoot(visit, "finding", scheme)
    page.locator("h1").first.click()
    page.keyboard.press("?")  # a phone has no button for it
    yield eye.shoot(visit, "keys", scheme)


def _moments(visit: Visit, eye: Eye, scheme: str) -> Iterator[Looked]:
    """The transcript, and the list of what can be undone."""
    page = visit.page
    page.click("#highlights-view .sides [data-side=said]")
    page.click("#highlights-view [data-zoom=in]")
    yield eye.shoot(visit, "transcript", scheme)
    page.click("#highlights-view .sides [data-side=cards]")
    page.locator("#highlights-view .strip [data-edge=end]").first.press("ArrowLeft")
    page.locator("#highlights-view .steps summary").click()
    yield eye.shoot(visit, "undo_list", scheme)
    page.click("#highlights-view [data-undo]")


def _ranking(visit: Visit, eye: Eye, scheme: str) -> Iterator[Looked]:
    """Frames shot by shot, and the captions on the clip."""
    page = visit.page
    for fold in page.locator("#viral-view details:visible > summary").all():
        fold.click()
    yield eye.shoot(visit, "frames", scheme)
    page.click("#looks-see")
    page.wait_for_selector(".look-preview canvas[data-drawn]", timeout=LIMIT)
    yield eye.shoot(visit, "captions", scheme)


def _dub(visit: Visit, eye: Eye, scheme: str) -> Iterator[Looked]:
    """The review of what is doubtful, unfolded."""
    page = visit.page
    page.click("#sync-review .label-wrap")
    page.wait_for_selector("#review-waves svg", timeout=LIMIT)
    yield eye.shoot(visit, "review", scheme)


def series(
    browser: Any, address: str, state: Any, eye: Eye, *, real: bool, widths: Sequence[int], tongues: Sequence[str]
) -> list[Looked]:
    """Every state in every form; a job that only runs is left out on the real service."""
    looked: list[Looked] = []
    walks: list[tuple[Callable[[Visit, Eye, str], Iterator[Looked]], Any]] = [(returning, state)]
    if not real:
        walks.insert(0, (fresh, None))
    for width, locale, scheme in itertools.product(widths, tongues, SCHEMES):
        for walk, kept in walks:
            visit = Visit(browser, address, locale, width, scheme, kept)
            visit.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            looked += walk(visit, eye, scheme)
            visit.context.close()
    return looked


def for_readme(browser: Any, address: str, state: Any) -> None:
    """The three pictures of the README: what is first seen on a laptop, in English."""
    visit = Visit(browser, address, "en-US", 1280, "light", state)
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    for number, name in enumerate(TABS):
        visit.tab(number)
        visit.page.wait_for_selector(READY[number], timeout=LIMIT)
        if name == "highlights":
            visit.page.wait_for_selector("#highlights-view .tl-film:not([hidden])", timeout=LIMIT)
        visit.page.wait_for_timeout(1500)
        shot = Image.open(io.BytesIO(visit.page.screenshot())).convert("RGB")
        shot.quantize(PALETTE, kmeans=4).save(ROOT / "docs" / "img" / f"{name}.png", optimize=True)
    visit.context.close()


@contextmanager
def served(folder: Path, real: bool) -> Iterator[str]:
    """The page's address: the whole application, or the page on jobs that answer at once."""
    if real:
        with app_process(folder) as address:
            yield address
        return
    from tests.page_kinds import PAGE_KINDS

    os.environ["GRADIO_TEMP_DIR"] = str(folder / "temp" / "gradio")
    with page_server(folder, PAGE_KINDS, **season_library(folder / "library")) as place:
        yield place.address


def made(options: argparse.Namespace) -> None:
    """Makes the pictures that were asked for."""
    real = options.real or options.docs
    with (
        tempfile.TemporaryDirectory() as folder,
        served(options.data or Path(folder), real) as address,
        chromium() as browser,
    ):
        state = results(browser, address)
        if options.docs:
            for_readme(browser, address, state)
        series(
            browser, address, state, Eye(options.out, options.axe), real=real,
            widths=[int(w) for w in options.widths.split(",")], tongues=options.tongues.split(","),
        )  # fmt: skip


def main() -> int:
    """Writes the pictures and prints what is wrong; 1 where something is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "studio-screenshots")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--axe", action="store_true")
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)), help="only these, so that it can run in parts")
    parser.add_argument("--tongues", default=",".join(languages()), help="only these")
    parser.add_argument("--data", type=Path, help="a data folder to use again")
    parser.add_argument("--report", action="store_true", help="only the table of the pictures in the folder")
    parser.add_argument("--write", action="store_true", help="also into BENCHMARKS.md")
    given, load = sys.argv[1:], os.getloadavg()[0]
    options = parser.parse_args(given)
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.report:
        made(options)
    text, faults = report(kept(options.out))
    print(text)
    if options.write:
        put("screenshots", section("screenshots", [a for a in given if a != "--write"], load, text), ORDER)
    return 1 if faults else 0


def kept(out: Path) -> list[Looked]:
    """What was seen in every picture of the folder, that of the last time where one was made again."""
    lines = (out / KEPT).read_text(encoding="utf-8").splitlines()
    return list({found["name"]: Looked(**found) for found in map(json.loads, lines)}.values())


def report(looked: Sequence[Looked]) -> tuple[str, int]:
    """How many pictures of which form, how often each fault was seen and in which picture first; and how many faults there are."""
    faults: Counter[str] = Counter(w for one in looked for w in one.wrong)
    first = {w: one.name for one in reversed(looked) for w in one.wrong}
    forms = Counter((one.state, one.width) for one in looked)
    widths = sorted({width for _, width in forms})
    rows = [(state, *(forms[state, w] for w in widths)) for state in dict.fromkeys(one.state for one in looked)]
    wrong, axe = sum(1 for one in looked if one.wrong), sum(one.axe for one in looked)
    text = f"{len(looked)} pictures, {wrong} with a fault, {len(faults)} different faults; axe looked into {axe}\n\n"
    text += table(("state", *(f"{w} px" for w in widths)), rows)
    if faults:
        text += "\n\n" + table(("fault", "pictures", "first"), [(f, n, first[f]) for f, n in faults.most_common()])
    return text, len(faults)


if __name__ == "__main__":
    sys.exit(main())
