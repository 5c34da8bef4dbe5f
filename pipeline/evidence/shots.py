"""Where one shot ends and the next begins: exactly from every picture, roughly from keyframes. Streamed.

A cut is a moment at which *everything before* differs from *everything after* by more than either changes in itself. So, for a few
pictures each side, the smallest difference across is divided by the largest difference between neighbours on one side: movement
raises the divisor, a flash makes pictures across it equal, a dissolve spreads the difference. Three views must agree: where colours
lie, which colours there are, and the layout with its brightness taken out (a jump of exposure keeps its layout). Where that leaves
doubt, a network is asked (:mod:`pipeline.evidence.second_look`) and the geometric mean of both decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import sparing
from pipeline.evidence import second_look
from pipeline.values import Frames, Resumable, Shot

if TYPE_CHECKING:
    import torch

THRESHOLD = 0.6
"""Best F1 on montages of films with flashes, shake, zooms, grain and exposure jumps (``benchmarks.shots``): .993 against .989 without
the second look."""
OFFSETS = (0.015, 0.12, 0.35)
"""What a difference of layout, colours and structure is in a still picture with grain; keeps still pictures from cutting."""
SIDE_TIME = 0.16
MAX_SIDE = 4
MIN_SHOT = 0.24
GRID = (9, 16)
LUMA_BINS, CHROMA_BINS = 8, 6
CHROMA_RANGE = 0.25
KEY_COLOURS, KEY_STRUCTURE = 0.3, 0.35
SPIKE, SPIKE_OF_KEY = 4.0, 0.4
"""A predicted picture this many times its neighbours' size, and this part of a keyframe's, was not predictable: a cut."""
REGULAR = 0.9

Views = tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]


@dataclass(frozen=True, slots=True, eq=False)
class Packets:
    """Compressed pictures in order of presentation: seconds, bits a pixel, whether they stand alone."""

    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    bits_per_pixel: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    keys: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def key_distance(self) -> float:
        """Seconds between keyframes, the 90th percentile; infinite with fewer than two."""
        times = self.times[self.keys]
        return float(np.percentile(np.diff(times), 90)) if len(times) > 1 else float("inf")


class ShotFinder:
    """Finds cuts among all pictures: ``feed`` RGB or gray frames of one size in order, then ``finish`` once.

    ``fps`` sets how many pictures each side are compared (four from 25 a second on). Memory: 12 bytes a picture, 150 KB a doubt.
    """

    def __init__(self, device: str = "cpu", fps: float = 25.0) -> None:
        self._device = device
        self._side = int(np.clip(round(SIDE_TIME * fps), 2, MAX_SIDE))
        self._views: Views | None = None
        self._times: list[NDArray[np.float64]] = []
        self._scores: list[NDArray[np.float32]] = []
        self._doubts = second_look.Doubts()

    def feed(self, frames: Frames) -> None:
        """Takes the next pictures."""
        if len(frames.times):
            sparing(self._device, lambda kind: self._take(frames, kind))

    def finish(self, duration: float) -> list[Shot]:
        """All shots of [0, ``duration``)."""
        if self._views is None:
            return []
        rest = _moved(self._views, "cpu")
        self._keep(*self._judged(rest, _repeated(rest, -1, self._side)))
        self._doubts.finish()
        return shots_between(self.cuts(), duration)

    def forget(self) -> None:
        """Drops what was found and goes on: what follows is judged as if everything before were still there."""
        self._times, self._scores = [], []
        self._doubts.forget()

    def state(self) -> Resumable:
        """What was found since the beginning or :meth:`forget`, and what the next pictures are compared with."""
        views = None if self._views is None else [v.cpu().numpy() for v in self._views]
        return {"times": self._times, "scores": self._scores, "views": views, "doubts": self._doubts}

    def carry_on(self, state: Resumable) -> None:
        """Takes another's :meth:`state` that begins where this one ends, as if it had been found here."""
        self._times += state["times"]
        self._scores += state["scores"]
        self._views = _tensors(state["views"])
        self._doubts.carry_on(state["doubts"])

    def cuts(self) -> list[float]:
        """Times of the first pictures of new shots; call after ``finish``."""
        times, scores = np.concatenate(self._times), np.concatenate([*self._scores, np.zeros(0, np.float32)])
        scores = self._doubts.settled(times, scores[: len(times)], self._device)
        found: list[int] = []
        for i in np.flatnonzero(scores >= THRESHOLD):
            if found and times[i] - times[found[-1]] < MIN_SHOT:
                if scores[i] > scores[found[-1]]:
                    found[-1] = int(i)
            elif i > 0:
                found.append(int(i))
        return [float(times[i]) for i in found]

    def _take(self, frames: Frames, device: str) -> None:
        pixels = sent(frames.pixels, device)
        views, small = look(pixels), second_look.shrink(pixels)
        before = _repeated(views, 0, self._side) if self._views is None else _moved(self._views, device)
        judged = self._judged(before, views)
        self._times.append(np.asarray(frames.times))
        self._doubts.pictures(frames.times, small)
        self._keep(*judged)

    def _judged(self, before: Views, new: Views) -> tuple[NDArray[np.float32], Views]:
        """The scores of every picture that now has ``side`` pictures on both sides, and what the next ones need."""
        import torch

        joined = (torch.cat([before[0], new[0]]), torch.cat([before[1], new[1]]), torch.cat([before[2], new[2]]))
        n = len(joined[0])
        scores = boundary_scores(joined, self._side) if n >= 2 * self._side else np.zeros(0, np.float32)
        keep = min(n, 2 * self._side - 1)
        return scores, (joined[0][n - keep :], joined[1][n - keep :], joined[2][n - keep :])

    def _keep(self, scores: NDArray[np.float32], views: Views) -> None:
        self._scores.append(scores)
        self._doubts.scores(scores)
        self._views = views


