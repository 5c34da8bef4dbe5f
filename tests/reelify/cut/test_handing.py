"""What an editor reads at a marker."""

from __future__ import annotations

from pipeline.messages import Message, say
from reelify.cut.handing import LEAST_POINTS, point_marks
from reelify.values import Point


def test_a_marker_says_what_a_word_counted_for() -> None:
    points = [
        Point("curiosity", "cómo", 2.0, 0.02),
        Point("length", "263", 3.0, 0.219),
        Point("delivery", "", 4.0, 0.01),
        Point("curiosity", "nada", 5.0, LEAST_POINTS / 2),
    ]
    found = point_marks(points, 1.0, "es")
    names = [say(Message(f"part.{p.part}"), "es") for p in points]
    assert [at for at, *_ in found] == [3.0, 4.0, 5.0]
    assert [name for _, name, _ in found] == [f"{names[0]}: cómo", f"{names[1]}: 263", names[2]]
    assert found[1][2] == f"{names[1]} +21.9"
