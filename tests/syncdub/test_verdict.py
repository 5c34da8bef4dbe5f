"""Doubts are facts about the plan: which seconds have no dub, and why."""

from __future__ import annotations

import pytest

from syncdub.values import Segment
from syncdub.verdict import without_dub


def segment(dub: float, end: float, original: float) -> Segment:
    return Segment(dub, end, original, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("segments", "dub", "told"),
    [
        ([segment(0, 100, 0)], 100, {}),
        ([segment(0, 90, 10)], 90, {"later": ("0:00–0:10", 10)}),
        ([segment(0, 80, 0)], 80, {"earlier": ("1:20–1:40", 20)}),
        ([segment(0, 40, 0), segment(40, 90, 50)], 90, {"missing": ("0:40–0:50", 10)}),
        ([segment(0, 40, 0), segment(50, 100, 50)], 100, {"other": ("0:40–0:50", 10)}),
        ([segment(30, 100, 30)], 100, {"other": ("0:00–0:30", 30)}),
        ([segment(0, 40, 0), segment(45, 65, 40), segment(65, 95, 70)], 95, {"missing": ("1:00–1:10", 10)}),
    ],
)
def test_every_second_without_dub_is_told_with_its_reason(
    segments: list[Segment], dub: float, told: dict[str, tuple[str, float]]
) -> None:
    said = {m.code.rpartition(".")[2]: m.values for m in without_dub(segments, 100.0, dub)}
    assert {k: (v["spans"], v["seconds"]) for k, v in said.items()} == told
