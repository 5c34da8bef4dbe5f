"""What is told of a job: honest times, one remark for one cause, and what the drop zones hand over."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from pipeline.errors import BadRequest
from pipeline.messages import message
from web.jobs import progress
from web.ui.following import whole_address
from web.ui.giving.given import Given, given_in
from web.ui.running.remarks import worth_saying


def stored(*codes: str) -> list[dict[str, Any]]:
    """Doubts as a result keeps them."""
    return [{"$message": code, "values": {}} for code in codes]


def test_one_cause_is_said_once() -> None:
    doubts = stored("doubt.silent", "doubt.no_words", "doubt.stream_empty")
    assert worth_saying(doubts, ["silent", "no words", "empty"], found=True) == ["silent", "empty"]
    nothing = stored("doubt.silent", "doubt.nothing_stands_out")
    assert worth_saying(nothing, ["silent", "nothing"], found=False) == ["nothing"]
    assert worth_saying(stored("doubt.no_words"), ["no words"], found=True) == ["no words"]
    assert worth_saying([], [], found=False) == []


def test_a_promised_end_never_moves_away_and_a_broken_promise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("web.jobs.progress.time.monotonic", lambda: now[0])
    running = progress.Running(1e9)

    def at(seconds: float, fraction: float) -> float | None:
        now[0] = 1000.0 + seconds
        running(fraction, message("progress.evidence"))
        return running.seconds_left()

    assert at(1.0, 0.02) is None, "too early to know"
    first = at(10.0, 0.5)
    assert first == pytest.approx(10.0, abs=1.0)
    now[0] += 5.0
    assert running.seconds_left() == pytest.approx(5.0, abs=1.0), "it counts down while nothing is heard"
    assert at(60.0, 0.52) == 0.0, "longer than was promised"


def test_an_address_as_people_write_it() -> None:
    assert whole_address("example.com/video.mp4") == "https://example.com/video.mp4"
    assert whole_address("www.example.com/watch?v=1") == "https://www.example.com/watch?v=1"
    for text in ("https://example.com/a", "/tmp/a.b/c.mp4", "films/a.mp4", "a.mp4", "..", "C:/x"):
        assert whole_address(text) == text


@pytest.mark.parametrize(
    "fields", [3, {"source": 1}, {"source": {"files": "x"}}, {"source": {"files": [{}]}}, {"source": {"link": 5}}]
)
def test_what_no_zone_sends_is_refused(fields: Any) -> None:
    event = gr.EventData(None, {"fields": fields})
    if isinstance(fields, dict):
        with pytest.raises(BadRequest):
            given_in(event, "source")
    else:
        assert given_in(event, "source") == Given()
    assert given_in(gr.EventData(None, {"fields": {"source": {"files": ["a"], "link": " b "}}}), "source") == Given(
        ("a",), "b"
    )
