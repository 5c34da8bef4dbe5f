"""The course of a chain of segments heard by phase: which windows of it are known, and at which pace they are heard best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.lanes import in_lanes
from pipeline.values import Span
from syncdub.exact.phase import RATE, Floats, Samples, curve
from syncdub.exact.speed import KNOWN
from syncdub.exact.tracing import (
    BIN,
    CLEAR,
    CLOSE,
    REACH,
    Course,
    believed,
    heights,
    most_likely,
    smooth_course,
)
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

WINDOWS = (3.0, 1.2)
"""Seconds of a window: longer ones hear softer beds, shorter ones are not smeared by a tape that wanders fast."""
HOPS, ENOUGH, LITTLE = 2.4, 0.9, 0.15
"""Windows that overlap at any moment; the share of known ones from which shorter ones are not tried, and from which those that are
known show how fast the others run."""
BLOCK_SECONDS = 60.0
"""Seconds of both tracks held at a time."""
N_PROBES, PROBE_EVERY = 40, 10.0
"""Windows that are asked whether a chain needs tracing: one every so many seconds, at most so many."""
N_RATE, CLEARER, MOST_CLEAR = 24, 1.3, 40.0
"""Windows heard at each rate, how much clearer they must be at an exact one, and the most that counts of one of them."""
LOSSES = 0.012
"""A capture loses at most such a share of its time."""
ASTRAY = 0.1
"""A chain is traced where more than this share of its clear probes leave its line."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Segments that differ a little, the ``rate`` within them, and the stretch of the dub in which more of them may lie."""

    segments: tuple[Segment, ...]
    rate: float
    within: Span
    known: Course | None = None
    """What is known of its course already."""

    @property
    def joins(self) -> tuple[float, ...]:
        """Where one of the segments ends and another begins."""
        return tuple(s.dub_end for s in self.segments[:-1])

    @property
    def whole(self) -> Span:
        return Span(self.segments[0].dub_start, self.segments[-1].dub_end)

    def place(self, u: Floats) -> Floats:
        """Where the dub's moments ``u`` are: on the known course, else where the segments put them, straight between two of them."""
        if self.known is not None:
            return self.straight(u) - smooth_course(self.known, u)
        knots = np.array([(t, s.at(t)) for s in self.segments for t in (s.dub_start, s.dub_end)], np.float64)
        return np.asarray(np.interp(u, knots[:, 0], knots[:, 1] - self.rate * knots[:, 0]) + self.rate * u, np.float64)

    def straight(self, u: Floats) -> Floats:
        """The reference of a course: a straight through the chain's beginning."""
        first = self.segments[0]
        return np.asarray(first.original_start + self.rate * (u - first.dub_start), np.float64)


