"""Where one thought ends and the next begins: whole sentences, put together by what they mean and how they begin. Pure.

Each gap between two sentences gets log-odds of being a turn, a weighted sum of findings (weights fitted by
``python -m benchmarks.fit_score`` on passages put one after the other); the likeliest division is found exactly, with lengths people
speak in as prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Event, Span

Numbers = NDArray[np.float64]
USUAL, SPREAD = 22.0, 0.9
"""Seconds of a usual thought, and the spread of its natural logarithm: from 9 to 54 s is one sigma."""
LENGTH_WEIGHT, MIXED = 1.0, 3.0
LONGEST = 90.0
"""Seconds over which nobody stays with one thought; a single longer sentence stays whole."""
PAUSE_FULL = 2.0
GREY, SURELY = 0.4, 0.6
AFTER = 2.5
"""Seconds after a sentence in which an audience's reaction is to it."""
FINDINGS = ("one", "likeness", "likeness2", "told", "pause", "hanging", "turning", "asked", "reaction")


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Sentences in order: their ``spans``, ``vectors`` (n, d) or ``None``, ``told`` (n,) in [0, 1] (how surely each tells something), and
    how they begin and end: ``hanging`` (n,) on what came before (and, but, that), ``turning`` (n,) to something else (now, anyway),
    ``asks`` (n,) a question."""

    spans: tuple[Span, ...]
    vectors: NDArray[np.float32] | None
    told: Numbers
    hanging: NDArray[np.bool_]
    turning: NDArray[np.bool_]
    asks: NDArray[np.bool_]


def gaps(course: Course, reactions: Sequence[Event] = ()) -> Numbers:
    """Findings (n − 1, 9) of the gap before each sentence but the first, in the order of :data:`FINDINGS`."""
    n = len(course.spans)
    out = np.zeros((max(0, n - 1), len(FINDINGS)))
    if n < 2:
        return out
    out[:, 0] = 1.0
    if course.vectors is not None:
        out[:, 1], out[:, 2] = _likeness(course.vectors.astype(np.float64))
    out[:, 3] = np.abs(np.diff(course.told))
    starts, ends = np.array([s.start for s in course.spans]), np.array([s.end for s in course.spans])
    out[:, 4] = np.clip(starts[1:] - ends[:-1], 0.0, PAUSE_FULL)
    out[:, 5], out[:, 6], out[:, 7] = course.hanging[1:], course.turning[1:], course.asks[:-1]
    for event in reactions:
        out[:, 8] = np.maximum(out[:, 8], (event.start >= ends[:-1] - AFTER) & (event.start < starts[1:] + 0.5))
    return out


def _likeness(vectors: Numbers) -> tuple[Numbers, Numbers]:
    """Cosine of the two sentences beside each gap, and of the two before with the two after."""
    near = (vectors[:-1] * vectors[1:]).sum(axis=1)
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0)])
    n = len(vectors)
    places = np.arange(1, n)
    left = sums[places] - sums[np.maximum(0, places - 2)]
    right = sums[np.minimum(n, places + 2)] - sums[places]
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return near, (left * right).sum(axis=1) / np.maximum(1e-9, lengths)


def turns(course: Course, weights: Mapping[str, float], reactions: Sequence[Event] = ()) -> Numbers:
    """Log-odds (n − 1,) that something else begins with each sentence but the first."""
    return np.asarray(gaps(course, reactions) @ np.array([weights.get(f"turn.{name}", 0.0) for name in FINDINGS]))


def divided(spans: Sequence[Span], log_odds: Numbers, told: Numbers) -> list[tuple[int, int]]:
    """The likeliest division into thoughts, as first and last sentence of each; O(n · sentences in :data:`LONGEST`).

    A thought is of one kind: how surely its sentences tell something (``told``) spreads little within it.
    """
    n = len(spans)
    best, back = np.full(n + 1, -np.inf), np.zeros(n + 1, int)
    best[0] = 0.0
    turn, stay = -np.logaddexp(0.0, -log_odds), -np.logaddexp(0.0, log_odds)
    sums, squares = (np.concatenate([[0.0], np.cumsum(t)]) for t in (told, told**2))
    kept = np.concatenate([[0.0, 0.0], np.cumsum(stay)])
    for end in range(1, n + 1):
        for start in range(end - 1, -1, -1):
            length = spans[end - 1].end - spans[start].start
            if length > LONGEST and start < end - 1:
                break
            value = (
                best[start]
                + kept[end]
                - kept[start + 1]
                + _usual(length)
                - _mixed(sums, squares, start, end)
                + (turn[start - 1] if start else 0.0)
            )
            if value > best[end]:
                best[end], back[end] = value, start
    out: list[tuple[int, int]] = []
    end = n
    while end > 0:
        out.append((int(back[end]), end - 1))
        end = int(back[end])
    return out[::-1]


def peeled(places: Sequence[tuple[int, int]], told: Numbers) -> list[tuple[int, int]]:
    """The division with the edges of thoughts cleaned: sentences gone through (``told`` under :data:`GREY`) before and after what is told
    stand for themselves."""
    out: list[tuple[int, int]] = []
    for first, last in places:
        low, high = first, last
        while low < high and told[low] < GREY and told[low + 1 : high + 1].mean() >= SURELY:
            low += 1
        while high > low and told[high] < GREY / 2 and told[low:high].mean() >= SURELY:
            high -= 1
        out += [(first, low - 1)] if low > first else []
        out.append((low, high))
        out += [(high + 1, last)] if high < last else []
    return out


def _mixed(sums: Numbers, squares: Numbers, start: int, end: int) -> float:
    """What the spread of ``told`` within sentences ``start``…``end`` − 1 costs."""
    mean = (sums[end] - sums[start]) / (end - start)
    return MIXED * float(squares[end] - squares[start] - (end - start) * mean**2)


def _usual(length: float) -> float:
    return -LENGTH_WEIGHT * 0.5 * float((np.log(max(1.0, length) / USUAL) / SPREAD) ** 2)
