"""Where one line of a dub ends and the next begins, by what both share in single cells of time and frequency (see
:mod:`syncdub.exact.cells`): between the last moment that only the one before holds and the first that only the next does.

Where nobody can know, because people speak there over nothing, the dub's own sound is asked where it breaks off, and how wide the doubt is
goes with the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.lanes import in_lanes
from pipeline.values import Span, runs
from syncdub.exact.boundaries import breaks
from syncdub.exact.hush import missed, waited
from syncdub.exact.phase import BLOCK, RATE, Floats
from syncdub.reading.bridging import begun_at, doubted, ended, is_known, line_beside
from syncdub.reading.hearing import Heard, hear
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

REACH = 12.0
"""A join is looked for this far (seconds) on either side of where it is …"""
WIDEST = 60.0
"""… and through gaps of at most this length."""
GAIN = 8.0
"""Nats that carry an end on: what shares nothing gains less than one by chance."""
RECENT, CLEARLY = 5.0, 0.5
"""Seconds beside a join that show how long a line's pauses are, and nats from which a block of it is heard."""
STAYS, NEAR = 6.0, 0.1
"""What the place found by other means counts (nats), and how exact (standard deviation, seconds) it is."""
BROKEN, SHARPEST, FINER, BEYOND = 2.0, 4.0, 10, 4
"""What a break in the dub's sound counts (nats) as far as it is no sharper than syllables are, how many moments of a block are
asked for one, and blocks beyond the first and last that are heard."""
EQUAL = 3.0
"""Places whose sums differ by less (nats) are equally good."""
CLOSED = 0.5
"""Seconds that a gap in both files must last; a shorter one is none."""
SAME = 0.1
"""Seconds by which two lines must differ to be two."""
PATIENCE = 4
"""Seconds that may hold nothing before what follows on the same line is another matter."""
HELD = 2.0
"""A second that gains so much (nats) is shared."""
BARE, TIMES = 12.0, 3.0
"""A gap in both files of at most so many seconds, in which people speak over nothing, is none where the lines beside it have such
stretches, too, at most so many times shorter: a foreign scene brings its own sound. Seconds do not count in which the film is silent."""
BRIEF = 3.0
"""Seconds between two lines within which nothing speaks for a scene of the dub's own."""
JUMP, UNSURE = 0.25, 0.3
"""Seconds that a join jumps by to be looked at once more, and within which its place may be unknown without a word."""
LOUDER, SOFTER = 6.0, 25.0
"""Decibels by which the pauses of such a gap may be louder than those beside it, and its voices softer."""
PAUSED, SURELY, OVERHANG = 30.0, 4.0, 3.0
"""Seconds beside a gap that show how long a line's pauses are there, nats against a pause from which it is the line's end, and seconds by
which the windows that placed an end may overhang: what is longer is rather talk over nothing that belongs to the line."""
QUIET, LOUD = 0.1, 0.95
"""Quantiles of the level that are pauses and voices."""


@dataclass(frozen=True, slots=True)
class _Join:
    """Two neighbouring lines around their join; ``low``…``high`` (the dub's clock) is where the one before may end, the next then
    begins ``doubled`` seconds later. ``value`` (n,) are the nats for each end."""

    before: Heard
    after: Heard
    low: float
    high: float
    doubled: float
    value: Floats

    def place(self, dub: float) -> int:
        return int(np.clip(round((dub - self.low) / BLOCK), 0, len(self.value) - 1))

    def time(self, place: int) -> float:
        return self.low + place * BLOCK


def joined(a: Segment, b: Segment, tracks: Tracks, *, whole: bool = True) -> tuple[Segment, Segment]:
    """Two neighbours with the join between them where what they share puts it; a gap in both files only becomes smaller. Where it may
    lie at several places it comes to where the dub's sound breaks off. ``whole`` says that nearly all of both files is shared, so that
    a gap over nothing but voices is none."""
    before, after, _ = _decided(a, b, tracks, whole=whole)
    return before, after


