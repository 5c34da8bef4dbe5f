"""Whether the evidence carries a result, how sure each segment is, and which doubts go with it.

A wrong pair can share a song, a right one can lack scenes. What tells them apart: where a right pair does not match, one of the
files has nothing to offer (a missing scene, an advertisement); a wrong pair has unmatched time in both files at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.messages import Message, clock, message
from pipeline.values import Span
from syncdub.values import Segment, Verdict

ALIGNED = 0.020
"""A shift under this many seconds is none."""
STEADY = 0.005
"""A drift under this many seconds over a segment is none."""
ENOUGH_NATS = 40.0
"""Evidence of all lines together that chance does not reach: shuffled pairs stay under 25."""
AGREEMENT = 0.5
"""Matched time must be at least this share of matched and contradicted time."""
DOUBTFUL = 0.8
SUPPORT, SUPPORT_FREE = 0.5, 0.65
"""Of the windows inside the segments at least this share must find the segment's place among their best: wrong pairs that share
songs stay under 0.4, right ones with a bed 21 dB under the voices keep 0.8. A rate that is not an exact one needs more."""
SHORT_LINES, SHORT_LINES_FREE = 25.0, 75.0
"""Several lines that are shorter than this on average (seconds) are scraps of alike music, not the cuts of a dub."""
SCATTERED, N_RUNS, REACH = 0.25, 4, 0.6
"""Less will do where it comes in this many separate runs of one line over this share of the dub: music between dialogue, not
one shared song."""
LOST, LOST_AT_ENDS = 0.3, 0.5
"""Seconds of the original without dub that are told, in the middle and at the ends."""
OTHER = 0.5
"""From this share of such a stretch on the dub has something else there, not nothing."""
SHORTEST = 0.8
"""Sound shorter than this (seconds) matches by chance."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Seconds of the original that are ``matched``, ``contradicted`` (both files go on, differently), ``missing`` from the
    dub and ``foreign`` (in the dub only)."""

    matched: float
    contradicted: float
    missing: float
    foreign: float

    @property
    def agreement(self) -> float:
        return self.matched / max(self.matched + self.contradicted, 1e-9)


def balance(segments: Sequence[Segment], original: float, dub: float) -> Balance:
    """How the two durations (seconds) divide, from ``segments`` in order."""
    if not segments:
        return Balance(0.0, original, original, dub)
    rate = segments[0].rate
    dub_edges = [0.0, *(t for s in segments for t in (s.dub_start, s.dub_end)), max(dub, segments[-1].dub_end)]
    own_edges = [0.0, *(t for s in segments for t in (s.original_start, s.original_end))]
    own_edges.append(max(original, own_edges[-1]))
    gaps = np.array(
        [
            (max(0.0, b - a) * rate, max(0.0, d - c))
            for a, b, c, d in zip(dub_edges[::2], dub_edges[1::2], own_edges[::2], own_edges[1::2], strict=True)
        ]
    )
    both = gaps.min(axis=1)
    matched = sum(s.original_end - s.original_start for s in segments)
    return Balance(matched, float(both.sum()), float((gaps[:, 1] - both).sum()), float((gaps[:, 0] - both).sum()))


def drift(segment: Segment) -> float:
    """Seconds by which the segment's speed moves its end."""
    return abs(segment.rate - 1.0) * (segment.dub_end - segment.dub_start)


def verdict_of(segments: Sequence[Segment]) -> Verdict:
    """The word for ``segments``: nothing, aligned, shift, retime or edit."""
    if not segments:
        return "refuse"
    if len(segments) > 1:
        return "edit"
    only = segments[0]
    if drift(only) > STEADY:
        return "retime"
    return "aligned" if abs(only.offset_ms) <= 1000 * ALIGNED else "shift"


