"""What the voice detector left out: heard only where somebody may sing, and believed where two hearings agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.compute.device import pick
from pipeline.settings import Settings
from pipeline.speech.listening import Ear
from pipeline.speech.passages import Passage
from pipeline.speech.recognisers import EVERYTHING, Recognisers
from pipeline.speech.transcriber import Transcriber
from pipeline.speech.values import RATE, Chunk, Heard, HeardWord
from pipeline.speech.voice import WINDOW, Level, Recalled, VoiceDetector, chunks
from pipeline.values import Audio, Span
from tests.pipeline.speech.test_speech import LoudIsVoice, Parrot, blocks, chunk_of, sound


class Deaf(LoudIsVoice):
    """Finds no voice anywhere."""

    def run(self, names: object, inputs: Mapping[str, NDArray[np.float32]]) -> tuple[object, object, object]:
        return np.full(len(inputs["input"]), 0.02, np.float32), inputs["h"], inputs["c"]


class Counting(LoudIsVoice):
    """Counts the windows it was asked about."""

    asked = 0

    def run(self, names: object, inputs: Mapping[str, NDArray[np.float32]]) -> tuple[object, object, object]:
        type(self).asked += len(inputs["input"])
        return super().run(names, inputs)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path, data_dir=tmp_path)


@pytest.mark.parametrize("voice", [Span(12.0, 20.0), None])
def test_what_the_detector_left_out_is_heard_where_somebody_may_sing(
    voice: Span | None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.speech.transcriber.load_session", Deaf)
    parrot = Parrot("la la tierra canta hoy")
    looked: list[int] = []

    def may_sing(samples: NDArray[np.float32], known: Sequence[Span]) -> Span | None:
        looked.append(len(samples))
        assert not known
        return voice if len(looked) == 1 else None

    found = Transcriber(settings, pick("cpu"), parrot, voices=may_sing).transcribe(sound((40, 0.1)))
    assert sum(looked) == pytest.approx(40 * RATE, rel=0.05)
    assert bool(parrot.asked) == (voice is not None)
    assert all(11.9 <= w.start <= w.end <= 20.1 for s in found.sentences for w in s.words)


def test_words_that_are_known_are_told_to_who_looks_for_voices(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.speech.transcriber.load_session", LoudIsVoice)
    told: list[tuple[Span, ...]] = []

    def may_sing(samples: NDArray[np.float32], known: Sequence[Span]) -> Span | None:
        told.append(tuple(known))
        return None

    film = sound((60, 0.008), (2, 0.1), (60, 0.008))
    Transcriber(settings, pick("cpu"), Parrot("hola mundo"), voices=may_sing).transcribe(film)
    start = min(span.start for span in told[0])
    assert start == pytest.approx(60.0 - 1.0, abs=0.1)
    length = chunks([film], VoiceDetector(LoudIsVoice()), EVERYTHING)
    seconds = next(iter(length)).duration
    assert min(span.start for span in told[1]) == pytest.approx(start - seconds, abs=0.1)


def test_a_second_reading_asks_the_detector_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    Counting.asked = 0
    monkeypatch.setattr("pipeline.speech.transcriber.load_session", Counting)
    film = sound((60, 0.008), (2, 0.1), (60, 0.008))
    Transcriber(settings, pick("cpu"), Parrot(), voices=lambda samples, known: None).transcribe(film)
    assert Counting.asked == pytest.approx(len(film.samples) / WINDOW, abs=1)


def test_what_was_recalled_is_what_was_heard_and_goes_on_after_it() -> None:
    film, level = sound((3, 0.0001), (3, 0.1), (3, 0.0001)), Level()
    first = list(chunks(blocks(film, 2.0), VoiceDetector(LoudIsVoice()), level=level))
    again = list(chunks(blocks(film, 0.7), Recalled(level.voice, VoiceDetector(Deaf()))))
    assert [c.pieces for c in again] == [c.pieces for c in first]
    assert all(np.array_equal(a.voice, b.voice) for a, b in zip(first, again, strict=True))
    longer = Audio(np.concatenate([film.samples, sound((2, 0.1)).samples]), RATE)
    beyond = list(chunks(blocks(longer, 1.0), Recalled(level.voice, VoiceDetector(LoudIsVoice()))))
    assert beyond[-1].end == pytest.approx(longer.duration, abs=0.05)


class Singer(Parrot):
    """Hears ``text``, a word a second; in parts of the sound, others for the first ``dreamt``."""

    def __init__(self, dreamt: int) -> None:
        super().__init__("uno dos tres cuatro cinco seis siete ocho nueve diez once doce")
        self.dreamt = dreamt
        self.spans: list[Span] = []

    def hear(self, chunk: Chunk) -> Heard:
        whole = not self.spans
        self.spans.append(Span(chunk.start, chunk.end))
        names = [name if whole or n >= self.dreamt else "nada" for n, name in enumerate(self.text.split())]
        heard = [(n, f" {name}") for n, name in enumerate(names) if chunk.start <= n + 0.2 and n + 0.8 <= chunk.end]
        words = tuple(HeardWord(n + 0.2 - chunk.start, n + 0.8 - chunk.start, name, 0.9) for n, name in heard)
        return Heard(words, -0.2, 0.01)


@pytest.mark.parametrize(("dreamt", "hearings", "words"), [(0, 3, 12), (3, 3, 9), (6, 2, 0)])
def test_the_second_half_is_heard_where_it_can_still_decide(
    dreamt: int, hearings: int, words: int, settings: Settings
) -> None:
    singer = Singer(dreamt)
    ear = Ear(Recognisers(settings, pick("cpu"), singer))
    said = ear.passage(Passage((chunk_of(sound((12, 0.1))),), "es", sung=True))
    assert len(singer.spans) == hearings
    assert len(said.words) == words
