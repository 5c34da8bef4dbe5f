"""What the benchmarks of the service look at while it works: answer times, memory, handles, threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from benchmarks.server import request


@dataclass
class Watch:
    """Samples the memory of a process and the answer time of /api/health until it is closed."""

    process: psutil.Process
    port: int
    memory: list[int] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    dropped: int = 0
    """Looks that were not answered."""
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self.stop.wait(0.1):
            begun = time.perf_counter()
            try:
                request(self.port, "GET", "/api/health")
            except OSError:
                self.dropped += 1
                continue
            self.health.append(time.perf_counter() - begun)
            self.memory.append(self.process.memory_info().rss)


def quantile(values: list[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def timed(action: Callable[[], Any]) -> float:
    """Seconds that ``action`` takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def ms(seconds: float) -> str:
    """Whole milliseconds."""
    return f"{1000 * seconds:.0f}"


def held(process: BaseProcess) -> str:
    """Handles, threads and memory of a process, once it has come to rest."""
    time.sleep(3)
    own = psutil.Process(process.pid)
    return f"{own.num_fds()} handles, {own.num_threads()} threads, {own.memory_info().rss / 1e6:.0f} MB"
