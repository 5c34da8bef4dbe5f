"""How the machines of a cluster hand files to each other: a folder that all of them see, or any place fsspec can reach.

A film is named by its content (:func:`pipeline.compute.remembered.digest`), so that it is sent once however often it is
used, and each machine copies it to its own disk once.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.atomic import beside, write_bytes
from pipeline.compute.remembered import digest
from pipeline.errors import NotFound, StudioError, ToolError
from pipeline.progress import Tick
from pipeline.settings import Settings

KEPT = 2 * 86400.0
"""Seconds for which a film that nobody used stays in the store and on a machine's disk; longer than a job may take."""
MEMORIES = tuple((f"memory/{stage}", 7 * 86400.0) for stage in ("evidence", "transcript", "passages"))
"""How long what was found out about films stays in the store; machines remember it as long as ``KEEP_DAYS`` says."""
ABANDONED = 86400.0
"""Seconds after which what a killed worker left is removed."""


def no_tick() -> None:
    """A :data:`Tick` that lets everything go on."""


@dataclass(frozen=True, slots=True)
class Given:
    """A file that can be fetched anywhere: its content's identity and its name."""

    identity: str
    name: str


class Shared(Protocol):
    """What the machines have in common. Names of saved values are relative, with ``/``."""

    def give(self, path: Path | str, tick: Tick = no_tick) -> str | Given:
        """What to call a local file elsewhere; it is there when this returns. Raises ToolError, and whatever ``tick`` raises."""

    def fetch(self, given: str | Given, tick: Tick = no_tick) -> Path:
        """Where a given file lies here. Raises NotFound, ToolError, and whatever ``tick`` raises."""

    def save(self, name: str, data: bytes) -> None:
        """Keeps ``data`` for all machines."""

    def load(self, name: str) -> bytes:
        """What was saved. Raises FileNotFoundError, ToolError."""

    def drop(self, name: str) -> None:
        """Forgets what was saved; nothing happens where it is gone."""

    def sweep(self) -> None:
        """Removes what nobody can want any more."""


@dataclass(frozen=True, slots=True)
class Folder:
    """All machines see the same files under the same paths; values lie below ``root``."""

    root: Path

    def give(self, path: Path | str, tick: Tick = no_tick) -> str:
        return str(path)

    def fetch(self, given: str | Given, tick: Tick = no_tick) -> Path:
        return Path(str(given))

    def save(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)

    def load(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def drop(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        for path in self.root.glob("*/*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink()


@dataclass(frozen=True, slots=True)
class Store:
    """A place of fsspec's (``s3://bucket/studio``, ``sftp://host/folder``, …); what is fetched lies below ``cache``."""

    url: str
    cache: Path

    def give(self, path: Path | str, tick: Tick = no_tick) -> Given:
        given = Given(digest(path), Path(path).name)
        fs, film = self._at(f"films/{given.identity}")
        with self._troubles():
            if not fs.exists(f"{film}/whole"):
                self._put(fs, Path(path), f"{film}/film", tick)
        # Written last, and again at each use: its age is that of the last use.
        self.save(f"films/{given.identity}/whole", b"")
        return given

    def fetch(self, given: str | Given, tick: Tick = no_tick) -> Path:
        if not isinstance(given, Given):
            raise TypeError(given)
        path = self.cache / given.identity / given.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with (self.cache / f"{given.identity}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                self._tidy()
                self._get(given, path, tick)
            path.parent.touch()
        return path

    def save(self, name: str, data: bytes) -> None:
        fs, path = self._at(name)
        with self._troubles():
            fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            fs.pipe_file(path, data)

    def load(self, name: str) -> bytes:
        fs, path = self._at(name)
        with self._troubles():
            data: bytes = fs.cat_file(path)
        return data

    def drop(self, name: str) -> None:
        fs, path = self._at(name)
        with contextlib.suppress(FileNotFoundError, ToolError), self._troubles():
            fs.rm(path, recursive=True)

    def give_folder(self, folder: Path, name: str) -> None:
        """Sends every file below ``folder``. Raises ToolError."""
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            fs, path = self._at(f"{name}/{file.relative_to(folder).as_posix()}")
            self._put(fs, file, path)

    def fetch_folder(self, name: str, folder: Path) -> None:
        """Brings what :meth:`give_folder` sent into ``folder``. Raises ToolError."""
        fs, root = self._at(name)
        with self._troubles():
            for path in fs.find(root) if fs.exists(root) else ():
                file = folder / path[len(root) :].lstrip("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                fs.get_file(path, str(file))

    def sweep(self) -> None:
        for place, seconds in (("films", KEPT), ("jobs", ABANDONED), ("parcels", ABANDONED), *MEMORIES):
            fs, root = self._at(place)
            with contextlib.suppress(FileNotFoundError, ToolError), self._troubles():
                for path in fs.ls(root, detail=False):
                    files = fs.find(path)
                    if files and all(_age(fs, file) > seconds for file in files):
                        fs.rm(path, recursive=True)

    def _at(self, name: str) -> tuple[Any, str]:
        """The file system (fsspec keeps one for each thread) and the path of ``name``; nothing it listed before is believed."""
        from fsspec.core import url_to_fs

        with self._troubles():
            fs, root = url_to_fs(self.url)
        fs.invalidate_cache()
        return fs, f"{root.rstrip('/')}/{name}"

    def _put(self, fs: Any, file: Path, path: str, tick: Tick = no_tick) -> None:
        with self._troubles():
            fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            fs.put_file(str(file), path, callback=_watched(tick))

    def _get(self, given: Given, path: Path, tick: Tick) -> None:
        fs, film = self._at(f"films/{given.identity}/film")
        try:
            with beside(path) as part, self._troubles():
                fs.get_file(film, str(part), callback=_watched(tick))
        except FileNotFoundError as error:
            raise NotFound(name=given.name) from error

    @contextlib.contextmanager
    def _troubles(self) -> Iterator[None]:
        """Errors of a store have as many classes as there are stores; a missing file keeps its own."""
        try:
            yield
        except (FileNotFoundError, StudioError):
            raise
        except Exception as error:
            raise ToolError("error.shared_storage", detail=f"{type(error).__name__}: {error}") from error

    def _tidy(self) -> None:
        for folder in self.cache.iterdir():
            with contextlib.suppress(OSError):
                if folder.is_dir() and time.time() - folder.stat().st_mtime > KEPT:
                    shutil.rmtree(folder)


def _watched(tick: Tick) -> Any:
    """What fsspec tells of each part of a file that is on its way: ``tick`` may end it by raising. A plain folder tells nothing."""
    from fsspec.callbacks import Callback

    class Watched(Callback):  # type: ignore[misc]
        def relative_update(self, inc: int = 1) -> None:
            tick()

        absolute_update = relative_update

    return Watched()


def _age(fs: Any, path: str) -> float:
    """Seconds since a file was written, where the store says so."""
    return time.time() - float(fs.modified(path).timestamp())


def shared_of(settings: Settings, cache: Path) -> Shared:
    """What ``settings`` name: ``SHARED_STORAGE`` (films of it are kept below ``cache``), else the folder of results."""
    if settings.shared_storage:
        return Store(settings.shared_storage, cache)
    return Folder(settings.data_dir / "cluster")
