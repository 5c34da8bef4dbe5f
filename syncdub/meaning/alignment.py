"""The value of every join of two runs of sentences, and the best monotone path of joins.

Values come a block of source sentences at a time and only inside a :class:`~syncdub.meaning.bands.Band`, so that neither time nor
memory grows with the square of the texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syncdub.meaning.bands import Band
from syncdub.meaning.lexical import SharedKeys
from syncdub.meaning.similarity import SAMPLE, Scale, Vectors, best_partners

Floats = NDArray[np.float64]

MAX_RUN = 4
"""Sentences of one side that may be joined."""
_SIZES = np.arange(1, MAX_RUN + 1)
_LENGTH_FLOOR = 10.0
"""Characters added to both lengths before they are compared: the ratio of two short lines says little."""
_MOST_LENGTH_DOUBT = 3.0
"""The length of a line that was half misheard must not outweigh its meaning."""
_ROWS = 32
"""Source sentences whose cosines are computed in one product."""
_TIME_SCALE = 1.0
"""Seconds off the expected time at which agreement has fallen to e^-½: what speech recognition and a dub's freedom move a line."""


@dataclass(frozen=True, slots=True)
class Link:
    """Runs of sentence indices that say the same; an empty side means that the other has no counterpart.

    ``similarity`` is the cosine of the runs' vectors, ``score`` the same on a scale where 0 is chance and 1 the texts' typical
    translation.
    """

    source: tuple[int, ...]
    target: tuple[int, ...]
    score: float = 0.0
    similarity: float = 0.0

    def __str__(self) -> str:
        return f"{list(self.source)}:{list(self.target)}"


@dataclass(frozen=True, slots=True)
class Costs:
    """What the parts of a join are worth, in units of a typical translation's similarity above chance."""

    usual: float = 0.3
    """Share of a run's usual similarity (mean of its best four partners) that is taken off: the margin."""
    length: float = 0.33
    shared: float = 0.17
    join: float = 0.11
    """For each sentence beyond one a side."""
    skip: float = 0.14
    size: float = 0.5
    """A join of s sentences a side weighs s to this power: with 0 large joins never pay, with 1 they cost nothing."""
    time: float = 0.25
    idle: float = 3.0
    """For each unit by which a join is less alike than the same join without its first or last sentence: a sentence that adds
    nothing was not translated there."""
    repeated: float = 0.15
    """Runs with a line that the text has more than once ("Oh!") must be this much more alike than their parts: two of it are as
    alike as one."""


@dataclass(frozen=True, slots=True)
class Times:
    """When sentences begin and end, on one clock, seconds; ``nan`` where the target's time on that clock is not known."""

    source_starts: Floats
    source_ends: Floats
    target_starts: Floats
    target_ends: Floats


@dataclass(slots=True)
class Side:
    """One text. ``runs[i, a - 1]`` is the vector of the ``a`` sentences that end with ``i``; ``usable`` says which may be joined;
    ``ends`` counts characters up to each boundary."""

    texts: list[str]
    runs: Vectors
    usable: NDArray[np.bool_]
    ends: Floats

    def __len__(self) -> int:
        return len(self.texts)

    def characters(self, size: int) -> Floats:
        """Length of the run of ``size`` sentences that ends with each sentence; short at the beginning."""
        begins = np.maximum(np.arange(len(self)) + 1 - size, 0)
        return self.ends[1:] - self.ends[begins]


def make_side(texts: Sequence[str], vectors: Vectors) -> Side:
    """A :class:`Side` whose runs are sums of their sentences' vectors, weighed by the root of their length.

    Sentences without characters cannot be joined to anything.
    """
    lengths = np.array([len(t) for t in texts], dtype=np.float64)
    weighed = vectors * np.sqrt(lengths)[:, None]
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(weighed, axis=0, dtype=np.float64)])
    blanks = np.concatenate([[0], np.cumsum(lengths == 0)])
    runs = np.zeros((len(texts), MAX_RUN, vectors.shape[1]), np.float32)
    usable = np.zeros((len(texts), MAX_RUN), np.bool_)
    for size in range(1, min(MAX_RUN, len(texts)) + 1):
        total = sums[size:] - sums[:-size]
        runs[size - 1 :, size - 1] = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)
        usable[size - 1 :, size - 1] = blanks[size:] == blanks[:-size]
    runs[:, 0] = vectors
    return Side(list(texts), runs, usable, np.concatenate([[0.0], np.cumsum(lengths)]))


def length_doubt(source: Floats, target: Floats, ratio: float) -> Floats:
    """Squared logarithm of how far two lengths are from the texts' usual ratio.

    A lognormal stand-in for the delta of Gale and Church (1993), which is not defined for the ratios of free translations.
    """
    off = np.log((source * ratio + _LENGTH_FLOOR) / (target + _LENGTH_FLOOR))
    return np.asarray(np.minimum(np.square(off), _MOST_LENGTH_DOUBT))


