"""The mounted media volume: browsed and read, never written, never left, never waited for."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pipeline.errors import BadGateway, BadRequest, Forbidden, NotFound, UnsupportedFormat
from pipeline.settings import Settings

PATIENCE = 5.0
"""Seconds a network volume may take to answer."""
MAX_HUNG = 8
"""Looks at the same time; the others wait. Where all hang on a dead volume, the answer is no without trying."""
FRESH, MOST_KNOWN = 2.0, 32
"""Seconds for which a folder that has not changed is not read again, and of how many folders the names are kept."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A folder or an accepted file; ``path`` is relative to the library; ``modified`` is seconds since the epoch."""

    name: str
    path: str
    is_folder: bool
    size: int = 0
    modified: float = 0.0

    def to_json(self) -> dict[str, Any]:
        kind = {"type": "folder"} if self.is_folder else {"type": "file", "size": self.size, "modified": self.modified}
        return {"name": self.name, "path": self.path, **kind}


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a folder's entries, folders first, by name; ``total`` is how many there are."""

    path: str
    entries: tuple[LibraryEntry, ...]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Name:
    text: str
    is_folder: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """A folder's names as they were ``read`` then (seconds of the monotonic clock), when it had last ``changed`` (its mtime)."""

    changed: int
    read: float
    names: tuple[_Name, ...]


