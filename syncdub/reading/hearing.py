"""What is heard of a line in the dub, moment by moment: what both files share in single cells (see :mod:`syncdub.exact.cells`), and what it
says where they share nothing (see :mod:`syncdub.exact.hush`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pipeline.lanes import in_lanes
from pipeline.values import Span
from syncdub.exact.cells import HOP, SIZE, cells, shared, transfer
from syncdub.exact.hush import against, level
from syncdub.exact.phase import BLOCK, RATE, Floats
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

LEARNT, CLEAR = (40.0, 120.0), 8.0
"""Seconds of a line beside a join from which its transfer is learnt, and how clear (standard deviations) it must be."""
CHANCE = 100.0
"""Nats that two voices may gain from each other in a second; where the film is silent a sound in it that both share gains more."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was gained (nats) along a segment's line in every :data:`~syncdub.exact.phase.BLOCK` of the dub from ``start`` on, the
    stretch included from which its transfer was ``learnt``; ``silence`` is what counts against the line where nothing is (see
    :func:`~syncdub.exact.hush.against`)."""

    start: float
    gains: Floats
    silence: Floats
    learnt: Span

    def within(self, start: float, end: float) -> Floats:
        """(n,) nats of the blocks between two moments of the dub; zeros where nothing was heard."""
        return self._part(self.gains, start, end, 0.0)

    def unheard(self, start: float, end: float) -> Floats:
        """(n,) seconds that count against the line in the blocks between two moments, if nothing of it is heard there."""
        return self._part(self.silence, start, end, BLOCK)

    def _part(self, blocks: Floats, start: float, end: float, beyond: float) -> Floats:
        first, n = round((start - self.start) / BLOCK), max(0, round((end - start) / BLOCK))
        out = np.full(n, beyond)
        low, high = max(0, -first), min(n, len(blocks) - first)
        if high > low:
            out[low:high] = blocks[first + low : first + high]
        return out


def hear(segment: Segment, tracks: Tracks, span: Span, *, end: bool) -> Heard | None:
    """``span`` of the dub along the line of ``segment``, whose ``end`` (or beginning) is asked about; ``None`` where too little of the
    segment is known beside it."""
    for seconds in LEARNT:
        start = max(segment.dub_start, segment.dub_end - seconds) if end else segment.dub_start
        known = Span(start, min(segment.dub_end, start + seconds))
        found = _heard(segment, tracks, Span(min(span.start, known.start), max(span.end, known.end)), known)
        if found is not None:
            return found
    return None


def _heard(segment: Segment, tracks: Tracks, span: Span, known: Span) -> Heard | None:
    rate = segment.rate
    there = Span(segment.at(span.start), segment.at(span.end))
    own, dub = in_lanes(cells, tracks.both(there, span, rate))
    own, dub = own[: len(dub)], dub[: len(own)]
    times = span.start + (np.arange(len(dub)) * HOP + SIZE / 2) / (RATE * rate)
    here = (times >= known.start) & (times <= known.end)
    if here.sum() < RATE // HOP:
        return None
    learnt = transfer(own[here], dub[here])
    if learnt.clear < CLEAR:
        return None
    total = np.concatenate([[0.0], np.cumsum(shared(own, dub, learnt))])
    edges = np.append(times, times[-1] + HOP / (RATE * rate)) - HOP / 2 / (RATE * rate)
    blocks = span.start + np.arange(int(span.duration / BLOCK) + 1) * BLOCK
    own_level, dub_level = (np.interp(blocks[:-1] + BLOCK / 2, times, level(x)) for x in (own * learnt.factors, dub))
    right = slice(*np.searchsorted(blocks, (known.start, known.end)))
    gains = np.diff(np.interp(blocks, edges, total))
    silence = against(own_level, dub_level, gains, right)
    return Heard(span.start, _without_chance(gains, silence), silence, known)


def _without_chance(gains: Floats, silence: Floats) -> Floats:
    """``gains`` without those of a silent film that are no more than two voices gain from each other."""
    second = round(1.0 / BLOCK)
    around = ndimage.uniform_filter1d(gains, second, mode="constant") * second
    return np.asarray(np.where((silence == 0.0) & (around < CHANCE), 0.0, gains), np.float64)
