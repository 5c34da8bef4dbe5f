"""The threads that do the jobs, and the dispatcher that looks after them.

One thread, the dispatcher, takes jobs out of the queue: whenever something may have changed, and each second anyway. So
nothing that fails around the queue (a locked database, a full disk, a callback that raises or never returns) keeps
waiting jobs from going on for longer than that second and the failure itself. It also puts back what the rows call
running and nobody runs.

Work is stopped at its next report or breath (:func:`pipeline.progress.breathe`). Where neither comes soon (a long call into
a library, a decoder that hangs), the job ends without it: its end is written, its folder goes and the next job begins, while
the thread that is left behind finds out at its next one. So a stop and the time limit hold in every stage, whatever it calls.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from pipeline.compute.freed import give_back
from pipeline.compute.warm import warming
from pipeline.errors import Cancelled, StudioError, ToolError
from pipeline.files.given_names import names_of, tell, told, told_in
from pipeline.progress import heeding
from web.jobs.folders import fresh_folder, named_error, remove_folder, stored_error
from web.jobs.progress import Running
from web.jobs.store import JobStore
from web.jobs.values import Job, Run, current_job, stored

MAX_ATTEMPTS = 50
LOOK = 1.0
"""Seconds between two looks at the queue when nobody calls."""
PATIENCE = 1.0
"""Seconds that work which is over its time gets to end by itself."""
TICK = 0.1
MOST_LEFT = 4
"""Threads that may be left behind; with more, a job that should end keeps its place until one of them has ended."""
RETRY_WRITE = 1.0
"""Seconds between attempts to write a job's end while the database cannot be written."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """Whom the workers tell: ``ended`` every job that has ended, ``looked`` that a second has passed."""

    ended: Callable[[str], None]
    looked: Callable[[], None]


