"""The graphics cards torch knows, whoever made them: which there are, what each is, how much of its memory is free.

A card is called by torch's name for it: ``cuda`` (NVIDIA's, and AMD's, whose ROCm torch calls so too), ``xpu`` (Intel's), ``mps``
(Apple's); further ones of a family have a number (``cuda:1``). ``CUDA_VISIBLE_DEVICES`` and its likes say which of them torch sees.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAMILIES = ("cuda", "xpu", "mps")
"""In the order in which they are preferred where a machine has several."""
HALF_CAPABILITY = 7
"""Tensor cores for half precision begin with NVIDIA's compute capability 7.0 (Volta); below, half is slower than single."""
BFLOAT_CAPABILITY = 8
"""Those of 8.0 (Ampere) also multiply bfloat16: the range of single precision with 8 bits of mantissa where half has 11."""
DRIVERS = ("nvidiactl", "nvidia0", "kfd", "dxg", "nvhost-gpu")
"""Device files of the drivers torch can compute on; the last is Jetson's."""
INTEL = "dri"
"""That of Intel's cards, and of every other card that only draws; it counts where torch was built for Intel's."""
SIDE, TONES, NEAR = 256, 8, 1e-3
"""Side of the matrices of the first calculation; waves whose spectrum is taken, and how far a number of it may be off."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``memory`` in bytes; ``half``: half precision is quick; ``bfloat``: bfloat16 is as quick."""

    name: str
    memory: int
    half: bool
    bfloat: bool


def family(kind: str) -> str:
    """``cuda`` of ``cuda:1``."""
    return kind.partition(":")[0]


def index(kind: str) -> int:
    """1 of ``cuda:1``; 0 where there is no number."""
    return int(kind.partition(":")[2] or 0)


def names(kind: str) -> tuple[str, str]:
    """What a card is asked for by: its family, or its family and number."""
    return family(kind), f"{family(kind)}:{index(kind)}"


def any_driver(devices: Path = Path("/dev")) -> bool:
    """Whether a driver for NVIDIA, AMD, Intel or Windows' GPUs has made its device file; ``True`` where the system has no such files.

    Saves the three seconds that torch takes to load on machines that have none.
    """
    known = (*DRIVERS, INTEL) if _for_intel() else DRIVERS
    return not sys.platform.startswith("linux") or any((devices / name).exists() for name in known)


def _for_intel() -> bool:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version("torch").endswith("+xpu")
    return False


def there() -> tuple[str, ...]:
    """Every card that torch has a driver for, preferred ones first."""
    return tuple(kind for name in FAMILIES for kind in _of(name))


def _of(name: str) -> list[str]:
    if not _is_there(name):
        return []
    return [name, *(f"{name}:{n}" for n in range(1, _library(name).device_count()))]


def _is_there(name: str) -> bool:
    import torch

    library = torch.backends.mps if name == "mps" else _library(name)
    return library is not None and bool(library.is_available())


def _library(name: str) -> Any:
    """torch's part for a family of cards; older ones lack some."""
    import torch

    return getattr(torch, name, None)


def facts(kind: str) -> Facts:
    """What a card is."""
    import torch

    if family(kind) == "mps":
        return Facts("Apple GPU", int(torch.mps.recommended_max_memory()), half=True, bfloat=False)
    found = _library(family(kind)).get_device_properties(index(kind))
    if family(kind) == "xpu":
        return Facts(str(found.name), int(found.total_memory), half=True, bfloat=True)
    half, bfloat = found.major >= HALF_CAPABILITY, found.major >= BFLOAT_CAPABILITY
    return Facts(str(found.name), int(found.total_memory), half, bfloat)


def free(kind: str) -> int:
    """Bytes of a card's memory that nobody uses."""
    import torch

    if family(kind) == "mps":
        return max(0, int(torch.mps.recommended_max_memory()) - int(torch.mps.driver_allocated_memory()))
    return int(_library(family(kind)).mem_get_info(index(kind))[0])


def release() -> None:
    """Gives back what torch keeps of cards' memory for later; does nothing where it is not loaded."""
    for name in FAMILIES if "torch" in sys.modules else ():
        if _is_there(name):
            _library(name).empty_cache()


def compute(kind: str) -> None:
    """One product of matrices and one spectrum on a card, compared with what must come out.

    Raises:
        RuntimeError: it cannot, or comes to something else.
    """
    import torch

    ones = torch.ones(SIDE, SIDE, device=kind)
    total = float((ones @ ones).sum())
    if total != float(SIDE**3):
        raise RuntimeError(f"wrong product: {total}")
    times = torch.arange(SIDE, dtype=torch.float32) / SIDE
    wave = torch.stack([torch.cos(2 * torch.pi * (n + 1) * times) for n in range(TONES)])
    found = torch.fft.rfft(wave.to(kind)).abs().cpu()
    if float((found - torch.fft.rfft(wave).abs()).abs().max()) > NEAR * SIDE:
        raise RuntimeError("wrong spectrum")