def rejoined(
    segments: Sequence[Segment], tracks: Tracks, *, whole: bool = True
) -> tuple[tuple[Segment, ...], list[Span]]:
    """``segments`` with the joins between those whose phase is known as :func:`joined` has them, and what lies within the doubt of one
    as pieces whose error bar is the join's jump; and where (the original's clock) such doubts are."""
    out, left, spans = list(segments[:1]), list(segments[1:]), []
    while left:
        a, b = line_beside(out, last=True), line_beside(left, last=False)
        if _jumps(a, b):
            a, b, doubt = _decided(a, b, tracks, whole=whole)
            out, left = ended(out, a.dub_end), begun_at(left, b.dub_start)
            if doubt.duration > UNSURE:
                spans.append(Span(a.at(doubt.start), a.at(doubt.end)))
                bar = 1000.0 * abs(a.at(b.dub_start) - b.original_start)
                out = doubted(out, Span(doubt.start, a.dub_end), bar)
                left = doubted(left, Span(b.dub_start, b.dub_start + doubt.end - a.dub_end), bar)
        out.append(left.pop(0))
    return tuple(out), spans


def _jumps(a: Segment, b: Segment) -> bool:
    return is_known(a) and is_known(b) and abs(a.at(b.dub_start) - b.original_start) >= JUMP


def _decided(a: Segment, b: Segment, tracks: Tracks, *, whole: bool) -> tuple[Segment, Segment, Span]:
    """As :func:`joined`, and the stretch of the dub in which the join may lie (as the end of the one before)."""
    reach, found = REACH, _listened(a, b, tracks, REACH)
    while found is not None and reach < WIDEST and _touches(found, a, b):
        reach = min(2 * reach, WIDEST)
        found = _listened(a, b, tracks, reach)
    if found is None:
        return a, b, Span(a.dub_end, a.dub_end)
    if b.dub_start - a.dub_end - found.doubled > CLOSED:
        return _gap_closed(a, b, found, tracks, whole=whole)
    good = _good(found)
    away = np.abs(good - round((a.dub_end - found.low) / BLOCK)) * BLOCK
    nats = found.value[good] - np.minimum(away, REACH) + STAYS * np.exp(-np.square(away / NEAR) / 2)
    at = found.time(_likeliest(good, found, tracks, a.rate, nats))
    doubt = Span(found.time(int(good[0])), found.time(int(good[-1])))
    if doubt.duration > BRIEF and not bare(doubt, ((a, found.before), (b, found.after)), tracks, found.doubled):
        return (
            replace(a, dub_end=doubt.start),
            begun(b, doubt.end + found.doubled),
            Span(at, at),
        )  # neither line: a scene of its own
    return replace(a, dub_end=at), begun(b, at + found.doubled), doubt


def _touches(join: _Join, a: Segment, b: Segment) -> bool:
    """Whether the places that are as good as the best reach to an edge beyond which either line goes on."""
    good = _good(join)
    earlier = good[0] == 0 and join.low > a.dub_start
    return bool(earlier or (good[-1] == len(join.value) - 1 and join.high + join.doubled < b.dub_end))


def _listened(a: Segment, b: Segment, tracks: Tracks, reach: float) -> _Join | None:
    doubled = max(0.0, (a.original_end - a.dub_end * a.rate) - (b.original_start - b.dub_start * b.rate)) / a.rate
    if b.dub_start - a.dub_end - doubled > WIDEST:
        return None
    low = max(a.dub_start, a.dub_end - reach)
    high = max(a.dub_end, min(b.dub_end, b.dub_start + reach) - doubled)
    lines = ((a, Span(low, high), True), (b, Span(low + doubled, high + doubled), False))
    before, after = in_lanes(lambda line: hear(line[0], tracks, line[1], end=line[2]), lines)
    if before is None or after is None or high - low < 2 * BLOCK:
        return None
    gains = before.within(low, high) - after.within(low + doubled, high + doubled)
    return _Join(before, after, low, high, doubled, np.concatenate([[0.0], np.cumsum(gains)]))


def _good(join: _Join) -> NDArray[np.int64]:
    """The places around the best one that are as good."""
    best = int(join.value.argmax())
    first, end = next((a, b) for a, b in runs(join.value >= join.value[best] - EQUAL).tolist() if a <= best < b)
    return np.arange(first, end)


