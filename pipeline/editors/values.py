"""What is handed to an editor, and where its cuts lie on the grid of frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from pipeline.framing.framing import CropPath
from pipeline.media.values import MediaInfo
from pipeline.values import Cut, Timeline, Transcript


@dataclass(frozen=True, slots=True)
class Marker:
    """Something to be seen at second ``at`` of the result: ``name`` in a few words, ``note`` in full."""

    at: float
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """A plan with everything an editor can take. ``size`` is that of the result in pixels, ``media`` what its sources are (where known),
    ``captions`` are on the result's clock, ``crops`` by the number of the cut in order of time say how its frame moves."""

    plan: Timeline
    fps: Fraction = Fraction(25)
    title: str = ""
    size: tuple[int, int] = (1920, 1080)
    media: Mapping[str, MediaInfo] = field(default_factory=dict)
    captions: Transcript | None = None
    markers: tuple[Marker, ...] = ()
    crops: Mapping[int, CropPath] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.title or self.plan.name or "timeline"

    @property
    def frames(self) -> int:
        """Length of the result."""
        return max((p.end for p in placed(self)), default=0)

    def frame(self, seconds: float) -> int:
        """The frame of the result nearest to ``seconds``."""
        return max(0, round(Fraction(seconds) * self.fps))


@dataclass(frozen=True, slots=True)
class Placed:
    """A cut in frames of the result: seen from ``at`` to ``end``, its source from frame ``first`` of the same rate on, counted from the
    source's first picture. ``number`` is its place in order of time."""

    number: int
    cut: Cut
    at: int
    end: int
    first: int

    @property
    def length(self) -> int:
        return self.end - self.at


def placed(given: Handover) -> tuple[Placed, ...]:
    """The cuts on the grid, as they are rendered: in order, none over another, those of no frame left out."""
    found: list[Placed] = []
    clock = 0
    for cut in sorted(given.plan.cuts, key=lambda c: (c.at, c.end)):
        at, end = max(given.frame(cut.at), clock), given.frame(cut.end)
        if end > at:
            skipped = at - given.frame(cut.at)
            begin = Fraction(cut.span.start - picture_start(given, cut)) * given.fps
            first = round(begin + Fraction(skipped) / Fraction(cut.rate))
            found.append(Placed(len(found), cut, at, end, max(0, first)))
            clock = end
    return tuple(found)


def picture_start(given: Handover, cut: Cut) -> float:
    """The time of a source's first picture: an editor counts its frames from there."""
    info = given.media.get(cut.source)
    return info.video.start if info and info.video else 0.0


def source_frames(given: Handover, source: str) -> int:
    """How long a source is, in frames of the result; at least what the cuts need."""
    info = given.media.get(source)
    needed = max((p.first + p.length for p in placed(given) if p.cut.source == source), default=0)
    return max(needed, given.frame(info.duration - (info.video.start if info.video else 0.0)) if info else 0)


def has_picture(given: Handover, source: str) -> bool:
    """Whether a source is seen; taken for granted where nothing is known of it."""
    info = given.media.get(source)
    return info is None or info.video is not None


def has_sound(given: Handover, source: str) -> bool:
    """Whether a source is heard; taken for granted where nothing is known of it."""
    info = given.media.get(source)
    return info is None or bool(info.audio)


def shown_size(given: Handover, source: str) -> tuple[int, int]:
    """Width and height at which a source is seen."""
    info = given.media.get(source)
    return (info.video.display_width, info.video.display_height) if info and info.video else given.size


def file_name(cut: Cut) -> str:
    """What a source is called."""
    return Path(cut.source).name
