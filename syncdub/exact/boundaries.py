"""Where a line ends: to a few hundredths of a second where the sound says so, else at the least harmful place.

The evidence for a line (see :mod:`syncdub.exact.likeness`) grows while it is right and falls where the dub holds something else; the
boundaries are where its sum is largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import fft

from pipeline.lanes import in_lanes
from pipeline.values import Span, runs
from syncdub.exact.correlation import Array
from syncdub.exact.likeness import (
    STILL_SECONDS,
    Floats,
    Sounds,
    absent_frames,
    correlations,
    evidence,
    soft_evidence,
    something_shared,
)
from syncdub.exact.phase import Samples
from syncdub.exact.timemap import BELIEVED, Line

EXTRA_GAP = 40.0
"""A gap in both files at one join needs this many nats more than a plain cut or a plain insertion."""
FOREIGN = 12.0
"""The ends of the dub are kept unless what lies there speaks against it by this much, nats."""
RELIABLE = 0.1
"""Two seconds with a lower correlation are unlike the line's place; voices without music are, too."""
HEARD = 0.7
"""In this share of a hole both files must have something to compare: voices without music differ anyway."""
HOLE_TIMES, HOLE_TIMES_MIX = 3.0, 6.0
"""A hole is believed only if it is this many times as long as any other unlike stretch of its line: where the sound around the
voices is compared, and where only the mixes are."""
HOLE, HOLE_SECONDS = 60.0, 8.0
"""Something else inside a line of one offset: at least this much evidence (nats) and this long. What is shorter is rather a
loud voice, and a few foreign seconds of the right length do less harm than a hole in a sentence."""
SHORTEST_LINE = 0.5
"""A line of fewer seconds is a chance hit between two others."""
AROUND, ORDER = 400, 12
"""Samples (25 ms at 16 kHz) on each side of a break, and of how many each is predicted."""
AMBIGUOUS = 3.0
"""Places whose sums differ by less (nats) are equally good; the quietest of them is taken."""


def bounded(lines: Sequence[Line], sounds: Sounds, original_end: float, quiet: Sequence[float] = ()) -> list[Line]:
    """The lines with their true ends: the file's ends, the joins between them, and holes where the dub holds something else.

    ``quiet`` are preferred moments of the dub (shot cuts), seconds at the original's pace.
    """
    left = [line for line in lines if line.end > line.start]
    while left:
        # What the windows of a line hang over is known only after a first pass, and with it how like its place the line is.
        first = _ends(left, left, sounds, original_end, quiet)
        sure = [_common(a, b) for a, b in zip(left, first, strict=True)]
        placed = _ends(left, sure, sounds, original_end, quiet)
        real = in_lanes(lambda line: _holds(line, sounds), placed)
        if all(real):
            return [part for parts in in_lanes(lambda line: without_holes(line, sounds), placed) for part in parts]
        # A line that nothing is left of must not decide where its neighbours end.
        left = [line for line, holds in zip(left, real, strict=True) if holds]
    return []


def _ends(
    lines: Sequence[Line], sure: Sequence[Line], sounds: Sounds, original_end: float, quiet: Sequence[float]
) -> list[Line]:
    """``lines`` with their ends placed; ``sure`` are the same lines with ends as well as they are known."""
    out = list(lines)
    for i in range(len(out) - 1):
        end, start = join(out[i], out[i + 1], sounds, quiet, (sure[i], sure[i + 1]))
        out[i], out[i + 1] = replace(out[i], end=end), replace(out[i + 1], start=start)
    out[0] = replace(out[0], start=_first(out[0], sure[0], sounds))
    out[-1] = replace(out[-1], end=_last(out[-1], sure[-1], sounds, original_end))
    return out


def _common(found: Line, placed: Line) -> Line:
    """What the windows of a line and its first ends have in common; what the ends add is not yet known to be like its place."""
    start, end = max(found.start, placed.start), min(found.end, placed.end)
    return replace(found, start=start, end=end) if end - start > SHORTEST_LINE else found


def _holds(line: Line, sounds: Sounds) -> bool:
    """Whether there is something of ``line`` between its ends, and more for it than against it."""
    if line.end - line.start < SHORTEST_LINE:
        return False
    return float(evidence(sounds, line, line.start, line.end).sum()) > BELIEVED


def _first(line: Line, sure: Line, sounds: Sounds) -> float:
    """Where the first line begins: as early as both files have something, unless that is something else."""
    low = max(0.0, -line.offset_at(0.0))
    nats = evidence(sounds, line, low, line.end, sure=sure, silence=False)
    if not len(nats):
        return max(low, line.start)
    total = np.cumsum(nats[::-1])[::-1]
    best = int(total.argmax())
    return low if total[0] >= total[best] - FOREIGN else shared_from(sounds, line, low, low + best * sounds.step)


def _last(line: Line, sure: Line, sounds: Sounds, original_end: float) -> float:
    high = min(sounds.end, original_end - line.offset_at(original_end - line.offset))
    nats = evidence(sounds, line, line.start, high, sure=sure, silence=False)
    if not len(nats):
        return min(high, line.end)
    total = np.cumsum(nats)
    best = int(total.argmax())
    end = line.start + (best + 1) * sounds.step
    return high if total[-1] >= total[best] - FOREIGN else shared_until(sounds, line, end, high)


