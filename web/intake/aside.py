"""Work of a route that may wait for a disk, done beside the event loop: few threads for each kind, so that no kind holds up another.

More threads than these make nothing faster: they wait for the same database or volume, and each that runs keeps the event loop waiting
for the interpreter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter, run_sync

from web.intake.library import MAX_HUNG

READERS = 2
"""Threads that read rows of jobs; the database answers one at a time."""
MOST = 16
"""Threads for everything else: uploads that are checked, files that are sent, jobs that are submitted."""
SWITCH = 0.001
"""Seconds for which a thread keeps the interpreter while the event loop, or another thread, waits for it (Python's default is 0.005). The
loop gives it up at every read and write, and waits so long for each thread that wants it."""
T = TypeVar("T")


def limit_threads() -> None:
    """Keep the threads of the event loop that runs to :data:`MOST`, and their turns short."""
    current_default_thread_limiter().total_tokens = MOST
    sys.setswitchinterval(SWITCH)


@dataclass(frozen=True, slots=True)
class Aside:
    """The threads of one service. ``rows`` reads jobs, ``volume`` looks at the library, which may be a volume that does not answer."""

    _rows: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READERS))
    _volume: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_HUNG))

    async def rows(self, work: Callable[[], T]) -> T:
        """``work()``, which reads jobs."""
        return await run_sync(work, limiter=self._rows)

    async def volume(self, work: Callable[[], T]) -> T:
        """``work()``, which looks at the library."""
        return await run_sync(work, limiter=self._volume)
