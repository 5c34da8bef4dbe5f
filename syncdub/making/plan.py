"""From "where each second of the dub belongs" to "what is heard when": the audio edit, as a value.

Pure: a :class:`~syncdub.values.SyncPlan` goes in, an :class:`AudioPlan` comes out; nothing is read or written here.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from pipeline.errors import Refused
from pipeline.messages import Message, message
from pipeline.values import Curve, Cut, Span, Timeline
from syncdub.values import PlacedPlan, Segment, SyncPlan
from syncdub.verdict import STEADY, drift

Fill = Literal["silence", "original", "bed"]
SpeedMethod = Literal["none", "resample", "stretch"]

DUB, ORIGINAL, BED = "dub", "original", "bed"
CROSSFADE = 0.010
"""Seconds of equal-power crossfade at a join: long enough for no click, too short to hear as a fade."""
SAME_LINE = 0.002
"""Two segments whose lines differ by less (seconds) are one."""
OTHER_BAR, TOLD_MS = 4.0, 250.0
"""An error bar that is so many times another, and more than so many milliseconds, is told apart."""
BRIDGE = 1.0
"""Longest pause (seconds) between two segments of one line that is simply played on."""
GAP = 0.05
"""Shorter holes (seconds) in the dub are left as they are."""
FILL_TOLD = 0.3
"""Seconds without dub from which it is told what is heard there."""
AUDIBLE_PITCH = 0.002
"""Speed changes under 0.2 % (3.5 cents) move the pitch less than trained ears notice (about 5 cents), so resampling,
which leaves no artefacts, serves them whatever happened to the pitch."""
EDGE = 1.0
"""Seconds at a file's beginning or end that need no evidence of their own: the line next to them goes on."""
JOIN_REACH = 0.12
"""A join may move this far (seconds) to fall in a quieter place; the search that placed it is no finer."""
JOIN_GAIN = 6.0
"""… if it is at least this many decibels quieter there."""
JOIN_DRAG = 40.0
"""Decibels per second of distance: of two equally quiet places the nearer wins."""


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """The dub's new sound track on the original's clock.

    ``copy`` says the packets can be kept: the track of the dub between ``kept.start`` and ``kept.end`` (its clock),
    ``delay`` seconds later. Otherwise ``timeline`` is rendered: cuts of the sources ``dub``, ``original`` (its own
    sound) and ``bed`` (an estimate of its music and effects). ``gaps`` are the stretches of the original without dub,
    filled or not.
    """

    copy: bool
    timeline: Timeline
    delay: float
    kept: Span
    method: SpeedMethod
    gaps: tuple[Span, ...] = ()
    doubts: tuple[Message, ...] = ()


def audio_plan(plan: PlacedPlan, fill: Fill = "silence", levels: Sequence[Curve] = ()) -> AudioPlan:
    """What is heard when: joins moved to quiet places, gaps found and filled, packets copied where nothing changes.

    ``levels`` are stretches of the dub's loudness in decibels, its clock; without them joins stay where they are.

    Raises:
        Refused: the plan has no segment inside the original.
    """
    segments = settle_joins(merged(plan.segments), levels)
    if not segments:
        raise Refused()
    gaps = holes(segments, plan.original_duration)
    filled = gaps if fill != "silence" else ()
    steady = len(segments) == 1 and drift(segments[0]) <= STEADY
    method = "none" if steady else speed_method(plan, segments)
    cuts = [
        Cut(DUB, Span(s.dub_start, s.dub_end), s.original_start, 1.0 if method == "none" else s.rate) for s in segments
    ]
    cuts += [Cut(ORIGINAL if fill == "original" else BED, g, g.start) for g in filled]
    first = segments[0]
    return AudioPlan(
        copy=steady and not filled,
        timeline=Timeline(tuple(sorted(cuts, key=lambda c: c.at)), name="dub", crossfade=CROSSFADE),
        delay=_middle_offset(first),
        kept=Span(first.dub_start, first.dub_end),
        method=method,
        gaps=gaps,
        doubts=_doubts(plan, method, fill, gaps),
    )


def placed(plan: SyncPlan) -> PlacedPlan:
    """The plan as it can be played: lines joined, carried on to near edges, clipped to both files."""
    segments = clipped(_to_the_edges(merged(plan.segments, by_bars=True), plan.dub_duration), plan)
    return PlacedPlan(**{f.name: getattr(plan, f.name) for f in fields(SyncPlan)} | {"segments": segments})


def _to_the_edges(segments: tuple[Segment, ...], dub_duration: float) -> tuple[Segment, ...]:
    if not segments:
        return ()
    out = list(segments)
    if 0 < out[0].dub_start <= EDGE:
        out[0] = _restricted(out[0], 0.0, out[0].dub_end)
    if 0 < dub_duration - out[-1].dub_end <= EDGE:
        out[-1] = _restricted(out[-1], out[-1].dub_start, dub_duration)
    return tuple(out)


def merged(segments: Sequence[Segment], *, by_bars: bool = False) -> tuple[Segment, ...]:
    """The segments with those joined that continue the same line without a pause worth the name; ``by_bars`` only where their error
    bars are alike, too: what lies within the doubt of a join says so."""
    out: list[Segment] = []
    for segment in segments:
        if out and _continues(out[-1], segment) and not (by_bars and _unlike(out[-1], segment)):
            before = out[-1]
            out[-1] = replace(
                before,
                dub_end=segment.dub_end,
                error_ms=max(before.error_ms, segment.error_ms),
                confidence=min(before.confidence, segment.confidence),
            )
        else:
            out.append(segment)
    return tuple(out)


