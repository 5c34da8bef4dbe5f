"""Segments whose phase nobody knows, between others that lie on one line: onsets alone made them leave it, which soft ones do by
hundredths of a second under voices and in small codecs. They are put on that line, with an error bar that reaches to where they were."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from syncdub.exact.phase import LAGS
from syncdub.values import Segment

AGREE = 0.005
"""Seconds by which the lines of two neighbours may differ to be one."""


def is_known(segment: Segment) -> bool:
    """Whether its phase is known."""
    return "phase" in segment.evidence.get("sound", {})


def bridged(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """``segments`` with each run of unknown ones that differs from the line of the known ones around it by less than a phase is looked
    for (:data:`~syncdub.exact.phase.LAGS`) as one segment on that line; at either end they keep their place, with a wider bar."""
    runs = [list(run) for _, run in itertools.groupby(segments, is_known)]
    out: list[Segment] = []
    for k, run in enumerate(runs):
        before = runs[k - 1][-1] if k else None
        after = runs[k + 1][0] if k + 1 < len(runs) else None
        out += run if is_known(run[0]) else _placed(run, before, after)
    return tuple(out)


def _placed(run: list[Segment], before: Segment | None, after: Segment | None) -> list[Segment]:
    if before is None or after is None:
        beside = before or after
        return run if beside is None else [_reaching(s, beside) for s in run]
    if abs(before.at(after.dub_start) - after.original_start) > AGREE:
        return run
    seconds = after.dub_start - before.dub_end
    rate = (after.original_start - before.original_end) / seconds if seconds > 0 else before.rate
    line = replace(
        run[0], dub_start=before.dub_end, dub_end=after.dub_start, original_start=before.original_end, rate=rate
    )
    away = max(_away(s, line) for s in run)
    if away > LAGS:
        return run
    start, end = run[0].dub_start, run[-1].dub_end
    figures = {**run[0].evidence.get("sound", {})}
    figures["anchors"] = sum(s.evidence.get("sound", {}).get("anchors", 0) for s in run)
    return [
        replace(
            line, dub_start=start, dub_end=end, original_start=line.at(start),
            error_ms=max(1000 * away, *(s.error_ms for s in run)), confidence=max(s.confidence for s in run),
            evidence={**run[0].evidence, "sound": figures},
        )
    ]  # fmt: skip


def _reaching(segment: Segment, beside: Segment) -> Segment:
    """``segment`` with an error bar that holds the line ``beside`` it, where that is near."""
    away = _away(segment, beside)
    return replace(segment, error_ms=max(segment.error_ms, 1000 * away)) if away <= LAGS else segment


def _away(segment: Segment, line: Segment) -> float:
    """How far the ends of ``segment`` lie from ``line``, seconds."""
    return max(abs(segment.at(t) - line.at(t)) for t in (segment.dub_start, segment.dub_end))
