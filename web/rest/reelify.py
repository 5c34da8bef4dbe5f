"""Reelify's routes: find the moments of a video, rank clips, download both."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from pipeline.messages import Message, say
from pipeline.requests import Request as JobRequest
from reelify.requests import Clip, HighlightsRequest, RankRequest
from web.guard.visitors import owner_of_request
from web.jobs.clips import LISTS, clips_of
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.jobs.values import Asker
from web.problems import language_of, problem_of_job
from web.rest import answers
from web.rest.context import finished, service_of
from web.rest.models import Accepted, GenerateAnswer, GenerateRequest, Problem, SelectAnswer, SelectRequest, sent

router = APIRouter(tags=["reelify"])
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem} for code in (400, 403, 404, 409, 413, 415, 422, 424, 429, 500, 503, 507)
}
LATER: dict[int | str, dict[str, Any]] = {202: {"model": Accepted, "description": "With `Prefer: respond-async`."}}


@router.post(
    "/api/v1/generate-initial-clips",
    summary="Find highlights",
    response_model=GenerateAnswer,
    responses={**LATER, **PROBLEMS},
)
async def generate_initial_clips(body: GenerateRequest, request: Request) -> Response:
    """Find the moments of a video worth sharing and cut them out.

    Answers when the clips are there; with `Prefer: respond-async` at once, with a task id.
    """
    service = service_of(request)
    source = await service.sources.find(body.video_url, owner_of_request(request), request.headers.get("host", ""))
    options = body.model_dump(exclude={"video_url"}, exclude_none=True)
    wanted = HighlightsRequest.from_json({**options, "source": source.path, **brought([source])})
    job = await submitted(request, wanted, source.name)
    if wants_async(request):
        return accepted(job, language_of(request))
    return _answer(await finished(service.jobs, job), request, "api.clips_generated", {})


@router.post(
    "/api/v1/select-viral-clips", summary="Rank clips", response_model=SelectAnswer, responses={**LATER, **PROBLEMS}
)
async def select_viral_clips(body: SelectRequest, request: Request) -> Response:
    """Rank clips by how likely they are to be shared; those over the threshold are rendered.

    Answers when the clips are there; with `Prefer: respond-async` at once, with a task id.
    """
    service, host = service_of(request), request.headers.get("host", "")
    owner = owner_of_request(request)
    found = await asyncio.gather(*(service.sources.find(clip.url, owner, host) for clip in body.clips))
    clips = tuple(Clip(file.path, title=file.name) for file in found)
    names = {str(file.path): clip.url for file, clip in zip(found, body.clips, strict=True)}
    options = body.model_dump(exclude={"clips"}, exclude_none=True)
    wanted = RankRequest.from_json({**options, "clips": clips, **brought(found), "names": names})
    job = await submitted(request, wanted, found[0].name)
    if wants_async(request):
        return accepted(job, language_of(request))
    return _answer(await finished(service.jobs, job), request, "api.clips_selected", {"inputs": len(clips)})


@router.get(
    "/clips/raw/{name}",
    summary="Download an initial clip",
    response_class=FileResponse,
    responses=sent("video/mp4") | PROBLEMS,
)
@router.head("/clips/raw/{name}", include_in_schema=False)
def raw_clip(name: str, request: Request) -> FileResponse:
    """Download an initial clip; `Range` works. Public: the name cannot be guessed."""
    return _clip(request, name, "highlights")


@router.get(
    "/clips/viral/{name}",
    summary="Download a viral clip",
    response_class=FileResponse,
    responses=sent("video/mp4") | PROBLEMS,
)
@router.head("/clips/viral/{name}", include_in_schema=False)
def viral_clip(name: str, request: Request) -> FileResponse:
    """Download a viral clip; `Range` works. Public: the name cannot be guessed."""
    return _clip(request, name, "rank")


def _clip(request: Request, name: str, kind: str) -> FileResponse:
    path = service_of(request).sources.clip(f"{LISTS[kind][1]}{name}").path
    return FileResponse(path, filename=name, content_disposition_type="inline")


def _answer(job: Job, request: Request, code: str, values: dict[str, Any]) -> Response:
    language = language_of(request)
    if job.state != "done":
        return problem_of_job(job, language)
    body = answers.public_result(job, service_of(request).settings, language)
    text = say(Message(code, values | {"n": len(clips_of(job))}), language)
    return JSONResponse(body | {"status": "success", "message": text, "job_id": job.id})


async def submitted(request: Request, wanted: JobRequest, title: str) -> str:
    """The id of a new job of whoever asks."""
    service, asker = service_of(request), Asker(owner_of_request(request), language_of(request))
    return await run_in_threadpool(lambda: service.jobs.submit(wanted, asker, title=title))


def wants_async(request: Request) -> bool:
    """Whether the client asked for an answer at once (RFC 7240)."""
    return "respond-async" in request.headers.get("prefer", "").lower()


def accepted(job_id: str, language: str, status: int = 202) -> JSONResponse:
    """The answer to a queued job."""
    url = f"/api/status/{job_id}"
    body = Accepted(task_id=job_id, status_url=url, message=say(Message("api.accepted"), language))
    headers = {"Location": url, "Preference-Applied": "respond-async"}
    return JSONResponse(body.model_dump(), status, headers=headers if status == 202 else {})
