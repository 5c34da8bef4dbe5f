"""What the page's timeline fetches once a job is done: words, loudness, pictures, shots. Only whoever the job belongs to sees them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from pipeline.errors import BadRequest
from pipeline.messages import Message, say
from pipeline.values import Span
from web.desk import work
from web.problems import language_of
from web.rest.context import own_job_of, service_of

BASE = "/page/desk/"
Second = Annotated[float, Query(ge=0, le=10_000_000, allow_inf_nan=False)]
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

    @made.get(BASE + "{task_id}/film/{file}")
    def film(task_id: str, file: int, request: Request) -> FileResponse:
        """Its pictures, small, beside each other."""
        path = work.film(own_job_of(request, task_id), service_of(request).settings, file)
        return FileResponse(path, media_type="image/jpeg", headers=KEPT)

    @made.get(BASE + "{task_id}/still/{file}")
    def still(task_id: str, file: int, request: Request, at: Second) -> FileResponse:
        """Its picture at a second."""
        path = work.still(own_job_of(request, task_id), service_of(request).settings, file, at)
        return FileResponse(path, media_type="image/jpeg", headers=KEPT)

    @made.get(BASE + "{task_id}/frames/{file}")
    def frames(
        task_id: str, file: int, request: Request, start: Second, end: Second, aspect: str
    ) -> list[dict[str, Any]]:
        """How each shot between two seconds would be shown in another shape, and why, in the visitor's words."""
        job, language = own_job_of(request, task_id), language_of(request)
        if end <= start:
            raise BadRequest("error.bad_span", start=start, end=end)
        found = work.frames(service_of(request).engine, job, file, Span(start, end), aspect)
        return [{**one, "why": say(Message(f"layout.{one['reason']}"), language)} for one in found]

    return made
