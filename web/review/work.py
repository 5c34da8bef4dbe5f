"""Reviewing a synchronised film: its doubtful places with what was ticked and noted, the pictures and sounds around each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.atomic import write_text
from pipeline.errors import BadRequest, NotFound
from pipeline.settings import Settings
from pipeline.values import Span
from syncdub.making.look import MODES, compare_pictures, dub_moment
from syncdub.making.plan import placed
from syncdub.making.preview import What, around, preview_clip
from syncdub.making.review import Place, places
from syncdub.making.soundtrack import Pair, with_durations
from syncdub.plan_file import PLAN, load_plan, moved
from syncdub.requests import AnalyseRequest
from syncdub.values import SyncPlan
from web.jobs import edits
from web.jobs.queue import Job
from web.review.waves import drawn

FILE = "marks.json"
MOST, LONGEST_NOTE = 500, 1000
MOST_KEPT = 200
"""Pictures, sounds and drawings that are kept of one task."""
SECONDS = 8.0
SOUNDS: Mapping[str, What] = {"original": "original", "before": "dub", "after": "synced"}


def marks_of(job: Job) -> dict[str, dict[str, Any]]:
    """What was ticked and noted, by a place's key."""
    try:
        found = json.loads((job.folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def mark(job: Job, key: str, *, ticked: bool, note: str) -> dict[str, dict[str, Any]]:
    """Keeps what a person says of a place; an empty word takes it back. Raises NotFound, BadRequest."""
    if key not in {p.key for p in places_of(job)}:
        raise NotFound(name=key[:40])
    marks = marks_of(job)
    said = {"ticked": bool(ticked), "note": " ".join(note.split())[:LONGEST_NOTE]}
    marks.pop(key, None)
    if ticked or said["note"]:
        marks[key] = said
    if len(marks) > MOST:
        raise BadRequest(detail=f"{MOST} marks")
    write_text(job.folder / FILE, json.dumps(marks, ensure_ascii=False))
    return marks


def plan_of(job: Job) -> SyncPlan:
    """The plan of a job as it was moved by hand since. Raises NotFound."""
    job.asked(AnalyseRequest)
    return moved(load_plan(job.folder / PLAN), edits.nudges_of(edits.load(job)))


def places_of(job: Job) -> tuple[Place, ...]:
    """The doubtful places of a job, worst first; none for a refused one. Raises NotFound."""
    plan = plan_of(job)
    return places(placed(plan)) if plan.segments else ()


def listed(job: Job) -> list[dict[str, Any]]:
    """The places as JSON, each with its mark. Raises NotFound."""
    marks = marks_of(job)
    return [{**p.to_json(), "ticked": False, "note": "", **marks.get(p.key, {})} for p in places_of(job)]


def picture(engine: Any, job: Job, at: float, mode: str, folder: Path) -> Path:
    """Film and dub at ``at`` seconds of the film in one image.

    Raises:
        BadRequest: no such way to compare. NotFound, NoVideo, FFmpegFailed.
    """
    if mode not in MODES:
        raise BadRequest("error.not_a_choice", field="mode", choices=", ".join(MODES))
    plan, pair = plan_of(job), pair_of(engine, job)
    near = min(places_of(job), key=lambda p: abs(p.at - at), default=None)
    dub_at = dub_moment(plan, at)
    if dub_at is None:  # in a gap the dub has what comes next
        dub_at = near.dub_at if near is not None else at
    out = _kept(folder, f"{mode}_{at:.3f}_{dub_at:.3f}", ".jpg")
    return out if out.is_file() else compare_pictures(pair, at, dub_at, mode, out)


def sound(engine: Any, job: Job, at: float, which: str, folder: Path) -> Path:
    """Some seconds around ``at`` of the film: with its own sound, the dub as it was there, or the dub in its place.

    Raises:
        BadRequest: no such sound. NotFound, FFmpegFailed.
    """
    if which not in SOUNDS:
        raise BadRequest("error.not_a_choice", field="which", choices=", ".join(SOUNDS))
    plan, pair = plan_of(job), pair_of(engine, job)
    span = _around(pair, at)
    out = _kept(folder, f"{which}_{at:.3f}_{_state(plan)}", ".mp4")
    return out if out.is_file() else preview_clip(pair, with_durations(plan, pair), SOUNDS[which], span, out)


def waves(engine: Any, job: Job, at: float, folder: Path) -> Path:
    """The three sounds of :func:`sound` as a drawing (SVG), one under the other: the original, the dub before, the dub after.

    Raises:
        BadRequest: the film has no such second. NotFound, FFmpegFailed.
    """
    plan, pair = plan_of(job), pair_of(engine, job)
    span = _around(pair, at)
    out = _kept(folder, f"waves_{at:.3f}_{_state(plan)}", ".svg")
    if not out.is_file():
        lanes = around(pair, with_durations(plan, pair), span)
        write_text(out, drawn(lanes, (at - span.start) / span.duration))
    return out


def _around(pair: Pair, at: float) -> Span:
    start = max(0.0, min(at - SECONDS / 2, pair.original.duration - SECONDS))
    return Span(start, min(start + SECONDS, pair.original.duration))


def _state(plan: SyncPlan) -> str:
    """What tells two plans apart: a nudge makes other sounds."""
    return hashlib.blake2b(repr([s.to_json() for s in plan.segments]).encode(), digest_size=6).hexdigest()


def pair_of(engine: Any, job: Job) -> Pair:
    """The two files of a job. Raises NotFound: they are gone."""
    asked = job.asked(AnalyseRequest)
    return Pair(engine.probe(asked.original), engine.probe(asked.dub))


def home(settings: Settings, job: Job) -> Path:
    """Where pictures and sounds of a review are kept until they are tidied away."""
    return settings.page_files / "previews" / job.id


def _kept(folder: Path, name: str, suffix: str) -> Path:
    """Where a look is kept; the oldest go, so that nobody fills the disk by asking for every millisecond."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{name}{suffix}"
    if not out.is_file():
        before = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: p.stat().st_mtime)
        for old in before[: max(0, len(before) - MOST_KEPT + 1)]:
            old.unlink(missing_ok=True)
    return out


def with_marks(told: Sequence[Mapping[str, Any]], marks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Places of a report with what was ticked and noted."""
    return [{**p, "ticked": False, "note": "", **marks.get(str(p["key"]), {})} for p in told]