def sent(pixels: NDArray[np.uint8], device: str) -> torch.Tensor:
    """Pictures on ``device``."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(pixels)).to(device)


def look(pixels: torch.Tensor) -> Views:
    """Three views of each picture: mean colour of 9 × 16 fields; histogram of colours; luma of the fields, standardised."""
    import torch

    x = pixels.float() / 255.0
    if x.ndim == 3:
        x = x.unsqueeze(-1).expand(-1, -1, -1, 3)
    luma = x @ torch.tensor([0.299, 0.587, 0.114], device=x.device)
    # ITU-R BT.601 colour differences, −0.5 to 0.5.
    blue, red = (x[..., 2] - luma) * 0.564, (x[..., 0] - luma) * 0.713
    planes = torch.stack([luma, 1.5 * blue, 1.5 * red], dim=1)
    fields = torch.nn.functional.adaptive_avg_pool2d(planes, GRID).flatten(1)
    bright = fields[:, : GRID[0] * GRID[1]]
    centred = bright - bright.mean(dim=1, keepdim=True)
    structure = centred / (centred.square().mean(dim=1, keepdim=True).sqrt() + 0.02)
    return fields, _colours(luma, blue, red), structure


def _colours(luma: torch.Tensor, blue: torch.Tensor, red: torch.Tensor) -> torch.Tensor:
    import torch

    def level(chroma: torch.Tensor) -> torch.Tensor:
        return ((chroma + CHROMA_RANGE) / (2 * CHROMA_RANGE) * CHROMA_BINS).long().clamp(0, CHROMA_BINS - 1)

    bins = (luma * LUMA_BINS).long().clamp(0, LUMA_BINS - 1) * CHROMA_BINS**2 + level(blue) * CHROMA_BINS + level(red)
    bins = bins.flatten(1)
    counts = torch.zeros(len(bins), LUMA_BINS * CHROMA_BINS**2, device=bins.device)
    counts.scatter_add_(1, bins, torch.ones_like(bins, dtype=torch.float32))
    return counts / bins.shape[1]


def differences(one: Views, other: Views) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Difference of pictures (…, feature) in each view: mean absolute; total variation, 0 to 1; √((1 − correlation)), 0 to √2."""
    return (
        (one[0] - other[0]).abs().mean(dim=-1),
        (one[1] - other[1]).abs().sum(dim=-1) / 2.0,
        ((one[2] - other[2]).square().mean(dim=-1) / 2.0).sqrt(),
    )


def boundary_scores(views: Views, side: int) -> NDArray[np.float32]:
    """How much a shot begins at each picture ``side`` … n − side, from the pictures ``side`` before and after it: all its pairs of
    pictures at once, for on a card each call costs as much as the differences of hundreds of pictures."""
    import torch

    beside = [(k - 1, k) for k in range(1 - side, side) if k != 0]
    across = [(-before, after) for before in range(1, side + 1) for after in range(side)]
    one, other = (side + torch.tensor(of_pairs) for of_pairs in zip(*beside, *across, strict=True))
    count = len(views[0]) - 2 * side + 1

    def taken(which: torch.Tensor) -> Views:
        shifted = (view.unfold(0, count, 1).permute(0, 2, 1) for view in views)
        first, second, third = (view[which.to(view.device)] for view in shifted)
        return first, second, third

    found = differences(taken(one), taken(other))
    scores = [
        each[len(beside) :].amin(dim=0) / (each[: len(beside)].amax(dim=0) + offset)
        for each, offset in zip(found, OFFSETS, strict=True)
    ]
    return np.asarray(torch.stack(scores).amin(dim=0).cpu().numpy(), np.float32)


