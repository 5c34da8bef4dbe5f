"""Where the first line of a dub begins and its last one ends: as far as something is shared (see :mod:`syncdub.exact.cells`), and to
the file's edge where only people speak on the way there."""

from __future__ import annotations

from dataclasses import replace

from pipeline.values import Span
from syncdub.exact.phase import BLOCK
from syncdub.reading.hearing import hear
from syncdub.reading.joining import CLOSED, bare, begun, reached
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

PATIENCE = 30
"""Seconds that may hold nothing before what follows is another matter."""
STEP = 60.0
"""An end is carried on by at most this much at a time, seconds."""


def from_earlier(segment: Segment, tracks: Tracks, *, whole: bool = True) -> Segment:
    """The first segment begun as early as something is shared; ``whole`` as in :func:`~syncdub.reading.joining.joined`."""
    first = max(0.0, segment.dub_start - segment.original_start / segment.rate)
    while segment.dub_start - first >= BLOCK:
        low = max(first, segment.dub_start - STEP)
        heard = hear(segment, tracks, Span(low, segment.dub_start), end=False)
        if heard is None:
            break
        start = segment.dub_start - reached(heard.within(low, segment.dub_start)[::-1], PATIENCE)
        if start - first < CLOSED or (whole and bare(Span(first, start), ((segment, heard),), tracks)):
            start = first
        if segment.dub_start - start < BLOCK:
            break
        segment = begun(segment, start)
    return segment


def until_later(segment: Segment, tracks: Tracks, durations: tuple[float, float], *, whole: bool = True) -> Segment:
    """The last segment carried on for as long as something is shared; ``durations`` are those of original and dub in seconds."""
    last = min(durations[1], segment.dub_end + (durations[0] - segment.original_end) / segment.rate)
    while last - segment.dub_end >= BLOCK:
        high = min(last, segment.dub_end + STEP)
        heard = hear(segment, tracks, Span(segment.dub_end, high), end=True)
        if heard is None:
            break
        end = segment.dub_end + reached(heard.within(segment.dub_end, high), PATIENCE)
        if last - end < CLOSED or (whole and bare(Span(end, last), ((segment, heard),), tracks)):
            end = last
        if end - segment.dub_end < BLOCK:
            break
        segment = replace(segment, dub_end=end)
    return segment
