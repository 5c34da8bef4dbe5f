"""Small losses and slow wander followed by phase: segments that differ a little, or whose windows do not agree, become the stretches
of the dub's course (see :mod:`syncdub.exact.tracing`), each with an error bar of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.lanes import in_lanes
from pipeline.values import Span
from syncdub.exact.phase import BLOCK, RATE, Floats, likeness
from syncdub.exact.speed import KNOWN
from syncdub.exact.tracing import CLOSE, Course, Stretch, leaves_line, stretches
from syncdub.reading.courses import LOSSES, Chain, astray, best_course, clearest_rate, course_of
from syncdub.reading.hearing import hear
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment

N_ROUNDS, ADVANCED = 4, 5.0
"""How often a chain that reaches further by so many seconds is traced anew, from where it reaches to."""
SMALL, PAUSE = 0.25, 30.0
"""Segments are traced together whose lines differ by at most this (seconds), after a pause of at most so long."""
FURTHER, BETWEEN = 60.0, 12.0
"""Seconds beyond a chain in which more of it is looked for; pauses of at most so long between what is known are part of it."""
SHORTEST, SAME_RATE = 8.0, 1e-7
DOUBT, SURE = 0.7, 0.98
"""What each known window leaves of the doubt about a stretch; how sure a stretch may be."""
UNSURE = 0.3
"""Seconds within which the place of a step may be unknown without a word."""
EQUAL = 3.0
"""Nats by which another place for a step may be less likely."""
STILL = 0.001
"""Share of a voice's power under which somebody pauses."""
KNOWN_SHARE = 0.5
"""A course is believed of which this share is known."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A segment; ``sign`` is the polarity of what it shares, where it was traced (0 else), ``follows`` says that its beginning is
    the place of a step that was looked for."""

    segment: Segment
    sign: float = 0.0
    follows: bool = False


def traced(segments: Sequence[Segment], tracks: Tracks, rate: float, durations: tuple[float, float]) -> list[Traced]:
    """``segments`` in order, those that wander or step a little replaced by the stretches that follow them.

    ``rate`` is the speed that was found for all of them, ``durations`` those of original and dub in seconds.
    """
    left = _chains(segments)
    out: list[Traced] = []
    while left:
        chain = left.pop(0)
        # What the one before was followed to is its own.
        first = max(0.0, chain[0].dub_start - FURTHER, out[-1].segment.dub_end if out else 0.0)
        next_one = left[0][0].dub_start if left else durations[1]
        within = Span(first, max(chain[-1].dub_end, min(next_one, chain[-1].dub_end + FURTHER)))
        found = _followed(Chain(tuple(chain), rate, within), tracks)
        if left and found[-1].sign and _reaches(found[-1].segment, left[0][0]):
            left[0] = [*(x.segment for x in found), *left[0]]
        else:
            out += found
    return out


def _reaches(a: Segment, b: Segment) -> bool:
    """Whether ``a`` was followed so far that ``b`` belongs to its chain."""
    pause = b.dub_start - a.dub_end
    return pause <= BETWEEN and _apart(a, b) <= SMALL + LOSSES * max(0.0, pause)


