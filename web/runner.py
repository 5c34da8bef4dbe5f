"""Who does the work of the jobs, and the queue that is given it: what a composition root puts together."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.progress import Report
from pipeline.requests import Request
from pipeline.settings import Settings
from web.jobs.kinds import KINDS, Kinds, run_job
from web.jobs.queue import Jobs
from web.jobs.values import Run


def runner(settings: Settings, engine: Any, kinds: Kinds = KINDS) -> Run:
    """What does the work of a job: this process, on its cards where jobs run beside each other, or the cluster whose scheduler's
    address is set."""
    if settings.scheduler_address:
        from web.cluster.run import ClusterRun

        return ClusterRun(settings, kinds)
    several = settings.workers > 1 and engine is not None
    return OnCards(engine, kinds) if several else partial(run_job, engine=engine, kinds=kinds)


def queue_of(settings: Settings, engine: Any = None, *, kinds: Kinds = KINDS) -> Jobs:
    """A queue for ``kinds`` whose jobs are done as :func:`runner` says."""
    return Jobs(settings, kinds, runner(settings, engine, kinds))


class OnCards:
    """A :data:`web.jobs.values.Run` by ``engine`` and, where its device has others of its family beside it, by one engine for each:
    a job has one card for all its stages, and jobs that run at once have different ones.

    A further card is tried when a job is first to run there, and never asked again where it does not compute.
    """

    def __init__(self, engine: Any, kinds: Kinds) -> None:
        self._first, self._kinds = engine, kinds
        self._lock = threading.Lock()
        self._engines: dict[str, Any] = {}
        self._jobs: dict[str, int] = {}

    def __call__(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        with self._lock:
            card = self._freest()
            self._jobs[card] += 1
        try:
            return run_job(request, folder, report, engine=self._engines[card], kinds=self._kinds)
        finally:
            with self._lock:
                self._jobs[card] -= 1

    def _freest(self) -> str:
        """The card with fewest jobs, the first of several."""
        if not self._engines:
            first = self._first.device
            self._engines = {first.kind: self._first}
            self._jobs = dict.fromkeys((first.kind, *first.beside), 0)
        while True:
            card = min(self._jobs, key=lambda kind: self._jobs[kind])
            engine = self._engines.get(card) or self._first.on(card)
            if engine.device.kind == card:
                self._engines[card] = engine
                return card
            del self._jobs[card]
