"""``/gradio_api/file=…``: the files of the page, and nothing else that Gradio's own route of this name would give;
``/page/source/{task}/{number}``: the files a task of this visitor was asked about, played where they lie.

Gradio's fetches any address it is given and shows what comes as if it were ours. This one knows this visitor's uploads, what the page
showed, and the examples. Only media are shown in place; everything else is a download, and no answer may run as a page of ours.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from pipeline.errors import NotFound
from reelify.requests import ChaptersRequest, FindRequest
from web.guard.visitors import owner_of_request
from web.intake.page_files import PageFiles
from web.intake.sources import example
from web.jobs.queue import Job
from web.rest.context import own_job_of, service_of

SOURCE = "/page/source/"
IN_PLACE = ("audio/", "video/", "image/png", "image/jpeg", "image/webp", "image/gif")
SANDBOX = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


def router() -> APIRouter:
    """The route."""
    made = APIRouter(include_in_schema=False)

    @made.get("/gradio_api/file={path:path}")
    @made.head("/gradio_api/file={path:path}")
    async def shown(path: str, request: Request) -> FileResponse:
        """A file of the page. `Range` works."""
        found = await run_in_threadpool(_found, service_of(request).sources.page_files, path, owner_of_request(request))
        kind = mimetypes.guess_type(found.name)[0] or ""
        if kind.startswith(IN_PLACE):
            return FileResponse(found, media_type=kind, headers=SANDBOX)
        return FileResponse(found, media_type="application/octet-stream", filename=found.name, headers=SANDBOX)

    @made.get(SOURCE + "{task_id}/{number}")
    def played(task_id: str, number: int, request: Request) -> FileResponse:
        """Video ``number`` (from 0) of a search or of chapters. `Range` works. Raises NotFound where it is no sound and no picture."""
        files = sources_of(own_job_of(request, task_id))
        path = files[number] if 0 <= number < len(files) else None
        kind = mimetypes.guess_type(path.name)[0] or "" if path else ""
        if path is None or not kind.startswith(("audio/", "video/")) or not path.is_file():
            raise NotFound(name=str(number))
        return FileResponse(path, media_type=kind, headers=SANDBOX)

    return made


def sources_of(job: Job) -> tuple[Path, ...]:
    """The videos a search or chapters were made of; of other tasks none, whose requests may name what is no input of theirs."""
    asked = job.request
    if isinstance(asked, ChaptersRequest):
        return (asked.source,)
    return asked.sources if isinstance(asked, FindRequest) else ()


def _found(files: PageFiles, path: str, owner: str) -> Path:
    found = files.shown(path, owner) or example(path)
    if found is None:
        raise NotFound("error.not_yours")
    return found