def _likeliest(places: NDArray[np.int64], join: _Join, tracks: Tracks, rate: float, nats: Floats) -> int:
    """Of ``places``, which are about as good (``nats``), the one at which the dub breaks off, on the side of the line that was
    heard more of."""
    start, end = join.time(int(places[0])), join.time(int(places[-1]))
    there = join.before.unheard(start, end), join.after.unheard(start + join.doubled, end + join.doubled)
    pauses = waited(there[0]), waited(there[1][::-1])[::-1]
    before = join.before.within(max(start - RECENT, join.before.start), start)
    beyond = join.after.within(end + join.doubled, end + join.doubled + RECENT)[::-1]
    unheard = _unheard(before, pauses[0]) + _unheard(beyond, pauses[1])
    return int(
        places[(nats + unheard + BROKEN * np.minimum(_broken(tracks, start, len(places), rate), SHARPEST)).argmax()]
    )


def _unheard(gains: Floats, blocks: Floats) -> Floats:
    """Logarithm of how probable it is that a line that goes on is not heard for so many ``blocks`` with something to hear, by how long its
    pauses are in ``gains`` (nats, the last block next to the place)."""
    heard = np.flatnonzero(gains > CLEARLY)
    if len(heard) < 2:
        return np.zeros(len(blocks))
    moments = np.arange(heard[-1] + 1)
    waits = np.sort(heard[np.searchsorted(heard, moments)] - moments)
    rarest = 0.5 / (len(waits) + 0.5)
    longer = (len(waits) - np.searchsorted(waits, blocks, side="right") + 0.5) / (len(waits) + 0.5)
    beyond = np.maximum(blocks - waits[-1], 0) / max(float(waits.mean()), 1.0)
    return np.asarray(np.log(np.maximum(longer, rarest)) - beyond, np.float64)


def _broken(tracks: Tracks, start: float, n: int, rate: float) -> Floats:
    """(n,) how sharply the dub breaks off around each :data:`~syncdub.exact.phase.BLOCK` from ``start`` on."""
    hop = round(BLOCK * rate * RATE) // FINER
    # The sound around is heard, too: where it ends, it breaks off.
    span = Span(start - BEYOND * BLOCK, start + (n + BEYOND) * BLOCK)
    found = ndimage.maximum_filter1d(breaks(tracks.dub(span, rate), hop), FINER + 3, mode="nearest")
    return np.asarray(found[np.minimum(FINER * (np.arange(n) + BEYOND), len(found) - 1)], np.float64)


def _levels(tracks: Tracks, span: Span, rate: float, n: int = 0) -> Floats:
    """(n,) decibels of the dub in every :data:`~syncdub.exact.phase.BLOCK` of ``span``."""
    size = round(BLOCK * rate * RATE)
    heard = np.square(tracks.dub(span, rate), dtype=np.float64)
    n = n or len(heard) // size
    power = np.pad(heard, (0, max(0, n * size - len(heard))))[: n * size].reshape(n, size).mean(axis=1)
    return np.asarray(10 * np.log10(power + 1e-10), np.float64)


def _gap_closed(a: Segment, b: Segment, join: _Join, tracks: Tracks, *, whole: bool) -> tuple[Segment, Segment, Span]:
    """Both carried on into the gap between them as far as something is shared; all of it where only people speak there. An end that
    lies where its line would be heard if it went on to there is taken back first."""
    a, b = _withdrawn(a, b, join)
    apart = abs(a.at(b.dub_start) - b.original_start) > SAME
    # On the way to another line all that is shared counts, on the same line only what comes without a pause.
    best = join.time(int(join.value.argmax())) if apart else join.high
    patience = None if apart else PATIENCE
    last = a.dub_end + reached(join.before.within(a.dub_end, best), patience)
    earliest = best + join.doubled if apart else last
    first = b.dub_start - reached(join.after.within(earliest, b.dub_start)[::-1], patience)
    first = max(first, last + join.doubled)
    lines = (a, join.before), (b, join.after)
    doubt = Span(last, last)
    if first - last - join.doubled < CLOSED or (
        whole and bare(Span(last, first - join.doubled), lines, tracks, join.doubled)
    ):
        doubt = Span(last, first - join.doubled)
        places = np.arange(join.place(last), join.place(first - join.doubled) + 1)
        last = join.time(_likeliest(places, join, tracks, a.rate, np.zeros(len(places))))
        first = last + join.doubled
    return replace(a, dub_end=last), begun(b, first), doubt


