"""Subtitles through the map."""

from __future__ import annotations

import pytest

from pipeline.text.encodings import decoded
from syncdub.making.plan import placed
from syncdub.making.subtitles import Subtitle, parse_srt, retime, retimed_file, write_srt
from syncdub.values import Segment, SyncPlan

PLAN = SyncPlan(
    "edit",
    1.0,
    (Segment(0, 60, 0.0, 1.0, 5, 1.0), Segment(64, 100, 70.0, 1.0, 5, 1.0)),
    original_duration=110.0,
    dub_duration=100.0,
)
SRT = """1
00:00:10,000 --> 00:00:12,500
Hola, ¿qué tal?

2
00:01:01,000 --> 00:01:03,000
esto no tiene lugar

3
00:01:30,000 --> 00:01:32,000 X1:40
dos
líneas
"""


def test_lines_follow_their_segment_and_homeless_ones_go() -> None:
    text, kept, dropped = retimed_file(SRT, "srt", placed(PLAN))
    assert (kept, dropped) == (2, 1)
    cues = parse_srt(text)
    assert [(c.start, c.end) for c in cues] == [(10.0, 12.5), (96.0, 98.0)]
    assert cues[0].text == "Hola, ¿qué tal?"
    assert cues[1].text == "dos\nlíneas"
    assert cues[1].settings.strip() == "X1:40"


def test_the_middle_decides_and_the_rest_is_clipped() -> None:
    segments = PLAN.segments
    over = retime(Subtitle(58.0, 61.0, "x"), segments)
    assert over is not None
    assert (over.start, over.end) == (58.0, 60.0)
    assert retime(Subtitle(59.5, 61.5, "x"), segments) is None
    begins = retime(Subtitle(63.0, 66.0, "x"), segments)
    assert begins is not None
    assert (begins.start, begins.end) == (70.0, 72.0)


def test_speed_is_applied_to_both_ends() -> None:
    fast = SyncPlan("retime", 25 / 24, (Segment(0, 96, 0.0, 25 / 24, 5, 1.0),), original_duration=100, dub_duration=96)
    text, _, _ = retimed_file(write_srt([Subtitle(24.0, 48.0, "x")]), "srt", placed(fast))
    (cue,) = parse_srt(text)
    assert (cue.start, cue.end) == (25.0, 50.0)


def test_ass_keeps_its_styles_and_moves_its_events() -> None:
    ass = "[V4+ Styles]\nStyle: Default,Arial,20\n[Events]\nDialogue: 0,0:01:30.00,0:01:32.50,Default,,0,0,0,,Hola, {\\i1}mundo\n"
    text, kept, dropped = retimed_file(ass, "ass", placed(PLAN))
    assert (kept, dropped) == (1, 0)
    assert "Style: Default,Arial,20" in text
    assert "Dialogue: 0,0:01:36.00,0:01:38.50,Default,,0,0,0,,Hola, {\\i1}mundo" in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    assert "¿qué" in str(decoded(SRT.encode(encoding)))


@pytest.mark.parametrize("text", ["", "garbage\n\n--> \n", "1\n00:00:05,000 --> 00:00:04,000\nback\n", "99:99:99,999"])
def test_nonsense_is_no_cue(text: str) -> None:
    assert parse_srt(text) == ()


def test_crlf_missing_numbers_and_blank_lines_inside() -> None:
    cues = parse_srt("\r\n00:00:01.5 --> 00:00:02,000\r\nuno\r\n\r\n2\r\n0:0:3,0 --> 0:0:4,0\r\ndos\r\n\r\ntres\r\n")
    assert [c.text for c in cues] == ["uno", "dos\n\ntres"]
    assert cues[0].start == 1.5
