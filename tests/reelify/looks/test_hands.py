"""Frames by hand: read from requests, checked, and given to the shots of their file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import BadRequest
from pipeline.framing.layouts import Hand
from reelify.looks.hands import HandPlace, hands_in
from reelify.requests import Clip, CompileRequest


def asked(*frames: dict[str, object]) -> CompileRequest:
    return CompileRequest.from_json({"clips": (Clip(Path("/a.mp4")),), "frames": list(frames)})


def test_frames_are_for_their_file_or_for_every_file() -> None:
    found = asked({"start": 1, "end": 3, "middle": 0.7}, {"start": 4, "end": 5, "kind": "whole", "file": "/b.mp4"})
    assert hands_in(found.frames, ["/a.mp4", "/b.mp4", "/c.mp4"])["/a.mp4"] == (Hand(1.0, 3.0, "hand", 0.7),)
    assert hands_in(found.frames, ["/b.mp4"])["/b.mp4"][1] == Hand(4.0, 5.0, "whole", 0.5)
    assert hands_in((), ["/a.mp4"]) == {}
    assert CompileRequest.from_json(found.to_json()).frames == found.frames
    assert found.files() == ("/a.mp4",)


@pytest.mark.parametrize("wrong", [{"kind": "stack"}, {"middle": 1.2}, {"start": 3.0}, {"end": "x"}])
def test_what_cannot_be_shown_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        asked({"start": 1.0, "end": 2.0} | wrong)


def test_the_last_word_counts() -> None:
    both = (HandPlace(0.0, 2.0, "whole"), HandPlace(0.0, 2.0, "follow"))
    assert [h.kind for h in hands_in(both, ["/a.mp4"])["/a.mp4"]] == ["whole", "follow"]
