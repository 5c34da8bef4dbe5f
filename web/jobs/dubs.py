"""The dub jobs: what analysis finds is kept as a file of the job, so that a moved or re-rendered plan needs no second analysis."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import TypeAdapter, ValidationError

from pipeline.engine import Engine
from pipeline.errors import BadRequest, NotFound
from pipeline.progress import Report, part_of
from pipeline.tracks.encode import Codec
from syncdub.making.nudge import nudge
from syncdub.making.plan import Fill
from syncdub.making.preview import join_waves
from syncdub.making.soundtrack import Pair
from syncdub.values import SyncPlan
from syncdub.workflow import SyncRequest, sync
from web.jobs.inputs import arrived

Params = Mapping[str, Any]
PLAN = "plan.json"
MOST_JOINS = 60
_plans = TypeAdapter(SyncPlan)


def save_plan(plan: SyncPlan, folder: Path) -> None:
    """Writes a plan whole or not at all."""
    part = folder / f"{PLAN}.part"
    part.write_bytes(_plans.dump_json(plan))
    part.replace(folder / PLAN)


def load_plan(path: Path) -> SyncPlan:
    """A plan that :func:`save_plan` wrote. Raises NotFound."""
    try:
        return _plans.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise NotFound(name=path.name) from error


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


def analyse(engine: Engine, params: Params, folder: Path, report: Report) -> dict[str, Any]:
    """``{"original", "dub", "original_stream"?, "dub_stream"?, "follow"?, "quick"?}``; the map so far is in ``plan.json``."""
    from syncdub.analysis import AnalyseRequest
    from syncdub.analysis import analyse as run

    report = arrived(engine, params, report)
    request = AnalyseRequest(
        original=Path(params["original"]), dub=Path(params["dub"]), quick=bool(params.get("quick", False)),
        original_stream=_track(params, "original_stream"), dub_stream=_track(params, "dub_stream"),
        follow="picture" if params.get("follow") == "picture" else "sound",
    )  # fmt: skip
    plan = run(engine, request, report, on_plan=lambda found: save_plan(found, folder))
    save_plan(plan, folder)
    return plan_json(plan)


def synchronise(engine: Engine, params: Params, folder: Path, report: Report) -> dict[str, Any]:
    """As :func:`analyse`, and ``{"plan"?: file, "nudges"?: [{"segment", "ms"}], "fill"?, "codec"?, "language"?, "subtitles"?}``."""
    report = arrived(engine, params, report)
    fill, codec = str(params.get("fill") or "silence"), str(params.get("codec") or "flac")
    if fill not in get_args(Fill) or codec not in get_args(Codec):
        raise BadRequest(detail=f"fill={fill}, codec={codec}")
    given = params.get("plan")
    plan = moved(load_plan(Path(given)), params.get("nudges") or ()) if given else None
    request = SyncRequest(
        original=Path(params["original"]), dub=Path(params["dub"]), output=folder / "synced.mkv", plan=plan,
        original_stream=_track(params, "original_stream"), dub_stream=_track(params, "dub_stream"),
        fill=cast(Fill, fill), codec=cast(Codec, codec), quick=bool(params.get("quick", False)),
        follow="picture" if params.get("follow") == "picture" else "sound",
        language=str(params.get("language") or ""), interface=str(params.get("interface") or "es"),
        subtitles=tuple(Path(s) for s in params.get("subtitles") or ()),
    )  # fmt: skip
    result = sync(engine, request, part_of(report, 0.0, 0.97))
    save_plan(result.plan, folder)
    body = {
        **plan_json(result.plan),
        **result.to_json(),
        "joins": _joins(engine, request, result.plan, part_of(report, 0.97, 1.0)),
    }
    (folder / "report.json").write_text(json.dumps(body, ensure_ascii=False, default=str, indent=1), encoding="utf-8")
    return body


def _joins(engine: Engine, request: SyncRequest, plan: SyncPlan, report: Report) -> list[dict[str, Any]]:
    """Peaks of the dub around its joins, for the picture; none for a refused plan."""
    if plan.verdict == "refuse" or not 1 < len(plan.segments) <= MOST_JOINS:
        return []
    pair = Pair(engine.probe(request.original), engine.probe(request.dub))
    return [asdict(join) for join in join_waves(pair, plan, report)]


def moved(plan: SyncPlan, nudges: Sequence[Mapping[str, Any]]) -> SyncPlan:
    """``plan`` with every shift done; ``segment`` −1 is all of it."""
    for step in nudges:
        number = int(step.get("segment", -1))
        plan = nudge(plan, float(step["ms"]), None if number < 0 else number)
    return plan


def _track(params: Params, name: str) -> int | None:
    value = params.get(name)
    return None if value is None else int(value)
