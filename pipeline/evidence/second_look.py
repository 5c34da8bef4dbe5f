"""A second opinion on pictures that may begin a shot: TransNetV2's (:mod:`pipeline.evidence.cut_network`), for the few doubtful ones.

The network sees stretches of :data:`WINDOW` pictures of 48 × 27, and doubts near each other share a longer one. Running it over every
picture of a film would take longer than all else together on a processor; around the doubtful ones it takes a tenth of a second each.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import in_batches, threads
from pipeline.evidence.cut_network import network
from pipeline.progress import breathe

if TYPE_CHECKING:
    import torch

WINDOW = 40
"""Pictures in the stretch around a doubt; the one that is asked about is at ``WINDOW // 2``."""
LONGEST = 5 * WINDOW
"""Pictures in a stretch that doubts share; a picture costs the same in a longer one."""
SIZE = (27, 48)
BATCH = 64
"""Stretches of one length at a time on a card; on a processor each core looks at its own: 0.23 s for :data:`WINDOW` pictures with both
of two cores on one, 0.15 s with one on each, 0.07 s in bfloat16."""
DOUBT, SURE = 0.55, 1.0
"""Scores (:func:`pipeline.evidence.shots.boundary_scores`) between these are doubtful. Below, the network would have to be surer than it
ever was of such a picture: of 225 between 0.4 and 0.55, in films, talks and montages, it made none a cut."""
PEAK = 2
"""A doubtful picture scores at least as high as this many before and after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Pictures (n, 27, 48, 3) at ``times`` (n,), seconds of the file, and the places of those that are asked about."""

    times: NDArray[np.float64]
    pixels: NDArray[np.uint8]
    asked: tuple[int, ...]

    def joined(self, later: Stretch) -> Stretch | None:
        """Both as one, where ``later`` begins inside and the whole is not too long."""
        for shift in range(1, len(self.times)):
            lap = len(self.times) - shift
            if lap <= len(later.times) and np.array_equal(self.times[shift:], later.times[:lap]):
                if shift + len(later.times) > LONGEST:
                    return None
                times = np.concatenate([self.times, later.times[lap:]])
                pixels = np.concatenate([self.pixels, later.pixels[lap:]])
                return Stretch(times, pixels, (*self.asked, *(shift + n for n in later.asked)))
        return None


class Doubts:
    """Stretches around pictures that may begin a shot, cut out as pictures and their scores arrive; a score may come later."""

    def __init__(self) -> None:
        self.found: dict[float, Stretch] = {}
        self._times: NDArray[np.float64] = np.zeros(0)
        self._small = np.zeros((0, *SIZE, 3), np.uint8)
        self._scores: NDArray[np.float32] = np.zeros(0, np.float32)
        self._next = 0  # of the pictures kept, the first that was not looked at
        self._known: dict[float, float] = {}

    def pictures(self, times: NDArray[np.float64], small: NDArray[np.uint8]) -> None:
        """Takes the next pictures, made ``small`` by :func:`shrink`."""
        self._times = np.append(self._times, times)
        self._small = np.concatenate([self._small, small])

    def scores(self, scores: NDArray[np.float32]) -> None:
        """The scores of the next pictures: of the first that has none on."""
        self._scores = np.append(self._scores, scores)
        half = WINDOW // 2
        self._cut(min(len(self._times) - half, len(self._scores) - PEAK))
        drop = max(0, self._next - half)
        self._times, self._small, self._scores = self._times[drop:], self._small[drop:], self._scores[drop:]
        self._next -= drop

    def finish(self) -> None:
        """No more pictures come."""
        self._cut(len(self._times))

    def forget(self) -> None:
        """As :meth:`pipeline.evidence.shots.ShotFinder.forget`."""
        self.found = {}

    def carry_on(self, other: Doubts) -> None:
        """As :meth:`pipeline.evidence.shots.ShotFinder.carry_on`."""
        found = self.found | other.found
        self.__dict__.update(other.__dict__)
        self.found = found

    def settled(self, times: NDArray[np.float64], scores: NDArray[np.float32], device: str) -> NDArray[np.float32]:
        """``scores`` with those in doubt decided by both; beside a peak nothing begins, whatever became of the peak."""
        asked = sorted(t for t in self.found if t not in self._known)
        answers = probabilities(shared([self.found[t] for t in asked]), device)
        self._known |= dict(zip(asked, (p for some in answers for p in some), strict=True))
        settled = scores.copy()
        for i in np.flatnonzero((scores >= DOUBT) & (scores < SURE)):
            settled[i] = np.sqrt(scores[i] * self._known.get(float(times[i]), 0.0))
        return settled

    def _cut(self, until: int) -> None:
        half = WINDOW // 2
        for i in range(self._next, max(self._next, min(until, len(self._scores)))):
            score = self._scores[i]
            if DOUBT <= score < SURE and score >= self._scores[max(0, i - PEAK) : i + PEAK + 1].max():
                around = np.clip(np.arange(i - half, i + half), 0, len(self._small) - 1)
                self.found[float(self._times[i])] = Stretch(self._times[around], self._small[around], (half,))
        self._next = max(self._next, until)