def _withdrawn(a: Segment, b: Segment, join: _Join) -> tuple[Segment, Segment]:
    """Both without what lies beyond the last that is heard of the one, and before the first that is heard of the other, where such a
    pause is none of theirs."""
    start, end = max(a.dub_start, a.dub_end - PAUSED), min(b.dub_end, b.dub_start + PAUSED)
    later = _unlikely(join.before.within(start, a.dub_end), join.before.unheard(start, a.dub_end)) * BLOCK
    first = join.after.within(b.dub_start, end)[::-1], join.after.unheard(b.dub_start, end)[::-1]
    earlier = _unlikely(*first) * BLOCK
    return replace(a, dub_end=a.dub_end - later), begun(b, b.dub_start + earlier)


def _unlikely(gains: Floats, silence: Floats) -> int:
    """How many blocks at the end of ``gains`` (nats) are unheard, if such a pause is too unlikely by what each counts; else none."""
    heard = np.flatnonzero(gains > CLEARLY)
    last = int(heard[-1]) if len(heard) else -1
    quiet = len(gains) - 1 - last
    if last < 0 or not CLOSED <= quiet * BLOCK <= OVERHANG:
        return 0
    return quiet if _unheard(gains[: last + 1], waited(silence[last + 1 :])[-1:])[0] < -SURELY else 0


def reached(gains: Floats, patience: float | None) -> float:
    """How far (seconds) from an edge something is shared, by what is gained in each block, without a pause longer than ``patience``."""
    second = round(1.0 / BLOCK)
    by_second = np.add.reduceat(gains, np.arange(0, len(gains), second)) if len(gains) else np.zeros(0)
    held = np.flatnonzero(by_second > HELD)
    if patience is not None:
        wide = np.flatnonzero(np.diff(held, prepend=-1) > patience)
        held = held[: wide[0]] if len(wide) else held
    total = np.concatenate([[0.0], np.cumsum(gains[: (held[-1] + 1) * second] if len(held) else gains[:0])])
    best = int(total.argmax())
    return best * BLOCK if total[best] >= GAIN else 0.0


def bare(gap: Span, beside: Sequence[tuple[Segment, Heard]], tracks: Tracks, doubled: float = 0.0) -> bool:
    """Whether only people speak in ``gap`` (the dub's clock), as they do elsewhere on the lines ``beside`` it: one that goes on through it,
    or two of which the next begins ``doubled`` seconds after the one before has ended."""
    longest = max(_longest_unheard(heard) for _, heard in beside)
    parts = [heard.unheard(gap.start + k * doubled, gap.end + k * doubled) for k, (_, heard) in enumerate(beside)]
    least = missed(*parts).min() if len(parts) > 1 else parts[0].sum()
    if least > min(BARE, TIMES * longest):
        return False
    rate = beside[0][0].rate
    here = np.quantile(_levels(tracks, gap, rate), (QUIET, LOUD))
    there = [np.quantile(_levels(tracks, heard.learnt, rate), (QUIET, LOUD)) for _, heard in beside]
    pauses, talk = (max(float(x[k]) for x in there) for k in (0, 1))
    return bool(here[0] <= pauses + LOUDER and here[1] >= talk - SOFTER)


def _longest_unheard(heard: Heard) -> float:
    """Seconds of the longest stretch in which nothing is shared though the line is right."""
    second = round(1.0 / BLOCK)
    gains = heard.within(heard.learnt.start, heard.learnt.end)
    held = ndimage.uniform_filter1d(gains, second) * second > HELD
    return float(np.diff(runs(~held), axis=1).max(initial=0)) * BLOCK


def begun(segment: Segment, start: float) -> Segment:
    """``segment`` from ``start`` (the dub's clock) on."""
    return replace(segment, dub_start=start, original_start=segment.at(start))