class Library:
    """Safe view of ``MEDIA_SOURCE_PATH``. Every look at the volume has a time limit of ``patience`` seconds."""

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._root = settings.media_source_path if settings.media_source_enabled else None
        self._extensions = frozenset(settings.allowed_extensions)
        self._patience = patience
        self._hung = threading.Semaphore(MAX_HUNG)
        self._known: OrderedDict[Path, _Known] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: set[Path] = set()
        """Folders that are just being read again: meanwhile the others are shown what was known."""
        self._dead = False
        """Whether the last look that ended did so because the volume did not answer."""

    @property
    def enabled(self) -> bool:
        return self._root is not None

    def status(self) -> dict[str, Any]:
        """``enabled``, ``available`` and whether the volume is readable; never raises for a dead volume."""
        if self._root is None:
            return {"enabled": False, "available": False}
        try:
            readable = self._limited(lambda: os.access(self._base(), os.R_OK | os.X_OK))
        except (BadGateway, NotFound):
            return {"enabled": True, "available": False}
        return {"enabled": True, "available": readable}

    def page(self, path: str = "", *, offset: int = 0, limit: int = 200) -> Listing:
        """Folders and accepted files directly below ``path``, hidden ones left out.

        Raises:
            NotFound: the library is off, or there is no such folder. Forbidden: it is outside. BadGateway: no answer.
        """

        def look() -> Listing:
            folder = self._inside(path)
            names = self._names(folder)
            below = folder.relative_to(self._base())
            shown = (_entry(folder / n.text, below, n.is_folder) for n in names[offset : offset + limit])
            return Listing(_clean(path), tuple(e for e in shown if e is not None), len(names), offset)

        return self._limited(look)

    def file(self, path: str) -> Path:
        """The absolute path of an accepted file of the library.

        Raises:
            NotFound, Forbidden, BadGateway: as :meth:`page`. UnsupportedFormat: its type is not accepted.
        """
        return self._limited(lambda: self._file(path))

    def _file(self, path: str) -> Path:
        found = self._inside(path)
        if not found.is_file():
            raise NotFound(name=PurePosixPath(path).name)
        if not self._accepted(found.name):
            allowed = ", ".join(sorted(self._extensions))
            raise UnsupportedFormat("error.extension", name=found.name, allowed=allowed, format=found.suffix)
        return found

    def _base(self) -> Path:
        if self._root is None:
            raise NotFound("error.library_off")
        base = self._root.resolve()
        if not base.is_dir():
            raise NotFound(name="MEDIA_SOURCE_PATH")
        return base

    def _inside(self, path: str) -> Path:
        """The real path behind a client's text, links resolved; it must still be below the root."""
        base = self._base()
        wanted = PurePosixPath(_clean(path))
        if wanted.is_absolute() and wanted.is_relative_to(str(self._root)):
            wanted = wanted.relative_to(str(self._root))
        if wanted.is_absolute() or ".." in wanted.parts or any(part.startswith(".") for part in wanted.parts):
            raise Forbidden("error.library_outside", name=path[:200])
        try:
            found = (base / wanted).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise NotFound(name=wanted.name or "/") from error
        if found != base and base not in found.parents:
            raise Forbidden("error.library_outside", name=path[:200])
        return found

    def _names(self, folder: Path) -> tuple[_Name, ...]:
        """What :meth:`page` shows of a folder, in order; read again when the folder has changed, and after :data:`FRESH` seconds
        anyway (what a link leads to may change without the folder)."""
        if not folder.is_dir():
            raise NotFound(name=folder.name)
        changed, now = folder.stat().st_mtime_ns, time.monotonic()
        known = self._known.get(folder)
        if known is not None and known.changed == changed and (now - known.read < FRESH or folder in self._reading):
            return known.names
        self._reading.add(folder)
        try:
            with os.scandir(folder) as found:
                names = [n for n in (self._name(item) for item in found) if n is not None]
        except OSError as error:
            raise Forbidden(name=folder.name) from error
        finally:
            self._reading.discard(folder)
        ordered = tuple(sorted(names, key=lambda n: (not n.is_folder, n.text.casefold(), n.text)))
        with self._lock:
            self._known[folder] = _Known(changed, now, ordered)
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return ordered

    def _name(self, item: os.DirEntry[str]) -> _Name | None:
        """What the folder itself says of an item, without a look at the item: ten thousand of those take seconds."""
        if item.name.startswith(".") or not _says(item.name):
            return None
        try:
            if item.is_symlink() and not Path(item.path).resolve(strict=True).is_relative_to(self._base()):
                return None
            if item.is_dir():
                return _Name(item.name, True)
            return _Name(item.name, False) if self._accepted(item.name) and item.is_file() else None
        except (OSError, RuntimeError):
            return None

    def _accepted(self, name: str) -> bool:
        return os.path.splitext(name)[1].lower().lstrip(".") in self._extensions

    def _limited(self, look: Callable[[], T]) -> T:
        """``look()`` in a thread of its own: a dead NFS mount holds the thread for ever, not the service."""
        if not self._hung.acquire(timeout=0 if self._dead else self._patience):
            raise BadGateway("error.library_slow")
        answer: list[T] = []
        failure: list[Exception] = []
        done = threading.Event()

        def work() -> None:
            try:
                answer.append(look())
            except (NotFound, Forbidden, UnsupportedFormat, BadRequest, OSError) as error:
                failure.append(error)
            finally:
                self._dead = False
                self._hung.release()
                done.set()

        threading.Thread(target=work, daemon=True, name="library").start()
        if not done.wait(self._patience):
            self._dead = True
            raise BadGateway("error.library_slow")
        if failure:
            raise failure[0] if not isinstance(failure[0], OSError) else NotFound(name="MEDIA_SOURCE_PATH")
        return answer[0]


def _entry(file: Path, below: Path, is_folder: bool) -> LibraryEntry | None:
    """The facts of one entry of the folder ``below`` the root; ``None`` when it has gone in the meantime."""
    path = (below / file.name).as_posix()
    if is_folder:
        return LibraryEntry(file.name, path, True)
    try:
        facts = file.stat()
    except OSError:
        return None
    return LibraryEntry(file.name, path, False, facts.st_size, facts.st_mtime)


def _clean(path: str) -> str:
    """A client's path: no NUL, no backslashes, no empty parts. Raises BadRequest."""
    if "\0" in path or "\\" in path or not _says(path):
        raise BadRequest("error.library_outside", name=path.replace("\0", "")[:200])
    return str(PurePosixPath(path)) if path not in {"", "."} else ""


def _says(text: str) -> bool:
    """Whether a name can be said in JSON at all (file names may be any bytes)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
