"""Pictures as curves: movement, change of content, brightness, flashes. Streamed, on torch.

Every curve has a value each :data:`pipeline.evidence.signals.STEP` seconds:

========== ==================================================================================
motion     mean change of a pixel between pictures a fifth of a second apart, of full scale;
           in a file of which only keyframes are decoded, bits a pixel of the pictures between
change     half the sum of differences of gray histograms (32 bins), 0 to 1
brightness mean, 0 to 1
flash      a brightening of whole pictures that is gone within half a second, 0 to 1
========== ==================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import sparing
from pipeline.evidence.signals import STEP
from pipeline.values import Curve, Frames, Resumable

if TYPE_CHECKING:
    from pipeline.evidence.shots import Packets

SPACING = 0.2
"""Seconds between the pictures compared: at full rate a slow pan disappears in the noise of the codec."""
TOLERANCE = 0.02
N_BINS = 32
FLASH_LENGTH = 0.5
GRAY = (0.299, 0.587, 0.114)
"""Luma of RGB, ITU-R BT.601."""


class PictureSignals:
    """Measures pictures block by block: ``feed`` frames of one size in order of time, then ``finish`` once.

    Memory: 24 bytes a picture compared and 12 a picture seen.
    """

    def __init__(self, device: str = "cpu", spacing: float = SPACING, first: float = -np.inf) -> None:
        self._device, self._spacing = device, spacing
        self._times: list[float] = []
        self._light: list[NDArray[np.float32]] = []
        self._light_times: list[NDArray[np.float64]] = []
        self._rows: list[NDArray[np.float32]] = []
        self._last: NDArray[np.uint8] | None = None
        self._next = first

    def feed(self, frames: Frames) -> None:
        """Takes the next pictures, gray or RGB."""
        if not len(frames.times):
            return
        gray = to_gray(frames.pixels)
        self._light.append(gray.mean(axis=(1, 2), dtype=np.float32) / 255.0)
        self._light_times.append(np.asarray(frames.times))
        chosen = self.spaced(frames.times)
        if not chosen:
            return
        kept = gray[chosen]
        before = kept[:1] if self._last is None else self._last
        both = np.concatenate([before, kept])
        self._rows.append(sparing(self._device, lambda kind: _compare(both, kind)))
        self._times += [float(frames.times[i]) for i in chosen]
        self._last = kept[-1:]

    def finish(self, duration: float) -> tuple[Curve, ...]:
        """The curves over [0, ``duration``); none when there was no picture."""
        if not self._times or duration <= 0:
            return ()
        n = int(np.ceil(duration / STEP - 1e-6))
        times, rows = np.array(self._times), np.concatenate(self._rows)
        light, light_times = np.concatenate(self._light), np.concatenate(self._light_times)
        # The first picture has nothing before it.
        motion = on_steps(times[1:], rows[1:, 0], n) if len(times) > 1 else np.zeros(n, np.float32)
        change = on_steps(times[1:], rows[1:, 1], n, largest=True) if len(times) > 1 else np.zeros(n, np.float32)
        brightness = on_steps(light_times, light, n)
        flash = on_steps(light_times, flashes(light_times, light), n, largest=True)
        named = {"motion": motion, "change": change, "brightness": brightness, "flash": flash}
        return tuple(Curve(name, values, STEP) for name, values in named.items())

    @property
    def next(self) -> float:
        """The time from which on the next picture is compared."""
        return self._next

    def forget(self) -> None:
        """Drops what was measured and goes on: what follows is measured as if everything before were still there."""
        self._times, self._light, self._light_times, self._rows = [], [], [], []

    def state(self) -> Resumable:
        """What was measured since the beginning or :meth:`forget`, and what the next picture is compared with."""
        return {"times": self._times, "light": self._light, "light_times": self._light_times, "rows": self._rows,
                "last": self._last, "next": self._next}  # fmt: skip

    def carry_on(self, state: Resumable) -> None:
        """Takes another's :meth:`state` that begins where this one ends, as if it had been measured here."""
        self._times += state["times"]
        self._light += state["light"]
        self._light_times += state["light_times"]
        self._rows += state["rows"]
        self._last, self._next = state["last"], state["next"]

    def spaced(self, times: NDArray[np.float64]) -> list[int]:
        """Which of the next pictures are compared."""
        chosen = []
        for i, time in enumerate(times):
            if time >= self._next - TOLERANCE:
                chosen.append(i)
                self._next = time + self._spacing
        return chosen


