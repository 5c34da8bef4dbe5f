"""The figures of a finished sync for a table of many: offset, error bars, seconds without dub, what was measured. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from syncdub.batch.season import Row
from syncdub.making.plan import holes, placed
from syncdub.making.review import bar_within, places
from syncdub.values import Segment
from syncdub.workflow import SyncResult

MOST_PLACES, MOST = 200, 0.95


def most_within(segments: Sequence[Segment]) -> float:
    """The error bar (milliseconds) that :data:`MOST` of the placed time stays within: a join in doubt is a place."""
    return bar_within([(s.error_ms, s.dub_end - s.dub_start) for s in segments], MOST)


def figures_of(row: Row, result: SyncResult) -> Row:
    """``row`` with what ``result`` says."""
    plan = result.plan
    doubts = tuple(dict.fromkeys((*plan.doubts, *result.doubts)))
    figures: dict[str, Any] = {"rate": plan.rate}
    found: tuple[Any, ...] = ()
    if plan.segments and not result.refused:
        playable = placed(plan)
        figures |= {
            "offset_ms": round(plan.segments[0].offset_ms, 1),
            "bar_ms": round(most_within(plan.segments), 1),
            "segments": len(plan.segments),
            "without_dub_s": round(sum(h.duration for h in holes(playable.segments, plan.original_duration)), 1),
        }
        if result.gone:
            figures["cut_s"] = round(sum(s.duration for s in result.gone), 1)
        found = places(playable)[:MOST_PLACES]
    residual = result.residual
    if residual is not None and residual.median is not None and residual.p95 is not None:
        figures |= {
            "residual_ms": round(residual.median, 2),
            "residual_p95_ms": round(residual.p95, 2),
            "residual_method": residual.method,
        }
    return replace(row, verdict=plan.verdict, figures=figures, doubts=doubts, places=found)
