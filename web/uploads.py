"""Uploads: from the socket to the disk in pieces, under a name of ours, checked before anything works with them.

Invariants: a file under its final name is complete and media (a piece of one is called ``….part``); what a client calls
its file is only ever shown; memory does not grow with the size; the event loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from python_multipart.multipart import MultipartParser, parse_options_header

from pipeline.errors import BadRequest, DiskFull, TooLarge, UnsupportedFormat
from pipeline.settings import GIB, Settings

CHUNK = 2 * 1024 * 1024
"""Bytes collected before a write."""
RESERVE = GIB // 4
"""Bytes that stay free on the disk."""
LOOK = 64 * 1024 * 1024
"""Bytes between two looks at the free space."""
MAX_FIELD = 64 * 1024
MAX_PARTS = 32
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Stored:
    """A file we keep: ``path`` is ours, ``name`` what its owner calls it (for people only)."""

    path: Path
    name: str
    size: int


@dataclass(slots=True)
class Form:
    """A multipart form that has been read: files by field name, and the plain fields."""

    files: dict[str, Stored] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)

    def discard(self) -> None:
        """Remove the files again."""
        for file in self.files.values():
            file.path.unlink(missing_ok=True)


def shown_name(name: str, fallback: str = "video") -> str:
    """A client's file name for showing: the last component, no control characters, at most :data:`MAX_NAME` long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(c for c in last if c.isprintable()).strip().strip(".")
    return clean[-MAX_NAME:] or fallback


def suffix_of(name: str, settings: Settings) -> str:
    """The suffix of an accepted type, with its dot. Raises UnsupportedFormat."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix.lstrip(".") not in settings.allowed_extensions:
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
    """A file being received: ``<id><suffix>.part`` until :meth:`keep`. Not for several threads at a time."""

    def __init__(self, settings: Settings, name: str, limit: int | None = None, *, suffix: str | None = None) -> None:
        self.name = shown_name(name)
        suffix = suffix_of(self.name, settings) if suffix is None else suffix
        self.limit = settings.max_upload if limit is None else limit
        self.size = 0
        self.target = settings.uploads / (uuid.uuid4().hex + suffix)
        self._looked = 0
        settings.uploads.mkdir(parents=True, exist_ok=True)
        self._part = part_of(self.target)
        self._file: BinaryIO = self._part.open("xb")

    def write(self, data: bytes) -> None:
        """Append. Raises TooLarge, DiskFull."""
        self.size += len(data)
        if self.size > self.limit:
            raise TooLarge("error.upload_too_large", name=self.name, limit=self.limit, actual=self.size)
        if self.size - self._looked >= LOOK:
            self._looked = self.size
            need_space(self._part.parent, len(data))
        self._file.write(data)

    def keep(self) -> Stored:
        """Give the complete file its final name. Raises BadRequest when it is empty."""
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


def part_of(target: Path) -> Path:
    """The name of a file that is not complete."""
    return target.with_name(target.name + ".part")


class FormReader:
    """Reads one multipart form; parser callbacks only collect, :meth:`read` writes, outside the event loop."""

    def __init__(self, settings: Settings, boundary: bytes, files: Mapping[str, str]) -> None:
        self._settings = settings
        self._names = files
        self._form = Form()
        self._sink: Sink | None = None
        self._work: list[Callable[[], None]] = []
        self._pending = 0
        self._n_parts = 0
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._field: tuple[str, bytearray] | None = None
        self._ended = False
        self._parser = MultipartParser(boundary, self._callbacks())

    async def read(self, stream: AsyncIterator[bytes]) -> Form:
        """The whole form. Whatever goes wrong, nothing of it stays on the disk.

        Raises:
            BadRequest: it is not a form, or it ends early. UnsupportedFormat, TooLarge, DiskFull: see :class:`Sink`.
        """
        complete = False
        try:
            async for chunk in stream:
                await self._feed(chunk)
            await asyncio.to_thread(self._flush)
            if not self._ended:
                raise BadRequest("error.upload_incomplete")
            complete = True
            return self._form
        finally:
            if not complete:
                await asyncio.to_thread(self._discard)

    async def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except ValueError as error:  # python_multipart's errors are ValueErrors
            raise BadRequest("error.upload_incomplete") from error
        if self._pending >= CHUNK:
            await asyncio.to_thread(self._flush)

    def _flush(self) -> None:
        work, self._work, self._pending = self._work, [], 0
        for step in work:
            step()

    def _discard(self) -> None:
        if self._sink is not None:
            self._sink.discard()
        self._form.discard()

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._form_ends,
        }

    def _part_begins(self) -> None:
        self._n_parts += 1
        if self._n_parts > MAX_PARTS:
            raise BadRequest(detail="too many parts")
        self._headers, self._header, self._field = {}, (bytearray(), bytearray()), None

    def _header_ends(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self._field = (name, bytearray())
            return
        slot = self._names.get(name)
        if slot is None:
            raise BadRequest("error.field", field=name, detail="unknown file field")
        filename = options[b"filename"].decode("utf-8", "replace")
        self._work.append(lambda: self._open(slot, filename))

    def _open(self, slot: str, filename: str) -> None:
        if slot in self._form.files:
            raise BadRequest("error.field", field=slot, detail="given twice")
        self._sink = Sink(self._settings, filename)
        self._slot = slot

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field is not None:
            self._field[1].extend(data[start:end])
            if len(self._field[1]) > MAX_FIELD:
                raise TooLarge("error.body_too_large", limit=MAX_FIELD, actual=len(self._field[1]))
            return
        piece = bytes(memoryview(data)[start:end])
        self._pending += len(piece)
        self._work.append(lambda: self._write(piece))

    def _write(self, piece: bytes) -> None:
        assert self._sink is not None
        self._sink.write(piece)

    def _part_ends(self) -> None:
        if self._field is not None:
            self._form.fields[self._field[0]] = self._field[1].decode("utf-8", "replace")
            self._field = None
            return
        self._work.append(self._keep)

    def _keep(self) -> None:
        assert self._sink is not None
        self._form.files[self._slot] = self._sink.keep()
        self._sink = None

    def _form_ends(self) -> None:
        self._ended = True


async def read_form(
    stream: AsyncIterator[bytes], content_type: str, length: int | None, settings: Settings, files: Mapping[str, str]
) -> Form:
    """Receive a multipart form; ``files`` maps the accepted file fields to their meaning.

    ``length`` is what the client announces, ``None`` when it does not; the free space is checked first.

    Raises:
        BadRequest, UnsupportedFormat, TooLarge, DiskFull: nothing stays on the disk.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequest(detail="Content-Type: multipart/form-data; boundary=…")
    most = settings.max_upload * len(set(files.values())) + CHUNK
    if length is not None and length > most:
        raise TooLarge("error.body_too_large", limit=most, actual=length)
    await asyncio.to_thread(need_space, settings.uploads, length or 0)
    return await FormReader(settings, options[b"boundary"], files).read(stream)
