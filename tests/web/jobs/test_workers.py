"""The queue goes on whatever fails around it: a locked database, callbacks that raise, rows that nobody works on."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Cancelled, NotFound, StudioError, ToolError
from pipeline.messages import Message
from pipeline.progress import breathe
from tests.fake_kinds import FAKES, asked
from tests.fake_service import settings_for
from web.jobs import store as job_store
from web.jobs.progress import TimeLimit
from web.jobs.queue import UNDO, Conflict, Job, Jobs
from web.jobs.values import NOBODY, Asker
from web.jobs.workers import MOST_LEFT, PATIENCE, TICK
from web.runner import queue_of


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.setattr(job_store, "PATIENT", 0.05)
    made = queue_of(settings_for(tmp_path), kinds=FAKES)
    made.start()
    yield made
    made.close()


@contextmanager
def locked(jobs: Jobs) -> Iterator[None]:
    """Another program holds the database: nothing can be written."""
    db = sqlite3.connect(jobs.settings.data_dir / "jobs.sqlite3", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def started(jobs: Jobs, job_id: str) -> None:
    until(lambda: (jobs.get(job_id).folder / "started").exists())


def test_waiting_jobs_go_on_after_the_database_was_locked_when_a_job_ended(jobs: Jobs, tmp_path: Path) -> None:
    first = jobs.submit(asked("patient", {"until": str(tmp_path / "go")}), NOBODY)
    second = jobs.submit(asked("echo", {"n": 2}), NOBODY)
    started(jobs, first)
    with locked(jobs):
        (tmp_path / "go").touch()
        time.sleep(0.3)
        assert jobs.get(first).state == "running"  # reading goes on, the end cannot be written
        with pytest.raises(ToolError):
            jobs.submit(asked("echo", {}), NOBODY)
    assert jobs.wait(first, 20).state == "done"
    assert jobs.wait(second, 20).state == "done"


def test_waiting_jobs_go_on_after_the_database_was_locked_when_they_should_begin(jobs: Jobs) -> None:
    original, calls = jobs._store.claim, []

    def failing() -> Job | None:
        calls.append(1)
        if len(calls) < 3:
            raise ToolError(detail="locked")
        return original()

    jobs._store.claim = failing  # type: ignore[method-assign]
    assert jobs.wait(jobs.submit(asked("echo", {}), NOBODY), 20).state == "done"


def test_whatever_raises_around_the_queue_the_next_job_begins(jobs: Jobs) -> None:
    def bad(job: Job | None = None) -> None:
        raise RuntimeError("a callback of somebody else")

    jobs.on_finished = bad
    heard = threading.Event()
    first = jobs.submit(asked("patient", {"steps": 20}), NOBODY)
    second = jobs.submit(asked("echo", {}), NOBODY)
    jobs.when_finished(first, bad)
    jobs.when_finished(first, heard.set)
    assert jobs.wait(second, 20).state == "done"
    assert heard.wait(20)


def test_who_waits_hears_of_an_end_that_nobody_told(jobs: Jobs) -> None:
    jobs._workers.tell = lambda job_id: None  # type: ignore[method-assign]
    job_id = jobs.submit(asked("patient", {"steps": 20}), NOBODY)
    heard = threading.Event()
    jobs.when_finished(job_id, heard.set)
    until(lambda: jobs.get(job_id).is_finished)
    assert not heard.is_set()
    del jobs._workers.tell
    assert heard.wait(20)


def test_a_row_that_is_running_and_that_nobody_runs_goes_back_into_the_queue(jobs: Jobs, tmp_path: Path) -> None:
    job_id = jobs.submit(asked("patient", {"until": str(tmp_path / "go")}), NOBODY)
    started(jobs, job_id)
    lost = jobs.submit(asked("echo", {}), NOBODY)
    jobs._store._write("UPDATE jobs SET state = 'running' WHERE id = ?", (lost,))
    until(lambda: jobs.get(lost).state == "queued")
    assert jobs.get(job_id).state == "running"
    (tmp_path / "go").touch()
    assert jobs.wait(lost, 20).state == "done"


def test_a_stop_is_shown_at_once_and_survives_a_database_that_cannot_be_written(jobs: Jobs) -> None:
    gone_on = threading.Event()

    def slow(request: Any, folder: Path, report: Any) -> dict[str, Any]:
        gone_on.wait(20)
        report(0.5, None)
        return {}

    jobs._run = slow
    job_id = jobs.submit(asked("echo", {}), NOBODY)
    until(lambda: jobs.get(job_id).state == "running")
    with locked(jobs):
        jobs.cancel(job_id)
        job = jobs.get(job_id)
        assert (job.state, job.stopping, job.message and job.message.code) == ("running", True, "progress.stopping")
    gone_on.set()
    ended = jobs.wait(job_id, 20)
    assert (ended.state, ended.stopping) == ("cancelled", False)


def test_a_deleted_job_can_be_taken_back_with_its_files(jobs: Jobs) -> None:
    job = jobs.wait(jobs.submit(asked("patient", {"steps": 1}), Asker("ana")), 20)
    jobs.trash(job.id)
    with pytest.raises(NotFound):
        jobs.get(job.id)
    with pytest.raises(NotFound):
        jobs.by_slug(job.slug)
    with pytest.raises(NotFound):
        jobs.trash(job.id)
    assert (jobs.list(), jobs.counts()["done"]) == ([], 0)
    assert ([j.id for j in jobs.trashed("ana")], jobs.trashed("eva")) == ([job.id], [])
    jobs.empty_trash()
    jobs.restore(job.id)
    assert jobs.get(job.id).result == job.result
    assert (job.folder / "output.bin").exists()
    with pytest.raises(NotFound):
        jobs.restore(job.id)


def test_the_trash_is_emptied_when_the_time_to_undo_has_passed(jobs: Jobs) -> None:
    upload = jobs.settings.uploads / ("a" * 32 + ".mp4")
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"1")
    job = jobs.wait(jobs.submit(asked("patient", {"steps": 1, "source": str(upload)}), NOBODY), 20)
    jobs.trash(job.id)
    assert str(upload) in jobs.files_in_use()
    jobs._store._write("UPDATE jobs SET trashed = ? WHERE id = ?", (time.time() - UNDO - 1, job.id))
    jobs.empty_trash()
    assert (job.folder.exists(), upload.exists(), jobs.trashed()) == (False, False, [])
    with pytest.raises(NotFound):
        jobs.restore(job.id)


def test_a_running_job_has_no_way_into_the_trash(jobs: Jobs, tmp_path: Path) -> None:
    job_id = jobs.submit(asked("patient", {"until": str(tmp_path / "go")}), NOBODY)
    started(jobs, job_id)
    with pytest.raises(Conflict):
        jobs.trash(job_id)
    (tmp_path / "go").touch()


class Deaf:
    """Work that does not report until it may, as a long call into a library does."""

    def __init__(self, jobs: Jobs) -> None:
        self.goes_on = threading.Event()
        self.calls: list[str] = []
        self._jobs, self._run = jobs, jobs._run
        jobs._run = self

    def __call__(self, request: Any, folder: Path, report: Any) -> dict[str, Any]:
        self.calls.append(folder.name)
        if "deaf" in getattr(request, "given", {}):
            (folder / "half.mp4").write_bytes(b"1")
            self.goes_on.wait(30)
            (folder / "late.mp4").write_bytes(b"1")
            report(0.5, Message("progress.rendering"))
        return self._run(request, folder, report)


def test_a_stop_takes_effect_where_nothing_reports(jobs: Jobs) -> None:
    work = Deaf(jobs)
    stuck, next_one = jobs.submit(asked("echo", {"deaf": 1}), NOBODY), jobs.submit(asked("echo", {}), NOBODY)
    until(lambda: work.calls == [stuck])
    jobs.cancel(stuck)
    assert jobs.wait(stuck, 20).state == "cancelled"
    assert jobs.wait(next_one, 20).state == "done"
    with pytest.raises(Conflict):
        jobs.retry(stuck)
    work.goes_on.set()
    until(lambda: not jobs._workers.left_behind(stuck))
    until(lambda: not jobs.get(stuck).folder.exists())
    assert jobs.get(stuck).state == "cancelled"
    jobs.retry(stuck)
    assert jobs.wait(stuck, 20).state == "done"


def test_the_time_limit_holds_where_nothing_reports(tmp_path: Path) -> None:
    jobs = queue_of(settings_for(tmp_path, job_time_limit=0.3), kinds=FAKES)
    work = Deaf(jobs)
    jobs.start()
    job = jobs.wait(jobs.submit(asked("echo", {"deaf": 1}), NOBODY), 20)
    assert (job.state, job.error and job.error["kind"]) == ("failed", "TimeLimit")
    work.goes_on.set()
    jobs.close()


@pytest.mark.parametrize("why", ["stop", "time limit"])
def test_work_that_only_breathes_is_stopped_without_leaving_its_thread(tmp_path: Path, why: str) -> None:
    jobs = queue_of(settings_for(tmp_path, job_time_limit=0.3 if why == "time limit" else 600.0), kinds=FAKES)
    ended: list[type[BaseException]] = []

    def breathing(request: Any, folder: Path, report: Any) -> dict[str, Any]:
        (folder / "started").touch()
        try:
            while True:
                breathe()
                time.sleep(0.01)
        except StudioError as error:
            ended.append(type(error))
            raise

    jobs._run = breathing
    jobs.start()
    job_id = jobs.submit(asked("echo", {}), NOBODY)
    until(lambda: bool(ended) or (jobs.get(job_id).folder / "started").exists())
    if why == "stop":
        jobs.cancel(job_id)
    assert jobs.wait(job_id, 20).state == ("cancelled" if why == "stop" else "failed")
    assert ended == [Cancelled if why == "stop" else TimeLimit]
    assert not jobs._workers.left_behind(job_id)
    jobs.close()


def test_only_so_many_threads_are_left_behind(jobs: Jobs) -> None:
    work = Deaf(jobs)
    for _ in range(MOST_LEFT):
        job_id = jobs.submit(asked("echo", {"deaf": 1}), NOBODY)
        until(partial(work.calls.__contains__, job_id))
        jobs.cancel(job_id)
        assert jobs.wait(job_id, 20).state == "cancelled"
    one_more = jobs.submit(asked("echo", {"deaf": 1}), NOBODY)
    until(lambda: one_more in work.calls)
    jobs.cancel(one_more)
    time.sleep(PATIENCE + 5 * TICK)
    assert (jobs.get(one_more).state, jobs.get(one_more).stopping) == ("running", True)
    work.goes_on.set()
    assert jobs.wait(one_more, 20).state == "cancelled"


def test_closing_does_not_wait_for_work_that_does_not_report(tmp_path: Path) -> None:
    jobs = queue_of(settings_for(tmp_path), kinds=FAKES)
    work = Deaf(jobs)
    jobs.start()
    job_id = jobs.submit(asked("echo", {"deaf": 1}), NOBODY)
    until(lambda: work.calls == [job_id])
    jobs.close()
    again = queue_of(settings_for(tmp_path), kinds=FAKES)
    assert again.get(job_id).state == "queued"
    work.goes_on.set()
    again.close()
