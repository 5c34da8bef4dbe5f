"""Gaps of mono and stereo sound are filled with the stem without voices; without its weights the person is told what is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import ModelUnavailable
from pipeline.evidence import stems
from pipeline.media.decode import load_audio
from pipeline.media.probe import probe
from syncdub.making import soundtrack
from syncdub.making.plan import placed
from syncdub.making.soundtrack import Pair, Track, Wish, make_track
from syncdub.values import Segment, SyncPlan

RATE = 44100


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """A mono film of 20 s, and its dub without the seconds 8 to 12."""
    film = (0.1 * np.random.default_rng(1).standard_normal(20 * RATE)).astype(np.float32)
    dub = np.concatenate([film[: 8 * RATE], film[12 * RATE :]])
    paths = []
    for name, samples in (("film", film), ("dub", dub)):
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE, subtype="PCM_16")
        paths.append(tmp_path / f"{name}.wav")
    return Pair(*map(probe, paths))


def made(pair: Pair, folder: Path) -> Track:
    segments = (Segment(0.0, 8.0, 0.0, 1.0, 1.0, 1.0), Segment(8.0, 16.0, 12.0, 1.0, 1.0, 1.0))
    plan = placed(SyncPlan("edit", 1.0, segments, original_duration=20.0, dub_duration=16.0))
    return make_track(plan, pair, Wish("bed", device="cpu"), folder)


def test_a_gap_of_mono_sound_holds_the_stem(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[float] = []

    def quieter(pieces: list[stems.Samples], rate: int, device: str) -> list[stems.Samples]:
        read.extend(piece.shape[1] / rate for piece in pieces)
        return [0.25 * piece for piece in pieces]

    monkeypatch.setattr(stems, "separated", quieter)
    track = made(pair, tmp_path)
    film, done = (load_audio(path, rate=RATE).samples for path in (pair.original.path, track.path))
    inside = slice(9 * RATE, 11 * RATE)
    np.testing.assert_allclose(done[inside], 0.25 * film[inside], atol=2e-3)
    np.testing.assert_allclose(done[: 7 * RATE], film[: 7 * RATE], atol=2e-3)
    assert "doubt.no_stems_to_fill" not in {d.code for d in track.doubts}
    assert sum(read) < 40.0  # the gap alone, in pieces of 12 s


def test_without_the_weights_the_gap_is_silent_and_that_is_said(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ModelUnavailable(name="spleeter")

    monkeypatch.setattr(soundtrack, "spleeter_files", missing)
    track = made(pair, tmp_path)
    assert "doubt.no_stems_to_fill" in {d.code for d in track.doubts}
    gap = load_audio(track.path, rate=RATE).samples[9 * RATE : 11 * RATE]
    assert float(np.abs(gap).max()) < 1e-3
