"""Sample-exact editing: nothing drifts, nothing clicks, memory stays flat."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.media.samples import SampleReader, bed, channel_names, fitted, known_layout
from pipeline.tracks.edit import Edit, TrackSource, edited_blocks, render_audio
from pipeline.tracks.encode import AudioFormat, write_audio
from pipeline.values import Cut, Span, Timeline
from tests.dubbing import RATE, sound, write

FORM = AudioFormat("flac", RATE, "stereo")


def result(edit: Edit) -> np.ndarray:
    return np.concatenate(list(edited_blocks(edit)), axis=1)


def one(path: Path, cuts: list[Cut], seconds: float, speed: str = "none") -> Edit:
    return Edit(Timeline(tuple(cuts), crossfade=0.01), {"dub": TrackSource(path)}, Span(0, seconds), FORM, speed)  # type: ignore[arg-type]


def test_an_unchanged_cut_is_the_source_to_the_bit(tmp_path: Path) -> None:
    x = np.round(sound(5, 1) * 32768) / 32768
    path = write(tmp_path / "x.mka", x)
    assert np.array_equal(result(one(path, [Cut("dub", Span(0, 5), 0.0)], 5)), np.clip(x, -1, 32767 / 32768))


def test_cuts_land_on_their_sample_and_gaps_are_zero(tmp_path: Path) -> None:
    x = sound(8, 2)
    path = write(tmp_path / "x.mka", x)
    y = result(one(path, [Cut("dub", Span(1, 3), 0.5), Cut("dub", Span(5, 7), 4.0)], 6))
    inside = slice(round(0.6 * RATE), round(2.4 * RATE))
    assert np.abs(y[:, inside] - x[:, inside.start + RATE // 2 : inside.stop + RATE // 2]).max() < 1e-4
    assert not y[:, round(2.6 * RATE) : round(3.9 * RATE)].any()
    assert y.shape == (2, 6 * RATE)


def test_a_join_keeps_its_power_and_does_not_click(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = (0.1 * rng.standard_normal((2, 8 * RATE))).astype(np.float32)
    path = write(tmp_path / "x.mka", x)
    y = result(one(path, [Cut("dub", Span(0, 2), 0.0), Cut("dub", Span(4, 6), 2.0)], 4))
    around = y[:, round(1.995 * RATE) : round(2.005 * RATE)]
    assert around.std() == pytest.approx(0.1, rel=0.15)
    n = np.arange(8 * RATE) / RATE
    hum = np.tile(0.5 * np.sin(2 * np.pi * 100 * n), (2, 1)).astype(np.float32)
    path = write(tmp_path / "hum.mka", hum)
    y = result(one(path, [Cut("dub", Span(0, 2.0025), 0.0), Cut("dub", Span(4.004, 6), 2.0025)], 3.5))
    assert np.abs(np.diff(y)).max() < 0.05


@pytest.mark.parametrize("ratio", [24000 / 25025, 25 / 24, 1.001, 0.98765])
def test_resampling_has_no_drift_and_no_length_error(tmp_path: Path, ratio: float) -> None:
    import soxr

    x = sound(20, 3)
    path = write(tmp_path / "x.mka", x)
    y = result(one(path, [Cut("dub", Span(0, 20), 0.0, ratio)], 20 * ratio, "resample"))
    assert y.shape[1] == round(20 * ratio * RATE)
    ideal = soxr.resample(x.T, RATE, RATE * ratio, quality="HQ").T[:, : y.shape[1]]
    for at in (1, 10, 18):
        part = slice(round(at * ratio * RATE), round(at * ratio * RATE) + 20000)
        difference = y[:, part] - ideal[:, part]
        assert np.sqrt((difference**2).mean()) < 0.02 * np.sqrt((ideal[:, part] ** 2).mean())


def test_resampling_a_later_stretch_starts_where_it_should(tmp_path: Path) -> None:
    x = np.zeros((2, 10 * RATE), np.float32)
    x[:, 6 * RATE] = 1.0
    path = write(tmp_path / "x.mka", x)
    y = result(one(path, [Cut("dub", Span(4, 9), 1.0, 1.04)], 7, "resample"))
    assert abs(int(np.argmax(np.abs(y[0]))) - (1.0 + 2 * 1.04) * RATE) <= 1


@pytest.mark.parametrize("ratio", [25 / 24, 24000 / 25025])
def test_stretching_keeps_pitch_place_and_stereo(tmp_path: Path, ratio: float) -> None:
    n = np.arange(12 * RATE) / RATE
    x = np.zeros((2, len(n)), np.float32)
    x[:] = 0.2 * np.sin(2 * np.pi * 440 * n)
    for at in (3, 6, 9):
        x[:, at * RATE : at * RATE + 300] += 0.7
    path = write(tmp_path / "x.mka", x)
    y = result(one(path, [Cut("dub", Span(0, 12), 0.0, ratio)], 12 * ratio, "stretch"))
    assert y.shape[1] == round(12 * ratio * RATE)
    steady = y[0, round(4 * ratio * RATE) : round(5 * ratio * RATE)]
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
    assert np.argmax(spectrum) * RATE / len(steady) == pytest.approx(440, abs=4)
    for at in (3, 6, 9):
        near = y[0, round((at * ratio - 0.05) * RATE) : round((at * ratio + 0.05) * RATE)]
        assert np.argmax(near > 0.45) / RATE - 0.05 == pytest.approx(0.0, abs=0.005)
    assert np.corrcoef(y[0], y[1])[0, 1] > 0.99


def test_a_long_edit_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    def blocks(seconds: int) -> Iterator[np.ndarray]:
        for i in range(seconds // 10):
            yield sound(10, i)

    peaks = []
    for seconds in (40, 120):
        path = tmp_path / f"{seconds}.mka"
        write_audio(blocks(seconds), path, FORM)
        tracemalloc.start()
        render_audio(
            one(path, [Cut("dub", Span(0, seconds), 0.0, 1.04)], seconds * 1.04, "resample"), tmp_path / "o.mka"
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_the_reader_gives_zeros_outside_and_the_same_in_any_order(tmp_path: Path) -> None:
    x = sound(30, 4)
    path = write(tmp_path / "x.mka", x)
    reader = SampleReader(path, 0, RATE, "stereo")
    assert not reader.read(-100, 100).any()
    late = reader.read(25 * RATE, 1000)
    early = reader.read(2 * RATE, 1000)
    assert np.abs(late - x[:, 25 * RATE : 25 * RATE + 1000]).max() < 1e-4
    assert np.abs(early - x[:, 2 * RATE : 2 * RATE + 1000]).max() < 1e-4
    assert not reader.read(40 * RATE, 10).any()


def test_the_bed_drops_the_centre_or_what_both_sides_share() -> None:
    surround = np.ones((6, 4), np.float32)
    assert bed(surround, "5.1")[:, 0].tolist() == [1, 1, 0, 1, 1, 1]
    voice, music = np.ones(4, np.float32), np.array([1, -1, 1, -1], np.float32)
    stereo = bed(np.stack([voice + music, voice - music]), "stereo")
    assert np.allclose(stereo, music)
    assert not bed(np.ones((1, 4), np.float32), "mono").any()


def test_channels_are_matched_by_name() -> None:
    x = np.arange(6, dtype=np.float32)[:, None] @ np.ones((1, 3), np.float32)
    assert np.array_equal(fitted(x, "5.1", "5.1(side)"), x)
    assert fitted(x[:2], "stereo", "5.1")[:, 0].tolist() == [0, 1, 0, 0, 0, 0]
    assert fitted(x, "5.1", "stereo").shape == (2, 3)
    assert known_layout("6 channels", 6) == "5.1"
    assert len(channel_names(known_layout("", 8))) == 8
