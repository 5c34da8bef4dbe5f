"""How long clips will take to be made and how large they will be, before they are: from what this machine did last and from the encoder's
measured density. Both are said as "about"; where nothing was measured yet no time is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from pipeline.render.quality import QUALITIES, estimated
from pipeline.render.shapes import ASPECTS, SOURCE
from reelify.looks.platforms import PLATFORMS
from reelify.requests import CompileRequest, HighlightsRequest, RankRequest

if TYPE_CHECKING:
    from pipeline.media.values import MediaInfo
    from web.jobs.queue import Job

LOOKED_AT = 60
"""Finished jobs, from the newest, whose times are looked at."""
RENDERING = ("progress.rendering_clip", "progress.clips", "progress.encoding")
"""The stages in which files are written."""


@dataclass(frozen=True, slots=True)
class Speed:
    """``seconds`` of work for a second of a clip, the median of ``n`` jobs."""

    seconds: float
    n: int


def speeds(jobs: Sequence[Job]) -> dict[str, Speed]:
    """What finished ``jobs`` took, by ``plain`` (the source's own shape) and ``shaped``. Jobs that cut what was chosen come first, for they
    are what is asked for next; where there are none, the stages in which others wrote their clips."""
    whole: dict[str, list[float]] = {"plain": [], "shaped": []}
    stages: dict[str, list[float]] = {"plain": [], "shaped": []}
    for job in jobs:
        if job.state != "done" or job.result is None:
            continue
        if isinstance(job.request, CompileRequest) and job.started and job.finished:
            kind = "plain" if job.request.aspect == SOURCE else "shaped"
            whole[kind] += _share(job.finished - job.started, float(job.result.get("duration") or 0.0))
        elif isinstance(job.request, HighlightsRequest | RankRequest):
            kind = "shaped" if isinstance(job.request, RankRequest) and job.request.aspect != SOURCE else "plain"
            stages[kind] += _share(sum(job.stages.get(s, 0.0) for s in RENDERING), _written(job.result))
    found = {kind: whole[kind] or stages[kind] for kind in whole}
    return {kind: Speed(round(median(values), 4), len(values)) for kind, values in found.items() if values}


def _share(seconds: float, duration: float) -> list[float]:
    return [seconds / duration] if seconds > 0 and duration > 0 else []


def _written(result: Mapping[str, Any]) -> float:
    """Seconds of the clips that a job wrote."""
    clips = [*result.get("clips", ()), *result.get("viral_clips", ())]
    return sum(float(clip["duration"]) for clip in clips if clip.get("path"))


def known(info: MediaInfo, jobs: Sequence[Job]) -> dict[str, Any]:
    """What the page reckons with: ``rates`` (seconds of work a second of clip, jobs they come from), ``bytes`` a second of clip by shape,
    ``places`` with their shape and limits."""
    from pipeline.render.options import RenderOptions
    from pipeline.render.work import canvas_of

    quality, shapes = QUALITIES[next(iter(QUALITIES))], (SOURCE, *ASPECTS) if info.video else ()
    canvases = {shape: canvas_of(info, RenderOptions(aspect=shape)) for shape in shapes}
    sizes = {s: estimated(quality, (c.width, c.height), float(c.fps), 1.0) for s, c in canvases.items()}
    return {
        "rates": {kind: [speed.seconds, speed.n] for kind, speed in speeds(jobs).items()},
        "bytes": sizes or {SOURCE: quality.sound // 8},
        "places": {p.name: [p.aspect, p.shortest, p.longest, p.largest] for p in PLATFORMS.values()},
    }
