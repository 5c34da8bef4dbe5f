"""The worker's side of a cluster: a task that came over the network, done by this process's engine.

A worker keeps one engine, so models stay loaded from task to task. What a task reports goes to whoever gave it, and the
report raises as soon as nobody wants the task any more: stopped, given to another worker, or the scheduler gone.
"""

from __future__ import annotations

import functools
import os
import pickle
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import get_worker
from distributed.worker import thread_state

from pipeline.cluster.tasks import Assignment, Outcome, check_task
from pipeline.errors import StudioError
from pipeline.messages import Message
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.engine import Engine

EVERY = 0.2
"""Seconds between two reports of the same stage that are worth the network."""
_making = threading.Lock()


def perform(task: Assignment) -> Outcome:
    """Does a task on the worker it was given to. Errors that are not ours are raised."""
    report = Reporter(task.topic)
    try:
        return Outcome(task.work(engine_of(task.settings), task.item, report))
    except StudioError as error:
        return Outcome(error=error)


class Reporter:
    """A task's :data:`pipeline.progress.Report`, from any of its threads; raises Cancelled when it is not wanted any more."""

    def __init__(self, topic: str) -> None:
        self._worker, self._key, self._topic = get_worker(), thread_state.key, topic
        self._last, self._code = 0.0, ""

    def __call__(self, fraction: float, message: Message) -> None:
        check_task(self._worker, self._key)
        now = time.monotonic()
        if now - self._last >= EVERY or message.code != self._code:
            self._last, self._code = now, message.code
            told = {"key": self._key, "fraction": float(fraction), "message": pickle.dumps(message)}
            self._worker.log_event(self._topic, told)


def engine_of(settings: Settings) -> Engine:
    """The engine of this process, made once."""
    with _making:
        return _engine(settings)


@functools.lru_cache(maxsize=2)
def _engine(settings: Settings) -> Engine:
    from pipeline.cluster.crew import Crew, WorkerLink
    from pipeline.cluster.engine import ClusterEngine
    from pipeline.cluster.store import shared_of

    local = own(settings)
    return ClusterEngine(
        local, Crew(WorkerLink(), settings, perform), shared_of(local, local.temp_dir.parent / "shared")
    )


def own(settings: Settings) -> Settings:
    """The page's ``settings`` with what depends on the machine: models, device, threads, folders that are not shared, and a
    work folder that a killed worker does not leave behind for ever."""
    local = Settings.from_env()
    root = local.temp_dir
    for folder in root.glob("worker-*"):
        if not _alive(folder.name.removeprefix("worker-")):
            shutil.rmtree(folder, ignore_errors=True)
    temp = root / f"worker-{os.getpid()}"
    temp.mkdir(parents=True, exist_ok=True)
    data_dir = local.data_dir if settings.shared_storage else settings.data_dir
    return replace(
        settings, data_dir=data_dir, models_dir=local.models_dir, temp_dir=temp, device=local.device, max_cpus=local.max_cpus,
        max_memory=local.max_memory,
    )  # fmt: skip


def _alive(pid: str) -> bool:
    return not Path("/proc/self").exists() or Path("/proc", pid).exists()