class JoinValues:
    """The value of joining any two runs of two texts."""

    def __init__(
        self, sides: tuple[Side, Side], scale: Scale, costs: Costs, shared: SharedKeys, times: Times | None
    ) -> None:
        self.left, self.right = sides
        self.costs = costs
        self._scale, self._shared, self._times = scale, shared, times
        self._usual_left, self._usual_right = self._usual(self.left, self.right), self._usual(self.right, self.left)
        self._left_characters = np.stack([self.left.characters(int(a)) for a in _SIZES])
        self._right_characters = np.stack([self.right.characters(int(b)) for b in _SIZES])
        self._left_repeated, self._right_repeated = _repeated_runs(self.left.texts), _repeated_runs(self.right.texts)
        both = _SIZES[:, None] + _SIZES[None, :]
        self._weight = ((both / 2.0) ** costs.size)[:, :, None]
        self._joining = (costs.join * (both - 2))[:, :, None]

    def _usual(self, side: Side, other: Side) -> Floats:
        singles = other.runs[:: len(other) // SAMPLE + 1, 0]
        usual = [best_partners(side.runs[:, a], singles, 4)[1].mean(axis=1) for a in range(MAX_RUN)]
        return self._scale.units(np.stack(usual, axis=1))

    def cosines(self, rows: slice, columns: slice) -> Vectors:
        """Cosines (rows, a, columns, b) of all runs that end with the given sentences."""
        left, right = self.left.runs[rows], self.right.runs[columns]
        flat = left.reshape(-1, left.shape[2]) @ right.reshape(-1, right.shape[2]).T
        return np.asarray(flat.reshape(len(left), MAX_RUN, len(right), MAX_RUN))

    def gains(self, i: int, columns: slice, cosines: Vectors, before: Vectors) -> Floats:
        """Values (a, b, columns) of the joins that end with source sentence ``i``; ``cosines`` are its (a, columns, b), ``before``
        those of the sentence before it."""
        similar = self._scale.units(cosines).transpose(0, 2, 1)
        idle = _best_part(similar, self._scale.units(before).transpose(0, 2, 1)) - similar
        idle += self.costs.repeated * (
            self._left_repeated[:, i][:, None, None] | self._right_repeated[None, :, columns]
        )
        usual = (self._usual_left[i][:, None, None] + self._usual_right[columns].T[None]) / 2.0
        lengths = self._left_characters[:, i][:, None, None], self._right_characters[None, :, columns]
        doubt = length_doubt(*lengths, self._scale.ratio)
        gains = self._weight * (similar - self.costs.usual * usual - self.costs.length * doubt) - self._joining
        gains -= self._weight * self.costs.idle * np.maximum(idle, 0.0)
        gains += self.costs.shared * self._overlap(i, columns)
        if self._times is not None:
            gains += self.costs.time * self._punctuality(self._times, i, columns)
        allowed = self.left.usable[i][:, None, None] & self.right.usable[columns].T[None]
        return np.asarray(np.where(allowed, gains, -np.inf))

    def _overlap(self, i: int, columns: slice) -> Floats:
        """Weight of the keys shared by the runs (a, b) that end at ``i`` and at each target sentence."""
        first = max(columns.start - MAX_RUN, 0)
        rows = np.zeros((MAX_RUN, columns.stop - first + 1))
        for a in range(min(MAX_RUN, i + 1)):
            rows[a, 1:] = self._shared.row(i - a, first, columns.stop)
        sums = np.cumsum(np.cumsum(rows, axis=0), axis=1)
        ends = np.arange(columns.start, columns.stop) - first + 1
        return np.stack([sums[:, ends] - sums[:, np.maximum(ends - b, 0)] for b in _SIZES], axis=1)

    def _punctuality(self, times: Times, i: int, columns: slice) -> Floats:
        """From -1 (far from the expected time) to 1 (on it), the mean of beginning and end; 0 where nothing is expected."""
        runs = np.arange(columns.start, columns.stop)
        begins = times.target_starts[np.maximum(runs[None, :] + 1 - _SIZES[:, None], 0)]
        left = times.source_starts[np.maximum(i + 1 - _SIZES, 0)]
        start = _agreement(begins[None] - left[:, None, None])
        end = _agreement(times.target_ends[columns] - times.source_ends[i])
        return (start + end[None, None, :]) / 2.0

    def link(self, source: range, target: range) -> Link:
        """The link of two runs; empty ones have no similarity."""
        if not (source and target):
            return Link(tuple(source), tuple(target))
        left, right = self.left.runs[source[-1], len(source) - 1], self.right.runs[target[-1], len(target) - 1]
        cosine = left @ right
        return Link(tuple(source), tuple(target), float(self._scale.units(cosine)), float(cosine))


def _agreement(off: Floats) -> Floats:
    return np.nan_to_num(2.0 * np.exp(-0.5 * np.square(off / _TIME_SCALE)) - 1.0, nan=0.0)


def _best_part(similar: Floats, before: Floats) -> Floats:
    """The similarity of each join (a, b, columns) without one sentence at either end of a side, the best of those;
    ``before`` holds the joins that end one source sentence earlier. Minus infinity for single sentences."""
    best = np.full(similar.shape, -np.inf)
    best[1:] = np.maximum(similar[:-1], before[:-1])
    best[:, 1:] = np.maximum(best[:, 1:], similar[:, :-1])
    best[:, 1:, 1:] = np.maximum(best[:, 1:, 1:], similar[:, :-1, :-1])
    return best


def _repeated_runs(texts: Sequence[str]) -> NDArray[np.bool_]:
    """(a, n): whether the run of more than one sentence that ends with each has one whose letters the text has elsewhere too."""
    letters = ["".join(c for c in t.casefold() if c.isalnum()) for t in texts]
    counts = Counter(letters)
    single = np.array([counts[t] > 1 for t in letters], np.bool_)
    out = np.zeros((MAX_RUN, len(texts)), np.bool_)
    for size in range(2, min(MAX_RUN, len(texts)) + 1):
        out[size - 1, size - 1 :] = np.lib.stride_tricks.sliding_window_view(single, size).any(axis=1)
    return out


class BestPath:
    """Dynamic programming over source boundaries: the best value of each target boundary, and the step that leads there."""

    def __init__(self, values: JoinValues, band: Band) -> None:
        self._values, self._band = values, band
        self._totals: list[Floats] = []
        self._steps: list[NDArray[np.int8]] = []

    def links(self) -> list[Link]:
        """Links of the best path, covering every sentence of both texts once."""
        self._forward()
        i, j = len(self._values.left), len(self._values.right)
        links = []
        while i > 0 or j > 0:
            a, b = divmod(int(self._steps[i][j - self._band.low[i]]), MAX_RUN + 1)
            links.append(self._values.link(range(i - a, i), range(j - b, j)))
            i, j = i - a, j - b
        return links[::-1]

    def _forward(self) -> None:
        first = np.where(np.arange(self._band.low[0], self._band.high[0] + 1) == 0, 0.0, -np.inf)
        self._settle(first, np.zeros(len(first), np.int64))
        n = len(self._values.left)
        for start in range(0, n, _ROWS):
            stop = min(start + _ROWS, n)
            columns = slice(max(int(self._band.low[start + 1]) - 1, 0), int(self._band.high[stop]))
            row = max(start - 1, 0)
            cosines = self._values.cosines(slice(row, stop), columns)
            for i in range(start, stop):
                two = cosines[max(i - 1 - row, 0) : i - row + 1]
                self._settle(*self._arrive(i + 1, columns.start, two))
                if i >= MAX_RUN:
                    self._totals[i - MAX_RUN] = np.zeros(0)

    def _settle(self, best: Floats, steps: NDArray[np.int64]) -> None:
        """Let target sentences be skipped after arriving: a running maximum, since every skip costs the same."""
        level = best + self._values.costs.skip * np.arange(len(best))
        reached = np.maximum.accumulate(level)
        self._totals.append(reached - self._values.costs.skip * np.arange(len(best)))
        self._steps.append(np.where(reached > level + 1e-12, 1, steps).astype(np.int8))

    def _arrive(self, i: int, offset: int, cosines: Vectors) -> tuple[Floats, NDArray[np.int64]]:
        """Best value and step of reaching source boundary ``i`` by a step that takes source sentences; ``cosines`` (1 or 2, …)
        of the sentence before it, the last row, and of the one before that."""
        low, high = int(self._band.low[i]), int(self._band.high[i])
        columns = slice(max(low - 1, 0), high)
        gains = np.full((MAX_RUN, MAX_RUN, high - low + 1), -np.inf)
        if high > 0:
            inside = cosines[:, :, columns.start - offset : columns.stop - offset]
            gains[:, :, columns.start + 1 - low :] = self._values.gains(i - 1, columns, inside[-1], inside[0])
        options, steps = [self._before(i - 1, low, high) - self._values.costs.skip], [MAX_RUN + 1]
        for a in range(1, min(i, MAX_RUN) + 1):
            for b in range(1, MAX_RUN + 1):
                options.append(self._before(i - a, low - b, high - b) + gains[a - 1, b - 1])
                steps.append(a * (MAX_RUN + 1) + b)
        choice = np.argmax(options, axis=0)
        return np.max(options, axis=0), np.array(steps)[choice]

    def _before(self, i: int, low: int, high: int) -> Floats:
        """Values of source boundary ``i`` at target boundaries ``low … high``; minus infinity outside the band."""
        values, offset = self._totals[i], int(self._band.low[i])
        window = np.full(high - low + 1, -np.inf)
        first, last = max(low, offset), min(high, offset + len(values) - 1)
        if first <= last:
            window[first - low : last - low + 1] = values[first - offset : last - offset + 1]
        return window
