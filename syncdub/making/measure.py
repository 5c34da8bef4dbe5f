"""How far apart two tracks really are, measured on finished sound: an instrument of its own, apart from what made the
plan.

Every window is measured twice: by the phase of what both tracks share (GCC-PHAT, a fraction of a millisecond, needs
the same recording) and by the onsets in mel bands (a few milliseconds, survives re-mixing and stretching). Sign:
positive is a late dub.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.lanes import in_lanes
from syncdub.values import Segment

Samples = NDArray[np.float32]
How = Literal["phase", "onsets"]
ResidualMethod = Literal["shared_sound", "dub_source", "none"]
RATE = 16000
WINDOW = 20.0
SHORTEST = 4.0
SPACING = 2.0
"""Seconds between windows at least: closer ones measure the same sound again."""
REACH = 0.5
"""Offsets are looked for within this many seconds; a finished file is not further off, or it is not finished."""
N_POINTS = 24
AUDIBLE = 1e-3
"""Root mean square (−60 dBFS) under which a window is silence and says nothing."""
ONSET_Z = 5.5
"""Peak of the onsets over the spread of all other lags. Unrelated films and speech reached 4.4 in 110 windows of 20
s, sparse bangs 5.1; shared sound under two languages has a median of 9. A fifth of all windows must pass before
anything is reported."""
PHASE_Z = 14.0
"""The same for phase alone. Unrelated sound reached 12.9 (codec noise and echoes of one film with itself)."""
POLISH_Z = 6.0
"""Phase that says the same as the onsets is the finer of the two."""
AGREE = 0.008
"""Seconds two measures of one window may differ to say the same."""
NEAR = 0.02
BAND = (150.0, 7000.0)
N_FFT, HOP, N_MELS = 512, 64, 32


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """At ``time`` (the finished file's clock) the dub is ``offset_ms`` late; ``z`` is the peak over the spread around
    it."""

    time: float
    offset_ms: float
    z: float
    how: How


@dataclass(frozen=True, slots=True)
class Residual:
    """What was measured on the finished file.

    ``method`` is ``shared_sound`` (original track against dub track: the music and effects both contain),
    ``dub_source`` (nothing shared: the finished dub track against the dub file placed by the plan, which proves the
    edit, not the plan) or ``none``. ``median`` and ``p95`` are of absolute offsets in milliseconds, ``bias`` is the
    median with its sign, ``n`` of ``asked`` windows could be measured.
    """

    method: ResidualMethod
    points: tuple[MeasuredPoint, ...] = ()
    asked: int = 0

    @property
    def n(self) -> int:
        return len(self.points)

    @property
    def median(self) -> float | None:
        return float(np.median([abs(p.offset_ms) for p in self.points])) if self.points else None

    @property
    def p95(self) -> float | None:
        return float(np.percentile([abs(p.offset_ms) for p in self.points], 95)) if self.points else None

    @property
    def bias(self) -> float | None:
        return float(np.median([p.offset_ms for p in self.points])) if self.points else None

    def to_json(self) -> dict[str, Any]:
        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 2)

        return {
            "median": rounded(self.median),
            "p95": rounded(self.p95),
            "bias": rounded(self.bias),
            "n": self.n,
            "asked": self.asked,
            "method": self.method,
            "points": [
                {"time": round(p.time, 2), "offset_ms": round(p.offset_ms, 2), "how": p.how} for p in self.points
            ],
        }


Fetch = Callable[[float, float], Samples]
"""``fetch(start, seconds)``: mono samples at :data:`RATE`."""


def measure(a: Fetch, b: Fetch, windows: Sequence[tuple[float, float]], method: ResidualMethod) -> Residual:
    """Offsets of ``b`` against ``a`` in every (start, seconds) of ``windows``; too few measurable ones make it
    ``none``."""
    found = in_lanes(lambda window: offset(a(*window), b(*window)), windows)
    points = [
        MeasuredPoint(start + seconds / 2, at[0] * 1000, at[1], at[2])
        for (start, seconds), at in zip(windows, found, strict=True)
        if at is not None
    ]
    enough = bool(points) and len(points) >= max(min(3, len(windows)), len(windows) / 5)
    return Residual(method if enough else "none", tuple(points) if enough else (), len(windows))


def windows(segments: Sequence[Segment], n: int = N_POINTS) -> tuple[tuple[float, float], ...]:
    """``n`` windows (start, seconds) spread over what the segments cover of the original, none across a join."""
    lengths = [s.original_end - s.original_start for s in segments]
    usable = [(s, length) for s, length in zip(segments, lengths, strict=True) if length >= SHORTEST]
    total = sum(length for _, length in usable)
    if not usable:
        return ()
    out = []
    for segment, length in usable:
        seconds = min(WINDOW, length)
        share = max(1, min(round(n * length / total), round((length - seconds) / SPACING) + 1))
        starts = np.linspace(segment.original_start, segment.original_end - seconds, share) if share > 1 else [
            segment.original_start + (length - seconds) / 2
        ]  # fmt: skip
        out += [(float(start), seconds) for start in starts]
    return tuple(out)


def offset(a: Samples, b: Samples) -> tuple[float, float, How] | None:
    """(seconds ``b`` is later than ``a``, z, how), ``None`` where the two share nothing that could be measured."""
    n = min(len(a), len(b))
    if n < SHORTEST * RATE * 0.9 or min(_loudness(a[:n]), _loudness(b[:n])) < AUDIBLE:
        return None
    fine, fine_z = phase_offset(a[:n], b[:n])
    coarse, coarse_z = onset_offset(a[:n], b[:n])
    agree = abs(fine - coarse) <= AGREE
    if fine_z >= PHASE_Z and (agree or coarse_z < ONSET_Z):
        return fine, fine_z, "phase"
    if coarse_z < ONSET_Z:
        return None
    return (fine, coarse_z, "phase") if agree and fine_z >= POLISH_Z else (coarse, coarse_z, "onsets")


def phase_offset(a: Samples, b: Samples) -> tuple[float, float]:
    """Generalised cross-correlation with phase transform (Knapp and Carter, 1976): (seconds, z). A polarity flip does
    not matter."""
    size = 1 << int(np.ceil(np.log2(len(a) + REACH * RATE)))
    taper = np.hanning(len(a)).astype(np.float32)
    cross = fft.rfft(b * taper, size) * np.conj(fft.rfft(a * taper, size))
    frequency = fft.rfftfreq(size, 1 / RATE)
    cross[(frequency < BAND[0]) | (frequency > BAND[1])] = 0.0
    cross /= np.abs(cross) + 1e-3 * np.abs(cross).mean() + 1e-20
    return _peak(np.abs(_around_zero(fft.irfft(cross, size), round(REACH * RATE))), 1 / RATE)


def onset_offset(a: Samples, b: Samples) -> tuple[float, float]:
    """Cross-correlation of half-wave rectified changes of level in mel bands: (seconds, z)."""
    fa, fb = onsets(a), onsets(b)
    n = min(len(fa), len(fb))
    reach = round(REACH * RATE / HOP)
    size = 1 << int(np.ceil(np.log2(n + reach)))
    cross = fft.rfft(fb[:n], size, axis=0) * np.conj(fft.rfft(fa[:n], size, axis=0))
    return _peak(_around_zero(fft.irfft(cross.sum(axis=1), size), reach), HOP / RATE)


def onsets(samples: Samples) -> NDArray[np.float64]:
    """(frames, bands): how much louder each mel band became, decibels, limited to 12, spread 1, mean 0."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, N_FFT)[::HOP]
    power = np.square(np.abs(fft.rfft(frames * np.hanning(N_FFT).astype(np.float32), axis=1))) @ _mels()
    level = 10 * np.log10(np.maximum(power, power.max() * 1e-7 + 1e-20))
    rise = np.zeros_like(level)
    step = N_FFT // HOP // 4
    rise[step:-step] = np.clip(level[2 * step :] - level[: -2 * step], 0.0, 12.0)
    rise -= rise.mean(axis=0)
    return np.asarray(rise / (rise.std(axis=0) + 0.5), np.float64)


def _mels() -> NDArray[np.float64]:
    """(N_FFT/2+1, N_MELS) triangles, evenly spaced on O'Shaughnessy's mel scale."""
    low, high = (2595 * np.log10(1 + f / 700) for f in BAND)
    edges = 700 * (10 ** (np.linspace(low, high, N_MELS + 2) / 2595) - 1)
    f = fft.rfftfreq(N_FFT, 1 / RATE)[:, None]
    rising = (f - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - f) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), np.float64)


def _around_zero(correlation: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    return np.concatenate([correlation[-reach:], correlation[: reach + 1]])


def _peak(curve: NDArray[np.float64], step: float) -> tuple[float, float]:
    """(seconds of the maximum from the middle, its height over the spread of what is not near it)."""
    top = int(np.argmax(curve))
    margin = max(2, round(NEAR / step))
    rest = np.concatenate([curve[: max(0, top - margin)], curve[top + margin + 1 :]])
    middle = float(np.median(rest))
    spread = float(np.sqrt(np.mean(np.square(rest - middle)))) + 1e-12
    shift = 0.0
    if 0 < top < len(curve) - 1:
        left, at, right = curve[top - 1 : top + 2]
        bend = left - 2 * at + right
        shift = float(0.5 * (left - right) / bend) if bend < 0 else 0.0
    return (top - len(curve) // 2 + shift) * step, (float(curve[top]) - middle) / spread


def _loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
