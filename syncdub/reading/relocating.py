"""Segments at the wrong turn of music that repeats: a loop is as alike a bar later. What tells is what does not repeat: the segment itself,
whose other turns are looked for and compared over all of it, and the stretch of the dub beside it that found no place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
from scipy import fft, ndimage

from pipeline.lanes import in_lanes
from pipeline.values import Span
from syncdub.exact.cells import cells, shared, transfer
from syncdub.exact.phase import RATE, WIDTH, Samples, even
from syncdub.reading.bridging import is_known
from syncdub.reading.polish import CLEAR, WINDOW, settled
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

LEAST, APART = 4.0, 0.1
"""Seconds of dub without a place that are looked for; a place nearer to the segment's own line is that."""
GAIN, TIMES = 25.0, 1.5
"""Nats by which another place must be the better one, and how many times as many as at the segment's own it must have: of a loop the right
turn shares all cells of a sound, a wrong one those of the loop alone."""
MOST = 90.0
"""Seconds of a segment that are compared."""
WIDEST = 300.0
"""Seconds of the original that are searched at most."""
LONGEST, TURNS, N_TURNS = 240.0, 45.0, 3
"""Seconds of a segment that may lie in one loop, how far off its other turns are looked for, and how many of them from each window."""
OWN_WAY = 0.25
"""Seconds by which the line beside must be another one: a segment that goes on from its neighbour is at the turn of all of them."""


def relocated(segments: Sequence[Segment], tracks: Tracks) -> tuple[Segment, ...]:
    """``segments`` with each of which another line holds more at that line: one to which a neighbouring hole belongs, the hole
    included, or another turn of what it repeats."""
    out = list(segments)
    for k, segment in enumerate(out):
        before = out[k - 1] if k else None
        after = out[k + 1] if k + 1 < len(out) else None
        if not is_known(segment):
            continue
        if before is not None and segment.dub_start - before.dub_end >= LEAST:
            segment = _beside(segment, before, after, Span(before.dub_end, segment.dub_start), tracks)
        elif after is not None and after.dub_start - segment.dub_end >= LEAST:
            segment = _beside(segment, before, after, Span(segment.dub_end, after.dub_start), tracks)
        if segment is out[k] and _alone(before, segment) and _alone(segment, after):
            segment = _turned(segment, before, after, tracks)
        out[k] = segment
    return tuple(out)


def _alone(a: Segment | None, b: Segment | None) -> bool:
    """Whether two neighbours are on lines of their own."""
    return a is None or b is None or abs(a.at(b.dub_start) - b.original_start) >= OWN_WAY


def _turned(segment: Segment, before: Segment | None, after: Segment | None, tracks: Tracks) -> Segment:
    """``segment`` at the turn that holds most of it."""
    if (before is None and after is None) or not 1.0 <= segment.dub_end - segment.dub_start <= LONGEST:
        return segment
    free = Span(before.original_end if before else 0.0, after.original_start if after else segment.original_end + TURNS)
    there = Span(segment.dub_start, segment.dub_end)
    lines = [replace(segment, original_start=segment.original_start + late) for late in _turns(segment, free, tracks)]
    inside = [x for x in lines if free.start - APART <= x.original_start and x.original_end <= free.end + APART]
    if not inside:
        return segment
    best = max(inside, key=lambda line: _held(line, there, tracks))
    return _asked(best, segment, tracks) if _holds_more(best, segment, tracks) else segment


def _turns(segment: Segment, free: Span, tracks: Tracks) -> list[float]:
    """How much later (seconds) the other places are at which windows of ``segment`` occur in the ``free`` part of the original."""
    seconds = min(WINDOW, segment.dub_end - segment.dub_start)
    n = max(1, min(N_TURNS, round((segment.dub_end - segment.dub_start) / WINDOW)))
    found: list[float] = []
    for middle in (np.arange(n) + 0.5) / n:
        start = segment.dub_start + float(middle) * (segment.dub_end - segment.dub_start - seconds)
        at = segment.at(start)
        around = Span(max(free.start, at - TURNS), min(free.end, at + seconds * segment.rate + TURNS))
        if around.duration <= seconds * segment.rate:
            continue
        places = _clear_places(tracks.own(around), tracks.dub(Span(start, start + seconds), segment.rate), N_TURNS)
        late = [around.start + place - at for place in places]
        found += [x for x in late if all(abs(x - y) >= APART for y in (0.0, *found))]
    return found


