"""The instrument that measures finished files: right where something is shared, silent where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from syncdub.making.measure import RATE, Residual, measure, offset, windows
from syncdub.values import Segment
from syncdub.workflow import reader


def voice(seed: int, seconds: float) -> np.ndarray:
    """Syllables of filtered noise: as irregular as speech, nothing in common between two seeds."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    gate = np.repeat(rng.random(n // 1600 + 1) ** 3, 1600)[:n]
    b, a = signal.butter(2, [300 / 8000, 3000 / 8000], "band")
    return (signal.lfilter(b, a, rng.standard_normal(n)) * gate).astype(np.float32)


def effects(seed: int, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    out = np.zeros(n, np.float32)
    for at in rng.integers(0, n - 4000, round(seconds * 2)):
        out[at : at + 4000] += (np.exp(-np.arange(4000) / rng.uniform(200, 900)) * rng.standard_normal(4000)).astype(
            np.float32
        )
    return out


@pytest.mark.parametrize("seed", range(4))
def test_a_shared_bed_under_two_voices_is_measured(seed: int) -> None:
    delay = int(np.random.default_rng(seed).integers(-4000, 4000))
    bed = effects(seed, 22)
    a = 0.5 * bed + voice(100 + seed, 22)
    b = np.roll(0.4 * bed, delay) + voice(200 + seed, 22)
    found = offset(a[8000:-8000], b[8000:-8000])
    assert found is not None
    assert found[0] == pytest.approx(delay / RATE, abs=0.003)


@pytest.mark.parametrize("make", [voice, effects])
def test_unrelated_sound_is_not_measured(make: Callable[[int, float], np.ndarray]) -> None:
    places = [(float(i), 20.0) for i in range(5)]
    assert (
        measure(lambda s, n: make(int(s), n), lambda s, n: make(int(s) + 50, n), places, "shared_sound").method
        == "none"
    )


def test_silence_is_not_measured() -> None:
    assert offset(np.zeros(20 * RATE, np.float32), effects(1, 20)) is None


def test_a_flipped_polarity_does_not_matter() -> None:
    bed = effects(3, 20)
    found = offset(bed, -np.roll(bed, 80))
    assert found is not None
    assert found[0] == pytest.approx(0.005, abs=0.0005)


def test_few_windows_are_none_and_the_number_asked_is_told() -> None:
    nothing = measure(
        lambda s, n: voice(int(s), n),
        lambda s, n: voice(int(s) + 999, n),
        [(0, 20), (20, 20), (40, 20)],
        "shared_sound",
    )
    assert (nothing.method, nothing.n, nothing.asked) == ("none", 0, 3)
    assert nothing.to_json()["median"] is None
    assert Residual("none").p95 is None


def test_windows_never_cross_a_join() -> None:
    segments = [
        Segment(0, 100, 0.0, 1.0, 5, 1),
        Segment(100, 103, 150.0, 1.0, 5, 1),
        Segment(110, 130, 160.0, 1.0, 5, 1),
    ]
    found = windows(segments)
    assert len(found) >= 20
    assert all(
        any(s.original_start <= start and start + n <= s.original_end + 1e-9 for s in segments) for start, n in found
    )


def test_real_tracks_with_two_languages(media: Path) -> None:
    film, dub = media / "dub" / "dub_film_en.mp4", media / "dub" / "dub_es_v1_late_1.730s.m4a"
    late = reader(dub, 0)
    residual = measure(
        reader(film, 0), lambda s, n: late(s + 1.63, n), [(20, 20), (60, 20), (100, 20), (140, 20)], "shared_sound"
    )
    assert residual.method == "shared_sound"
    assert residual.bias == pytest.approx(100, abs=3)


def test_a_dub_that_shares_nothing_is_called_that(media: Path) -> None:
    film, dub = media / "dub" / "dub_film_en.mp4", media / "dub" / "dub_es_v4_voiceonly_early_0.850s.m4a"
    places = [(float(s), 20.0) for s in range(0, 140, 20)]
    assert measure(reader(film, 0), reader(dub, 0), places, "shared_sound").method == "none"
