"""What the page's drop zones ask as soon as something is given: what is it, and what does the library hold.

``POST /page/check`` says at the drop what a job would say after it began; ``GET /page/library`` browses and searches. Both answer 200
with ``error`` in words for what cannot be used: to the page that is an answer, not a failure.
"""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from pipeline.errors import StudioError
from web.guard.visitors import owner_of_request
from web.intake.library import Library, LibraryEntry
from web.problems import words
from web.rest.context import service_of
from web.ui.language import language_of

MOST_FOUND = 100
MOST_FOLDERS = 300
"""Folders that a search looks into, the nearest first."""


class Named(BaseModel):
    """What was given, as text: an upload's path, an address, a path in the library."""

    named: Annotated[str, Field(min_length=1, max_length=4096)]


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(prefix="/page", include_in_schema=False)

    @made.post("/check")
    async def check(given: Named, request: Request) -> dict[str, Any]:
        """Name, bytes, seconds and whether there is a picture; or why it cannot be used."""
        service = service_of(request)
        try:
            found = await service.sources.find(given.named, owner_of_request(request), request.headers.get("host", ""))
            info = None if found.url else await run_in_threadpool(service.engine.probe, found.path)
        except StudioError as error:
            return {"error": words(error.message, language_of(request))}
        facts = (
            {"seconds": round(info.duration, 1), "video": bool(info.video), "audio": bool(info.audio)} if info else {}
        )
        return {"name": found.name, "size": found.size, **facts}

    @made.get("/library")
    async def library(request: Request, path: str = "", find: str = "") -> dict[str, Any]:
        """The entries of a folder of the library, or those below it whose names hold ``find``."""
        held = service_of(request).library
        try:
            if find.strip():
                entries = await run_in_threadpool(_search, held, path, find.strip().casefold()[:200])
            else:
                entries = list((await run_in_threadpool(held.page, path)).entries)
        except StudioError as error:
            return {"error": words(error.message, language_of(request)), "entries": []}
        return {"path": path, "entries": [entry.to_json() for entry in entries]}

    return made


def _search(library: Library, path: str, wanted: str) -> list[LibraryEntry]:
    """Files below ``path`` whose names hold ``wanted``, breadth first, at most :data:`MOST_FOUND`."""
    found: list[LibraryEntry] = []
    folders, looked = deque([path]), 0
    while folders and looked < MOST_FOLDERS and len(found) < MOST_FOUND:
        page, looked = library.page(folders.popleft(), limit=2000), looked + 1
        for entry in page.entries:
            if entry.is_folder:
                folders.append(entry.path)
            elif wanted in entry.name.casefold():
                found.append(entry)
    return found[:MOST_FOUND]
