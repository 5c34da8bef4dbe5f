"""``/page/source/{task}/{number}``: the files a task of this visitor was asked about, to be played where they lie."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from pipeline.errors import NotFound
from web.rest.context import own_job_of
from web.rest.page_shown import SANDBOX

BASE = "/page/source/"
IN_PLACE = ("audio/", "video/")


def router() -> APIRouter:
    """The route."""
    made = APIRouter(include_in_schema=False)

    @made.get(BASE + "{task_id}/{number}")
    def played(task_id: str, number: int, request: Request) -> FileResponse:
        """Input ``number`` (from 0) of a task. `Range` works. Raises NotFound where it is no sound and no picture."""
        files = own_job_of(request, task_id).request.files()
        path = Path(files[number]) if 0 <= number < len(files) else None
        kind = mimetypes.guess_type(path.name)[0] or "" if path else ""
        if path is None or not kind.startswith(IN_PLACE) or not path.is_file():
            raise NotFound(name=str(number))
        return FileResponse(path, media_type=kind, headers=SANDBOX)

    return made
