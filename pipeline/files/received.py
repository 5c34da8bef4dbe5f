"""Files that come in: under a name of ours, piece by piece, with room left on the disk.

A file under its final name is complete (a piece of one is called ``….part``); what a client calls its file is only ever shown.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pipeline.errors import BadRequest, DiskFull, TooLarge, UnsupportedFormat
from pipeline.settings import GIB, Settings
from pipeline.written.reading import FORMS

CHUNK = 2 * 1024 * 1024
"""Bytes collected before a write."""

RESERVE = GIB // 4
"""Bytes that stay free on the disk."""

LOOK = 64 * 1024 * 1024
"""Bytes between two looks at the free space."""

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Stored:
    """A file we keep: ``path`` is ours, ``name`` what its owner calls it (for people only).

    With ``url`` it is not here yet: the job that needs it downloads it to ``path``.
    """

    path: Path
    name: str
    size: int
    url: str = ""


def shown_name(name: str, fallback: str = "video") -> str:
    """A client's file name for showing: the last component, no control characters, at most :data:`MAX_NAME` long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(c for c in last if c.isprintable()).strip().strip(".")
    return clean[-MAX_NAME:] or fallback


BESIDE_MEDIA = frozenset({"ttf", "otf", "png", "jpg", "jpeg", "webp", *(form.lstrip(".") for form in FORMS)})
"""What may be brought beside media: a kept look's fonts and pictures, a video's subtitles."""


def suffix_of(name: str, settings: Settings) -> str:
    """The suffix of an accepted type, with its dot. Raises UnsupportedFormat."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix.lstrip(".") not in BESIDE_MEDIA.union(settings.allowed_extensions):
        allowed = ", ".join(settings.allowed_extensions)
        raise UnsupportedFormat("error.extension", name=name, allowed=allowed, format=suffix.lstrip("."))
    return suffix


def need_space(folder: Path, wanted: int) -> None:
    """Make sure that ``wanted`` bytes fit on the disk of ``folder`` with the reserve kept. Raises DiskFull."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < wanted + RESERVE:
        raise DiskFull(needed=wanted, free=max(0, free - RESERVE))


class Sink:
    """A file being received: ``….part`` until :meth:`keep`. Not for several threads at a time.

    With ``own_folder`` the folder of ``target`` is this file's alone and goes with it.
    """

    def __init__(self, target: Path, name: str, limit: int, *, own_folder: bool = False) -> None:
        self.target, self.name, self.limit = target, name, limit
        self._own_folder = own_folder
        self.size = 0
        self._looked = 0
        target.parent.mkdir(parents=True, exist_ok=True)
        self._part = part_of(target)
        self._file: BinaryIO = self._part.open("xb")

    def write(self, data: bytes) -> None:
        """Append. Raises TooLarge, DiskFull."""
        self.size += len(data)
        if self.size > self.limit:
            raise TooLarge("error.upload_too_large", name=self.name, limit=self.limit, actual=self.size)
        if self.size - self._looked >= LOOK:
            self._looked = self.size
            need_space(self._part.parent, len(data))
            settle(self._file)
        self._file.write(data)

    def keep(self) -> Stored:
        """Give the complete file its final name, once all of it is on the disk. Raises BadRequest when it is empty."""
        settle(self._file)
        self._file.close()
        if self.size == 0:
            self.discard()
            raise BadRequest("error.upload_empty", name=self.name)
        self._part.rename(self.target)
        return Stored(self.target, self.name, self.size)

    def discard(self) -> None:
        """Remove what has been received."""
        self._file.close()
        self._part.unlink(missing_ok=True)
        if self._own_folder:
            with contextlib.suppress(OSError):
                self.target.parent.rmdir()


def upload_sink(settings: Settings, name: str) -> Sink:
    """A new file of the uploads folder, of an accepted type. Raises UnsupportedFormat."""
    shown = shown_name(name)
    target = settings.uploads / (uuid.uuid4().hex + suffix_of(shown, settings))
    return Sink(target, shown, settings.max_upload)


def settle(file: BinaryIO) -> None:
    """Wait until what was written is on the disk.

    Gigabytes that only the page cache holds would stop every other write of the machine once they have to go to the
    disk, the queue's among them; and a file that has been answered for survives a power cut.
    """
    file.flush()
    os.fdatasync(file.fileno())


def part_of(target: Path) -> Path:
    """The name of a file that is not complete."""
    return target.with_name(target.name + ".part")
