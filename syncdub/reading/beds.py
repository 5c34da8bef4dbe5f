"""One more layer for what the quick ones leave in doubt: the music and effects of both files, without the voices.

Where segments stay whose phase nobody knows, or joins that may lie anywhere within a while (a mono dub, a bed far under the voices), the
voices are taken out of both files there (:mod:`pipeline.evidence.stems`) and the phase is asked once more. That costs a thousand times
what the first look does, so only so many minutes are.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.evidence.stems import Accompaniment
from pipeline.values import Span
from syncdub.exact.phase import RATE, Samples
from syncdub.reading.bridging import is_known
from syncdub.reading.polish import join_unsure, rejoined, settled
from syncdub.reading.tracks import Tracks, heard
from syncdub.values import BedLayer, Segment

LEAST = 2.0
"""Seconds of a segment in doubt that are worth asking for."""
LIMIT = {"cpu": 600.0, "cuda": 14400.0}
"""Seconds of sound that are separated at most: 40 s of a processor; two films of two hours on a card."""
KEPT = 360
"""Pieces of each file that are kept: an hour, 250 MB."""
AROUND = 1.5
"""Seconds beyond a stretch in doubt, so that its edges are heard, too."""
LEAST_JUMP, UNSURE = 0.25, 1.0
"""Seconds that a join jumps by, and in which nothing needs to say where it is."""
JOIN_REACH = 13.0
"""Seconds on either side of a join that are heard anew (see :data:`syncdub.reading.polish.REACH`)."""


class Beds:
    """Hears both files with the voices taken out in some ``stretches`` of each (by file, seconds), as they are elsewhere."""

    def __init__(self, tracks: Tracks, device: str) -> None:
        self.tracks, self.stretches = tracks, {file: list[Span]() for file in tracks.files}
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
    """``segments`` with those in doubt, and the joins in doubt, where music and effects without the voices put them, and what was
    gained; ``None`` where nothing is in doubt.

    Raises:
        ModelUnavailable: the weights are missing or damaged.
    """
    began = time.perf_counter()
    beds = Beds(tracks, device)
    with_beds = replace(tracks, listen=beds)
    out = _settled(list(segments), with_beds, beds, LIMIT[device] / 2)
    out, joins, moved = _rejoined(out, tracks, with_beds, beds, LIMIT[device])
    if not beds.seconds:
        return tuple(segments), None
    doubtful = sum(s.dub_end - s.dub_start for s in segments if not is_known(s))
    layer = BedLayer(
        asked=doubtful, known=_known(out) - _known(segments), joins=joins, joins_moved=moved, separated=beds.seconds,
        took=time.perf_counter() - began,
    )  # fmt: skip
    return tuple(out), layer


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


def _rejoined(
    segments: list[Segment], plain: Tracks, tracks: Tracks, beds: Beds, limit: float
) -> tuple[list[Segment], int, int]:
    """``segments`` with the joins that ``plain`` tracks leave unsure where those with beds put them; how many were asked, and moved."""
    out, joins, moved = list(segments), 0, 0
    for k in range(len(out) - 1):
        a, b = out[k], out[k + 1]
        if not (is_known(a) and is_known(b)) or abs(a.at(b.dub_start) - b.original_start) < LEAST_JUMP:
            continue
        if beds.seconds >= limit or join_unsure(a, b, plain) <= UNSURE:
            continue
        joins += 1
        for s in (a, b):
            low, high = a.dub_end - JOIN_REACH, b.dub_start + JOIN_REACH
            beds.hear(replace(s, dub_start=low, dub_end=high, original_start=s.at(low)))
        out[k], out[k + 1] = rejoined(a, b, tracks)
        moved += out[k].dub_end != a.dub_end or out[k + 1].dub_start != b.dub_start
    return out, joins, moved


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
