"""What is done with videos as they are: tightened, searched, divided into chapters."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import BadRequest, UserError
from pipeline.requests import Request as JobRequest
from reelify.requests import ChaptersRequest, Clip, CompileRequest, FindRequest
from web.guard.security import current_user
from web.intake.library import Library
from web.jobs.inputs import brought
from web.problems import language_of, problem_of_job
from web.rest import answers
from web.rest.context import finished, service_of
from web.rest.models import NAMED, Location, with_options
from web.rest.reelify import LATER, PROBLEMS, accepted, submitted, wants_async

router = APIRouter(tags=["reelify"])
MOST = 300
"""Files of the library that one search looks into."""


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


@router.post(
    "/api/v1/tighten", summary="Tighten a video", response_model=TightenAnswer, responses={**LATER, **PROBLEMS}
)
async def tighten(body: TightenRequest, request: Request) -> Response:
    """A video without its pauses, fillers and repeated starts, with a list of what went; laughter stays.

    Answers when it is there; with `Prefer: respond-async` at once, with a task id.
    """
    service = service_of(request)
    source = await service.sources.find(body.video_url, current_user(request), request.headers.get("host", ""))
    options: dict[str, Any] = body.model_dump(exclude={"video_url"}, exclude_none=True)
    options |= {"tighten": True, "clips": (Clip(source.path, title=source.name),), **brought([source])}
    return await _answered(request, CompileRequest.from_json(options), source.name)


@with_options(FindRequest)
class FindBody(BaseModel):
    """What to look for, and where: in `files`, or in a `folder` of the library with everything below it."""

    files: list[Location] = Field(default=[], max_length=MOST, description=NAMED)
    folder: str | None = Field(None, max_length=4096, description="A folder of the media library; empty: all of it.")


class Hit(BaseModel):
    model_config = ConfigDict(extra="allow")
    source: str
    start: float = Field(description="Seconds in the source.")
    end: float
    text: str
    score: float


class FindAnswer(BaseModel):
    model_config = ConfigDict(extra="allow")
    status: str = "success"
    hits: list[Hit]
    message: str
    job_id: str


@with_options(ChaptersRequest)
class ChaptersBody(BaseModel):
    """A video to divide."""

    video_url: Location = Field(min_length=1, max_length=4096, description=NAMED)


class ChaptersAnswer(BaseModel):
    model_config = ConfigDict(extra="allow")
    status: str = "success"
    chapters: list[dict[str, Any]]
    files: dict[str, str] = Field(description="Addresses of the chapters as YouTube, Matroska and JSON have them.")
    message: str
    job_id: str


@router.post(
    "/api/v1/find",
    summary="Search in what is said and heard",
    response_model=FindAnswer,
    responses={**LATER, **PROBLEMS},
)
async def find(body: FindBody, request: Request) -> Response:
    """Where something is said (in any inflection, or in other words) or heard ("laughter", "risas"), best first.

    Files that were never listened to are listened to first. Answers when it is done; with `Prefer: respond-async` at once.
    """
    service, owner, host = service_of(request), current_user(request), request.headers.get("host", "")
    below = []
    if (folder := body.folder) is not None:
        below = await service.aside.volume(lambda: _below(service.library, folder))
    if not body.files and not below:
        raise BadRequest("error.nothing_given")
    found = list(await asyncio.gather(*(service.sources.find(name, owner, host) for name in body.files)))
    for name in below:
        with contextlib.suppress(UserError):  # what is no media says nothing
            found.append(await service.sources.find(name, owner, host))
    options = body.model_dump(exclude={"files", "folder"}, exclude_none=True)
    wanted = FindRequest.from_json({**options, "sources": tuple(f.path for f in found), **brought(found)})
    return await _answered(request, wanted, wanted.query)


@router.post(
    "/api/v1/chapters", summary="Chapters of a video", response_model=ChaptersAnswer, responses={**LATER, **PROBLEMS}
)
async def chapters(body: ChaptersBody, request: Request) -> Response:
    """The chapters of a video by what is said, with titles from its own words.

    Answers when they are there; with `Prefer: respond-async` at once, with a task id.
    """
    source = await service_of(request).sources.find(
        body.video_url, current_user(request), request.headers.get("host", "")
    )
    options = body.model_dump(exclude={"video_url"}, exclude_none=True)
    wanted = ChaptersRequest.from_json({**options, "source": source.path, **brought([source])})
    return await _answered(request, wanted, source.name)


async def _answered(request: Request, wanted: JobRequest, title: str) -> Response:
    job_id = await submitted(request, wanted, title)
    if wants_async(request):
        return accepted(job_id, language_of(request))
    job = await finished(service_of(request).jobs, job_id)
    if job.state != "done":
        return problem_of_job(job, language_of(request))
    shown = answers.public_result(job, service_of(request).settings, language_of(request))
    return JSONResponse({**shown, "job_id": job.id})


def _below(library: Library, folder: str) -> list[str]:
    """The files of a folder of the library and of all folders in it, by name."""
    found: list[str] = []
    waiting = [folder]
    while waiting and len(found) < MOST:
        listing = library.page(waiting.pop(0), limit=MOST)
        found += [entry.path for entry in listing.entries if not entry.is_folder]
        waiting += [entry.path for entry in listing.entries if entry.is_folder]
    return found[:MOST]
