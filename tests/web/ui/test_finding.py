"""The search tab's decisions: what is asked of whom, which place becomes a clip, and who may play a task's files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import BadRequest
from pipeline.files.received import Stored
from pipeline.values import Span
from reelify.requests import ChaptersRequest, Clip, CompileRequest, FindRequest, Place
from tests.fake_service import ended, parts, service
from web.jobs.values import Asker
from web.rest import page_shown
from web.ui.finding.view import hits_view
from web.ui.finding.work import AFTER, BEFORE, CHAPTERS, SEARCH, asked_of, place_of
from web.ui.giving.beside import with_subtitles

ONE, TWO = (Stored(Path(f"/films/{name}.mp4"), f"{name}.mp4", 1) for name in ("one", "two"))
PAGE: Any = SimpleNamespace(engine=SimpleNamespace(probe=lambda path: SimpleNamespace(duration=60.0)))


def job_of(request: Any, result: dict[str, Any]) -> Any:
    return SimpleNamespace(id="j1", request=request, result=result, kind=request.kind)


def test_all_files_are_searched_and_the_first_is_divided() -> None:
    chosen = {"what": SEARCH, "query": "pan", "words": "Nublo", "language": "es"}
    found = asked_of([ONE, TWO], chosen, SEARCH)
    assert isinstance(found, FindRequest)
    assert (found.sources, found.query, found.words, found.language) == ((ONE.path, TWO.path), "pan", "Nublo", "es")
    divided = asked_of([ONE, TWO], {**chosen, "query": ""}, CHAPTERS)
    assert isinstance(divided, ChaptersRequest)
    assert divided.source == ONE.path
    with pytest.raises(BadRequest):
        asked_of([ONE], {"query": " "}, SEARCH)


def test_a_clip_of_a_place_has_what_follows_and_stays_in_the_film() -> None:
    asked = FindRequest(sources=(ONE.path,), query="pan", words="Nublo")
    hits = [{"source": str(ONE.path), "start": 1.0, "end": 58.0, "text": "El pan."}]
    wanted, title = place_of(PAGE, job_of(asked, {"hits": hits}), 0)
    assert (wanted.clips[0].span, title, wanted.words) == (Span(0.0, 60.0), "El pan.", "Nublo")
    hits[0] |= {"start": 10.0, "end": 12.0}
    assert place_of(PAGE, job_of(asked, {"hits": hits}), 0)[0].clips[0].span == Span(10.0 - BEFORE, 12.0 + AFTER)
    for wrong in (1, -1, "0", None):
        with pytest.raises(BadRequest):
            place_of(PAGE, job_of(asked, {"hits": hits}), wrong)


def test_what_is_said_is_text_and_several_files_are_named() -> None:
    asked = FindRequest(sources=(ONE.path, TWO.path), query="pan", names={str(ONE.path): "<Uno>.mp4"})
    hits = [
        {"source": str(s.path), "start": 1.0, "end": 2.0, "text": "<b>pan</b>", "kind": "speech"} for s in (ONE, TWO)
    ]
    drawn = hits_view(job_of(asked, {"hits": hits}), {"hits": hits, "message": "2"}, "es")
    assert "<b>pan" not in drawn
    assert "&lt;Uno&gt;.mp4" in drawn
    assert "/page/source/j1/1" in drawn


def test_only_subtitles_are_subtitles(tmp_path: Path) -> None:
    given = tmp_path / "a.srt"
    stored = {"a.srt": Stored(given, "a.srt", 1), "b.ttf": Stored(tmp_path / "b.ttf", "b.ttf", 1)}
    page: Any = SimpleNamespace(sources=SimpleNamespace(find_now=lambda name, *_, **__: stored[name]))
    assert with_subtitles(page, {"subtitles": "a.srt", "words": "x"}, None) == {"subtitles": given, "words": "x"}
    assert with_subtitles(page, {"subtitles": None, "words": "x"}, None) == {"words": "x"}
    with pytest.raises(BadRequest):
        with_subtitles(page, {"subtitles": "b.ttf"}, None)


def test_the_files_of_a_task_are_played_for_its_owner_alone(tmp_path: Path) -> None:
    film, other = tmp_path / "film.mp4", tmp_path / "notes.srt"
    film.write_bytes(b"0123456789")
    other.write_text("1", encoding="utf-8")
    with service(tmp_path, users=("ana:pw", "luis:pw")) as client:
        client.app.include_router(page_shown.router())  # type: ignore[attr-defined]
        wanted = ChaptersRequest(source=film, subtitles=other)
        job_id = parts(client).jobs.submit(wanted, Asker("ana", "es"), title="film")
        ended(client, job_id)
        found = client.get(f"/page/source/{job_id}/0", auth=("ana", "pw"), headers={"Range": "bytes=2-4"})
        assert (found.status_code, found.content) == (206, b"234")
        assert client.get(f"/page/source/{job_id}/0", auth=("luis", "pw")).status_code == 404
        assert client.get(f"/page/source/{job_id}/1", auth=("ana", "pw")).status_code == 404
        with pytest.raises(BadRequest):  # a stretch of a file that is no clip would be one more input
            CompileRequest((Clip(film),), struck=(Place(0.0, 1.0, other),))
        cut = CompileRequest((Clip(film),), struck=(Place(0.0, 1.0, film),))
        job_id = parts(client).jobs.submit(cut, Asker("ana", "es"), title="cut")
        assert client.get(f"/page/source/{job_id}/0", auth=("ana", "pw")).status_code == 404


def test_where_nothing_is_found_it_says_what_was_looked_for_and_what_to_try() -> None:
    asked = FindRequest(sources=(ONE.path,), query="<drac>", names={str(ONE.path): "Uno.mp4"})
    drawn = hits_view(job_of(asked, {"hits": []}), {"hits": [], "message": "0"}, "es")
    assert "«&lt;drac&gt;» no se dice ni se oye en Uno.mp4" in drawn
    many = FindRequest(sources=(ONE.path, TWO.path), query="pan")
    assert "2 archivos" in hits_view(job_of(many, {"hits": []}), {"hits": [], "message": "0"}, "es")


def test_the_player_stands_at_the_best_place_before_anything_is_pressed() -> None:
    hits = [{"source": str(ONE.path), "start": 12.5, "end": 14.0, "text": "pan", "kind": "speech"}]
    asked = FindRequest(sources=(ONE.path,), query="pan")
    assert 'src="/page/source/j1/0#t=12.50"' in hits_view(
        job_of(asked, {"hits": hits}), {"hits": hits, "message": "1"}, "es"
    )
