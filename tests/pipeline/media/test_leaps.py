"""A damaged time stamp is no gap of hours; a real pause of a recording is one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.media.leaps import believed

RATE, SIZE = 16000, 1600


def frames(times: list[float | None]) -> list[Any]:
    """Frames of a tenth of a second."""
    return [SimpleNamespace(time=t, samples=SIZE, sample_rate=RATE) for t in times]


@pytest.mark.parametrize(
    ("times", "placed"),
    [
        ([0.0, 0.1, 67112.0, 0.3], [0.0, 0.1, 0.2, 0.3]),
        ([0.0, 0.1, 67112.0, 90000.0, 0.4], [0.0, 0.1, 0.2, 0.3, 0.4]),
        ([0.0, 0.1, 200.0, 200.1, 200.2], [0.0, 0.1, 200.0, 200.1, 200.2]),
        ([0.0, 30.0, 30.1], [0.0, 30.0, 30.1]),
        ([0.0, 0.1, 67112.0], [0.0, 0.1, 0.2]),
        ([100.0, None, None, 100.3], [100.0, 100.1, 100.2, 100.3]),
        ([None, 0.1], [0.0, 0.1]),
        ([0.0, 67112.0, None], [0.0, 0.1, 0.2]),
    ],
    ids=["one wild", "two wild", "a pause", "a short gap", "wild at the end", "no stamps", "none at first", "unsure"],
)
def test_a_leap_is_believed_where_the_next_frame_goes_on(times: list[float | None], placed: list[float]) -> None:
    given = frames(times)
    found = list(believed(given))
    assert [t for t, _ in found] == pytest.approx(placed)
    assert [f for _, f in found] == given


def test_a_leap_past_the_end_of_the_file_is_none() -> None:
    given = frames([0.0, 0.1, 33555.2, 33555.3, 33555.4, 0.5])
    assert [t for t, _ in believed(given, 60.0)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [t for t, _ in believed(frames([0.0, 200.0, 200.1]), 300.0)] == pytest.approx([0.0, 200.0, 200.1])
