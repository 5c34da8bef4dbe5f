"""Where a line ends: to a few hundredths of a second where the sound says so, else at the least harmful place.

Two features d, o of unit variance that belong together with correlation ρ have the log-likelihood ratio
``(ρ·d·o − ρ²·(d² + o²)/2) / (1 − ρ²) − ln(1 − ρ²)/2`` against two that do not (bivariate normal). Summed over bands and frames
it grows while a line is right and falls where the dub holds something else; the boundaries are where the sum is largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Span
from syncdub.correlation import Array, Array16
from syncdub.timemap import Line

Floats = NDArray[np.float64]
RHOS = (0.02, 0.06, 0.12, 0.25, 0.45, 0.7, 0.9)
DEPENDENT = 6.0
"""Neighbouring frames overlap by two thirds and bands by half: this many values say as much as one."""
CHOOSE_SECONDS = 1.5
"""The correlation is estimated over this long around each frame."""
EXTRA_GAP = 40.0
"""A gap in both files at one join needs this many nats more than a plain cut or a plain insertion."""
FOREIGN = 12.0
"""The ends of the dub are kept unless what lies there speaks against it by this much, nats."""
RELIABLE, RELIABLE_SHARE = 0.1, 0.03
"""A hole is believed only where all but this share of the other stretches have at least this correlation."""
SHARED = 4.0
"""A correlation this many standard errors above none is no accident."""
DEAD_DB = -75.0
"""Under this level (dBFS) there is digital silence."""
AGAINST_SILENCE = 0.2
"""Nats a frame against a line where only the dub is silent."""
OVERHANG = 10.0
"""Seconds by which the windows that made a line may hang over its ends."""
HOLE, HOLE_SECONDS = 60.0, 2.0
"""Something else inside a line of one offset: at least this much evidence (nats) and this long."""
OUTSIDE = 1.0
"""Nats a frame against a line where it leaves the original."""
AMBIGUOUS = 3.0
"""Places whose sums differ by less (nats) are equally good; the quietest of them is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """Onset features (n, bands) of the original and of the dub at the original's pace, every ``step`` seconds; ``level`` is
    the dub's loudness in dB a frame, ``original_level`` the original's; ``second`` another layer of original and dub, if any."""

    original: Array16
    dub: Array16
    level: Array
    original_level: Array
    step: float
    second: tuple[Array16, Array16] | None = None

    @property
    def end(self) -> float:
        return len(self.dub) * self.step


def evidence(sounds: Sounds, line: Line, low: float, high: float, weak: float = 0.1) -> Floats:
    """Nats for ``line`` in every frame of the dub between ``low`` and ``high`` (seconds at the original's pace).

    ``weak`` is the share of the line that is expected to be hardly like the original; see :func:`lowest_correlation`."""
    first, last = max(0, round(low / sounds.step)), min(len(sounds.dub), round(high / sounds.step))
    if last <= first:
        return np.zeros(0)
    out = _layer_evidence((sounds.original, sounds.dub), sounds.step, line, (first, last), weak)
    if sounds.second is not None:
        out += _layer_evidence(sounds.second, sounds.step, line, (first, last), weak)
    return _inside(_with_silence(out, sounds, line, first), sounds, line, first)


def _layer_evidence(
    pair: tuple[Array16, Array16], step: float, line: Line, frames: tuple[int, int], weak: float
) -> Floats:
    first, last = frames
    n_bands = pair[0].shape[1]
    cross, power = _products(pair, step, line, frames)
    floor = lowest_correlation(*_products(pair, step, line, _core(line, step, len(pair[1]))), weak)
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
    return out


