"""Frames by hand: how somebody wants a shot shown, as requests say it and as it is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from pipeline.errors import BadRequest
from pipeline.framing.layouts import HANDS, Hand, HandKind


@dataclass(frozen=True, slots=True)
class HandPlace:
    """How somebody wants the shot shown that is seen between ``start`` and ``end`` (seconds of ``file``, or of every file): the ``kind``
    of :data:`pipeline.framing.layouts.HANDS`; for ``hand`` the frame's ``middle`` along its free direction, 0 to 1."""

    start: float
    end: float
    kind: str = "hand"
    middle: float = 0.5
    file: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.start <= self.end:
            raise BadRequest("error.bad_span", start=self.start, end=self.end)
        if self.kind not in HANDS:
            raise BadRequest("error.not_a_choice", field="frames", choices=", ".join(HANDS))
        if not 0.0 <= self.middle <= 1.0:
            raise BadRequest("error.out_of_range", field="frames", low=0, high=1)


def hands_in(frames: Sequence[HandPlace], sources: Iterable[str]) -> dict[str, tuple[Hand, ...]]:
    """What somebody decided for the shots of each source."""
    found = {
        source: tuple(Hand(f.start, f.end, cast(HandKind, f.kind), f.middle) for f in frames if f.file in ("", source))
        for source in sources
    }
    return {source: hands for source, hands in found.items() if hands}
