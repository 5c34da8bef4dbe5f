"""What stands on the page beside and after a result: nothing of a job that was stopped, a preview that closes, columns and lanes in line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadRequest
from reelify.requests import Clip, FindRequest, HighlightsRequest, RankRequest
from syncdub.requests import AnalyseRequest, SyncRequest
from tests import fake_service
from tests.browsing import Place, Visit, eventually
from tests.fake_kinds import FAKES
from tests.fake_service import ended, service
from tests.web.ui.test_dub_sections import VISITOR, page_of
from web.jobs.kinds import Kind, by_name
from web.jobs.values import Asker, Job
from web.ui.dubsync.view import join_words
from web.ui.dubsync.work import DubWork
from web.ui.finding.work import FindingWork
from web.ui.following import TabWork, owner_of
from web.ui.highlights.work import HighlightsWork
from web.ui.looks.preview import PreviewWork, Shown, drawn
from web.ui.projects.facts import Facts
from web.ui.projects.view import Project, listing
from web.ui.running.card import done_bar
from web.ui.viral.work import ViralWork

TRACK = ".tl.whole:not([hidden]) .tl-track"
SCRIPT = "[Script Info]\nScriptType: v4.00+\nPlayResX: 9\nPlayResY: 16\n\n[V4+ Styles]\n\n[Events]\n"
ASKED: dict[Any, Any] = {
    HighlightsWork: lambda path: HighlightsRequest(source=path),
    ViralWork: lambda path: RankRequest(clips=(Clip(path),)),
    DubWork: lambda path: AnalyseRequest(original=path, dub=path),
    FindingWork: lambda path: FindRequest(sources=(path,), query="gratis"),
}


def broken(*_: Any) -> dict[str, Any]:
    raise BadRequest(detail="none")


@pytest.mark.parametrize("kind", ASKED)
def test_nothing_is_left_of_a_job_that_ended_without_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[TabWork]
) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"film")
    kinds = by_name(
        *(Kind(r, broken) for r in (HighlightsRequest, RankRequest, AnalyseRequest, FindRequest, SyncRequest))
    )
    monkeypatch.setattr(fake_service, "FAKES", {**FAKES, **kinds})
    with service(tmp_path) as client:
        page = page_of(client)
        work = ViralWork(page, (), 0) if kind is ViralWork else kind(page, ())
        asker = Asker(owner_of(VISITOR))
        *_, last = work.watch(ended(client, page.jobs.submit(ASKED[kind](source), asker)).id, "es")
        shown = dict(zip(work.names, last, strict=True))
        assert shown["board" if kind is ViralWork else "view"] == ""
        assert "studio-note bad" in shown["progress"]
        if kind is DubWork:  # what a film would have been written from is still there
            *_, last = work.watch(page.jobs.submit(SyncRequest(original=source, dub=source), asker), "es")
            assert dict(zip(work.names, last, strict=True))["view"] != ""


@pytest.mark.browser
def test_after_a_stop_no_player_is_left(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.get_by_role("button", name="Más ajustes").first.click()
        page.get_by_label("Copiar sin recodificar").check()
        page.click("#highlights-example")
        visit.see("#highlights-view video")
        page.click("#highlights-progress [data-stop]")
        visit.text("Detenido.")
        visit.see("#highlights-view video", "detached")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_sound_and_pictures_of_a_timeline_begin_and_end_together(browser: Any, place: Place, width: int) -> None:
    with Visit(browser, place.address, width=width) as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")

        def beside() -> list[float]:
            """How far the sound begins and ends from the part of the track that is seen, in pixels."""
            found: list[float] = page.evaluate(
                """track => { const seen = track.closest('.tl-window').getBoundingClientRect(), whole = track.getBoundingClientRect(), sound = track.querySelector('.tl-wave').getBoundingClientRect();
                return [sound.left - Math.max(seen.left, whole.left), sound.right - Math.min(seen.right, whole.right)]; }""",
                page.query_selector(TRACK),
            )
            return found

        eventually(lambda: beside() == pytest.approx([0, 0], abs=0.5))
        for act in ("in", "in"):
            page.click(f".tl.whole [data-zoom={act}]")
        for where in ("0", "9e9", "90"):
            page.evaluate(f"document.querySelector('.tl-window').scrollLeft = {where}")
            eventually(lambda: beside() == pytest.approx([0, 0], abs=0.5))


@pytest.mark.browser
def test_no_column_scrolls_in_itself_and_the_end_of_each_is_reached(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.set_viewport_size({"width": 1280, "height": 600})
        for tab, example, column in ((0, "highlights", ".stage .desk"), (1, "viral", ".viral .watch")):
            visit.tab(tab)
            page.click(f"#{example}-example")
            visit.see(f"#{example}-view [data-job] {column.split()[1]}")
            inside = f"(n => [n.scrollHeight - n.clientHeight, getComputedStyle(n).overflowY])(document.querySelector('{column}'))"
            assert page.evaluate(inside) == [0, "visible"]
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            eventually(
                lambda c=column: page.evaluate(f"document.querySelector('{c}').getBoundingClientRect().bottom") <= 601
            )


@pytest.mark.browser
@pytest.mark.parametrize("way", ["button", "key"])
def test_the_preview_of_captions_is_closed(
    browser: Any, place: Place, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    seen: list[Any] = []

    def show(self: Any, request: Any, job_id: str, where: Any, *values: Any) -> str:
        seen.append(where)
        return drawn(Shown(SCRIPT, [], (9, 16), "", 1, 1, 0.5, 9.0), "es")

    monkeypatch.setattr(PreviewWork, "show", show)
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(1)
        page.click("#viral-example")
        visit.see("#viral-view .viral[data-job] .vcard")
        page.click("#looks-see")
        close = visit.see(".look-preview [data-close]")
        if way == "button":
            close.focus()
            page.keyboard.press("Enter")
        else:
            page.focus(".look-preview [data-clip]")
            page.keyboard.press("Escape")
        visit.see(".look-preview", "detached")
        assert page.evaluate("document.activeElement.id") == "looks-see"
        page.keyboard.press("Enter")
        visit.see(".look-preview [data-close]")
        assert seen == [{"n": 1, "time": 0.5}] * 2


def test_what_was_closed_is_not_opened_by_a_change(tmp_path: Path) -> None:
    with service(tmp_path) as client:
        work = PreviewWork(page_of(client), (), ())
        gone, where = work.close({"n": 2, "time": 3.0})
        assert (gone, where["n"], where["time"]) == ("", 2, 3.0)
        assert set(work.update(VISITOR, "0" * 32, where)) == {"__type__"}


@pytest.mark.parametrize(
    ("missing", "extra", "said"),
    [
        (3.99, 0.0, "Unión: 3,99 s de la película sin doblaje"),
        (0.001, 2.5, "Unión: 2,50 s del doblaje descartados"),
        (1.0, 2.0, "Unión: 1,00 s de la película sin doblaje, 2,00 s del doblaje descartados"),
        (0.0, 0.002, "Unión"),
    ],
)
def test_a_join_says_only_what_it_takes_and_leaves(missing: float, extra: float, said: str) -> None:
    assert join_words(missing, extra, "es") == said


def test_a_refused_pair_is_no_success(tmp_path: Path) -> None:
    asked = AnalyseRequest(original=tmp_path / "a.mp4", dub=tmp_path / "b.m4a")
    done = Job("a" * 32, "analyse", asked, tmp_path, title="a + b", state="done", result={"verdict": "refuse"})
    card = listing([Project(done, Facts(), 0)], "es")
    assert '<article class="refused"' in card
    assert "Estos dos archivos no van juntos" in card
    assert "✓" not in done_bar(done, "es")
    right = replace(done, result={"verdict": "edit"})
    assert '<article class="done"' in listing([Project(right, Facts(), 0)], "es")
    assert '<article class="running"' in listing([Project(right, Facts(), 0, going=2)], "es")
    assert "pendientes: 2" in listing([Project(right, Facts(), 0, going=2)], "es")
    assert ['data-act="cancel"' in listing([Project(right, Facts(), 0, going=n)], "es") for n in (2, 0)] == [
        True,
        False,
    ]
    assert "✓" in done_bar(right, "es")
