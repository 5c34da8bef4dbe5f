"""When the words are said that earned points: what captions may colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.text.inflection import fold
from pipeline.values import Span, Timeline, Transcript, Word
from reelify.values import Point

WORDY = ("hook", "story", "engagement", "commercial", "emotional")
"""Parts of the score that words earn."""
LONGEST_KEY = 3
"""Words of a phrase that is coloured; where half a sentence is, nothing stands out."""
NEAR = 1.0
"""Seconds a point may lie from the word it names."""


def key_spans(transcript: Transcript, points: Iterable[Point]) -> tuple[Span, ...]:
    """The seconds of the words in ``transcript`` that ``points`` (on the same clock) name, in order, each once."""
    words = [word for sentence in transcript.sentences for word in sentence.words]
    bare = [_bare(word.text) for word in words]
    found: set[Span] = set()
    for point in points:
        wanted = [b for b in map(_bare, point.text.split()) if b]
        if point.part in WORDY and 0 < len(wanted) <= LONGEST_KEY:
            at = _place(words, bare, wanted, point.start)
            if at is not None:
                found.add(Span(words[at].start, words[at + len(wanted) - 1].end))
    return tuple(sorted(found))


def _bare(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())


def _place(words: Sequence[Word], bare: Sequence[str], wanted: Sequence[str], start: float) -> int | None:
    """The number of the first word of ``wanted`` said nearest to ``start``."""
    near = [
        (abs(words[i].start - start), i)
        for i in range(len(words) - len(wanted) + 1)
        if list(bare[i : i + len(wanted)]) == list(wanted) and abs(words[i].start - start) <= NEAR
    ]
    return min(near)[1] if near else None


def on_result(plan: Timeline, source: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """``spans`` of ``source`` as they are heard in the result of ``plan``; what it leaves out is left out."""
    found = [
        Span(cut.at + (span.start - cut.span.start) * cut.rate, cut.at + (span.end - cut.span.start) * cut.rate)
        for cut in plan.cuts
        if cut.source == source
        for span in spans
        if cut.span.contains((span.start + span.end) / 2)
    ]
    return tuple(sorted(found))
