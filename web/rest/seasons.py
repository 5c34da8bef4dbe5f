"""The routes of a season: pair two folders, change the pairs, make the films, read what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from pipeline.errors import BadRequest, Forbidden, NotFound
from pipeline.files.received import Stored
from pipeline.render.exports import to_csv
from pipeline.requests import options_of
from syncdub.batch.called import Facts, called
from syncdub.batch.report import flat, page_of, report_of
from syncdub.batch.season import Season
from syncdub.requests import BatchRequest, SyncRequest, Together
from web.guard.visitors import owner_of_request
from web.intake.sources import Sources
from web.jobs import seasons
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.problems import language_of
from web.rest.context import job_of, own_job_of, service_of
from web.rest.models import NAMED, Accepted, with_options
from web.rest.reelify import PROBLEMS, accepted, submitted
from web.review.work import marks_of, with_marks

router = APIRouter(tags=["seasons"])
HELD = frozenset(p.name for p in options_of(SyncRequest, "command")) - {
    "name",
    "subtitles",
    "parts",
    "original_stream",
    "dub_stream",
}
"""Options of a film that a season may set for all of its own."""
Side = str | list[str]
FORMS = ("json", "csv", "html")


@with_options(BatchRequest)
class SeasonBody(BaseModel):
    """A folder of films and one of dubs (or several, one a language), in the media library; or lists of files."""

    originals: Side = Field(description=f"A folder of the media library, or a list of files: {NAMED}", max_length=4096)
    dubs: Side | list[Side] = Field(
        description="The same for the dubs; several folders for dubs of several releases.", max_length=4096
    )
    options: dict[str, str | bool | float] = Field(
        default_factory=dict,
        description="Options of every film: quick, fill, cut_gaps, codec, follow, language, default, nudge_ms.",
    )


class PairBody(BaseModel):
    """By hand: these dubs, each as a list of its parts in order, belong to this film; files by the names that the season shows."""

    original: str = Field(max_length=4096)
    dubs: list[list[str]] = Field(max_length=20)


class StartBody(BaseModel):
    """The pairs as a person changed them; left out, as they were found."""

    pairs: list[PairBody] | None = Field(None, max_length=seasons.MOST_EPISODES)


class Begun(BaseModel):
    status: Literal["success"] = "success"
    task_id: str
    started: list[str] = Field(description="The tasks of the films that were asked for now.")


class SeasonReport(BaseModel):
    model_config = ConfigDict(extra="allow")
    task_id: str
    status: str
    episodes: list[dict[str, Any]] = Field(description="Each film with its dubs, its task, verdict and figures.")
    places: list[dict[str, Any]] = Field(description="Doubtful places of all films, worst first.")
    left: list[str] = Field(description="Files that belong to no pair.")
    counts: dict[str, int] = Field(description="Films by state; `left_out` are pairs that a person took out.")


TOLD: dict[int | str, dict[str, Any]] = {
    200: {
        "model": SeasonReport,
        "content": {"text/csv": {"schema": {"type": "string"}}, "text/html": {"schema": {"type": "string"}}},
    }
}


@router.post("/api/season", summary="Pair and make a season", response_model=Accepted, responses=PROBLEMS)
async def pair_season(body: SeasonBody, request: Request) -> Response:
    """Pair the films of a season with their dubs by names and by what is heard, and make every film (`dry_run`: only pair)."""
    service = service_of(request)
    owner, host = owner_of_request(request), request.headers.get("host", "")
    wanted = await run_in_threadpool(
        lambda: season_request(service.sources, body.model_dump(exclude_none=True), owner, host)
    )
    return accepted(await submitted(request, wanted, wanted.title()), language_of(request), 200)


@router.get("/api/season/{task_id}", summary="Report of a season", responses=TOLD | PROBLEMS)
def season(
    task_id: str, request: Request, form: Annotated[Literal["json", "csv", "html"], Query()] = "json"
) -> Response:
    """The pairs with what became of each, the doubtful places of all films worst first; as JSON, CSV or a page."""
    job, language = job_of(request, task_id), language_of(request)
    body = shown(job, seasons.rows(service_of(request).jobs, job), language)
    if form == "csv":
        return PlainTextResponse(body["csv"], media_type="text/csv; charset=utf-8")
    if form == "html":
        return HTMLResponse(page_of(body, language))
    return JSONResponse({name: value for name, value in body.items() if name != "csv"})


@router.post("/api/season/{task_id}/start", summary="Make a paired season", response_model=Begun, responses=PROBLEMS)
def start_season(task_id: str, body: StartBody, request: Request) -> Begun:
    """Make the films of a paired season: all that are not asked for yet, or the `pairs` as they were changed by hand."""
    job = own_job_of(request, task_id)
    pairs = None if body.pairs is None else by_hand(job, [p.model_dump() for p in body.pairs])
    return Begun(task_id=job.id, started=seasons.begin(service_of(request).jobs, job, pairs))


def season_request(sources: Sources, body: Mapping[str, Any], owner: str, host: str) -> BatchRequest:
    """What a client asks, with its files found. Raises UserError."""
    sides = body["dubs"] if isinstance(body["dubs"], list) and all(isinstance(s, list) for s in body["dubs"]) else None
    if sides is None:
        sides = [body["dubs"]] if isinstance(body["dubs"], str) else _releases(sources, body["dubs"])
    films = _files(sources, body["originals"], owner, host)
    dubs = [_files(sources, side, owner, host) for side in sides]
    options = dict(body.get("options", {}))
    if unknown := set(options) - HELD:
        raise BadRequest("error.field", field=sorted(unknown)[0], detail=", ".join(sorted(HELD)))
    SyncRequest.from_json({**options, "original": "a.mkv", "dub": "b.mkv"})
    given = {p.name: body[p.called] for p in options_of(BatchRequest, "rest") if body.get(p.called) is not None}
    called(given.get("naming", ""), Facts(Path("a.mkv"), Path("b.mkv")))
    every = [*films, *(f for side in dubs for f in side)]
    files = {"films": [f.path for f in films], "dubs": [[f.path for f in side] for side in dubs], **brought(every)}
    return BatchRequest.from_json({**given, **files, "asks": options})


def _releases(sources: Sources, sides: Sequence[Any]) -> list[Any]:
    """A flat list is one release of files, unless it names folders: then each is one."""
    try:
        for side in sides:
            sources.folder(side if isinstance(side, str) else "\0")
    except (NotFound, BadRequest, Forbidden):  # an upload or an address is no path in the library
        return [list(sides)]
    return list(sides)


def _files(sources: Sources, side: Side, owner: str, host: str) -> list[Stored]:
    if isinstance(side, str):
        return sources.folder(side)
    return [sources.find_now(name, owner, host) for name in side[: seasons.MOST_EPISODES]]


def by_hand(job: Job, pairs: Sequence[Mapping[str, Any]]) -> tuple[Together, ...]:
    """Pairs that name files as the season shows them. Raises NotFound; BadRequest: two files are called so."""
    request = job.asked(BatchRequest)
    known: dict[str, list[Path]] = {}
    for path in request.files():
        known.setdefault(request.called(path), []).append(Path(path))

    def there(name: str) -> Path:
        found = known.get(name, [])
        if len(found) > 1:
            raise BadRequest("error.two_called_so", name=name[:200])
        if not found:
            raise NotFound(name=name[:200])
        return found[0]

    return tuple(
        Together(original=there(p["original"]), dubs=tuple(tuple(there(n) for n in dub) for dub in p["dubs"] if dub))
        for p in pairs
        if any(p["dubs"])
    )


def shown(job: Job, rows: Sequence[tuple[Any, Job | None]], language: str) -> dict[str, Any]:
    """The season as clients see it: files by their owner's names, each film with its task."""
    request = job.asked(BatchRequest)
    season = seasons.season_of(job)
    body = report_of(Season((), season.left), [row for row, _ in rows], language, request.called)
    marks: dict[str, Any] = {}
    for told, (row, child) in zip(body["episodes"], rows, strict=True):
        for dub, chosen in zip(told["dubs"], row.episode.dubs, strict=True):
            dub["parts"] = [request.called(p) for p in chosen.parts]
        told["task_id"] = child.id if child else None
        marks[told["original"]] = marks_of(child) if child else {}
        told["status"] = child.state if child else None
        told["download_url"] = f"/api/download/{child.id}" if child and row.state == "done" else None
    body["places"] = [with_marks([p], marks.get(p["episode"], {}))[0] for p in body["places"]]
    body["counts"] |= {s: sum(row.state == s for row, _ in rows) for s in ("waiting", "left_out")}
    table = flat([row for row, _ in rows], language, request.called)
    return {"task_id": job.id, "status": job.state, **body, "csv": to_csv(table) if table else ""}
