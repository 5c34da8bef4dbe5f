"""Segments whose phase nobody knows, between others that lie on one line: onsets alone made them leave it, which soft ones do by
hundredths of a second under voices and in small codecs. They are put on that line, with an error bar that reaches to where they were."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import ndimage

from pipeline.values import Span
from syncdub.exact.phase import BLOCK, LAGS
from syncdub.values import Segment

TOGETHER, STRAIGHT, BENT = 0.05, 0.002, 0.003
"""Seconds between two that go on from each other; within which the middles of pieces of one line lie; their ends from that line."""
AGREE = 0.005
"""Seconds by which the lines of two neighbours may differ to be one."""
FEWEST, SHORTEST = 4, 2.0
"""Pieces that a bending line has, and seconds of one whose speed says how it bends."""
TELLS, HANGS = 10.0, 0.015
"""Seconds of a piece that say enough of its line, and by which the next may lie off it to hang together with it."""


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


def straightened(segments: Sequence[Segment], rate: float) -> list[list[Segment]]:
    """``segments`` in groups of neighbours that go on from each other and lie on one line of speed ``rate``: what onsets in codecs bend
    a little is as straight as the film."""
    out: list[list[Segment]] = []
    for s in segments:
        if out and _goes_on(out[-1][-1], s) and _on_one_line([*out[-1], s], rate):
            out[-1].append(s)
        else:
            out.append([s])
    return out


def bending(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """``segments`` with error bars that hold what bends: of a line whose speed changes from piece to piece a straight piece is off by
    up to κ · L² / 8 in its middle (L seconds, κ the change of speed a second), and by four times that at an end nobody knows."""
    out: list[Segment] = []
    chain: list[Segment] = []
    for s in segments:
        if chain and not (
            s.dub_start - chain[-1].dub_end < TOGETHER and abs(s.original_start - chain[-1].at(s.dub_start)) <= LAGS
        ):
            out, chain = out + _bent(chain), []
        chain.append(s)
    return tuple(out + _bent(chain))


def _bent(chain: list[Segment]) -> list[Segment]:
    sure = [k for k, s in enumerate(chain) if is_known(s) and s.dub_end - s.dub_start >= SHORTEST]
    if len(sure) < FEWEST:
        return chain
    middles = np.array([(chain[k].dub_start + chain[k].dub_end) / 2 for k in sure])
    curve = np.abs(np.gradient(np.array([chain[k].rate for k in sure]), middles))
    most = ndimage.maximum_filter1d(curve, 3, mode="nearest")
    out = []
    for k, s in enumerate(chain):
        seconds, at = s.dub_end - s.dub_start, (s.dub_start + s.dub_end) / 2
        bend = float(most[np.abs(middles - at).argmin()]) if is_known(s) else float(curve.max())
        open_end = not is_known(s) and k in (0, len(chain) - 1)
        out.append(replace(s, error_ms=s.error_ms + 1000 * bend * seconds**2 / (2 if open_end else 8)))
    return out


def as_one(group: Sequence[Segment], rate: float) -> Segment:
    """The line of speed ``rate`` through the middle of a group's known places (of all, where none is known)."""
    some = [s for s in group if is_known(s)] or list(group)
    seconds = [s.dub_end - s.dub_start for s in some]
    offset = float(np.average([_offset(s, rate) for s in some], weights=seconds))
    best = max(some, key=lambda s: s.dub_end - s.dub_start)
    start = group[0].dub_start
    figures = {**best.evidence.get("sound", {})}
    figures["anchors"] = sum(s.evidence.get("sound", {}).get("anchors", 0) for s in group)
    return replace(
        best, dub_start=start, dub_end=group[-1].dub_end, original_start=offset + rate * start, rate=rate,
        confidence=max(s.confidence for s in group), evidence={**best.evidence, "sound": figures},
    )  # fmt: skip


def _offset(segment: Segment, rate: float) -> float:
    """Where the middle of ``segment`` puts the beginning of the dub's clock at speed ``rate``."""
    middle = (segment.dub_start + segment.dub_end) / 2
    return segment.at(middle) - rate * middle


def _goes_on(a: Segment, b: Segment) -> bool:
    return b.dub_start - a.dub_end < TOGETHER and abs(b.original_start - a.at(b.dub_start)) <= AGREE


def _on_one_line(group: Sequence[Segment], rate: float) -> bool:
    if np.ptp([_offset(s, rate) for s in group]) > STRAIGHT:
        return False
    line = as_one(group, rate)
    return max(_away(s, line) for s in group) <= BENT


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


def line_beside(pieces: Sequence[Segment], *, last: bool) -> Segment:
    """The first (or ``last``) of neighbouring ``pieces``, on the line of a known longer one that it hangs together with where it is short
    or unknown: what a few seconds share says less of a line than what is beside them."""
    order = pieces[::-1] if last else pieces
    edge = best = order[0]
    at = edge.dub_end if last else edge.dub_start
    for before, after in itertools.pairwise(order):
        a, b = (after, before) if last else (before, after)
        told = is_known(best) and _seconds(best) >= TELLS
        if told or b.dub_start - a.dub_end > BLOCK or abs(b.original_start - a.at(b.dub_start)) > HANGS:
            break
        if abs(after.at(at) - edge.at(at)) > HANGS:  # a line that bends is another one by then
            continue
        best = max(best, after, key=lambda p: (is_known(p), _seconds(p)))
    start, end = (best.dub_start, edge.dub_end) if last else (edge.dub_start, best.dub_end)
    return replace(best, dub_start=start, dub_end=end, original_start=best.at(start))


def ended(pieces: Sequence[Segment], at: float) -> list[Segment]:
    """``pieces`` up to ``at`` (the dub's clock), the last carried on to there."""
    kept = [p for p in pieces if p.dub_start < at - BLOCK] or list(pieces[:1])
    return [*kept[:-1], replace(kept[-1], dub_end=at)]


def begun_at(pieces: Sequence[Segment], at: float) -> list[Segment]:
    """``pieces`` from ``at`` on, the first beginning there."""
    kept = [p for p in pieces if p.dub_end > at + BLOCK] or list(pieces[-1:])
    return [_cut(kept[0], at, kept[0].dub_end), *kept[1:]]


def doubted(pieces: Sequence[Segment], span: Span, bar: float) -> list[Segment]:
    """``pieces`` of which what lies in ``span`` (the dub's clock) is in doubt by at least ``bar`` milliseconds."""
    out: list[Segment] = []
    for p in pieces:
        low, high = (min(max(x, p.dub_start), p.dub_end) for x in (span.start, span.end))
        low = low if low - p.dub_start > BLOCK else p.dub_start
        high = high if p.dub_end - high > BLOCK else p.dub_end
        if high - low <= BLOCK:
            out.append(p)
            continue
        unsure = replace(_cut(p, low, high), error_ms=max(bar, p.error_ms))
        out += [x for x in (_cut(p, p.dub_start, low), unsure, _cut(p, high, p.dub_end)) if _seconds(x) > 0.0]
    return out


def _cut(piece: Segment, start: float, end: float) -> Segment:
    return replace(piece, dub_start=start, dub_end=end, original_start=piece.at(start))


def _seconds(piece: Segment) -> float:
    return piece.dub_end - piece.dub_start
