"""The search of :mod:`syncdub.exact.correlation` on a graphics card: the same arithmetic with torch.

In single precision: a score is the sum of some 100,000 products, and half precision would leave three digits of the places
that have to be told apart. (What needs double precision is little; Apple's cards have none.) On the processor SciPy is as
fast, and torch takes three seconds to load, so that is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute import cards
from pipeline.compute.device import in_batches, sparing
from syncdub.exact.correlation import (
    LEAST_SPREAD,
    MAD,
    N_SPREAD,
    QUIET,
    Array,
    Array16,
    Peaks,
    Search,
    best_places,
    blocking,
    search,
)

if TYPE_CHECKING:
    import torch

CHUNK = 256
"""Windows looked for at once; with 48 bands and 130,000 places they take some 1.4 GB, and half as many are tried where that is too
much."""
Rows = NDArray[np.float64]
Row = tuple[Rows, Rows, float]


def search_on(kind: str) -> Search:
    """:func:`syncdub.exact.correlation.search` on device ``kind``, or on the processor where the device's memory does not suffice."""
    return search if kind == "cpu" else partial(search, places=OnDevice(kind))


class OnDevice:
    """:func:`syncdub.exact.correlation.best_places` by torch on device ``kind``; by the processor what does not fit there.

    Keeps the dub on the device: it is sent once for all stretches of the original.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._sent: tuple[Array16, torch.Tensor] | None = None

    def __call__(self, part: Array, dub: Array16, starts: NDArray[np.int64], size: int, k: int, apart: int) -> Peaks:
        def found(on: str) -> Peaks:
            if on == "cpu":
                self._sent = None
                return best_places(part, dub, starts, size, k, apart)
            return places_by_torch(on, part, dub, starts, size, k, apart, self._there)

        return sparing(self._kind, found)

    def _there(self, dub: Array16) -> torch.Tensor:
        import torch

        if self._sent is None or self._sent[0] is not dub:
            self._sent = None  # makes room before the next takes it
            self._sent = dub, torch.from_numpy(dub).to(self._kind)
        return self._sent[1]


def places_by_torch(
    kind: str,
    part: Array,
    dub: Array16,
    starts: NDArray[np.int64],
    size: int,
    k: int,
    apart: int,
    send: Callable[[Array16], torch.Tensor] | None = None,
) -> Peaks:
    """As :func:`syncdub.exact.correlation.best_places`; a batch of windows that does not fit is halved, a window that does not
    fit alone is looked for by the processor. ``send`` brings the dub to the device, once where
    it keeps it.

    Raises:
        RuntimeError: not even ``part`` fits.
    """
    import torch

    with torch.inference_mode():
        ready = _Part(part, size, kind)
        there = send(dub) if send else torch.from_numpy(dub).to(kind)

        def here(some: Sequence[int]) -> Iterable[Row]:
            return ready.places(there, some, k, apart)

        def elsewhere(some: Sequence[int]) -> Iterable[Row]:
            return zip(*best_places(part, dub, np.array(some), size, k, apart), strict=True)

        rows = in_batches(starts.tolist(), CHUNK, here, elsewhere)
    at, score, spread = zip(*rows, strict=True)
    return np.array(at), np.array(score), np.array(spread)


class _Part:
    """A part of the original on a device: its spectra (frequency, block, band), and the root of the energy under a window
    at each lag."""

    def __init__(self, part: Array, size: int, kind: str) -> None:
        import torch

        self.size, self.kind, self.n_lags = size, kind, len(part) - size + 1
        self.n_fft, self.hop, n_blocks = blocking(len(part), size)
        here = torch.from_numpy(part).to(kind)
        exact = here.cpu() if cards.family(kind) == "mps" else here
        energy = torch.zeros(len(part) + 1, dtype=torch.float64, device=exact.device)
        energy[1:] = exact.double().square().sum(dim=1).cumsum(dim=0)
        self.local = (energy[size:] - energy[:-size]).clamp_min(QUIET * size).sqrt().float().to(kind)
        whole = torch.zeros((n_blocks - 1) * self.hop + self.n_fft, part.shape[1], device=kind)
        whole[: len(part)] = here
        self.spectra = torch.fft.rfft(whole.unfold(0, self.n_fft, self.hop)).permute(2, 0, 1).contiguous()

    def places(self, dub: torch.Tensor, starts: Sequence[int], k: int, apart: int) -> Iterable[Row]:
        """Lags (k,), scores (k,) and the scores' spread of each window of ``dub`` (frame, band)."""
        import torch

        windows = dub.unfold(0, self.size, 1)[torch.tensor(starts, device=self.kind)].float()
        own = torch.fft.rfft(windows, n=self.n_fft).conj()
        product = torch.matmul(self.spectra, own.permute(2, 1, 0))
        lags = torch.fft.irfft(product.permute(2, 1, 0), n=self.n_fft)[:, :, : self.hop]
        norm = windows.square().sum(dim=(1, 2)).clamp_min(QUIET * self.size).sqrt()
        scores = lags.reshape(len(starts), -1)[:, : self.n_lags] / (norm[:, None] * self.local)
        # In one transfer: each would wait for the card.
        found = torch.cat([_peaks(scores, k, apart), _spread(scores)[None]]).cpu().double().numpy()
        at, score = _vertices(np.split(found[:-1], 5), scores.shape[1] - 1)
        return zip(at.T, score.T, found[-1], strict=True)


def _spread(scores: torch.Tensor) -> torch.Tensor:
    """:func:`syncdub.exact.correlation.noise_spread` of each row."""
    few = scores[:, :: max(1, scores.shape[1] // N_SPREAD)].abs().sort(dim=1).values
    n = few.shape[1]
    return (MAD * (few[:, (n - 1) // 2] + few[:, n // 2]) / 2).clamp_min(LEAST_SPREAD)


def _peaks(scores: torch.Tensor, k: int, apart: int) -> torch.Tensor:
    """Of the ``k`` highest peaks of each row (5·k, n): their places, their values, and the scores before, at and after each."""
    import torch

    left, last = scores.clone(), scores.shape[1] - 1
    around = torch.arange(-apart, apart + 1, device=scores.device)
    found: list[list[torch.Tensor]] = [[], [], [], [], []]
    for _ in range(k):
        value, peak = left.max(dim=1)
        beside = (scores.gather(1, (peak + by).clamp(0, last)[:, None])[:, 0] for by in (-1, 0, 1))
        # A place is under 2²⁴: single precision holds it exactly.
        for kept, new in zip(found, (peak.float(), value, *beside), strict=True):
            kept.append(new)
        left.scatter_(1, (peak[:, None] + around).clamp(0, last), -1.0)
    return torch.stack([one for kept in found for one in kept])


def _vertices(of_each: Sequence[Rows], last: int) -> tuple[Rows, Rows]:
    """Places, moved as :func:`syncdub.exact.correlation.vertex` says, and values, from :func:`_peaks`; zeros where there is no peak."""
    at, value, a, b, c = of_each
    bend = a - 2 * b + c
    sharp = (at > 0) & (at < last) & (bend < 0)
    moved = at + np.where(sharp, np.clip(0.5 * (a - c) / np.where(sharp, bend, -1.0), -0.5, 0.5), 0.0)
    return np.where(value > 0, moved, 0.0), np.where(value > 0, value, 0.0)
