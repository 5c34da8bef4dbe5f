"""What others did with a video, read from the files that downloaders leave beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.evidence.crowd import CHAT, LATE, REPLAYED, crowd_of
from pipeline.values import Curve, Span
from reelify.moments.highlights import find_highlights
from reelify.values import Evidence

HEAT = [{"start_time": 6.0 * n, "end_time": 6.0 * n + 6, "value": 1.0 if n in (0, 60) else 0.2} for n in range(100)]
CHAPTERS = [
    {"start_time": 0.0, "end_time": 300.0, "title": "Uno"},
    {"start_time": 300.0, "end_time": 600.0, "title": "Dos"},
]
CHAT_TIMES = [*range(0, 600, 5), *(402.0 + n / 10 for n in range(120))]
FORMS = {
    "v.live_chat.json": "\n".join(
        json.dumps({"replayChatItemAction": {"videoOffsetTimeMsec": str(int(1000 * t))}}) for t in CHAT_TIMES
    ),
    "v.chat.json": json.dumps([{"time_in_seconds": t, "message": "x"} for t in CHAT_TIMES]),
    "v_chat.json": json.dumps({"comments": [{"content_offset_seconds": t} for t in CHAT_TIMES]}),
}


def test_the_most_replayed_seconds_and_the_authors_chapters(tmp_path: Path) -> None:
    (tmp_path / "v.info.json").write_text(json.dumps({"heatmap": HEAT, "chapters": CHAPTERS}), encoding="utf-8")
    found = crowd_of(tmp_path / "v.mp4", 600.0)
    curve = found.curves[REPLAYED]
    assert curve.values[int(361 / curve.step)] == pytest.approx(1.0)
    assert curve.values[int(300 / curve.step)] == pytest.approx(0.2)
    assert found.chapters[1] == (300.0, 600.0, "Dos")


@pytest.mark.parametrize("name", FORMS)
def test_a_chat_is_loud_where_it_answers(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMS[name], encoding="utf-8")
    curve = crowd_of(tmp_path / "v.mp4", 600.0).curves[CHAT]
    assert float(np.argmax(curve.values)) * curve.step == pytest.approx(408.0 - LATE, abs=6.0)


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", '{"heatmap": 3, "chapters": "x"}', '{"heatmap": [{"start_time": "a"}]}', "null"]
)
def test_what_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    for name in ("v.info.json", "v.live_chat.json"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = crowd_of(tmp_path / "v.mp4", 600.0)
    assert not found.curves
    assert not found.chapters


@pytest.mark.parametrize("name", [REPLAYED, CHAT])
def test_it_is_a_moment_and_a_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "v.info.json").write_text(json.dumps({"heatmap": HEAT}), encoding="utf-8")
    (tmp_path / "v.chat.json").write_text(FORMS["v.chat.json"], encoding="utf-8")
    quiet = np.random.default_rng(1).normal(-30.0, 0.5, 1200).astype(np.float32)
    curves = {"loudness": Curve("loudness", quiet, 0.5), name: crowd_of(tmp_path / "v.mp4", 600.0).curves[name]}
    found = find_highlights(Evidence(600.0, curves, has_video=False), count=3, min_duration=15.0, max_duration=60.0)
    best = found.clips[0]
    assert best.span.overlap(Span(360.0, 408.0)) > 3.0
    assert f"reason.{name}" in [r.code for r in best.reasons]
    assert not any(c.start < 5.0 for c in found.clips), "everybody sees the first seconds"
