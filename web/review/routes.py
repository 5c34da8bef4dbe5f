"""The routes of a review: doubtful places worst first, film and dub of one moment as pictures and sounds, ticks and notes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from web.rest.context import job_of, own_job_of, service_of
from web.rest.models import sent
from web.rest.reelify import PROBLEMS
from web.review import work as reviewing

router = APIRouter(tags=["review"])
Moment = Annotated[float, Query(ge=0, le=1e6, description="Seconds of the film.")]


class MarkBody(BaseModel):
    """What a person says of a place."""

    key: str = Field(max_length=40, description="The place, as the list names it.")
    ticked: bool = True
    note: str = Field("", max_length=reviewing.LONGEST_NOTE)


class Doubt(BaseModel):
    """A place worth a look, with what a person said of it."""

    model_config = ConfigDict(extra="allow")
    key: str
    kind: str
    at: float = Field(description="Seconds of the film.")
    ticked: bool
    note: str


class Doubts(BaseModel):
    task_id: str
    places: list[Doubt] = Field(description="Worst first.")


@router.get("/api/review/{task_id}", summary="Doubtful places of a sync", response_model=Doubts, responses=PROBLEMS)
def places(task_id: str, request: Request) -> dict[str, Any]:
    """The joins, gaps and weak stretches of a task, worst first, with what was ticked and noted."""
    job = job_of(request, task_id)
    return {"task_id": job.id, "places": reviewing.listed(job)}


@router.get(
    "/api/review/{task_id}/picture",
    summary="Film and dub in one picture",
    response_class=FileResponse,
    responses=sent("image/jpeg") | PROBLEMS,
)
def picture(task_id: str, request: Request, at: Moment, mode: str = "side") -> FileResponse:
    """Film and dub of one moment in one image: `side`, `overlay`, `difference` or `wipe`."""
    service, job = service_of(request), job_of(request, task_id)
    return FileResponse(reviewing.picture(service.engine, job, at, mode, reviewing.home(service.settings, job)))


@router.get(
    "/api/review/{task_id}/sound",
    summary="Sound around a moment",
    response_class=FileResponse,
    responses=sent("video/mp4") | PROBLEMS,
)
def sound(task_id: str, request: Request, at: Moment, which: str = "after") -> FileResponse:
    """Some seconds around a moment: `original`, the dub `before` and `after`."""
    service, job = service_of(request), job_of(request, task_id)
    return FileResponse(reviewing.sound(service.engine, job, at, which, reviewing.home(service.settings, job)))


@router.get(
    "/api/review/{task_id}/waves",
    summary="Sound around a moment, drawn",
    response_class=FileResponse,
    responses=sent("image/svg+xml") | PROBLEMS,
)
def waves(task_id: str, request: Request, at: Moment) -> FileResponse:
    """The same seconds as a drawing, one under the other: the original, the dub before and the dub after."""
    service, job = service_of(request), job_of(request, task_id)
    drawing = reviewing.waves(service.engine, job, at, reviewing.home(service.settings, job))
    return FileResponse(drawing, media_type="image/svg+xml")


@router.post("/api/review/{task_id}/mark", summary="Tick or note a place", response_model=Doubts, responses=PROBLEMS)
def mark(task_id: str, body: MarkBody, request: Request) -> dict[str, Any]:
    """Tick a place or note something; remembered with the task and in the season's report."""
    job = own_job_of(request, task_id)
    reviewing.mark(job, body.key, ticked=body.ticked, note=body.note)
    return {"task_id": job.id, "places": reviewing.listed(job)}
