"""What was freed is not held."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.compute import freed

SIZE, N = 64 * 1024, 3000


def held() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library")
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [np.ones(SIZE, np.uint8) for _ in range(N)]
    last = blocks.pop()  # keeps the heap from shrinking by itself
    blocks.clear()
    before = held()
    freed.give_back()
    assert before - held() > SIZE * N // 2
    assert last.all()


def test_another_c_library_has_nothing_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    freed._trim.cache_clear()
    freed.give_back()
    freed._trim.cache_clear()
