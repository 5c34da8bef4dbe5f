"""Where an alignment path may run: a coarse chain of sure pairs, and a corridor of cells around it.

A full table of two long texts has n · m cells; a corridor has a constant number for each sentence, except where the
chain has a hole (a cut scene, an advertisement), which stays a rectangle as long as that is affordable.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BandEdges = NDArray[np.int64]
Cell = tuple[int, int]

WHOLE_TABLE = 1_000_000
"""Tables up to this many cells are searched whole: about a thousand sentences a side, one second."""
LARGEST_HOLE = 4_000_000
"""Cells of a hole in the chain that are still searched whole; beyond, a strip along its diagonal."""
STRIP = 400
"""Half width of that strip, sentences."""


@dataclass(frozen=True, slots=True)
class Band:
    """Boundaries ``low[i] <= j <= high[i]`` of the target allowed after ``i`` source sentences; both never fall. Shapes (n + 1,)."""

    low: BandEdges
    high: BandEdges

    @property
    def cells(self) -> int:
        return int((self.high - self.low + 1).sum())


def whole(n_source: int, n_target: int) -> Band:
    """Every cell."""
    return Band(np.zeros(n_source + 1, np.int64), np.full(n_source + 1, n_target, np.int64))


def around(path: Sequence[Cell], n_source: int, n_target: int, radius: int) -> Band:
    """The cells within ``radius`` sentences of a rising chain of boundaries; holes between its points are rectangles or strips."""
    low, high = np.full(n_source + 1, n_target, np.int64), np.zeros(n_source + 1, np.int64)
    points = [(0, 0), *path, (n_source, n_target)]
    for begin, end in itertools.pairwise(points):
        first, last = max(begin[0] - radius, 0), min(end[0] + radius, n_source)
        below, above = _hole(begin, end, np.arange(first, last + 1), radius)
        low[first : last + 1] = np.minimum(low[first : last + 1], below)
        high[first : last + 1] = np.maximum(high[first : last + 1], above)
    low, high = np.clip(low, 0, n_target), np.clip(high, 0, n_target)
    return Band(np.minimum.accumulate(low[::-1])[::-1], np.maximum.accumulate(high))


def _hole(begin: Cell, end: Cell, rows: BandEdges, radius: int) -> tuple[BandEdges, BandEdges]:
    """Lowest and highest boundary allowed on ``rows`` between two points of the chain."""
    height, width = end[0] - begin[0], end[1] - begin[1]
    below, above = np.full(len(rows), begin[1] - radius), np.full(len(rows), end[1] + radius)
    if height * width <= LARGEST_HOLE:
        return below, above
    slope = width / height
    diagonal = np.round(begin[1] + (np.clip(rows, begin[0], end[0]) - begin[0]) * slope).astype(np.int64)
    reach = STRIP + int(np.ceil(slope))
    return np.maximum(below, diagonal - reach), np.minimum(above, diagonal + reach)


def heaviest_chain(cells: Sequence[Cell], weights: Sequence[float]) -> list[int]:
    """Indices of the chain, rising strictly in both coordinates, with the largest sum of weights; O(n log n).

    A Fenwick tree over the second coordinate keeps the best chain that ends at or before it; cells of one row are
    entered in falling order of column so that they cannot follow one another.
    """
    order = sorted(range(len(cells)), key=lambda c: (cells[c][0], -cells[c][1]))
    size = max((j for _, j in cells), default=-1) + 2
    tree: list[tuple[float, int]] = [(0.0, -1)] * (size + 1)
    previous, best = [-1] * len(cells), (0.0, -1)
    for index in order:
        value, previous[index] = _best_before(tree, cells[index][1])
        entry = (value + weights[index], index)
        best = max(best, entry)
        _enter(tree, cells[index][1] + 1, entry)
    chain, at = [], best[1]
    while at >= 0:
        chain.append(at)
        at = previous[at]
    return chain[::-1]


def _best_before(tree: list[tuple[float, int]], position: int) -> tuple[float, int]:
    best = (0.0, -1)
    while position > 0:
        best = max(best, tree[position])
        position -= position & -position
    return best


def _enter(tree: list[tuple[float, int]], position: int, entry: tuple[float, int]) -> None:
    while position < len(tree):
        tree[position] = max(tree[position], entry)
        position += position & -position
