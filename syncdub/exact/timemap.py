"""From candidates to lines: which part of the dub belongs where (topology), and each part's straight line.

The dub's clock here is already stretched by the speed ratio: ``u`` seconds of the original's pace, so a part of the dub is a
constant offset ``original − u`` with at most a small drift. A path through the candidates gains what each says and pays for
every jump what a chance hit in the whole film would have said; nothing limits how far it jumps, but it never runs backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

SAME_OFFSET = 0.025
"""Candidates whose offsets differ by less (seconds) may lie on one line: two and a half feature frames."""
DRIFT = 2e-4
"""… plus this much a second of distance, so that an unresolved rest of the speed ratio does not cut a line."""
MOST = 60.0
"""Gain of one independent window is capped here, so that no single loud passage rules a film."""
SPLIT = 16.0
"""A jump costs this plus a little for its length: about the logarithm of the number of places in a film."""
BACKWARDS = 0.5
"""Windows overlap a join by up to half their length; two neighbours may seem to run backwards by this share of a window."""
BELIEVED = 10.0
"""A line whose candidates together gain less is chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Places where moments of the dub may belong, as columns: ``u`` and ``original`` (seconds), ``gain`` (nats, >= 0) if true,
    ``sigma`` (seconds), ``width`` (seconds of dub looked at) and ``kind`` (0 sound, 1 picture, 2 meaning)."""

    u: NDArray[np.float64]
    original: NDArray[np.float64]
    gain: NDArray[np.float64]
    sigma: NDArray[np.float64]
    width: NDArray[np.float64]
    kind: NDArray[np.int64]

    @property
    def offset(self) -> NDArray[np.float64]:
        return self.original - self.u

    def __len__(self) -> int:
        return len(self.u)

    def pick(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Candidates:
        """The rows ``which``."""
        return Candidates(*(getattr(self, n)[which] for n in ("u", "original", "gain", "sigma", "width", "kind")))


@dataclass(frozen=True, slots=True)
class Line:
    """``u`` in [start, end] belongs at ``u + offset + slope · (u − middle)``; ``sigma`` is the standard error of ``offset``
    (seconds), ``spread`` the scatter of its ``n`` points, ``gain`` what they said together."""

    start: float
    end: float
    offset: float
    middle: float
    sigma: float
    spread: float
    n: int
    gain: float
    slope: float = 0.0

    def offset_at(self, u: float) -> float:
        return self.offset + self.slope * (u - self.middle)

    def at(self, u: float) -> float:
        """Where ``u`` belongs in the original."""
        return u + self.offset_at(u)


def joined(parts: Sequence[Candidates]) -> Candidates:
    """All candidates in order of ``u``, then of place; the order is total, so results do not depend on how they came."""
    names = ("u", "original", "gain", "sigma", "width", "kind")
    columns = [np.concatenate([getattr(p, n) for p in parts]) for n in names]
    order = np.lexsort((columns[5], columns[1], columns[0]))
    return Candidates(*(c[order] for c in columns))


def from_hits(
    centre: NDArray[np.float64],
    at: NDArray[np.float64],
    z: NDArray[np.float64],
    *,
    step: float,
    width: float,
    hop: float,
) -> Candidates:
    """Candidates of sound windows: ``z²/2`` is the log-likelihood ratio of a match over chance; overlapping windows share it."""
    seen = z > 0
    u = np.repeat(centre * step, z.shape[1]).reshape(z.shape)[seen]
    strength = z[seen]
    gain = np.minimum(np.square(strength) / 2, MOST) * min(1.0, hop / width)
    sigma = np.clip(0.02 / np.maximum(strength, 1.0), 0.0008, 0.01)
    n = len(u)
    return Candidates(u, at[seen] * step, gain, sigma, np.full(n, width), np.zeros(n, np.int64))


def best_path(found: Candidates, drift: float = DRIFT) -> NDArray[np.int64]:
    """Indices of the candidates on the best path, in order of ``u``; see the module's text."""
    n = len(found)
    if not n:
        return np.zeros(0, np.int64)
    total = np.zeros(n)
    came = np.full(n, -1)
    u, place, offset, width, sigma = found.u, found.original, found.offset, found.width, found.sigma
    for j in range(n):
        i = slice(0, j)
        du, do = u[j] - u[i], place[j] - place[i]
        jump = np.abs(offset[j] - offset[i])
        same = jump <= SAME_OFFSET + drift * du + 2 * (sigma[j] + sigma[i])
        cost = np.where(same, 0.0, SPLIT + np.log1p(jump))
        back = -BACKWARDS * np.minimum(width[j], width[i])
        allowed = same & (du > 0) | (~same & (do >= back) & (du > 0))
        reach = np.where(allowed, total[i] - cost, -np.inf)
        best = int(reach.argmax()) if j else -1
        total[j] = found.gain[j]
        if best >= 0 and reach[best] > 0:
            total[j] += reach[best]
            came[j] = best
    return _walk_back(came, int(total.argmax()))


