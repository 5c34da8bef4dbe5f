"""Every job from beginning to end without a pointer: Tab reaches what is needed, what has the focus can be seen and has a name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncdub.batch import planning
from tests.browsing import EXAMPLES, Place, Visit, eventually, page_server
from tests.page_kinds import PAGE_KINDS
from web.jobs import edits

pytestmark = pytest.mark.browser
MOST = 160
"""Presses of Tab after which somebody would give up. Inside a player the browser draws its own mark."""
FOCUS = """selector => {
  const node = document.activeElement, style = getComputedStyle(node);
  const box = node.getBoundingClientRect(), mark = node.matches('.tl-edge') ? getComputedStyle(node, '::before').boxShadow : style.outlineStyle;
  const name = node.getAttribute('aria-label') || node.innerText || node.title || node.labels?.[0]?.innerText || node.closest('label')?.innerText || node.placeholder || '';
  return { there: node.matches(selector), seen: node.matches('body, video') || (box.width > 0 && mark !== 'none'), name: node === document.body || Boolean(name.trim()),
           what: node.outerHTML.slice(0, 120) };
}"""


def tab_to(page: Any, selector: str) -> None:
    """Presses Tab until what matches has the focus."""
    nameless, unseen = [], []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS, selector)
        nameless += [] if focus["name"] else [focus["what"]]
        unseen += [] if focus["seen"] else [focus["what"]]
        if focus["there"]:
            assert (nameless, unseen) == ([], [])
            return
    raise AssertionError(f"{selector} is not reached in {MOST} presses")


def newest(place: Place, kind: str) -> Any:
    return next(job for job in place.jobs.list() if job.kind == kind)


def done(place: Place, kind: str) -> bool:
    """Whether a job of a kind was begun and has ended well."""
    return any(job.kind == kind and job.state == "done" for job in place.jobs.list())


def test_moments(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        tab_to(page, "#highlights-example")
        page.keyboard.press("Enter")
        visit.see("#highlights-view .stage[data-job] .card")
        tab_to(page, "[data-zoom=in]")
        page.keyboard.press("Enter")
        tab_to(page, ".strip [data-edge=end]")
        page.keyboard.press("ArrowLeft")
        eventually(lambda: edits.load(newest(place, "highlights")).get("bounds") == {"1": [18.3, 34.9]})
        tab_to(page, "[data-how=aspect]")
        page.keyboard.press("ArrowDown")
        eventually(lambda: edits.load(newest(place, "highlights")).get("look", {}).get("aspect") == "9:16")
        tab_to(page, "[data-apply]")
        page.keyboard.press("Enter")
        eventually(lambda: done(place, "compile"))
        visit.see(".card[data-n='2']:not(.changed)")
        tab_to(page, "[data-side=said]")
        page.keyboard.press("Enter")
        tab_to(page, ".said-words")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Delete")
        eventually(lambda: edits.load(newest(place, "highlights")).get("struck"))


def test_viral_clips(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        tab_to(page, "[role=tab]:nth-of-type(2)")
        page.keyboard.press("Enter")
        tab_to(page, "#viral-example")
        page.keyboard.press("Enter")
        visit.see("#viral-view .viral[data-job] .vcard")
        tab_to(page, "[data-sentence='0']")
        page.keyboard.press("Space")
        tab_to(page, ".pen")
        page.keyboard.press("Enter")
        page.keyboard.type("Hola a todas.")
        page.keyboard.press("Enter")
        eventually(
            lambda: edits.load(newest(place, "rank")).get("ticked") and edits.load(newest(place, "rank")).get("texts")
        )
        tab_to(page, "[data-make=clip]")
        page.keyboard.press("Enter")
        visit.see("#viral-made .studio-made")


def test_a_season(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temp" / "gradio"))
    monkeypatch.setattr(planning, "evidence", lambda films, dubs, *_: np.zeros((len(films), len(dubs))))
    for n in (1, 2):
        for name, file in (
            (f"films/Show S01E0{n}.mp4", "viral_3.mp4"),
            (f"dubs/Serie 1x0{n}.m4a", "dubsync_2_doblaje.m4a"),
        ):
            (tmp_path / "library" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(EXAMPLES / file, tmp_path / "library" / name)
    library = {"media_source_enabled": True, "media_source_path": tmp_path / "library"}
    with page_server(tmp_path / "page", PAGE_KINDS, **library) as place, Visit(browser, place.address) as visit:
        page = visit.page
        tab_to(page, "[role=tab]:nth-of-type(3)")
        page.keyboard.press("Enter")
        tab_to(page, "#sync-season button.label-wrap")
        page.keyboard.press("Enter")
        for field, folder in (("films", "films"), ("dubs", "dubs")):
            tab_to(page, f"#season-{field} :is(input, textarea)")
            page.keyboard.type(folder)
        tab_to(page, "#season-pair")
        page.keyboard.press("Enter")
        visit.see("#season-table")
        visit.text("films/Show S01E02.mp4")
        page.locator("#season-dubs :is(input, textarea)").focus()
        tab_to(page, "#season-start")
        page.keyboard.press("Enter")
        eventually(lambda: [job.kind for job in place.jobs.list(states=("done",))].count("sync") == 2)
        visit.see("#season-counts a")
        tab_to(page, "#season-counts a")


def test_dubs_and_projects(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        tab_to(page, "[role=tab]:nth-of-type(3)")
        page.keyboard.press("Enter")
        tab_to(page, "#sync-example")
        page.keyboard.press("Enter")
        visit.see("#sync-view .sync[data-job] .seg")
        tab_to(page, "#sync-write")
        page.keyboard.press("Enter")
        eventually(lambda: done(place, "sync"))
        page.locator("[role=tab]").first.focus()
        tab_to(page, "[role=tab]:nth-of-type(4)")
        page.keyboard.press("Enter")
        visit.see("#tasks-view article")
        tab_to(page, "#tasks-view [data-act=rename]")
        page.keyboard.press("Enter")
        page.keyboard.type("Mi doblaje")
        page.keyboard.press("Enter")
        eventually(lambda: any(job.title == "Mi doblaje" for job in place.jobs.list()))


@pytest.mark.parametrize("width", [390, 1280])
def test_a_project_opened_to_be_reviewed_shows_its_review(browser: Any, place: Place, width: int) -> None:
    with Visit(browser, place.address, width=width) as visit:
        page = visit.page
        visit.tab(2)
        page.click("#sync-example")
        visit.see("#sync-view .sync[data-job] .seg:visible")
        page.click("#sync-write")
        eventually(lambda: done(place, "sync"))
        visit.see("#sync-made .studio-made, #sync-progress .studio-done")
        visit.tab(3)
        visit.see("#tasks-view [data-act=review]").focus()
        page.keyboard.press("Enter")
        page.wait_for_function(
            "(() => { const box = document.querySelector('#sync-review .label-wrap.open')?.getBoundingClientRect();"
            " return box && box.top >= -2 && box.bottom <= innerHeight / 2 && document.activeElement.closest('#sync-review'); })()"
        )