class Workers:
    """At most ``number`` jobs at once, first come, first served. Everything may be called from any thread.

    ``run`` does the work of a job, for at most ``time_limit`` seconds.
    """

    def __init__(self, number: int, time_limit: float, store: JobStore, run: Run, told: Told) -> None:
        self._number, self._time_limit, self._store, self._run, self._told = number, time_limit, store, run, told
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="job")
        # Callbacks are other people's code: in a thread of their own, they hold up nobody but each other.
        self._teller = ThreadPoolExecutor(1, thread_name_prefix="teller")
        self._live: dict[str, Running] = {}
        self._left: set[str] = set()
        self._ended = False  # since memory was given back
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._closed, self._call = threading.Event(), threading.Event()
        self._dispatcher = threading.Thread(target=self._dispatch, daemon=True, name="dispatcher")

    def start(self) -> None:
        """Take up what an earlier process left, then begin to work."""
        self._contained(self._recover)
        self._call.set()
        self._dispatcher.start()

    def close(self, timeout: float) -> bool:
        """Running jobs go back into the queue at their next report; whether all have within ``timeout`` seconds."""
        self._closed.set()
        self._call.set()
        if self._dispatcher.is_alive() and self._dispatcher is not threading.current_thread():
            self._dispatcher.join(timeout)
        with self._lock:
            for running in self._live.values():
                running.request_stop("shutdown")
            idle = self._idle.wait_for(lambda: not self._live, timeout)
        self._pool.shutdown(wait=idle, cancel_futures=True)
        self._teller.shutdown(wait=False, cancel_futures=True)
        return idle

    def call(self) -> None:
        """There may be something to do; never waits and never fails."""
        self._call.set()

    def tell(self, job_id: str) -> None:
        """A job has ended: those who wait for it hear of it soon."""
        self.aside(lambda: self._told.ended(job_id))

    def aside(self, step: Callable[[], None]) -> None:
        """Do something of other people's, in the thread kept for that; nothing when the service stops."""
        with contextlib.suppress(RuntimeError):  # closed
            self._teller.submit(self._contained, step)

    def running(self, job_id: str) -> Running | None:
        """The live side of a job that runs now."""
        with self._lock:
            return self._live.get(job_id)

    def left_behind(self, job_id: str) -> bool:
        """Whether a thread still works on a job that has ended."""
        with self._lock:
            return job_id in self._left

    def _dispatch(self) -> None:
        looked = time.monotonic()
        while not self._closed.is_set():
            self._call.wait(LOOK)
            self._call.clear()
            self._contained(self._fill)
            if time.monotonic() - looked >= LOOK:
                if self._ended:
                    self._ended = False
                    give_back()
                self._contained(self._recover)
                self._contained(self._told.looked)
                looked = time.monotonic()

    def _contained(self, step: Callable[[], None]) -> None:
        """One step of the queue; whatever it raises is logged, and the next look tries again."""
        try:
            step()
        except ToolError as error:
            _log.error("the queue goes on after: %s", error.detail)
        except Exception:  # noqa: BLE001 - nothing that fails around the queue may stop it
            _log.exception("the queue goes on")

    def _recover(self) -> None:
        with self._lock:
            live = tuple(self._live)
        self._store.recover(MAX_ATTEMPTS, live)

    def _fill(self) -> None:
        """Start queued jobs while a worker is free."""
        while not self._closed.is_set() and len(self._live) < self._number:
            job = self._store.claim()
            if job is None:
                return
            running = Running(self._time_limit)
            with self._lock:
                self._live[job.id] = running
            try:
                self._pool.submit(self._work, job, running)
            except RuntimeError:  # no thread to be had: the next look puts the job back
                self._gone(job.id)
                raise

    def _work(self, job: Job, running: Running) -> None:
        current_job.set(job.id)
        warming.stop()
        try:
            self._settle(self._awaited(job, running), running)
        finally:
            self._gone(job.id)
            self._ended = True
            self.tell(job.id)
            self.call()

    def _gone(self, job_id: str) -> None:
        with self._lock:
            self._live.pop(job_id, None)
            self._idle.notify_all()

    def _awaited(self, job: Job, running: Running) -> Job:
        """Have the job run; the row as it shall be written, at the latest :data:`PATIENCE` after it had to be over."""
        attempt: Future[Job] = Future()
        context = contextvars.copy_context()
        begun = lambda: context.run(self._begin, attempt, job, running)  # noqa: E731 - the thread's whole life
        # A daemon: a decoder that hangs must not keep the service from ending.
        threading.Thread(target=begun, daemon=True, name=f"work-{job.id[:8]}").start()
        while not wait([attempt], TICK).done:
            if running.overdue() > PATIENCE and self._leave(job.id, attempt):
                _log.warning("job left behind", extra={"kind": job.kind})
                return _failed(job, running.end_of_overdue())
        return attempt.result()

    def _begin(self, attempt: Future[Job], job: Job, running: Running) -> None:
        attempt.set_result(self._attempt(job, running))
        with self._lock:
            left = job.id in self._left
            self._left.discard(job.id)
        if left:
            remove_folder(job)

    def _leave(self, job_id: str, attempt: Future[Job]) -> bool:
        with self._lock:
            if attempt.done() or len(self._left) >= MOST_LEFT:
                return False
            self._left.add(job_id)
            return True

    def _attempt(self, job: Job, running: Running) -> Job:
        """Run the job; the row as it shall be written."""
        _log.info("job started", extra={"kind": job.kind, "attempt": job.attempts})
        try:
            if self._store.is_stopped(job.id):  # in the moment in which it was taken
                raise Cancelled
            fresh_folder(job)
            with heeding(running.check):
                result = stored(self._run(job.request, job.folder, running))
            return replace(job, state="done", result=told_in(result, names_of(job.request.names)))
        except StudioError as error:
            return _failed(job, error)
        except Exception as error:  # noqa: BLE001 - any failure must stay inside its job
            _log.exception("job failed")
            return replace(job, state="failed", error=stored_error(named_error(error)))

    def _settle(self, job: Job, running: Running) -> None:
        """Write the end of the job; again and again while the disk is full or the database locked."""
        fraction = 1.0 if job.state == "done" else running.fraction
        ended = replace(
            job,
            finished=time.time(),
            stages=running.finish(),
            fraction=fraction,
            message=told(running.message, names_of(job.request.names)),
        )
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


def _failed(job: Job, error: StudioError) -> Job:
    """The row of a job that ended with one of our errors."""
    if isinstance(error, Cancelled):
        return replace(job, state="cancelled")
    tell(error, names_of(job.request.names))
    detail = error.detail if isinstance(error, ToolError) else ""
    _log.warning("job failed: %s %s", error, detail, extra={"error": type(error).__name__})
    return replace(job, state="failed", error=stored_error(error))
