"""How like each other the two sounds are along a line: evidence for it in every frame, and what is shared in a stretch.

Two features d, o of unit variance that belong together with correlation ρ have the log-likelihood ratio
``(ρ·d·o − ρ²·(d² + o²)/2) / (1 − ρ²) − ln(1 − ρ²)/2`` against two that do not (bivariate normal). Summed over bands and frames
it grows while a line is right and falls where the dub holds something else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.values import Span
from syncdub.exact.correlation import Array, Array16, singles
from syncdub.exact.timemap import Line

Floats = NDArray[np.float64]
RHOS = (0.02, 0.06, 0.12, 0.25, 0.45, 0.7, 0.9)
DEPENDENT = 6.0
"""Neighbouring frames overlap by two thirds and bands by half: this many values say as much as one."""
CHOOSE_SECONDS = 1.5
"""The correlation is estimated over this long around each frame."""
SHARED = 4.0
"""A correlation this many standard errors above none is no accident."""
DEAD_DB = -75.0
"""Under this level (dBFS) there is digital silence."""
STILL_DB, STILL_LESS, STILL_SECONDS = -62.0, 25.0, 2.0
"""A dub that stays under this level, and this much under the original (dB), for this long has nothing of it."""
ONE_SIDED = 0.5
"""Two lines for the same frames: nats a frame, at most, against the one that has only one file sounding there."""
AGAINST_SILENCE = 0.2
"""Nats a frame against a line where only the dub is silent."""
OVERHANG = 10.0
"""Seconds by which the windows that made a line may hang over its ends."""
FAINT = 0.05
"""Share of the usual power of features under which nothing is heard: a codec leaves traces of loud voices everywhere."""
SOFT = (0.02, 0.1)
"""Correlations a soft bed under voices may have."""
NOTHING_DB, TRACES_DB = -70.0, -36.0
"""A layer this soft (dBFS) holds noise, and this far under the mix (dB) what a codec leaves of it, not music."""
OUTSIDE = 1.0
"""Nats a frame against a line where it leaves the original."""


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """Onset features (n, bands) of the original and of the dub at the original's pace, every ``step`` seconds; ``level`` is
    the dub's loudness in dB a frame, ``original_level`` the original's; ``heard`` and ``original_heard`` (n,) say where the layer
    that the features are of holds anything; ``second`` are features of another layer of original and dub, if any."""

    original: Array16
    dub: Array16
    level: Array
    original_level: Array
    heard: NDArray[np.bool_]
    original_heard: NDArray[np.bool_]
    step: float
    second: tuple[Array16, Array16] | None = None

    @property
    def end(self) -> float:
        return len(self.dub) * self.step


def anything(level: Array, whole: Array, step: float) -> NDArray[np.bool_]:
    """(n,) where a layer of loudness ``level`` holds anything, ``whole`` being that of the mix, both in dB a frame."""
    size = max(3, round(CHOOSE_SECONDS / step))
    own, mix = (
        10 * np.log10(np.maximum(_smoothed(10 ** (x.astype(np.float64) / 10), size), 1e-12)) for x in (level, whole)
    )
    return np.asarray(own > np.maximum(NOTHING_DB, mix + TRACES_DB), np.bool_)


def evidence(
    sounds: Sounds,
    line: Line,
    low: float,
    high: float,
    weak: float = 0.1,
    *,
    sure: Line | None = None,
    silence: bool = True,
    alone: bool = True,
) -> Floats:
    """Nats for ``line`` in every frame of the dub between ``low`` and ``high`` (seconds at the original's pace).

    ``weak`` is the share of the line that is expected to be hardly like the original; see :func:`lowest_correlation`.
    ``sure`` is the line with ends already known, from which it is learnt how like its place it is.
    ``silence`` says whether silence in the dub alone speaks against the line. There is no evidence where neither file holds
    anything. A line judged ``alone`` has none where one of them holds nothing; of two lines for the same frames, the one whose
    place is empty must not win by saying nothing.
    """
    first, last = max(0, round(low / sounds.step)), min(len(sounds.dub), round(high / sounds.step))
    if last <= first:
        return np.zeros(0)
    here, there = _heard(sounds, line, first, last)
    nats, like = _layer_evidence((sounds.original, sounds.dub), sounds, (line, sure or line), (first, last), weak)
    heard = here & there & like
    out = np.where(heard, nats, 0.0)
    if not alone:
        out = np.where(here ^ there, np.clip(nats, -ONE_SIDED, 0.0), out)
    if sounds.second is not None:
        # Where the bed is silent in both, the mixes are voices alone: that they differ says nothing.
        nats, like = _layer_evidence(sounds.second, sounds, (line, sure or line), (first, last), weak)
        out += np.where(heard & like, nats, 0.0)
    return _inside(_with_silence(out, sounds, line, first) if silence else out, sounds, line, first)


def _heard(sounds: Sounds, line: Line, first: int, last: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """In which frames of the dub between ``first`` and ``last`` it holds anything, and in which the line's place does."""
    frames = np.arange(first, last)
    place = frames + round(line.offset_at((first + last) / 2 * sounds.step) / sounds.step)
    inside = (place >= 0) & (place < len(sounds.original_heard))
    there = inside & sounds.original_heard[np.clip(place, 0, max(len(sounds.original_heard) - 1, 0))]
    return sounds.heard[first:last], there


def _layer_evidence(
    pair: tuple[Array16, Array16], sounds: Sounds, lines: tuple[Line, Line], frames: tuple[int, int], weak: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Nats of every frame, and in which something happens in both files; the second of ``lines`` is the part that is sure."""
    line, sure = lines
    first, last = frames
    step, n_bands = sounds.step, pair[0].shape[1]
    cross, powers = _products(pair, step, line, frames)
    power = powers.sum(axis=0)
    floor = lowest_correlation(*_audible(pair, sounds, line, _core(sure, step, len(pair[1]))), weak, FAINT * n_bands)
    size = max(3, round(CHOOSE_SECONDS / step))
    best = np.full(last - first, -np.inf)
    out = np.zeros(last - first)
    for rho in [r for r in RHOS if r >= floor] or [RHOS[-1]]:
        r2 = 1 - rho * rho
        nats = ((rho * cross - rho * rho * power / 2) / r2 - n_bands * np.log(r2) / 2) / DEPENDENT
        smooth = _smoothed(nats, size)
        better = smooth > best
        best = np.where(better, smooth, best)
        out = np.where(better, nats, out)
    heard = np.minimum(_smoothed(powers[0], size), _smoothed(powers[1], size)) > FAINT * n_bands
    return out, heard


def _with_silence(nats: Floats, sounds: Sounds, line: Line, first: int) -> Floats:
    """Silence in the dub where the original sounds speaks against a line; where both are silent nothing is said."""
    frames = np.arange(first, first + len(nats))
    absent = absent_frames(sounds, line, first, first + len(nats))
    dead = sounds.level[frames] < DEAD_DB
    return np.where(absent, np.minimum(nats, -AGAINST_SILENCE), np.where(dead, 0.0, nats))


def absent_frames(sounds: Sounds, line: Line, first: int, last: int) -> NDArray[np.bool_]:
    """In which frames of the dub between ``first`` and ``last`` nothing is heard for a while though the original sounds, and not
    with voices alone."""
    margin = round(STILL_SECONDS / sounds.step)
    low, high = max(0, first - margin), min(len(sounds.level), last + margin)
    frames = np.arange(low, high)
    shift = round(line.offset_at((first + last) / 2 * sounds.step) / sounds.step)
    place = np.clip(frames + shift, 0, max(len(sounds.original_level) - 1, 0))
    # Closing fills every dip that is shorter; what stays low is silent throughout, to the frame.
    dub, original = (ndimage.grey_closing(x, margin) for x in (sounds.level[low:high], sounds.original_level[place]))
    out = (dub < STILL_DB) & (original > dub + STILL_LESS)
    return np.asarray(out[first - low : last - low] & _heard(sounds, line, first, last)[1], np.bool_)


def _inside(nats: Floats, sounds: Sounds, line: Line, first: int) -> Floats:
    """Nothing of the dub belongs before the original begins or after it ends."""
    shift = round(line.offset_at((first + len(nats) / 2) * sounds.step) / sounds.step)
    place = np.arange(first, first + len(nats)) + shift
    outside = (place < -1) | (place > len(sounds.original_level))
    return np.where(outside, -OUTSIDE, nats)


def _core(line: Line, step: float, n: int) -> tuple[int, int]:
    """Frames of the part of ``line`` that surely belongs to it: its windows may hang over its ends by half."""
    margin = min(OVERHANG, (line.end - line.start) / 4)
    low = min(max(0, round((line.start + margin) / step)), n)
    return low, max(low, min(n, round((line.end - margin) / step)))


def _products(pair: tuple[Array16, Array16], step: float, line: Line, frames: tuple[int, int]) -> tuple[Floats, Floats]:
    """d·o (n,) and o², d² (2, n) of each frame, features brought to unit variance; in stretches, so memory stays small."""
    first, last = frames
    own, other = pair
    cross, powers = np.zeros(last - first), np.zeros((2, last - first))
    spread_own, spread_dub = (
        np.sqrt(max(float(np.mean(np.square(x[:: max(1, len(x) // 5000)].astype(np.float32)))), 1e-3)) for x in pair
    )
    for a in range(first, last, 20000):
        b = min(a + 20000, last)
        now = np.arange(a, b)
        shift = np.array([line.offset_at(f * step) for f in (a, b)])
        place = np.rint(now + np.interp(now, (a, b), shift) / step).astype(np.int64)
        inside = (place >= 0) & (place < len(own))
        dub = singles(other[a:b])
        original = singles(own[np.clip(place, 0, max(len(own) - 1, 0))])
        original[~inside] = 0.0
        products = (np.einsum("ij,ij->i", *x) for x in ((dub, original), (original, original), (dub, dub)))
        cross[a - first : b - first], powers[0, a - first : b - first], powers[1, a - first : b - first] = products
    cross /= spread_own * spread_dub
    powers /= np.square([[spread_own], [spread_dub]])
    return cross, powers


def _audible(
    pair: tuple[Array16, Array16], sounds: Sounds, line: Line, frames: tuple[int, int]
) -> tuple[Floats, Floats]:
    """:func:`_products`, nothing where one of the files holds nothing."""
    cross, powers = _products(pair, sounds.step, line, frames)
    here, there = _heard(sounds, line, *frames)
    return np.where(here & there, cross, 0.0), np.where(here & there, powers, 0.0)


def lowest_correlation(cross: Floats, powers: Floats, weak: float, faint: float) -> float:
    """Half the correlation that all but the share ``weak`` of the 2 s stretches reach: what is clearly under it is something else."""
    found = _stretches(cross, powers, faint)
    return float(np.quantile(found, weak)) / 2 if len(found) else 0.0


def _stretches(cross: Floats, powers: Floats, faint: float) -> Floats:
    """Correlations of the stretches of 2 s in which the mean power of both files is over ``faint``."""
    n = max(1, len(cross) // 200)
    found = []
    for k in range(n):
        part = slice(k * len(cross) // n, (k + 1) * len(cross) // n)
        total = powers[:, part].sum(axis=1)
        if total.min() > faint * max(part.stop - part.start, 1):
            found.append(2 * cross[part].sum() / total.sum())
    return np.array(found)


def _smoothed(values: Floats, size: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    low = np.maximum(np.arange(len(values)) - size // 2, 0)
    high = np.minimum(np.arange(len(values)) + size // 2 + 1, len(values))
    out: Floats = (total[high] - total[low]) / (high - low)
    return out


def correlations(pair: tuple[Array16, Array16], step: float, line: Line, span: Span) -> Floats:
    """Correlation of each 2 s of ``span``."""
    cross, powers = _products(
        pair, step, line, (max(0, round(span.start / step)), min(len(pair[1]), round(span.end / step)))
    )
    return _stretches(cross, powers, FAINT * pair[0].shape[1])


def soft_evidence(sounds: Sounds, line: Line, low: float, high: float) -> Floats:
    """Nats as :func:`evidence`, for half the correlation the line has as a whole: what is shared under loud voices still gains."""
    step = sounds.step
    first, last = max(0, round(low / step)), min(len(sounds.dub), round(high / step))
    cross, powers = _products((sounds.original, sounds.dub), step, line, _core(line, step, len(sounds.dub)))
    rho = float(np.clip(cross.sum() / max(powers.sum(), 1e-6), *SOFT))
    cross, powers = _products((sounds.original, sounds.dub), step, line, (first, max(first, last)))
    r2, n_bands = 1 - rho * rho, sounds.dub.shape[1]
    nats = ((rho * cross - rho * rho * powers.sum(axis=0) / 2) / r2 - n_bands * np.log(r2) / 2) / DEPENDENT
    return np.where(_smoothed(powers.min(axis=0), round(CHOOSE_SECONDS / step)) > FAINT * n_bands, nats, 0.0)


def something_shared(sounds: Sounds, line: Line, start: float, end: float) -> bool:
    """Whether what the dub holds between ``start`` and ``end`` correlates with the line's place at all, however weakly."""
    frames = max(0, round(start / sounds.step)), min(len(sounds.dub), round(end / sounds.step))
    for pair in [(sounds.original, sounds.dub), *([sounds.second] if sounds.second else [])]:
        cross, powers = _products(pair, sounds.step, line, frames)
        n = len(cross) * pair[0].shape[1] / DEPENDENT
        if 2 * cross.sum() / max(powers.sum(), 1e-6) > SHARED / max(n, 1.0) ** 0.5:
            return True
    return False