def astray(chain: Chain, tracks: Tracks) -> bool:
    """Whether some windows of a chain say clearly that they do not lie on its line."""
    n = int(np.clip(chain.whole.duration / PROBE_EVERY, 4, N_PROBES))
    late = [at for high, at in _probes(chain, tracks, chain.rate, n) if high >= CLEAR]
    if len(late) < max(4, n // 4):
        return False
    away = np.abs(np.array(late) - np.median(late))
    return float((away > CLOSE).mean()) > ASTRAY


def _probes(chain: Chain, tracks: Tracks, rate: float, n: int) -> list[tuple[float, float]]:
    """(height, seconds late) of the best place of ``n`` windows spread over the chain, heard at ``rate``."""
    half = WINDOWS[0] / 2

    def probe(centre: float) -> tuple[float, float]:
        at = float(chain.place(np.array([centre]))[0])
        dub = tracks.dub(Span(centre - half, centre + half), rate)
        high, samples = heights(curve(tracks.own(Span(at - half * rate, at + half * rate)), dub, REACH))
        top = int(high.argmax())
        return float(high[top]), _seconds(int(samples[top]))

    return in_lanes(probe, np.linspace(chain.whole.start + half, chain.whole.end - half, n).tolist())


def clearest_rate(chain: Chain, tracks: Tracks) -> float:
    """The chain's rate, or an exact one near it at which single windows are clearly more alike: small losses look like a speed."""

    def clear(rate: float) -> float:
        return float(np.mean([min(high, MOST_CLEAR) for high, _ in _probes(chain, tracks, rate, N_RATE)]))

    near = [float(k) for k in KNOWN if abs(chain.rate / float(k) - 1.0) <= LOSSES]
    best, most = chain.rate, CLEARER * clear(chain.rate)
    for rate in near:
        if (found := clear(rate)) > most:
            best, most = rate, found
    return best


def _seconds(sample: int) -> float:
    return sample / RATE - REACH


def best_course(chain: Chain, tracks: Tracks) -> Course:
    """The course in which most windows are known."""
    found: list[Course] = []
    for window in WINDOWS:
        found.append(course_of(chain, tracks, window))
        if found[-1].share >= ENOUGH:
            break
    best = max(found, key=lambda c: c.share)
    if LITTLE <= best.share < ENOUGH:  # windows are heard at the pace that the course has there
        found.append(course_of(replace(chain, known=best), tracks, best.window))
    return max(found, key=lambda c: c.share)


def course_of(chain: Chain, tracks: Tracks, window: float) -> Course:
    """How late each known window of ``window`` seconds of the chain is against :meth:`Chain.straight`."""
    hop = window / HOPS
    centres = np.arange(chain.within.start + window / 2, chain.within.end - window / 2 + 1e-6, hop)
    place = chain.place(centres)
    rows, samples, signs = [], [], []
    for found in _curves(chain, tracks, (centres, place), window):
        high, at = heights(found)
        rows.append(high)
        samples.append(at)
        signs.append(np.sign(found[at]).astype(np.int8))
    high = np.stack(rows)
    # The reference of a window may lie elsewhere than that of the window before: the course itself does not jump there.
    bins = np.rint((place - chain.rate * centres) * RATE / BIN).astype(np.int64)
    path = most_likely(high, np.concatenate([[0], bins[1:] - bins[:-1]]), hop)
    every = np.arange(len(path))
    late = np.stack(samples)[every, path].astype(np.float64) / RATE - REACH - place + chain.straight(centres)
    known = high[every, path] >= CLEAR
    known[known] = believed(centres[known], late[known])
    inside = (centres >= chain.whole.start) & (centres <= chain.whole.end)
    sign = float(np.sign(np.stack(signs)[every, path][known].sum() or 1))
    share = float(known[inside].mean()) if inside.any() else 0.0
    return Course(centres[known], late[known], sign, share, window, hop)


def _curves(chain: Chain, tracks: Tracks, at_places: tuple[Floats, Floats], window: float) -> Iterator[Floats]:
    """The phase's curve of each window, both tracks read in blocks."""
    (centres, place), rate, half = at_places, chain.rate, window / 2
    size, n = round(window * rate * RATE), round(BLOCK_SECONDS / (window / HOPS))
    for first in range(0, len(centres), n):
        some = slice(first, first + n)
        u, at = centres[some], place[some]
        dub_from, own_from = float(u[0]) - half, float(at.min()) - half * rate
        dub = tracks.dub(Span(dub_from, float(u[-1]) + half), rate)
        own = tracks.own(Span(own_from, float(at.max()) + half * rate))
        lengths = (
            chain.place(u + half) - chain.place(u - half) if chain.known is not None else np.full(len(u), window * rate)
        )
        for centre, here, length in zip(u, at, lengths, strict=True):
            a = round((float(centre) - half - dub_from) * rate * RATE)
            b = round((float(here) - length / 2 - own_from) * RATE)
            yield curve(_paced(own[max(0, b) : b + round(length * RATE)], size), dub[a : a + size], REACH)


def _paced(samples: Samples, size: int) -> Samples:
    """``samples`` as ``size`` of them."""
    import soxr  # type: ignore[import-untyped]

    if len(samples) in {0, size}:
        return samples
    return np.asarray(soxr.resample(samples, len(samples), size), np.float32)