def _repeated(views: Views, index: int, n: int) -> Views:
    return (
        views[0][index].expand(n, -1),
        views[1][index].expand(n, -1),
        views[2][index].expand(n, -1),
    )


def _moved(views: Views, device: str) -> Views:
    return views[0].to(device), views[1].to(device), views[2].to(device)


def _tensors(views: Sequence[NDArray[np.float32]] | None) -> Views | None:
    import torch

    return None if views is None else tuple(map(torch.from_numpy, views))  # type: ignore[return-value]


class KeyframeShots:
    """Finds cuts roughly: keyframes that differ say *that* there was one, packet sizes say *where*."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self._last: Views | None = None
        self._times: list[float] = []
        self._differ: list[bool] = []

    def feed(self, frames: Frames) -> None:
        """Takes the next keyframes, RGB or gray."""
        if len(frames.times):
            self._differ += sparing(self._device, lambda kind: self._differing(frames.pixels, kind))
            self._times += [float(t) for t in frames.times]

    def _differing(self, pixels: NDArray[np.uint8], device: str) -> list[bool]:
        """Whether each keyframe differs from the one before."""
        import torch

        views = look(sent(pixels, device))
        first = _repeated(views, 0, 1) if self._last is None else _moved(self._last, device)
        before = tuple(torch.cat([a, b[:-1]]) for a, b in zip(first, views, strict=True))
        _, colours, structure = differences((before[0], before[1], before[2]), views)
        found: list[bool] = ((colours > KEY_COLOURS) & (structure > KEY_STRUCTURE)).cpu().tolist()
        self._last = _repeated(views, -1, 1)
        return found

    def forget(self) -> None:
        """Drops what was found and goes on: what follows is judged as if everything before were still there."""
        self._times, self._differ = [], []

    def state(self) -> Resumable:
        """What was found since the beginning or :meth:`forget`, and what the next keyframe is compared with."""
        views = None if self._last is None else [v.cpu().numpy() for v in self._last]
        return {"times": self._times, "differ": self._differ, "views": views}

    def carry_on(self, state: Resumable) -> None:
        """Takes another's :meth:`state` that begins where this one ends, as if it had been found here."""
        self._times += state["times"]
        self._differ += state["differ"]
        self._last = _tensors(state["views"])

    def finish(self, duration: float, packets: Packets) -> list[Shot]:
        """Shots of [0, ``duration``); a boundary is exact where a packet shows it, else its keyframe's time."""
        if not self._times:
            return []
        spikes = unpredicted(packets)
        regular = REGULAR * packets.key_distance
        cuts: list[float] = []
        for i in range(1, len(self._times)):
            low, high = self._times[i - 1], self._times[i]
            if self._differ[i]:
                inside = spikes[(spikes > low) & (spikes < high)]
                # A keyframe before its turn was put there by the encoder because the picture changed.
                if high - low < regular or not len(inside):
                    cuts.append(high)
                cuts += [float(t) for t in inside]
        return shots_between(sorted(cuts), duration)


def unpredicted(packets: Packets) -> NDArray[np.float64]:
    """Times of pictures that are not keyframes but were nearly as expensive: the encoder could not predict them."""
    from scipy.ndimage import median_filter

    between = ~packets.keys
    times, sizes = packets.times[between], packets.bits_per_pixel[between]
    if len(sizes) < 8 or not packets.keys.any():
        return np.zeros(0)
    usual = median_filter(sizes, 51, mode="nearest")
    key = float(np.median(packets.bits_per_pixel[packets.keys]))
    return np.asarray(times[(sizes > SPIKE * usual) & (sizes > SPIKE_OF_KEY * key)])


def shots_between(cuts: Sequence[float], duration: float) -> list[Shot]:
    """Shots of [0, ``duration``) with the given cuts; shots under :data:`MIN_SHOT` are not made."""
    edges = [0.0]
    for cut in cuts:
        if cut - edges[-1] >= MIN_SHOT - 1e-6 and cut < duration:
            edges.append(cut)
    if duration <= 0:
        return []
    return [Shot(a, b) for a, b in zip(edges, [*edges[1:], duration], strict=True)]
