"""Music and effects without the voices, of any track: the two stems of Spleeter (Hennequin et al. 2020, doi 10.21105/joss.02154).

Two U-Nets (Jansson et al. 2017) see the magnitudes of 12 seconds and say how much of each frequency is voice and how much is not; the
mix is divided by the squares of both. The difference of left and right says nothing of mono sound and little of a centred mix;
this says something of both, at a cost a thousand times higher: it is asked for stretches, not for films.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.bundles import Tensors, read_bundle
from pipeline.compute.device import in_batches, threads
from pipeline.progress import breathe

if TYPE_CHECKING:
    from pathlib import Path

    import torch

Samples = NDArray[np.float32]
RATE, N_FFT, HOP = 44100, 4096, 1024
FRAMES, BINS = 512, 1024
"""Frames a network sees at a time, and its lowest frequencies; those above get the mean of the mask."""
PIECE = (FRAMES - 1) * HOP
"""Samples of a piece: 11.9 s."""
STRIDE = 448 * HOP
"""Samples from piece to piece; neighbours are faded into each other over the 1.5 s they share."""
SECONDS = PIECE / RATE
MOST_LANES = 4
BATCH = 16
"""Pieces at a time on a card: 250 MB each while the networks work."""
DEPTH, SLOPE, VARIANCE_FLOOR, FLOOR = 6, 0.2, 1e-3, 1e-10


class Source(Protocol):
    """What sound is read from; see :class:`pipeline.media.samples.SampleReader`."""

    @property
    def rate(self) -> int: ...

    @property
    def layout(self) -> str: ...

    def read(self, start: int, n: int) -> Samples: ...


class Accompaniment:
    """The music and effects of a ``source`` of mono or stereo sound, read as that is; memory is a few pieces, whatever its length.

    The last ``keep`` pieces are not separated anew when they are read again; ``seconds`` of sound were separated so far.

    Raises:
        ModelUnavailable: the weights are missing or damaged.
    """

    def __init__(self, source: Source, device: str = "cpu", keep: int = 1) -> None:
        self.source, self.device, self.keep = source, device, keep
        self.rate, self.layout, self.seconds = source.rate, source.layout, 0.0
        self._step, self._size = (round(n * self.rate / RATE) for n in (STRIDE, PIECE))
        self._made: dict[int, Samples] = {}

    def read(self, start: int, n: int) -> Samples:
        """``n`` samples from number ``start`` on, (channels, n); ``start`` may be negative."""
        first, last = (start - self._size) // self._step + 1, (start + n - 1) // self._step
        wanted = range(first, last + 1)
        fade = _fade(self._size, self._size - self._step)
        out: Samples | None = None
        for some in _groups(wanted, _lanes() if self.device == "cpu" else BATCH):
            self._make([k for k in some if k not in self._made])
            for k in some:
                piece = self._made[k]
                out = np.zeros((len(piece), n), np.float32) if out is None else out
                low, high = max(start, k * self._step), min(start + n, k * self._step + self._size)
                here = slice(low - k * self._step, high - k * self._step)
                out[:, low - start : high - start] += piece[:, here] * fade[here]
            for k in list(self._made)[: -self.keep]:
                del self._made[k]
        assert out is not None
        return out

    def _make(self, numbers: Sequence[int]) -> None:
        pieces = [self.source.read(k * self._step, self._size) for k in numbers]
        self.seconds += len(pieces) * SECONDS
        for k, made in zip(numbers, separated(pieces, self.rate, self.device), strict=True):
            self._made[k] = made


def _lanes() -> int:
    """Pieces that a processor does side by side."""
    return min(os.cpu_count() or 1, MOST_LANES)


def _groups(numbers: range, size: int) -> list[range]:
    return [numbers[k : k + size] for k in range(0, len(numbers), size)]


def _fade(size: int, shared: int) -> Samples:
    """Gains of a piece: those of two neighbours sum to one."""
    rise = (np.arange(shared, dtype=np.float32) + 0.5) / shared
    return np.concatenate([rise, np.ones(size - 2 * shared, np.float32), rise[::-1]])


def separated(pieces: Sequence[Samples], rate: int, device: str) -> list[Samples]:
    """Music and effects of (1 or 2, n) pieces of at most :data:`SECONDS` at ``rate``; shapes kept.

    Raises:
        ModelUnavailable: the weights are missing or damaged.
        OutOfMemory: a single piece does not fit.
    """
    if device == "cpu":
        return list(_beside(rate, pieces))
    return in_batches(pieces, BATCH, functools.partial(_separate, rate, device), functools.partial(_beside, rate))


def _beside(rate: int, pieces: Sequence[Samples]) -> Iterator[Samples]:
    """As :func:`separated`, on a processor: a core does a piece in less time than several share one."""
    _network("cpu")
    with threads(1), ThreadPoolExecutor(max(1, min(_lanes(), len(pieces))), initializer=_alone) as pool:
        for made in pool.map(lambda piece: _separate(rate, "cpu", [piece])[0], pieces):
            breathe()
            yield made


def _alone() -> None:
    """This thread works by itself: a new thread begins with all the threads of the process."""
    import torch

    torch.set_num_threads(1)


def _separate(rate: int, device: str, pieces: Sequence[Samples]) -> list[Samples]:
    import torch

    waves = np.zeros((len(pieces), 2, PIECE), np.float32)
    for wave, piece in zip(waves, pieces, strict=True):
        heard = resampled(piece, rate, RATE)[:, :PIECE]
        wave[:, : heard.shape[1]] = heard
    with torch.inference_mode():
        made = _network(device)(torch.from_numpy(waves).to(device)).cpu().numpy()
    out = []
    for piece, wave in zip(pieces, made, strict=True):
        back = resampled(wave[: len(piece)], RATE, rate)[:, : piece.shape[1]]
        out.append(np.pad(back, ((0, 0), (0, piece.shape[1] - back.shape[1]))))
    return out


def resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    """(channels, n) ``samples`` at another rate."""
    if rate == wanted:
        return samples
    import soxr  # type: ignore[import-untyped]

    return np.ascontiguousarray(soxr.resample(np.ascontiguousarray(samples.T), rate, wanted).T, np.float32)


@functools.cache
def _network(device: str) -> torch.nn.Module:
    from pipeline.compute.models import spleeter_files

    return network(*spleeter_files()).to(device)


def network(index: Path, data: Path) -> torch.nn.Module:
    """What makes (n, 2, :data:`PIECE`) music and effects of as much sound, from Spleeter's files."""
    return _stems(read_bundle(index, data))


