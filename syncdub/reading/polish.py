"""The last milliseconds of the lines that sound found, and joins where onsets were too few: what the phase says of them.

Onsets place a line to a few milliseconds, but codecs smear soft ones forward (a 48 kb/s MP3 by up to two granules, 20 ms), and
far under voices they are rare. The phase (see :mod:`syncdub.exact.phase`) does not move and speaks in every pause. It needs a place to
look at, within some hundredths of a second, so it comes last; where it says nothing, everything stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.values import Span
from syncdub.exact.phase import BLOCK, LAGS, RATE, Floats, Samples, curve, likeness, peak
from syncdub.reading.tracing import Traced, traced
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

N_WINDOWS, WINDOW = 12, 10.0
CLEAR = 9.0
"""Height of the common peak over the spread of all other lags: two to twelve windows of unrelated places stay under 6."""
CLEAR_ALONE = 6.5
"""The same of one window that speaks for itself."""
N_EDGE, DRIFTED = 3, 0.003
"""Windows from an edge inwards that are asked for the phase there, and by how much it may have moved, seconds."""
ERROR_MS = 1.0
"""95 % error bar of a line placed by phase: half a sample at 16 kHz, what is left of the speed, and the codec's own delay."""
REACH = 12.0
"""A join is looked for this far (seconds) on either side of where it is …"""
WIDEST = 60.0
"""… and through gaps of at most this length."""
GAIN = 25.0
"""Nats by which another place must be the better one: two voices agree by chance for up to 15."""
EQUAL = 3.0
"""Places whose sums differ by less (nats) are equally good; the quietest of them is taken."""
GAIN_NEAR = 6.0
"""The same within half a second, where there are fewer places to agree by chance."""
SMALL_GAP = 0.25
"""So short a loss (seconds) lies within few seconds of where it was seen; the nearer gain is enough."""
CLOSED = 0.5
"""Seconds that a gap in both files must last; a shorter one is none."""
HEARD = 2.0
"""A second that gains so much (nats) is shared."""
HEARD_CLEARLY = 10.0
"""… and from so much on it is beyond doubt: voices alone gain less."""
PATIENCE, PATIENCE_ENDS = 4, 30
"""Seconds that may gain nothing before what follows is another matter: beyond a gap the line goes on anyway, beyond an end only
what is shared can gain."""
STEP = 60.0
"""An end is carried on by at most this much at a time, seconds."""


@dataclass(frozen=True, slots=True)
class _Locked:
    """A segment, the polarity of what it shares, and whether its phase is known."""

    segment: Segment
    sign: float
    known: bool


def polished(
    segments: Sequence[Segment], tracks: Tracks, durations: tuple[float, float], rate: float = 1.0
) -> tuple[Segment, ...]:
    """``segments`` moved to where the phases agree, their ends and joins where what is shared in phase begins and ends; those that
    wander or lose a little are followed (see :mod:`syncdub.reading.tracing`).

    ``rate`` is the speed that was found for all of them; ``durations`` are those of original and dub in seconds. Segments whose phases
    do not agree stay as they are.
    """
    found = traced(segments, tracks, rate, durations)
    locked = [_locked(x, tracks, max(2, round(N_WINDOWS * _share(x.segment, segments)))) for x in found]
    if not locked:
        return ()
    for i in range(len(locked) - 1):
        if locked[i].known and locked[i + 1].known and not found[i + 1].follows:
            locked[i], locked[i + 1] = _joined(locked[i], locked[i + 1], tracks)
    if locked[0].known:
        locked[0] = _from_earlier(locked[0], tracks)
    if locked[-1].known:
        locked[-1] = _until_later(locked[-1], tracks, durations)
    return tuple(x.segment for x in locked)


def settled(segments: Sequence[Segment], tracks: Tracks) -> tuple[Segment, ...]:
    """``segments`` of which the phase becomes known by ``tracks`` moved to where it is, the others as they were."""
    out = []
    for s in segments:
        n = max(2, round((s.dub_end - s.dub_start) / WINDOW / 2))
        found = _lock(s, tracks, min(n, N_WINDOWS))
        out.append(found.segment if found.known else s)
    return tuple(out)


