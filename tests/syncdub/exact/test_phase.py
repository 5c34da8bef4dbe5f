"""What the phase of a soft bed says: places to a fraction of a millisecond, joins and ends that onsets could not see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from syncdub.exact.phase import BLOCK, RATE, curve, likeness, peak
from syncdub.reading.polish import polished
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

Samples = NDArray[np.float32]


def voices(seed: int, seconds: float) -> Samples:
    """Loud syllables of a fifth of a second, harmonics of a pitch of their own each, with pauses as long between them now and then."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    t = np.arange(3200) / RATE
    harmonics = np.arange(1, 30)[:, None]
    said = []
    for loud in rng.choice([0.0, 0.3, 1.0], n // 3200 + 1):
        phases = rng.uniform(0, 2 * np.pi, (29, 1))
        tone = (np.sin(2 * np.pi * rng.uniform(90, 250) * harmonics * t + phases) / np.sqrt(harmonics)).sum(axis=0)
        said.append(loud * 0.1 * tone / tone.std())
    return np.concatenate(said)[:n].astype(np.float32)


def bed(seed: int, seconds: float) -> Samples:
    return (0.01 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def segment(dub_start: float, dub_end: float, original_start: float) -> Segment:
    return Segment(dub_start, dub_end, original_start, 1.0, 5.0, 0.9, {"sound": {"anchors": 3}})


def tracks(folder: Path, original: Samples, dub: Samples) -> Tracks:
    files = folder / "original.wav", folder / "dub.wav"
    for file, samples in zip(files, (original, dub), strict=True):
        soundfile.write(file, samples, RATE, subtype="FLOAT")
    return Tracks(files, (0, 0))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_bed_20_decibels_under_the_voices_is_placed_by_its_phase(tmp_path: Path, sign: float) -> None:
    music = bed(1, 60)
    pair = tracks(tmp_path, music + voices(2, 60), sign * music[5 * RATE :] + voices(3, 55))
    (found,) = polished([segment(0.0, 55.0, 5.019)], pair, (60.0, 55.0))
    assert found.at(30.0) == pytest.approx(35.0, abs=0.0002)
    assert found.error_ms <= 1.0
    assert found.evidence["sound"]["phase"] > 9


def test_where_nothing_is_shared_nothing_is_moved(tmp_path: Path) -> None:
    pair = tracks(tmp_path, bed(1, 60) + voices(2, 60), bed(4, 55) + voices(3, 55))
    before = [segment(0.0, 20.0, 5.0), segment(22.0, 55.0, 27.0)]
    assert list(polished(before, pair, (60.0, 55.0))) == before


def test_a_join_some_seconds_off_comes_to_where_the_dub_was_cut(tmp_path: Path) -> None:
    music = bed(1, 90)
    cut = np.concatenate([music[: 40 * RATE], music[50 * RATE :]])
    pair = tracks(tmp_path, music + voices(2, 90), cut + voices(3, 80))
    a, b = polished([segment(0.0, 45.0, 0.0), segment(45.0, 80.0, 55.0)], pair, (90.0, 80.0))
    assert (a.dub_end, b.dub_start) == pytest.approx((40.0, 40.0), abs=0.4)


def test_an_advertisement_is_left_out_to_its_last_moment(tmp_path: Path) -> None:
    music = bed(1, 80)
    with_ad = np.concatenate([music[: 40 * RATE], bed(5, 12), music[40 * RATE :]])
    pair = tracks(tmp_path, music + voices(2, 80), with_ad + voices(3, 92))
    a, b = polished([segment(0.0, 43.0, 0.0), segment(55.0, 92.0, 43.0)], pair, (80.0, 92.0))
    assert (a.dub_end, b.dub_start) == pytest.approx((40.0, 52.0), abs=0.4)


def test_ends_and_gaps_are_filled_as_far_as_something_is_shared_and_no_further(tmp_path: Path) -> None:
    music = bed(1, 100)
    replaced = np.concatenate(
        [bed(6, 10), music[10 * RATE : 50 * RATE], bed(7, 8), music[58 * RATE : 90 * RATE], bed(8, 10)]
    )
    pair = tracks(tmp_path, music + voices(2, 100), replaced + voices(3, 100))
    a, b = polished([segment(30.0, 45.0, 30.0), segment(61.0, 80.0, 61.0)], pair, (100.0, 100.0))
    assert (a.dub_start, a.dub_end, b.dub_start, b.dub_end) == pytest.approx((10.0, 50.0, 58.0, 90.0), abs=1.5)


def test_silence_and_moments_have_no_phase() -> None:
    silence, noise = np.zeros(4 * RATE, np.float32), bed(1, 4)
    assert not curve(silence, noise).any()
    assert not curve(noise[:100], noise[:100]).any()
    assert not likeness(silence, noise, 1.0).any()
    assert len(likeness(noise[:10], noise[:10], 1.0)) == 0


def test_unrelated_sounds_gain_nothing_by_chance() -> None:
    nats = likeness(voices(1, 60) + bed(2, 60), voices(3, 60) + bed(4, 60), 1.0)
    assert len(nats) == round(60 / BLOCK)
    assert nats.sum() < 10
    late, z = peak(np.abs(curve(bed(1, 10), np.roll(bed(1, 10), 160))))
    assert late == pytest.approx(0.010, abs=1e-4)
    assert z > 50


def test_sounds_of_an_awkward_length_are_compared_as_well() -> None:
    """66,733 samples (a window of 4 s at a television's pace) hold a large prime factor; a little less of them is looked at."""
    film = bed(40, 5.0)
    late = round(0.01 * RATE)
    own, dub = film[late : late + 66_733], film[:66_733]
    at, clear = peak(np.abs(curve(own, dub)))
    assert at == pytest.approx(late / RATE, abs=0.5 / RATE)
    assert clear > 20