def _walk_back(came: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    path = []
    while last >= 0:
        path.append(last)
        last = int(came[last])
    return np.array(path[::-1], np.int64)


def lines(found: Candidates, path: NDArray[np.int64], drift: float = DRIFT) -> list[Line]:
    """The path's runs of one offset as fitted lines, those that are chance left out."""
    on = found.pick(path)
    if not len(on):
        return []
    jump = np.abs(np.diff(on.offset))
    tolerance = SAME_OFFSET + drift * np.diff(on.u) + 2 * (on.sigma[1:] + on.sigma[:-1])
    edges = np.flatnonzero(jump > tolerance) + 1
    runs = [on.pick(np.arange(a, b)) for a, b in zip([0, *edges], [*edges, len(on)], strict=True)]
    return merged([fit(r) for r in runs if r.gain.sum() >= BELIEVED])


def fit(points: Candidates) -> Line:
    """A constant offset through ``points``, outliers weighted down (iterated Huber weights on the median's scale)."""
    weight = points.gain / np.square(np.maximum(points.sigma, 1e-4))
    offset = _weighted_median(points.offset, weight)
    for _ in range(8):
        off = np.abs(points.offset - offset)
        scale = max(1.4826 * _weighted_median(off, points.gain), 0.0005)
        robust = weight * np.minimum(1.0, 1.5 * scale / np.maximum(off, 1e-9))
        offset = float((robust * points.offset).sum() / robust.sum())
    spread = max(1.4826 * _weighted_median(np.abs(points.offset - offset), points.gain), float(points.sigma.min()))
    overlap = max(
        1.0, float(np.median(points.width)) * len(points) / max(float(np.ptp(points.u)) + points.width[0], 1e-6)
    )
    independent = max(1.0, len(points) / overlap)
    middle = float((points.u * points.gain).sum() / points.gain.sum())
    start, end = float(points.u[0] - points.width[0] / 2), float(points.u[-1] + points.width[-1] / 2)
    return Line(
        start, end, offset, middle, spread / np.sqrt(independent), spread, len(points), float(points.gain.sum())
    )


def merged(found: Sequence[Line]) -> list[Line]:
    """Neighbouring lines with the same offset are one: what lies between says nothing against it."""
    out: list[Line] = []
    for line in found:
        if out and abs(line.offset - out[-1].offset) <= SAME_OFFSET + 3 * (line.sigma + out[-1].sigma):
            out[-1] = _union(out[-1], line)
        else:
            out.append(line)
    return out


def _union(a: Line, b: Line) -> Line:
    wa, wb = a.gain / max(a.sigma, 1e-5) ** 2, b.gain / max(b.sigma, 1e-5) ** 2
    return replace(
        a,
        end=b.end,
        offset=(wa * a.offset + wb * b.offset) / (wa + wb),
        middle=(a.gain * a.middle + b.gain * b.middle) / (a.gain + b.gain),
        sigma=(1 / (1 / max(a.sigma, 1e-5) ** 2 + 1 / max(b.sigma, 1e-5) ** 2)) ** 0.5,
        spread=max(a.spread, b.spread),
        n=a.n + b.n,
        gain=a.gain + b.gain,
    )


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    heavy = np.cumsum(weights[order])
    return float(values[order][int(np.searchsorted(heavy, heavy[-1] / 2))])
