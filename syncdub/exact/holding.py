"""What of a line is held by evidence, and what is only played on because nothing speaks against it.

A scene in which only people speak shares nothing that sound can compare: in a right pair it lies between moments that do, in the
next episode of a series it fills the time around the songs. So a line holds what its windows found, short stretches between two
such, and stretches in which voices begin and stop at the same moments (lips are dubbed in their rhythm). The rest is bare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Span
from syncdub.exact.boundaries import shared_from, shared_until
from syncdub.exact.likeness import Sounds, correlations, soft_evidence
from syncdub.exact.soundmatch import Agreement
from syncdub.exact.timemap import Line

BETWEEN = 45.0
"""Seconds between two found moments of one line that need no evidence of their own."""
OVERHANG = 12.0
"""Seconds at an end of a line that need none: a window sees no nearer to an end, and a phrase may begin there."""
ALIKE = 0.1
"""Mean correlation of features (see :func:`syncdub.exact.likeness.correlations`) that nothing but the same bed reaches."""
RHYTHM_SECONDS, RHYTHM_STEP = 20.0, 0.1
RHYTHM_REACH, RHYTHM_NEAR, RHYTHM_FAR = 12.0, 0.5, 1.5
RHYTHM_Z, RHYTHM_CORRELATION = 2.0, 0.4
"""The loudness of dubbed speech follows the original's with a correlation of 0.54–0.67, two to four spreads above other lags;
other speech reaches 0.3 and 1.6."""
QUIET_RANGE = (10, 95)


def held(line: Line, found: Agreement) -> list[Span]:
    """The parts of ``line`` that evidence holds, at the original's pace, in order."""
    spans = _found(line, found)
    if not spans:
        return []
    out = [spans[0]]
    for span in spans[1:]:
        between = Span(out[-1].end, span.start)
        if between.duration <= BETWEEN or _fits(found.sounds, line, between):
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return _to_the_ends(line, found.sounds, out)


def _to_the_ends(line: Line, sounds: Sounds, spans: list[Span]) -> list[Span]:
    first, last = Span(line.start, spans[0].start), Span(spans[-1].end, line.end)
    if first.duration <= OVERHANG or _fits(sounds, line, first):
        spans[0] = Span(line.start, spans[0].end)
    if last.duration <= OVERHANG or _fits(sounds, line, last):
        spans[-1] = Span(spans[-1].start, line.end)
    return spans


def bare(line: Line, parts: Sequence[Span]) -> list[Span]:
    """What of ``line`` lies outside ``parts``."""
    edges = [line.start, *(t for p in parts for t in (p.start, p.end)), line.end]
    return [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1e-6]


def trimmed(lines: Sequence[Line], found: Agreement) -> tuple[list[Line], list[tuple[Line, Span]]]:
    """The held parts of ``lines`` as lines, and the bare stretches with the line they lie on."""
    kept: list[Line] = []
    left: list[tuple[Line, Span]] = []
    for line in lines:
        parts = held(line, found)
        kept += [replace(line, start=p.start, end=p.end) for p in parts]
        left += [(line, s) for s in bare(line, parts)]
    return kept, left


def _found(line: Line, found: Agreement) -> list[Span]:
    """Where the windows that found the line's place lie, united; their outer ends drawn in to what is shared there."""
    on = found.candidates.pick(found.path)
    near = (on.u + on.width / 2 > line.start) & (on.u - on.width / 2 < line.end)
    near &= np.abs(on.offset - [line.offset_at(float(u)) for u in on.u]) < 0.1
    runs: list[tuple[Span, float, float]] = []
    order = np.argsort(on.u[near] - on.width[near] / 2, kind="stable")
    for u, width in zip(on.u[near][order], on.width[near][order], strict=True):
        span = Span(max(line.start, float(u - width / 2)), min(line.end, float(u + width / 2)))
        if runs and span.start <= runs[-1][0].end:
            before, first, last = runs[-1]
            runs[-1] = (Span(before.start, max(before.end, span.end)), first, width if span.end >= before.end else last)
        else:
            runs.append((span, width, width))
    return [s for run in runs if (s := _drawn_in(line, found.sounds, *run)).duration > 0]


