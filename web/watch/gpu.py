"""What the graphics cards are and how much of their memory is used, from the driver's library (NVML), without torch."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

NAME_LENGTH = 96


class _MemoryInfo(ctypes.Structure):
    """``nvmlMemory_t`` of NVML's API reference: bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Utilisation(ctypes.Structure):
    """``nvmlUtilization_t``: percent of the last sample period."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


@dataclass(frozen=True, slots=True)
class Card:
    """One graphics card; memory in bytes, ``utilisation`` in percent (``None`` where the driver does not say)."""

    name: str
    memory_total: int
    memory_used: int
    utilisation: int | None


def cards() -> tuple[Card, ...]:
    """All NVIDIA cards this process may see; empty without a driver."""
    library = _library()
    if library is None or library.nvmlInit_v2() != 0:
        return ()
    try:
        count = ctypes.c_uint()
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return ()
        found = (_card(library, index) for index in range(count.value))
        return tuple(card for card in found if card is not None)
    finally:
        library.nvmlShutdown()


def _library() -> Any:
    try:
        return ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None


def _card(library: Any, index: int) -> Card | None:
    handle, memory, use = ctypes.c_void_p(), _MemoryInfo(), _Utilisation()
    name = ctypes.create_string_buffer(NAME_LENGTH)
    if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
        return None
    library.nvmlDeviceGetName(handle, name, NAME_LENGTH)
    library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    known = library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(use)) == 0
    label = name.value.decode("utf-8", "replace")
    return Card(label, int(memory.total), int(memory.used), int(use.gpu) if known else None)
