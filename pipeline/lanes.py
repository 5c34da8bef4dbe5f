"""The same work for several things at once: as many threads as there are cores, for what leaves the interpreter free (arrays, decoders)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import TypeVar

MOST = 4
"""Lanes at most: each holds the memory of its own piece of the work."""

T = TypeVar("T")
R = TypeVar("R")
_in_a_lane: ContextVar[bool] = ContextVar("in_a_lane", default=False)


def in_lanes(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """``[work(item) for item in items]``, some at a time. What is asked for inside of a lane is done one after the other there: the cores
    are taken. Threads have the caller's context, so that a wish to stop reaches them; after an error nothing more is begun.

    Raises:
        What ``work`` raises, of the first such item.
    """
    each = list(items)
    lanes = min(MOST, os.cpu_count() or 1, len(each))
    if lanes < 2 or _in_a_lane.get():
        return [work(item) for item in each]
    with ThreadPoolExecutor(lanes, thread_name_prefix="lane") as pool:
        # A context may be entered by one thread at a time, so each item has its own.
        begun = [pool.submit(copy_context().run, _alone, work, item) for item in each]
        try:
            return [one.result() for one in begun]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _alone(work: Callable[[T], R], item: T) -> R:
    _in_a_lane.set(True)
    return work(item)
