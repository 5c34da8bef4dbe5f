"""Segments at the wrong turn of music that repeats: a loop is as alike a bar later. What tells is the stretch of the dub beside such a
segment that found no place: looked for in what is left of the original, it says which turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import fft, ndimage

from pipeline.values import Span
from syncdub.exact.phase import RATE, WIDTH, Samples, even, likeness
from syncdub.reading.bridging import is_known
from syncdub.reading.polish import CLEAR, WINDOW, settled
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

LEAST, APART = 4.0, 0.1
"""Seconds of dub without a place that are looked for; a place nearer to the segment's own line is that."""
GAIN = 25.0
"""Nats by which another place must be the better one: two voices agree by chance for up to 15."""
WIDEST = 300.0
"""Seconds of the original that are searched at most."""


def relocated(segments: Sequence[Segment], tracks: Tracks) -> tuple[Segment, ...]:
    """``segments`` with each whose neighbouring hole belongs to another line that also holds more of the segment itself on that line,
    the hole included."""
    out = list(segments)
    for k, segment in enumerate(out):
        before = out[k - 1] if k else None
        after = out[k + 1] if k + 1 < len(out) else None
        if is_known(segment) and before is not None and segment.dub_start - before.dub_end >= LEAST:
            out[k] = _better(segment, before, after, Span(before.dub_end, segment.dub_start), tracks)
        elif is_known(segment) and after is not None and after.dub_start - segment.dub_end >= LEAST:
            out[k] = _better(segment, before, after, Span(segment.dub_end, after.dub_start), tracks)
    return tuple(out)


def _better(segment: Segment, before: Segment | None, after: Segment | None, hole: Span, tracks: Tracks) -> Segment:
    """``segment``, or with the ``hole`` on the line on which the hole is found."""
    free = Span(before.original_end if before else 0.0, after.original_start if after else segment.original_end)
    place = _place(hole, free, segment.rate, tracks)
    if place is None or abs(place - segment.at(hole.start)) < APART:
        return segment
    start, end = min(hole.start, segment.dub_start), max(hole.end, segment.dub_end)
    line = replace(segment, dub_start=start, dub_end=end, original_start=place + (start - hole.start) * segment.rate)
    if line.original_start < free.start - APART or line.original_end > free.end + APART:
        return segment
    there = Span(segment.dub_start, segment.dub_end)
    if _held(line, there, tracks) - _held(segment, there, tracks) < GAIN:
        return segment
    unasked = {name: value for name, value in segment.evidence.get("sound", {}).items() if name != "phase"}
    (found,) = settled([replace(line, evidence={**segment.evidence, "sound": unasked})], tracks)
    return found if is_known(found) else segment


def _place(hole: Span, free: Span, rate: float, tracks: Tracks) -> float | None:
    """Where in ``free`` (the original) the first or last seconds of ``hole`` (the dub) clearly begin; ``None`` where nowhere."""
    seconds = min(WINDOW, hole.duration)
    own = tracks.own(Span(free.start, min(free.end, free.start + WIDEST)))
    for start in (hole.start, hole.end - seconds):
        found = _clear_place(own, tracks.dub(Span(start, start + seconds), rate))
        if found is not None:
            return free.start + found - (start - hole.start) * rate
    return None


def _clear_place(own: Samples, dub: Samples) -> float | None:
    """Seconds into ``own`` at which ``dub`` begins, by phase."""
    if len(own) < len(dub) or len(dub) < RATE or min(float(np.abs(x).max()) for x in (own, dub)) < 1e-5:
        return None
    size = fft.next_fast_len(len(own) + len(dub), real=True)
    cross = fft.rfft(even(own), size) * np.conj(fft.rfft(even(dub), size))
    cross /= np.abs(cross) + 1e-3 * float(np.abs(cross).mean()) + 1e-20
    sizes = np.abs(fft.irfft(cross, size)[: len(own) - len(dub) + 1])
    smooth = ndimage.gaussian_filter1d(sizes, WIDTH * RATE)
    top = int(smooth.argmax())
    clear = (float(smooth[top]) - float(smooth.mean())) / (float(smooth.std()) + 1e-12)
    return top / RATE if clear >= CLEAR else None


def _held(segment: Segment, span: Span, tracks: Tracks) -> float:
    """Nats for ``segment`` over ``span`` of the dub, whatever its polarity."""
    own, dub = tracks.own(Span(segment.at(span.start), segment.at(span.end))), tracks.dub(span, segment.rate)
    return max(float(np.maximum(likeness(own, dub, sign), 0.0).sum()) for sign in (1.0, -1.0))
