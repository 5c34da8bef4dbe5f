"""What is said, made ready to be judged: the settings' keywords, tokens, vectors, and what was learned. Where models and score meet."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.engine import Engine
from pipeline.values import Sentence
from reelify.fitted import learned
from reelify.score.judging import score_text
from reelify.score.semantics import Speech, Vocabulary, content_words, speech, vocabulary
from reelify.values import ViralScore

BATCH = 256


def vocabulary_of(engine: Engine, language: str, known: dict[str, Vocabulary]) -> Vocabulary:
    """The settings' words in ``language`` with what was learned, made once."""
    if language not in known:
        settings = engine.settings
        commercial = engine.keywords(settings.viral_keywords, language)
        emotional = engine.keywords(settings.emotion_keywords, language)
        known[language] = vocabulary(commercial, emotional, learned(), engine.meaning)
    return known[language]


def spoken_of(engine: Engine, sentences: Sequence[Sentence], language: str) -> Speech:
    """Sentences with their tokens and vectors."""
    return speech(sentences, engine.facts([s.text for s in sentences], language), engine.meaning)


def get_ready(engine: Engine, language: str) -> None:
    """Loads what judging words needs, in ``language`` where it is known."""
    spoken_of(engine, (Sentence(0.0, 0.0, "."),), language)
    if language:
        vocabulary_of(engine, language, {})


def score_words(engine: Engine, text: str, language: str, known: dict[str, Vocabulary] | None = None) -> ViralScore:
    """The score of a transcript's text alone, no media. Empty text scores 0. ``known`` keeps vocabularies from one text to the next."""
    spoken = spoken_of(engine, sentences_of(text), language)
    return score_text(spoken, vocabulary_of(engine, language, {} if known is None else known))


def score_lines(engine: Engine, texts: Sequence[str], language: str) -> Iterator[ViralScore]:
    """:func:`score_words` of many texts, in order; tagger and encoder see :data:`BATCH` of them at a time."""
    known: dict[str, Vocabulary] = {}
    for low in range(0, len(texts), BATCH):
        sentences = [sentences_of(text) for text in texts[low : low + BATCH]]
        found = iter(engine.facts([s.text for group in sentences for s in group], language))
        facts = [tuple(itertools.islice(found, len(group))) for group in sentences]
        needed = list(
            dict.fromkeys([*(s.text for g in sentences for s in g), *content_words([f for g in facts for f in g])])
        )
        vectors = dict(zip(needed, engine.meaning(needed), strict=True))

        def embed(wanted: Sequence[str], vectors: Mapping[str, NDArray[np.float32]] = vectors) -> NDArray[np.float32]:
            return np.stack([vectors[text] for text in wanted])

        for group, tagged in zip(sentences, facts, strict=True):
            yield score_text(speech(group, tagged, embed), vocabulary_of(engine, language, known))


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """Plain text split at line ends and after sentence punctuation; without times, so all are at 0."""
    pieces = (p.strip() for line in text.splitlines() for p in re.split(r"(?<=[.!?…])[\"'»”)]*\s+", line))
    return tuple(Sentence(0.0, 0.0, p) for p in pieces if p)
