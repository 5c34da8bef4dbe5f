"""How alike sentences of two texts are, on the scale the two texts themselves give.

Cosines mean different things for different models and texts. Here chance is 0 and the typical translation 1, both
measured on the texts at hand, and a pair counts for what it has over the runners-up of either side (margin).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]
"""Texts in, unit vectors (n, d) out."""

SAMPLE = 1500
"""Sentences of the other side that usual cosines are measured on; more would change them by less than their noise."""
_BLOCK = 1024
_ONE_SIGMA_BELOW = 0.1587
_NOISE = 4.5
"""Standard deviations above chance that a translation has at the least: unrelated texts have best pairs too."""
_LIKELY = 0.6
"""Similarity from which a pair may be a link of the coarse chain …"""
_MARGIN = 0.15
"""… if it is that much above the runners-up."""


def encode_once(texts: Sequence[str], embed: Embed) -> Vectors:
    """Vectors of ``texts``, each different text encoded once; a text without characters has the zero vector."""
    different = sorted({t for t in texts if t}, key=lambda t: (len(t), t))
    if not different:
        return np.zeros((len(texts), 1), np.float32)
    vectors = np.asarray(embed(different), dtype=np.float32)
    table = np.concatenate([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
    place = {t: i for i, t in enumerate(different)}
    return np.asarray(table[[place.get(t, -1) for t in texts]])


@dataclass(frozen=True, slots=True)
class Scale:
    """What two texts call similar: ``chance`` and ``translation`` are cosines, ``ratio`` is target characters a source
    character."""

    chance: float
    translation: float
    ratio: float

    def units(self, cosine: Vectors | NDArray[np.float64]) -> NDArray[np.float64]:
        """0 for chance, 1 for a typical translation."""
        return np.asarray((cosine - self.chance) / (self.translation - self.chance), dtype=np.float64)


def measure_scale(source: Vectors, target: Vectors, lengths: tuple[NDArray[np.float64], NDArray[np.float64]]) -> Scale:
    """The :class:`Scale` of two texts from the vectors and the characters of their sentences.

    Chance is the median cosine of any two sentences, a translation's the median cosine of pairs that are each other's best,
    but no less than noise could reach. The width of the noise is read below its median, where there are no translations.
    """
    table = source[:: len(source) // SAMPLE + 1] @ target[:: len(target) // SAMPLE + 1].T
    low, chance = (float(q) for q in np.quantile(table, (_ONE_SIGMA_BELOW, 0.5)))
    forward, cosines = best_partners(source, target, 1)
    backward, _ = best_partners(target, source, 1)
    mutual = backward[forward[:, 0], 0] == np.arange(len(source))
    best = float(np.median(cosines[mutual, 0])) if mutual.any() else 0.0
    sure = mutual & (cosines[:, 0] >= best)
    logs = np.log((lengths[1][forward[sure, 0]] + 1.0) / (lengths[0][sure] + 1.0))
    ratio = float(np.exp(np.median(logs))) if len(logs) else 1.0
    floor = min(chance + _NOISE * (chance - low), 0.95)
    return Scale(chance, max(best, floor, chance + 1e-3), ratio)


def best_partners(source: Vectors, target: Vectors, count: int) -> tuple[NDArray[np.int64], Vectors]:
    """Indices and cosines (n, count) of the nearest target vectors of each source vector, best first.

    Fewer columns when the target has fewer sentences; memory grows with n, not n².
    """
    count = min(count, len(target))
    indices, cosines = np.zeros((len(source), count), np.int64), np.zeros((len(source), count), np.float32)
    for start in range(0, len(source), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = source[rows] @ target.T
        some = np.argpartition(-block, count - 1, axis=1)[:, :count] if count else np.zeros((len(block), 0), np.int64)
        order = np.argsort(-np.take_along_axis(block, some, axis=1), axis=1, kind="stable")
        indices[rows] = np.take_along_axis(some, order, axis=1)
        cosines[rows] = np.take_along_axis(block, indices[rows], axis=1)
    return indices, cosines


def likely_pairs(source: Vectors, target: Vectors, scale: Scale) -> tuple[list[tuple[int, int]], list[float]]:
    """Pairs of sentences that stand out, and their margins: how much more alike they are than the runners-up of both."""
    forward, cosines = best_partners(source, target, 3)
    _, backward = best_partners(target, source, 3)
    values = scale.units(cosines)
    usual = (values[:, -1:] + scale.units(backward[:, -1])[forward]) / 2.0
    margins = np.where(values > _LIKELY, values - usual, 0.0)
    rows, ranks = np.nonzero(margins > _MARGIN)
    cells = [(int(i), int(forward[i, k])) for i, k in zip(rows, ranks, strict=True)]
    return cells, [float(m) for m in margins[rows, ranks]]