def _unlike(before: Segment, after: Segment) -> bool:
    low, high = sorted((before.error_ms, after.error_ms))
    return high > max(OTHER_BAR * low, TOLD_MS)


def _continues(before: Segment, after: Segment) -> bool:
    pause = after.dub_start - before.dub_end
    if abs(pause) > BRIDGE:
        return False
    ends = (after.at(after.dub_start) - before.at(after.dub_start), after.at(after.dub_end) - before.at(after.dub_end))
    return max(abs(e) for e in ends) < SAME_LINE


def clipped(segments: Sequence[Segment], plan: SyncPlan) -> tuple[Segment, ...]:
    """The parts of the segments that lie inside both files and after the segment before."""
    low = 0.0
    high = plan.original_duration or float("inf")
    out: list[Segment] = []
    for s in segments:
        start = max(s.dub_start, 0.0, s.dub_start + (low - s.original_start) / s.rate)
        end = min(s.dub_end, plan.dub_duration or s.dub_end, s.dub_start + (high - s.original_start) / s.rate)
        if end - start > CROSSFADE:
            out.append(_restricted(s, start, end))
            low = out[-1].original_end
    return tuple(out)


def _restricted(segment: Segment, start: float, end: float) -> Segment:
    if start == segment.dub_start and end == segment.dub_end:
        return segment
    return replace(segment, dub_start=start, dub_end=end, original_start=segment.at(start))


def settle_joins(segments: Sequence[Segment], levels: Sequence[Curve]) -> tuple[Segment, ...]:
    """The segments with their joins moved by at most :data:`JOIN_REACH` to where the dub is clearly quieter.

    Both sides of a join move together, so a cut stays as long as it is; a join with gaps on both sides moves each
    alone.
    """
    out = list(segments)
    for i in range(len(out) - 1):
        before, after = out[i], out[i + 1]
        original_gap = after.original_start - before.original_end
        dub_gap = after.dub_start - before.dub_end
        if min(original_gap, dub_gap) > 2 * JOIN_REACH:
            end = before.dub_end + quietest_shift(levels, [before.dub_end])
            start = after.dub_start + quietest_shift(levels, [after.dub_start])
        else:
            shift = quietest_shift(levels, [before.dub_end, after.dub_start])
            end, start = before.dub_end + shift, after.dub_start + shift
        if end - before.dub_start > JOIN_REACH and after.dub_end - start > JOIN_REACH:
            out[i] = _restricted(before, before.dub_start, end)
            out[i + 1] = _restricted(after, start, after.dub_end)
    return tuple(out)


def quietest_shift(levels: Sequence[Curve], times: Sequence[float]) -> float:
    """How far (seconds, within ±:data:`JOIN_REACH`) to move ``times`` together so that the loudest of them is
    quietest; 0 when nothing is clearly gained or the level is not known."""
    shifts = np.arange(-24, 25) * (JOIN_REACH / 24)
    loud = np.max([[_level(levels, t + float(s)) for s in shifts] for t in times], axis=0)
    if not np.all(np.isfinite(loud)):
        return 0.0
    cost = loud + JOIN_DRAG * np.abs(shifts)
    best = int(np.argmin(cost))
    return float(shifts[best]) if loud[24] - loud[best] >= JOIN_GAIN else 0.0


def _level(levels: Sequence[Curve], time: float) -> float:
    for curve in levels:
        if curve.start <= time < curve.end:
            return float(curve.values[min(int((time - curve.start) / curve.step), len(curve.values) - 1)])
    return float("inf")


def joins(plan: PlacedPlan) -> tuple[float, ...]:
    """Moments of the dub where the edit jumps: the ends and beginnings of neighbouring segments, ascending, each
    once."""
    return tuple(sorted({t for a, b in itertools.pairwise(plan.segments) for t in (a.dub_end, b.dub_start)}))


def holes(segments: Sequence[Segment], duration: float) -> tuple[Span, ...]:
    """The stretches of the original, longer than :data:`GAP`, in which no segment lies."""
    edges = [0.0]
    for s in segments:
        edges += [s.original_start, s.original_end]
    edges.append(max(duration, edges[-1]))
    return tuple(Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > GAP)


def speed_method(plan: SyncPlan, segments: Sequence[Segment]) -> SpeedMethod:
    """How to change the speed: resampling moves the pitch back with it, stretching leaves the pitch alone."""
    worst = max(abs(s.rate - 1.0) for s in segments)
    if worst * max(s.dub_end - s.dub_start for s in segments) <= STEADY:
        return "none"
    return "stretch" if plan.pitch == "kept" and worst > AUDIBLE_PITCH else "resample"


def _middle_offset(segment: Segment) -> float:
    middle = (segment.dub_start + segment.dub_end) / 2
    return segment.at(middle) - middle


def _doubts(plan: SyncPlan, method: SpeedMethod, fill: Fill, gaps: Sequence[Span]) -> tuple[Message, ...]:
    doubts: list[Message] = []
    # A tape that wanders runs faster here and slower there; its pitch went with it, and comes back.
    length = sum(s.dub_end - s.dub_start for s in plan.segments)
    mean = sum(s.rate * (s.dub_end - s.dub_start) for s in plan.segments) / length if length else 1.0
    if method == "resample" and plan.pitch == "unknown" and abs(mean - 1.0) > AUDIBLE_PITCH:
        doubts.append(message("doubt.pitch_unknown"))
    seconds = sum(g.duration for g in gaps)
    if seconds >= FILL_TOLD:
        doubts.append(message(f"doubt.filled.{fill}", seconds=seconds))
    if fill == "bed" and gaps:
        doubts.append(message("doubt.bed_is_estimate"))
    return tuple(doubts)
