"""A plan without what goes: what is left of each cut, joined in silence, drawn closer now and then so that the joins look meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.values import Cut, Span, Timeline
from reelify.tighten.pauses import less
from reelify.tighten.values import Removal, Sound, Talk

JOIN = 0.02
"""Seconds over which the sound of two pieces cross-fades at a join: too short to be heard, long enough against a click."""
CRUMB = 0.15
"""What is left between two removals and is shorter than this (seconds) goes too, where no word is in it."""
PUNCH = 1.12
"""How much larger the picture is drawn in a piece that is emphasised: seen as a second camera, not as a jump."""
SHORTEST_PUNCH, LOUDER = 1.0, 1.5
"""Seconds a piece must last to be drawn larger; dB over the median piece that are emphasis."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What could go of ``source`` and whether it is ``gone``; ``at`` is the second of the result at which it is (or was) missed."""

    source: str
    removal: Removal
    gone: bool
    at: float

    @property
    def seconds(self) -> float:
        return self.removal.end - self.removal.start


def tightened(
    plan: Timeline, found: Mapping[Cut, Sequence[Removal]], talks: Mapping[Cut, Talk], restored: Sequence[Span]
) -> tuple[Timeline, tuple[Receipt, ...]]:
    """``plan`` without what was ``found`` in its cuts, except what was ``restored``, and a receipt for each."""
    cuts: list[Cut] = []
    receipts: list[Receipt] = []
    at = 0.0
    for cut in sorted(plan.cuts, key=lambda c: (c.at, c.end)):
        every = found.get(cut, ())
        going = [r for r in every if not any(s.start <= (r.start + r.end) / 2 <= s.end for s in restored)]
        pieces = [replace(cut, span=s, at=0.0) for s in remaining(cut.span, going, talks.get(cut))]
        begun = at
        for piece in pieces:
            cuts.append(replace(piece, at=at))
            at = cuts[-1].end
        own = cuts[len(cuts) - len(pieces) :]
        receipts += [Receipt(cut.source, r, r in going, _missed(r, own, begun)) for r in every]
    result = replace(plan, cuts=tuple(cuts), crossfade=0.0, soft=JOIN) if any(r.gone for r in receipts) else plan
    return result, tuple(receipts)


def _missed(removal: Removal, pieces: Sequence[Cut], begun: float) -> float:
    """Where in the result the start of a removal lies, or the place it is missed at."""
    place = begun
    for piece in pieces:
        if removal.start >= piece.span.start:
            place = piece.at + (min(removal.start, piece.span.end) - piece.span.start) * piece.rate
    return place


def remaining(span: Span, going: Sequence[Removal], talk: Talk | None) -> list[Span]:
    """What stays of ``span``; crumbs without a word go too. All of it where nothing would be left."""
    parts = list(less(span, (r.span for r in going)))
    words = talk.words if talk else ()
    whole = [
        s for s in parts
        if s.duration >= CRUMB or any(s.start <= (w.start + w.end) / 2 <= s.end for w in words) or len(parts) == 1
    ]  # fmt: skip
    return whole or [span]


def saved(receipts: Sequence[Receipt], plan: Timeline, tight: Timeline) -> float:
    """Seconds that the result is shorter, 0 where nothing went."""
    return max(0.0, plan.duration - tight.duration) if any(r.gone for r in receipts) else 0.0


def punched(plan: Timeline, sounds: Mapping[str, Sequence[Sound]]) -> Timeline:
    """``plan`` with pieces drawn larger where the voice is raised, never two joined pieces of one size where it can be helped.

    A piece keeps its size where the one before it is larger; else it is enlarged when it is louder than most, or the second of two
    plain ones in a row.
    """
    levels = [_level(cut, sounds.get(cut.source, ())) for cut in plan.cuts]
    usual = float(np.median(levels)) if levels else 0.0
    cuts: list[Cut] = []
    plain = 0
    for cut, level in zip(plan.cuts, levels, strict=True):
        before = cuts[-1].zoom if cuts else PUNCH
        long = cut.span.duration * cut.rate >= SHORTEST_PUNCH
        larger = long and before == 1.0 and (level >= usual + LOUDER or plain >= 1)
        plain = 0 if larger else plain + 1
        cuts.append(replace(cut, zoom=PUNCH if larger else 1.0))
    return replace(plan, cuts=tuple(cuts))


def _level(cut: Cut, sounds: Sequence[Sound]) -> float:
    """How loud a piece is, dBFS: the level its louder quarter has."""
    for sound in sounds:
        if sound.start - 1.0 <= cut.span.start and cut.span.end <= sound.end + 1.0 and len(sound.level):
            return float(np.percentile(sound.level[sound.index(cut.span.start) : sound.index(cut.span.end) + 1], 75))
    return 0.0
