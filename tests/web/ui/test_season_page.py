"""A season in a real browser: paired, made, opened again after a reload, its places reviewed from its own list."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.engine import Engine
from pipeline.messages import Message, say
from pipeline.progress import Report
from syncdub.batch import planning
from syncdub.making.plan import placed
from syncdub.making.review import places
from syncdub.plan_file import save_plan
from syncdub.requests import SyncRequest
from tests.browsing import EXAMPLES, Place, Visit, eventually, page_server
from tests.page_kinds import PAGE_KINDS, _plan, synchronise
from web.jobs.kinds import Kind, by_name
from web.review.work import marks_of

pytestmark = pytest.mark.browser


def made(engine: Engine, request: SyncRequest, folder: Path, report: Report) -> dict[str, Any]:
    """A film with its plan, whose places are worth a look."""
    save_plan(_plan(), folder)
    told = [place.to_json() for place in places(placed(_plan()))]
    return {**synchronise(engine, request, folder, report), "figures": {"bar_ms": 3.0}, "places": told}


@pytest.fixture
def season(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "page" / "temp" / "gradio"))
    monkeypatch.setattr(planning, "evidence", lambda films, dubs, *_: np.zeros((len(films), len(dubs))))
    for n in (1, 2):
        for name, file in (
            (f"films/Show S01E0{n}.mp4", "dubsync_1_film.mp4"),
            (f"dubs/Serie 1x0{n}.m4a", "dubsync_2_doblaje.m4a"),
        ):
            (tmp_path / "library" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(EXAMPLES / file, tmp_path / "library" / name)
    library = {"media_source_enabled": True, "media_source_path": tmp_path / "library"}
    with page_server(tmp_path / "page", {**PAGE_KINDS, **by_name(Kind(SyncRequest, made))}, **library) as found:
        yield found


def paired(visit: Visit) -> None:
    visit.tab(2)
    visit.page.click("#sync-season button.label-wrap")
    for field in ("films", "dubs"):
        visit.page.fill(f"#season-{field} :is(input, textarea)", field)
    visit.page.click("#season-pair")
    visit.see("#season-table")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_season_is_opened_again_and_reviewed_from_its_list(browser: Any, season: Place, width: int) -> None:
    with Visit(browser, season.address, width=width) as visit:
        page = visit.page
        paired(visit)
        visit.see("#season-start").click()
        visit.see("#season-made .season-places li:nth-child(2)")
        visit.reload()
        visit.tab(2)
        visit.see("#sync-season .label-wrap:not(.open)")
        visit.tab(3)
        page.locator("#tasks-view article", has_text=say(Message("ui.kind.batch"), "es")).locator(
            "[data-act=open]"
        ).click()
        visit.see("#sync-season .label-wrap.open")
        visit.see("#season-table")
        assert page.locator("#season-made .children li").count() == 2
        eventually(lambda: page.evaluate("document.activeElement.closest('#sync-season') !== null"))
        last = page.locator("#season-made .season-places button").last
        task, key = last.get_attribute("data-job"), last.get_attribute("data-place")
        last.click()
        visit.see("#sync-review .label-wrap.open")
        visit.see("#review-waves svg")
        page.check("#review-ticked input")
        page.click("#review-keep")
        eventually(lambda: marks_of(season.jobs.get(task)).get(key, {}).get("ticked"))
        visit.see(f"#season-made .season-places li.ticked [data-job='{task}'][data-place='{key}']")
        page.locator(f"#season-made .children [data-act=open]:not([data-job='{task}'])").click()
        other = page.locator("#sync-view .sync[data-job]")
        eventually(lambda: other.get_attribute("data-job") not in {None, task})
        eventually(lambda: page.evaluate("document.querySelector('#sync-flow').getBoundingClientRect().top") > -60)
