"""The dub's speed: slopes, exact rates, pitch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from syncdub.exact.correlation import changes, onsets, stretched, whitener
from syncdub.exact.speed import KNOWN, common_slope, grid_gains, pitch_votes, rates_to_try, settled, slope_of, winner
from syncdub.exact.timemap import Candidates

PAL = 25025 / 24000


def candidates(u: np.ndarray, offset: np.ndarray) -> Candidates:
    n = len(u)
    return Candidates(u, u + offset, np.full(n, 10.0), np.full(n, 0.002), np.full(n, 20.0), np.zeros(n, np.int64))


def test_the_exact_rates_are_tried() -> None:
    assert {float(k) for k in KNOWN} <= set(rates_to_try())
    assert len(KNOWN) == 7


def test_the_slope_survives_cuts_and_wild_candidates() -> None:
    rng = np.random.default_rng(0)
    u = np.arange(0, 600, 5.0)
    offset = 0.001 * u + np.where(u > 300, 40.0, 0.0) + rng.normal(0, 0.002, len(u))
    offset[::5] = rng.uniform(-200, 200, len(offset[::5]))
    assert slope_of(candidates(u, offset)) == pytest.approx(0.001, abs=3e-5)


def test_common_slope_of_two_lines() -> None:
    rng = np.random.default_rng(1)
    u = np.arange(0, 1200, 5.0)
    offset = 2e-5 * u + np.where(u > 500, -7.0, 0.0) + rng.normal(0, 0.001, len(u))
    slope, sigma = common_slope(candidates(u, offset), (u > 500).astype(np.int64))
    assert slope == pytest.approx(2e-5, abs=4 * sigma)
    assert sigma < 2e-6


def test_exact_when_it_cannot_be_told_apart_and_free_when_it_can() -> None:
    assert settled(PAL + 3e-6, 1e-6, 2700).rate == PAL
    drifting = settled(1 + 145e-6, 1e-6, 2700)
    assert not drifting.exact
    assert drifting.rate == pytest.approx(1 + 145e-6)
    assert settled(1.00005, 5e-5, 60).rate == 1.0


@pytest.mark.parametrize("rate", [1.0, PAL, 24 / 25, 1.02])
def test_the_grid_finds_the_rate(rate: float) -> None:
    rng = np.random.default_rng(5)
    n = 9000
    levels = -40 + np.cumsum(rng.normal(0, 3, (n, 16)), axis=0).astype(np.float32)
    levels -= signal.savgol_filter(levels, 101, 2, axis=0)
    dub = stretched(levels, 1 / rate)
    white = whitener(changes(levels, 0.01), changes(dub, 0.01))
    gains = {r: float(g.sum()) for r, g in grid_gains(onsets(levels, 0.01, white), dub, white, 0.01).items()}
    assert winner(gains) == pytest.approx(rate, abs=0.003)


def test_one_wins_unless_another_clearly_does() -> None:
    assert winner({1.0: 90.0, 1.04: 100.0, 0.96: 10.0}) == 1.0
    assert winner({1.0: 10.0, 1.04: 100.0, 0.96: 12.0}) == 1.04
    assert winner({1.0: 0.0, 1.04: 12.0, 0.96: 3.0}) == 1.0


@pytest.mark.parametrize("moved", [True, False])
def test_pitch_is_measured(moved: bool) -> None:
    rng = np.random.default_rng(2)
    rate, seconds = PAL, 4.0
    tones = rng.uniform(200, 2500, 12)

    def play(length: float, scale: float) -> np.ndarray:
        t = np.arange(int(length * 16000)) / 16000
        return sum(np.sin(2 * np.pi * f * scale * t + f) for f in tones).astype(np.float32)

    shifted, kept = pitch_votes(play(seconds, 1.0), play(seconds / rate, rate if moved else 1.0), rate, 16000)
    assert (shifted > kept + 0.2) == moved
    assert (kept > shifted + 0.2) == (not moved)
