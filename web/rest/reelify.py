"""Reelify's routes: find the moments of a video, rank clips, download both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from pipeline.errors import BadRequest
from pipeline.messages import Message, localise, say
from pipeline.render.exports import to_csv
from pipeline.requests import Request as JobRequest
from reelify.folder_request import FolderRequest
from reelify.requests import Clip, HighlightsRequest, RankRequest
from web.guard.visitors import owner_of_request
from web.intake.sources import Sources
from web.jobs.clips import LISTS, clips_of
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.jobs.reels import folder_rows
from web.jobs.seasons import Queue
from web.jobs.values import Asker
from web.problems import language_of, problem_of_job
from web.rest import answers
from web.rest.context import finished, job_of, service_of
from web.rest.models import (
    Accepted,
    FolderBody,
    FolderReport,
    GenerateAnswer,
    GenerateRequest,
    Problem,
    SelectAnswer,
    SelectRequest,
    sent,
)

router = APIRouter(tags=["reelify"])
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem} for code in (400, 403, 404, 409, 413, 415, 422, 424, 429, 500, 503, 507)
}
FOLDER_TOLD: dict[int | str, dict[str, Any]] = {
    200: {"model": FolderReport, "content": {"text/csv": {"schema": {"type": "string"}}}}
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


@router.post("/api/v1/folder", summary="Every video of a folder", response_model=Accepted, responses=PROBLEMS)
async def whole_folder(body: FolderBody, request: Request) -> Response:
    """The moments of every video of a folder, a task for each, or (`rank`) all of them ranked as clips by one task."""
    service = service_of(request)
    owner, host = owner_of_request(request), request.headers.get("host", "")
    wanted = await run_in_threadpool(
        lambda: folder_request(service.sources, body.model_dump(exclude_none=True), owner, host)
    )
    return accepted(await submitted(request, wanted, wanted.title()), language_of(request), 200)


@router.get("/api/v1/folder/{task_id}", summary="Report of a folder", responses=FOLDER_TOLD | PROBLEMS)
def folder_report(
    task_id: str, request: Request, form: Annotated[Literal["json", "csv"], Query()] = "json"
) -> Response:
    """What became of every video of a folder: its task, state and how many clips there are."""
    rows = told_rows(service_of(request).jobs, job_of(request, task_id), language_of(request))
    if form == "csv":
        return PlainTextResponse(to_csv(rows), media_type="text/csv; charset=utf-8")
    return JSONResponse({"task_id": task_id, "status": job_of(request, task_id).state, "videos": rows})


def folder_request(sources: Sources, body: Mapping[str, Any], owner: str, host: str) -> FolderRequest:
    """What a client asks of a folder, with its files found. Raises UserError."""
    named = body["folder"]
    found = sources.folder(named) if isinstance(named, str) else [sources.find_now(name, owner, host) for name in named]
    if not found:
        raise BadRequest("error.nothing_given")
    videos = tuple(file.path for file in found)
    given = {"asks": body.get("options", {}), "rank": body.get("rank") or False, "notify": body.get("notify") or ""}
    wanted = FolderRequest.from_json({**given, "videos": videos, **brought(found)})
    wanted.together("") if wanted.rank else wanted.each(videos[0], "")  # wrong options are told now
    return wanted


def told_rows(jobs: Queue, job: Job, language: str) -> list[dict[str, Any]]:
    """The rows of a folder's report in words."""
    rows = folder_rows(jobs, job)
    return [{**row, "error": str(localise(row["error"], language)) if row["error"] else ""} for row in rows]


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
