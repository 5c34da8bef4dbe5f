"""Sound and picture measurements against signals whose values are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.evidence import motion, signals
from pipeline.evidence.shots import Packets
from pipeline.values import Audio, Curve, Frames

RATE = signals.RATE


def tone(seconds: float, hertz: float, level: float = 0.5) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def measured(samples: NDArray[np.float32], block: float = 5.0, music: bool = False) -> signals.AudioEvidence:
    heard = signals.AudioSignals()
    size = int(block * RATE)
    for low in range(0, len(samples), size):
        heard.feed(Audio(samples[low : low + size], RATE, low / RATE))
    return heard.finish(music=music)


def curve(found: signals.AudioEvidence, name: str) -> NDArray[np.float32]:
    return next(c.values for c in found.curves if c.name == name)


def test_a_tone_has_its_level_pitch_and_crossings() -> None:
    found = measured(tone(10, 1000))
    assert curve(found, "energy")[5] == pytest.approx(-9.03, abs=0.05)  # 0.5 / √2
    assert curve(found, "centroid")[5] == pytest.approx(1000, abs=10)
    assert curve(found, "zcr")[5] == pytest.approx(2000 / RATE, abs=0.01)
    assert len(curve(found, "energy")) == 20


def test_loudness_is_weighted_as_the_standard_says() -> None:
    # A 997 Hz sine of 0 dB FS in one channel reads −3.01 LUFS (BS.1770).
    found = measured(tone(4, 997, 1.0))
    assert curve(found, "loudness")[3] == pytest.approx(-3.01, abs=0.15)
    low = measured(tone(4, 40, 1.0))
    assert curve(low, "loudness")[3] < -6


def test_block_size_does_not_matter() -> None:
    samples = np.random.default_rng(1).standard_normal(int(12.3 * RATE)).astype(np.float32) * 0.1
    one, other = measured(samples, 20.0), measured(samples, 0.7)
    for a, b in zip(one.curves, other.curves, strict=True):
        np.testing.assert_allclose(a.values, b.values, rtol=1e-3, atol=1e-3)
    assert one.silences == other.silences


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02])
def test_pauses_are_found_beside_their_surroundings_whatever_the_noise(noise: float) -> None:
    rng = np.random.default_rng(2)
    samples = tone(20, 300, 0.3)
    for start, end in ((4.0, 4.6), (11.0, 12.5)):
        samples[int(start * RATE) : int(end * RATE)] = 0
    samples += (noise * rng.standard_normal(len(samples))).astype(np.float32)
    found = measured(samples).silences
    assert [(round(s.start, 1), round(s.end, 1)) for s in found] == [(4.0, 4.6), (11.0, 12.5)]


def test_constant_sound_has_no_pause_and_mute_sound_is_one() -> None:
    assert measured(tone(20, 300)).silences == ()
    mute = measured(np.zeros(10 * RATE, np.float32))
    assert [(s.start, s.end) for s in mute.silences] == [(0.0, 10.0)]
    assert all(np.isfinite(c.values).all() for c in mute.curves)


@pytest.mark.parametrize("n", [1, 319, 8000, 16000])
def test_very_short_sound_is_measured(n: int) -> None:
    found = measured(np.full(n, 0.1, np.float32))
    assert len(found.curves[0].values) == -(-n // 8000)
    assert all(np.isfinite(c.values).all() for c in found.curves)


def test_nothing_fed_nothing_found() -> None:
    assert signals.AudioSignals().finish() == signals.AudioEvidence()


def test_beats_of_a_metronome() -> None:
    strength = np.zeros(3000, np.float32)
    strength[::25] = 1.0  # twice a second
    beats = signals.find_beats(strength)
    assert np.median(np.diff(beats)) == pytest.approx(0.5, abs=0.02)


def pictures(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.broadcast_to(values[:, None, None], (len(values), 54, 96)).astype(np.uint8)


def seen(pixels: NDArray[np.uint8], fps: float, duration: float) -> dict[str, Curve]:
    watcher = motion.PictureSignals()
    times = np.arange(len(pixels)) / fps
    for low in range(0, len(pixels), 13):
        watcher.feed(Frames(times[low : low + 13], pixels[low : low + 13]))
    return {c.name: c for c in watcher.finish(duration)}


def test_movement_shows_where_it_happens() -> None:
    rng = np.random.default_rng(3)
    pixels = np.full((250, 54, 96), 100, np.uint8)
    pixels[100:150] = rng.integers(0, 255, (50, 54, 96))
    found = seen(pixels, 25.0, 10.0)
    moved = found["motion"].values
    assert len(moved) == 20
    assert moved[9:12].min() > 0.2
    assert moved[:7].max() == moved[14:].max() == 0.0


def test_a_flash_is_a_flash_and_a_lasting_brightening_is_none() -> None:
    light = np.full(100, 60.0)
    light[50:52] = 220
    assert seen(pictures(light), 25.0, 4.0)["flash"].values.argmax() == 4
    light[50:] = 220
    assert seen(pictures(light), 25.0, 4.0)["flash"].values.max() == 0.0


def test_packet_sizes_stand_for_movement() -> None:
    times = np.arange(0, 20, 0.04)
    keys = np.arange(len(times)) % 50 == 0
    bits = np.where(keys, 2.0, 0.02) + np.where((times > 8) & (times < 10), 0.3, 0.0)
    found = motion.packet_motion(Packets(times, bits, keys), 20.0)
    assert found is not None
    assert set(np.flatnonzero(found.values > 0.2)) == set(range(16, 20))
    assert motion.packet_motion(Packets(), 20.0) is None
