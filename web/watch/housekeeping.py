"""The janitor: removes what is old, what is too much, and what a crash or a broken upload left behind.

Invariants: it looks only into folders of ours; a file named in the parameters of any remaining job, and the folder of
a queued or running job, is never touched; links are removed, never followed.
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

from pipeline.compute.remembered import Memory
from pipeline.errors import StudioError
from pipeline.settings import Settings
from web.jobs.kinds import homes
from web.jobs.queue import Jobs
from web.jobs.values import FINISHED, Job

INTERVAL = 600.0
DAY = 86400.0
ABANDONED = DAY
"""Seconds after which an unfinished resumable upload, or an upload no job names, is given up."""
_ID = re.compile(r"[0-9a-f]{32}")
WORK_FOLDERS = ("sync-*", "render-*")
"""Where workflows work below ``TEMP_DIR``; one process owns it, so at the start they are leftovers."""
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
        """One round: by age, by size, orphans, remembered stages, the page's temporary files."""
        self._by_age()
        self._by_size()
        self._orphans()
        self._page_files()
        if self._settings.keep_days:
            Memory(self._settings.data_dir / "memory").forget(self._settings.keep_days * 86400)

    def _live(self) -> None:
        while not self._stop.is_set():
            try:
                self.clean()
            except (StudioError, OSError) as error:
                _log.warning("cleaning failed: %s", error)
            self._stop.wait(INTERVAL)

    def _finished(self) -> list[Job]:
        """Finished jobs, the longest finished first."""
        jobs = self._jobs.list(states=tuple(FINISHED), limit=-1)  # type: ignore[arg-type]
        return sorted(jobs, key=lambda j: j.finished or 0.0)

    def _by_age(self) -> None:
        for job in self._finished():
            if time.time() - (job.finished or 0.0) > self._settings.keep_days * DAY:
                self._jobs.delete(job.id)

    def _by_size(self) -> None:
        uploads = self._settings.uploads
        kept = {*homes(self._settings), uploads, self._settings.data_dir / "memory"}
        excess = sum(size_of(folder) for folder in kept) - self._settings.keep_bytes
        excess -= self._forget(excess)
        for job in self._finished():
            if excess <= 0:
                return
            before = size_of(job.folder) + size_of(uploads)
            self._jobs.delete(job.id)
            excess -= before - size_of(job.folder) - size_of(uploads)

    def _forget(self, excess: int) -> int:
        """Remove remembered stages, the longest unused first, until ``excess`` bytes are free; how many are.

        They go before results: they can be computed again.
        """
        freed = 0
        for path in sorted((self._settings.data_dir / "memory").glob("*/*"), key=_age, reverse=True):
            if freed >= excess:
                break
            size = _size(path)
            _remove(path)
            freed += size
        return freed

    def _orphans(self) -> None:
        """Uploads and job folders that nobody knows any more."""
        used = self._jobs.files_in_use()
        for file in _files(self._settings.uploads, "*"):
            ours = _ID.match(file.name) is not None
            if ours and str(file) not in used and _age(file) > self._patience():
                _remove(file)
        known = {job.folder for job in self._jobs.list(limit=-1)}
        for home in homes(self._settings):
            for folder in _folders(home):
                if _ID.fullmatch(folder.name) and folder not in known and _age(folder) > self._patience():
                    _log.info("orphan removed", extra={"folder": str(folder)})
                    shutil.rmtree(folder, ignore_errors=True)

    def _page_files(self) -> None:
        """What visitors of the page uploaded or were shown, as far as no job needs it."""
        root = self._settings.temp_dir / "gradio"
        used = self._jobs.files_in_use()
        for folder, _, names in os.walk(root, topdown=False):
            for name in names:
                path = Path(folder, name)
                if str(path) not in used and _age(path) > self._patience():
                    _remove(path)
            if Path(folder) != root and _age(Path(folder)) > self._patience():
                with contextlib.suppress(OSError):  # not empty
                    os.rmdir(folder)

    def _patience(self) -> float:
        return max(INTERVAL, min(ABANDONED, self._settings.keep_days * DAY))


def size_of(folder: Path) -> int:
    """Bytes of all files below ``folder``; links count nothing."""
    return sum(_size(Path(where, name)) for where, _, names in os.walk(folder) for name in names)


def _size(path: Path) -> int:
    """Bytes that a file takes on the disk; 0 when it is gone."""
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0


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
