"""The picture as a layer: frame rates, real timestamps, offsets, honesty about stills."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evidence.fingerprints import without_bars
from syncdub.exact.pictures import Spot, compare, disagreement, layer


def film(fps: float, seconds: float, seed: int = 0, delay: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Times and frames of a film whose shots of 0.7–3 s each drift in brightness; the same film for any ``fps``."""
    rng = np.random.default_rng(seed)
    cuts = np.cumsum(rng.uniform(0.7, 3.0, 200))
    shots = rng.uniform(20, 230, (201, 27, 48))
    drifts = rng.uniform(-20, 20, (201, 27, 48))
    times = np.arange(0, seconds, 1 / fps)
    frames = []
    for t in times - delay:
        k = int(np.searchsorted(cuts, t, side="right"))
        frames.append(shots[k] + drifts[k] * np.sin(3 * t))
    return times, np.clip(frames, 0, 255).astype(np.uint8)


def test_a_layer_has_a_value_a_step_whatever_the_frame_rate() -> None:
    for fps in (23.976, 25.0, 50.0):
        assert layer(*film(fps, 8.0)).shape == (pytest.approx(200, abs=2), 48)


@pytest.mark.parametrize("delay", [-0.4, 0.0, 0.13])
@pytest.mark.parametrize("fps", [23.976, 25.0, 29.97])
def test_offset_between_frame_rates_to_less_than_half_a_frame(delay: float, fps: float) -> None:
    ours = layer(*film(24.0, 14.0), 0.04)
    theirs = layer(*film(fps, 13.0, delay=delay), 0.04)[25:300]
    moved, clear = compare(ours, theirs, 1.0, 0.04)
    assert clear > 0.5
    assert moved == pytest.approx(-delay, abs=0.02)


def test_another_film_and_a_still_say_nothing() -> None:
    ours = layer(*film(24.0, 14.0), 0.04)
    assert compare(ours, layer(*film(24.0, 13.0, seed=9), 0.04)[25:300], 1.0, 0.04)[1] < 0.1
    assert compare(ours, np.full((275, 48), 12.0, np.float32), 1.0, 0.04)[1] == 0.0


def test_brightness_and_logo_do_not_matter() -> None:
    times, frames = film(25.0, 13.0)
    frames = (frames * 0.8).astype(np.uint8)
    frames[:, :4, 40:] = 255
    moved, clear = compare(layer(*film(24.0, 14.0), 0.04), layer(times, frames, 0.04)[25:300], 1.0, 0.04)
    assert clear > 0.3
    assert abs(moved) < 0.02


def test_bars_are_cut_off() -> None:
    _, frames = film(24.0, 4.0)
    boxed = np.zeros((len(frames), 37, 64), np.uint8)
    boxed[:, 5:32, 8:56] = frames
    np.testing.assert_allclose(without_bars([boxed]).astype(int), frames.astype(int), atol=1)


def test_disagreement_needs_three_clear_spots_that_agree() -> None:
    clear = [Spot(10.0 * k, 0.12 + 0.004 * k, 0.8) for k in range(4)]
    found = disagreement([*clear, Spot(90.0, -0.9, 0.1)])
    assert found is not None
    assert found.difference == pytest.approx(0.126, abs=0.001)
    assert found.n == 4
    assert 0.0157 < found.error < 0.017
    assert disagreement(clear[:2]) is None
    assert disagreement([Spot(0, d, 0.8) for d in (0.1, -0.3, 0.5, 0.0)]) is None