def _compare(gray: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    """(n, 2): mean difference and difference of histograms of each picture and the one before, for n + 1 pictures."""
    import torch

    pixels = torch.from_numpy(np.ascontiguousarray(gray)).to(device)
    flat = pixels.reshape(len(pixels), -1)
    motion = (flat[1:].float() - flat[:-1].float()).abs().mean(dim=1) / 255.0
    bins = (flat // (256 // N_BINS)).long()
    histograms = torch.zeros(len(flat), N_BINS, device=device)
    histograms.scatter_add_(1, bins, torch.ones_like(bins, dtype=torch.float32))
    histograms /= flat.shape[1]
    change = (histograms[1:] - histograms[:-1]).abs().sum(dim=1) / 2.0
    return np.asarray(torch.stack([motion, change], dim=1).cpu().numpy(), np.float32)


def to_gray(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, h, w) of gray or RGB pictures."""
    if pixels.ndim == 3:
        return pixels
    return (pixels @ np.asarray(GRAY, np.float32)).astype(np.uint8)


def on_steps(
    times: NDArray[np.float64], values: NDArray[np.float32], n: int, *, largest: bool = False
) -> NDArray[np.float32]:
    """``values`` at ``times`` as ``n`` steps: median (or largest) of each step; steps without any take the next one's value.

    A difference to the picture before belongs to all the time since that picture.
    """
    out = np.full(n, np.nan, np.float32)
    steps = np.minimum((times / STEP + 1e-9).astype(int), n - 1)
    edges = np.flatnonzero(np.diff(steps, prepend=-1))
    for low, high in zip(edges, [*edges[1:], len(steps)], strict=True):
        piece = values[low:high]
        out[steps[low]] = piece.max() if largest else np.median(piece)
    known = np.flatnonzero(~np.isnan(out))
    if not len(known):
        return np.zeros(n, np.float32)
    following = np.minimum(np.searchsorted(known, np.arange(n)), len(known) - 1)
    return out[known[following]]


def flashes(times: NDArray[np.float64], light: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each picture is brighter than both the darkest before and after it within half a second."""
    out = np.zeros(len(light), np.float32)
    if len(light) < 3 or float(np.median(np.diff(times))) > FLASH_LENGTH / 2:
        return out
    width = max(1, round(FLASH_LENGTH / max(float(np.median(np.diff(times))), 1e-3)))
    padded = np.pad(light, width, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    before, after = windows[: len(light)].min(axis=1), windows[width + 1 : width + 1 + len(light)].min(axis=1)
    rise = light - np.maximum(before, after)
    return np.asarray(np.where(rise > 0.1, rise, 0.0), np.float32)


def packet_motion(packets: Packets, duration: float) -> Curve | None:
    """Movement from compressed sizes: an encoder spends bits on the pictures between keyframes where something moves."""
    n = int(np.ceil(duration / STEP - 1e-6))
    at, bits = packets.times[~packets.keys], packets.bits_per_pixel[~packets.keys]
    if not len(at) or n <= 0:
        return None
    steps = np.clip((at / STEP).astype(int), 0, n - 1)
    counts = np.bincount(steps, minlength=n)
    mean = np.bincount(steps, bits, minlength=n) / np.maximum(counts, 1)
    known = np.flatnonzero(counts)
    following = np.minimum(np.searchsorted(known, np.arange(n)), len(known) - 1)
    return Curve("motion", mean[known[following]].astype(np.float32), STEP)
