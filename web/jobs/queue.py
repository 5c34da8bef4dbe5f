"""The one queue of the product: page, REST and Gradio client all submit here.

Invariants, kept by every statement of :mod:`web.jobs.store` and checked by tests:

1. A job is in exactly one state: ``queued → running → done | failed | cancelled``. Each UPDATE names the state it
   leaves, so two threads never both make a transition, and only ``retry`` leads out of ``failed`` and ``cancelled``.
2. A state change and all that belongs to it (result, error, times) is one transaction. ``done`` is written after the
   last file of the result has its final name: whoever reads ``done`` can read the files.
3. At most ``WORKERS`` jobs run, first come, first served. One process owns a data folder (``jobs.lock``).
4. After a crash ``queued`` stays, ``running`` becomes ``queued`` and starts again in an empty folder, finished rows are
   not touched. A job that was running in several crashes lets the others go first, and after :data:`MAX_ATTEMPTS` of
   them it fails.
5. Inputs are read-only. A job writes only into its own folder, and only that folder is emptied or removed with it.
6. A failure stays inside its job; nothing that a workflow raises stops a worker.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.compute.warm import warming
from pipeline.errors import BadRequest, Cancelled, NotFound, StudioError, ToolError
from pipeline.messages import choose_language
from pipeline.requests import Request
from pipeline.settings import Settings
from web.jobs.folders import fresh_folder, is_inside, named_error, remove_folder, stored_error
from web.jobs.kinds import Kinds, request_of
from web.jobs.progress import Running
from web.jobs.store import JobStore
from web.jobs.values import FINISHED, Asker, Conflict, Job, Run, State, current_job, stored

__all__ = ["FINISHED", "Conflict", "Job", "Jobs", "Run", "State", "current_job"]


MAX_ATTEMPTS = 50
RETRY_WRITE = 2.0
"""Seconds between attempts to write a job's end while the disk is full."""


_log = logging.getLogger(__name__)
JobList = list[Job]


