"""Jobs on the workers of a cluster: the queue, the rows and the page stay here, the work is done elsewhere.

A job may be begun twice (its worker dies, the scheduler restarts), so each attempt carries a mark. It begins in an empty
folder, and only when no other attempt holds the job's lock: an attempt that finds another's mark stops at its next report.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.cluster import AddressLink, Crew
from pipeline.engine import Engine
from pipeline.errors import Cancelled
from pipeline.messages import Message, message
from pipeline.settings import Settings
from pipeline.values import Report
from web.jobs_folders import fresh_folder
from web.jobs_values import Job, stored
from web.kinds import Kind, run_job

PATIENCE = 10.0
"""Seconds a stopped job's worker gets to let go of the job's folder."""
LOOK = 1.0
TICK = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """One job as a worker gets it; ``locks`` is a folder that all machines share."""

    kind: str
    params: Mapping[str, Any]
    folder: Path
    kinds: Mapping[str, Kind]
    locks: Path

    @property
    def lock(self) -> Path:
        return self.locks / f"{self.folder.name}.lock"


class ClusterRun:
    """A :data:`web.jobs.Run` that has jobs done by the cluster at ``settings.scheduler_address``."""

    def __init__(self, settings: Settings, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._locks = settings.data_dir / "cluster"
        self.link = AddressLink(settings.scheduler_address)
        self._crew = Crew(self.link, settings)

    def __call__(self, kind: str, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
        order = Order(kind, params, folder, self._kinds, self._locks)
        try:
            result: dict[str, Any] = self._crew.one(do_job, order, report=report)
        finally:
            _wait_until_free(order.lock)
        return result


def do_job(engine: Engine, order: Order, report: Report) -> dict[str, Any]:
    """A whole job on this worker; its result as plain JSON, its files in the order's folder."""
    with _alone(order.lock, report) as only:
        fresh_folder(Job(order.folder.name, order.kind, order.params, order.folder))
        result: dict[str, Any] = stored(run_job(order.kind, order.params, order.folder, only, engine, order.kinds))
        return result


@contextlib.contextmanager
def _alone(lock: Path, report: Report) -> Iterator[Report]:
    """Holds ``lock``; gives a report that also raises when a later attempt wants it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    owner = lock.with_suffix(".owner")
    owner.write_text(mark)
    looked = time.monotonic()

    def only(fraction: float, what: Message) -> None:
        nonlocal looked
        report(fraction, what)
        if time.monotonic() - looked > LOOK:
            looked = time.monotonic()
            if _text(owner) not in (mark, ""):
                raise Cancelled

    with lock.open("a") as file:
        while not _taken(file.fileno()):
            only(0.0, message("progress.waiting_worker"))
            time.sleep(TICK)
        yield only


def _taken(file: int) -> bool:
    """Whether the lock is ours now; a file system without locks says yes, the mark must do there."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _wait_until_free(lock: Path) -> None:
    """Returns when no worker holds the job's folder any more, or after :data:`PATIENCE`; removes the lock."""
    end = time.monotonic() + PATIENCE
    with contextlib.suppress(FileNotFoundError), lock.open("r+") as file:
        while not _taken(file.fileno()) and time.monotonic() < end:
            time.sleep(TICK)
        lock.with_suffix(".owner").unlink(missing_ok=True)
        lock.unlink(missing_ok=True)
