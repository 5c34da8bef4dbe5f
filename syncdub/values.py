"""The values of the dub: where the evidence says a moment of the dub belongs, and the plan drawn from it.

All times are seconds on each file's own timeline. The sign everywhere: ``original = dub + offset``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.messages import Message
from syncdub.witnesses import Witness

Verdict = Literal["aligned", "shift", "retime", "edit", "refuse"]
Pitch = Literal["shifted", "kept", "unknown"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """One witness's word that ``dub`` (a moment of the dub) belongs at ``original``.

    ``sigma_ms`` is its standard error, ``weight`` >= 0 how much it should count, ``rank`` 0 for the best candidate of its
    window and 1, 2, … for further ones (repeated music gives several). ``text`` is the phrase in both languages where
    meaning speaks.
    """

    dub: float
    original: float
    sigma_ms: float
    weight: float
    witness: Witness
    rank: int = 0
    text: str = ""

    @property
    def offset(self) -> float:
        return self.original - self.dub


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase as said in one of the files."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """Phrases of both files that mean the same; ``similarity`` is the cosine of their vectors."""

    original: Phrase
    dub: Phrase
    similarity: float

    @property
    def offset_ms(self) -> float:
        return (self.original.start - self.dub.start) * 1000.0


@dataclass(frozen=True, slots=True)
class Segment:
    """``dub_start``…``dub_end`` of the dub belongs from ``original_start`` on, ``rate`` seconds of original a second of dub.

    ``error_ms`` is the error bar (95 %), ``confidence`` in [0, 1]; ``evidence`` names each witness that supports the segment
    with its figures, e.g. ``{"sound": {"anchors": 31, "residual_ms": 2.1}, "picture": {...}}``.
    """

    dub_start: float
    dub_end: float
    original_start: float
    rate: float
    error_ms: float
    confidence: float
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def original_end(self) -> float:
        return self.original_start + (self.dub_end - self.dub_start) * self.rate

    @property
    def offset_ms(self) -> float:
        return (self.original_start - self.dub_start) * 1000.0

    def at(self, dub: float) -> float:
        """Where the dub's moment ``dub`` belongs in the original."""
        return self.original_start + (dub - self.dub_start) * self.rate

    def to_json(self) -> dict[str, Any]:
        return {
            "dub_start": round(self.dub_start, 4),
            "dub_end": round(self.dub_end, 4),
            "original_start": round(self.original_start, 4),
            "original_end": round(self.original_end, 4),
            "rate": self.rate,
            "offset_ms": round(self.offset_ms, 2),
            "error_ms": round(self.error_ms, 2),
            "confidence": round(self.confidence, 4),
            "evidence": dict(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class BedLayer:
    """What music and effects without voices (see :mod:`syncdub.reading.beds`) added, and what that cost: ``asked`` for so many
    seconds of the dub that were in doubt, which made so many more of them ``known``; for that so many seconds of sound were
    ``separated``."""

    asked: float
    known: float
    separated: float

    def to_json(self) -> dict[str, float]:
        return {f"{name}_seconds": round(getattr(self, name), 1) for name in ("asked", "known", "separated")}


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """Where every second of the dub belongs. ``segments`` are in order of dub time and of original time, without overlap.

    ``rate`` is the global speed ratio (seconds of original a second of dub), ``pitch`` whether the speed change moved the
    pitch (then resampling undoes both). ``anchors`` are kept for the plot. ``doubts`` empty means trust.
    """

    verdict: Verdict
    rate: float
    segments: tuple[Segment, ...] = ()
    matches: tuple[Match, ...] = ()
    doubts: tuple[Message, ...] = ()
    pitch: Pitch = "unknown"
    anchors: tuple[Anchor, ...] = ()
    original_duration: float = 0.0
    dub_duration: float = 0.0
    original_stream: int = 0
    dub_stream: int = 0
    bed: BedLayer | None = None
    """What music and effects without voices added, where they were asked."""
    languages: tuple[str, str] = ("", "")
    """Of both tracks, two letters where they exist: as the files say, unless something else is clearly heard; empty if unknown."""

    def original_of(self, dub: float) -> float | None:
        """Where a moment of the dub belongs, ``None`` where it does not belong anywhere."""
        return next((s.at(dub) for s in self.segments if s.dub_start <= dub <= s.dub_end), None)

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON; doubts stay :class:`Message` until somebody reads them (``messages.localise``)."""
        return {
            "verdict": self.verdict,
            "rate": self.rate,
            "segments": [s.to_json() for s in self.segments],
            "matches": [
                {
                    "original": {"start": m.original.start, "end": m.original.end, "text": m.original.text},
                    "dub": {"start": m.dub.start, "end": m.dub.end, "text": m.dub.text},
                    "similarity": round(m.similarity, 4),
                    "offset_ms": round(m.offset_ms, 1),
                }
                for m in self.matches
            ],
            "doubts": list(self.doubts),
            "pitch": self.pitch,
            "bed": self.bed.to_json() if self.bed else None,
            "languages": dict(zip(("original", "dub"), self.languages, strict=True)),
        }


@dataclass(frozen=True, slots=True)
class PlacedPlan(SyncPlan):
    """A plan whose segments can be played as they are: lines joined, carried on to near edges, inside both files. It is made once
    (:func:`syncdub.making.plan.placed`) and handed on."""
