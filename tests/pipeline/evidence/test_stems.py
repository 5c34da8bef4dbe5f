"""Music and effects come back without the voices, read in any pieces."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.evidence import stems
from pipeline.evidence.stems import RATE, SECONDS, Accompaniment, Samples
from pipeline.media.decode import load_audio
from pipeline.values import Span


class Held:
    """Samples as a source."""

    def __init__(self, samples: Samples, rate: int = RATE) -> None:
        self.samples, self.rate, self.layout = samples, rate, "stereo"
        self.most = 0

    def read(self, start: int, n: int) -> Samples:
        self.most = max(self.most, n)
        low, high = max(0, start), min(start + n, self.samples.shape[1])
        out = np.zeros((len(self.samples), n), np.float32)
        if high > low:
            out[:, low - start : high - start] = self.samples[:, low:high]
        return out


@pytest.mark.parametrize("rate", [16000, 44100])
def test_pieces_fade_into_each_other_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, rate: int) -> None:
    at_once = []

    def same(pieces: list[Samples], rate: int, device: str) -> list[Samples]:
        at_once.append(len(pieces))
        return list(pieces)

    monkeypatch.setattr(stems, "separated", same)
    noise = np.random.default_rng(0).standard_normal((2, 60 * rate)).astype(np.float32)
    source = Held(noise, rate)
    whole = Accompaniment(source)
    np.testing.assert_allclose(whole.read(0, noise.shape[1]), noise, atol=1e-5)
    assert max(at_once) <= stems.MOST_LANES
    assert source.most <= (SECONDS + 1) * rate
    inside = Accompaniment(source)
    for start in range(5 * rate, 40 * rate, 3 * rate + 7):
        np.testing.assert_allclose(inside.read(start, 3 * rate), noise[:, start : start + 3 * rate], atol=1e-5)
    np.testing.assert_array_equal(Accompaniment(source).read(-20 * rate, 2 * rate), 0.0)


def test_a_bed_twenty_decibels_under_the_voices_comes_out(media: Path) -> None:
    """The mix is at −20 dB of the true bed while somebody speaks, left minus right far below zero; the stem is above zero."""
    span = Span(6.0, 17.0)
    heard = load_audio(media / "dub" / "dub_film_en.mp4", rate=RATE, layout="stereo", span=span).samples
    bed = load_audio(media / "films" / "bbb_480p_171s_5.1.mp4", rate=RATE, layout="stereo", span=span).samples
    lines = json.loads((media / "dub" / "dub_truth.json").read_text())["lines"]
    clock = span.start + np.arange(heard.shape[1]) / RATE
    spoken = np.any([(clock >= x["start"]) & (clock < x["en_end"]) for x in lines], axis=0)
    made = stems.separated([heard], RATE, "cpu")[0]
    assert made.shape == heard.shape
    assert likeness(heard[:, spoken], bed[:, spoken]) < -15.0
    assert likeness(made[:, spoken], bed[:, spoken]) > 1.5
    (mono,) = stems.separated([heard.mean(axis=0, keepdims=True)], RATE, "cpu")
    assert likeness(mono[0, spoken], bed.mean(axis=0)[spoken]) > 1.5


def likeness(found: Samples, true: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio in dB."""
    x, y = found.ravel().astype(np.float64), true.ravel().astype(np.float64)
    target = (x @ y) / (y @ y) * y
    return float(10 * np.log10((target @ target) / np.square(x - target).sum()))