def shrink(pixels: torch.Tensor) -> NDArray[np.uint8]:
    """(n, height, width[, 3]) pictures as (n, 27, 48, 3), by the device on which they are."""
    import torch

    x = pixels if pixels.ndim == 4 else pixels.unsqueeze(-1).expand(-1, -1, -1, 3)
    small = torch.nn.functional.adaptive_avg_pool2d(x.permute(0, 3, 1, 2).float(), SIZE).round().byte()
    return np.asarray(small.permute(0, 2, 3, 1).cpu().numpy())


def shared(stretches: Sequence[Stretch]) -> list[Stretch]:
    """``stretches``, in order of time, with those that overlap joined."""
    found: list[Stretch] = []
    for one in stretches:
        both = found[-1].joined(one) if found else None
        found[-1 if both else len(found) :] = [both or one]
    return found


def probabilities(stretches: Sequence[Stretch], device: str) -> list[tuple[float, ...]]:
    """How probably each stretch has a cut at each picture asked about, give or take one; 0 to 1."""
    order = sorted(range(len(stretches)), key=lambda n: -len(stretches[n].times))
    longest_first = [stretches[n] for n in order]
    found = _beside(longest_first) if device == "cpu" else _by_length(longest_first, device)
    answers = dict(zip(order, found, strict=True))
    return [answers[n] for n in range(len(stretches))]


def _by_length(stretches: Sequence[Stretch], device: str) -> Iterator[tuple[float, ...]]:
    """As :func:`probabilities`, those of one length together."""
    for _, some in groupby(stretches, key=lambda one: len(one.times)):
        yield from in_batches(some, BATCH, functools.partial(_look, device), _beside)


def _beside(stretches: Sequence[Stretch]) -> Iterator[tuple[float, ...]]:
    """As :func:`probabilities`, on a processor: each core looks at other stretches than the others."""
    if not stretches:
        return
    network("cpu")
    look = functools.partial(in_batches, batch=1, work=functools.partial(_look, "cpu"))
    with threads(1), ThreadPoolExecutor(os.cpu_count() or 1, initializer=_alone) as pool:
        for found in pool.map(look, [[one] for one in stretches]):
            breathe()
            yield from found


def _alone() -> None:
    """This thread works by itself: a new thread begins with all the threads of the process."""
    import torch

    torch.set_num_threads(1)


def _look(device: str, some: Sequence[Stretch]) -> list[tuple[float, ...]]:
    """Probabilities of stretches of one length."""
    import torch

    with torch.inference_mode():
        whole = torch.sigmoid(
            network(device)(torch.from_numpy(np.stack([one.pixels for one in some])).to(device)).float()
        )
    # The network marks the last picture of a shot: the one before the one that is asked about.
    rows = np.asarray(whole.cpu().numpy())
    return [tuple(float(row[n - 2 : n + 1].max()) for n in one.asked) for one, row in zip(some, rows, strict=True)]