def _stems(tensors: Tensors) -> torch.nn.Module:
    import torch
    from torch.nn import functional

    class Stems(torch.nn.Module):
        """Both U-Nets: voices, then the rest."""

        def __init__(self) -> None:
            super().__init__()
            for n in range(2):
                for name, tensor in _of_network(tensors, n).items():
                    self.register_buffer(f"{name}_{n}", torch.from_numpy(tensor.copy()))
            self.register_buffer("window", torch.hann_window(N_FFT))

        def forward(self, waves: torch.Tensor) -> torch.Tensor:
            window = self.get_buffer("window")
            flat = waves.reshape(-1, waves.shape[-1])
            spectrum = torch.stft(flat, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)
            size = spectrum.abs()[:, :BINS].reshape(len(waves), 2, BINS, -1).transpose(2, 3)
            voices, rest = (self.heard(size, n).square() for n in range(2))
            mask = ((rest + FLOOR / 2) / (voices + rest + FLOOR)).transpose(2, 3).reshape(len(flat), BINS, -1)
            above = mask.mean(dim=1, keepdim=True).expand(-1, spectrum.shape[1] - BINS, -1)
            made = torch.istft(spectrum * torch.cat([mask, above], dim=1), N_FFT, HOP, window=window, length=PIECE)
            return made.reshape(waves.shape)

        def heard(self, size: torch.Tensor, n: int) -> torch.Tensor:
            """(batch, 2, frames, bins) magnitudes of stem ``n`` of those of the mix."""
            x, twins = size.contiguous(memory_format=torch.channels_last), []
            for k in range(DEPTH):
                x = functional.conv2d(functional.pad(x, (1, 2, 1, 2)), *self.layer("conv2d", k, n), stride=2)
                twins.append(x)
                x = functional.leaky_relu(self.levelled(x, k, n), SLOPE)
            x = twins.pop()
            for k in range(DEPTH):
                x = functional.conv_transpose2d(x, *self.layer("conv2d_transpose", k, n), stride=2)[..., 1:-2, 1:-2]
                x = self.levelled(functional.relu(x), DEPTH + k, n)
                x = torch.cat([twins.pop(), x], dim=1) if twins else x
            x = functional.conv2d(functional.pad(x, (3, 3, 3, 3)), *self.layer("conv2d", DEPTH, n), dilation=2)
            return torch.sigmoid(x.float()) * size

        def levelled(self, x: torch.Tensor, k: int, n: int) -> torch.Tensor:
            scale, shift = self.layer("level", k, n)
            return x * scale[:, None, None] + shift[:, None, None]

        def layer(self, kind: str, k: int, n: int) -> tuple[torch.Tensor, torch.Tensor]:
            return self.get_buffer(f"{kind}_{k}_weight_{n}"), self.get_buffer(f"{kind}_{k}_bias_{n}")

    return Stems().eval()


def _of_network(tensors: Tensors, n: int) -> dict[str, NDArray[np.float32]]:
    """The weights of network ``n``, its layers counted from 0, in torch's order of axes; normalisations as a factor and a sum."""
    out = {}
    for kind, many in (("conv2d", DEPTH + 1), ("conv2d_transpose", DEPTH)):
        for k in range(many):
            name = _numbered(kind, many * n + k)
            out[f"{kind}_{k}_weight"] = tensors[f"{name}/kernel"].transpose(3, 2, 0, 1)
            out[f"{kind}_{k}_bias"] = tensors[f"{name}/bias"]
    for k in range(2 * DEPTH):
        name = _numbered("batch_normalization", 2 * DEPTH * n + k)
        scale = tensors[f"{name}/gamma"] / np.sqrt(tensors[f"{name}/moving_variance"] + VARIANCE_FLOOR)
        out[f"level_{k}_weight"] = scale
        out[f"level_{k}_bias"] = tensors[f"{name}/beta"] - tensors[f"{name}/moving_mean"] * scale
    return out


def _numbered(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind
