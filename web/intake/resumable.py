"""Uploads that survive a broken connection: create, append at an offset, ask for the offset, append the rest.

The protocol is that of tus 1.0's core (``Upload-Length``, ``Upload-Offset``) with JSON to create. State lies on the
disk: ``<id>.json`` says what was announced, the length of ``<id><suffix>.part`` is the offset; so it survives a
restart too.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Collection
from dataclasses import asdict
from pathlib import Path

from pipeline.errors import NotFound, TooLarge
from pipeline.files.received import CHUNK, LOOK, Stored, need_space, part_of, settle, shown_name, suffix_of
from pipeline.settings import Settings
from web.guard.visitors import names_of
from web.intake.allowance import Allowance, Coming
from web.intake.announced import Announced
from web.intake.uploads import on_disk
from web.jobs.values import Conflict

_ID = re.compile(r"[0-9a-f]{32}")


class WrongOffset(Conflict):
    """A piece does not continue where the upload is. Values: ``offset``."""

    code = "error.upload_offset"


class Resumable:
    """All resumable uploads of the uploads folder."""

    def __init__(self, settings: Settings, allowance: Allowance) -> None:
        self._settings, self._allowance = settings, allowance
        self._busy: set[str] = set()

    def create(self, name: str, size: int, owner: str, payer: str = "") -> Announced:
        """Begin an upload of ``size`` bytes, which count against ``payer`` (else ``owner``).

        What was only announced counts nothing until it comes, or words alone could shut others out.

        Raises:
            UnsupportedFormat, TooLarge (also over the quota), DiskFull.
        """
        shown = shown_name(name)
        suffix = suffix_of(shown, self._settings)
        if size > self._settings.max_upload:
            limit = self._settings.max_upload
            raise TooLarge("error.upload_too_large", name=shown, limit=limit, actual=size)
        self._allowance.check(payer or owner, size)
        need_space(self._settings.uploads, size)
        made = Announced(uuid.uuid4().hex, shown, suffix, size, owner, payer)
        part_of(self._target(made)).touch()
        self._note(made.id).write_text(json.dumps(asdict(made)))
        return made

    def find(self, upload_id: str, owner: str) -> Announced:
        """What was announced under this id by this owner, or by a program, which has no name. Raises NotFound."""
        if not _ID.fullmatch(upload_id):
            raise NotFound(name=upload_id[:40])
        try:
            found = Announced(**json.loads(self._note(upload_id).read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise NotFound(name=upload_id) from error
        if found.owner not in names_of(owner):
            raise NotFound(name=upload_id)
        return found

    def offset(self, upload: Announced) -> int:
        """How many bytes have arrived. Raises NotFound when the file is gone."""
        target = self._target(upload)
        if target.exists():
            return upload.size
        try:
            return part_of(target).stat().st_size
        except OSError as error:
            raise NotFound(name=upload.name) from error

    async def append(self, upload: Announced, offset: int, stream: AsyncIterator[bytes]) -> int:
        """Append the stream; what has arrived stays when it breaks off. Returns the new offset.

        Raises:
            WrongOffset: the upload is not at ``offset``, or another request appends to it.
            TooLarge: more than announced, or than the quota has left.
        """
        at = await on_disk(lambda: self.offset(upload))
        if at != offset or upload.id in self._busy:
            raise WrongOffset(offset=at)
        self._busy.add(upload.id)
        coming = Coming(self._allowance, upload.payer or upload.owner)
        try:
            await on_disk(lambda: coming.announce(upload.size - at))
            return await self._receive(upload, at, stream, coming)
        finally:
            coming.end()
            self._busy.discard(upload.id)

    def complete(self, upload: Announced) -> Stored:
        """The finished file. Raises NotFound while it is not complete."""
        target = self._target(upload)
        if not target.is_file():
            raise NotFound("error.upload_incomplete")
        return Stored(target, upload.name, upload.size)

    def remove(self, upload: Announced, needed: Collection[str] = ()) -> None:
        """Give the upload up. Raises Conflict while a request appends to it, and when its path is among those ``needed``."""
        if upload.id in self._busy:
            raise Conflict(state="running")
        if str(self._target(upload)) in needed:
            raise Conflict("error.upload_in_use", state="running")
        part_of(self._target(upload)).unlink(missing_ok=True)
        self._target(upload).unlink(missing_ok=True)
        self._note(upload.id).unlink(missing_ok=True)

    async def _receive(self, upload: Announced, at: int, stream: AsyncIterator[bytes], coming: Coming) -> int:
        part, pending = part_of(self._target(upload)), bytearray()

        def written() -> int:
            coming.arrived(len(pending))
            return _append(part, bytes(pending))

        try:
            async for chunk in stream:
                if at + len(pending) + len(chunk) > upload.size:
                    limit = upload.size
                    raise TooLarge("error.upload_too_large", name=upload.name, limit=limit, actual=limit + 1)
                pending += chunk
                if len(pending) >= CHUNK:
                    at = await on_disk(written)
                    pending.clear()
        finally:
            if pending:
                at = await on_disk(written)
        if at == upload.size:
            await on_disk(lambda: self._whole(upload, part))
        return at

    def _whole(self, upload: Announced, part: Path) -> None:
        with part.open("ab") as file:
            settle(file)
        part.rename(self._target(upload))

    def _target(self, upload: Announced) -> Path:
        return self._settings.uploads / (upload.id + upload.suffix)

    def _note(self, upload_id: str) -> Path:
        return self._settings.uploads / f"{upload_id}.json"


def _append(part: Path, data: bytes) -> int:
    """Append and return the new size."""
    with part.open("ab") as file:
        file.write(data)
        at = file.tell()
        if at // LOOK != (at - len(data)) // LOOK:
            settle(file)
        return at
