"""The janitor: old and too much goes, what is needed or not ours stays."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import NotFound
from pipeline.settings import Settings
from tests.fake_kinds import FAKES, asked
from tests.fake_service import settings_for
from web.intake.page_files import CALLED
from web.jobs.queue import UNDO, Jobs
from web.jobs.values import NOBODY, Asker
from web.runner import queue_of
from web.watch.housekeeping import DAY, INTERVAL, Janitor, size_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, keep_days=2, keep_bytes=10**9)


@pytest.fixture
def jobs(settings: Settings) -> Iterator[Jobs]:
    made = queue_of(settings, kinds=FAKES)
    made.start()
    yield made
    made.close()


@pytest.fixture
def janitor(settings: Settings, jobs: Jobs) -> Janitor:
    return Janitor(settings, jobs)


def file(path: Path, days: float = 0.0, size: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"1" * size)
    past = time.time() - days * DAY
    os.utime(path, (past, past))
    return path


def upload(settings: Settings, days: float = 0.0, suffix: str = ".mp4", size: int = 100) -> Path:
    return file(settings.uploads / (uuid.uuid4().hex + suffix), days, size)


def finished(jobs: Jobs, days: float = 0.0, **params: Any) -> str:
    job_id = jobs.submit(asked("patient", {"steps": 1} | params), NOBODY)
    jobs.wait(job_id, 20)
    _set(jobs, job_id, finished=time.time() - days * DAY)
    return job_id


def _set(jobs: Jobs, job_id: str, **values: float) -> None:
    for name, value in values.items():
        jobs._store._write(f"UPDATE jobs SET {name} = ? WHERE id = ?", (value, job_id))


def exists(jobs: Jobs, job_id: str) -> bool:
    try:
        return bool(jobs.get(job_id))
    except NotFound:
        return False


def test_old_results_go_with_their_uploads_and_new_ones_stay(settings: Settings, jobs: Jobs, janitor: Janitor) -> None:
    mine, others = upload(settings, 5), upload(settings, 5)
    old, new = finished(jobs, 2.1, source=str(mine)), finished(jobs, 1.9, source=str(others))
    folders = jobs.get(old).folder, jobs.get(new).folder
    janitor.clean()
    assert (exists(jobs, old), exists(jobs, new)) == (False, True)
    assert [f.exists() for f in folders] == [False, True]
    assert (mine.exists(), others.exists()) == (False, True)


def test_over_the_size_the_oldest_results_go_first(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, keep_days=100, keep_bytes=250_000)
    jobs = queue_of(settings, kinds=FAKES)
    jobs.start()
    ids = [finished(jobs, days) for days in (3, 2, 1)]
    for job_id in ids:
        file(jobs.get(job_id).folder / "film.mkv", size=100_000)
    Janitor(settings, jobs).clean()
    assert [exists(jobs, i) for i in ids] == [False, True, True]
    assert size_of(settings.outputs) <= 250_000
    jobs.close()


def test_a_running_job_and_its_inputs_are_never_touched(
    tmp_path: Path, settings: Settings, jobs: Jobs, janitor: Janitor
) -> None:
    source, page = upload(settings, 50), file(settings.temp_dir / "gradio" / "abc" / "in.mp4", 50)
    called = file(page.parent / CALLED, 50)
    other = file(settings.temp_dir / "gradio" / "def" / CALLED, 50)
    job_id = jobs.submit(
        asked("patient", {"until": str(tmp_path / "go"), "source": str(source), "other": str(page)}), NOBODY
    )
    while jobs.get(job_id).message is None:
        time.sleep(0.01)
    started = jobs.get(job_id).folder / "started"
    past = time.time() - 50 * DAY
    os.utime(started, (past, past))
    os.utime(started.parent, (past, past))
    janitor.clean_start()
    janitor.clean()
    assert (source.exists(), page.exists(), started.exists()) == (True, True, True)
    assert called.exists(), "what its owner calls it is kept with it"
    assert not other.exists()
    (tmp_path / "go").touch()
    assert jobs.wait(job_id, 20).state == "done"


def test_uploads_that_no_job_names_go_after_a_day(settings: Settings, janitor: Janitor) -> None:
    old, new = upload(settings, 1.1), upload(settings, 0.9)
    janitor.clean()
    assert (old.exists(), new.exists()) == (False, True)


def test_an_upload_just_received_survives_whatever_the_settings(tmp_path: Path, jobs: Jobs, settings: Settings) -> None:
    fresh = upload(settings, 0.5 * INTERVAL / DAY)
    Janitor(settings_for(tmp_path, keep_days=0), jobs).clean()
    assert fresh.exists()


def test_after_a_crash_pieces_go_but_uploads_that_can_continue_stay(settings: Settings, janitor: Janitor) -> None:
    dead = upload(settings, 0, ".mp4.part")
    can, too_old = upload(settings, 0.5, ".mkv.part"), upload(settings, 1.5, ".mkv.part")
    for part in (can, too_old):
        file(part.with_name(part.name[:32] + ".json"))
    janitor.clean_start()
    assert (dead.exists(), can.exists(), too_old.exists()) == (False, True, False)


def test_what_is_not_ours_is_never_touched(tmp_path: Path, settings: Settings, janitor: Janitor) -> None:
    theirs = [
        file(settings.uploads / "holiday.mp4", 900),
        file(settings.uploads / "album" / "a.mp4", 900),
        file(settings.outputs / "my films" / "a.mkv", 900),
        file(settings.raw_clips / "clip_1.mp4", 900),
        file(tmp_path / "library" / "film.mp4", 900),
        file(settings.temp_dir / "other" / "x", 900),
    ]
    link = settings.outputs / uuid.uuid4().hex
    link.symlink_to(tmp_path / "library")
    os.utime(link, (1, 1), follow_symlinks=False)
    ours = settings.temp_dir / "gradio" / "linked"
    ours.parent.mkdir(parents=True)
    ours.symlink_to(tmp_path / "library")
    janitor.clean_start()
    janitor.clean()
    assert [p for p in theirs if not p.exists()] == []


def test_folders_of_forgotten_jobs_go_after_a_day(settings: Settings, janitor: Janitor) -> None:
    old, new = settings.outputs / uuid.uuid4().hex, settings.viral_clips / uuid.uuid4().hex
    for folder, days in ((old, 1.5), (new, 0.5)):
        file(folder / "a.mp4", days)
        past = time.time() - days * DAY
        os.utime(folder, (past, past))
    janitor.clean()
    assert (old.exists(), new.exists()) == (False, True)


def test_temporary_files_of_the_page_go_after_a_day(settings: Settings, janitor: Janitor) -> None:
    root = settings.temp_dir / "gradio"
    old, new = file(root / "a" / "old.mp4", 1.5), file(root / "b" / "new.mp4", 0.5)
    os.utime(old.parent, (1, 1))
    janitor.clean()
    assert (old.exists(), new.exists(), root.exists()) == (False, True, True)


def test_work_folders_of_a_crash_and_old_stages_go(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", temp_dir=tmp_path / "temp", keep_days=1.0)
    left = settings.temp_dir / "sync-abc"
    left.mkdir(parents=True)
    (left / "dub.mka").write_bytes(b"x")
    memory = settings.data_dir / "memory" / "evidence"
    memory.mkdir(parents=True)
    for name, age in (("old.json", 2 * 86400), ("new.json", 10)):
        (memory / name).write_text("{}")
        os.utime(memory / name, (time.time() - age,) * 2)
    jobs = queue_of(settings, kinds={})
    janitor = Janitor(settings, jobs)
    janitor.clean_start()
    janitor.clean()
    jobs.close()
    assert not left.exists()
    assert [p.name for p in memory.iterdir()] == ["new.json"]


def test_remembered_stages_count_and_go_before_results(tmp_path: Path) -> None:
    block = 64 * 1024
    settings = settings_for(tmp_path, keep_bytes=5 * block)
    jobs = queue_of(settings, kinds=FAKES)
    jobs.start()
    done = finished(jobs)
    for n in range(8):
        file(settings.data_dir / "memory" / "evidence" / f"{n}.json", days=0.1 * n, size=block)
    Janitor(settings, jobs).clean()
    left = sorted(p.name for p in (settings.data_dir / "memory" / "evidence").iterdir())
    assert exists(jobs, done)
    assert 3 <= len(left) <= 5
    assert left == [f"{n}.json" for n in range(len(left))]
    jobs.close()


def announce(settings: Settings, owner: str, days: float, size: int = 100) -> Path:
    """A resumable upload that was announced two days ago and whose last byte came ``days`` ago."""
    upload_id = uuid.uuid4().hex
    note = file(settings.uploads / f"{upload_id}.json", 2.0)
    note.write_text(json.dumps({"id": upload_id, "name": "a", "suffix": ".mkv", "size": 10 * size, "owner": owner}))
    os.utime(note, (1, 1))
    return file(settings.uploads / f"{upload_id}.mkv.part", days, size)


def test_an_upload_is_as_young_as_its_last_byte(settings: Settings, janitor: Janitor) -> None:
    running, given_up = announce(settings, "", 0.9), announce(settings, "", 1.1)
    janitor.clean()
    left = sorted(p.name[:32] for p in settings.uploads.iterdir())
    assert left == 2 * [running.name[:32]]
    assert not given_up.exists()


def test_what_a_running_job_downloads_stays_however_slow_it_is(
    tmp_path: Path, settings: Settings, jobs: Jobs, janitor: Janitor
) -> None:
    target = settings.uploads / (uuid.uuid4().hex + ".mp4")
    part = file(target.with_name(target.name + ".part"), 3.0)
    job_id = jobs.submit(asked("patient", {"until": str(tmp_path / "go"), "source": str(target)}), NOBODY)
    janitor.clean()
    assert part.exists()
    (tmp_path / "go").touch()
    jobs.wait(job_id, 20)


def test_orphans_go_before_results(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, keep_days=100, keep_bytes=250_000)
    jobs = queue_of(settings, kinds=FAKES)
    jobs.start()
    done = finished(jobs, 3)
    file(jobs.get(done).folder / "film.mkv", size=100_000)
    orphan = settings.outputs / uuid.uuid4().hex
    file(orphan / "film.mkv", 2, 200_000)
    os.utime(orphan, (1, 1))
    old = upload(settings, 2, size=200_000)
    Janitor(settings, jobs).clean()
    assert (exists(jobs, done), orphan.exists(), old.exists()) == (True, False, False)
    jobs.close()


def test_an_unfinished_upload_never_pushes_out_the_results_of_others(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, keep_days=100, keep_bytes=250_000)
    jobs = queue_of(settings, kinds=FAKES)
    jobs.start()
    ids = {}
    for owner in ("ana", "eva"):
        ids[owner] = jobs.submit(asked("patient", {"steps": 1}), Asker(owner))
        jobs.wait(ids[owner], 20)
        file(jobs.get(ids[owner]).folder / "film.mkv", size=100_000)
    part = announce(settings, "eva", 0.0, 900_000)
    Janitor(settings, jobs).clean()
    assert (exists(jobs, ids["ana"]), exists(jobs, ids["eva"]), part.exists()) == (True, False, True)
    jobs.close()


def test_the_trash_is_emptied_in_its_time(settings: Settings, jobs: Jobs, janitor: Janitor) -> None:
    old, new = finished(jobs), finished(jobs)
    folders = [jobs.get(i).folder for i in (old, new)]
    for job_id in (old, new):
        jobs.trash(job_id)
    _set(jobs, old, trashed=time.time() - UNDO - 1)
    janitor.clean()
    assert [f.exists() for f in folders] == [False, True]
    jobs.restore(new)
