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
6. A failure stays inside its job; nothing that a workflow raises stops a worker, and nothing that fails around the queue
   keeps waiting jobs from going on (:mod:`web.jobs.workers`).
7. A deleted job can be taken back for :data:`UNDO` seconds; until then its files stay, and only :meth:`Jobs.trashed`
   knows it.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.errors import BadRequest, NotFound, ToolError
from pipeline.files.given_names import names_of, told
from pipeline.links import fetching
from pipeline.messages import Message, choose_language
from pipeline.progress import Report
from pipeline.requests import Request
from pipeline.settings import Settings
from reelify.looks.applied import applied
from reelify.looks.kits import Kits
from web.jobs.folders import is_inside, remove_folder
from web.jobs.kinds import Kinds, request_of
from web.jobs.store import JobStore
from web.jobs.values import FINISHED, Asker, Conflict, Job, Run, State, current_job
from web.jobs.workers import MAX_ATTEMPTS, Told, Workers

__all__ = ["FINISHED", "MAX_ATTEMPTS", "Conflict", "Job", "Jobs", "Run", "State", "current_job"]

UNDO = 600.0
"""Seconds for which a deleted job can be taken back."""
LONGEST_NAME = 200
MOST_FOLLOWED = 500
"""Finished jobs, from the newest, that are looked at after a start for what should have followed them."""
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
        told = Told(self._ended, self._overdue)
        self._workers = Workers(settings.workers, settings.job_time_limit, self._store, self._do, told)
        self._waiting: dict[str, list[Callable[[], None]]] = {}
        self._lock = threading.RLock()
        self._started = False

    def start(self) -> None:
        """Take up what an earlier process left, then begin to work."""
        with self._lock:
            if self._started:
                return
            self._started = True
        self._workers.start()
        self._workers.aside(self._go_on)

    def close(self, timeout: float = 8.0) -> None:
        """Stop: running jobs go back into the queue at their next report; waits ``timeout`` seconds for them."""
        idle = self._workers.close(timeout)
        getattr(self._run, "close", lambda: None)()
        if idle:
            self._store.close()

    def submit(self, request: Request, asker: Asker, *, title: str = "") -> str:
        """Queue a job and return its id (32 hexadecimal digits, unguessable).

        ``title`` is what people call it, else what the request says. Words that the job writes into files are in the asker's
        language; where that is not known, in that of the settings.

        Raises:
            BadRequest, NotFound: no such kind, or no such look. DiskFull, ToolError: the row cannot be written.
        """
        kind = request.kind
        if kind not in self.kinds:
            raise BadRequest(detail=f"kind={kind}")
        language = asker.language or choose_language(self.settings.language)
        request = applied(replace(request, interface=language), Kits.of(self.settings.data_dir, asker.owner))
        job_id = uuid.uuid4().hex
        folder = self.kinds[kind].home(self.settings) / job_id
        job = Job(job_id, kind, request, folder, owner=asker.owner, title=title or request.title(), created=time.time())
        self._store.insert(job)
        _log.info("job queued", extra={"job_id": job_id, "kind": kind})
        self._workers.call()
        return job_id

    def get(self, job_id: str) -> Job:
        """The job as it is now, progress included. Raises NotFound."""
        job = self._found(self._store.get(job_id), job_id)
        if job.state != "queued":
            return self._live(job)
        return replace(job, ahead=self._store.ahead(job_id) + self._store.counts()["running"])

    def by_slug(self, slug: str) -> Job:
        """The job whose public file names carry ``slug``. Raises NotFound."""
        return self._found(self._store.by_slug(slug), slug)

    def list(
        self,
        owner: str | None = None,
        *,
        states: Sequence[State] = (),
        limit: int = 100,
        offset: int = 0,
        parts: bool = True,
    ) -> JobList:
        """Jobs newest first; ``owner=None`` means everybody's, empty ``states`` every state. Without ``parts`` none of a season or
        folder that is there."""
        return [self._live(job) for job in self._store.select(owner, states, limit, offset, parts=parts)]

    def children(self, job_id: str) -> JobList:
        """The jobs that name this one as their season, oldest first."""
        return [self._live(job) for job in self._store.children(job_id)]

    def counts(self, owner: str | None = None) -> dict[State, int]:
        """Number of jobs by state."""
        return self._store.counts(owner)

    def cancel(self, job_id: str) -> None:
        """Stop a queued job at once, a running one at its next report, and its parts with it; what is finished stays. Raises NotFound.

        A running one is told first and its row is marked after that: it stops even where the row cannot be written now.
        """
        self._found(self._store.get(job_id), job_id)
        self._cancel(job_id)
        parts = [part for part in self.children(job_id) if not part.is_finished]
        for part in sorted(parts, key=lambda part: part.state != "queued"):  # else the end of one would begin the next
            self._cancel(part.id)

    def _cancel(self, job_id: str) -> None:
        running = self._workers.running(job_id)
        if running is None and self._store.cancel_queued(job_id):
            self._workers.tell(job_id)
            return
        if running is not None:
            running.request_stop("cancel")
        try:
            marked = self._store.mark_stop(job_id)
        except ToolError as error:
            if running is None:
                raise
            _log.error("a stop is not remembered: %s", error.detail)
            return
        if marked and running is None and (taken := self._workers.running(job_id)) is not None:
            taken.request_stop("cancel")

    def retry(self, job_id: str) -> None:
        """Queue a failed or cancelled job again under the same id. Raises NotFound, Conflict (also while it still stops)."""
        job = self.get(job_id)
        if self._workers.left_behind(job_id) or not self._store.retry(job_id):
            raise Conflict(state=job.state)
        self._workers.call()

    def rename(self, job_id: str, title: str) -> None:
        """Give a job another name. Raises NotFound; BadRequest for a name of nothing but spaces."""
        name = " ".join(title.split())[:LONGEST_NAME]
        if not name:
            raise BadRequest("error.empty_name")
        if not self._store.rename(job_id, name):
            raise NotFound(name=job_id)

    def trash(self, job_id: str) -> None:
        """Delete a finished job so that :meth:`restore` can take it back for :data:`UNDO` seconds. Raises NotFound, Conflict."""
        job = self.get(job_id)
        if not self._store.trash(job_id, time.time()):
            raise Conflict(state=job.state)
        _log.info("job in the trash", extra={"job_id": job_id})

    def restore(self, job_id: str) -> None:
        """Take a deleted job back. Raises NotFound: it is gone for good."""
        if not self._store.trash(job_id, None):
            raise NotFound(name=job_id)

    def trashed(self, owner: str | None = None) -> JobList:
        """Deleted jobs that can still be taken back, newest first; ``owner=None`` means everybody's."""
        return self._store.trashed(owner)

    def empty_trash(self) -> None:
        """Remove for good what was deleted more than :data:`UNDO` seconds ago."""
        for job in self.trashed():
            if job.trashed is not None and time.time() - job.trashed > UNDO:
                self._remove(job)

    def delete(self, job_id: str) -> None:
        """Forget a finished job for good, with its folder and the uploads only it used. Raises NotFound, Conflict."""
        job = self._store.get(job_id)
        if job is None:
            raise NotFound(name=job_id)
        if not job.is_finished:
            raise Conflict(state=job.state)
        self._remove(job)

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

    def files_in_use(self, states: Sequence[State] = ()) -> set[str]:
        """The input files of every job (of these ``states``; deleted ones that can be taken back included): they are still
        needed, at least to try again."""
        return set().union(*(request.files() for request in self._store.requests(states)))

    def busy_files(self) -> set[str]:
        """The input files of queued and running jobs: they are needed now."""
        return self.files_in_use(("queued", "running"))

    def _do(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        return self._run(request, folder, report)

    def _found(self, job: Job | None, name: str) -> Job:
        if job is None or job.trashed is not None:
            raise NotFound(name=name)
        return job

    def _remove(self, job: Job) -> None:
        """The row goes first: what a crash leaves then is a folder that nobody names, never a result without its files."""
        if not self._store.delete(job.id):
            raise Conflict(state=job.state)
        remove_folder(job)
        for path in self._own_uploads(job):
            path.unlink(missing_ok=True)
            fetching.evidence_of(path).unlink(missing_ok=True)
        _log.info("job deleted", extra={"job_id": job.id})

    def _ended(self, job_id: str) -> None:
        """Wake those who wait for a job that has just finished."""
        for callback in self._callbacks(job_id):
            self._workers.aside(callback)
        job = self.get(job_id)
        _log.info("job %s", job.state, extra={"job_id": job_id, "kind": job.kind})
        if job.is_finished:
            self.on_finished(job)
            self._follow(job)

    def _follow(self, job: Job) -> None:
        """What follows a finished job of its kind."""
        if (kind := self.kinds.get(job.kind)) is not None and (then := kind.then) is not None:
            self._workers.aside(lambda: then(self, job))

    def _go_on(self) -> None:
        """What should have followed jobs that had ended when an earlier process did."""
        for job in self.list(states=("done",), limit=MOST_FOLLOWED):
            self._follow(job)

    def _overdue(self) -> None:
        """Wake those who wait for a job that finished while nobody could tell them."""
        with self._lock:
            waiting = tuple(self._waiting)
        for job_id in waiting:
            job = self._store.get(job_id)
            if job is None or job.is_finished:
                self._workers.tell(job_id)

    def _callbacks(self, job_id: str) -> Collection[Callable[[], None]]:
        with self._lock:
            return self._waiting.pop(job_id, [])

    def _live(self, job: Job) -> Job:
        """``job`` with the progress of this moment."""
        running = self._workers.running(job.id)
        if job.state != "running" or running is None:
            return job
        stopping = job.stopping or running.stop == "cancel"
        return replace(
            job,
            fraction=running.fraction,
            message=Message("progress.stopping") if stopping else told(running.message, names_of(job.request.names)),
            stages=running.so_far(),
            seconds_left=None if stopping else running.seconds_left(),
            stopping=stopping,
        )

    def _own_uploads(self, job: Job) -> Sequence[Path]:
        """Uploads that this job named and no other job names."""
        mine = set(job.request.files()) - self.files_in_use()
        return [Path(text) for text in mine if is_inside(text, self.settings.uploads)]