def _chains(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Runs of neighbours of which each goes on where the one before would be by then, but for :data:`SMALL` losses."""
    out: list[list[Segment]] = []
    for s in segments:
        pause = s.dub_start - out[-1][-1].dub_end if out else 0.0
        apart = _apart(out[-1][-1], s) if out else 0.0
        if out and pause <= PAUSE and apart <= SMALL + LOSSES * pause and (pause <= SMALL or apart > CLOSE):
            out[-1].append(s)
        else:
            out.append([s])
    return out


def _apart(a: Segment, b: Segment) -> float:
    return abs(b.original_start - a.at(b.dub_start))


def _followed(chain: Chain, tracks: Tracks) -> list[Traced]:
    untouched = [Traced(s) for s in chain.segments]
    if chain.whole.duration < SHORTEST:
        return untouched
    known = next((float(k) for k in KNOWN if abs(chain.rate / float(k) - 1.0) < SAME_RATE), None)
    rate = chain.rate if known is not None else clearest_rate(chain, tracks)
    if len(chain.segments) == 1 and rate == chain.rate and not astray(chain, tracks):
        return untouched
    chain = replace(chain, rate=rate)
    course = best_course(chain, tracks)
    if course.share < KNOWN_SHARE or (len(chain.segments) == 1 and not leaves_line(course)):
        return untouched
    out: list[Traced] = []
    for _ in range(N_ROUNDS):
        spans = _spans(chain, course)
        found = stretches(course, spans[0].start, spans[-1].end, course.hop)
        out = [x for x in _segments(chain, course, found, tracks) for x in _inside(x, spans)]
        longer = replace(chain, segments=tuple(x.segment for x in out))
        if not _goes_on(chain, longer):
            break
        chain, course = longer, course_of(longer, tracks, course.window)
    return out


def _goes_on(before: Chain, after: Chain) -> bool:
    """Whether a chain reaches further than it did, and not yet to the end of where it may."""
    earlier, later = before.whole.start - after.whole.start, after.whole.end - before.whole.end
    more = after.whole.start - after.within.start > ADVANCED, after.within.end - after.whole.end > ADVANCED
    return (earlier > ADVANCED and more[0]) or (later > ADVANCED and more[1])


def _inside(found: Traced, spans: Sequence[Span]) -> list[Traced]:
    """The parts of ``found`` that lie in ``spans``."""
    s = found.segment
    parts = [Span(max(s.dub_start, p.start), min(s.dub_end, p.end)) for p in spans]
    return [
        replace(
            found, segment=replace(_begun(s, p.start), dub_end=p.end), follows=found.follows and p.start == s.dub_start
        )
        for p in parts
        if p.duration > BLOCK
    ]


def _spans(chain: Chain, course: Course) -> list[Span]:
    """What of the dub is placed: what the chain's segments cover and what lies around known windows, united over short pauses."""
    half = course.window / 2
    parts = [Span(s.dub_start, s.dub_end) for s in chain.segments]
    parts += [Span(max(chain.within.start, float(u) - half), min(chain.within.end, float(u) + half)) for u in course.u]
    parts.sort(key=lambda p: p.start)
    out = [parts[0]]
    for part in parts[1:]:
        if part.start - out[-1].end <= BETWEEN:
            out[-1] = Span(out[-1].start, max(out[-1].end, part.end))
        else:
            out.append(part)
    return out


def _segments(chain: Chain, course: Course, found: Sequence[Stretch], tracks: Tracks) -> list[Traced]:
    made = [_segment(chain, s, course) for s in found]
    out: list[Segment] = []
    for k, segment in enumerate(made):
        if k and abs(found[k - 1].after - found[k].before) > CLOSE:
            out[-1:], first = _stepped(out[-1], segment, course, tracks)
            out += first
        else:
            out.append(segment)
    kept = [s for s in out if s.dub_end - s.dub_start > BLOCK]
    return [Traced(s, course.sign, k > 0) for k, s in enumerate(kept)]


def _segment(chain: Chain, stretch: Stretch, course: Course) -> Segment:
    """``stretch`` as a segment, with the figures of the chain's segment that lies there."""
    middle = (stretch.start + stretch.end) / 2
    of = min(chain.segments, key=lambda s: max(s.dub_start - middle, middle - s.dub_end))
    ends = chain.straight(np.array([stretch.start, stretch.end])) - [stretch.before, stretch.after]
    start, rate = float(ends[0]), float(ends[1] - ends[0]) / (stretch.end - stretch.start)
    early = max(0.0, -start)
    n = int(((course.u >= stretch.start) & (course.u <= stretch.end)).sum())
    return replace(
        of, dub_start=stretch.start + early / rate, dub_end=stretch.end, original_start=start + early, rate=rate,
        error_ms=stretch.error_ms, confidence=max(of.confidence, min(SURE, 1.0 - DOUBT**n)),
    )  # fmt: skip


def _stepped(a: Segment, b: Segment, course: Course, tracks: Tracks) -> tuple[list[Segment], list[Segment]]:
    """Both with the step between them where the phase puts it; where it may lie anywhere within a while, that while is a piece of
    its own with the step as its error bar."""
    near = course.u[(course.u > a.dub_start) & (course.u < b.dub_end)]
    before, after = near[near <= a.dub_end], near[near > a.dub_end]
    low = max(a.dub_start, (float(before[-1]) if len(before) else a.dub_end) - course.window / 2)
    high = min(b.dub_end, (float(after[0]) if len(after) else b.dub_start) + course.window / 2)
    jump = (b.at(a.dub_end) - a.at(a.dub_end)) / a.rate
    doubled = max(0.0, -jump)
    good, loud = _places(a, b, (low, high - doubled), doubled, course.sign, tracks)
    at, first, last = (low + float(k) * BLOCK / a.rate for k in (_in_a_pause(good, loud), good[0], good[-1]))
    bar = 1000.0 * abs(jump) + max(a.error_ms, b.error_ms)
    return (
        _divided(replace(a, dub_end=at), first, bar, tail=True),
        _divided(_begun(b, at + doubled), last + doubled, bar, tail=False),
    )


def _places(
    a: Segment, b: Segment, span: tuple[float, float], doubled: float, sign: float, tracks: Tracks
) -> tuple[NDArray[np.int64], Floats]:
    """The blocks from ``span``'s beginning at which the step may lie, and how loud the dub is at each."""
    low, high = span
    later = tracks.dub(Span(low + doubled, high + doubled), b.rate)
    gains = _by_cells(a, b, span, doubled, tracks)
    if not len(gains):
        for_a = likeness(tracks.own(Span(a.at(low), a.at(high))), tracks.dub(Span(low, high), a.rate), sign)
        for_b = likeness(tracks.own(Span(b.at(low + doubled), b.at(high + doubled))), later, sign)
        n = min(len(for_a), len(for_b))
        # Only what is shared counts: where the bed pauses, either line may go on.
        gains = np.maximum(for_a[:n], 0.0) - np.maximum(for_b[:n], 0.0)
    value = np.concatenate([[0.0], np.cumsum(gains)])
    size, n = round(BLOCK * RATE), len(value)
    power = np.square(np.pad(later, (0, max(0, n * size - len(later))))[: n * size], dtype=np.float64)
    return np.flatnonzero(value >= value.max() - EQUAL), power.reshape(n, size).mean(axis=1)


def _by_cells(a: Segment, b: Segment, span: tuple[float, float], doubled: float, tracks: Tracks) -> Floats:
    """(n,) nats for the line of ``a`` against that of ``b`` in the blocks of ``span``, by single cells of both mixes and of what is
    not in their middle; none where too little of either line is known beside it."""
    low, high = span

    def nats(some: Tracks) -> Floats:
        before = hear(replace(a, dub_end=low), some, Span(low, high), end=True)
        after = hear(_begun(b, high + doubled), some, Span(low + doubled, high + doubled), end=False)
        if before is None or after is None:
            return np.zeros(0)
        return before.within(low, high) - after.within(low + doubled, high + doubled)

    found = [x for x in in_lanes(nats, (tracks, tracks.aside)) if len(x)]
    return np.asarray(np.sum(found, axis=0), np.float64) if found else np.zeros(0)


def _in_a_pause(places: NDArray[np.int64], loud: Floats) -> int:
    """The middle one of those ``places`` at which the dub is as good as silent: what is lost while somebody speaks would be heard."""
    still = loud[places] <= max(float(loud[places].min()), STILL * float(np.quantile(loud, 0.95)))
    return int(places[still][int(still.sum()) // 2])


def _begun(segment: Segment, start: float) -> Segment:
    return replace(segment, dub_start=start, original_start=segment.at(start))


def _divided(segment: Segment, at: float, bar: float, *, tail: bool) -> list[Segment]:
    """``segment`` cut at ``at``: what lies beyond (the ``tail``) or before it has the error bar ``bar``."""
    unsure, sure = segment.dub_end - at, at - segment.dub_start
    if not tail:
        unsure, sure = sure, unsure
    if unsure <= UNSURE:
        return [segment]
    if sure <= UNSURE:
        return [replace(segment, error_ms=max(segment.error_ms, bar))]
    parts = [replace(segment, dub_end=at), _begun(segment, at)]
    parts[tail] = replace(parts[tail], error_ms=max(segment.error_ms, bar))
    return parts
