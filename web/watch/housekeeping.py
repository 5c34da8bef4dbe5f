"""The janitor: removes what is old, what a crash or a broken upload left behind, and then what is too much.

Invariants: it looks only into folders of ours; a file named in the parameters of any remaining job, what still arrives, and
the folder of a queued or running job, is never touched; links are removed, never followed; what one owner uploads never
makes another's results go (:mod:`web.watch.quotas`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.compute.remembered import Remembered
from pipeline.errors import StudioError
from pipeline.settings import Settings
from web.intake.allowance import on_disk_size, uploads_of
from web.intake.page_files import CALLED
from web.jobs.folders import is_inside
from web.jobs.kinds import homes
from web.jobs.queue import Jobs
from web.jobs.values import Job, State
from web.watch.quotas import Holding, Quota, too_much

INTERVAL = 600.0
DAY = 86400.0
ABANDONED = DAY
"""Seconds without a new byte after which an unfinished resumable upload, or an upload no job names, is given up."""
_ID = re.compile(r"[0-9a-f]{32}")
WORK_FOLDERS = ("sync-*", "render-*")
"""Where workflows work below ``TEMP_DIR``; one process owns it, so at the start they are leftovers."""
_FINISHED: tuple[State, ...] = ("done", "failed", "cancelled")
_log = logging.getLogger(__name__)


class Janitor:
    """Cleans at the start and every ten minutes, in a thread of its own."""

    def __init__(self, settings: Settings, jobs: Jobs) -> None:
        self._settings, self._jobs = settings, jobs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True, name="janitor")

    def start(self) -> None:
        """Remove what the last run left, then begin the rounds."""
        self.clean_start()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()

    def clean_start(self) -> None:
        """After a crash: pieces of uploads that cannot go on. Call before anything is received."""
        for part in _files(self._settings.uploads, "*.part"):
            announced = part.with_name(part.name[:32] + ".json").exists() and _ID.match(part.name)
            if not announced or _age(part) > ABANDONED:
                _remove(part)
        for part in (self._settings.temp_dir / "gradio").glob("*/*.part"):
            _remove(part)
        for pattern in WORK_FOLDERS:
            for folder in self._settings.temp_dir.glob(pattern):
                shutil.rmtree(folder, ignore_errors=True)

    def clean(self) -> None:
        """One round: what is old, what nobody knows, remembered stages; what is too much comes last."""
        self._jobs.empty_trash()
        self._by_age()
        self._orphans()
        self._page_files()
        self._by_size()
        if self._settings.keep_days:
            Remembered(self._settings.data_dir / "memory").forget(self._settings.keep_days * 86400)

    def _live(self) -> None:
        while not self._stop.is_set():
            try:
                self.clean()
            except (StudioError, OSError) as error:
                _log.warning("cleaning failed: %s", error)
            self._stop.wait(INTERVAL)

    def _finished(self) -> list[Job]:
        """Finished jobs, those in the trash included."""
        return [*self._jobs.list(states=_FINISHED, limit=-1), *self._jobs.trashed()]

    def _by_age(self) -> None:
        for job in self._finished():
            if time.time() - (job.finished or 0.0) > self._settings.keep_days * DAY:
                self._jobs.delete(job.id)

    def _by_size(self) -> None:
        """Remembered stages first, for they can be computed again; then results, by who has them."""
        holdings, uploads = self._holdings(), uploads_of(self._settings, self._jobs)
        memory = size_of(self._settings.data_dir / "memory")
        excess = sum(h.size for h in holdings) + memory - self._settings.keep_bytes
        memory -= self._forget(excess)
        quota = Quota(self._settings.keep_bytes - memory, self._settings.quota)
        for job_id in too_much(holdings, uploads, quota):
            self._jobs.delete(job_id)

    def _holdings(self) -> list[Holding]:
        """What finished jobs take: their folders, and the uploads that no job needs that is younger or not finished."""
        busy, found = self._jobs.busy_files(), []
        for job in sorted(self._finished(), key=lambda j: j.finished or 0.0, reverse=True):
            inputs = {text for text in job.request.files() if is_inside(text, self._settings.uploads)} - busy
            busy |= inputs
            size = size_of(job.folder) + sum(on_disk_size(Path(text)) for text in inputs)
            found.append(Holding(job.id, job.owner, size, (int(job.trashed is None), job.finished or 0.0)))
        return found

    def _forget(self, excess: int) -> int:
        """Remove remembered stages, the longest unused first, until ``excess`` bytes are free; how many are."""
        freed = 0
        for path in sorted((self._settings.data_dir / "memory").glob("*/*"), key=_age, reverse=True):
            if freed >= excess:
                break
            size = on_disk_size(path)
            _remove(path)
            freed += size
        return freed

    def _orphans(self) -> None:
        """Uploads and job folders that nobody knows any more."""
        used = self._jobs.files_in_use()
        for files in self._uploads().values():
            wanted = any(str(file) in used or str(file).removesuffix(".part") in used for file in files)
            if not wanted and min(map(_age, files)) > self._patience():
                for file in files:
                    _remove(file)
        known = {job.folder for job in self._jobs.list(limit=-1)}
        for home in homes(self._settings):
            for folder in _folders(home):
                if _ID.fullmatch(folder.name) and folder not in known and _age(folder) > self._patience():
                    _log.info("orphan removed", extra={"folder": str(folder)})
                    shutil.rmtree(folder, ignore_errors=True)

    def _uploads(self) -> dict[str, list[Path]]:
        """The files of each upload by its id: the note of what was announced is as young as the last byte that came."""
        found: dict[str, list[Path]] = {}
        for file in _files(self._settings.uploads, "*"):
            if (name := _ID.match(file.name)) is not None:
                found.setdefault(name[0], []).append(file)
        return found

    def _page_files(self) -> None:
        """What visitors of the page uploaded or were shown, as far as no job needs it."""
        root = self._settings.temp_dir / "gradio"
        used = self._jobs.files_in_use()
        for folder, _, names in os.walk(root, topdown=False):
            needed = any(str(Path(folder, name)) in used for name in names)
            for name in names:
                path = Path(folder, name)
                if str(path) not in used and not (needed and name == CALLED) and _age(path) > self._patience():
                    _remove(path)
            if Path(folder) != root and _age(Path(folder)) > self._patience():
                with contextlib.suppress(OSError):  # not empty
                    os.rmdir(folder)

    def _patience(self) -> float:
        return max(INTERVAL, min(ABANDONED, self._settings.keep_days * DAY))


def size_of(folder: Path) -> int:
    """Bytes of all files below ``folder``; links count nothing."""
    return sum(on_disk_size(Path(where, name)) for where, _, names in os.walk(folder) for name in names)


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    return (p for p in sorted(folder.glob(pattern)) if p.is_symlink() or p.is_file()) if folder.is_dir() else iter(())


def _folders(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.iterdir()) if p.is_dir() and not p.is_symlink()) if folder.is_dir() else iter(())


def _age(path: Path) -> float:
    """Seconds since the last change; 0 when it is gone."""
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("cannot remove %s: %s", path, error)
