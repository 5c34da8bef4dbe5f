"""Music that repeats does not put a stretch of the dub at the wrong turn when what lies beside it says which one it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncdub.exact.phase import RATE
from syncdub.reading.bridging import is_known
from syncdub.reading.relocating import relocated
from syncdub.values import Segment
from tests.syncdub.exact.test_tracing import noise, tracks, voices

KNOWN = {"sound": {"anchors": 3, "phase": 16.0}}


def known(start: float, end: float, at: float) -> Segment:
    return Segment(start, end, at, 1.0, 1.0, 0.9, KNOWN)


def film(seconds: float) -> np.ndarray:
    """Noise with a loop of 4 s from second 40 to 72, over which softer effects never repeat."""
    out = noise(1, seconds)
    loop = noise(2, 4.0)
    for at in range(40, 72, 4):
        out[at * RATE : (at + 4) * RATE] = loop
    return out + noise(3, seconds, 0.02)


def test_a_hole_tells_the_turn(tmp_path: Path) -> None:
    bed = film(100)
    cut = np.concatenate([bed[: 20 * RATE], bed[30 * RATE :]])
    pair = tracks(tmp_path, bed + voices(4, 100), cut + voices(5, 90))
    wrong = known(38.0, 58.0, 52.0)  # the loop's next turn
    found = relocated([known(0.0, 20.0, 0.0), wrong, known(62.0, 90.0, 72.0)], pair)
    assert found[1].at(45.0) == pytest.approx(55.0, abs=2e-3)
    assert found[1].dub_start == 20.0
    assert is_known(found[1])


def test_a_segment_at_its_place_and_a_foreign_hole_stay(tmp_path: Path) -> None:
    bed = film(100)
    cut = np.concatenate([bed[: 20 * RATE], noise(9, 15), bed[30 * RATE :]])
    pair = tracks(tmp_path, bed + voices(4, 100), cut + voices(5, 105))
    right = [known(0.0, 20.0, 0.0), known(35.0, 105.0, 30.0)]
    assert list(relocated(right, pair)) == right


def test_another_turn_that_holds_more_is_taken_without_a_hole(tmp_path: Path) -> None:
    bed = film(100)
    cut = np.concatenate([bed[: 20 * RATE], bed[30 * RATE :]])
    pair = tracks(tmp_path, bed + voices(4, 100), cut + voices(5, 90))
    found = relocated([known(0.0, 38.0, 0.0), known(38.0, 58.0, 52.0), known(58.0, 90.0, 68.0)], pair)
    assert found[1].at(45.0) == pytest.approx(55.0, abs=2e-3)
    assert (found[1].dub_start, found[1].dub_end) == (38.0, 58.0)
    assert relocated(found, pair) == found