class Jobs:
    """Submits, runs and remembers jobs. Everything may be called from any thread.

    ``run`` does the work of a job: in this process or on a cluster (:func:`web.runner.runner`). Nothing runs before
    :meth:`start`. ``on_finished`` is told every finished job (for metrics).
    """

    def __init__(self, settings: Settings, kinds: Kinds, run: Run) -> None:
        self.settings = settings
        self.kinds = kinds
        self.on_finished: Callable[[Job], None] = lambda job: None
        self._run = run
        self._store = JobStore(settings.data_dir, partial(request_of, kinds))
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="job")
        self._running: dict[str, Running] = {}
        self._waiting: dict[str, list[Callable[[], None]]] = {}
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._started = False
        self._closed = threading.Event()

    def start(self) -> None:
        """Take up what an earlier process left, then begin to work."""
        with self._lock:
            if self._started:
                return
            self._started = True
            self._store.recover(MAX_ATTEMPTS)
        self._pump()

    def close(self, timeout: float = 8.0) -> None:
        """Stop: running jobs go back into the queue at their next report; waits ``timeout`` seconds for them."""
        self._closed.set()
        with self._lock:
            for running in self._running.values():
                running.request_stop("shutdown")
            idle = self._idle.wait_for(lambda: not self._running, timeout)
        self._pool.shutdown(wait=idle, cancel_futures=True)
        getattr(self._run, "close", lambda: None)()
        if idle:
            self._store.close()

    def submit(self, request: Request, asker: Asker, *, title: str = "") -> str:
        """Queue a job and return its id (32 hexadecimal digits, unguessable).

        ``title`` is what people call it, else what the request says. Words that the job writes into files are in the asker's
        language; where that is not known, in that of the settings.

        Raises:
            BadRequest: no such kind. DiskFull, ToolError: the row cannot be written.
        """
        kind = request.kind
        if kind not in self.kinds:
            raise BadRequest(detail=f"kind={kind}")
        language = asker.language or choose_language(self.settings.language)
        request = replace(request, interface=language)
        job_id = uuid.uuid4().hex
        folder = self.kinds[kind].home(self.settings) / job_id
        job = Job(job_id, kind, request, folder, owner=asker.owner, title=title or request.title(), created=time.time())
        self._store.insert(job)
        _log.info("job queued", extra={"job_id": job_id, "kind": kind})
        self._pump()
        return job_id

    def get(self, job_id: str) -> Job:
        """The job as it is now, progress included. Raises NotFound."""
        job = self._found(self._store.get(job_id), job_id)
        return replace(job, ahead=self._store.ahead(job_id)) if job.state == "queued" else self._live(job)

    def by_slug(self, slug: str) -> Job:
        """The job whose public file names carry ``slug``. Raises NotFound."""
        return self._found(self._store.by_slug(slug), slug)

    def list(
        self, owner: str | None = None, *, states: Sequence[State] = (), limit: int = 100, offset: int = 0
    ) -> JobList:
        """Jobs newest first; ``owner=None`` means everybody's, empty ``states`` every state."""
        return [self._live(job) for job in self._store.select(owner, states, limit, offset)]

    def counts(self, owner: str | None = None) -> dict[State, int]:
        """Number of jobs by state."""
        return self._store.counts(owner)

    def cancel(self, job_id: str) -> None:
        """Stop a queued job at once, a running one at its next report; a finished one stays. Raises NotFound."""
        self._found(self._store.get(job_id), job_id)
        if self._store.cancel_queued(job_id):
            self._tell(job_id)
            return
        if self._store.mark_stop(job_id):
            with self._lock:
                running = self._running.get(job_id)
            if running is not None:
                running.request_stop("cancel")

    def retry(self, job_id: str) -> None:
        """Queue a failed or cancelled job again under the same id. Raises NotFound, Conflict."""
        job = self.get(job_id)
        if not self._store.retry(job_id):
            raise Conflict(state=job.state)
        self._pump()

    def delete(self, job_id: str) -> None:
        """Forget a finished job and remove its folder and the uploads only it used. Raises NotFound, Conflict."""
        job = self.get(job_id)
        if not job.is_finished:
            raise Conflict(state=job.state)
        remove_folder(job)
        self._store.delete(job_id)
        for path in self._own_uploads(job):
            path.unlink(missing_ok=True)
        _log.info("job deleted", extra={"job_id": job_id})

    def wait(self, job_id: str, timeout: float | None = None) -> Job:
        """Block until the job has finished or ``timeout`` seconds passed; the job as it is then. Raises NotFound."""
        done = threading.Event()
        self.when_finished(job_id, done.set)
        done.wait(timeout)
        return self.get(job_id)

    def when_finished(self, job_id: str, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, from some thread, when the job has finished (at once if it has). Raises NotFound."""
        with self._lock:
            self._waiting.setdefault(job_id, []).append(callback)
        try:
            job = self.get(job_id)
        except NotFound:
            self._callbacks(job_id)
            raise
        if job.is_finished:
            for waiting in self._callbacks(job_id):
                waiting()

    def files_in_use(self) -> set[str]:
        """The input files of every job: they are still needed, at least to try again."""
        return set().union(*(request.files() for request in self._store.requests()))

    def busy_folders(self) -> set[Path]:
        """The folders of queued and running jobs."""
        return {job.folder for job in self._store.select(None, ("queued", "running"), -1, 0)}

    def _found(self, job: Job | None, name: str) -> Job:
        if job is None:
            raise NotFound(name=name)
        return job

    # the worker

    def _pump(self) -> None:
        """Start queued jobs while a worker is free."""
        with self._lock:
            while self._started and not self._closed.is_set() and len(self._running) < self.settings.workers:
                job = self._store.claim()
                if job is None:
                    return
                self._running[job.id] = running = Running(self.settings.job_time_limit)
                self._pool.submit(self._work, job, running)

    def _work(self, job: Job, running: Running) -> None:
        current_job.set(job.id)
        warming.stop()
        try:
            self._settle(self._attempt(job, running), running)
        finally:
            with self._lock:
                self._running.pop(job.id, None)
                self._idle.notify_all()
        if not self._closed.is_set():
            self._tell(job.id)
            self._pump()

    def _attempt(self, job: Job, running: Running) -> Job:
        """Run the job; the row as it shall be written."""
        _log.info("job started", extra={"kind": job.kind, "attempt": job.attempts})
        try:
            fresh_folder(job)
            result = stored(self._run(job.request, job.folder, running))
            return replace(job, state="done", result=result)
        except Cancelled:
            return replace(job, state="cancelled")
        except StudioError as error:
            detail = error.detail if isinstance(error, ToolError) else ""
            _log.warning("job failed: %s %s", error, detail, extra={"error": type(error).__name__})
            return replace(job, state="failed", error=stored_error(error))
        except Exception as error:  # noqa: BLE001 - the one place where any failure must stay inside its job
            _log.exception("job failed")
            return replace(job, state="failed", error=stored_error(named_error(error)))

    def _settle(self, job: Job, running: Running) -> None:
        """Write the end of the job; again and again while the disk is full."""
        fraction = 1.0 if job.state == "done" else running.fraction
        ended = replace(job, finished=time.time(), stages=running.finish(), fraction=fraction, message=running.message)
        if job.state != "done":
            remove_folder(job)
        while True:
            try:
                if not (job.state == "cancelled" and running.stop == "shutdown" and self._store.requeue(job.id)):
                    self._store.finish(ended)
                return
            except ToolError as error:
                _log.error("cannot write the end of the job: %s", error.detail)
                if self._closed.wait(RETRY_WRITE):
                    return

    def _tell(self, job_id: str) -> None:
        """Wake those who wait for a job that has just finished."""
        job = self.get(job_id)
        _log.info("job %s", job.state, extra={"job_id": job_id, "kind": job.kind})
        for callback in self._callbacks(job_id):
            callback()
        self.on_finished(job)

    def _callbacks(self, job_id: str) -> Sequence[Callable[[], None]]:
        with self._lock:
            return self._waiting.pop(job_id, [])

    def _live(self, job: Job) -> Job:
        """``job`` with the progress of this moment."""
        with self._lock:
            running = self._running.get(job.id)
        if job.state != "running" or running is None:
            return job
        return replace(
            job,
            fraction=running.fraction,
            message=running.message,
            stages=running.so_far(),
            seconds_left=running.seconds_left(),
        )

    def _own_uploads(self, job: Job) -> Sequence[Path]:
        """Uploads that this job named and no other job names."""
        mine = set(job.request.files()) - self.files_in_use()
        return [Path(text) for text in mine if is_inside(text, self.settings.uploads)]
