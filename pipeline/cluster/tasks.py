"""What travels between the page and the workers of a cluster, and what a task asks its worker while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from distributed import Worker, get_worker, rejoin, secede
from distributed.core import Status
from distributed.worker import thread_state

from pipeline.errors import Cancelled, StudioError
from pipeline.progress import Report
from pipeline.settings import Settings

Work = Callable[[Any, Any, Report], Any]
"""``work(engine, item, report) -> value``: a function of a module, so that it can be named over the network."""

RUNNING = frozenset({"executing", "long-running"})


@dataclass(frozen=True, slots=True)
class Assignment:
    """``work`` on ``item`` with an engine of ``settings``; reports go to the subscribers of ``topic``."""

    work: Work
    item: Any
    settings: Settings
    topic: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task: a value, or an error of ours (which is no failure of the worker)."""

    value: Any = None
    error: StudioError | None = None


def check() -> None:
    """Raises Cancelled in the thread of a task that nobody waits for any more; costs no message."""
    check_task(get_worker(), thread_state.key)


def check_task(worker: Worker, key: Any) -> None:
    """Raises Cancelled when ``worker`` is not to go on with the task ``key``."""
    state = worker.state.tasks.get(key)
    if state is None or state.state not in RUNNING or worker.status not in (Status.running, Status.paused):
        raise Cancelled


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Gives the worker's thread to other tasks while this one only waits for them."""
    try:
        secede()
    except (KeyError, AttributeError, ValueError):  # already aside, or in no task at all
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # the worker is closing
            rejoin()