def _drawn_in(line: Line, sounds: Sounds, span: Span, first: float, last: float) -> Span:
    """``span`` without what its ``first`` and ``last`` windows (seconds wide) hang over what is shared."""
    own = replace(line, start=span.start, end=span.end)
    if span.duration <= first + last:
        return _densest(own, sounds, span)
    start = shared_from(sounds, own, span.start, span.start + first) if span.start > line.start else span.start
    end = shared_until(sounds, own, span.end - last, span.end) if span.end < line.end else span.end
    return Span(start, end)


def _densest(line: Line, sounds: Sounds, span: Span) -> Span:
    """The part of ``span`` in which most is shared (the largest sum of evidence)."""
    total = np.concatenate([[0.0], np.cumsum(soft_evidence(sounds, line, span.start, span.end))])
    rise = total - np.minimum.accumulate(total)
    end = int(rise.argmax())
    start = int(total[: end + 1].argmin())
    return Span(float(span.start + start * sounds.step), float(span.start + end * sounds.step))


def _fits(sounds: Sounds, line: Line, span: Span) -> bool:
    """Whether what the dub holds in ``span`` is like the line's place, or spoken in its rhythm, or silent in both."""
    pairs = [(sounds.original, sounds.dub), *([sounds.second] if sounds.second else [])]
    like = [correlations(pair, sounds.step, line, span) for pair in pairs]
    if any(len(x) and float(np.median(x)) >= ALIKE for x in like):
        return True
    if not _sounding(sounds, line, span):
        return True
    return in_rhythm(sounds, line, span)


def _sounding(sounds: Sounds, line: Line, span: Span) -> bool:
    """Whether both files sound for a fifth of ``span``: else there is nothing that could be compared."""
    a, b = round(span.start / sounds.step), round(span.end / sounds.step)
    dub = sounds.level[max(0, a) : b]
    place = round(line.offset_at((span.start + span.end) / 2) / sounds.step)
    own = sounds.original_level[max(0, a + place) : max(0, b + place)]
    return all(len(x) > 0 and float((x > -55.0).mean()) > 0.2 for x in (dub, own))


def in_rhythm(sounds: Sounds, line: Line, span: Span) -> bool:
    """Whether the loudness of both rises and falls together in ``span``, and at no other shift as well."""
    if span.duration < RHYTHM_SECONDS:
        return False
    dub, own = _coarse(sounds.level, sounds.step), _coarse(sounds.original_level, sounds.step)
    first, n = max(0, round(span.start / RHYTHM_STEP)), round(span.duration / RHYTHM_STEP)
    heard = _normal(dub[first : first + n])
    place = first + round(line.offset_at((span.start + span.end) / 2) / RHYTHM_STEP)
    reach = round(RHYTHM_REACH / RHYTHM_STEP)
    lags = [k for k in range(-reach, reach + 1) if place + k >= 0 and place + k + len(heard) <= len(own)]
    scores = np.array([float((heard * _normal(own[place + k : place + k + len(heard)])).mean()) for k in lags])
    away = np.abs(np.array(lags)) * RHYTHM_STEP
    near, far = scores[away <= RHYTHM_NEAR], scores[away > RHYTHM_FAR]
    if not len(near) or len(far) < reach // 2:
        return False
    return bool(near.max() >= RHYTHM_CORRELATION and near.max() - far.mean() >= RHYTHM_Z * far.std())


def _coarse(level: NDArray[np.float32], step: float) -> NDArray[np.float64]:
    size = max(1, round(RHYTHM_STEP / step))
    return np.asarray(level[: len(level) // size * size].reshape(-1, size).mean(axis=1), np.float64)


def _normal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Loudness without its extremes, mean 0 and spread 1."""
    if not len(values):
        return values
    inside = np.clip(values, *np.percentile(values, QUIET_RANGE))
    return np.asarray((inside - inside.mean()) / (inside.std() + 1e-6))
