"""Uploads: from the socket to the disk in pieces, under a name of ours, checked before anything works with them.

Invariants: a file under its final name is complete and media (a piece of one is called ``….part``); what a client calls
its file is only ever shown; memory does not grow with the size; the event loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

WRITERS = 8
"""Threads that write what arrives; the event loop and what else uses threads never wait behind a slow disk."""
T = TypeVar("T")


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WRITERS, thread_name_prefix="upload")


async def on_disk(work: Callable[[], T]) -> T:
    """``work``, which writes to a disk, in one of the threads kept for that."""
    return await asyncio.get_running_loop().run_in_executor(_writers(), work)
