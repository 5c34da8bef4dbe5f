"""The routes of jobs of every kind: state, list, stop, again, delete, results."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse

from pipeline.errors import Forbidden, NotFound
from pipeline.messages import Message, say
from pipeline.render.exports import to_zip
from web.guard.visitors import is_somebody_elses
from web.jobs import clips, edits
from web.jobs.queue import Job, State
from web.problems import language_of
from web.rest import answers
from web.rest.context import job_of, own_job_of, owner_filter, service_of
from web.rest.models import Done, Problem, Task, TaskList, sent

router = APIRouter(tags=["tasks"])
PROBLEMS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (403, 404, 409, 422, 429, 500)}


@router.get(
    "/api/status/{task_id}",
    summary="State of a task",
    response_model=Task,
    responses=PROBLEMS,
    response_model_exclude_none=False,
)
async def status(task_id: str, request: Request) -> JSONResponse:
    """State and progress of a task, its result once it is done, the reason where it failed."""
    service, language = service_of(request), language_of(request)
    return await service.aside.rows(
        lambda: JSONResponse(answers.task(job_of(request, task_id), service.settings, language))
    )


@router.get("/api/tasks", summary="List tasks", response_model=TaskList, responses={422: {"model": Problem}})
async def tasks(
    request: Request,
    state: Annotated[State | None, Query(description="Only tasks in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Tasks at most.")] = 100,
    offset: Annotated[int, Query(ge=0, lt=2**31, description="Tasks to leave out first.")] = 0,
) -> JSONResponse:
    """Every task, newest first (one's own where people sign in)."""
    service, owner, language = service_of(request), owner_filter(request), language_of(request)

    def listed() -> JSONResponse:
        found = service.jobs.list(owner, states=(state,) if state else (), limit=limit, offset=offset)
        counts = service.jobs.counts(owner)
        total = counts[state] if state else sum(counts.values())
        shown = [answers.task(job, service.settings, language) for job in found]
        return JSONResponse({"tasks": shown, "total": total, "counts": counts})

    return await service.aside.rows(listed)


@router.post("/api/tasks/{task_id}/cancel", summary="Stop a task", response_model=Done, responses=PROBLEMS)
def cancel(task_id: str, request: Request) -> Done:
    """Stop a task: a waiting one at once, a running one within moments (it is `stopping` until then). A finished one stays.
    With a season or a folder all its parts stop that still go on."""
    job, jobs = own_job_of(request, task_id), service_of(request).jobs
    jobs.cancel(job.id)
    code = "progress.stopping" if jobs.get(job.id).stopping else "error.cancelled"
    return Done(task_id=job.id, message=say(Message(code), language_of(request)))


@router.post("/api/tasks/{task_id}/retry", summary="Queue a task again", response_model=Done, responses=PROBLEMS)
def retry(task_id: str, request: Request) -> Done:
    """Queue a failed or stopped task again."""
    job = own_job_of(request, task_id)
    service_of(request).jobs.retry(job.id)
    return Done(task_id=job.id, message=say(Message("api.accepted"), language_of(request)))


@router.delete("/api/tasks/{task_id}", summary="Delete a task", response_model=Done, responses=PROBLEMS)
def delete(task_id: str, request: Request) -> Done:
    """Delete a finished task. It is gone at once and can be taken back for ten minutes; after that its files are removed."""
    job = own_job_of(request, task_id)
    service_of(request).jobs.trash(job.id)
    return Done(task_id=job.id, message=say(Message("api.deleted"), language_of(request)))


@router.post(
    "/api/tasks/{task_id}/restore", summary="Take a deleted task back", response_model=Done, responses=PROBLEMS
)
def restore(task_id: str, request: Request) -> Done:
    """Take a deleted task back, within ten minutes."""
    jobs, owner = service_of(request).jobs, owner_filter(request)
    job = next((j for j in jobs.trashed(owner) if j.id == task_id), None)
    if job is None:
        raise NotFound(name=task_id[:40])
    if owner is None and is_somebody_elses(job.owner, request):
        raise Forbidden("error.others_task")
    jobs.restore(job.id)
    return Done(task_id=job.id, message=say(Message("api.restored"), language_of(request)))


@router.get(
    "/api/download/{task_id}",
    summary="Download the result",
    response_class=FileResponse,
    responses=sent("video/x-matroska", "video/mp4", "application/zip") | PROBLEMS,
)
@router.head("/api/download/{task_id}", include_in_schema=False)
def download(task_id: str, request: Request, edited: bool = False) -> FileResponse:
    """The result: the film of a sync, a ZIP of clips (with `edited`, as they were last cut by hand on the page). `Range` works."""
    job = job_of(request, task_id)
    if job.state == "done" and any(clip.get("path") for clip in clips.clips_of(job)):
        anew = _cut_by_hand(job, request) if edited else {}
        away = edits.removed_in(edits.load(job)) if edited else frozenset()
        anew = {
            n: path for n, path in anew.items() if n <= len(clips.clips_of(job)) + len(edits.load(job).get("added", ()))
        }
        return FileResponse(_zip(job, anew, away), filename=f"clips_{job.slug}.zip")
    path = clips.output_file(job)
    return FileResponse(path, filename=clips.output_name(job, path))


@router.get(
    "/api/files/{task_id}/{path:path}",
    summary="Download a file of a task",
    response_class=FileResponse,
    responses=sent("application/octet-stream") | PROBLEMS,
)
@router.head("/api/files/{task_id}/{path:path}", include_in_schema=False)
def file(task_id: str, path: str, request: Request) -> FileResponse:
    """A file of a task that its result names (captions, pictures, reports). `Range` works."""
    job = job_of(request, task_id)
    if job.state != "done" or path.endswith(".part"):
        raise NotFound(name=Path(path).name)
    found = clips.inside(job, path)
    return FileResponse(found, filename=found.name)


def _cut_by_hand(job: Job, request: Request) -> dict[int, Path]:
    """The files of clips (from 1) that were rendered anew and are still there."""
    found: dict[int, Path] = {}
    for number, candidates in edits.made_anew(job).items():
        for made_by in candidates:
            with contextlib.suppress(NotFound):
                found.setdefault(number, clips.output_file(job_of(request, made_by)))
    return found


def _zip(job: Job, anew: Mapping[int, Path], away: frozenset[int] = frozenset()) -> Path:
    """The clips of a job in one file, made on first use, with those made ``anew`` in place of the first ones and without those put
    ``away``; names inside are ours."""
    state = "".join(f"{n}:{path};" for n, path in sorted(anew.items())) + "".join(f"-{n}" for n in sorted(away))
    target = job.folder / (f"clips_{hashlib.sha256(state.encode()).hexdigest()[:16]}.zip" if state else "clips.zip")
    if not target.exists():
        names = {}
        for number, clip in enumerate(clips.clips_of(job), 1):
            if clip.get("path") and number not in away:
                path = anew.get(number) or clips.inside(job, str(clip["path"]))
                names[path] = clips.clip_name(job, number, str(path))
        own = {n: path for n, path in anew.items() if n > len(clips.clips_of(job)) and n not in away}
        names |= {path: clips.clip_name(job, number, str(path)) for number, path in own.items()}
        to_zip(names, target, names)
    return target
