"""Two languages in turns: parts vote, runs are heard in their own language, and one language stays as it was."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from pipeline.compute.device import pick
from pipeline.settings import Settings
from pipeline.speech import turns
from pipeline.speech.listening import Ear, _sure
from pipeline.speech.passages import Passage
from pipeline.speech.recognisers import Recognisers
from pipeline.speech.values import RATE, Chunk, ChunkPiece, Heard, HeardWord
from pipeline.values import Span

STEP = 512 / RATE
SPANISH, ENGLISH, UNSURE = {"es": 0.95, "gl": 0.05}, {"en": 0.97, "es": 0.02}, {"es": 0.5, "en": 0.4}


def chunk(spoken: str, start: float = 0.0, seconds: float = 4.0) -> Chunk:
    """Sound whose sample says which language is spoken: a letter (``s``, ``e``) for every ``seconds``, a dip between."""
    level = {"s": 0.25, "e": 0.75}
    n = round(seconds * RATE)
    samples = np.concatenate([np.full(n, level[c], np.float32) for c in spoken])
    voice = np.full(int(len(samples) / RATE / STEP), 0.9, np.float32)
    for edge in range(1, len(spoken)):
        voice[int(edge * seconds / STEP) - 3 : int(edge * seconds / STEP) + 3] = 0.1
    return Chunk(samples, (ChunkPiece(0.0, start, len(samples) / RATE),), voice, STEP)


class Bilingual:
    """Hears a word a second, in the language it is told; surely where that is the one that is spoken."""

    batch = 4

    def __init__(self) -> None:
        self.heard: list[tuple[str, float]] = []

    def languages(self, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        shares = [float(np.mean(c.samples > 0.5)) for c in chunks]
        return [{"es": 0.98 * (1 - s) + 0.01, "en": 0.98 * s + 0.01} for s in shares]

    def within(self, chunk: Chunk, spans: Sequence[Span]) -> list[Mapping[str, float]]:
        return self.languages([chunk.part(span) for span in spans])

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        return [() for _ in chunks]

    def listen(
        self, chunks: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        found = []
        for c in chunks:
            self.heard.append((language, c.duration))
            english = float(np.mean(c.samples > 0.5))
            fits = english if language == "en" else 1 - english
            words = tuple(HeardWord(t, t + 0.9, f" {language}", 0.9) for t in np.arange(0.05, c.duration - 0.9, 1.0))
            found.append(Heard(words, log_probability=-0.2 if fits > 0.5 else -0.9))
        return found


def said(spoken: str, main: str = "es", free: bool = True) -> tuple[list[str], Bilingual]:
    recogniser = Bilingual()
    ear = Ear(Recognisers(Settings(), pick("cpu"), recogniser))
    result = ear.passage(Passage((chunk(spoken),), main, voting=True, free=free))
    return [s.word.text.strip() for s in result.words], recogniser


@pytest.mark.parametrize("spoken", ["ses", "es", "ssee", "sesese"])
def test_each_turn_is_heard_in_its_language(spoken: str) -> None:
    words, _ = said(spoken)
    assert words
    per_turn = len(words) / len(spoken)
    for n, letter in enumerate(spoken):
        mine = words[round(n * per_turn) : round((n + 1) * per_turn)]
        assert mine.count({"s": "es", "e": "en"}[letter]) >= len(mine) - 1
    assert len(words) >= 3 * len(spoken)


def test_one_language_is_heard_once_and_whole() -> None:
    words, recogniser = said("sss")
    assert set(words) == {"es"}
    assert {language for language, _ in recogniser.heard} == {"es"}
    asked, _ = said("ses", free=False)  # the person said which language it is
    assert set(asked) == {"es"}


def test_a_chunk_plainly_in_another_language_is_not_cut_and_heard_in_it_alone() -> None:
    words, recogniser = said("ee")
    assert set(words) == {"en"}
    assert {language for language, _ in recogniser.heard} == {"en"}


def test_a_turn_in_another_language_is_compared_with_the_main_one() -> None:
    _, recogniser = said("ses")
    compared = [seconds for language, seconds in recogniser.heard if language == "en"]
    assert compared
    assert all(("es", seconds) in recogniser.heard for seconds in compared)


def test_a_hearing_that_loops_is_not_the_surer_one() -> None:
    plain = Heard((HeardWord(0.0, 0.5, " good", 0.5), HeardWord(0.5, 1.0, " evening", 0.5)), log_probability=-0.7)
    looped = Heard(tuple(HeardWord(n, n + 0.5, " no", 0.9) for n in range(12)), log_probability=-0.05)
    assert _sure([plain]) > _sure([looped])
    assert _sure([plain, looped]) == pytest.approx(-0.7)


def test_parts_that_are_not_plain_from_the_whole_vote_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    alone: list[float] = []
    plain = Bilingual.languages

    def noted(self: Bilingual, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        alone.extend(c.duration for c in chunks)
        return plain(self, chunks)

    def within(self: Bilingual, chunk: Chunk, spans: Sequence[Span]) -> list[Mapping[str, float]]:
        return [UNSURE, *plain(self, [chunk.part(span) for span in spans[1:]])]

    monkeypatch.setattr(Bilingual, "languages", noted)
    monkeypatch.setattr(Bilingual, "within", within)
    words, _ = said("ese")
    assert len(alone) == 2  # the chunk, and its first part
    assert alone[0] == 12.0
    assert words[0] == "en"


def test_parts_are_cut_where_nobody_speaks() -> None:
    whole = chunk("sesese")
    spans = turns.parts_of(whole)
    assert spans[0].start == 0.0
    assert spans[-1].end == whole.duration
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))
    assert all(turns.SHORTEST - 0.1 <= s.duration <= turns.LONGEST + 0.1 for s in spans)
    assert [round(s.end) for s in spans] == [4, 8, 12, 16, 20, 24]
    assert len(turns.parts_of(chunk("s", seconds=2.0))) == 1


def test_only_a_plain_vote_changes_the_language() -> None:
    both = {"es", "en"}
    assert turns.spoken_in([SPANISH, {"gl": 0.6, "es": 0.3}, SPANISH], {"es"}) == ["es", "es", "es"]
    assert turns.spoken_in([SPANISH, ENGLISH, UNSURE, ENGLISH], both) == ["es", "en", "en", "en"]
    assert turns.spoken_in([SPANISH, UNSURE, ENGLISH], both) == ["es", "es", "en"]
    assert turns.spoken_in([{"es": 0.7, "gl": 0.2}, ENGLISH], both) == ["es", "en"]
    assert not turns.doubtful({"es": 0.99, "gl": 0.01}, "es")
    assert turns.doubtful({"es": 0.85, "en": 0.1}, "es")


def test_a_part_in_which_the_language_changes_is_halved() -> None:
    whole = chunk("ses")
    spans = turns.parts_of(whole)
    assert turns.halved(whole, spans, [SPANISH, ENGLISH, SPANISH]) == spans
    assert len(turns.halved(whole, spans, [SPANISH, UNSURE, ENGLISH])) == 4
    assert turns.halved(whole, spans, [SPANISH, UNSURE, SPANISH]) == spans


@pytest.mark.parametrize(
    ("vote", "looked_for"),
    [
        ({"es": 0.95, "gl": 0.04}, False),
        ({"es": 0.70, "gl": 0.28}, True),
        ({"es": 0.95, "en": 0.04}, True),
        ({"es": 0.90, "gl": 0.05, "en": 0.05}, True),
        ({"es": 0.98, "en": 0.02}, False),
    ],
)
def test_the_shadow_of_a_language_is_not_looked_for(vote: Mapping[str, float], looked_for: bool) -> None:
    assert turns.doubtful(vote, "es") == looked_for
