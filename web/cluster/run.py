"""Jobs on the workers of a cluster: the queue, the rows and the page stay here, the work is done elsewhere.

A job may be begun twice (its worker dies, the scheduler restarts), so each attempt carries a mark. It begins in an empty
folder, and only when no other attempt holds the job's lock: an attempt that finds another's mark stops at its next report.
A finished attempt leaves a receipt, so that a result lost on its way back is not worked out again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline.atomic import write_text
from pipeline.cluster.crew import AddressLink, Crew
from pipeline.cluster.engine import ClusterEngine
from pipeline.cluster.store import Given, Store, shared_of
from pipeline.cluster.worker import perform
from pipeline.engine import Engine
from pipeline.errors import Cancelled, ToolError
from pipeline.media.probe import probe
from pipeline.messages import Message, message
from pipeline.progress import Report
from pipeline.requests import Request
from pipeline.settings import Settings
from web.cluster.files import EarlyReceiver, EarlySender, fetched, given, rename_in_files, renamed
from web.jobs.folders import fresh_folder
from web.jobs.inputs import arrived
from web.jobs.kinds import Kinds, run_job
from web.jobs.memory_limit import Limited
from web.jobs.values import Job, Run, stored

PATIENCE = 10.0
"""Seconds a stopped job's worker gets to let go of the job's folder."""
SWEEP = 3600.0
"""Seconds between two sweeps of what killed workers left."""
LOOK = 1.0
TICK = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """One job as a worker gets it; ``locks`` is a folder that all machines share, ``ticket`` tells one run of a job from
    another, later one; ``called`` is what its input files are called in a store."""

    request: Request
    folder: Path
    kinds: Kinds
    locks: Path
    ticket: str
    called: Mapping[str, str | Given] = field(default_factory=dict)

    @property
    def lock(self) -> Path:
        return self.locks / f"{self.folder.name}.lock"

    @property
    def early(self) -> str:
        """Where what is shown before the end is, in a store."""
        return f"jobs/{self.ticket}/early"

    @property
    def receipt(self) -> Path:
        return self.lock.with_suffix(".done")


class ClusterRun:
    """A :data:`web.jobs.values.Run` that has jobs done by the cluster at ``settings.scheduler_address``."""

    def __init__(self, settings: Settings, kinds: Kinds) -> None:
        self._kinds, self._settings = kinds, settings
        self._locks = settings.data_dir / "cluster"
        self._shared = shared_of(settings, settings.temp_dir / "shared")
        self._swept = float("-inf")
        self.link = AddressLink(settings.scheduler_address)
        self._crew = Crew(self.link, settings, perform)

    def __call__(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        self._sweep()
        order = Order(request, folder, self._kinds, self._locks, uuid.uuid4().hex)
        if isinstance(self._shared, Store):
            return self._from_afar(order, self._shared, report)
        try:
            result: dict[str, Any] = self._crew.one(do_job, order, report=report)
        finally:
            _wait_until_free(order.lock)
        return result

    def _from_afar(self, order: Order, store: Store, report: Report) -> dict[str, Any]:
        """A job whose worker sees none of our folders."""
        here = SimpleNamespace(settings=self._settings, probe=probe)
        report = arrived(here, order.request, report)
        tick = partial(report, 0.0, message("progress.sending"))
        tick()
        order = replace(order, called=given(order.request, store, tick))
        try:
            early = EarlyReceiver(report, store, order.folder, order.early)
            answer = self._crew.one(do_job_afar, order, report=early)
            store.fetch_folder(answer["place"], order.folder)
        finally:
            store.drop(f"jobs/{order.ticket}")
        result: dict[str, Any] = answer["result"]
        return result

    def _sweep(self) -> None:
        if time.monotonic() - self._swept > SWEEP:
            self._swept = time.monotonic()
            self._shared.sweep()

    def close(self) -> None:
        """Lets go of the cluster."""
        self.link.close()


def do_job(engine: Engine, order: Order, report: Report) -> dict[str, Any]:
    """A whole job on this worker; its result as plain JSON, its files in the order's folder."""
    with _alone(order.lock, report) as only:
        known = _result_of(order)
        if known is not None:
            return known
        result = _done(engine, order, order.request, order.folder, only)
        write_text(order.receipt, json.dumps({"ticket": order.ticket, "result": result}))
        return result


def do_job_afar(engine: ClusterEngine, order: Order, report: Report) -> dict[str, Any]:
    """A whole job on a worker that shares no folder with the page: ``result`` as plain JSON, ``place`` where its files are.

    Each attempt leaves its files in a place of its own, so attempts need not exclude each other.
    """
    store = engine.shared
    if not isinstance(store, Store):
        raise ToolError("error.shared_storage", detail="the worker has no store")
    receipt = f"jobs/{order.ticket}/receipt.json"
    with contextlib.suppress(FileNotFoundError, ValueError):
        known: dict[str, Any] = json.loads(store.load(receipt))
        return known
    folder = engine.settings.temp_dir / "jobs" / uuid.uuid4().hex / order.folder.name
    names = {str(folder): str(order.folder)}
    tick = partial(report, 0.0, message("progress.fetching"))
    try:
        request = fetched(replace(order.request, fetch={}), order.called, store, names, tick)
        early = EarlySender(report, store, folder, order.early, names)
        result = renamed(_done(engine, order, request, folder, early), names)
        rename_in_files(folder, names)
        answer = {"place": f"jobs/{order.ticket}/{folder.parent.name}", "result": result}
        store.give_folder(folder, answer["place"])
        store.save(receipt, json.dumps(answer).encode())
        return answer
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)


def _done(engine: Engine, order: Order, request: Request, folder: Path, report: Report) -> dict[str, Any]:
    """The job's work, in an empty ``folder``; its result as plain JSON."""
    fresh_folder(Job(folder.name, request.kind, request, folder))
    run: Run = partial(run_job, engine=engine, kinds=order.kinds)
    if engine.settings.max_memory:
        run = Limited(run, engine.settings.max_memory)
    result: dict[str, Any] = stored(run(request, folder, report))
    return result


def _result_of(order: Order) -> dict[str, Any] | None:
    """The result of an earlier attempt whose answer was lost."""
    text = _text(order.receipt)
    receipt = json.loads(text) if text else {}
    result: dict[str, Any] | None = receipt["result"] if receipt.get("ticket") == order.ticket else None
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
        for suffix in (".owner", ".done"):
            lock.with_suffix(suffix).unlink(missing_ok=True)
        lock.unlink(missing_ok=True)