def _with_silence(nats: Floats, sounds: Sounds, line: Line, first: int) -> Floats:
    """Digital silence in the dub where the original sounds speaks against a line; where both are silent nothing is said."""
    frames = np.arange(first, first + len(nats))
    shift = round(line.offset_at((first + len(nats) / 2) * sounds.step) / sounds.step)
    place = np.clip(frames + shift, 0, max(len(sounds.original_level) - 1, 0))
    dead = sounds.level[frames] < DEAD_DB
    sounding = sounds.original_level[place] > DEAD_DB + 15.0
    return np.where(dead, np.where(sounding, np.minimum(nats, -AGAINST_SILENCE), 0.0), nats)


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
    """d·o and d² + o² of each frame, features brought to unit variance; in stretches, so memory stays small."""
    first, last = frames
    own, other = pair
    cross, power = np.zeros(last - first), np.zeros(last - first)
    spread_own, spread_dub = (
        np.sqrt(max(float(np.mean(np.square(x[:: max(1, len(x) // 5000)].astype(np.float32)))), 1e-3)) for x in pair
    )
    for a in range(first, last, 20000):
        b = min(a + 20000, last)
        now = np.arange(a, b)
        shift = np.array([line.offset_at(f * step) for f in (a, b)])
        place = np.rint(now + np.interp(now, (a, b), shift) / step).astype(np.int64)
        inside = (place >= 0) & (place < len(own))
        dub = other[a:b].astype(np.float32) / spread_dub
        original = own[np.clip(place, 0, max(len(own) - 1, 0))].astype(np.float32) / spread_own
        original[~inside] = 0.0
        cross[a - first : b - first] = (dub * original).sum(axis=1)
        power[a - first : b - first] = np.square(dub).sum(axis=1) + np.square(original).sum(axis=1)
    return cross, power


def lowest_correlation(cross: Floats, power: Floats, weak: float) -> float:
    """Half the correlation that all but the share ``weak`` of the 2 s stretches reach: what is clearly under it is something else."""
    return float(np.quantile(_stretches(cross, power), weak)) / 2


def _stretches(cross: Floats, power: Floats) -> Floats:
    if not len(cross):
        return np.zeros(1)
    n = max(1, len(cross) // 200)
    parts = [slice(k * len(cross) // n, (k + 1) * len(cross) // n) for k in range(n)]
    return np.array([2 * cross[p].sum() / max(power[p].sum(), 1e-6) for p in parts])


def _smoothed(values: Floats, size: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    low = np.maximum(np.arange(len(values)) - size // 2, 0)
    high = np.minimum(np.arange(len(values)) + size // 2 + 1, len(values))
    out: Floats = (total[high] - total[low]) / (high - low)
    return out


def bounded(lines: Sequence[Line], sounds: Sounds, original_end: float, quiet: Sequence[float] = ()) -> list[Line]:
    """The lines with their true ends: the file's ends, the joins between them, and holes where the dub holds something else.

    ``quiet`` are preferred moments of the dub (shot cuts), seconds at the original's pace.
    """
    left = [line for line in lines if line.end > line.start]
    while left:
        placed = _ends(left, sounds, original_end, quiet)
        real = [_holds(line, sounds) for line in placed]
        if all(real):
            return [part for line in placed for part in without_holes(line, sounds)]
        # A line that nothing is left of must not decide where its neighbours end.
        left = [line for line, holds in zip(left, real, strict=True) if holds]
    return []


def _ends(lines: Sequence[Line], sounds: Sounds, original_end: float, quiet: Sequence[float]) -> list[Line]:
    out = list(lines)
    for i in range(len(out) - 1):
        end, start = join(out[i], out[i + 1], sounds, quiet)
        out[i], out[i + 1] = replace(out[i], end=end), replace(out[i + 1], start=start)
    out[0] = replace(out[0], start=_first(out[0], sounds))
    out[-1] = replace(out[-1], end=_last(out[-1], sounds, original_end))
    return out


def _holds(line: Line, sounds: Sounds) -> bool:
    """Whether there is something of ``line`` between its ends, and more for it than against it."""
    if line.end - line.start <= 2 * sounds.step:
        return False
    return float(evidence(sounds, line, line.start, line.end).sum()) > 0.0


def _first(line: Line, sounds: Sounds) -> float:
    """Where the first line begins: as early as both files have something, unless that is something else."""
    low = max(0.0, -line.offset_at(0.0))
    nats = evidence(sounds, line, low, line.end)
    if not len(nats):
        return max(low, line.start)
    total = np.cumsum(nats[::-1])[::-1]
    best = int(total.argmax())
    return low if total[0] >= total[best] - FOREIGN else low + best * sounds.step


def _last(line: Line, sounds: Sounds, original_end: float) -> float:
    high = min(sounds.end, original_end - line.offset_at(original_end - line.offset))
    nats = evidence(sounds, line, line.start, high)
    if not len(nats):
        return min(high, line.end)
    total = np.cumsum(nats)
    best = int(total.argmax())
    return high if total[-1] >= total[best] - FOREIGN else line.start + (best + 1) * sounds.step


def join(a: Line, b: Line, sounds: Sounds, quiet: Sequence[float]) -> tuple[float, float]:
    """End of ``a`` and start of ``b``: a cut (the dub goes on), an insertion (the original goes on), or a gap in both."""
    low, high = max(a.start, 0.0), min(b.end, sounds.end)
    for_a, for_b = evidence(sounds, a, low, high), evidence(sounds, b, low, high)
    n = min(len(for_a), len(for_b))
    if n < 2:
        return a.end, max(a.end, b.start)
    upto_a = np.concatenate([[0.0], np.cumsum(for_a[:n])])
    from_b = np.concatenate([np.cumsum(for_b[:n][::-1])[::-1], [0.0]])
    middle = (min(a.end, high) + max(b.start, low)) / 2
    gap = max(0, round((a.offset_at(middle) - b.offset_at(middle)) / sounds.step))
    gap = min(gap, n)
    plain = upto_a[: n + 1 - gap] + from_b[gap:]
    best_before = np.maximum.accumulate(upto_a[: n + 1 - gap])
    free = best_before + from_b[gap:]
    y = int(free.argmax()) + gap
    x = _settled(plain, sounds, low, gap, quiet)
    end, start = low + x * sounds.step, low + (x + gap) * sounds.step
    if free.max() <= plain.max() + EXTRA_GAP:
        return end, start
    earlier, later = low + int(upto_a[: y - gap + 1].argmax()) * sounds.step, low + y * sounds.step
    # Loud voices over a soft bed speak against a line, too; what they cover is a gap only where nothing is shared.
    if earlier < end and not _something_shared(sounds, a, earlier, end):
        end = earlier
    if later > start and not _something_shared(sounds, b, start, later):
        start = later
    return end, start


def _settled(plain: Floats, sounds: Sounds, low: float, gap: int, quiet: Sequence[float]) -> int:
    """Of the equally likely places, the one at a preferred moment, else the quietest on both sides of the join."""
    best = int(plain.argmax())
    good = plain >= plain[best] - AMBIGUOUS
    left, right = best, best
    while left > 0 and good[left - 1]:
        left -= 1
    while right < len(good) - 1 and good[right + 1]:
        right += 1
    times = low + np.arange(left, right + 1) * sounds.step
    marked = [q for q in quiet if times[0] - sounds.step <= q <= times[-1] + sounds.step]
    if marked:
        return left + int(np.abs(times - min(marked, key=lambda q: abs(q - (low + best * sounds.step)))).argmin())
    first = round(low / sounds.step)
    level = np.concatenate([sounds.level, np.full(2, -100.0, np.float32)])
    frames = np.minimum(first + np.arange(left, right + 1), len(level) - 1)
    loud = np.maximum(level[frames], level[np.minimum(frames + gap, len(level) - 1)])
    away = np.abs(np.arange(left, right + 1) - best) * 0.05
    return left + int((np.maximum(loud, -80.0) + away).argmin())


def without_holes(line: Line, sounds: Sounds) -> list[Line]:
    """``line`` without the stretches in which the dub clearly holds something else though the offset goes on."""
    nats = evidence(sounds, line, line.start, line.end, 0.3)
    if not len(nats):
        return [line]
    a, b, depth = _deepest(nats)
    start, end = line.start + a * sounds.step, line.start + b * sounds.step
    if depth < HOLE or end - start < HOLE_SECONDS or not _is_hole(sounds, line, start, end):
        return [line]
    parts = [replace(line, end=start), replace(line, start=end)]
    return [p for part in parts if part.end - part.start > 1.0 for p in without_holes(part, sounds)]


def _is_hole(sounds: Sounds, line: Line, start: float, end: float) -> bool:
    """Whether the dub is silent between ``start`` and ``end``, or unlike the line's place while all the rest is like it.

    Voices without music say nothing: a line with more such places has no holes.
    """
    level = sounds.level[max(0, round(start / sounds.step)) : round(end / sounds.step)]
    if len(level) and np.mean(level < DEAD_DB) > 0.9:
        return True
    if _something_shared(sounds, line, start, end):
        return False
    rest = [Span(line.start, start), Span(end, line.end)]
    pair = (sounds.original, sounds.dub)
    like = [_correlations(pair, sounds.step, line, s) for s in rest if s.duration > 2.0]
    return bool(like) and float(np.quantile(np.concatenate(like), RELIABLE_SHARE)) >= RELIABLE


def _correlations(pair: tuple[Array16, Array16], step: float, line: Line, span: Span) -> Floats:
    """Correlation of each 2 s of ``span``."""
    cross, power = _products(
        pair, step, line, (max(0, round(span.start / step)), min(len(pair[1]), round(span.end / step)))
    )
    return _stretches(cross, power)


def _something_shared(sounds: Sounds, line: Line, start: float, end: float) -> bool:
    """Whether what the dub holds between ``start`` and ``end`` correlates with the line's place at all, however weakly."""
    frames = max(0, round(start / sounds.step)), min(len(sounds.dub), round(end / sounds.step))
    for pair in [(sounds.original, sounds.dub), *([sounds.second] if sounds.second else [])]:
        cross, power = _products(pair, sounds.step, line, frames)
        n = len(cross) * pair[0].shape[1] / DEPENDENT
        if 2 * cross.sum() / max(power.sum(), 1e-6) > SHARED / max(n, 1.0) ** 0.5:
            return True
    return False


def _deepest(nats: Floats) -> tuple[int, int, float]:
    """The stretch whose sum is most negative: first frame, end frame, depth."""
    total = np.concatenate([[0.0], np.cumsum(nats)])
    fall = np.maximum.accumulate(total) - total
    end = int(fall.argmax())
    start = int(total[: end + 1].argmax())
    return start, end, float(fall[end])


def silent(level: Array, step: float, under: float, shortest: float) -> list[Span]:
    """Stretches in which ``level`` (dB a frame) stays under ``under`` for at least ``shortest`` seconds."""
    quiet = np.concatenate([[False], level < under, [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    spans = [Span(a * step, b * step) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [s for s in spans if s.duration >= shortest]
