"""How much faster the dub runs, to about a millionth, and whether its pitch went with it.

``rate`` is seconds of the original a second of the dub: 25/24 and 25025/24000 for a dub made for PAL. A grid of rates is tried
on short windows (whose correlation survives ±0.2 %); the slope of many windows gives the rest; a rate that is within its own
error of an exact one is that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.lanes import in_lanes
from syncdub.exact.correlation import Array, Array16, Levels, Search, onsets, search, stretched
from syncdub.exact.timemap import Candidates

KNOWN = tuple(
    sorted(
        {r for f in (Fraction(1), Fraction(1001, 1000), Fraction(25, 24), Fraction(25025, 24000)) for r in (f, 1 / f)}
    )
)
"""1, NTSC against film, PAL against film and against 23.976, and their inverses."""
WIDEST = 0.064
MOST = 800.0
"""No single probe counts for more, nats."""
GRID = 0.004
"""Rates this far apart are tried: a 15 s window smears by ±15 ms at half of it, the width of an onset."""
PROBE_SECONDS = 15.0
N_PROBES = 12
EVERY = 2
"""Every second probe is enough to choose among rates."""
MARGIN = 1.25
"""A rate other than 1 must gain this much more than 1 does: false speed changes are worse than missed ones."""
SURE, MOST_PROBES = 8.0, 0.75
"""Where this share of the probes gain this much (nats) at one of the known rates, the grid is not tried: loops and rhythms
match at any rate, but not everywhere."""
ENOUGH = 30.0
"""… and at least this many nats in all."""
CLOSEST = 8e-6
"""Rates this close to an exact one cannot be told from it (a resampler's whole-number rate is off by less)."""
INAUDIBLE = 0.006
"""A drift that stays under this many seconds over the longest line is none."""


@dataclass(frozen=True, slots=True)
class Speed:
    """``rate`` with its standard error; ``exact`` says it was taken from :data:`KNOWN`."""

    rate: float
    sigma: float
    exact: bool


def rates_to_try() -> tuple[float, ...]:
    """The known rates and a grid of ±6.4 % around 1, ascending, without near doubles."""
    grid = [1 + GRID * k for k in range(-round(WIDEST / GRID), round(WIDEST / GRID) + 1)]
    known = [float(k) for k in KNOWN]
    free = [g for g in grid if all(abs(g - k) > GRID / 3 for k in known)]
    return tuple(sorted(known + free))


Gains = dict[float, NDArray[np.float64]]


def known_gains(original: Array16, dub_levels: Levels, white: Array, step: float, find: Search = search) -> Gains:
    """What each probe of the dub gains (nats) at each exact rate; ``original`` are onset features, ``dub_levels`` dB."""
    rates = [float(k) for k in KNOWN if k == 1 or abs(k - 1) > GRID]
    return _gains(original, dub_levels, white, step, rates, find)


def grid_gains(original: Array16, dub_levels: Levels, white: Array, step: float, find: Search = search) -> Gains:
    """The same at all of :func:`rates_to_try`."""
    return _gains(original, dub_levels, white, step, rates_to_try(), find)


def everywhere(gains: Gains) -> bool:
    """Whether one rate is so good in so many places that no other need be tried."""
    best = max(gains.values(), key=lambda g: float(g.sum()))
    return bool((best > SURE).mean() >= MOST_PROBES)


def _gains(original: Array16, levels: Levels, white: Array, step: float, rates: Sequence[float], find: Search) -> Gains:
    size = min(round(PROBE_SECONDS / step), int(len(levels) * (1 - WIDEST)) - 4)
    if size < round(0.5 / step):
        return {1.0: np.zeros(1)}
    places = probe_places(levels, int(size / (1 - WIDEST)) + 4)[::EVERY]
    windows = in_lanes(
        lambda at: onsets(stretched(levels[at[1] : at[1] + int(size / at[0]) + 3], at[0])[:size], step, white),
        [(r, p) for r in rates for p in places],
    )
    hits = find(
        original, np.concatenate(windows).astype(np.float16, copy=False), np.arange(len(windows)) * size, size, 1, step
    )
    chance = np.log(max(len(original), 2))
    each = np.clip(np.square(hits.z[:, 0]) / 2 - chance, 0.0, MOST).reshape(len(rates), -1)
    return dict(zip(rates, each, strict=True))


def winner(gains: Mapping[float, float]) -> float:
    """The rate that gains most; 1.0 unless another clearly wins."""
    best = max(gains, key=lambda r: (gains[r], -abs(r - 1.0)))
    others = max((gains[r] for r in gains if abs(r - best) > 1.6 * GRID), default=0.0)
    if abs(best - 1.0) < 1.6 * GRID:
        return best if gains[best] > MARGIN * gains[1.0] else 1.0
    return best if gains[best] >= max(ENOUGH, MARGIN * others) else 1.0


def probe_places(layer: Levels, need: int) -> NDArray[np.int64]:
    """First frames of up to :data:`N_PROBES` windows of ``need`` frames: the liveliest of each equal part of the file."""
    levels = layer[:, ::4].astype(np.int16) if layer.dtype == np.uint8 else layer[:, ::4]
    n = len(levels) - need
    if n <= 0:
        return np.zeros(1, np.int64)
    change = np.abs(np.diff(levels, axis=0)).clip(0, 24).sum(axis=1, dtype=np.float64)
    lively = np.concatenate([[0.0], np.cumsum(change)])
    activity = lively[need : need + n] - lively[:n]
    edges = np.linspace(0, n, min(N_PROBES, max(1, n // max(1, need // 2))) + 1).astype(np.int64)
    return np.array([a + int(activity[a:b].argmax()) for a, b in pairwise(edges) if b > a], np.int64)


def slope_of(found: Candidates, widest: float = 1.2 * GRID) -> float:
    """The most voted change of offset a second of dub, from pairs of strong candidates 15 to 240 s apart; 0 when none agree.

    Pairs across a cut scatter; pairs inside a line agree, whatever its offset.
    """
    best = found.pick(np.argsort(-found.gain, kind="stable")[:600])
    i, j = np.triu_indices(len(best), 1)
    du, jump = best.u[j] - best.u[i], best.offset[j] - best.offset[i]
    far, slope = np.abs(du), jump / np.where(du == 0, 1.0, du)
    ok = (far > 15.0) & (far < 240.0) & (np.abs(slope) < widest)
    if ok.sum() < 3:
        return 0.0
    slope, far = slope[ok], far[ok]
    weight = (np.sqrt(best.gain[i] * best.gain[j]))[ok]
    grid = np.linspace(-widest, widest, 1201)
    kernel = np.maximum(0.004 / far, grid[1] - grid[0])
    votes = np.array([(weight * np.exp(-0.5 * np.square((g - slope) / kernel))).sum() for g in grid])
    near = np.abs(slope - grid[int(votes.argmax())]) < 2 * kernel
    heavy = weight[near] * np.square(far[near])
    return float((slope[near] * heavy).sum() / heavy.sum()) if near.any() else 0.0


def common_slope(points: Candidates, groups: NDArray[np.int64]) -> tuple[float, float]:
    """Slope shared by all lines (``groups`` numbers each point's line) and its standard error; (0, inf) without leverage."""
    weight = np.minimum(points.gain, 20.0)
    du, off = np.zeros(len(points)), np.zeros(len(points))
    for g in np.unique(groups):
        own = groups == g
        du[own] = points.u[own] - np.average(points.u[own], weights=weight[own])
        off[own] = points.offset[own] - np.average(points.offset[own], weights=weight[own])
    if not len(du) or (weight * du**2).sum() <= 0:
        return 0.0, float("inf")
    slope = 0.0
    robust = weight
    for _ in range(10):
        slope = float((robust * du * off).sum() / (robust * du * du).sum())
        rest = np.abs(off - slope * du)
        scale = max(1.4826 * float(np.median(rest)), 0.0003)
        robust = weight * np.minimum(1.0, 1.5 * scale / np.maximum(rest, 1e-9))
    n_free = max(1.0, len(du) / 4)
    sigma = scale / float(np.sqrt(n_free * np.average(du**2, weights=robust)))
    return slope, sigma


def settled(rate: float, sigma: float, longest: float) -> Speed:
    """``rate``, or the exact rate that cannot be told from it: within three standard errors, :data:`CLOSEST`, or
    :data:`INAUDIBLE` seconds over the ``longest`` line (seconds)."""
    tolerance = min(max(3 * sigma, CLOSEST, INAUDIBLE / max(longest, 1.0)), 3e-4)
    nearest = min(KNOWN, key=lambda k: abs(float(k) - rate))
    if abs(float(nearest) - rate) <= tolerance:
        return Speed(float(nearest), sigma, True)
    return Speed(rate, sigma, False)


def pitch_votes(original: Array, dub: Array, rate: float, sample_rate: int) -> tuple[float, float]:
    """How well spectra agree when the dub's pitch is taken as moved by ``rate`` and as kept: two correlations in [-1, 1].

    ``original`` is the sound of a moment, ``dub`` the same moment as it is in the dub (1/rate as long).
    """
    own = _log_spectrum(original, sample_rate, 1.0)
    return _correlation(own, _log_spectrum(dub, sample_rate, rate)), _correlation(
        own, _log_spectrum(dub, sample_rate, 1.0)
    )


def _log_spectrum(samples: Array, sample_rate: int, scale: float) -> NDArray[np.float64]:
    """(frames, points): detrended level on a logarithmic axis of frequency, 100 points an octave, of eight stretches."""
    n = max(256, len(samples) // 8)
    freqs = 110.0 * 2 ** (np.arange(500) / 100) * scale
    frames = []
    for k in range(len(samples) // n):
        piece = samples[k * n : (k + 1) * n] * np.hanning(n)
        level = np.log(np.abs(np.fft.rfft(piece, 1 << 16)) ** 2 + 1e-9)
        line = np.interp(freqs, np.arange(len(level)) * sample_rate / (1 << 16), level)
        smooth = np.convolve(np.pad(line, 50, mode="edge"), np.ones(101) / 101, mode="valid")
        frames.append(line - smooth)
    return np.array(frames)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    n = min(len(a), len(b))
    x, y = a[:n].ravel(), b[:n].ravel()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else 0.0
