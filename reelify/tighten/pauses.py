"""Pauses: where nothing is said *and* nothing is heard. Laughter is no pause, nor is the silence that lets a joke work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.values import Event, Span
from reelify.tighten.hearing import quiet_spans
from reelify.tighten.values import LEAD, TAIL, Removal, Talk

AROUND_REACTION = 0.3
"""Seconds before and after a reaction that belong to it: the detector looks every half second."""
EDGE = 0.05
TIMING = 1.5
"""A pause that ends so shortly before an audience reacts is the timing of a joke, and is kept."""


def pauses(talk: Talk, longest: float) -> list[Removal]:
    """What is too much of every pause over ``longest`` seconds; a quarter of a second stays of each (less where ``longest`` is less)."""
    scale = min(1.0, longest / (TAIL + LEAD))
    found = []
    for quiet in (_to_the_edge(s, talk) for s in quiet_spans(talk.sound, longest)):
        if any(0.0 <= e.start - quiet.end <= TIMING for e in talk.reactions):
            continue
        for free in _without(quiet, talk):
            low = free.start + (TAIL * scale if free.start > talk.span.start + 1e-6 else 0.0)
            high = free.end - (LEAD * scale if free.end < talk.span.end - 1e-6 else 0.0)
            if free.duration >= longest - 1e-9 and high > low:
                found.append(Removal(low, high, "pause"))
    return found


def _to_the_edge(quiet: Span, talk: Talk) -> Span:
    """What is quiet at the first or last frame is so to the end: frames stand for the middle of a window."""
    low = min(quiet.start, talk.span.start) if quiet.start <= talk.sound.start + EDGE else quiet.start
    return Span(low, max(quiet.end, talk.span.end) if quiet.end >= talk.sound.end - EDGE else quiet.end)


def _without(quiet: Span, talk: Talk) -> Iterator[Span]:
    """What is left of a quiet stretch without reactions and without words that were heard all inside it."""
    spoken = (Span(w.start, w.end) for w in talk.words if quiet.start <= w.start and w.end <= quiet.end)
    yield from less(
        Span(max(quiet.start, talk.span.start), min(quiet.end, talk.span.end)), [*spoken, *kept(talk.reactions)]
    )


def kept(reactions: Iterable[Event]) -> list[Span]:
    """The stretches that belong to what an audience does."""
    return [Span(e.start - AROUND_REACTION, e.end + AROUND_REACTION) for e in reactions]


def less(span: Span, taken: Iterable[Span]) -> Iterator[Span]:
    """``span`` without what is ``taken`` of it, in order."""
    at = span.start
    for other in sorted(taken):
        if other.start > at:
            yield Span(at, min(other.start, span.end))
        at = max(at, other.end)
        if at >= span.end:
            return
    if span.end > at:
        yield Span(at, span.end)
