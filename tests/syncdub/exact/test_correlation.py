"""Correlation of features: places, several candidates, sub-frame positions, silence."""

from __future__ import annotations

from typing import Any

import numpy as np

from syncdub.exact.correlation import (
    changes,
    local_scores,
    noise_spread,
    onsets,
    search,
    singles,
    stretched,
    vertex,
    whitener,
)

BANDS = 16


def noise(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, BANDS)).astype(np.float32)


def test_a_window_is_found_wherever_it_lies_and_scores_one() -> None:
    original = noise(1, 30000)
    dub = np.concatenate([noise(2, 500), original[21000:22000]])
    hits = search(original, dub, np.array([500]), 1000, 3, 0.01)
    assert abs(hits.at[0, 0] - 21500) < 0.51
    assert hits.score[0, 0] > 0.99
    assert hits.z[0, 0] > 5 * hits.z[0, 1]


def test_stretches_of_a_long_original_give_the_same_as_one() -> None:
    original = noise(3, 270_000)
    for place in (134_500, 135_000, 268_100):
        hits = search(original, original[place : place + 800], np.array([0]), 800, 1, 0.01)
        assert abs(hits.at[0, 0] - (place + 400)) < 0.51


def test_repeated_music_gives_several_candidates() -> None:
    theme = noise(4, 800)
    original = np.concatenate([noise(5, 3000), theme, noise(6, 3000), theme, noise(7, 1000)])
    hits = search(original, theme, np.array([0]), 800, 3, 0.01)
    assert sorted(np.rint(hits.at[0, :2] - 400)) == [3000, 6800]


def test_windows_may_hang_over_the_ends() -> None:
    original = noise(8, 4000)
    dub = np.concatenate([noise(9, 400), original[:600]])
    hits = search(original, dub, np.array([0]), 1000, 1, 0.01)
    assert abs(hits.at[0, 0] - 100) < 0.6


def test_silence_has_no_strong_candidate() -> None:
    hits = search(noise(10, 5000), np.zeros((1000, BANDS), np.float32), np.array([0]), 1000, 2, 0.01)
    assert hits.z.max() == 0.0


def test_an_original_shorter_than_the_window_and_an_empty_one() -> None:
    assert search(noise(1, 100), noise(2, 1000), np.array([0]), 1000, 2, 0.01).z.shape == (1, 2)
    assert search(noise(1, 0), noise(2, 1000), np.array([0]), 1000, 2, 0.01).z.max() == 0.0


def test_vertex_of_a_parabola() -> None:
    x = np.arange(11.0)
    assert abs(vertex((-((x - 5.3) ** 2)).astype(np.float32), 5) - 0.3) < 1e-4


def test_stretching_moves_every_frame_by_the_rate() -> None:
    ramp = np.arange(1000, dtype=np.float32)[:, None]
    out = stretched(ramp, 25 / 24)
    assert abs(len(out) - 1000 * 25 / 24) < 2
    np.testing.assert_allclose(out[:, 0], np.arange(len(out)) * 24 / 25, atol=1e-3)


def test_level_does_not_change_onsets_but_whitening_removes_what_bands_share() -> None:
    levels: Any = -30 + 10 * noise(11, 3000)
    np.testing.assert_allclose(changes(levels, 0.01), changes(levels + 6.0, 0.01), atol=1e-4)
    common = changes(
        levels + np.float32(20) * np.random.default_rng(1).standard_normal((3000, 1)).astype(np.float32), 0.01
    )
    white = onsets(levels, 0.01, whitener(common))
    assert white.dtype == np.float16
    shared = np.corrcoef((common @ whitener(common)).T)
    assert np.abs(shared - np.eye(BANDS)).max() < 0.2 < np.abs(np.corrcoef(common.T) - np.eye(BANDS)).max()


def test_local_scores_peak_at_the_place() -> None:
    original = noise(12, 3000)
    scores = local_scores(original, original[1000:2000], 0, 1000, np.arange(995, 1006))
    assert scores.argmax() == 5


def test_half_precision_is_widened_exactly() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    every = every[np.isfinite(every)]
    wide = singles(every)
    assert wide.dtype == np.float32
    assert np.array_equal(wide, every.astype(np.float32))
    assert np.array_equal(np.signbit(wide), np.signbit(every))


def test_features_in_single_precision_are_copied() -> None:
    features = noise(8, 10)
    wide = singles(features)
    wide[:] = 0.0
    assert features.any()


def test_the_spread_is_that_of_the_middle_of_all_scores() -> None:
    for n in (9, 10):
        scores = noise(9, n)[:, 0]
        assert noise_spread(scores) == np.float32(1.4826 * np.median(np.abs(scores)))


def test_scores_at_places_are_the_cosines_of_the_two_windows() -> None:
    original, dub = noise(10, 400).astype(np.float16), noise(11, 200).astype(np.float16)
    places = np.array([-20, 0, 13, 250, 330])
    window = dub[50:150].astype(np.float64).ravel()
    padded = np.pad(original.astype(np.float64), ((100, 100), (0, 0)))
    parts = [padded[100 + p : 200 + p].ravel() for p in places]
    wanted = [p @ window / np.sqrt((p @ p) * (window @ window)) for p in parts]
    assert np.allclose(local_scores(original, dub, 50, 100, places), wanted, atol=1e-5)
