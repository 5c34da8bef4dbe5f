"""Which parts of the segments the phase holds: where it is known elsewhere, a stretch of them in which it never is may be another film.

A scene in which only people speak shares no phase either. So the parts are only taken instead of the segments where too little of
both files is held for a right pair (see :data:`syncdub.exact.findings.WHOLE`): a series' next episode shares its songs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.lanes import in_lanes
from pipeline.values import Span
from syncdub.exact.findings import WHOLE
from syncdub.exact.holding import BETWEEN, OVERHANG, RHYTHM_REACH, RHYTHM_SECONDS, RHYTHM_STEP, in_rhythm
from syncdub.exact.likeness import Sounds
from syncdub.exact.phase import RATE, Samples, curve
from syncdub.exact.timemap import Line
from syncdub.exact.tracing import CLEAR, heights
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment
from syncdub.verdict import balance

WINDOW, HOP = 4.0, 2.0
"""Seconds of a window and between two."""
REACH, ON_LINE = 0.045, 0.004
"""Seconds around the line that are looked at, and that a window's place may differ from it."""
N_PROBES, MOSTLY = 24, 0.8
"""So many windows are asked first; where most of them are known, everything is held."""
TOGETHER = 30
"""Windows that are read at once: they overlap by half, and to open a file and go to a place takes as long as a window."""
ALONE = 3
"""Neighbouring windows that hold a stretch."""


def held_by_phase(
    segments: Sequence[Segment], tracks: Tracks, durations: tuple[float, float]
) -> tuple[Segment, ...] | None:
    """The parts of ``segments`` that the phase holds, where they are too few for a right pair; ``None`` where the segments stay.

    ``durations`` are those of original and dub in seconds.
    """
    locked = [s for s in segments if _is_locked(s)]
    length = sum(s.dub_end - s.dub_start for s in segments)
    if sum(s.dub_end - s.dub_start for s in locked) < WHOLE * length or _mostly_known(locked, tracks):
        return None
    parts = tuple(p for s in locked for p in _parts(s, tracks))
    return parts if balance(parts, *durations).agreement < WHOLE else None


def _is_locked(segment: Segment) -> bool:
    return "phase" in segment.evidence.get("sound", {})


def _mostly_known(locked: Sequence[Segment], tracks: Tracks) -> bool:
    total = sum(s.dub_end - s.dub_start for s in locked)
    known = []
    for s in locked:
        n = max(1, round(N_PROBES * (s.dub_end - s.dub_start) / total))
        edges = np.linspace(s.dub_start, s.dub_end, n + 1)
        known += in_lanes(lambda u, s=s: _known(s, tracks, u), [float(a + b) / 2 for a, b in itertools.pairwise(edges)])  # type: ignore[misc]
    return float(np.mean(known)) >= MOSTLY


def _known(segment: Segment, tracks: Tracks, centre: float) -> bool:
    """Whether the window around ``centre`` clearly lies on the segment's line."""
    return _all_known(segment, tracks, [centre])[0]


def _all_known(segment: Segment, tracks: Tracks, centres: Sequence[float]) -> list[bool]:
    """The same of the windows around ``centres``, from one reading of what lies between the first and the last of them."""
    first = centres[0] - WINDOW / 2
    span = Span(first, centres[-1] + WINDOW / 2)
    own, dub = tracks.both(Span(segment.at(span.start), segment.at(span.end)), span, segment.rate)
    places = [round((centre - WINDOW / 2 - first) * segment.rate * RATE) for centre in centres]
    n = round(WINDOW * segment.rate * RATE)
    return [_on_line(own[at : at + n], dub[at : at + n]) for at in places]


def _on_line(own: Samples, dub: Samples) -> bool:
    high, samples = heights(curve(own, dub, REACH))
    top = int(high.argmax())
    return bool(high[top] >= CLEAR and abs(samples[top] / RATE - REACH) <= ON_LINE)


def _parts(segment: Segment, tracks: Tracks) -> list[Segment]:
    """What of ``segment`` lies around known windows, pauses of at most :data:`~syncdub.exact.holding.BETWEEN` included."""
    centres = np.arange(segment.dub_start + WINDOW / 2, segment.dub_end - WINDOW / 2 + 1e-6, HOP)
    if not len(centres):  # too short to be asked in parts
        return [segment]
    pieces = [centres[k : k + TOGETHER].tolist() for k in range(0, len(centres), TOGETHER)]
    known = np.concatenate(in_lanes(lambda some: _all_known(segment, tracks, some), pieces)).astype(bool)
    beside = np.convolve(known, np.ones(ALONE))[ALONE // 2 :][: len(known)] >= min(ALONE - 1, len(known))
    spans: list[Span] = []
    for u in centres[known & beside]:
        around = Span(max(segment.dub_start, float(u) - WINDOW / 2), min(segment.dub_end, float(u) + WINDOW / 2))
        if spans and around.start - spans[-1].end <= BETWEEN:
            spans[-1] = Span(spans[-1].start, around.end)
        else:
            spans.append(around)
    spans = _with_talk(segment, tracks, spans)
    return [replace(segment, dub_start=p.start, dub_end=p.end, original_start=segment.at(p.start)) for p in spans]


def _with_talk(segment: Segment, tracks: Tracks, spans: list[Span]) -> list[Span]:
    """``spans`` with what lies between and beyond them that is short, or spoken in the original's rhythm."""
    if not spans:
        return []
    first, last = Span(segment.dub_start, spans[0].start), Span(spans[-1].end, segment.dub_end)
    start = first.start if first.duration <= OVERHANG / 2 or _in_rhythm(segment, tracks, first) else first.end
    out = [Span(start, spans[0].end)]
    for span in spans[1:]:
        if _in_rhythm(segment, tracks, Span(out[-1].end, span.start)):
            out[-1] = Span(out[-1].start, span.end)
        else:
            out.append(span)
    end = last.end if last.duration <= OVERHANG / 2 or _in_rhythm(segment, tracks, last) else last.start
    return [*out[:-1], Span(out[-1].start, end)]


def _in_rhythm(segment: Segment, tracks: Tracks, span: Span) -> bool:
    """As :func:`syncdub.exact.holding.in_rhythm` for a stretch of the dub: lips are dubbed in their rhythm."""
    if span.duration < RHYTHM_SECONDS:
        return False
    own = _loudness(tracks.own(Span(segment.at(span.start) - RHYTHM_REACH, segment.at(span.end) + RHYTHM_REACH)))
    dub = _loudness(tracks.dub(span, segment.rate))
    nothing = np.zeros((0, 1), np.float32)
    sounds = Sounds(nothing, nothing, dub, own, np.zeros(0, bool), np.zeros(0, bool), RHYTHM_STEP)
    length = len(dub) * RHYTHM_STEP
    line = Line(0.0, length, RHYTHM_REACH, length / 2, 0.0, 0.0, 1, 0.0)
    return in_rhythm(sounds, line, Span(0.0, length))


def _loudness(samples: Samples) -> NDArray[np.float32]:
    """Level in dB of every :data:`~syncdub.exact.holding.RHYTHM_STEP`."""
    size = round(RHYTHM_STEP * RATE)
    power = np.square(samples[: len(samples) // size * size], dtype=np.float64).reshape(-1, size).mean(axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-10)), np.float32)
