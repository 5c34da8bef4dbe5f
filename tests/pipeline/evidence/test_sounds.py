"""What is heard: the decision on numbers, the front end on a formula, the real network on real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.compute.models import yamnet_classes
from pipeline.evidence import sounds
from pipeline.media import decode as media_in
from pipeline.settings import Settings
from pipeline.values import Audio

STEP = 0.48
QUIET = -15.0
NAMES = [name for _, family in sounds.FAMILIES for name in family.classes] + [*sounds.SPEECH, *sounds.MUSIC]
CLASSES = NAMES + [""] * (521 - len(NAMES))


def column(label: str) -> int:
    return [event.label for event, _ in sounds.FAMILIES].index(label)


def logits(n: int) -> NDArray[np.float32]:
    return np.full((n, len(sounds.FAMILIES)), QUIET, np.float32)


def test_sustained_evidence_is_an_event_and_one_odd_patch_is_none() -> None:
    rows = logits(200)
    rows[50, 0] = -3.0
    rows[100:110, 0] = -3.0
    found = sounds.find_events(rows, STEP)
    assert [e.label for e in found] == ["laughter"]
    assert found[0].start == pytest.approx(100 * STEP, abs=1.5)
    assert found[0].end == pytest.approx(110 * STEP, abs=2.0)
    assert 0.5 < found[0].score <= 1.0


def test_what_is_heard_all_the_time_is_no_event() -> None:
    rows = logits(200)
    rows[:, column("scream")] = -6.0
    assert sounds.find_events(rows, STEP) == []


def test_the_surest_exact_label_wins_over_crowd() -> None:
    rows = logits(100)
    rows[40:50, column("applause")] = -7.0
    rows[40:50, column("crowd")] = -2.0
    assert [e.label for e in sounds.find_events(rows, STEP)] == ["applause"]


def test_mel_bands_cover_the_range_the_network_knows() -> None:
    weights = sounds.mel_matrix()
    assert weights.shape == (257, 64)
    peaks = weights.argmax(axis=0) * sounds.RATE / sounds.N_FFT
    assert peaks[0] >= sounds.LOW_HZ
    assert peaks[-1] <= sounds.HIGH_HZ
    assert (np.diff(peaks) >= 0).all()


class Counting:
    """A network that only counts its patches."""

    def __init__(self) -> None:
        self.patches: list[NDArray[np.uint8]] = []

    def __call__(self, patches: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.patches += list(patches)
        return np.full((len(patches), 521), QUIET, np.float32)


@pytest.mark.parametrize("block", [0.01, 0.73, 20.0])
def test_patches_do_not_depend_on_the_blocks(block: float) -> None:
    samples = np.random.default_rng(1).standard_normal(int(7.7 * sounds.RATE)).astype(np.float32) * 0.2
    network = Counting()
    listener = sounds.SoundListener(network, CLASSES)
    size = int(block * sounds.RATE)
    for low in range(0, len(samples), size):
        listener.feed(Audio(samples[low : low + size], sounds.RATE, low / sounds.RATE))
    listener.finish()
    assert len(network.patches) == 15
    assert all(p.shape == (96, 64) for p in network.patches)


def test_silence_and_nothing_are_heard_as_nothing() -> None:
    for n in (0, 1, 700, 16000):
        listener = sounds.SoundListener(Counting(), CLASSES)
        listener.feed(Audio(np.zeros(n, np.float32), sounds.RATE))
        assert listener.finish().events == ()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> sounds.Network:
    return sounds.load_network(Settings(models_dir=tmp_path_factory.mktemp("models")))


def hear(network: sounds.Network, samples: NDArray[np.float32]) -> sounds.SoundMeter:
    listener = sounds.SoundListener(network, yamnet_classes())
    for low in range(0, len(samples), 80000):
        listener.feed(Audio(samples[low : low + 80000], sounds.RATE, low / sounds.RATE))
    return listener.finish()


def test_beside_music_a_reaction_must_come_near_it() -> None:
    n = len(sounds.FAMILIES)
    rows = np.full((60, n), -14.0, np.float32)
    rows[20:30, 0] = -5.0  # as under speech
    loud, low = np.full(60, 0.5, np.float32), np.full(60, -6.0, np.float32)
    assert len(sounds.find_events(rows, STEP, speech=loud, rival=low)) == 1
    assert sounds.find_events(rows, STEP, speech=low, rival=loud) == []
    rows[20:30, 0] = -2.0
    assert len(sounds.find_events(rows, STEP, speech=low, rival=loud)) == 1


@pytest.mark.models
def test_laughter_under_speech_is_found_and_speech_alone_is_not(network: sounds.Network, media: Path) -> None:
    talk = media_in.load_audio(media / "speech" / "en" / "nordic_469_en.mp3").samples[: 70 * 16000]
    laugh = media_in.load_audio(media / "events" / "ideo_crowd_laugh_1.wav").samples
    assert hear(network, talk).events == ()
    mixed = talk.copy()
    at = 40 * 16000
    mixed[at : at + len(laugh)] += laugh * np.float32(np.sqrt(np.mean(talk**2) / np.mean(laugh**2)))
    for gain in (1.0, 0.05):
        found = hear(network, mixed * np.float32(gain)).events
        assert [e.label for e in found] == ["laughter"]
        assert found[0].start == pytest.approx(40.0, abs=2.0)


@pytest.mark.models
def test_speech_and_music_are_told_apart(network: sounds.Network, media: Path) -> None:
    talk = media_in.load_audio(media / "speech" / "es" / "azure_audio2.flac").samples
    song = media_in.load_audio(media / "events" / "music" / "reno_project-system.flac").samples[: 30 * 16000]
    spoken = {c.name: float(np.mean(c.values)) for c in hear(network, talk).curves}
    played = {c.name: float(np.mean(c.values)) for c in hear(network, song).curves}
    assert spoken["speech"] > 0.7 > 0.2 > spoken["music"]
    assert played["music"] > 0.7 > 0.2 > played["speech"]
