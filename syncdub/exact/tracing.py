"""The course of a dub by its phase: how late each window of some seconds is, followed through small losses and slow wander.

Every window has a curve of how alike the phases are at each lag (:func:`syncdub.exact.phase.curve`). The most likely course through
all of them moves a little from window to window, or jumps at a price (Viterbi, 1967). It is exact to a fraction of a millisecond
where a bed is shared; what lies between such windows is told by how far its ends are apart.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, ndimage

from syncdub.exact.phase import RATE, WIDTH

Floats = NDArray[np.float64]
REACH = 0.16
"""Seconds around the reference that are looked at."""
BIN = 8
"""Samples of a lag taken together: half a millisecond."""
FLOOR, MOST = 4.0, 10.0
"""A lag gains what it stands higher than this over the others, the highest of a window at most so much."""
JUMP = 12.0
"""What it costs to be anywhere else in the next window: one that stands alone does not pay for the way there and back."""
FASTEST = 0.007
"""Seconds a second that a course may move without a jump: a tape that wanders by 45 ms over 40 s."""
MOVED = 0.1
"""What a bin of such a move costs."""
BESIDE = 3.0
"""Seconds within which others must say the same as a window that is believed."""
CLEAR = 6.5
"""Height from which a window's place is known by itself."""
STEP, STEP_STEADY = 0.010, 0.005
"""Seconds between neighbouring windows that are a step, beside what wandering explains; where nothing wanders."""
STEADY = 0.0008
"""Seconds a second under which most of a course moves where nothing wanders."""
FAST = 0.9
"""Share of a course that moves no faster than it may where nothing is known of it."""
FEW = 4
"""Places that say how fast a course moves at their end."""
CLOSE = 0.0015
"""Seconds the pieces may differ from the course."""
LEAST_MS = 1.0
"""95 % error bar of the best placed piece, see :data:`syncdub.reading.polish.ERROR_MS`."""
NEAR = 4.0
"""Seconds from a known place on which nothing else is expected."""
RESTLESS = 0.001
"""Seconds a second by which a course may leave the straight between two known places."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """``late`` seconds of the dub against a reference at the windows ``u`` (seconds of the dub, ascending) whose place is known;
    ``sign`` is the polarity of what is shared, ``share`` how many of all windows are known; a window is ``window`` seconds long, the
    next begins ``hop`` seconds later."""

    u: Floats
    late: Floats
    sign: float
    share: float
    window: float
    hop: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """``start`` … ``end`` of the dub is ``before`` … ``after`` seconds late, straight between; to ``error_ms`` (95 %)."""

    start: float
    end: float
    before: float
    after: float
    error_ms: float


def heights(curve: Floats) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """The most that each bin of a curve stands over the rest, in spreads, and the sample of the curve that is largest there."""
    sizes = np.abs(curve)
    smooth = ndimage.gaussian_filter1d(sizes, WIDTH * RATE)
    middle = float(np.median(smooth))
    spread = 1.4826 * float(np.median(np.abs(smooth - middle))) + 1e-9
    n = len(smooth) // BIN
    bins = smooth[: n * BIN].reshape(n, BIN)
    at = bins.argmax(axis=1)
    high = (np.take_along_axis(bins, at[:, None], axis=1)[:, 0] - middle) / spread
    beside = np.clip((np.arange(n) * BIN + at)[:, None] + np.arange(-BIN, BIN + 1), 0, len(curve) - 1)
    largest = np.take_along_axis(beside, sizes[beside].argmax(axis=1)[:, None], axis=1)[:, 0]
    return high.astype(np.float32), largest.astype(np.int16)


def most_likely(high: NDArray[np.float32], moved: NDArray[np.int64], hop: float) -> NDArray[np.int64]:
    """(n,) the bin of each of n windows on the most likely course through ``high`` (n, bins).

    ``moved`` (n,) is by how many bins a window's reference lies later than that of the window before.
    """
    gain = np.maximum(high.astype(np.float64) - FLOOR, 0.0)
    # Scaled, not cut off: around a place that is very clear many are clear, too.
    gain *= np.minimum(1.0, MOST / np.maximum(gain.max(axis=1, keepdims=True), 1e-9))
    n, bins = gain.shape
    reach = max(1, round(FASTEST * hop * RATE / BIN))
    total, came = gain[0].copy(), np.zeros((n, bins), np.int64)
    for k in range(1, n):
        before = int(total.argmax())
        best, way = np.full(bins, total[before] - JUMP), np.full(bins, before)
        for step in range(-reach, reach + 1):
            _offer(best, way, total - MOVED * abs(step), int(moved[k]) + step)
        total, came[k] = best + gain[k], way
    path = np.zeros(n, np.int64)
    path[-1] = int(total.argmax())
    for k in range(n - 1, 0, -1):
        path[k - 1] = came[k, path[k]]
    return path


def _offer(best: Floats, way: NDArray[np.int64], total: Floats, step: int) -> None:
    """Takes ``total`` moved by ``step`` bins where it is better than ``best``."""
    bins = len(best)
    if abs(step) >= bins:
        return
    to, of = slice(max(0, step), bins + min(0, step)), slice(max(0, -step), bins - max(0, step))
    better = total[of] > best[to]
    best[to] = np.where(better, total[of], best[to])
    way[to] = np.where(better, np.arange(bins)[of], way[to])


def stretches(course: Course, start: float, end: float, hop: float) -> list[Stretch]:
    """The straight stretches that follow ``course`` from ``start`` to ``end`` (seconds of the dub)."""
    late = _steadied(course.late)
    steady = is_steady(course)
    gaps = np.diff(course.u)
    wander = np.maximum(FASTEST * np.minimum(gaps, NEAR), _pace(course.u, late, FAST) * gaps)
    limit = STEP_STEADY if steady else STEP + wander
    edges = [0, *(np.flatnonzero(np.abs(np.diff(late)) > limit) + 1), len(late)]
    runs = [(a, b) for a, b in itertools.pairwise(edges) if b - a >= 2] or [(0, len(late))]
    out: list[Stretch] = []
    for k, (a, b) in enumerate(runs):
        first = start if k == 0 else (course.u[runs[k - 1][1] - 1] + course.u[a]) / 2
        last = end if k == len(runs) - 1 else (course.u[b - 1] + course.u[runs[k + 1][0]]) / 2
        out += _run(course.u[a:b], late[a:b], float(first), float(last), hop, bent=not steady)
    return out


def _steadied(late: Floats) -> Floats:
    """``late`` with each that stands alone put to the middle of its neighbours."""
    out = late.copy()
    if len(late) >= 3:
        out[1:-1] = np.median(np.stack([late[:-2], late[1:-1], late[2:]]), axis=0)
    return out


def is_steady(course: Course) -> bool:
    """Whether nearly all of the course stays where it is from window to window."""
    return len(course.u) < 3 or _pace(course.u, _steadied(course.late), 0.75) < STEADY


def _pace(u: Floats, late: Floats, share: float) -> float:
    """Seconds a second that a ``share`` of the course moves less than."""
    return float(np.quantile(np.abs(np.diff(late)) / np.maximum(np.diff(u), 1e-6), share)) if len(u) > 1 else 0.0


def _run(u: Floats, late: Floats, start: float, end: float, hop: float, *, bent: bool) -> list[Stretch]:
    """The stretches of one run without steps, carried on flat to ``start`` and ``end``; one that is ``bent`` goes on through what is
    unknown at the speed it has on either side."""
    known = u, late
    u, late = _bridged(u, late) if bent else known
    kept = simplified(u, late, CLOSE)
    x = [start, *(float(u[k]) for k in kept[1:-1]), end]
    y = [float(late[kept[0]]), *(float(late[k]) for k in kept[1:-1]), float(late[kept[-1]])]
    if len(kept) > 2 or abs(y[-1] - y[0]) > CLOSE:  # ends of a slope go on as they came
        y[0] = _carried((u, late), (kept[0], kept[1]), start)
        y[-1] = _carried((u, late), (kept[-2], kept[-1]), end)
    else:
        y[0] = y[-1] = float(np.median(late))
    out = []
    for (a, before), (b, after) in itertools.pairwise(zip(x, y, strict=True)):
        error = _error_ms(known, (a, before, b, after), hop)
        out.append(Stretch(a, b, before, after, error))
    return out


def _bridged(u: Floats, late: Floats) -> tuple[Floats, Floats]:
    """The course with a place every second where it is unknown for longer than :data:`NEAR`: a cubic with the speed that it has on
    either side (Hermite), as a tape's speed does not change at once."""
    wide = np.flatnonzero(np.diff(u) > NEAR)
    added = [np.arange(u[k] + 1.0, u[k + 1] - 0.5) for k in wide]
    values = [
        interpolate.CubicHermiteSpline(
            u[k : k + 2], late[k : k + 2], [_speed(u, late, int(k), -1), _speed(u, late, int(k) + 1, 1)]
        )(x)
        for k, x in zip(wide, added, strict=True)
    ]
    x, y = np.concatenate([u, *added]), np.concatenate([late, *values])
    order = np.argsort(x, kind="stable")
    return x[order], y[order]


