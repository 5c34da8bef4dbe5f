"""Time and size before rendering: from what this machine did, from what is known of places, and nothing where nothing is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.media.probe import probe
from pipeline.values import Span
from reelify.looks.platforms import PLATFORMS
from reelify.requests import Clip, CompileRequest, HighlightsRequest, RankRequest
from tests.browsing import EXAMPLES
from web.desk.estimates import Speed, known, speeds
from web.jobs.queue import Job
from web.ui.highlights.making import look_of

SOURCE = EXAMPLES / "viral_3.mp4"


def job(request: Any, result: dict[str, Any] | None, state: Any = "done", **times: Any) -> Job:
    return Job("0" * 32, request.kind, request, Path("/nowhere"), state=state, result=result, **times)


def cut(seconds: float, aspect: str = "source", state: Any = "done") -> Job:
    piece = Clip(SOURCE, Span(0.0, 10.0))
    return job(
        CompileRequest((piece,), aspect=aspect), {"duration": 10.0}, state, started=100.0, finished=100.0 + seconds
    )


def test_the_median_of_what_was_cut_here_is_what_the_next_takes() -> None:
    done = [cut(4.0), cut(6.0), cut(50.0), cut(30.0, "9:16"), cut(900.0, state="failed")]
    assert speeds(done) == {"plain": Speed(0.6, 3), "shaped": Speed(3.0, 1)}
    assert speeds([]) == {}


def test_other_jobs_tell_where_nothing_was_cut_yet() -> None:
    clips = [{"duration": 20.0, "path": "a.mp4"}, {"duration": 30.0, "path": None}]
    found = job(
        HighlightsRequest(SOURCE), {"clips": clips}, stages={"progress.clips": 8.0, "progress.transcribing": 90.0}
    )
    ranked = job(
        RankRequest((Clip(SOURCE),), aspect="9:16"), {"viral_clips": clips, "closest": []},
        stages={"progress.rendering_clip": 30.0, "progress.encoding": 10.0},
    )  # fmt: skip
    assert speeds([found, ranked]) == {"plain": Speed(0.4, 1), "shaped": Speed(2.0, 1)}
    assert speeds([found, cut(9.0)])["plain"] == Speed(0.9, 1)


def test_sizes_follow_the_shape_and_places_have_their_limits() -> None:
    costs = known(probe(SOURCE), [])
    assert costs["rates"] == {}
    assert costs["bytes"]["9:16"] > 0 < costs["bytes"]["source"]
    whatsapp = PLATFORMS["whatsapp"]
    assert costs["places"]["whatsapp"] == [whatsapp.aspect, whatsapp.shortest, whatsapp.longest, whatsapp.largest]


def test_what_is_chosen_is_what_is_asked_for() -> None:
    assert look_of({}) == {"aspect": "source", "platform": ""}
    assert look_of({"look": {"aspect": "1:1", "style": "karaoke", "platform": "x"}}) == {
        "aspect": "1:1", "platform": "x", "captions": True, "caption_style": "karaoke",
    }  # fmt: skip
