"""The values of a moment worth sharing and of a ranked clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.messages import Message
from pipeline.values import Curve, Event, Shot, Span, Transcript


@dataclass(frozen=True, slots=True)
class Labels:
    """What a clip may be posted with, all from its own words: ``title`` of at most 60 characters, ``description`` of at most 200,
    ``tags`` without sign. Empty where nothing is said."""

    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the clip's JSON has them."""
        return {"title": self.title, "description": self.description, "tags": list(self.tags)}


@dataclass(frozen=True, slots=True)
class Thought:
    """A run of whole sentences about one thing, ``first``…``last`` of the transcript's. ``worth`` is the viral score of its words,
    ``routine`` the share of it that is gone through (a greeting, a sponsor's text), ``kind`` what it mostly is, or ``""``;
    ``hanging`` one that begins on what came before ("and", "that")."""

    first: int
    last: int
    span: Span
    worth: float = 0.0
    routine: float = 0.0
    kind: str = ""
    hanging: bool = False
    labels: Labels = field(default_factory=Labels)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the decision sees of one file. Kinds that do not exist are empty; nothing is invented for them.

    ``curves`` by name, all of the same ``step`` (see :mod:`pipeline.evidence.signals` for names and units); ``silences`` are the
    acoustically quiet stretches a cut may land in; ``thoughts`` divide the transcript, where its words were judged.
    """

    duration: float
    curves: Mapping[str, Curve] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    shots: tuple[Shot, ...] = ()
    silences: tuple[Span, ...] = ()
    beats: tuple[float, ...] = ()
    transcript: Transcript | None = None
    has_audio: bool = True
    has_video: bool = True
    thoughts: tuple[Thought, ...] = ()


@dataclass(frozen=True, slots=True)
class Highlight:
    """A moment worth sharing. ``parts`` are the named parts of ``score``, each in [0, 1]; ``reasons`` are for people."""

    start: float
    end: float
    score: float
    parts: Mapping[str, float]
    reasons: tuple[Message, ...] = ()
    doubts: tuple[Message, ...] = ()
    labels: Labels = field(default_factory=Labels)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Highlights:
    """The moments of one file, best first; ``curve`` is the fused excitement for the timeline; ``doubts`` say what is missing."""

    clips: tuple[Highlight, ...]
    curve: Curve | None = None
    doubts: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """Which words (or sound) at which second earned which points of which part. ``start`` is the clip's clock, seconds."""

    part: str
    text: str
    start: float
    points: float


@dataclass(frozen=True, slots=True)
class KeywordHit:
    """A setting's ``keyword`` as ``found`` on the surface; ``category`` is ``commercial`` or ``emotional``."""

    keyword: str
    found: str
    category: str
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class ViralScore:
    """``total`` in [0, 1]; ``parts`` each in [0, 1]; ``evidence`` explains every part's points; ``confidence`` the trust factor."""

    total: float
    parts: Mapping[str, float]
    evidence: tuple[Point, ...] = ()
    keywords: tuple[KeywordHit, ...] = ()
    confidence: float = 1.0
    doubts: tuple[Message, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON of ``score``."""
        return {
            "viral_score": round(self.total, 6),
            "keywords": [{"keyword": k.keyword, "found": k.found, "category": k.category} for k in self.keywords],
            "parts": {name: round(value, 4) for name, value in self.parts.items()},
        }