@dataclass(frozen=True, slots=True)
class WindowSupport:
    """``share`` of the windows inside the segments that find their place, in how many ``runs`` of one line at most, and what
    part of the dub those ``reach`` over; ``exact`` says the rate is an exact one, ``line_seconds`` how long a line is on average
    where there are several."""

    share: float
    runs: int
    reach: float
    exact: bool
    line_seconds: float = 1e9

    @property
    def enough(self) -> bool:
        if self.line_seconds < (SHORT_LINES if self.exact else SHORT_LINES_FREE):
            return False
        if not self.exact:
            return self.share >= SUPPORT_FREE
        return self.share >= SUPPORT or (self.share >= SCATTERED and self.runs >= N_RUNS and self.reach >= REACH)


def carried(nats: float, support: WindowSupport, share: Balance) -> tuple[Message, ...]:
    """Why the evidence of sound or picture does not carry a result; empty when it does."""
    if nats < ENOUGH_NATS or not support.enough:
        return (message("doubt.nothing_shared"),)
    contradicted = share.contradicted
    if (
        not support.exact
    ):  # another cut runs at a film's speed; at one that no release has, what is not matched is another film
        contradicted += min(share.missing, share.foreign)
    if share.matched < AGREEMENT * (share.matched + contradicted):
        return (message("doubt.only_part_shared", matched=share.matched, contradicted=contradicted),)
    return ()


def general_doubts(
    share: Balance, segments: Sequence[Segment], original: float = 0.0, dub: float = 0.0
) -> tuple[Message, ...]:
    """Doubts about a result that is carried; durations in seconds."""
    out: list[Message] = []
    if share.agreement < DOUBTFUL:
        out.append(message("doubt.much_unmatched", seconds=share.contradicted))
    weak = [s for s in segments if s.confidence < 0.5]
    out += [message("doubt.weak_segment", start=s.dub_start, end=s.dub_end, error_ms=s.error_ms) for s in weak[:5]]
    return (*out, *without_dub(segments, original, dub))


def without_dub(segments: Sequence[Segment], original: float, dub: float) -> tuple[Message, ...]:
    """Which stretches of the original (durations in seconds) have no dub, and why: one message for each reason."""
    told: dict[str, list[Span]] = {}
    for span, other, where in _gaps(segments, original, dub):
        if span.duration >= (LOST_AT_ENDS if where != "between" else LOST):
            told.setdefault(_reason(span, other, where), []).append(span)
    return tuple(
        message(
            f"doubt.without_dub.{reason}",
            spans=", ".join(f"{clock(s.start)}–{clock(s.end)}" for s in spans),
            seconds=sum(s.duration for s in spans),
        )
        for reason, spans in told.items()
    )


def _gaps(segments: Sequence[Segment], original: float, dub: float) -> list[tuple[Span, float, str]]:
    """(stretch of the original without dub, seconds of dub that go on there, where) from the first to the last."""
    if not segments:
        return []
    first, last = segments[0], segments[-1]
    out = [(Span(0.0, first.original_start), first.dub_start, "start")]
    for a, b in pairwise(segments):
        out.append((Span(a.original_end, max(a.original_end, b.original_start)), b.dub_start - a.dub_end, "between"))
    out.append((Span(last.original_end, max(original, last.original_end)), dub - last.dub_end, "end"))
    return out


def _reason(span: Span, other: float, where: str) -> str:
    """Both files go on there, or the dub begins later, ends earlier, or lacks the scene."""
    if other >= max(LOST, OTHER * span.duration):
        return "other"
    return {"start": "later", "end": "earlier", "between": "missing"}[where]


def confidence(nats: float, seconds: float, spread: float, witnesses: int) -> float:
    """In [0, 1]: how sure a segment of ``seconds`` is, from its evidence, its points' scatter (seconds) and its witnesses."""
    evidence = 1.0 - np.exp(-nats / 25.0)
    dense = 1.0 - np.exp(-nats / max(0.4 * seconds, 4.0))
    tight = 1.0 / (1.0 + (spread / 0.03) ** 2)
    sure = float(evidence * (0.5 + 0.3 * dense + 0.2 * tight))
    return min(1.0, 1.0 - (1.0 - sure) * 0.7 ** max(0, witnesses - 1))
