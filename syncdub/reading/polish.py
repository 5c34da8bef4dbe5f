"""The last milliseconds of the lines that sound found: what the phase says of them. Their joins and ends follow from what is shared in
single cells (:mod:`syncdub.reading.joining`, :mod:`syncdub.reading.ends`).

Onsets place a line to a few milliseconds, but codecs smear soft ones forward (a 48 kb/s MP3 by up to two granules, 20 ms), and
far under voices they are rare. The phase (see :mod:`syncdub.exact.phase`) does not move and speaks in every pause. It needs a place to
look at, within some hundredths of a second, so it comes last; where it says nothing, everything stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.lanes import in_lanes
from pipeline.values import Span
from syncdub.exact.findings import WHOLE
from syncdub.exact.phase import LAGS, RATE, Floats, Samples, curve, peak
from syncdub.reading.ends import from_earlier, until_later
from syncdub.reading.joining import joined
from syncdub.reading.tracing import Traced, traced
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment
from syncdub.verdict import balance

N_WINDOWS, WINDOW = 12, 10.0
CLEAR = 9.0
"""Height of the common peak over the spread of all other lags: two to twelve windows of unrelated places stay under 6."""
CLEAR_ALONE = 6.5
"""The same of one window that speaks for itself."""
ERROR_MS = 1.0
"""95 % error bar of a line placed by phase: half a sample at 16 kHz, what is left of the speed, and the codec's own delay."""


@dataclass(frozen=True, slots=True)
class _Locked:
    """A segment, and whether its phase is known."""

    segment: Segment
    known: bool


def polished(
    segments: Sequence[Segment], tracks: Tracks, durations: tuple[float, float], rate: float = 1.0
) -> tuple[Segment, ...]:
    """``segments`` moved to where the phases agree, their ends and joins where what is shared begins and ends; those that
    wander or lose a little are followed (see :mod:`syncdub.reading.tracing`).

    ``rate`` is the speed that was found for all of them; ``durations`` are those of original and dub in seconds. Segments whose phases
    do not agree stay as they are.
    """
    found = traced(segments, tracks, rate, durations)
    locked = [_locked(x, tracks, max(2, round(N_WINDOWS * _share(x.segment, segments)))) for x in found]
    if not locked:
        return ()
    out = [x.segment for x in locked]
    whole = balance(out, *durations).agreement >= WHOLE
    for i in range(len(out) - 1):
        if locked[i].known and locked[i + 1].known and not found[i + 1].follows:
            out[i], out[i + 1] = joined(out[i], out[i + 1], tracks, whole=whole)
    if locked[0].known:
        out[0] = from_earlier(out[0], tracks, whole=whole)
    if locked[-1].known:
        out[-1] = until_later(out[-1], tracks, durations, whole=whole)
    return tuple(out)


def settled(segments: Sequence[Segment], tracks: Tracks) -> tuple[Segment, ...]:
    """``segments`` of which the phase becomes known by ``tracks`` moved to where it is, the others as they were."""
    out = []
    for s in segments:
        n = max(2, round((s.dub_end - s.dub_start) / WINDOW / 2))
        found = _lock(s, tracks, min(n, N_WINDOWS))
        out.append(found.segment if found.known else s)
    return tuple(out)


def _share(segment: Segment, segments: Sequence[Segment]) -> float:
    return (segment.dub_end - segment.dub_start) / max(sum(s.dub_end - s.dub_start for s in segments), 1e-9)


def _locked(found: Traced, tracks: Tracks, n: int) -> _Locked:
    return _Locked(found.segment, True) if found.sign else _lock(found.segment, tracks, n)


def _lock(segment: Segment, tracks: Tracks, n: int) -> _Locked:
    """The segment moved to where the phases of ``n`` windows agree, or of twice as many."""
    seconds = min(WINDOW, segment.dub_end - segment.dub_start)
    starts = np.linspace(segment.dub_start, segment.dub_end - seconds, 2 * n + 1)
    sizes, late, z = np.zeros(2 * round(LAGS * RATE) + 1), 0.0, 0.0
    own: list[float] = []

    def sizes_of(start: float) -> Floats:
        return np.abs(curve(*_both(segment, tracks, start, start + seconds)))

    for some in (starts[1::2], starts[::2]):
        for found in in_lanes(sizes_of, some.tolist()):
            sizes = sizes + found
            alone, clear = peak(found)
            own += [alone] if clear >= CLEAR_ALONE else []
        late, z = peak(sizes)
        if z >= CLEAR:
            break
    else:
        return _Locked(segment, False)
    figures = {**segment.evidence.get("sound", {}), "phase": round(z, 1)}
    moved = replace(
        segment,
        original_start=segment.original_start - late,
        error_ms=max(min(segment.error_ms, ERROR_MS), _scatter_ms(own, late)),
        evidence={**segment.evidence, "sound": figures},
    )
    if moved.original_start < 0.0:
        moved = replace(moved, dub_start=moved.dub_start - moved.original_start / moved.rate, original_start=0.0)
    return _Locked(moved, True)


def _scatter_ms(own: Sequence[float], late: float) -> float:
    """How far (milliseconds) nearly all windows that are clear by themselves lie from the common place; 0 without any."""
    return 1000 * float(np.quantile(np.abs(np.array(own) - late), 0.95)) if own else 0.0


def _both(segment: Segment, tracks: Tracks, start: float, end: float) -> tuple[Samples, Samples]:
    """The original and the dub between two moments of the dub, as ``segment`` places them."""
    return tracks.own(Span(segment.at(start), segment.at(end))), tracks.dub(Span(start, end), segment.rate)
