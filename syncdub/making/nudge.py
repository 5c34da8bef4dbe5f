"""Shifting by hand: a plan goes in, a plan with one segment or all of them moved comes out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import BadRequest
from syncdub.making.plan import CROSSFADE
from syncdub.values import Segment, SyncPlan
from syncdub.verdict import verdict_of

MAX_NUDGE_MS = 3_600_000.0


def nudge(plan: SyncPlan, shift_ms: float, segment: int | None = None) -> SyncPlan:
    """``plan`` with the dub ``shift_ms`` later (negative: earlier), all of it or only segment number ``segment``.

    Where a moved segment runs into a neighbour, the earlier of the two gives way at its end; what would lie before the
    original's beginning is left out when the audio is made. ``evidence["nudged_ms"]`` keeps the sum of all shifts.

    Raises:
        BadRequest: no such segment, or the shift would push a segment past a whole neighbour.
    """
    if not abs(shift_ms) <= MAX_NUDGE_MS:
        raise BadRequest("error.nudge_too_far", limit=MAX_NUDGE_MS / 1000)
    if segment is not None and not 0 <= segment < len(plan.segments):
        raise BadRequest("error.no_such_segment", number=segment)
    moved = [_moved(s, shift_ms) if segment is None or i == segment else s for i, s in enumerate(plan.segments)]
    segments = _without_overlap(moved)
    verdict = plan.verdict if plan.verdict == "refuse" else verdict_of(segments)
    return replace(plan, segments=segments, verdict=verdict)


def _moved(segment: Segment, shift_ms: float) -> Segment:
    so_far = float(segment.evidence.get("nudged_ms", 0.0))
    evidence = {**segment.evidence, "nudged_ms": round(so_far + shift_ms, 3)}
    return replace(segment, original_start=segment.original_start + shift_ms / 1000.0, evidence=evidence)


def _without_overlap(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    out = list(segments)
    for i in range(len(out) - 1):
        before, after = out[i], out[i + 1]
        over = before.original_end - after.original_start
        if over <= 0:
            continue
        end = before.dub_end - over / before.rate
        if end - before.dub_start <= CROSSFADE:
            raise BadRequest("error.nudge_too_far", limit=(before.dub_end - before.dub_start) * before.rate)
        out[i] = replace(before, dub_end=end)
    return tuple(out)
