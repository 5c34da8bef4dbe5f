"""Everything that may go of a talk, with its place between what stays."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.values import Span
from reelify.tighten.hearing import audible, quietest, spans_of
from reelify.tighten.hesitations import hesitations
from reelify.tighten.pauses import kept, pauses
from reelify.tighten.values import LEAD, TAIL, Kind, Removal, Sound, Talk, Wish
from reelify.tighten.wording import Passage, Wording

SLACK = 0.03
"""Seconds by which a word's time may be wrong where no pause shows it."""
UNWRITTEN, APART = 0.12, 0.1
"""Seconds of a sound, by itself or before and after the words in it, that may be one which nobody wrote, and from which on it is no part
of what goes."""


def removals(talk: Talk, wish: Wish) -> tuple[Removal, ...]:
    """What the wish lets go, in order, restored stretches included: who cuts leaves those out."""
    wording = Wording(talk.words, talk.ends, talk.language)
    found: list[Removal] = []
    if wish.longest_pause is not None:
        found += pauses(talk, wish.longest_pause)
    if wish.fillers:
        found += _worded(talk, wording.fillers(), "filler")
        found += [_placed(talk, s, "filler", "") for s in hesitations(talk)]
    if wish.repeats:
        found += _worded(talk, wording.repeats(), "repeat")
    found += [r for s in wish.struck if (r := _struck(talk, s)) is not None]
    return tuple(sorted(r for r in found if r.end > r.start))


def _worded(talk: Talk, passages: Iterable[Passage], kind: Kind) -> list[Removal]:
    """Words that go, except where an audience reacts at the same time."""
    reactions = kept(talk.reactions)
    out = []
    for p in passages:
        span = Span(talk.words[p.first].start, talk.words[p.last].end)
        if not any(span.overlap(r) for r in reactions):
            out.append(_placed(talk, span, kind, " ".join(w.text for w in talk.words[p.first : p.last + 1])))
    return out


def _placed(talk: Talk, span: Span, kind: Kind, text: str) -> Removal:
    """``span`` grown into the silence around it, as far as a breath before what stays; where there is none, cut where it is quietest."""
    others = [w for w in talk.words if span.overlap(Span(w.start, w.end)) < (w.end - w.start) / 2]
    before = max((w.end for w in others if w.end <= span.end and w.start < span.start), default=talk.span.start)
    after = min((w.start for w in others if w.start >= span.start and w.end > span.end), default=talk.span.end)
    before, after = _unwritten(talk.sound, span, before, after)
    low = (
        before + TAIL
        if span.start - before > TAIL
        else quietest(talk.sound, before - SLACK, max(span.start, before) + SLACK)
    )
    high = (
        after - LEAD if after - span.end > LEAD else quietest(talk.sound, min(span.end, after) - SLACK, after + SLACK)
    )
    bounds = [e for r in kept(talk.reactions) for e in (r.start, r.end)]
    low = max([low, *(e for e in bounds if low < e <= span.start)])
    high = min([high, *(e for e in bounds if span.end <= e < high)])
    return Removal(max(low, talk.span.start), min(high, talk.span.end), kind, text)


def _unwritten(sound: Sound, span: Span, before: float, after: float) -> tuple[float, float]:
    """``before`` and ``after`` moved to the sounds next to ``span`` that no word was written for: silence may go with it, they not."""
    loud = [s for s in spans_of(sound, audible(sound)) if s.duration >= UNWRITTEN]
    ends = (s.end for s in loud if before + UNWRITTEN < s.end <= span.start - APART)
    starts = (s.start for s in loud if span.end + APART <= s.start < after - UNWRITTEN)
    return max(ends, default=before), min(starts, default=after)


def _struck(talk: Talk, span: Span) -> Removal | None:
    """A stretch that somebody struck out: its words, or, where none are in it, itself."""
    inside = [w for w in talk.words if span.start <= (w.start + w.end) / 2 <= span.end]
    if inside:
        text = " ".join(w.text for w in inside)
        return _placed(talk, Span(inside[0].start, inside[-1].end), "struck", text)
    low, high = max(span.start, talk.span.start), min(span.end, talk.span.end)
    return Removal(low, high, "struck") if high > low else None
