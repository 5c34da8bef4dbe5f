"""``MAX_MEMORY``: a job that makes the service too large fails; without it the system would end the whole service.

What counts is the resident memory of this process and its children (ffmpeg), looked at whenever a job reports. The
loaded models are a part of it, so a limit below about 3 GiB leaves no job to run. A container's own limit should not be
lower: it kills without asking.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from pipeline.compute import cards
from pipeline.errors import OutOfMemory
from pipeline.messages import Message
from pipeline.progress import Report
from pipeline.requests import Request
from pipeline.settings import GIB
from web.jobs.values import Run

SHARE = 0.95
"""Of the limit: a container that has the same limit also counts what the kernel holds for us."""
EVERY = 0.5
"""Seconds between two looks."""


def resident() -> int:
    """Bytes of memory that this process and its children hold; pages they share count once for each."""
    own = psutil.Process()
    total: int = own.memory_info().rss
    for child in own.children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.Error:  # gone meanwhile
            continue
    return total


class Limited:
    """A :data:`web.jobs.values.Run` that ends a job with OutOfMemory once more than ``limit`` bytes are held.

    Caches are given back first, and where several jobs run the one that reports next is the one that ends.
    """

    def __init__(self, run: Run, limit: int, held: Callable[[], int] = resident, every: float = EVERY) -> None:
        self._run, self._limit, self._held, self._every = run, int(limit * SHARE), held, every
        self._looked = 0.0
        self._lock = threading.Lock()

    def __call__(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        def watched(fraction: float, message: Message) -> None:
            report(fraction, message)
            self._look()

        return self._run(request, folder, watched)

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() - self._looked < self._every:
                return
            if self._held() > self._limit:
                gc.collect()
                cards.release()
                if (held := self._held()) > self._limit:
                    raise OutOfMemory(
                        detail=f"{held / GIB:.2f} GiB held, MAX_MEMORY allows {self._limit / GIB:.2f} GiB"
                    )
            self._looked = time.monotonic()
