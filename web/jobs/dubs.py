"""What each kind of SyncDub's jobs does; as :mod:`web.jobs.reels`. The plan of a dub is kept as a file of the job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.progress import Report, part_of
from syncdub.plan_file import PLAN, save_plan
from syncdub.requests import AnalyseRequest, SyncRequest
from syncdub.values import SyncPlan
from web.jobs.inputs import arrived
from web.jobs.values import Job

MOST_JOINS = 60


def plan_json(plan: SyncPlan) -> dict[str, Any]:
    """The contract's JSON with what the plot needs beside it."""
    anchors = [
        {"dub": round(a.dub, 3), "original": round(a.original, 4), "witness": a.witness}
        for a in plan.anchors
        if a.rank == 0
    ]
    return {
        **plan.to_json(),
        "anchors": anchors,
        "original_duration": round(plan.original_duration, 3),
        "dub_duration": round(plan.dub_duration, 3),
        "original_stream": plan.original_stream,
        "dub_stream": plan.dub_stream,
    }


def analyse(engine: Engine, request: AnalyseRequest, folder: Path, report: Report) -> dict[str, Any]:
    """Where the dub belongs; the map so far is the plan file in ``folder``."""
    from syncdub.analysis import analyse as run

    report = arrived(engine, request, report)
    plan = run(engine, request, report, on_plan=lambda found: save_plan(found, folder))
    save_plan(plan, folder)
    return plan_json(plan)


def synchronise(engine: Engine, request: SyncRequest, folder: Path, report: Report) -> dict[str, Any]:
    """The film in ``folder``, with its plan and a report."""
    from syncdub.batch.figures import figures_of
    from syncdub.batch.season import Episode, Row
    from syncdub.workflow import sync

    report = arrived(engine, request, report)
    result = sync(engine, replace(request, output=folder / "synced.mkv"), part_of(report, 0.0, 0.97))
    save_plan(result.plan, folder)
    row = figures_of(Row(Episode(request.original)), result)
    body = {
        **plan_json(result.plan),
        **result.to_json(),
        "figures": dict(row.figures),
        "places": [p.to_json() for p in row.places],
        "joins": _joins(engine, request, result.plan, part_of(report, 0.97, 1.0)),
    }
    (folder / "report.json").write_text(json.dumps(body, ensure_ascii=False, default=str, indent=1), encoding="utf-8")
    return body


def refused(job: Job) -> bool:
    """Whether the two files of a finished job do not belong together."""
    return job.kind in {AnalyseRequest.kind, SyncRequest.kind} and (job.result or {}).get("verdict") == "refuse"


def film_of(analysed: Job, options: Mapping[str, Any]) -> SyncRequest:
    """What to ask for the film of a finished analysis, or of a film made without one, whose places are found no second time; ``options``
    are fields that now have other values.

    Raises:
        BadRequest: it is neither, or an option is wrong.
    """
    if analysed.kind not in {AnalyseRequest.kind, SyncRequest.kind}:
        raise BadRequest(detail=f"task_id={analysed.id}")
    # What was moved by hand is in the plan that a film keeps; a season has its own film of the episode already.
    known = {**analysed.asked(AnalyseRequest).to_json(), "nudges": (), "nudge_ms": 0.0, "batch": ""}
    return SyncRequest.from_json({**known, **options, "plan": analysed.folder / PLAN, "plan_job": analysed.id})


def _joins(engine: Engine, request: SyncRequest, plan: SyncPlan, report: Report) -> list[dict[str, Any]]:
    """Peaks of the dub around its joins, for the picture; none for a refused plan."""
    from syncdub.making.preview import join_waves
    from syncdub.making.soundtrack import Pair

    if plan.verdict == "refuse" or not 1 < len(plan.segments) <= MOST_JOINS:
        return []
    pair = Pair(engine.probe(request.original), engine.probe(request.dub))
    if request.parts or abs(pair.dub.duration - plan.dub_duration) > 1.0:  # the plan is of parts, or of a further dub
        return []
    return [asdict(join) for join in join_waves(pair, plan, report)]