def join(
    a: Line, b: Line, sounds: Sounds, quiet: Sequence[float], sure: tuple[Line, Line] | None = None
) -> tuple[float, float]:
    """End of ``a`` and start of ``b``: a cut (the dub goes on), an insertion (the original goes on), or a gap in both.

    ``sure`` are both lines with ends as well as they are known.
    """
    low, high = max(a.start, 0.0), min(b.end, sounds.end)
    for_a, for_b = in_lanes(
        lambda pair: evidence(sounds, pair[0], low, high, sure=pair[1], alone=False),
        zip((a, b), sure or (a, b), strict=True),
    )
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
    earlier = shared_until(sounds, a, min(earlier, end), end)
    later = shared_from(sounds, b, start, max(later, start))
    return earlier, later


def shared_until(sounds: Sounds, line: Line, end: float, high: float) -> float:
    """How far beyond ``end``, at most to ``high``, the dub still shares something with the line's place, however weakly: loud
    voices over a soft bed speak against a line, too, but they do not make a gap."""
    total = np.cumsum(soft_evidence(sounds, line, end, high))
    best = int(total.argmax()) if len(total) else 0
    return min(high, end + (best + 1) * sounds.step) if len(total) and total[best] > FOREIGN else end


def shared_from(sounds: Sounds, line: Line, low: float, start: float) -> float:
    """The same before ``start``, at the earliest ``low``."""
    total = np.cumsum(soft_evidence(sounds, line, low, start)[::-1])
    best = int(total.argmax()) if len(total) else 0
    return max(low, start - (best + 1) * sounds.step) if len(total) and total[best] > FOREIGN else start


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
    if depth < HOLE or end - start < STILL_SECONDS or not _is_hole(sounds, line, start, end):
        return [line]
    parts = [replace(line, end=start), replace(line, start=end)]
    return [p for part in parts if part.end - part.start > 1.0 for p in without_holes(part, sounds)]


def _is_hole(sounds: Sounds, line: Line, start: float, end: float) -> bool:
    """Whether the dub is silent between ``start`` and ``end``, or unlike the line's place while all the rest is like it.

    Voices without music say nothing: a line with other such places of that length has no holes.
    """
    absent = absent_frames(
        sounds, line, max(0, round(start / sounds.step)), min(len(sounds.level), round(end / sounds.step))
    )
    if len(absent) and absent.mean() > 0.9:
        return True
    if end - start < HOLE_SECONDS or something_shared(sounds, line, start, end):
        return False
    pair = (sounds.original, sounds.dub)
    if 2.0 * len(correlations(pair, sounds.step, line, Span(start, end))) < HEARD * (end - start):
        return False
    rest = [Span(line.start, start), Span(end, line.end)]
    like = [correlations(pair, sounds.step, line, s) for s in rest if s.duration > 2.0]
    times = HOLE_TIMES if sounds.second is not None else HOLE_TIMES_MIX
    return bool(like) and end - start >= times * 2.0 * max(_longest_unlike(x) for x in like)


def _longest_unlike(like: Floats) -> int:
    """The most neighbouring stretches whose correlation is under :data:`RELIABLE`."""
    return int(np.diff(runs(like < RELIABLE), axis=1).max(initial=0))


def _deepest(nats: Floats) -> tuple[int, int, float]:
    """The stretch whose sum is most negative: first frame, end frame, depth."""
    total = np.concatenate([[0.0], np.cumsum(nats)])
    fall = np.maximum.accumulate(total) - total
    end = int(fall.argmax())
    start = int(total[: end + 1].argmax())
    return start, end, float(fall[end])


def silent(level: Array, step: float, under: float, shortest: float) -> list[Span]:
    """Stretches in which ``level`` (dB a frame) stays under ``under`` for at least ``shortest`` seconds."""
    spans = [Span(a * step, b * step) for a, b in runs(level < under).tolist()]
    return [s for s in spans if s.duration >= shortest]


def breaks(samples: Samples, hop: int) -> Floats:
    """(n,) how sharply a sound breaks off at every ``hop`` samples, around 0 where it goes on: by how much (natural logarithm of what is
    left unpredicted) one linear prediction of the :data:`AROUND` samples on both sides does worse than one of each side.

    What a cut puts side by side was not made by one voice; the test is the likelihood ratio of Andre-Obrecht (1988).
    """
    n = len(samples) // hop
    padded = np.pad(samples, (AROUND, AROUND + hop))
    one_side = _unpredicted(np.lib.stride_tricks.sliding_window_view(padded, AROUND)[::hop])
    both = _unpredicted(np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND)[::hop][:n])
    starts = np.arange(n) * hop
    right = _unpredicted(np.lib.stride_tricks.sliding_window_view(padded, AROUND)[starts + AROUND])
    return 2 * both - one_side[:n] - right


def _unpredicted(frames: Samples) -> Floats:
    """(n,) logarithm of the power that a linear prediction (Levinson and Durbin) of each of the frames (n, size) leaves."""
    n, size = frames.shape
    power = np.square(np.abs(fft.rfft(frames * np.hanning(size), 2 * size, axis=1)))
    like: Floats = fft.irfft(power, axis=1)[:, : ORDER + 1] / size
    like[:, 0] = 1.0001 * like[:, 0] + 1e-9
    weights = np.zeros((n, ORDER + 1))
    weights[:, 0], left = 1.0, like[:, 0].copy()
    for k in range(1, ORDER + 1):
        reflected = -(weights[:, :k] * like[:, k:0:-1]).sum(axis=1) / left
        weights[:, : k + 1] += reflected[:, None] * weights[:, k::-1]
        left *= np.maximum(1.0 - reflected * reflected, 1e-6)
    return np.log(np.maximum(left, 1e-10))