def _beside(segment: Segment, before: Segment | None, after: Segment | None, hole: Span, tracks: Tracks) -> Segment:
    """``segment``, or with the ``hole`` on the line on which the hole is found."""
    free = Span(before.original_end if before else 0.0, after.original_start if after else segment.original_end)
    place = _place(hole, free, segment.rate, tracks)
    if place is None or abs(place - segment.at(hole.start)) < APART:
        return segment
    start, end = min(hole.start, segment.dub_start), max(hole.end, segment.dub_end)
    line = replace(segment, dub_start=start, dub_end=end, original_start=place + (start - hole.start) * segment.rate)
    if line.original_start < free.start - APART or line.original_end > free.end + APART:
        return segment
    return _asked(line, segment, tracks) if _holds_more(line, segment, tracks) else segment


def _asked(line: Segment, segment: Segment, tracks: Tracks) -> Segment:
    """``line`` where its phase becomes known, else ``segment``."""
    unasked = {name: value for name, value in segment.evidence.get("sound", {}).items() if name != "phase"}
    (found,) = settled([replace(line, evidence={**segment.evidence, "sound": unasked})], tracks)
    return found if is_known(found) else segment


def _place(hole: Span, free: Span, rate: float, tracks: Tracks) -> float | None:
    """Where in ``free`` (the original) the first or last seconds of ``hole`` (the dub) clearly begin; ``None`` where nowhere."""
    seconds = min(WINDOW, hole.duration)
    own = tracks.own(Span(free.start, min(free.end, free.start + WIDEST)))
    evened = cache(partial(even, own))
    for start in (hole.start, hole.end - seconds):
        found = _clear_places(own, tracks.dub(Span(start, start + seconds), rate), 1, evened)
        if found:
            return free.start + found[0] - (start - hole.start) * rate
    return None


def _clear_places(own: Samples, dub: Samples, n: int, evened: Callable[[], Samples] | None = None) -> list[float]:
    """Seconds into ``own`` at which ``dub`` clearly begins, by phase: at most ``n``, the clearest first. ``evened`` gives what
    :func:`~syncdub.exact.phase.even` makes of ``own``, where several are looked for in it."""
    if len(own) < len(dub) or len(dub) < RATE or min(float(np.abs(x).max()) for x in (own, dub)) < 1e-5:
        return []
    size = fft.next_fast_len(len(own) + len(dub), real=True)
    cross = fft.rfft(evened() if evened else even(own), size)
    cross *= np.conj(fft.rfft(even(dub), size))
    cross /= np.abs(cross) + 1e-3 * float(np.abs(cross).mean()) + 1e-20
    smooth = ndimage.gaussian_filter1d(np.abs(fft.irfft(cross, size)[: len(own) - len(dub) + 1]), WIDTH * RATE)
    least = float(smooth.mean()) + CLEAR * (float(smooth.std()) + 1e-12)
    found: list[float] = []
    for _ in range(n):
        top = int(smooth.argmax())
        if smooth[top] < least:
            break
        found.append(top / RATE)
        smooth[max(0, top - round(APART * RATE)) : top + round(APART * RATE)] = 0.0
    return found


def _holds_more(line: Segment, segment: Segment, tracks: Tracks) -> bool:
    """Whether ``line`` clearly holds more of ``segment``'s stretch of the dub than ``segment`` does."""
    there = Span(segment.dub_start, segment.dub_end)
    own = _held(segment, there, tracks)
    return _held(line, there, tracks) > max(own + GAIN, own * TIMES)


def _held(line: Segment, span: Span, tracks: Tracks) -> float:
    """Nats that ``line`` gains over the middle of ``span`` of the dub, by single cells (see :mod:`syncdub.exact.cells`)."""
    beside = max(0.0, (span.duration - MOST) / 2)
    part = Span(span.start + beside, span.end - beside)
    own, dub = in_lanes(cells, tracks.both(Span(line.at(part.start), line.at(part.end)), part, line.rate))
    n = min(len(own), len(dub))
    return float(shared(own[:n], dub[:n], transfer(own[:n], dub[:n])).sum()) if n else 0.0
