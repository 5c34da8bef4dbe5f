"""The values that flow between the rooms: plain, frozen, comparable.

Every time is a ``float`` in seconds on the **file's own timeline**: the presentation timestamps of the
container, stream start offsets and edit lists included. Containers with an arbitrary clock (MPEG-TS, MPEG-PS, MP3)
are counted from their first timestamp; see :class:`pipeline.media.values.MediaInfo`. A name that carries anything else carries its
unit (``gap_ms``, ``n_frames``). This module imports nothing of ours but :mod:`pipeline.messages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator

from pipeline.messages import Message


def _to_array(value: Any) -> NDArray[np.float32]:
    return np.asarray(value, dtype=np.float32)


FloatArray = Annotated[
    NDArray[np.float32],
    PlainValidator(_to_array),
    PlainSerializer(lambda a: [round(float(x), 6) for x in a], return_type=list[float], when_used="json"),
]
"""One-dimensional ``float32`` array that survives JSON."""


def runs(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Where ``mask`` (n,) is true: half-open ranges ``[first, last + 1)`` of indices, shape (k, 2), in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


Resumable = dict[str, Any]
"""What a measurement needs to be continued elsewhere; only the class that made it knows what is inside."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time, ``start <= end``, seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start

    def overlap(self, other: Span) -> float:
        """Seconds both have in common, 0 or more."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def contains(self, time: float) -> bool:
        return self.start <= time < self.end


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word; ``probability`` in [0, 1] is the recogniser's own."""

    start: float
    end: float
    text: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence (or the piece of one between two pauses) with its words; ``confidence`` in [0, 1]."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    confidence: float = 1.0

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a file. ``language`` is ISO 639-1 or ``""`` when nothing is said; empty ``doubts`` means trust."""

    language: str
    duration: float
    sentences: tuple[Sentence, ...] = ()
    language_probability: float = 1.0
    doubts: tuple[Message, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.sentences)

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON of a transcript."""
        return {
            "language": self.language,
            "duration": round(self.duration, 3),
            "segments": [
                {
                    "start": round(s.start, 3),
                    "end": round(s.end, 3),
                    "text": s.text,
                    "words": [
                        {
                            "start": round(w.start, 3),
                            "end": round(w.end, 3),
                            "text": w.text,
                            "probability": round(w.probability, 4),
                        }
                        for w in s.words
                    ],
                }
                for s in self.sentences
            ],
        }


@dataclass(frozen=True, slots=True)
class Audio:
    """Samples with their rate. ``samples`` is ``float32`` of shape (n,) mono or (channels, n), full scale ±1;
    ``start`` is the time of the first sample."""

    samples: NDArray[np.float32]
    rate: int
    start: float = 0.0

    @property
    def duration(self) -> float:
        return float(self.samples.shape[-1]) / self.rate

    @property
    def end(self) -> float:
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Frames:
    """A block of decoded pictures: ``times`` (n,) seconds, ``pixels`` uint8 (n, height, width) gray or (n, height, width, 3) RGB."""

    times: NDArray[np.float64]
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Evidence over time: value ``values[i]`` holds for [start + i·step, start + (i+1)·step)."""

    name: str
    values: FloatArray
    step: float
    start: float = 0.0

    @property
    def end(self) -> float:
        return self.start + self.step * len(self.values)


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something heard or seen, ``label`` one of :mod:`pipeline.evidence.sound_events`; ``score`` in [0, 1] is how sure the detector is."""

    start: float
    end: float
    label: str
    score: float = 1.0

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True, order=True)
class Shot:
    """Pictures between two cuts."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Cut:
    """``span`` of ``source`` is heard/seen from ``at`` on the result's clock, ``rate`` seconds of result a second of source, its picture
    drawn ``zoom`` times as large (1 or more)."""

    source: str
    span: Span
    at: float
    rate: float = 1.0
    zoom: float = 1.0

    @property
    def end(self) -> float:
        return self.at + self.span.duration * self.rate


@dataclass(frozen=True, slots=True)
class Timeline:
    """The edit plan: what is taken from where and when it is seen. Between cuts there is nothing (black, silence).

    Cuts that touch fade into each other over ``crossfade`` seconds; where that is 0, over ``soft`` seconds in their sound alone."""

    cuts: tuple[Cut, ...]
    name: str = ""
    crossfade: float = 0.0
    soft: float = 0.0

    @property
    def duration(self) -> float:
        return max((c.end for c in self.cuts), default=0.0)

    def __iter__(self) -> Iterator[Cut]:
        return iter(self.cuts)


@dataclass(frozen=True, slots=True)
class Part:
    """One named part of a score: ``value`` in [0, 1], ``weight`` its share."""

    name: str
    value: float
    weight: float = 0.0
    reasons: tuple[Message, ...] = field(default=())
