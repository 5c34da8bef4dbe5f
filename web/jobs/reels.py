"""What each kind of Reelify's jobs does: inputs are brought here, the workflow runs in the job's folder, its result becomes JSON.

Every function is ``run(engine, request, folder, report) -> dict``. The workflows are imported when the first job of their kind begins:
a page is there before their libraries are loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.atomic import write_text
from pipeline.engine import Engine
from pipeline.progress import Report
from reelify.folder_request import FolderRequest
from reelify.requests import (
    ChaptersRequest,
    CompileRequest,
    FindRequest,
    HighlightsRequest,
    RankRequest,
    TranscribeRequest,
)
from web.jobs.inputs import arrived
from web.jobs.seasons import BEGUN, Queue
from web.jobs.values import Asker, Job, stored

EARLY = "ranking.json"
"""The order of the clips judged so far, in the job's folder."""
SAID = "said.json"
"""What is said in the whole video of a highlights job, in the job's folder: a transcript's JSON; of ranked clips
``{"files": {path: …}}``."""


def highlights(engine: Engine, request: HighlightsRequest, folder: Path, report: Report) -> dict[str, Any]:
    """The moments of a video, rendered into ``folder``."""
    from reelify.highlights_workflow import highlights as run

    report = arrived(engine, request, report)
    found = run(engine, replace(request, out=folder), report)
    if found.said is not None:
        write_text(folder / SAID, json.dumps(stored(found.said.to_json()), ensure_ascii=False))
    return found.to_json()


def transcribe(engine: Engine, request: TranscribeRequest, folder: Path, report: Report) -> dict[str, Any]:
    """What is said; subtitles are written into ``folder``."""
    from pipeline.captions import subtitles
    from pipeline.tracks.choice import chosen
    from reelify.hearing import heard_by

    report = arrived(engine, request, report)
    sound = chosen(engine.probe(request.source), request.track)
    heard = heard_by(engine, request.source, request, sound.heard, report)
    files = {}
    for form in (f for f in subtitles.SUBTITLES.values() if f.with_transcripts):
        path = folder / f"transcript.{form.name}"
        path.write_text(form.write(heard), encoding="utf-8")
        files[form.name] = str(path)
    return {"status": "success", **heard.to_json(), **files, "doubts": [*sound.notes, *heard.doubts]}


def rank(engine: Engine, request: RankRequest, folder: Path, report: Report) -> dict[str, Any]:
    """Clips in order, rendered into ``folder``; the order so far is in :data:`EARLY`."""
    from reelify.rank_workflow import rank_clips

    report = arrived(engine, request, report)
    request = replace(request, out=folder)
    found = rank_clips(engine, request, report, lambda so_far: _write_early(folder, so_far.to_json()))
    heard = {"files": {file: stored(one.to_json()) for file, one in found.said().items()}}
    write_text(folder / SAID, json.dumps(heard, ensure_ascii=False))
    return found.to_json()


def _write_early(folder: Path, found: Mapping[str, Any]) -> None:
    write_text(folder / EARLY, json.dumps(stored(found), ensure_ascii=False))


def compile_clip(engine: Engine, request: CompileRequest, folder: Path, report: Report) -> dict[str, Any]:
    """Stretches of videos joined into one clip in ``folder``."""
    from reelify.compile_workflow import compile_clip as run

    report = arrived(engine, request, report)
    return run(engine, replace(request, out=folder), report).to_json()


def find(engine: Engine, request: FindRequest, folder: Path, report: Report) -> dict[str, Any]:
    """Where something is said or heard."""
    from reelify.find_workflow import find as run

    report = arrived(engine, request, report)
    return run(engine, request, report).to_json()


def chapters(engine: Engine, request: ChaptersRequest, folder: Path, report: Report) -> dict[str, Any]:
    """The chapters of a video; their files are written into ``folder``."""
    from reelify.find_workflow import chapters as run

    report = arrived(engine, request, report)
    return run(engine, replace(request, out=folder), report).to_json()


def folder(engine: Engine, request: FolderRequest, place: Path, report: Report) -> dict[str, Any]:
    """The videos of a folder are here: what becomes of each is a job of its own."""
    arrived(engine, request, report)
    return {"status": "success", "videos": [request.called(path) for path in request.videos]}


def folder_begun(jobs: Queue, job: Job) -> None:
    """What follows a folder: a job for each of its videos, or one that ranks them. Asked again after a restart, it goes on where it was;
    one that somebody deleted is not made again."""
    mark = job.folder / BEGUN
    if job.state != "done" or mark.exists():
        return
    asked = job.asked(FolderRequest)
    asker = Asker(job.owner, asked.interface)
    there = {path for child in jobs.children(job.id) for path in child.request.files()}
    if asked.rank:
        if not there:
            jobs.submit(asked.together(job.id), asker, title=job.title)
    else:
        for path in asked.videos:
            if str(path) not in there:
                jobs.submit(asked.each(path, job.id), asker, title=asked.called(path))
    write_text(mark, "")


def folder_rows(jobs: Queue, job: Job) -> list[dict[str, Any]]:
    """Every video of a folder with the job that looks at it and how many clips there are."""
    asked = job.asked(FolderRequest)
    children = jobs.children(job.id)
    rows = []
    for path in asked.videos:
        child = next((c for c in reversed(children) if str(path) in c.request.files()), None)
        rows.append(
            {
                "video": asked.called(path),
                "task_id": child.id if child else None,
                "status": child.state if child else None,
                "clips": _clips_of(child, path) if child and child.state == "done" else 0,
                "error": _why_not(child, path) if child else None,
            }
        )
    return rows


def _why_not(job: Job, path: Path) -> Any:
    """Why a job made nothing of a file: it failed, or it passed over that file."""
    skipped = (job.result or {}).get("skipped", ())
    passed = next((one["message"] for one in skipped if one.get("source") == str(path)), None)
    return passed or (job.error or {}).get("message")


def _clips_of(job: Job, path: Path) -> int:
    """How many clips a finished job has of a file."""
    body = job.result or {}
    ranked = [clip for clip in body.get("viral_clips", ()) if clip.get("source") == str(path)]
    return len(ranked) if "viral_clips" in body else len(body.get("clips", ()))
