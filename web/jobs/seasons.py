"""A season as jobs: one that pairs the files, and for each pair a child that makes its film.

Children are ordinary jobs (stopped, tried again, downloaded like any other) that name their parent. They are asked for when the
parent is done, and can be asked for again: those that are there are not doubled, so a season that was interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from pipeline.atomic import write_text
from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.messages import Message, message
from pipeline.progress import Report
from pipeline.requests import Request
from syncdub.batch.called import Facts, called
from syncdub.batch.season import Chosen, Episode, Row, Season
from syncdub.making.review import Place
from syncdub.requests import BatchRequest, SyncRequest, Together
from web.jobs.inputs import arrived
from web.jobs.values import Asker, Job

MOST_EPISODES = 500
BEGUN = "begun"
"""A file of the season's job: all its films were asked for, and one that somebody deleted is not made again."""


class Queue(Protocol):
    """What this needs of the queue."""

    def submit(self, request: Request, asker: Asker, *, title: str = "") -> str: ...

    def children(self, job_id: str) -> list[Job]: ...


def pair(engine: Engine, request: BatchRequest, folder: Path, report: Report) -> dict[str, Any]:
    """Which files belong together; paths are names until :func:`season_of` gives them their files."""
    from syncdub.batch.workflow import languages_of, planned

    report = arrived(engine, request, report)
    found = planned(engine, request, report)
    return {
        "episodes": [
            {
                "original": str(e.film),
                "languages": languages_of(engine, e, request) if "languages" in request.naming else (),
                "dubs": [
                    {"parts": [str(p) for p in d.parts], "how": d.how, "sure": d.sure, "notes": list(d.notes)}
                    for d in e.dubs
                ],
            }
            for e in found.episodes
        ],
        "left": [str(p) for p in found.left],
    }


def season_of(job: Job) -> Season:
    """The pairs of a finished pairing."""
    body = job.result or {}
    episodes = tuple(
        Episode(Path(e["original"]), tuple(_chosen(d) for d in e["dubs"])) for e in body.get("episodes", ())
    )
    return Season(episodes, tuple(Path(p) for p in body.get("left", ())))


def _chosen(body: Mapping[str, Any]) -> Chosen:
    notes = tuple(Message(n["$message"], n["values"]) for n in body.get("notes", ()))
    return Chosen(tuple(Path(p) for p in body["parts"]), body["how"], float(body["sure"]), notes)


def started_alone(jobs: Queue, job: Job) -> None:
    """What follows a pairing: its films, unless only the pairs were wanted. Asked again after a restart, it goes on where it was."""
    mark = job.folder / BEGUN
    if job.state != "done" or job.asked(BatchRequest).dry_run or mark.exists():
        return
    begin(jobs, job)
    write_text(mark, "")


def begin(jobs: Queue, job: Job, by_hand: Sequence[Together] | None = None) -> list[str]:
    """Asks for the film of every pair that has no child yet; returns the ids of the new jobs. ``by_hand`` are the pairs as a person
    changed them.

    Raises:
        BadRequest: the season is not paired yet, or a template or option is wrong.
    """
    request = job.asked(BatchRequest)
    if job.state != "done":
        raise BadRequest("error.season_not_paired")
    pairs = season_of(job).episodes if by_hand is None else _episodes(by_hand, request)
    there = {(c.request.original, c.request.dub) for c in children(jobs, job) if isinstance(c.request, SyncRequest)}
    made = []
    for episode in pairs:
        if not episode.dubs or (episode.film, episode.dubs[0].parts[0]) in there:
            continue
        asked = child(request, episode, job)
        title = f"{request.called(episode.film)} + {request.called(episode.dubs[0].parts[0])}"
        made.append(jobs.submit(asked, Asker(job.owner, request.interface), title=title))
    return made


def child(request: BatchRequest, episode: Episode, parent: Job) -> SyncRequest:
    """What is asked for the film of one pair of a season. Raises BadRequest."""
    from syncdub.batch.workflow import request_of

    film, dub = (Path(request.called(p)) for p in (episode.film, episode.dubs[0].parts[0]))
    told = (parent.result or {}).get("episodes") or ()
    spoken = next((e.get("languages", ()) for e in told if e["original"] == str(episode.film)), ())
    name = called(request.naming, Facts(film, dub, "", tuple(spoken))).removesuffix(".mkv")
    return replace(request_of(request, episode), batch=parent.id, name=name)


def _episodes(pairs: Sequence[Together], request: BatchRequest) -> tuple[Episode, ...]:
    """Pairs by hand, of the season's own files only. Raises BadRequest."""
    own = set(request.files())
    out = tuple(Episode(p.original, tuple(Chosen(d) for d in p.dubs)) for p in pairs[:MOST_EPISODES])
    if any(str(f) not in own for e in out for f in (e.film, *(p for d in e.dubs for p in d.parts))):
        raise BadRequest("error.no_pairs")
    return out


def children(jobs: Queue, job: Job) -> list[Job]:
    """The films' jobs of a season, in the order in which they were asked for."""
    return jobs.children(job.id)


def rows(jobs: Queue, job: Job) -> list[tuple[Row, Job | None]]:
    """Every pair of a season with what became of it and the job that makes it."""
    by_film: dict[str, Job] = {}
    for each in children(jobs, job):  # a later child of a film is the one that a person meant
        if isinstance(each.request, SyncRequest):
            by_film[str(each.request.original)] = each
    out: list[tuple[Row, Job | None]] = []
    for episode in season_of(job).episodes:
        found = by_film.get(str(episode.film))
        out.append((_unmade(episode, begun=bool(by_film)) if found is None else _row(episode, found), found))
    return out


def _unmade(episode: Episode, *, begun: bool) -> Row:
    """A pair that nobody makes: it waits, unless the others were ``begun`` without it."""
    if not episode.dubs:
        return Row(episode, state="failed", problem=message("batch.no_dub"))
    return Row(episode, state="left_out" if begun else "waiting")


def _row(episode: Episode, job: Job) -> Row:
    asked = job.asked(SyncRequest)
    if not episode.dubs or episode.dubs[0].parts[0] != asked.dub:
        episode = replace(episode, dubs=(Chosen((asked.dub,)),))
    if job.state in {"failed", "cancelled"}:
        return Row(episode, state="failed", problem=message("batch.ended_without"))
    result = job.result
    if result is None:
        return Row(episode)
    seconds = (job.finished or 0.0) - (job.started or 0.0)
    return Row(
        episode,
        output=f"{asked.name or episode.film.stem}.mkv" if result.get("output") else "",
        state="done" if result.get("output") else "refused",
        verdict=str(result.get("verdict", "")),
        figures=result.get("figures", {}),
        places=tuple(Place.from_json(p) for p in result.get("places", ())),
        seconds=seconds,
    )


__all__ = ["begin", "child", "children", "pair", "rows", "season_of", "started_alone"]