def _speed(u: Floats, late: Floats, k: int, side: int) -> float:
    """Seconds a second that the course moves at its place ``k``, by those on one ``side`` of it."""
    near = (np.abs(u - u[k]) <= NEAR) & ((u - u[k]) * side >= 0.0)
    if near.sum() < FEW:
        return 0.0
    bend = np.polyfit(u[near] - u[k], late[near], 2)
    return float(np.clip(bend[1], -FASTEST, FASTEST))


def _carried(course: tuple[Floats, Floats], ends: tuple[int, int], at: float) -> float:
    """The straight through two points of a course at ``at``, no further than a second beyond them."""
    u, late = course
    a, b = ends
    if u[b] <= u[a]:
        return float(late[a])
    slope = (late[b] - late[a]) / (u[b] - u[a])
    near = float(np.clip(at, u[a] - 1.0, u[b] + 1.0))
    return float(late[a] + slope * (near - u[a]))


def _error_ms(known: tuple[Floats, Floats], piece: tuple[float, float, float, float], hop: float) -> float:
    """95 % error bar of a straight piece: how far known places lie from it, and what may happen where none is near."""
    (u, late), (start, before, end, after) = known, piece
    inside = (u >= start) & (u <= end)
    away = np.abs(late[inside] - np.interp(u[inside], [start, end], [before, after]))
    # A piece within what is unknown is as unsure as all of that.
    places = np.concatenate([u[:1] if u[0] <= start else [start], u, u[-1:] if u[-1] >= end else [end]])
    met = (places[1:] > start) & (places[:-1] < end)
    alone = max(0.0, float(np.diff(places)[met].max(initial=0.0)) - max(NEAR, 2 * hop))
    scatter = float(np.quantile(away, 0.95)) if len(away) else 0.0
    return max(LEAST_MS, 1000 * (1.5 * scatter + RESTLESS * alone))


