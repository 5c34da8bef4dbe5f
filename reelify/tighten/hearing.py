"""What a stretch sounds like, frame by frame: how loud, how voiced, how steady."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Audio, Span, runs
from reelify.tighten.values import STEP, Sound

RATE = 16000
HOP = round(STEP * RATE)
WINDOW = 640
"""40 ms: three periods of the deepest voice."""
LOWEST, HIGHEST = 75.0, 400.0
"""Pitch of a voice, Hz."""
EDGES = (100, 350, 600, 850, 1100, 1400, 1800, 2300, 2900, 3700, 4700, 6000)
"""Borders of bands, Hz: wider than the distance of a voice's partials, so that its pitch may glide while its vowel stays."""
QUIETER = 50.0
"""What the loudest band is taken for before the logarithm: the ear hears ratios, but not those of the room."""
APART = 10
"""Frames over which the spectrum may change."""
FLOOR_DB = -100.0
QUIET, LOUD, DEEPEST = 10.0, 95.0, 48.0
"""Percentiles of the level that stand for the room and for speech; nothing further under speech than so many dB counts as sound."""
SHARE, CONTRAST = 0.3, 9.0
"""The border lies this far from the room to speech; with less contrast (dB) nothing is a pause: music, a crowd, a steady noise."""
AROUND = 60.0
"""Seconds that are compared: a room or a microphone may change."""
BLIP = 0.03
"""Sound shorter than this (seconds) is a click or a lip, and ends no pause."""
BLOCK = 2000


def measured(blocks: Iterable[Audio], start: float) -> Sound:
    """Frames of contiguous mono ``blocks`` at :data:`RATE`, the first of which begins at ``start`` seconds."""
    found: list[tuple[NDArray[np.float32], ...]] = []
    rest = np.zeros(0, np.float32)
    before: NDArray[np.float32] | None = None
    for block in blocks:
        samples = np.concatenate([rest, block.samples])
        n_frames = max(0, (len(samples) - WINDOW) // HOP + 1)
        for low in range(0, n_frames, BLOCK):
            high = min(n_frames, low + BLOCK)
            frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[low * HOP : (high - 1) * HOP + 1 : HOP]
            *values, before = _frames(frames, before)
            found.append(tuple(values))
        rest = samples[n_frames * HOP :]
    if not found:
        nothing = np.zeros(0, np.float32)
        return Sound(start, nothing, nothing, nothing)
    level, voiced, change = (np.concatenate(column) for column in zip(*found, strict=True))
    # A frame stands for the middle of its window.
    return Sound(start + (WINDOW - HOP) / 2 / RATE, level, voiced, change)


def _frames(frames: NDArray[np.float32], before: NDArray[np.float32] | None) -> tuple[NDArray[np.float32], ...]:
    """Level, voicing and change of ``frames`` (n, window), and the last bands, which the next frames are compared with."""
    centred = frames - frames.mean(axis=1, keepdims=True)
    middle = centred[:, (WINDOW - HOP) // 2 : (WINDOW + HOP) // 2]
    level = 10.0 * np.log10(np.maximum(np.square(middle, dtype=np.float64).mean(axis=1), 10 ** (FLOOR_DB / 10)))
    power = np.abs(np.fft.rfft(centred, 2 * WINDOW, axis=1)) ** 2
    repeats = np.fft.irfft(power, axis=1)[:, : int(RATE / LOWEST) + 1]
    # A window's autocorrelation shrinks with the lag by what no longer overlaps.
    overlap = 1.0 - np.arange(repeats.shape[1]) / WINDOW
    lags = repeats[:, round(RATE / HIGHEST) :] / overlap[round(RATE / HIGHEST) :]
    voiced = np.clip(lags.max(axis=1) / np.maximum(repeats[:, 0], 1e-12), 0.0, 1.0)
    bands = _bands(power)
    known = np.concatenate([before if before is not None else bands[:1].repeat(APART, axis=0), bands])
    change = np.clip(1.0 - (known[APART:] * known[:-APART]).sum(axis=1), 0.0, 1.0)
    return (level.astype(np.float32), voiced.astype(np.float32), change.astype(np.float32), known[-APART:])


def _bands(power: NDArray[np.float64]) -> NDArray[np.float32]:
    """Unit vectors (n, bands) of how loud each band is, as the ear compares them."""
    edges = (np.array(EDGES) / (RATE / 2) * (power.shape[1] - 1)).astype(int)
    sums = np.sqrt(np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1))
    loudest = float(np.percentile(sums.max(axis=1), 99.0)) if len(sums) else 0.0
    sums = np.log1p(QUIETER * sums / max(loudest, 1e-9))
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), np.float32)


def audible(sound: Sound) -> NDArray[np.bool_]:
    """Which frames are more than the room, (n,), whatever the file's level; all of them where there is no contrast."""
    loud = np.ones(len(sound.level), bool)
    size = max(1, round(AROUND / 2 / STEP))
    for low in range(0, len(loud), size):
        around = sound.level[max(0, low - size // 2) : low + size + size // 2]
        quiet, speech = np.percentile(around, [QUIET, LOUD])
        if speech - quiet >= CONTRAST:
            border = max(quiet + SHARE * (speech - quiet), speech - DEEPEST)
            loud[low : low + size] = sound.level[low : low + size] > border
    for a, b in runs(loud):
        if (b - a) * STEP < BLIP:
            loud[a:b] = False
    return loud


def quiet_spans(sound: Sound, shortest: float) -> list[Span]:
    """The stretches of at least ``shortest`` seconds in which only the room is heard."""
    return [s for s in spans_of(sound, ~audible(sound)) if s.duration >= shortest - 1e-9]


def spans_of(sound: Sound, mask: NDArray[np.bool_]) -> list[Span]:
    """Where ``mask`` is true, in seconds."""
    return [Span(sound.start + float(a) * STEP, sound.start + float(b) * STEP) for a, b in runs(mask)]


def quietest(sound: Sound, low: float, high: float) -> float:
    """The quietest moment between two times, the middle one of those that are equally quiet."""
    if high <= low or not len(sound.level):
        return (low + high) / 2
    a, b = sound.index(low), sound.index(high) + 1
    level = np.convolve(sound.level[a:b], np.ones(3) / 3, mode="same") if b - a >= 5 else sound.level[a:b]
    found = np.flatnonzero(level <= level.min() + 0.5)
    return min(max(sound.start + STEP * (a + int(found[len(found) // 2])), low), high)
