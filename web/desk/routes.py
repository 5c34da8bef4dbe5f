"""What the page's timeline fetches once a job is done: words and loudness. Only whoever the job belongs to sees them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from web.desk import work
from web.rest.context import own_job_of, service_of

BASE = "/page/desk/"
KEPT = {"Cache-Control": "private, max-age=3600"}


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(include_in_schema=False)

    @made.get(BASE + "{task_id}/said/{file}")
    def said(task_id: str, file: int, request: Request) -> dict[str, Any]:
        """What is said in file number ``file`` (from 0) of a task, word by word."""
        return work.said(own_job_of(request, task_id), file)

    @made.get(BASE + "{task_id}/wave/{file}")
    def wave(task_id: str, file: int, request: Request) -> FileResponse:
        """How loud it is, a byte for every 20 ms."""
        service = service_of(request)
        path = work.wave(service.engine, own_job_of(request, task_id), service.settings, file)
        return FileResponse(path, media_type="application/octet-stream", headers=KEPT)

    return made
