"""What a file sounds and looks like, small enough to keep a whole film in memory: what two files are compared by.

Sound: the power of 48 mel bands every 10 ms, one byte each (two hours take 35 MB a layer), for the whole mix and for the
sound around the voices. Picture: tiny grey frames, freed of black bars, with their real timestamps. Both are streamed.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.coming import made_ready
from pipeline.compute.device import sparing
from pipeline.media.decode import audio_blocks, video_blocks
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.values import Span

RATE = 16000
HOP = 160
"""Samples between two frames: 10 ms."""
STEP = HOP / RATE
WINDOW = 512
"""Samples a frame looks at: 32 ms, two pitch periods of the deepest voice."""
BANDS = 48
LOWEST, HIGHEST = 60.0, 7600.0
FLOOR_DB = -100.0
DB_STEP = 0.5
SILENT_SIDE_DB = -45.0
"""A difference signal this far under the mix is codec noise, not sound."""
BLOCK, READY = 20.0, 2
"""Seconds that are worked on at a time, and how many such blocks are read ahead."""
AT_ONCE = 200
"""Frames whose spectra are made at once: they stay in the processor's cache, which is more than twice as fast."""
PICTURE_WIDTH, PICTURE_HEIGHT = 48, 27
BAR_LEVEL = 20
"""Grey level (of 255) that black bars stay under in every frame."""


@dataclass(frozen=True, slots=True, eq=False)
class SoundPrint:
    """``mix`` and ``bed`` are uint8 (n, 48): band power in half decibels over −100 dBFS, every :data:`STEP` s from time 0.

    ``bed`` is what remains without the voices' place in the mix: everything but the centre for surround, left minus right
    for stereo; ``None`` where that is silent or does not exist.
    """

    mix: NDArray[np.uint8]
    bed: NDArray[np.uint8] | None
    duration: float

    @property
    def layers(self) -> dict[str, NDArray[np.uint8]]:
        """The layers that exist, by name."""
        return {"mix": self.mix} | ({} if self.bed is None else {"bed": self.bed})


@dataclass(frozen=True, slots=True, eq=False)
class PicturePrint:
    """``frames`` is uint8 (n, 27, 48) grey, black bars removed; ``times`` (n,) seconds, ascending."""

    times: NDArray[np.float64]
    frames: NDArray[np.uint8]


