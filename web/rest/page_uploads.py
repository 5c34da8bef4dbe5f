"""Uploads of the page and of Gradio clients, received like those of the REST routes.

Gradio's own route writes in small pieces, never looks at the free space and leaves the pieces of a broken upload for
ever. These two routes take its place (they come before it): same request, same answer, same progress events. A file
becomes ``<folder>/<a name nobody can guess, bound to its owner>/<its name>``, and while it arrives its name ends in ``.part``.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from pipeline.errors import StudioError, TooLarge
from pipeline.files.received import Sink, need_space, shown_name
from web.guard.visitors import owner_of_request, payer_of
from web.intake.forms import Form, FormReader, boundary_of
from web.intake.page_files import PageFiles
from web.intake.uploads import on_disk
from web.problems import language_of, status_of, words
from web.rest import page_captions, page_shown
from web.rest.context import service_of

FIELD = "files"
LOOK, HEARTBEAT, PATIENCE = 0.1, 15.0, 3.0
"""Seconds: between two looks at an upload's progress, between two signs of life, and for an upload to begin."""
MOST_FOLLOWED = 1000
MOST_FILES = 1000
"""In one form, as the page sends them."""
GONE = 499
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*#%;&$`\'!{}]')
MAX_STEM, MAX_SUFFIX = 150, 20


def file_name(name: str) -> str:
    """A client's file name made harmless as a name on our disk: at most about 170 bytes, never hidden, the suffix kept."""
    path = PurePosixPath(_FORBIDDEN.sub("", shown_name(name)))
    stem = path.stem.lstrip(".-~ ").encode()[:MAX_STEM].decode(errors="ignore").strip(". ")
    suffix = path.suffix.encode()[:MAX_SUFFIX].decode(errors="ignore").rstrip(". ")
    return (stem or "file") + suffix


@dataclass(slots=True)
class _Followed:
    """How far an upload is: bytes of the present file that nobody was told of yet."""

    name: str = ""
    n_bytes: int = 0
    done: bool = False


class Progress:
    """The uploads whose progress somebody may ask for; used by the event loop alone."""

    def __init__(self) -> None:
        self._followed: OrderedDict[str, _Followed] = OrderedDict()

    def begin(self, upload_id: str) -> _Followed:
        """Follow an upload under the id its client made up; the oldest are forgotten over :data:`MOST_FOLLOWED`."""
        found = self._followed.setdefault(upload_id, _Followed())
        while len(self._followed) > MOST_FOLLOWED:
            self._followed.popitem(last=False)
        return found

    async def events(self, upload_id: str) -> AsyncIterator[str]:
        """Server-sent events until the upload is done: ``{"msg": "update", "orig_name", "chunk_size"}``, ``{"msg": "done"}``."""
        told = time.monotonic()
        while (followed := self._followed.get(upload_id)) is not None:
            if followed.n_bytes:
                yield _event(msg="update", orig_name=followed.name, chunk_size=followed.n_bytes)
                followed.n_bytes, told = 0, time.monotonic()
            elif followed.done:
                yield _event(msg="done")
                self._followed.pop(upload_id, None)
            elif time.monotonic() - told > HEARTBEAT:
                yield _event(msg="heartbeat")
                told = time.monotonic()
            else:
                await asyncio.sleep(LOOK)

    async def known(self, upload_id: str) -> bool:
        """Whether this upload begins within :data:`PATIENCE` seconds."""
        deadline = time.monotonic() + PATIENCE
        while upload_id not in self._followed and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
        return upload_id in self._followed


def _event(**values: object) -> str:
    return f"data: {json.dumps(values)}\n\n"


def install(app: FastAPI) -> None:
    """Give ``app`` these routes and that of the page's files. Call before the page is mounted."""
    router, progress = APIRouter(prefix="/gradio_api", include_in_schema=False), Progress()

    @router.post("/upload")
    async def upload(request: Request, upload_id: str = "") -> Response:
        """Store the files of a form and answer their paths."""
        followed = progress.begin(upload_id) if upload_id else _Followed()
        try:
            form = await _received(request, followed)
            await on_disk(lambda: _named(form, service_of(request).sources.page_files))
        except ClientDisconnect:
            return Response(status_code=GONE)
        except StudioError as error:  # the page shows the text as it comes
            return PlainTextResponse(words(error.message, language_of(request)), status_of(type(error)))
        finally:
            followed.done = True
        return JSONResponse([str(file.path) for file in form.files.values()])

    @router.get("/upload_progress")
    async def upload_progress(upload_id: str) -> Response:
        """How far an upload is, as server-sent events."""
        if not await progress.known(upload_id):
            return PlainTextResponse("Upload not found", 404)
        return StreamingResponse(progress.events(upload_id), media_type="text/event-stream")

    app.include_router(router)
    app.include_router(page_shown.router())
    app.include_router(page_captions.router())


async def _received(request: Request, followed: _Followed) -> Form:
    files, owner = service_of(request).sources.page_files, owner_of_request(request)
    limit = service_of(request).settings.max_upload
    announced = request.headers.get("content-length", "")
    length = int(announced) if announced.isdigit() else 0
    if length > limit * MOST_FILES:
        raise TooLarge("error.body_too_large", limit=limit * MOST_FILES, actual=length)
    boundary = boundary_of(request.headers.get("content-type", ""))
    await on_disk(lambda: need_space(files.folder, length))

    def moved(name: str, n_bytes: int) -> None:
        followed.n_bytes = followed.n_bytes + n_bytes if name == followed.name else n_bytes
        followed.name = name

    numbers = count()
    reader = FormReader(
        boundary,
        lambda field: f"{FIELD}{next(numbers)}" if field == FIELD else None,
        lambda name: _sink(files.new_folder(owner), name, limit),
        moved,
        most_parts=MOST_FILES,
    )
    known = length if announced.isdigit() else None
    async with aclosing(service_of(request).allowance.metered(payer_of(request), known, request.stream())) as stream:
        return await reader.read(stream)


def _named(form: Form, files: PageFiles) -> None:
    """Remembers what their owner calls the files of a form."""
    for file in form.files.values():
        files.keep_name(file.path, file.name)


def _sink(folder: Path, name: str, limit: int) -> Sink:
    return Sink(folder / file_name(name), shown_name(name), limit, own_folder=True)
