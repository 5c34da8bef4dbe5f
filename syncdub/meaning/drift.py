"""The course of a dub through its original as scattered phrases show it: piecewise lines of one slope, robustly.

Phrases are good to a few tenths of a second and some are wrong, so every point is judged by its neighbours: what several of
them agree on is the course there, and where they do not agree nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATES = tuple(
    sorted(
        {1.0, 25 / 24, 24 / 25, 1001 / 1000, 1000 / 1001, 24000 / 25025, 25025 / 24000, *np.linspace(0.94, 1.06, 61)}
    )
)
"""Seconds of original a second of dub that are tried: the film and television ratios, and a grid between."""
_NEIGHBOURS = 6
"""Links on either side that may speak for a moment."""
_AGREE = 1.0
"""Seconds within which offsets agree: three standard errors of a phrase's beginning."""
_QUORUM = 1.2
"""Weight of agreeing links (of 1 each at most) that makes a course."""
_REACH = 120.0
"""Seconds from the nearest supporting link at which the course is not known any more."""
_PREFERENCE, _LEAD = 1.03, 1.0
"""A speed change must explain this many times, and this much, more than none (one pair of telling phrases weighs 1)."""
_USUAL_SIGMA_MS = 300.0
_SIGMA_MS = (120.0, 900.0)


@dataclass(frozen=True, slots=True)
class Drift:
    """``rate`` of the whole; for each link its offset on that rate (``levels``, ``nan`` where neighbours do not agree) and how far it
    may be trusted to lie on the course (``trust`` in (0, 1]); standard errors of beginnings and ends, milliseconds."""

    rate: float
    times: Floats
    offsets: Floats
    levels: Floats
    trust: Floats
    start_sigma_ms: float = _USUAL_SIGMA_MS
    end_sigma_ms: float = _USUAL_SIGMA_MS

    @property
    def known(self) -> bool:
        """Whether anything agrees anywhere."""
        return bool(np.isfinite(self.levels).any())

    def off(self, index: int) -> float:
        """Seconds by which a link's beginning is off the course; ``nan`` where there is none."""
        return float(self.offsets[index] - self.levels[index])

    def expected(self, dub: Floats) -> Floats:
        """Original times of moments of the dub; ``nan`` where the nearest links do not say, or not the same."""
        sure = np.flatnonzero(np.isfinite(self.levels))
        if not len(sure):
            return np.full(len(dub), np.nan)
        times, levels = self.times[sure], self.levels[sure]
        after = np.searchsorted(times, dub)
        left, right = np.clip(after - 1, 0, len(sure) - 1), np.clip(after, 0, len(sure) - 1)
        near = np.where(np.abs(times[left] - dub) <= np.abs(times[right] - dub), left, right)
        split = np.abs(levels[left] - levels[right]) > _AGREE
        far = np.abs(times[near] - dub) > _REACH
        return np.asarray(np.where(split | far, np.nan, dub * self.rate + levels[near]))


def course_of(dub: Floats, original: Floats, weights: Floats) -> Drift:
    """The course through links whose beginnings and ends are ``dub`` and ``original``, each (n, 2), seconds, in order."""
    if not len(dub):
        return Drift(1.0, np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
    rate = _rate(dub[:, 0], original[:, 0], weights)
    offsets = original[:, 0] - rate * dub[:, 0]
    levels = np.array([_level(k, offsets, weights) for k in range(len(offsets))])
    off = np.abs(offsets - levels)
    trust = np.where(np.isfinite(levels), np.exp(-0.5 * np.square(np.nan_to_num(off) / _AGREE)), 0.3)
    ends = np.abs(original[:, 1] - rate * dub[:, 1] - levels)
    sigmas = _sigma_ms(off, weights), _sigma_ms(ends, weights)
    return Drift(rate, dub[:, 0], offsets, levels, np.maximum(trust, 0.02), *sigmas)


def _rate(dub: Floats, original: Floats, weights: Floats) -> float:
    """The rate at which most pairs of near links keep their offset; 1 unless another explains clearly more."""
    steps = []
    for lag in range(1, min(2 * _NEIGHBOURS, len(dub) - 1) + 1):
        steps.append((dub[lag:] - dub[:-lag], original[lag:] - original[:-lag], weights[lag:] * weights[:-lag]))
    if not steps:
        return 1.0
    ahead, moved, weight = (np.concatenate(column) for column in zip(*steps, strict=True))
    votes = {r: float(np.sum(weight * np.exp(-0.5 * np.square((moved - r * ahead) / (_AGREE / 2))))) for r in RATES}
    best = max(votes, key=lambda r: (votes[r], -abs(r - 1.0)))
    return best if votes[best] > _PREFERENCE * votes[1.0] + _LEAD else 1.0


def _level(index: int, offsets: Floats, weights: Floats) -> float:
    """Weighted median of the offsets around one link that agree with the best supported of them; ``nan`` without a quorum.

    A link is judged by those before it or those after it, whichever agree with it better, so that a cut next to it does no harm.
    """
    near = slice(max(index - _NEIGHBOURS, 0), index + _NEIGHBOURS + 1)
    values, weight = offsets[near], weights[near]
    agreeing = np.abs(values[:, None] - values[None, :]) <= _AGREE
    support = agreeing @ weight
    own = index - near.start
    if agreeing[own].sum() >= 3 and support[own] >= _QUORUM:
        chosen = agreeing[own]
    else:
        chosen = agreeing[int(np.argmax(support))]
        if chosen.sum() < 3 or support.max() < _QUORUM or not _surrounds(chosen, own):
            return float("nan")
    return _weighted_median(values[chosen], weight[chosen])


def _surrounds(chosen: NDArray[np.bool_], own: int) -> bool:
    """Whether agreeing links lie on both sides, so that the one between must be wrong and not beyond a cut."""
    return bool(chosen[:own].any() and chosen[own + 1 :].any())


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order] + 1e-9)
    return float(values[order][np.searchsorted(total, total[-1] / 2.0)])


def _sigma_ms(off: Floats, weights: Floats) -> float:
    """Scatter (scaled median absolute deviation, drawn towards the usual one when links are few) of those that are near the course."""
    near = np.isfinite(off) & (off <= 2.0 * _AGREE)
    count = float(weights[near].sum())
    scatter = 1482.6 * _weighted_median(off[near], weights[near]) if near.any() else _USUAL_SIGMA_MS
    drawn = (count * scatter + 3.0 * _USUAL_SIGMA_MS) / (count + 3.0)
    return float(np.clip(drawn, *_SIGMA_MS))
