"""Which moments of a synchronised film a person should look at, worst first: its joins, gaps and weak stretches. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import exp
from typing import Any, Literal

from syncdub.making.plan import FILL_TOLD, holes
from syncdub.values import PlacedPlan, Segment

Kind = Literal["join", "gap", "weak"]
LOUD_ERROR_MS = 80.0
"""An error bar this wide makes a place as doubtful as evidence that is right two times in three: two pictures, what Netflix's
checks call out of sync."""
LONG_GAP = 20.0
"""Seconds of gap that count as doubtful by two thirds: longer than a shot, short of a scene."""
SEAMLESS = 0.001
"""Seconds under which one piece goes on where the one before ends."""
UNSURE = 0.8
"""A segment under this confidence is worth a look even where nothing joins."""


@dataclass(frozen=True, slots=True)
class Place:
    """A moment worth a look: ``at`` seconds of the film, ``dub_at`` of the dub (where it goes on), ``seconds`` long where it lasts.

    ``doubt`` in [0, 1] orders them; ``error_ms`` and ``confidence`` are those of the weaker side; ``number`` is the segment's.
    """

    kind: Kind
    at: float
    dub_at: float
    seconds: float
    doubt: float
    error_ms: float
    confidence: float
    number: int = 0

    @property
    def key(self) -> str:
        """What names it in a person's notes: the same for the same place after a nudge of a few seconds elsewhere."""
        return f"{self.kind}:{self.number}"

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "at": round(self.at, 3),
            "dub_at": round(self.dub_at, 3),
            "seconds": round(self.seconds, 3),
            "doubt": round(self.doubt, 3),
            "error_ms": round(self.error_ms, 1),
            "confidence": round(self.confidence, 3),
            "segment": self.number,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Place:
        """What :meth:`to_json` wrote."""
        names = ("kind", "at", "dub_at", "seconds", "doubt", "error_ms", "confidence")
        return cls(**{n: body[n] for n in names}, number=int(body["segment"]))


def places(plan: PlacedPlan) -> tuple[Place, ...]:
    """Every join, gap and weak stretch of ``plan``, worst first, ties in order of time."""
    found = [*_joins(plan.segments), *_gaps(plan), *_weak(plan.segments)]
    return tuple(sorted(found, key=lambda p: (-round(p.doubt, 6), p.at, p.kind)))


def bar_within(bars: Sequence[tuple[float, float]], share: float) -> float:
    """The least error bar that a ``share`` of the placed time stays within; ``bars``: each piece's bar and its seconds, at least one."""
    order = sorted(bars)
    wanted = share * sum(seconds for _, seconds in order)
    reached = accumulate(seconds for _, seconds in order)
    return next((bar for (bar, _), upto in zip(order, reached, strict=True) if upto >= wanted), order[-1][0])


def _joins(segments: Sequence[Segment]) -> list[Place]:
    """Where the line changes or stops; two pieces of one line of which one is in doubt have no join between them."""
    out = []
    for number, (before, after) in enumerate(pairwise(segments), 1):
        if _goes_on(before, after):
            continue
        error, sure = max(before.error_ms, after.error_ms), min(before.confidence, after.confidence)
        out.append(Place("join", after.original_start, after.dub_start, 0.0, _doubt(error, sure), error, sure, number))
    return out


def _goes_on(before: Segment, after: Segment) -> bool:
    return (
        abs(after.dub_start - before.dub_end) < SEAMLESS
        and abs(after.original_start - before.at(after.dub_start)) < SEAMLESS
    )


def _gaps(plan: PlacedPlan) -> list[Place]:
    out = []
    for number, gap in enumerate(holes(plan.segments, plan.original_duration)):
        if gap.duration < FILL_TOLD:
            continue
        near = min(plan.segments, key=lambda s: min(abs(s.original_start - gap.end), abs(s.original_end - gap.start)))
        dub = (
            near.dub_end if abs(near.original_end - gap.start) < abs(near.original_start - gap.end) else near.dub_start
        )
        doubt = 1.0 - exp(-gap.duration / LONG_GAP)
        out.append(Place("gap", gap.start, dub, gap.duration, doubt, near.error_ms, near.confidence, number))
    return out


def _weak(segments: Sequence[Segment]) -> list[Place]:
    return [
        Place("weak", s.original_start, s.dub_start, s.original_end - s.original_start, _doubt(s.error_ms, s.confidence),
              s.error_ms, s.confidence, number)
        for number, s in enumerate(segments) if s.confidence < UNSURE
    ]  # fmt: skip


def _doubt(error_ms: float, confidence: float) -> float:
    """In [0, 1]: the chance that it is wrong, or that it is off by what is seen."""
    return 1.0 - max(0.0, min(1.0, confidence)) * exp(-error_ms / LOUD_ERROR_MS)