def rejoined(a: Segment, b: Segment, tracks: Tracks) -> tuple[Segment, Segment]:
    """Two neighbours with the join between them where ``tracks`` put it."""
    first, second = _Locked(a, _sign(a, tracks, end=True), True), _Locked(b, _sign(b, tracks, end=False), True)
    before, after = _joined(first, second, tracks)
    return before.segment, after.segment


def join_unsure(a: Segment, b: Segment, tracks: Tracks) -> float:
    """Seconds around the join of two neighbours in which nothing says on which of them the dub is, as far as ``tracks`` tell."""
    before = _Locked(a, _sign(a, tracks, end=True), True)
    after = _Locked(b, _sign(b, tracks, end=False), True)
    low, high = max(a.dub_start, a.dub_end - REACH), min(b.dub_end, b.dub_start + REACH)
    ways = _nats(before, tracks, low, a.dub_end)[::-1], -_nats(after, tracks, b.dub_start, high)
    return b.dub_start - a.dub_end + sum(_unheard(-np.diff(way)) for way in ways)


def _unheard(nats: Floats) -> float:
    """Seconds until something is clearly shared."""
    second = round(1.0 / BLOCK)
    if len(nats) < second:
        return 0.0
    clear = np.flatnonzero(np.convolve(nats, np.ones(second), "valid") > HEARD_CLEARLY)
    return float(clear[0] if len(clear) else len(nats)) * BLOCK


def _difference(upto_a: Floats, upto_b: Floats) -> Floats:
    n = min(len(upto_a), len(upto_b))
    return upto_a[:n] - upto_b[:n]


