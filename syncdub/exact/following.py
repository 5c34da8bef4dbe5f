"""Small losses and slow wander inside a line: where its windows of some seconds say it runs, followed in straight pieces.

A capture that drops a picture goes on a few hundredths of a second earlier; a tape wanders. Both are too small for the search,
which takes what lies within two feature frames for one line, and too large to be called a line.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.lanes import in_lanes
from syncdub.exact.correlation import local_scores, vertex
from syncdub.exact.likeness import Sounds
from syncdub.exact.timemap import Line
from syncdub.exact.tracing import simplified

Floats = NDArray[np.float64]
WINDOW, HOP, REACH = 8.0, 4.0, 0.16
"""Seconds looked at, between two looks, and how far from the line."""
CLEAR = 4.5
"""Height of a window's best place over the spread of the others from which it is believed."""
AROUND = 6.5
"""Seconds of points on either side that a place on the curve is the median of."""
LEAST, N_LEAST, TIMES_NOISE = 0.012, 5, 3.0
"""A line is followed where it leaves its straight by this many seconds and by this many times the scatter of its points."""
BETTER = 1.1
"""… and the windows that leave it are so many times as alike there."""
CLOSE = 0.004
"""Seconds the pieces may differ from the curve."""
STEEP = 0.0045
"""A piece that moves by more, seconds a second, is a step between its neighbours."""
FLAT = 0.005
"""Seconds most points of a level lie within; what is less even wanders."""
LATE, RESTLESS = 0.008, 0.0015
"""Seconds that a room moves onsets; seconds a second by which a wandering line may leave its neighbours."""
NO_LESS = 0.003
SMALL_STEP = 0.25
"""Seconds a capture loses at once when it drops pictures: a few of them."""


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Seconds ``off`` the line at ``u`` (its pace) and how clearly."""

    u: Floats
    off: Floats
    z: Floats


def levelled(lines: Sequence[Line], sounds: Sounds) -> list[Line]:
    """``lines`` as the windows found them, those that step a little divided where they do."""
    return [level for chain in chains(lines) for level in _levels(chain, sounds)]


def chains(lines: Sequence[Line]) -> list[list[Line]]:
    """``lines`` in runs of neighbours that differ by at most :data:`SMALL_STEP`."""
    out: list[list[Line]] = []
    for line in lines:
        if out and abs(line.offset_at(line.start) - out[-1][-1].offset_at(line.start)) <= SMALL_STEP:
            out[-1].append(line)
        else:
            out.append([line])
    return out


def _levels(chain: list[Line], sounds: Sounds) -> list[Line]:
    points = _of_chain(chain, sounds)
    if len(points.u) < N_LEAST:
        return chain
    steady = points.off.copy()
    steady[1:-1] = np.median(np.stack([points.off[:-2], points.off[1:-1], points.off[2:]]), axis=0)
    steps = np.abs(np.diff(steady)) > np.maximum(LEAST, STEEP * np.diff(points.u))
    edges = [0, *(np.flatnonzero(steps) + 1), len(steady)]
    runs = [(a, b) for a, b in itertools.pairwise(edges) if b - a >= 2]
    if len(runs) < 2 or _uneven(steady, runs) > FLAT:
        return chain
    return [_level(chain, points, a, b) for a, b in runs]


def _uneven(off: Floats, runs: Sequence[tuple[int, int]]) -> float:
    """How far most points lie from the middle of their run, seconds."""
    away = np.concatenate([np.abs(off[a:b] - np.median(off[a:b])) for a, b in runs])
    return float(np.quantile(away, 0.8))


def _level(chain: list[Line], points: _Points, a: int, b: int) -> Line:
    """The line of the points ``a`` to ``b`` (offsets) of a chain."""
    off, u = points.off[a:b], points.u[a:b]
    offset = float(np.median(off))
    spread = max(NO_LESS, 1.4826 * float(np.median(np.abs(off - offset))))
    length = chain[-1].end - chain[0].start
    share = float(u[-1] - u[0] + HOP) / max(length, HOP)
    start = chain[0].start if a == 0 else float(u[0]) - HOP
    end = chain[-1].end if b == len(points.u) else float(u[-1]) + HOP
    return Line(
        start, end, offset, (start + end) / 2, spread, spread, int(b - a),
        share * float(sum(x.gain for x in chain)), float(np.median([x.slope for x in chain])),
    )  # fmt: skip


def _of_chain(chain: list[Line], sounds: Sounds) -> _Points:
    """Offsets along a chain; where its lines overlap, the clearest."""
    best: dict[float, tuple[float, float]] = {}
    for line in chain:
        points = _points(line, sounds)
        for u, off, z in zip(points.u, points.off, points.z, strict=True):
            place = round(float(u) / HOP) * HOP
            if place not in best or z > best[place][1]:
                best[place] = (line.offset_at(float(u)) + float(off), float(z))
    rows = np.array([(u, *best[u]) for u in sorted(best)], np.float64).reshape(-1, 3)
    return _Points(rows[:, 0], rows[:, 1], rows[:, 2])


def followed(lines: Sequence[Line], sounds: Sounds) -> list[Line]:
    """``lines`` with their true ends, those that wander cut into the straight pieces that follow them."""
    return [piece for line in lines for piece in _pieces(line, sounds)]


def _pieces(line: Line, sounds: Sounds) -> list[Line]:
    points = _points(line, sounds)
    if len(points.u) < N_LEAST:
        return [line]
    knots = np.unique(np.concatenate([[line.start], points.u, [line.end]]))
    curve = _smoothed(points, knots)
    noise = _noise(points)
    away = np.abs(curve - np.median(curve))
    if away.max() < max(LEAST, TIMES_NOISE * noise) or not _better(
        line, sounds, points, np.interp(points.u, knots, curve)
    ):
        return [line]
    kept = simplified(knots, curve, max(CLOSE, noise))
    unsure = [_unsure(points, float(knots[a]), float(knots[b]), noise) for a, b in itertools.pairwise(kept)]
    ends = [(float(knots[k]), float(curve[k])) for k in kept]
    made = [_piece(line, a, b, s) for (a, b), s in zip(itertools.pairwise(ends), unsure, strict=True)]
    return _stepped(made)


def _points(line: Line, sounds: Sounds) -> _Points:
    """Where windows along ``line`` are most alike, those that say it clearly."""
    size, reach = round(WINDOW / sounds.step), round(REACH / sounds.step)
    if size > len(sounds.dub):
        return _Points(np.zeros(0), np.zeros(0), np.zeros(0))

    def row(centre: float) -> tuple[float, float, float] | None:
        start = max(0, min(round(centre / sounds.step) - size // 2, len(sounds.dub) - size))
        scores = _scores(line, sounds, start, size, centre, reach)
        top = int(scores.argmax())
        rest = np.delete(scores, np.arange(max(0, top - 3), min(len(scores), top + 4)))
        z = (float(scores[top]) - float(rest.mean())) / (float(rest.std()) + 1e-9)
        if z < CLEAR or not 0 < top < len(scores) - 1:
            return None
        place = start + round(line.offset_at(centre) / sounds.step)
        found = (place - reach + top + vertex(scores, top) - start) * sounds.step
        return centre, found - line.offset_at(centre), z

    rows = in_lanes(row, np.arange(line.start + WINDOW / 2, line.end - WINDOW / 2 + 1e-6, HOP).tolist())
    columns = np.array([x for x in rows if x is not None], np.float64).reshape(-1, 3)
    return _Points(columns[:, 0], columns[:, 1], columns[:, 2])


def _scores(line: Line, sounds: Sounds, start: int, size: int, centre: float, reach: int) -> NDArray[np.float32]:
    place = start + round(line.offset_at(centre) / sounds.step)
    return np.asarray(
        local_scores(sounds.original, sounds.dub, start, size, np.arange(place - reach, place + reach + 1)), np.float32
    )


def _smoothed(points: _Points, knots: Floats) -> Floats:
    """The median of the points around each knot, weighted by how clear they are; the nearest points where none is near."""
    out = np.empty(len(knots))
    for k, u in enumerate(knots):
        near = np.abs(points.u - u) <= AROUND
        if near.sum() < 2:
            near = np.argsort(np.abs(points.u - u), kind="stable")[:2]
        off, weight = points.off[near], np.square(points.z[near])
        order = np.argsort(off, kind="stable")
        total = np.cumsum(weight[order])
        out[k] = off[order][int(np.searchsorted(total, total[-1] / 2))]
    return out


def _better(line: Line, sounds: Sounds, points: _Points, curve: Floats) -> bool:
    """Whether the windows that leave the line are clearly more alike where the curve puts them."""
    size, straight, bent = round(WINDOW / sounds.step), 0.0, 0.0
    for u, off in zip(points.u, curve, strict=True):
        if abs(off) < LEAST / 2:
            continue
        start = max(0, round(u / sounds.step) - size // 2)
        reach = round(REACH / sounds.step)
        scores = _scores(line, sounds, start, size, float(u), reach)
        straight += float(scores[reach])
        bent += float(scores[int(np.clip(reach + round(off / sounds.step), 0, 2 * reach))])
    return bent > 0 and bent >= BETTER * straight


def _noise(points: _Points) -> float:
    """Scatter of the points around the middle of their neighbours, seconds."""
    between = (points.off[:-2] + points.off[2:]) / 2
    return 1.2 * float(np.median(np.abs(points.off[1:-1] - between)))


def _unsure(points: _Points, start: float, end: float, noise: float) -> float:
    """Standard error (seconds) of a piece: the points' scatter, what onsets in a room come late, and what may happen where no
    point is near."""
    inside = points.u[(points.u > start) & (points.u < end)]
    widest = float(np.diff(np.concatenate([[start], inside, [end]])).max())
    return float(np.sqrt(noise**2 + LATE**2 + (RESTLESS * max(0.0, widest - HOP)) ** 2))


def _piece(line: Line, first: tuple[float, float], last: tuple[float, float], unsure: float) -> Line:
    (start, before), (end, after) = first, last
    middle, length = (start + end) / 2, max(line.end - line.start, 1e-9)
    share = (end - start) / length
    return replace(
        line, start=start, end=end, offset=line.offset_at(middle) + (before + after) / 2, middle=middle,
        slope=line.slope + (after - before) / (end - start), sigma=unsure, spread=max(unsure, NO_LESS),
        gain=float(line.gain * share), n=max(1, round(line.n * share)),
    )  # fmt: skip


def _stepped(pieces: Sequence[Line]) -> list[Line]:
    """Steep pieces given half to either neighbour: a step, not a slope."""
    out = list(pieces)
    for k in range(len(out) - 2, 0, -1):
        if abs(out[k].slope) > STEEP:
            middle = (out[k].start + out[k].end) / 2
            out[k - 1], out[k + 1] = replace(out[k - 1], end=middle), replace(out[k + 1], start=middle)
            del out[k]
    return out
