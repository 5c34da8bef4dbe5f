"""Which sentences to keep: the key moments of a clip, the duration that serves it, several moments joined, cutting by text.

Pure: sentences and their worth in, a :class:`pipeline.values.Timeline` out. Cuts always fall between sentences, in the pause
where there is one; cuts that touch on the result's clock are cross-faded by the renderer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadRequest
from pipeline.values import Cut, Sentence, Span, Timeline
from reelify.values import Point

LEAD_IN, FADE_OUT = 0.15, 0.35
"""Silence kept before the first and after the last word of a cut, seconds; less where the neighbour speaks sooner."""
CROSSFADE = 0.08
"""Seconds two joined moments overlap: long enough against a click, too short to be seen."""
MERGE_GAP = 1.0
"""Moments closer than this (seconds) are one: cutting a breath out costs more than it saves."""
DULL_SHARE = 0.5
"""A sentence belongs to a moment from this share of the mean worth a second on."""
SHORTEST_MOMENT = 2.0


@dataclass(frozen=True, slots=True)
class KeyMoment:
    """Sentences ``first``…``last`` (indices, inclusive), when they are said, and what they are worth together."""

    first: int
    last: int
    span: Span
    worth: float

    @property
    def density(self) -> float:
        return self.worth / max(0.5, self.span.duration)


def worth_of(sentences: Sequence[Sentence], points: Sequence[Point], clock: float = 0.0) -> NDArray[np.float64]:
    """Points earned in each sentence, (n,). ``clock`` is where the points' time 0 lies on the sentences' clock.

    Points of the whole passage (length, duration, completeness) belong to no sentence and are left out.
    """
    out = np.zeros(len(sentences))
    starts = np.array([s.start for s in sentences])
    for point in points:
        if point.part in ("length", "duration", "completeness") or not len(starts):
            continue
        index = int(np.searchsorted(starts, point.start + clock + 1e-6, side="right")) - 1
        out[max(0, index)] += point.points
    return out


def best_run(
    sentences: Sequence[Sentence],
    worth: Sequence[float] | NDArray[np.float64],
    min_duration: float,
    max_duration: float,
) -> KeyMoment | None:
    """The run of whole sentences of ``min_duration`` to ``max_duration`` seconds with the most worth for its length.

    Worth less the mean worth of the time spent is maximised, so a run grows while what it takes in is better than average.
    Where no run is long enough the longest that fits is given; ``None`` where not even one sentence fits.
    """
    fitting = [m for m in _runs(sentences, worth) if m.span.duration <= max_duration]
    long_enough = [m for m in fitting if m.span.duration >= min_duration]
    if not long_enough:
        return max(fitting, key=lambda m: (m.span.duration, m.worth, -m.first), default=None)
    whole = sum(float(w) for w in worth) / max(0.5, sum(s.end - s.start for s in sentences))
    return max(long_enough, key=lambda m: (round(m.worth - whole * m.span.duration, 9), -m.span.duration, -m.first))


def _runs(sentences: Sequence[Sentence], worth: Sequence[float] | NDArray[np.float64]) -> list[KeyMoment]:
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(worth, dtype=np.float64))])
    return [
        KeyMoment(i, j, Span(sentences[i].start, sentences[j].end), float(sums[j + 1] - sums[i]))
        for i in range(len(sentences))
        for j in range(i, len(sentences))
    ]


def key_moments(sentences: Sequence[Sentence], worth: Sequence[float] | NDArray[np.float64]) -> tuple[KeyMoment, ...]:
    """The stretches with the most potential, best first: neighbouring sentences that are worth more a second than half the
    mean, joined over gaps shorter than :data:`MERGE_GAP`."""
    values = np.asarray(worth, dtype=np.float64)
    lengths = np.array([max(0.3, s.end - s.start) for s in sentences])
    if not len(values) or values.sum() <= 0:
        return ()
    bar = DULL_SHARE * values.sum() / lengths.sum()
    good = [i for i in range(len(sentences)) if values[i] / lengths[i] >= bar and values[i] > 0]
    moments: list[KeyMoment] = []
    for i in good:
        here = KeyMoment(i, i, sentences[i].span, float(values[i]))
        if moments and moments[-1].last == i - 1 and here.span.start - moments[-1].span.end <= MERGE_GAP:
            last = moments.pop()
            here = KeyMoment(last.first, i, Span(last.span.start, here.span.end), last.worth + here.worth)
        moments.append(here)
    return tuple(sorted(moments, key=lambda m: (-round(m.density, 9), m.first)))


def compile_moments(
    source: str,
    sentences: Sequence[Sentence],
    worth: Sequence[float] | NDArray[np.float64],
    limits: tuple[float, float],
) -> Timeline:
    """Several key moments joined into one clip, in the order they were said, within ``limits`` (seconds, min and max).

    The best moments are taken while they fit; if they are too short together, sentences before and after them follow by
    worth. One moment long enough stays one cut. Nothing said gives an empty timeline.
    """
    low, high = limits
    chosen: set[int] = set()
    for moment in key_moments(sentences, worth):
        wanted = chosen | set(range(moment.first, moment.last + 1))
        if moment.span.duration >= SHORTEST_MOMENT and _length(source, sentences, wanted) <= high:
            chosen = wanted
    if not chosen:
        run = best_run(sentences, worth, low, high)
        chosen = set(range(run.first, run.last + 1)) if run else set()
    while chosen and _length(source, sentences, chosen) < low:
        grown = _grown(source, sentences, np.asarray(worth, dtype=np.float64), chosen, high)
        if grown is None:
            break
        chosen.add(grown)
    return cut_by_text(source, sentences, sorted(chosen)) if chosen else Timeline((), crossfade=CROSSFADE)


def _length(source: str, sentences: Sequence[Sentence], chosen: set[int]) -> float:
    return cut_by_text(source, sentences, sorted(chosen)).duration


def _grown(
    source: str, sentences: Sequence[Sentence], worth: NDArray[np.float64], chosen: set[int], high: float
) -> int | None:
    """The neighbour of what is chosen worth most, that still fits; ties go to what follows, then to the earlier."""
    near = sorted({i + step for i in chosen for step in (-1, 1)} - chosen)
    fitting = [i for i in near if 0 <= i < len(sentences) and _length(source, sentences, chosen | {i}) <= high]
    return max(fitting, key=lambda i: (round(float(worth[i]), 9), i - 1 in chosen, -i), default=None)


def cut_by_text(
    source: str, sentences: Sequence[Sentence], indices: Iterable[int], *, duration: float | None = None
) -> Timeline:
    """The sentences at ``indices``, in the order given, each with a little silence around it; neighbours become one cut.

    ``duration`` is the end of the file, where it is known.

    Raises:
        BadRequest: an index that does not exist.
    """
    wanted = list(indices)
    bad = [i for i in wanted if not 0 <= i < len(sentences)]
    if bad:
        raise BadRequest("error.no_such_sentence", index=bad[0], n=len(sentences))
    runs: list[list[int]] = []
    for index in wanted:
        if runs and index == runs[-1][-1] + 1 and sentences[index].start - sentences[index - 1].end <= MERGE_GAP:
            runs[-1].append(index)
        else:
            runs.append([index])
    spans = [_padded(sentences, run[0], run[-1], duration) for run in runs]
    return join(source, spans)


def _padded(sentences: Sequence[Sentence], first: int, last: int, duration: float | None) -> Span:
    """The run with its lead-in and fade-out, never past the middle of the pause to the neighbour."""
    begin, end = sentences[first].start, sentences[last].end
    before = (sentences[first - 1].end + begin) / 2 if first else 0.0
    after = (end + sentences[last + 1].start) / 2 if last + 1 < len(sentences) else (duration or end + FADE_OUT)
    return Span(max(min(before, begin), begin - LEAD_IN, 0.0), max(end, min(after, end + FADE_OUT)))


def join(source: str, spans: Sequence[Span], crossfade: float = CROSSFADE) -> Timeline:
    """Spans of one file one after the other, touching; empty ones are left out."""
    cuts: list[Cut] = []
    at = 0.0
    for span in spans:
        if span.duration > 0:
            cuts.append(Cut(source, span, at))
            at += span.duration
    shortest = min((c.span.duration for c in cuts), default=0.0)
    return Timeline(tuple(cuts), crossfade=min(crossfade, shortest / 2) if len(cuts) > 1 else 0.0)


def nudge(
    plan: Timeline, index: int, *, start: float = 0.0, end: float = 0.0, duration: float | None = None
) -> Timeline:
    """Moves the start and end of cut ``index`` by seconds (negative is earlier); what follows moves along.

    Boundaries stay inside the file (0…``duration``) and a cut keeps at least a tenth of a second.

    Raises:
        BadRequest: there is no such cut.
    """
    if not 0 <= index < len(plan.cuts):
        raise BadRequest("error.no_such_cut", index=index, n=len(plan.cuts))
    cut = plan.cuts[index]
    limit = duration if duration is not None else float("inf")
    new_end = min(max(cut.span.end + end, 0.1), limit)
    new_start = min(max(cut.span.start + start, 0.0), new_end - 0.1)
    moved = replace(cut, span=Span(new_start, max(new_end, new_start + 0.1)))
    shift = moved.end - cut.end
    later = tuple(replace(c, at=c.at + shift) for c in plan.cuts[index + 1 :])
    return replace(plan, cuts=(*plan.cuts[:index], moved, *later))