def _sign(segment: Segment, tracks: Tracks, *, end: bool) -> float:
    """The polarity of what is shared near an edge."""
    seconds = min(N_EDGE * WINDOW, segment.dub_end - segment.dub_start)
    start = segment.dub_end - seconds if end else segment.dub_start
    found = curve(*_both(segment, tracks, start, start + seconds), LAGS)
    near = found[len(found) // 2 - 2 : len(found) // 2 + 3]
    return float(np.sign(near[np.abs(near).argmax()])) or 1.0


def _share(segment: Segment, segments: Sequence[Segment]) -> float:
    return (segment.dub_end - segment.dub_start) / max(sum(s.dub_end - s.dub_start for s in segments), 1e-9)


def _locked(found: Traced, tracks: Tracks, n: int) -> _Locked:
    return _Locked(found.segment, found.sign, True) if found.sign else _lock(found.segment, tracks, n)


def _lock(segment: Segment, tracks: Tracks, n: int) -> _Locked:
    """The segment moved to where the phases of ``n`` windows agree, or of twice as many."""
    seconds = min(WINDOW, segment.dub_end - segment.dub_start)
    starts = np.linspace(segment.dub_start, segment.dub_end - seconds, 2 * n + 1)
    signed = np.zeros(2 * round(LAGS * RATE) + 1)
    sizes, late, z = signed.copy(), 0.0, 0.0
    own: list[float] = []
    for some in (starts[1::2], starts[::2]):
        for start in some:
            found = curve(*_both(segment, tracks, float(start), float(start) + seconds))
            signed, sizes = signed + found, sizes + np.abs(found)
            alone, clear = peak(np.abs(found))
            own += [alone] if clear >= CLEAR_ALONE else []
        late, z = peak(sizes)
        if z >= CLEAR:
            break
    else:
        return _Locked(segment, 1.0, False)
    middle = len(signed) // 2 + round(late * RATE)
    near = signed[max(0, middle - 2) : middle + 3]
    figures = {**segment.evidence.get("sound", {}), "phase": round(z, 1)}
    moved = replace(
        segment,
        original_start=segment.original_start - late,
        error_ms=max(min(segment.error_ms, ERROR_MS), _scatter_ms(own, late)),
        evidence={**segment.evidence, "sound": figures},
    )
    if moved.original_start < 0.0:
        moved = replace(moved, dub_start=moved.dub_start - moved.original_start / moved.rate, original_start=0.0)
    return _Locked(moved, float(np.sign(near[np.abs(near).argmax()])), True)


def _scatter_ms(own: Sequence[float], late: float) -> float:
    """How far (milliseconds) nearly all windows that are clear by themselves lie from the common place; 0 without any."""
    return 1000 * float(np.quantile(np.abs(np.array(own) - late), 0.95)) if own else 0.0


def _both(segment: Segment, tracks: Tracks, start: float, end: float) -> tuple[Samples, Samples]:
    """The original and the dub between two moments of the dub, as ``segment`` places them."""
    return tracks.own(Span(segment.at(start), segment.at(end))), tracks.dub(Span(start, end), segment.rate)


def _nats(locked: _Locked, tracks: Tracks, start: float, end: float) -> Floats:
    """(n + 1,) nats for the segment summed up from ``start`` (the dub's clock), an element every :data:`BLOCK` at its pace."""
    found = likeness(*_both(locked.segment, tracks, start, end), locked.sign)
    return np.concatenate([[0.0], np.cumsum(found)])


def _at_edge(locked: _Locked, tracks: Tracks, *, end: bool) -> _Locked:
    """As :class:`_Locked` says for the last (or first) windows alone, where what is left of the speed may have moved the phase."""
    segment = locked.segment
    seconds = min(WINDOW, segment.dub_end - segment.dub_start)
    for k in range(N_EDGE):
        start = segment.dub_end - (k + 1) * seconds if end else segment.dub_start + k * seconds
        if not segment.dub_start - BLOCK <= start <= segment.dub_end - seconds + BLOCK:
            break
        late, z = peak(np.abs(curve(*_both(segment, tracks, start, start + seconds))))
        if z >= CLEAR and abs(late) <= DRIFTED:
            return replace(locked, segment=replace(segment, original_start=segment.original_start - late))
    return replace(locked, known=False)


def _joined(a: _Locked, b: _Locked, tracks: Tracks) -> tuple[_Locked, _Locked]:
    """Both with the join between them where the phase puts it; a gap in both files only becomes smaller."""
    before, after = _at_edge(a, tracks, end=True), _at_edge(b, tracks, end=False)
    if not (before.known and after.known):
        return a, b
    first, second = a.segment, b.segment
    rate = first.rate
    gap = (
        max(0.0, (first.original_end - first.dub_end * rate) - (second.original_start - second.dub_start * rate)) / rate
    )
    free = second.dub_start - first.dub_end - gap
    if free > CLOSED:
        return _into_gap((a, before), (b, after), tracks, gap)
    low = max(first.dub_start, first.dub_end - REACH)
    high = min(second.dub_end - gap, first.dub_end + REACH)
    if high - low < 2 * BLOCK:
        return a, b
    upto_a, upto_b = _nats(before, tracks, low, high), _nats(after, tracks, low + gap, high + gap)
    value = _difference(upto_a, upto_b)
    n = len(value)
    now = min(n - 1, max(0, round((first.dub_end - low) * rate / BLOCK)))
    good = _better(value, now, GAIN if gap > SMALL_GAP else GAIN_NEAR)
    if now in good:
        return a, b
    loud = np.maximum(_loudness(tracks, low, high, rate, n), _loudness(tracks, low + gap, high + gap, rate, n))
    at = low + float(good[loud[good].argmin()]) * BLOCK / rate
    return _ending(a, at), _beginning(b, at + gap)


def _better(value: Floats, now: int, enough: float = GAIN) -> NDArray[np.int64]:
    """The places where ``value`` is as good as highest, if that is clearly higher than ``now``; near there less will do."""
    near = round(CLOSED / BLOCK)
    low = max(0, now - near)
    for start, part, gain in ((0, value, enough), (low, value[low : now + near + 1], GAIN_NEAR)):
        if part.max() - value[now] >= gain:
            return np.flatnonzero(part >= part.max() - EQUAL) + start
    return np.array([now])


def _loudness(tracks: Tracks, start: float, end: float, rate: float, n: int) -> Floats:
    """(n,) level of the dub around each :data:`BLOCK` from ``start``: the loudest of a fifth of a second."""
    size = round(BLOCK * RATE)
    heard = np.square(tracks.dub(Span(start, end), rate), dtype=np.float64)
    power = np.pad(heard, (0, max(0, n * size - len(heard))))[: n * size].reshape(n, size).mean(axis=1)
    return np.asarray(ndimage.maximum_filter1d(power, 11))


def _into_gap(
    earlier_one: tuple[_Locked, _Locked], later_one: tuple[_Locked, _Locked], tracks: Tracks, gap: float
) -> tuple[_Locked, _Locked]:
    """Both carried on into the gap between them as far as something is shared; each with what it is at that edge."""
    (a, before), (b, after) = earlier_one, later_one
    end, start = a.segment.dub_end, b.segment.dub_start
    reach = min(start - gap - end, WIDEST)
    later = _best_end(_nats(before, tracks, end, end + reach), end, a.segment.rate, PATIENCE)
    earlier = _best_start(_nats(after, tracks, start - reach, start), start, b.segment.rate, PATIENCE)
    if earlier - later < gap:  # both hold the same moments: the one before keeps them
        earlier = min(start, later + gap)
    if earlier - later - gap < CLOSED and (later, earlier) != (end, start):
        earlier = later + gap
    return _ending(a, later), _beginning(b, earlier)


def _best_end(nats: Floats, start: float, rate: float, patience: int) -> float:
    """How far from ``start`` something is shared without a pause of more than ``patience`` seconds, from the summed ``nats``."""
    second = round(1.0 / BLOCK)
    gained = np.add.reduceat(np.diff(nats), np.arange(0, len(nats) - 1, second)) if len(nats) > 1 else np.zeros(0)
    heard = np.flatnonzero(gained > HEARD)
    wide = np.flatnonzero(np.diff(heard, prepend=-1) > patience)
    heard = heard[: wide[0]] if len(wide) else heard
    reach = nats[: (heard[-1] + 2) * second] if len(heard) else nats[:1]
    best = int(reach.argmax())
    return start + best * BLOCK / rate if reach[best] >= GAIN else start


def _best_start(nats: Floats, start: float, rate: float, patience: int) -> float:
    """The same backwards from ``start``, where ``nats`` end."""
    return start - _best_end(nats[-1] - nats[::-1], 0.0, rate, patience)


def _from_earlier(locked: _Locked, tracks: Tracks) -> _Locked:
    """The first segment begun as early as something is shared."""
    edge = _at_edge(locked, tracks, end=False)
    while edge.known:
        segment = locked.segment
        first = max(0.0, segment.dub_start - segment.original_start / segment.rate)
        low = max(first, segment.dub_start - STEP)
        if segment.dub_start - low < BLOCK:
            return locked
        start = _best_start(_nats(edge, tracks, low, segment.dub_start), segment.dub_start, segment.rate, PATIENCE_ENDS)
        if start - first < CLOSED:
            start = min(first, segment.dub_start)
        if segment.dub_start - start < BLOCK:
            return locked
        locked = _beginning(locked, start)
    return locked


def _until_later(locked: _Locked, tracks: Tracks, durations: tuple[float, float]) -> _Locked:
    """The last segment carried on for as long as something is shared."""
    edge = _at_edge(locked, tracks, end=True)
    while edge.known:
        segment = locked.segment
        last = min(durations[1], segment.dub_end + (durations[0] - segment.original_end) / segment.rate)
        high = min(last, segment.dub_end + STEP)
        if high - segment.dub_end < BLOCK:
            return locked
        end = _best_end(_nats(edge, tracks, segment.dub_end, high), segment.dub_end, segment.rate, PATIENCE_ENDS)
        if last - end < CLOSED:
            end = max(last, segment.dub_end)
        if end - segment.dub_end < BLOCK:
            return locked
        locked = _ending(locked, end)
    return locked


def _ending(locked: _Locked, end: float) -> _Locked:
    return replace(locked, segment=replace(locked.segment, dub_end=end))


def _beginning(locked: _Locked, start: float) -> _Locked:
    segment = locked.segment
    return replace(locked, segment=replace(segment, dub_start=start, original_start=segment.at(start)))
