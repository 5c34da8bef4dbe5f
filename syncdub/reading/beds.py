"""One more layer for what the quick ones leave in doubt: the music and effects of both files, without the voices.

Where segments stay whose phase nobody knows (a mono dub, a bed far under the voices), the voices are taken out of both files there
(:mod:`pipeline.evidence.stems`) and the phase is asked once more. That costs a thousand times
what the first look does, so only so many minutes are.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.evidence.stems import Accompaniment
from pipeline.progress import turn
from pipeline.values import Span
from syncdub.exact.phase import RATE, Samples
from syncdub.reading.bridging import is_known
from syncdub.reading.polish import settled
from syncdub.reading.tracks import Tracks, heard
from syncdub.values import BedLayer, Segment

LEAST = 2.0
"""Seconds of a segment in doubt that are worth asking for."""
LIMIT, CARD_LIMIT = 600.0, 14400.0
"""Seconds of sound that are separated at most: 40 s of a processor; two films of two hours on a card."""
KEPT = 360
"""Pieces of each file that are kept: an hour, 250 MB."""
AROUND = 1.5
"""Seconds beyond a stretch in doubt, so that its edges are heard, too."""


class Beds:
    """Hears both files with the voices taken out in some ``stretches`` of each (by file, seconds), as they are elsewhere."""

    def __init__(self, tracks: Tracks, device: str) -> None:
        self.tracks, self.stretches = tracks, {file: list[Span]() for file in tracks.files}
        self._one = threading.Lock()
        self._stems = {
            (file, stream): Accompaniment(_Mono(file, stream), device, KEPT)
            for file, stream in zip(tracks.files, tracks.streams, strict=True)
        }

    def hear(self, segment: Segment) -> None:
        """Takes the voices out where ``segment`` lies in both files."""
        own = Span(segment.original_start - AROUND, segment.original_end + AROUND)
        dub = Span(segment.dub_start - AROUND, segment.dub_end + AROUND)
        for file, span in zip(self.tracks.files, (own, dub), strict=True):
            self.stretches[file] = _united([*self.stretches[file], span])

    @property
    def seconds(self) -> float:
        """Seconds of sound that were separated."""
        return sum(stem.seconds for stem in self._stems.values())

    def __call__(self, path: Path, stream: int, span: Span) -> Samples:
        """As :func:`syncdub.reading.tracks.heard`."""
        out = heard(path, stream, span)
        for one in self.stretches[path]:
            low, high = max(span.start, one.start), min(span.end, one.end)
            first, n = round((low - span.start) * RATE), round((high - low) * RATE)
            n = min(n, len(out) - first)
            if n > 0:
                with turn(self._one):
                    out[first : first + n] = self._stems[path, stream].read(round(low * RATE), n)[0]
        return out


@dataclass(frozen=True, slots=True)
class _Mono:
    """A track as what :class:`~pipeline.evidence.stems.Accompaniment` reads."""

    path: Path
    stream: int
    rate: int = RATE
    layout: str = "mono"

    def read(self, start: int, n: int) -> Samples:
        return heard(self.path, self.stream, Span(start / RATE, (start + n) / RATE))[None, :n]


def asked(segments: Sequence[Segment], tracks: Tracks, device: str) -> tuple[tuple[Segment, ...], BedLayer | None]:
    """``segments`` with those in doubt where music and effects without the voices put them, and what was
    gained; ``None`` where nothing is in doubt.

    Raises:
        ModelUnavailable: the weights are missing or damaged.
    """
    beds = Beds(tracks, device)
    with_beds = replace(tracks, listen=beds)
    out = _settled(list(segments), with_beds, beds, LIMIT if device == "cpu" else CARD_LIMIT)
    if not beds.seconds:
        return tuple(segments), None
    doubtful = sum(s.dub_end - s.dub_start for s in segments if not is_known(s))
    return tuple(out), BedLayer(asked=doubtful, known=_known(out) - _known(segments), separated=beds.seconds)


def _settled(segments: list[Segment], tracks: Tracks, beds: Beds, limit: float) -> list[Segment]:
    """``segments`` with those that are not known asked by ``tracks`` with beds, until ``limit`` seconds of sound are separated."""
    out = []
    for s in segments:
        if not is_known(s) and s.dub_end - s.dub_start >= LEAST and beds.seconds < limit:
            beds.hear(s)
            (found,) = settled([s], tracks)
            out.append(_marked(found) if is_known(found) else s)
        else:
            out.append(s)
    return out


def _known(segments: Sequence[Segment]) -> float:
    """Seconds of the dub whose phase is known."""
    return sum(s.dub_end - s.dub_start for s in segments if is_known(s))


def _marked(segment: Segment) -> Segment:
    """``segment`` with a figure that says by what it was heard."""
    return replace(
        segment, evidence={**segment.evidence, "sound": {**segment.evidence.get("sound", {}), "stems": True}}
    )


def _united(spans: Sequence[Span]) -> list[Span]:
    out: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start):
        if out and span.start <= out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out