def simplified(x: Floats, y: Floats, close: float) -> list[int]:
    """Indices of the points that straight pieces within ``close`` of all of them need (Ramer, 1972; Douglas and Peucker, 1973)."""
    kept, left = {0, len(x) - 1}, [(0, len(x) - 1)]
    while left:
        a, b = left.pop()
        if b - a < 2:
            continue
        away = np.abs(y[a : b + 1] - np.interp(x[a : b + 1], [x[a], x[b]], [y[a], y[b]]))
        worst = int(away.argmax())
        if away[worst] > close:
            kept.add(a + worst)
            left += [(a, a + worst), (a + worst, b)]
    return sorted(kept)


def smooth_course(course: Course, u: Floats) -> Floats:
    """How late the moments ``u`` are on a curve without overshoot through the known places (Fritsch and Carlson, 1980)."""
    late = _steadied(course.late)
    kept = np.concatenate([[True], np.diff(course.u) > 0])
    x, y = course.u[kept], late[kept]
    if len(x) < 2:
        return np.full(len(u), float(y[0]) if len(y) else 0.0)
    curve = interpolate.PchipInterpolator(x, y)
    return np.asarray(curve(np.clip(u, x[0], x[-1])), np.float64)


def leaves_line(course: Course) -> bool:
    """Whether some of the known windows lie off the straight through most of them by more than :data:`CLOSE`."""
    if len(course.u) < 4:
        return False
    away = np.abs(course.late - np.median(course.late))
    return int((away > CLOSE).sum()) >= 2


def believed(u: Floats, late: Floats) -> NDArray[np.bool_]:
    """Which windows have two others beside them that they can be reached from without a jump: music and voices repeat by chance."""
    near = np.abs(u[:, None] - u[None, :])
    reached = (near <= BESIDE) & (np.abs(late[:, None] - late[None, :]) <= CLOSE + FASTEST * near)
    return np.asarray(reached.sum(axis=1) >= 3, np.bool_)
