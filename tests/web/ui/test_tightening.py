"""What went of a clip, on the page: the list, and the same clip with something back."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import BadRequest
from reelify.requests import Clip, CompileRequest, Place
from web.ui.viral.cuts import cuts_of
from web.ui.viral.tightening import TightenWork, restored

REMOVED: list[dict[str, Any]] = [
    {"source": "/a.mp4", "start": 1.0, "end": 2.5, "kind": "pause", "text": "", "at": 1.0, "gone": True},
    {"source": "/a.mp4", "start": 4.0, "end": 4.6, "kind": "filler", "text": "o sea,", "at": 2.5, "gone": False},
]


def listed(result: dict[str, Any] | None, language: str) -> tuple[Any, Any]:
    page: Any = SimpleNamespace(job=lambda job_id, request: SimpleNamespace(result=result))
    visitor: Any = SimpleNamespace(headers={"accept-language": language})
    return TightenWork(page, SimpleNamespace()).listed("1", visitor)  # type: ignore[arg-type]


def test_what_went_is_listed_in_the_visitors_words_and_what_came_back_is_ticked() -> None:
    group, again = listed({"saved": 1.5, "removed": REMOVED}, "es")
    lines = [line for line, _ in group["choices"]]
    assert "muletilla «o sea,» · 0,6 s" in lines[1]
    assert (group["value"], group["visible"], again["visible"]) == ([1], True, True)
    assert group["label"].startswith("1,5 s menos")


@pytest.mark.parametrize("result", [None, {}, {"saved": 0.0, "removed": []}])
def test_where_nothing_went_there_is_no_list(result: dict[str, Any] | None) -> None:
    group, again = listed(result, "en")
    assert not group["visible"]
    assert not again["visible"]


def test_the_clip_is_made_again_with_what_came_back() -> None:
    asked = CompileRequest((Clip(Path("/a.mp4")),), tighten=True, restored=(Place(9.0, 9.5),))
    again = restored(asked, REMOVED, [0])
    assert again.restored == (Place(1.0, 2.5, Path("/a.mp4")),)
    assert again.tighten
    with pytest.raises(BadRequest):
        restored(asked, REMOVED, [7])


def test_ticked_sentences_are_struck_out_of_their_clip() -> None:
    said = [{"start": 0.5, "end": 2.0, "text": "a"}, {"start": 2.2, "end": 4.0, "text": "b"}]
    clips = [{"source": "/a.mp4", "start": 10.0, "end": 20.0, "duration": 10.0, "sentences": said}]
    cut = cuts_of(clips, "without", 1, {"ticked": ["1:1"]})
    assert cut["struck"] == (Place(12.2, 14.0, Path("/a.mp4")),)
    assert [c.span.start for c in cut["clips"]] == [10.0]
    with pytest.raises(BadRequest):
        cuts_of(clips, "without", 1, {})
