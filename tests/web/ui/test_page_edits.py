"""What is changed by hand, below the browser: nothing unsound is kept, and it becomes the right parameters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.errors import BadRequest
from pipeline.values import Span
from reelify.cut.rewriting import Rewrite
from reelify.looks.hands import HandPlace
from reelify.requests import Clip, CompileRequest, HighlightsRequest
from syncdub.requests import Nudge
from web.jobs import edits
from web.jobs.queue import Job
from web.ui.dubsync.view import Map, whole_view
from web.ui.handwork.kept import own_span
from web.ui.highlights.stage import Scene, stage
from web.ui.language import percent, precise, tell
from web.ui.numbers import shown_table
from web.ui.viral.cuts import cuts_of
from web.ui.viral.view import Board
from web.ui.viral.view import view as board_view

CLIPS: list[dict[str, Any]] = [
    {
        "source": "/a.mp4", "title": "a", "start": 10.0, "end": 24.0, "duration": 14.0, "kept": True,
        "sentences": [
            {"start": 0.0, "end": 4.0, "text": "Hola a todos."},
            {"start": 4.2, "end": 8.0, "text": "Es gratis."},
            {"start": 9.0, "end": 13.0, "text": "Hola y adiós."},
        ],
    },
    {"source": "/b.mp4", "title": "b", "start": 0.0, "end": 9.0, "duration": 9.0, "kept": False, "sentences": []},
]  # fmt: skip


def job(folder: Path) -> Job:
    return Job("0" * 32, "highlights", HighlightsRequest(Path("a")), folder)


def test_what_a_browser_sends_is_checked(tmp_path: Path) -> None:
    state = {
        "bounds": {"1": [1, 3.5], "2": [5, 5.2], "3": [-1, 4], "x": [1, 9], "4": "ab", "5": [0, float("nan")], "6": [0, True, 2]},
        "ticked": ["1:0", "1:", "..", 7, "2:11"],
        "texts": {"1:0": "  two   words ", "bad": "x", "1:1": "y" * 9000},
        "nudges": {"0": 40.4, "all": -3, "1": 1e12, "2": "9", "3": float("inf"), "-1": 5},
        "made": {"1": {"job": "someone else's"}},
        "other": 1,
    }  # fmt: skip
    kept = edits.save(job(tmp_path), state)
    assert kept["bounds"] == {"1": [1.0, 3.5]}
    assert kept["ticked"] == ["1:0", "2:11"]
    assert kept["texts"]["1:0"] == "two words"
    assert len(kept["texts"]["1:1"]) == edits.LONGEST_TEXT
    assert kept["nudges"] == {"0": 40, "all": -3, "1": edits.MOST_NUDGE_MS}
    assert "made" not in kept
    assert edits.load(job(tmp_path)) == kept


@pytest.mark.parametrize("state", [None, 3, "x", [], {"bounds": 3, "ticked": {}, "texts": [], "nudges": "x"}])
def test_nonsense_is_nothing(state: object, tmp_path: Path) -> None:
    assert edits.save(job(tmp_path), state) == {}


def test_what_was_made_stays_when_edges_move_again_and_damage_is_nothing(tmp_path: Path) -> None:
    edits.keep_making(job(tmp_path), 2, "f" * 32, (1.0, 9.0))
    assert edits.save(job(tmp_path), {"bounds": {"2": [2, 9]}})["made"] == {
        "2": [{"job": "f" * 32, "bounds": [1.0, 9.0], "texts": {}, "struck": [], "look": {}, "frames": []}]
    }
    (tmp_path / edits.FILE).write_text("{broken")
    assert edits.load(job(tmp_path)) == {}
    edits.save(job(tmp_path / "gone"), {"bounds": {"1": [0, 5]}})
    assert not (tmp_path / "gone").exists()


def test_only_what_may_be_chosen_is_kept_of_how_clips_are_made() -> None:
    chosen = {"aspect": "9:16", "style": "../x", "platform": "tiktok", "other": "1"}
    assert edits.checked({"look": chosen}) == {"look": {"aspect": "9:16", "platform": "tiktok"}}
    assert edits.checked({"look": ["9:16"]}) == {}


SHOT = {"start": 11.0, "end": 15.0, "kind": "hand", "middle": 0.2}


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "stack"}, {"middle": 1.5}, {"middle": "x"}, {"start": 20.0}, {"end": None}, {"middle": float("nan")}],
)
def test_only_frames_that_can_be_shown_are_kept(wrong: dict[str, Any]) -> None:
    sent = {"frames": {"1": [SHOT, SHOT | wrong, "x"], "2": [SHOT | wrong], "x": [SHOT], "3": {}}}
    assert edits.checked(sent) == {"frames": {"1": [SHOT]}}


def test_frames_by_hand_go_with_their_clip_and_file() -> None:
    state = edits.checked({"frames": {"1": [SHOT], "2": [SHOT | {"kind": "whole"}]}})
    assert cuts_of(CLIPS, "clip", 1, state)["frames"] == (HandPlace(11.0, 15.0, "hand", 0.2),)
    assert cuts_of(CLIPS, "clip", 2, {})["frames"] == ()
    both = [{**clip, "kept": True} for clip in CLIPS]
    assert [(f.kind, f.file) for f in cuts_of(both, "all", 1, state)["frames"]] == [
        ("hand", "/a.mp4"),
        ("whole", "/b.mp4"),
    ]
    asked = CompileRequest.from_json(cuts_of(both, "all", 1, state))
    assert CompileRequest.from_json(asked.to_json()).frames == asked.frames


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_a_clip_in_another_shape_lists_its_shots(language: str) -> None:
    shots = [
        {"start": 10.0, "end": 15.0, "kind": "stack", "reason": "two_people"}, {"start": 15.0, "end": 24.0, "kind": "hand", "reason": "hand"}
    ]  # fmt: skip
    moment = {"start": 10.0, "end": 24.0, "score": 0.5, "reasons": [], "url": "/x.mp4", "layouts": shots}
    for layouts, n in ((shots, 2), ([], 0)):
        drawn = stage(Scene({"duration": 60.0}, [{**moment, "layouts": layouts}], "/v.mp4", "j"), language)
        assert drawn.count("data-shot ") == n + 1, "and one as a pattern for those that are asked for"
        assert drawn.count("<option") == 4 * (n + 1)
    assert tell("ui.frames.stack", language) in stage(Scene({"duration": 60.0}, [moment], "/v.mp4", "j"), language)


def test_what_is_struck_out_is_cut_to_the_clip() -> None:
    state = edits.checked({"struck": [[8, 12], [1, 1.001], [13, 14.5], [40, 41], "x", [5, 4]]})
    assert state == {"struck": [[8.0, 12.0], [13.0, 14.5], [40.0, 41.0]]}
    assert edits.struck_in(state, (10.0, 14.0)) == [[10.0, 12.0], [13.0, 14.0]]
    assert edits.struck_in(state, (12.0, 13.0)) == []


@pytest.mark.parametrize(
    ("sent", "span"),
    [
        ({"at": 4.0}, (4.0, 19.0)),
        ({"at": 118.0}, (105.0, 120.0)),
        ({"low": 3.2, "high": 9.7}, (3.2, 9.7)),
        ({"low": 3.2, "high": 3.4}, (3.2, 4.2)),
        ({"low": 119.8, "high": 500.0}, (119.0, 120.0)),
        ({"low": 9.0, "high": 3.0, "at": "x"}, (0.0, 15.0)),
        ({"low": -1, "high": 3.0}, (0.0, 15.0)),
    ],
)
def test_a_moment_of_ones_own_lies_where_it_was_chosen_within_the_video(
    sent: dict[str, Any], span: tuple[float, float]
) -> None:
    assert own_span(sent, 15.0, 120.0) == pytest.approx(span)


def test_a_moved_clip_is_cut_where_it_was_moved() -> None:
    state = {"bounds": {"2": [1.0, 5.0]}, "texts": {"1:0": "Hola a todas.", "9:9": "x", "2:0": "x"}}
    assert cuts_of(CLIPS, "clip", 2, state)["clips"] == (Clip(Path("/b.mp4"), Span(1.0, 5.0), "b"),)
    assert cuts_of(CLIPS, "clip", 2, state)["texts"] == ()
    said = CLIPS[0]["sentences"][0]
    rewrite = Rewrite(Path("/a.mp4"), CLIPS[0]["start"] + said["start"], said["text"], "Hola a todas.")
    found = cuts_of(CLIPS, "smart", 1, state)
    assert found | {"clips": 0} == {"clips": 0, "smart": True, "texts": (rewrite,), "frames": (), "struck": ()}
    assert [c.source for c in cuts_of(CLIPS, "all", 1, state)["clips"]] == [Path("/a.mp4")]
    assert cuts_of(CLIPS, "clip", 99, {})["clips"][0].source == Path("/b.mp4")


def test_ticked_neighbours_become_one_piece_with_air_that_hears_nobody_else() -> None:
    pieces = cuts_of(CLIPS, "sentences", 1, {"ticked": ["1:0", "1:1", "1:2"]})["clips"]
    assert [(c.span.start, c.span.end) for c in pieces] == [(10.0, pytest.approx(23.35))]
    one = cuts_of(CLIPS, "sentences", 1, {"ticked": ["1:1", "2:0", "7:1"]})["clips"]
    assert [(c.span.start, c.span.end) for c in one] == [(pytest.approx(14.1), pytest.approx(18.35))]
    for state in ({}, {"ticked": ["2:0"]}):
        with pytest.raises(BadRequest):
            cuts_of(CLIPS, "sentences", 1, state)
    with pytest.raises(BadRequest):
        cuts_of([], "clip", 1, {})


def test_nudges_as_the_sync_job_takes_them() -> None:
    assert edits.nudges_of({"nudges": {"10": 5, "all": -40, "2": 7}}) == (Nudge(-40.0), Nudge(7.0, 2), Nudge(5.0, 10))


def test_numbers_follow_the_language() -> None:
    assert (precise(3748.26, "es"), precise(18.25, "en"), precise(59.96, "es")) == ("1:02:28,3", "0:18.2", "1:00,0")
    assert (percent(0.725, "en"), percent(0.72, "es"), percent(0.72, "pt")) == ("72%", "72\N{NO-BREAK SPACE}%", "72%")
    table = shown_table(pd.DataFrame({"n": [1], "s": [1234.5], "t": ["a"]}), "es")
    assert table._translate(False, False)["body"][0][2]["display_value"] == "1\N{NARROW NO-BREAK SPACE}234,5"


def test_nothing_a_person_wrote_becomes_markup() -> None:
    bad = '"><script>alert(1)</script>'
    clip = {"start": 1.0, "end": 9.0, "score": 0.5, "reasons": [bad], "url": bad, "poster": bad, "made": (1.0, 9.0)}
    html = stage(Scene({"duration": 10.0}, [clip], bad, bad, {"texts": {"1:0": bad}}), "en")
    assert "<script" not in html
    found = re.search(r'data-edits="([^"]*)"', html)
    assert found
    assert "<" not in found[1]


def test_a_clip_that_was_not_made_plays_but_is_no_download() -> None:
    made = {"title": "one", "duration": 4.0, "viral_score": 0.5, "parts": {"hook": 0.5}, "url": "/clips/viral/a.mp4"}
    under = {**made, "title": "two", "url": "", "plays": "/gradio_api/file=b.mp4", "shift": 2.0, "kept": False}
    waiting = {"title": "three", "plays": "/gradio_api/file=c.mp4", "shift": 0.0}
    html = board_view(Board([made, under], pending=[waiting]), "en")
    assert [m[1] for m in re.finditer(r'data-src="([^"]*)"', html)] == [made["url"], under["plays"], waiting["plays"]]
    assert [m[1] for m in re.finditer(r'<a href="([^"]*)"', html)] == [made["url"]]
    assert html.count('class="total"') == 2


def test_every_drawing_of_a_view_has_its_own_mark() -> None:
    plan = {"segments": [], "rate": 1.0, "verdict": "shift", "anchors": [], "matches": []}
    one, two = (whole_view(Map({**plan, "rate": rate}, job="a"), "en") for rate in (1.0, 1.04))
    marks = [re.search(r'data-render="(\w+)"', html) for html in (one, two)]
    assert marks[0]
    assert marks[1]
    assert marks[0][1] != marks[1][1]
    assert 'role="slider"' not in one, "what is refused cannot be moved"
