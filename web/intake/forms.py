"""Multipart forms: read as they arrive, files straight to the disk, nothing of a broken one stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from python_multipart.multipart import MultipartParser, parse_options_header

from pipeline.errors import BadRequest, TooLarge
from pipeline.files.received import CHUNK, Sink, Stored, need_space, upload_sink
from pipeline.settings import Settings
from web.intake.uploads import on_disk

MAX_FIELD = 64 * 1024
MAX_PARTS = 32
LONGEST_GROUP = 20
Slot = Callable[[str], str | None]
"""What the file of a form field is for us, by the field's name; ``None`` where no file is expected."""
OnProgress = Callable[[str, int], None]
"""Told the client's file name and how many more bytes of it have arrived."""


def _nobody(name: str, n_bytes: int) -> None:
    """Nobody follows."""


@dataclass(slots=True)
class Form:
    """A multipart form that has been read: files by what they are for us, those of fields that may hold several as ``(field, file)`` in
    the order of the form, and the plain fields."""

    files: dict[str, Stored] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    more: list[tuple[str, Stored]] = field(default_factory=list)

    @property
    def every(self) -> list[Stored]:
        """All files."""
        return [*self.files.values(), *(file for _, file in self.more)]

    def discard(self) -> None:
        """Remove the files again."""
        for file in self.every:
            file.path.unlink(missing_ok=True)


class FormReader:
    """Reads one multipart form; parser callbacks only collect, :meth:`read` writes, outside the event loop."""

    def __init__(
        self,
        boundary: bytes,
        slot: Slot,
        new_sink: Callable[[str], Sink],
        progress: OnProgress = _nobody,
        *,
        most_parts: int = MAX_PARTS,
        several: str = "",
    ) -> None:
        self._most_parts, self._several = most_parts, several
        self._slot_of, self._new_sink, self._progress = slot, new_sink, progress
        self._filename = ""
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
            await on_disk(self._flush)
            if not self._ended:
                raise BadRequest("error.upload_incomplete")
            complete = True
            return self._form
        finally:
            if not complete:
                await on_disk(self._discard)

    async def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except ValueError as error:  # python_multipart's errors are ValueErrors
            raise BadRequest("error.upload_incomplete") from error
        if self._pending >= CHUNK:
            await on_disk(self._flush)

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
        if self._n_parts > self._most_parts:
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
        slot = name if several_of(self._several, name) else self._slot_of(name)
        if slot is None:
            raise BadRequest("error.field", field=name, detail="unknown file field")
        self._filename = filename = options[b"filename"].decode("utf-8", "replace")
        self._work.append(lambda: self._open(slot, filename))

    def _open(self, slot: str, filename: str) -> None:
        if slot in self._form.files:
            raise BadRequest("error.field", field=slot, detail="given twice")
        self._sink = self._new_sink(filename)
        self._slot = slot

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field is not None:
            self._field[1].extend(data[start:end])
            if len(self._field[1]) > MAX_FIELD:
                raise TooLarge("error.body_too_large", limit=MAX_FIELD, actual=len(self._field[1]))
            return
        piece = bytes(memoryview(data)[start:end])
        self._pending += len(piece)
        self._progress(self._filename, len(piece))
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
        if several_of(self._several, self._slot):
            self._form.more.append((self._slot, self._sink.keep()))
        else:
            self._form.files[self._slot] = self._sink.keep()
        self._sink = None

    def _form_ends(self) -> None:
        self._ended = True


def several_of(several: str, name: str) -> bool:
    """Whether the field ``name`` is ``several``, which may come more than once, or a group of it: ``also``, ``also.tv``."""
    group = name.removeprefix(f"{several}.")
    return bool(several) and (name == several or (group != name and group.isalnum() and len(group) <= LONGEST_GROUP))


async def read_form(
    stream: AsyncIterator[bytes],
    content_type: str,
    length: int | None,
    settings: Settings,
    files: Mapping[str, str],
    several: str = "",
) -> Form:
    """Receive a multipart form; ``files`` maps the accepted file fields to their meaning, ``several`` is a field that may hold many.

    ``length`` is what the client announces, ``None`` when it does not; the free space is checked first.

    Raises:
        BadRequest, UnsupportedFormat, TooLarge, DiskFull: nothing stays on the disk.
    """
    boundary = boundary_of(content_type)
    most = settings.max_upload * (len(set(files.values())) + (MAX_PARTS if several else 0)) + CHUNK
    if length is not None and length > most:
        raise TooLarge("error.body_too_large", limit=most, actual=length)
    await on_disk(lambda: need_space(settings.uploads, length or 0))
    reader = FormReader(boundary, files.get, lambda name: upload_sink(settings, name), several=several)
    return await reader.read(stream)


def boundary_of(content_type: str) -> bytes:
    """What separates the parts of a form. Raises BadRequest where this is no form."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise BadRequest(detail="Content-Type: multipart/form-data; boundary=…")
    return boundary
