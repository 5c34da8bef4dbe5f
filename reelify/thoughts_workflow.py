"""From what is said to thoughts: the score room judges, the moments room divides, nothing is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.text.values import Facts
from pipeline.values import Event, Span
from reelify.moments.thoughts import Course, divided, peeled, turns
from reelify.score import wordlists
from reelify.score.judging import score_reading
from reelify.score.reading import Reading, read
from reelify.score.semantics import Speech, Vocabulary
from reelify.score.titles import labels
from reelify.values import Thought

WORDLIKE_HANGING = wordlists.CONNECTORS | wordlists.ANAPHORA


def thoughts_of(spoken: Speech, known: Vocabulary, reactions: Sequence[Event] = ()) -> tuple[Thought, ...]:
    """Everything said, divided into thoughts, each with its score; in order of time, without gaps between sentences."""
    if not spoken.sentences:
        return ()
    whole = read(spoken, known, context=0.0)
    course = course_of(whole)
    places = peeled(divided(course.spans, turns(course, known.learned.worth, reactions), course.told), course.told)
    return tuple(_thought(spoken, known, first, last) for first, last in places)


def course_of(reading: Reading) -> Course:
    """What the division looks at."""
    facts = reading.speech.facts
    return Course(
        tuple(s.span for s in reading.speech.sentences), reading.speech.vectors, reading.told,
        np.array([_first(f) in WORDLIKE_HANGING for f in facts]), np.array([_first(f) in wordlists.TURNING for f in facts]),
        np.array([f.text.rstrip("\"'”»)] ")[-1:] == "?" for f in facts]),
    )  # fmt: skip


def _first(facts: Facts) -> str:
    return next((t.folded for t in facts.tokens if t.folded[:1].isalnum()), "")


def part_of_speech(spoken: Speech, first: int, last: int) -> Speech:
    """Sentences ``first``…``last`` with what is known of them."""
    vectors = None if spoken.vectors is None else spoken.vectors[first : last + 1]
    return replace(
        spoken, sentences=spoken.sentences[first : last + 1], facts=spoken.facts[first : last + 1], vectors=vectors
    )


def _thought(spoken: Speech, known: Vocabulary, first: int, last: int) -> Thought:
    part = part_of_speech(spoken, first, last)
    span = Span(part.sentences[0].start, part.sentences[-1].end)
    if not part.n_words:
        return Thought(first, last, span)
    reading = read(part, known)
    score = score_reading(reading)
    named = [k for k in reading.kinds if k]
    kind = max(set(named), key=lambda k: (named.count(k), k)) if named else ""
    return Thought(
        first, last, span, score.total, score.parts.get("routine", 0.0), kind, _first(part.facts[0]) in WORDLIKE_HANGING,
        labels(reading),
    )  # fmt: skip
