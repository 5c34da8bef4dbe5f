"""Small losses become levels, a straight line stays one, and a line holds only what evidence holds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from syncdub.exact.findings import weigh
from syncdub.exact.following import chains, followed, levelled
from syncdub.exact.likeness import Sounds
from syncdub.exact.soundmatch import match
from syncdub.exact.timemap import Line
from syncdub.values import Segment

STEP, BANDS = 0.01, 16


def music(seconds: float, seed: int) -> np.ndarray:  # type: ignore[type-arg]
    """Levels in dB (n, bands) of a busy sound."""
    rng = np.random.default_rng(seed)
    n = round(seconds / STEP)
    rise = rng.random((n, BANDS)) < 0.02
    level = np.zeros((n, BANDS))
    for k in range(1, n):
        level[k] = np.where(rise[k], rng.uniform(15, 40, BANDS), level[k - 1] * 0.97)
    return (level - 60).astype(np.float32)


def features(levels: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    rise = np.clip(np.diff(levels, axis=0, prepend=levels[:1]), 0, 12)
    return ((rise - rise.mean(axis=0)) / rise.std(axis=0)).astype(np.float32)


def sounds(original: np.ndarray, dub: np.ndarray) -> Sounds:  # type: ignore[type-arg]
    a, b = features(original), features(dub)
    loud = [x.max(axis=1).astype(np.float32) for x in (original, dub)]
    return Sounds(a, b, loud[1], loud[0], np.ones(len(b), bool), np.ones(len(a), bool), STEP)


def line(end: float, offset: float = 0.0, start: float = 0.0) -> Line:
    return Line(start, end, offset, (start + end) / 2, 0.001, 0.001, 20, 200.0)


def test_a_capture_that_lost_pictures_becomes_levels() -> None:
    film = music(90, 1)
    lost = [(2000, 7), (4500, 10), (7000, 13)]
    keep = np.ones(len(film), bool)
    for at, n in lost:
        keep[at : at + n] = False
    found = levelled([line(50, 0.05), line(88, 0.25, 42)], sounds(film, film[keep]))
    assert [round(x.offset, 2) for x in found] == pytest.approx([0.0, 0.07, 0.17, 0.30], abs=0.011)
    assert all(a.end >= b.start - 8 for a, b in itertools.pairwise(found))


def test_a_straight_line_stays_as_it_is() -> None:
    film = music(90, 2)
    noise = music(90, 3)
    straight = [line(90)]
    mixed = sounds(film, np.maximum(film, noise - 6))
    assert levelled(straight, mixed) == straight
    assert followed(straight, mixed) == straight


def test_a_wandering_line_is_followed_and_its_bar_is_wider() -> None:
    film = music(120, 4)
    t = np.arange(len(film)) * STEP
    place = np.clip(np.rint((t + 0.035 * np.sin(2 * np.pi * t / 75)) / STEP), 0, len(film) - 1).astype(int)
    pieces = followed([line(120)], sounds(film, film[place]))
    assert len(pieces) > 3
    for u in np.arange(10, 110, 7.0):
        piece = next(x for x in pieces if x.start <= u <= x.end)
        assert abs(piece.offset_at(u) - 0.035 * np.sin(2 * np.pi * u / 75)) < 1.96 * piece.sigma + 0.005


def test_chains_join_what_differs_by_small_steps() -> None:
    found = chains([line(20, 0.0), line(40, 0.1, 20), line(60, 5.0, 40)])
    assert [len(c) for c in found] == [2, 1]


def test_a_line_does_not_reach_over_what_is_not_shared() -> None:
    """An opening and an ending are shared at the same place of both files; between them each goes its own way."""
    opening, ending = music(70, 5), music(70, 6)
    own = [np.concatenate([opening, music(200, seed), ending]) for seed in (7, 8)]
    found = match({"mix": own[0]}, {"mix": own[1]}, STEP)
    finding = weigh(found, "sound", 340.0, 340.0)
    inside = [s for s in finding.segments if _overlap(s, 90, 250) > 15]
    assert not inside
    assert finding.doubts


def _overlap(segment: Segment, start: float, end: float) -> float:
    return max(0.0, min(segment.dub_end, end) - max(segment.dub_start, start))
