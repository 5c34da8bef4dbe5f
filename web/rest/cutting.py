"""Clips that are cut, not found: a video without its pauses and fillers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from reelify.requests import Clip, CompileRequest
from web.guard.security import current_user
from web.jobs.inputs import brought
from web.problems import language_of, problem_of_job
from web.rest import answers
from web.rest.context import finished, service_of
from web.rest.models import NAMED, Location, Problem, with_options
from web.rest.reelify import LATER, PROBLEMS, accepted, submitted, wants_async

router = APIRouter(tags=["reelify"])


@with_options(CompileRequest)
class TightenRequest(BaseModel):
    """A video to tighten."""

    video_url: Location = Field(
        min_length=1, max_length=4096, description=NAMED, examples=["https://example.com/video.mp4"]
    )


class Removed(BaseModel):
    """What could go, and whether it is `gone`."""

    model_config = ConfigDict(extra="allow")
    start: float = Field(description="Seconds in the source.")
    end: float
    kind: str = Field(examples=["pause", "filler", "repeat", "struck"])
    text: str
    gone: bool


class TightenAnswer(BaseModel):
    model_config = ConfigDict(extra="allow")
    status: str = "success"
    output: str = Field(description="The address of the result.")
    saved: float = Field(description="Seconds by which it is shorter.")
    removed: list[Removed]
    message: str
    job_id: str


@router.post("/api/v1/tighten", response_model=TightenAnswer, responses={**LATER, **PROBLEMS, 409: {"model": Problem}})
async def tighten(body: TightenRequest, request: Request) -> Response:
    """A video without its pauses, fillers and repeated starts, with a list of what went; laughter stays.

    Answers when it is there; with `Prefer: respond-async` at once, with a task id.
    """
    service = service_of(request)
    source = await service.sources.find(body.video_url, current_user(request), request.headers.get("host", ""))
    options: dict[str, Any] = body.model_dump(exclude={"video_url"}, exclude_none=True)
    options |= {"tighten": True, "clips": (Clip(source.path, title=source.name),), **brought([source])}
    job_id = await submitted(request, CompileRequest.from_json(options), source.name)
    if wants_async(request):
        return accepted(job_id, language_of(request))
    job = await finished(service.jobs, job_id)
    if job.state != "done":
        return problem_of_job(job, language_of(request))
    shown = answers.public_result(job, service.settings, language_of(request))
    return JSONResponse({**shown, "job_id": job.id})
