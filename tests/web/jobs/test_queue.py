"""The queue: states, order, survival of a restart, cancellation, failure inside the job."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import BadRequest, Cancelled, NotFound
from pipeline.messages import Message, message
from pipeline.progress import Report
from pipeline.settings import Settings, SettingsError
from tests.fake_kinds import FAKES, asked
from web.jobs.progress import Running, TimeLimit
from web.jobs.queue import MAX_ATTEMPTS, Conflict, Jobs
from web.jobs.values import NOBODY, Asker, stored
from web.runner import runner

Make = Callable[..., Jobs]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Jobs] = []

    def build(run: Any = None, start: bool = True, **changes: Any) -> Jobs:
        settings = Settings(data_dir=tmp_path / "data", temp_dir=tmp_path / "temp", **changes)
        jobs = Jobs(settings, FAKES, run or runner(settings, None, FAKES))
        made.append(jobs)
        if start:
            jobs.start()
        return jobs

    yield build
    for jobs in made:
        jobs.close()


def killed(jobs: Jobs) -> None:
    """What a killed process leaves: the lock is free, the rows are as they were."""
    jobs._store.close()


def rows(tmp_path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(tmp_path / "data" / "jobs.sqlite3") as db:
        return db.execute("SELECT id, state, attempts FROM jobs ORDER BY number").fetchall()


def test_a_job_runs_and_its_result_is_kept(make: Make) -> None:
    jobs = make()
    job_id = jobs.submit(asked("echo", {"a": [1, "ñ"]}), Asker("ana"), title="Prueba")
    job = jobs.wait(job_id, 10)
    assert (job.state, job.fraction, job.owner, job.title) == ("done", 1.0, "ana", "Prueba")
    assert job.result == {"given": {"a": [1, "ñ"]}}
    assert job.created <= (job.started or 0) <= (job.finished or 0)


def test_jobs_run_in_the_order_they_came(make: Make) -> None:
    order: list[int] = []

    def run(request: Any, folder: Path, report: Report) -> dict[str, Any]:
        order.append(request.given["n"])
        return {}

    jobs = make(run, start=False)
    ids = [jobs.submit(asked("echo", {"n": n}), NOBODY) for n in range(20)]
    assert jobs.get(ids[7]).ahead == 7
    jobs.start()
    assert jobs.wait(ids[-1], 10).state == "done"
    assert order == list(range(20))


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_than_workers_run_at_once(make: Make, workers: int) -> None:
    gate, now, peak, lock = threading.Event(), [0], [0], threading.Lock()
    full = threading.Event()

    def run(request: Any, folder: Path, report: Report) -> dict[str, Any]:
        with lock:
            now[0] += 1
            peak[0] = max(peak[0], now[0])
            if now[0] == workers:
                full.set()
        gate.wait(10)
        with lock:
            now[0] -= 1
        return {}

    jobs = make(run, workers=workers)
    ids = [jobs.submit(asked("echo", {}), NOBODY) for _ in range(8)]
    assert full.wait(10)
    assert jobs.counts()["running"] == workers
    gate.set()
    assert {jobs.wait(i, 10).state for i in ids} == {"done"}
    assert peak[0] == workers


def test_a_failure_of_the_input_is_told_as_it_is(make: Make) -> None:
    jobs = make()
    job = jobs.wait(jobs.submit(asked("no_audio", {}), NOBODY), 10)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error["error"] == "no_audio"
    assert job.error["message"] == {"$message": "error.no_audio", "values": {"name": "silent.mp4"}}


def test_a_programming_error_stays_inside_its_job_and_tells_nothing(make: Make) -> None:
    jobs = make()
    bad, good = jobs.submit(asked("broken", {}), NOBODY), jobs.submit(asked("echo", {}), NOBODY)
    failed = jobs.wait(bad, 10)
    assert failed.state == "failed"
    assert "secret" not in json.dumps(failed.error)
    assert not failed.folder.exists()
    assert jobs.wait(good, 10).state == "done"


@pytest.mark.parametrize(
    ("error", "name"), [(MemoryError(), "out_of_memory"), (OSError(28, "No space left on device"), "disk_full")]
)
def test_foreign_errors_with_a_name_of_ours(make: Make, error: Exception, name: str) -> None:
    def run(*_: Any) -> dict[str, Any]:
        raise error

    job = (jobs := make(run)).wait(jobs.submit(asked("echo", {}), NOBODY), 10)
    assert (job.error or {})["error"] == name


def test_a_result_that_is_not_json_fails_only_its_job(make: Make) -> None:
    jobs = make(lambda *_: {"x": object()})
    assert jobs.wait(jobs.submit(asked("echo", {}), NOBODY), 10).state == "failed"


def test_cancel_stops_a_running_job_at_its_next_report(make: Make, tmp_path: Path) -> None:
    jobs = make()
    job_id = jobs.submit(asked("patient", {}), NOBODY)
    _wait_until(lambda: jobs.get(job_id).message is not None)
    folder = jobs.get(job_id).folder
    jobs.cancel(job_id)
    assert jobs.wait(job_id, 10).state == "cancelled"
    assert not folder.exists()
    jobs.cancel(job_id)
    assert jobs.get(job_id).state == "cancelled"


def test_cancel_takes_a_queued_job_out_and_it_never_runs(make: Make, tmp_path: Path) -> None:
    jobs = make()
    first = jobs.submit(asked("patient", {"until": str(tmp_path / "go")}), NOBODY)
    second = jobs.submit(asked("echo", {}), NOBODY)
    jobs.cancel(second)
    (tmp_path / "go").touch()
    assert jobs.wait(first, 10).state == "done"
    assert jobs.wait(second, 10).state == "cancelled"
    assert jobs.get(second).started is None


def test_progress_stages_and_time_limit() -> None:
    running = Running(time_limit=1000)
    running(0.2, message("progress.a"))
    running(0.1, message("progress.b"))
    assert running.fraction == 0.2, "progress never goes back"
    running(7.0, message("progress.a"))
    assert running.fraction == 1.0
    assert list(running.finish()) == ["progress.a", "progress.b"]
    running.request_stop("cancel")
    running.request_stop("shutdown")
    assert running.stop == "cancel"
    with pytest.raises(Cancelled):
        running(0.5, message("progress.b"))
    with pytest.raises(TimeLimit):
        Running(time_limit=-1)(0.0, message("progress.a"))


def test_over_the_time_limit_a_job_fails_with_the_reason(make: Make) -> None:
    jobs = make(job_time_limit=0.05)
    job = jobs.wait(jobs.submit(asked("patient", {}), NOBODY), 10)
    assert (job.state, (job.error or {})["message"]["$message"]) == ("failed", "error.time_limit")


def test_a_restart_keeps_finished_and_queued_and_starts_running_again(make: Make, tmp_path: Path) -> None:
    gate, entered = threading.Event(), threading.Event()

    def run(request: Any, folder: Path, report: Report) -> dict[str, Any]:
        if request.given.get("hang"):
            (folder / "partial").write_bytes(b"1")
            entered.set()
            gate.wait(10)
            raise Cancelled()
        return {"n": request.given["n"]}

    first = make(run)
    done = first.submit(asked("echo", {"n": 1}), NOBODY)
    first.wait(done, 10)
    hanging = first.submit(asked("echo", {"hang": True, "n": 2}), NOBODY)
    queued = first.submit(asked("echo", {"n": 3}), NOBODY)
    assert entered.wait(10)
    killed(first)
    assert [r[1] for r in rows(tmp_path)] == ["done", "running", "queued"]

    seen: list[Any] = []

    def again(request: Any, folder: Path, report: Report) -> dict[str, Any]:
        seen.append((request.given["n"], sorted(p.name for p in folder.iterdir())))
        return {"again": request.given["n"]}

    second = make(again)
    assert second.wait(hanging, 10).result == {"again": 2}
    assert second.wait(queued, 10).result == {"again": 3}
    assert second.get(done).result == {"n": 1}
    assert seen == [(2, []), (3, [])], "the folder is empty, the finished job did not run again"
    gate.set()


def test_closing_gives_a_running_job_back_to_the_queue(make: Make, tmp_path: Path) -> None:
    first = make()
    job_id = first.submit(asked("patient", {"until": str(tmp_path / "go")}), NOBODY)
    _wait_until(lambda: first.get(job_id).message is not None)
    first.close()
    assert rows(tmp_path) == [(job_id, "queued", 0)]
    (tmp_path / "go").touch()
    assert make().wait(job_id, 10).state == "done"


def test_a_cancel_survives_the_crash(make: Make, tmp_path: Path) -> None:
    gate = threading.Event()
    first = make(lambda *_: {"waited": gate.wait(10)})
    job_id = first.submit(asked("echo", {}), NOBODY)
    _wait_until(lambda: first.get(job_id).state == "running")
    first.cancel(job_id)
    killed(first)
    assert make(lambda *_: {}).wait(job_id, 10).state == "cancelled"
    gate.set()


def test_a_job_that_takes_the_service_down_every_time_fails_at_last(make: Make, tmp_path: Path) -> None:
    first = make(start=False)
    job_id = first.submit(asked("echo", {}), NOBODY)
    killed(first)
    with sqlite3.connect(tmp_path / "data" / "jobs.sqlite3") as db:
        db.execute("UPDATE jobs SET state = 'running', attempts = ?", (MAX_ATTEMPTS,))
    job = make().get(job_id)
    assert (job.state, (job.error or {})["error"]) == ("failed", "crashed")


def test_a_job_that_was_running_in_several_crashes_lets_the_others_go_first(make: Make, tmp_path: Path) -> None:
    first = make(start=False)
    suspect, other = first.submit(asked("echo", {"n": 1}), NOBODY), first.submit(asked("echo", {"n": 2}), NOBODY)
    killed(first)
    with sqlite3.connect(tmp_path / "data" / "jobs.sqlite3") as db:
        db.execute("UPDATE jobs SET state = 'running', attempts = 3 WHERE id = ?", (suspect,))
    order: list[int] = []

    def run(request: Any, folder: Path, report: Report) -> dict[str, Any]:
        order.append(request.given["n"])
        return {}

    second = make(run, start=False)
    second.start()
    assert {second.wait(i, 10).state for i in (suspect, other)} == {"done"}
    assert order == [2, 1]


def test_two_processes_cannot_share_a_data_folder(make: Make, tmp_path: Path) -> None:
    make()
    with pytest.raises(SettingsError, match="DATA_DIR"):
        make()


def test_retry_runs_a_failed_job_again_and_refuses_others(make: Make, tmp_path: Path) -> None:
    jobs = make()
    source = tmp_path / "late.mp4"
    job_id = jobs.submit(asked("missing", {"source": str(source)}), NOBODY)
    assert (jobs.wait(job_id, 10).error or {})["error"] == "not_found"
    source.write_bytes(b"now it is here")
    jobs.retry(job_id)
    job = jobs.wait(job_id, 10)
    assert (job.state, job.error, job.attempts) == ("done", None, 1)
    with pytest.raises(Conflict):
        jobs.retry(job_id)


def test_delete_removes_the_folder_and_only_uploads_no_other_job_needs(make: Make, tmp_path: Path) -> None:
    jobs = make()
    uploads = jobs.settings.uploads
    uploads.mkdir(parents=True)
    mine, shared, outside = uploads / "a.mp4", uploads / "b.mp4", tmp_path / "c.mp4"
    for path in (mine, shared, outside):
        path.write_bytes(b"0" * 2000)
    first = jobs.submit(asked("rank", {"clips": [{"path": str(p)} for p in (mine, shared, outside)]}), NOBODY)
    second = jobs.submit(asked("rank", {"clips": [{"path": str(shared)}]}), NOBODY)
    folder = jobs.wait(first, 10).folder
    assert list(folder.iterdir())
    jobs.wait(second, 10)
    jobs.delete(first)
    assert (mine.exists(), shared.exists(), outside.exists(), folder.exists()) == (False, True, True, False)
    with pytest.raises(NotFound):
        jobs.get(first)


def test_a_running_job_cannot_be_deleted(make: Make) -> None:
    jobs = make()
    job_id = jobs.submit(asked("patient", {}), NOBODY)
    with pytest.raises(Conflict):
        jobs.delete(job_id)
    jobs.cancel(job_id)


def test_lists_are_newest_first_by_owner_and_state(make: Make) -> None:
    jobs = make()
    ids = [jobs.submit(asked("echo", {}), Asker(o)) for o in ("ana", "luis", "ana")]
    for job_id in ids:
        jobs.wait(job_id, 10)
    assert [j.id for j in jobs.list("ana")] == [ids[2], ids[0]]
    assert [j.id for j in jobs.list(limit=1, offset=1)] == [ids[1]]
    assert jobs.list(states=("failed",)) == []
    assert jobs.counts("luis")["done"] == 1


def test_unknown_kinds_and_ids_are_refused(make: Make) -> None:
    jobs = make()
    with pytest.raises(BadRequest):
        jobs.submit(asked("rm", {}), NOBODY)
    for call in (jobs.get, jobs.cancel, jobs.retry, jobs.delete, jobs.wait, jobs.by_slug):
        with pytest.raises(NotFound):
            call("0" * 32)


def test_everybody_who_waits_is_told_once(make: Make) -> None:
    jobs = make(start=False)
    job_id = jobs.submit(asked("echo", {}), NOBODY)
    told: list[int] = []
    for n in range(5):
        jobs.when_finished(job_id, lambda n=n: told.append(n))  # type: ignore[misc]
    jobs.start()
    jobs.wait(job_id, 10)
    jobs.when_finished(job_id, lambda: told.append(99))
    _wait_until(lambda: len(told) == 6)
    assert sorted(told) == [0, 1, 2, 3, 4, 99]


def test_results_become_plain_json() -> None:
    value = {"m": Message("reason.x", {"at": np.float32(0.5)}), "a": np.arange(3), "nan": float("nan"), "p": Path("/a")}
    assert json.loads(json.dumps(stored(value))) == {
        "m": {"$message": "reason.x", "values": {"at": 0.5}}, "a": [0, 1, 2], "nan": None, "p": "/a",
    }  # fmt: skip


def _wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    gate = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        gate.wait(0.01)
    raise AssertionError("it did not happen")
