"""Where a long talk turns to something else: the division into stretches of like meaning that costs least. Pure.

Sentences of one topic are nearer to each other than to the next. The best division (dynamic programming, as in Utiyama and Isahara 2001)
minimises how far sentences lie from the middle of their stretch, plus a price for each stretch; borders are moved to a cut of the picture
that lies in the pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Sentence, Shot

SHORTEST, LONGEST = 40.0, 900.0
"""Seconds of a chapter."""
MOST = 30
"""Chapters; the price of one grows until no more come out."""
PRICE = 0.9
"""Of a chapter, in mean distances of a sentence: under it noise is divided."""
PAUSE_WORTH = 0.5
"""What a pause of two seconds and more takes off the price of beginning a chapter there."""
SNAP = 2.0
"""Seconds a border may move to a cut of the picture."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sentences ``first``…``last`` from ``start`` to ``end`` seconds are about one thing."""

    first: int
    last: int
    start: float
    end: float


def divided(
    sentences: Sequence[Sentence], vectors: NDArray[np.float32], duration: float, shots: Sequence[Shot] = ()
) -> tuple[Stretch, ...]:
    """The chapters of a file of ``duration`` seconds, without gaps, in order; one where it is short or nothing is said."""
    if not sentences:
        return ()
    price = PRICE
    borders = _best(sentences, vectors, price)
    while len(borders) > MOST:
        price *= 1.3
        borders = _best(sentences, vectors, price)
    starts = [0.0, *(_snapped(sentences, b, shots) for b in borders[1:])]
    ends = [*starts[1:], max(duration, sentences[-1].end)]
    lasts = [*(b - 1 for b in borders[1:]), len(sentences) - 1]
    return tuple(
        Stretch(f, la, round(s, 3), round(e, 3)) for f, la, s, e in zip(borders, lasts, starts, ends, strict=True)
    )


def _best(sentences: Sequence[Sentence], vectors: NDArray[np.float32], price: float) -> list[int]:
    """First sentences of the cheapest division."""
    n = len(sentences)
    weights = np.array([max(0.5, s.end - s.start) for s in sentences])
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors * weights[:, None], axis=0)])
    lengths = np.concatenate([[0.0], np.cumsum(weights)])
    starts = np.array([s.start for s in sentences])
    begins = np.concatenate([starts, [sentences[-1].end]])
    # A stretch costs its weight less the length of the sum of its vectors: nothing where all are the same.
    whole = lengths[-1] - float(np.linalg.norm(sums[-1]))
    unit = price * whole / max(4.0, lengths[-1] / 60.0)
    pauses = np.array([0.0, *(max(0.0, min(2.0, b.start - a.end)) / 2.0 for a, b in pairwise(sentences))])
    best, back = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = 0.0
    for end in range(1, n + 1):
        low = int(np.searchsorted(starts, begins[end] - LONGEST))
        first = np.arange(min(low, end - 1), end)
        cost = (lengths[end] - lengths[first]) - np.linalg.norm(sums[end] - sums[first], axis=1)
        total = best[first] + cost + unit * (1.0 - PAUSE_WORTH * pauses[first])
        short = (begins[end] - starts[first] < SHORTEST) & (first > 0)
        total = np.where(short, np.inf, total)
        if np.isfinite(total).any():
            pick = int(np.argmin(total))
            best[end], back[end] = total[pick], first[pick]
    if not np.isfinite(best[n]):
        return [0]
    borders, at = [], n
    while at > 0:
        at = int(back[at])
        borders.append(at)
    return borders[::-1]


def _snapped(sentences: Sequence[Sentence], border: int, shots: Sequence[Shot]) -> float:
    """A cut of the picture between two sentences, else the sentence's beginning."""
    low, high = sentences[border - 1].end - 0.2, sentences[border].start + 0.05
    near = [s.start for s in shots if max(low, high - SNAP) <= s.start <= high]
    return (
        max(near)
        if near
        else max(0.0, sentences[border].start - 0.3 if sentences[border].start - low > 0.5 else sentences[border].start)
    )