def decibels(print_: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Band power in dBFS of a layer of a :class:`SoundPrint`."""
    return print_.astype(np.float32) * DB_STEP + FLOOR_DB


def sound_print(
    path: Path | str, *, stream: int = 0, device: str = "cpu", duration: float = 0.0, report: Report = no_report
) -> SoundPrint:
    """The fingerprint of audio track number ``stream``; ``duration`` only serves the progress.

    Raises:
        NoAudio: there is no such track.
    """
    rows = _Rows()
    n_samples, power = 0, np.zeros(2)
    front = np.zeros((2, WINDOW // 2), np.float32)
    # Two files read at once would take turns with the interpreter; reading and calculating do not.
    read = audio_blocks(path, rate=RATE, layout="source", stream=stream, block=BLOCK)
    with contextlib.closing(made_ready(read, lambda: READY, waits=True)) as blocks:
        for block in blocks:
            layers = split_layers(block.samples)
            n_samples += layers.shape[1]
            power += np.square(layers, dtype=np.float64).sum(axis=1)
            front = _bands_of(np.concatenate([front, layers], axis=1), device, rows)
            report(min(1.0, block.end / duration) if duration else 0.0, message("progress.listening", at=block.end))
    _bands_of(np.concatenate([front, np.zeros((2, WINDOW // 2), np.float32)], axis=1), device, rows)
    mix, bed = rows.all()
    heard = power[1] > max(power[0] * 10 ** (SILENT_SIDE_DB / 10), 1e-10 * max(n_samples, 1))
    return SoundPrint(mix, bed if heard and len(bed) else None, n_samples / RATE)


def split_layers(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, n): mix and bed (see :class:`SoundPrint`) of (channels, n) samples in the order of FFmpeg's default layouts."""
    channels = samples.shape[0]
    if channels == 1:
        return np.stack([samples[0], np.zeros_like(samples[0])])
    if channels == 2:
        return np.stack([samples.mean(axis=0), (samples[0] - samples[1]) / 2])
    centre = {2} | ({3} if channels >= 6 else set())
    around = [c for c in range(channels) if c not in centre]
    mix = samples[[c for c in range(channels) if not (c == 3 and channels >= 6)]].mean(axis=0)
    return np.stack([mix, samples[around].mean(axis=0)])


class _Rows:
    """Frames of both layers in one growing array: thousands of small ones would scatter over the heap."""

    def __init__(self) -> None:
        self._rows = np.empty((2, 60000, BANDS), np.uint8)
        self._n = 0

    def add(self, both: NDArray[np.uint8]) -> None:
        n = both.shape[1]
        if self._n + n > self._rows.shape[1]:
            more = np.empty((2, max(n, self._rows.shape[1] // 2), BANDS), np.uint8)
            self._rows = np.concatenate([self._rows, more], axis=1)
        self._rows[:, self._n : self._n + n] = both
        self._n += n

    def all(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Mix and bed."""
        return self._rows[0, : self._n].copy(), self._rows[1, : self._n].copy()


def _bands_of(samples: NDArray[np.float32], device: str, rows: _Rows) -> NDArray[np.float32]:
    """Appends the frames that are complete in (2, n) ``samples``; returns the samples still needed by later ones."""
    n = max(0, (samples.shape[1] - WINDOW) // HOP + 1)
    if n:
        whole = samples[:, : (n - 1) * HOP + WINDOW]
        rows.add(sparing(device, lambda kind: mel_bytes(whole, kind)))
    return samples[:, n * HOP :]


def mel_bytes(samples: NDArray[np.float32], device: str) -> NDArray[np.uint8]:
    """uint8 (2, frames, 48) of (2, n) samples: what :class:`SoundPrint` holds.

    On the processor by SciPy, as fast as torch and without the three seconds that torch takes to load.
    """
    levels = levels_by_scipy(samples) if device == "cpu" else levels_by_torch(samples, device)
    return ((levels - FLOOR_DB) / DB_STEP).round().clip(0, 255).astype(np.uint8)


def levels_by_scipy(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, frames, 48) levels in dB."""
    from scipy import fft

    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW, axis=1)[:, ::HOP]
    bands = np.empty((*frames.shape[:2], BANDS), np.float32)
    for first in range(0, frames.shape[1], AT_ONCE):
        some = slice(first, first + AT_ONCE)
        spectrum = fft.rfft(frames[:, some] * window, axis=2)
        bands[:, some] = (np.square(spectrum.real) + np.square(spectrum.imag)) @ _mel_weights()
    return np.asarray(10.0 * np.log10(bands + np.float32(10 ** (FLOOR_DB / 10))), np.float32)


def levels_by_torch(samples: NDArray[np.float32], device: str) -> NDArray[np.float32]:
    """As :func:`levels_by_scipy`, on a device."""
    import torch

    with torch.inference_mode():
        wave = torch.from_numpy(np.ascontiguousarray(samples)).to(device)
        frames = wave.unfold(1, WINDOW, HOP) * torch.hann_window(WINDOW, device=device)
        power = torch.fft.rfft(frames).abs().square()
        bands = power @ torch.from_numpy(_mel_weights()).to(device)
        level: NDArray[np.float32] = (10.0 * torch.log10(bands + 10 ** (FLOOR_DB / 10))).cpu().numpy()
    return level


@functools.cache
def _mel_weights() -> NDArray[np.float32]:
    """(257, 48) triangles on the mel scale 2595·log10(1 + f/700), scaled so that a full-scale sine reads about 0 dB."""
    low, high = (2595 * math.log10(1 + f / 700) for f in (LOWEST, HIGHEST))
    mel = np.linspace(low, high, BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    freqs = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rise = (freqs - edges[:-2]) / np.maximum(edges[1:-1] - edges[:-2], 31.25)
    fall = (edges[2:] - freqs) / np.maximum(edges[2:] - edges[1:-1], 31.25)
    triangles = np.maximum(0.0, np.minimum(rise, fall)) / (WINDOW / 4) ** 2
    return triangles.astype(np.float32)


def picture_print(
    path: Path | str,
    *,
    fps: float | None = None,
    span: Span | None = None,
    device: str = "cpu",
    duration: float = 0.0,
    report: Report = no_report,
) -> PicturePrint:
    """Tiny grey frames of ``path`` (every frame, or ``fps`` of them a second), cut to the part that is ever lit.

    Raises:
        NoVideo: there is no moving picture.
    """
    times: list[NDArray[np.float64]] = []
    frames: list[NDArray[np.uint8]] = []
    width, height = PICTURE_WIDTH * 2, PICTURE_HEIGHT * 2
    for block in video_blocks(path, width=width, height=height, fps=fps, span=span, device=device):
        times.append(block.times)
        frames.append(block.pixels)
        report(
            min(1.0, float(block.times[-1]) / duration) if duration else 0.0,
            message("progress.watching", at=float(block.times[-1])),
        )
    if not times:
        return PicturePrint(np.zeros(0), np.zeros((0, PICTURE_HEIGHT, PICTURE_WIDTH), np.uint8))
    return PicturePrint(np.concatenate(times), without_bars(frames))


def without_bars(blocks: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """(n, 27, 48) frames of the lit part of (n, h, w) ``blocks``; bars never brighter than :data:`BAR_LEVEL` go."""
    brightest = np.max([b.max(axis=0) for b in blocks], axis=0)
    rows = np.flatnonzero(np.quantile(brightest, 0.9, axis=1) > BAR_LEVEL)
    columns = np.flatnonzero(np.quantile(brightest, 0.9, axis=0) > BAR_LEVEL)
    if not len(rows) or not len(columns):
        rows, columns = np.arange(brightest.shape[0]), np.arange(brightest.shape[1])
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    down = _area_weights(bottom - top, PICTURE_HEIGHT)
    across = _area_weights(right - left, PICTURE_WIDTH)
    return np.concatenate([_scaled(b[:, top:bottom, left:right], down, across) for b in blocks])


def _area_weights(n_in: int, n_out: int) -> NDArray[np.float32]:
    """(n_out, n_in): how much each input cell weighs in each output cell when a line is scaled by area."""
    edges = np.linspace(0, n_in, n_out + 1)
    cells = np.arange(n_in)
    covered = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights = np.maximum(covered, 0.0)
    out: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return out


def _scaled(frames: NDArray[np.uint8], down: NDArray[np.float32], across: NDArray[np.float32]) -> NDArray[np.uint8]:
    small = down @ frames.astype(np.float32) @ across.T
    out: NDArray[np.uint8] = small.round().astype(np.uint8)
    return out


def pieces(
    path: Path | str, spans: Sequence[Span], *, stream: int = 0, rate: int = RATE
) -> Iterator[NDArray[np.float32]]:
    """Mix and bed (2, n) of each of ``spans``, at ``rate``; exactly the span's length, zeros where there is nothing."""
    for span in spans:
        start = max(0.0, span.start)
        wanted = round((span.end - span.start) * rate)
        parts = [
            split_layers(b.samples)
            for b in audio_blocks(path, rate=rate, layout="source", stream=stream, span=Span(start, span.end))
        ]
        lead = round((start - span.start) * rate)
        out = np.zeros((2, wanted), np.float32)
        if parts:
            got = np.concatenate(parts, axis=1)[:, : max(0, wanted - lead)]
            out[:, lead : lead + got.shape[1]] = got
        yield out
