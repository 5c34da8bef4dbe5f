"""Clips split, joined, doubled and added by hand: what comes of the changes, numbers that stay, and the history of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadRequest
from reelify.requests import HighlightsRequest
from web.desk import acts
from web.jobs import edits
from web.jobs.queue import Job

CLIPS: list[dict[str, Any]] = [
    {
        "source": "/a.mp4", "title": "a", "start": 10.0, "end": 24.0, "duration": 14.0, "kept": True,
        "sentences": [
            {"start": 0.0, "end": 4.0, "text": "Hola a todos."},
            {"start": 4.2, "end": 8.0, "text": "Es gratis."},
            {"start": 9.0, "end": 13.0, "text": "Hola y adiós."},
        ],
        "evidence": [{"part": "hook", "text": "gratis", "start": 6.0, "points": 0.1}],
    },
    {"source": "/b.mp4", "title": "b", "start": 0.0, "end": 9.0, "duration": 9.0, "kept": False, "sentences": []},
    {"source": "/a.mp4", "title": "c", "start": 30.0, "end": 40.0, "duration": 10.0, "kept": True,
     "sentences": [{"start": 1.0, "end": 3.0, "text": "Otra vez."}]},
]  # fmt: skip


def spans(state: dict[str, Any]) -> dict[int, tuple[float, float]]:
    return {clip.n: (clip.start, clip.end) for clip in acts.now(CLIPS, edits.checked(state))}


def test_a_split_clip_is_two_without_a_gap_and_both_keep_what_was_said_in_them() -> None:
    state = acts.split(CLIPS, {"texts": {"1:2": "Hola y hasta luego."}, "frames": {"1": [{"kind": "whole"}]}}, 1, 18.1)
    assert spans(state)[1] == (10.0, 18.1)
    assert spans(state)[4] == (18.1, 24.0)
    right = acts.grown(CLIPS, state)[3]
    assert [(s["text"], s["start"]) for s in right["sentences"]] == [("Hola y adiós.", 0.9)]
    assert (right["title"], right["own"], right["of"], right["evidence"]) == ("a", True, (1,), [])
    assert state["texts"] == {"1:2": "Hola y hasta luego.", "4:0": "Hola y hasta luego."}
    assert state["frames"]["4"] == state["frames"]["1"]


@pytest.mark.parametrize("at", [10.0, 10.9, 23.2, 24.0, 99.0, -1.0])
def test_no_part_is_shorter_than_a_clip_may_be(at: float) -> None:
    with pytest.raises(BadRequest):
        acts.split(CLIPS, {}, 1, at)


def test_neighbours_of_one_file_become_one_with_what_lies_between() -> None:
    state = acts.merge(CLIPS, {"bounds": {"3": [31.0, 40.0]}}, 1)
    assert spans(state) == {2: (0.0, 9.0), 4: (10.0, 40.0)}
    whole = acts.grown(CLIPS, state)[3]
    assert [s["text"] for s in whole["sentences"]] == ["Hola a todos.", "Es gratis.", "Hola y adiós.", "Otra vez."]
    assert whole["sentences"][-1]["start"] == 21.0
    assert whole["evidence"][0]["start"] == 6.0
    for n in (2, 3, 1, 9):
        with pytest.raises(BadRequest):
            acts.merge(CLIPS, state, n)


def test_what_was_split_can_be_joined_again_and_is_said_once() -> None:
    halves = acts.split(CLIPS, {}, 1, 18.1)
    again = acts.merge(CLIPS, halves, 1)
    assert spans(again)[5] == (10.0, 24.0)
    assert len(acts.grown(CLIPS, again)[4]["sentences"]) == 3
    assert spans(acts.split(CLIPS, again, 5, 14.0))[6] == (14.0, 24.0), "a clip that was added can be split too"


def test_a_double_is_a_clip_of_its_own() -> None:
    state = acts.duplicate(CLIPS, {"bounds": {"2": [1.0, 5.0]}}, 2)
    assert spans(state)[4] == spans(state)[2] == (1.0, 5.0)
    assert spans({**state, "bounds": {"2": [1.0, 5.0], "4": [2.0, 5.0]}})[4] == (2.0, 5.0)
    with pytest.raises(BadRequest):
        acts.duplicate(CLIPS, {"removed": [2]}, 2)
    full = {"added": [[1.0, 5.0, 2]] * edits.MOST_ADDED}
    with pytest.raises(BadRequest):
        acts.duplicate(CLIPS, full, 2)


def test_only_sound_acts_are_kept() -> None:
    sent = {"added": [[1, 5], [1, 5, 2, 3], [1, 1.2], [1, 5, "x"], [1, 5, 0], "ab", [1]], "removed": [3, 1, 1, 0, -2, "x", "7"],
            "struck": [[1, 2], [3, 4, 2], [5, 6, -1], [7, 8, 1, 1]]}  # fmt: skip
    kept = edits.checked(sent)
    assert kept["added"] == [[1.0, 5.0], [1.0, 5.0, 2, 3]]
    assert kept["removed"] == [1, 3, 7]
    assert kept["struck"] == [[1.0, 2.0], [3.0, 4.0, 2]]
    assert edits.struck_in(kept, (0.0, 10.0)) == [[1.0, 2.0]]
    assert edits.struck_in(kept, (0.0, 10.0), 2) == [[3.0, 4.0]]


def test_the_history_belongs_to_the_job_is_checked_and_ends(tmp_path: Path) -> None:
    job = Job("0" * 32, "highlights", HighlightsRequest(Path("a")), tmp_path)
    steps = [{"name": "", "n": 0, "state": {}}, {"name": "edge", "n": 1, "state": {"bounds": {"1": [1, 9]}, "evil": 1}}]
    edits.save(job, {"bounds": {"1": [1, 9]}}, {"at": 1, "steps": steps})
    assert edits.past_of(job)["steps"][1] == {"name": "edge", "n": 1, "state": {"bounds": {"1": [1.0, 9.0]}}}
    edits.save(job, {})
    assert edits.past_of(job)["at"] == 1, "what is sent without a history leaves it"
    for wrong in (
        3,
        {},
        {"at": 5, "steps": steps},
        {"at": True, "steps": steps},
        {"at": 0, "steps": [{"name": "<b>", "state": {}}]},
    ):
        assert edits.checked_past(wrong) == {}  # fmt: skip
    after = edits.stepped({"at": 0, "steps": steps}, "split", 2, {"added": [[1.0, 5.0, 2]]})
    assert [s["name"] for s in after["steps"]] == ["", "split"]
    many = {"at": 99, "steps": [{"name": "edge", "n": n, "state": {"bounds": {"1": [n, n + 9]}}} for n in range(100)]}
    kept = edits.checked_past(many)
    assert len(kept["steps"]) == edits.MOST_STEPS
    assert kept["steps"][kept["at"]]["n"] == 99
    first = edits.checked_past({**many, "at": 0})
    assert first["steps"][first["at"]]["n"] == 0, "what is shown now is never lost"
