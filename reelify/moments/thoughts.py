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
LENGTH_WEIGHT = 1.0
LONGEST = 90.0
"""Seconds over which nobody stays with one thought; a single longer sentence stays whole."""
PAUSE_FULL = 2.0
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
    return gaps(course, reactions) @ np.array([weights.get(f"turn.{name}", 0.0) for name in FINDINGS])


def divided(spans: Sequence[Span], log_odds: Numbers) -> list[tuple[int, int]]:
    """The likeliest division into thoughts, as first and last sentence of each; O(n · sentences in :data:`LONGEST`)."""
    n = len(spans)
    best, back = np.full(n + 1, -np.inf), np.zeros(n + 1, int)
    best[0] = 0.0
    turn, stay = -np.logaddexp(0.0, -log_odds), -np.logaddexp(0.0, log_odds)
    kept = np.concatenate([[0.0, 0.0], np.cumsum(stay)])
    for end in range(1, n + 1):
        for start in range(end - 1, -1, -1):
            length = spans[end - 1].end - spans[start].start
            if length > LONGEST and start < end - 1:
                break
            value = best[start] + kept[end] - kept[start + 1] + _usual(length) + (turn[start - 1] if start else 0.0)
            if value > best[end]:
                best[end], back[end] = value, start
    out: list[tuple[int, int]] = []
    end = n
    while end > 0:
        out.append((int(back[end]), end - 1))
        end = int(back[end])
    return out[::-1]


def _usual(length: float) -> float:
    return -LENGTH_WEIGHT * 0.5 * float((np.log(max(1.0, length) / USUAL) / SPREAD) ** 2)
