"""What was freed is not held."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.compute import freed
from tests.conftest import ROOT

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
    freed._call.cache_clear()
    freed.give_back()
    freed.few_heaps()
    freed._call.cache_clear()


HEAPS = """
import ctypes, sys, threading
from pipeline.compute import freed
if sys.argv[2] == "few":
    freed.few_heaps()
library, all_there = ctypes.CDLL(None), threading.Barrier(16)
library.malloc.restype = library.fopen.restype = ctypes.c_void_p
def hold():
    library.malloc(1 << 16)
    all_there.wait()
threads = [threading.Thread(target=hold) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
told = ctypes.c_void_p(library.fopen(sys.argv[1].encode(), b"w"))
library.malloc_info(0, told)
library.fclose(told)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="another C library")
def test_there_are_no_more_heaps_than_cores(tmp_path: Path) -> None:
    found = {}
    for way in ("few", "many"):
        subprocess.run([sys.executable, "-c", HEAPS, str(tmp_path / way), way], cwd=ROOT, check=True)
        found[way] = (tmp_path / way).read_text().count("<heap nr=")
    assert found["few"] <= max(2, os.cpu_count() or 1) < found["many"]
