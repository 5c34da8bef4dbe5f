"""Which part of the picture another shape shows: decided with numbers here, done by ffmpeg in :mod:`pipeline.render.shapes`.

A crop to another shape has one free direction: along ``x`` when the result is narrower than the source, along ``y``
when it is flatter. Within a shot the frame holds still unless the subject leaves it, then it moves like a heavy camera;
it jumps only where the film cuts. Where nothing can be followed, or what is seen is wider than the frame, the whole
picture is shown over a blurred one.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.framing.faces import Box
from pipeline.framing.looking import Axis, Look, look
from pipeline.media.values import MediaInfo
from pipeline.values import Shot, Span

Plan: TypeAlias = list[tuple[float, float]] | Literal["wide"] | None
"""(time, middle) of what is followed over a shot, ``"wide"`` when it does not fit, ``None`` when there is nothing."""
DEAD_ZONE = 0.16
"""The subject may wander this far from the middle, as a share of the frame, before the frame moves."""
STIFFNESS = 3.0
"""Natural frequency of the critically damped camera, 1/s: about one second to arrive."""
TOP_SPEED = 0.9
"""Frames' widths a second."""
WINDOW = 0.8
"""Seconds over which the subject's place is averaged, centred: the camera knows what comes."""
MIN_FOLLOWED = 0.3
"""Share of the time that must show something to follow; under it the whole clip gets bars, for a calm picture."""
MIN_BARS, MIN_EMPTY_BARS = 1.2, 4.0
"""Seconds a shot must last to change to bars on its own: when its subject is too wide, when there is none."""
RIVAL = 0.45
"""A second face counts from this share of the first one's presence on."""
MEMORY = 2.0
"""Seconds a face may be lost and still be the same."""
STRENGTH = 0.004
"""Share of the picture that must move to be a subject."""
STEP = 1 / 25
TOLERANCE = 0.0015


@dataclass(frozen=True, slots=True)
class CropPath:
    """The middle of the frame over time. ``keys`` are (source time, middle as a share of the picture), straight lines
    between, a jump where two keys have the same time; ``size`` is the frame's share of the picture along ``axis``;
    ``bars`` are the stretches that show the whole picture. ``heads`` is where faces are from top to bottom, as shares of
    the source's height, ``None`` without faces."""

    axis: Axis
    size: float
    keys: tuple[tuple[float, float], ...]
    bars: tuple[Span, ...] = field(default=())
    heads: tuple[float, float] | None = None

    def at(self, time: float) -> float:
        """The middle at ``time``."""
        times = [t for t, _ in self.keys]
        after = bisect.bisect_right(times, time)
        if after == 0 or after == len(times):
            return self.keys[min(after, len(times) - 1)][1]
        (t0, a), (t1, b) = self.keys[after - 1], self.keys[after]
        return a + (b - a) * (time - t0) / (t1 - t0)


def geometry(source: float, target: float) -> tuple[Axis, float]:
    """Free direction and share of the picture for a frame of aspect ``target`` in a picture of aspect ``source``."""
    return ("x", target / source) if target <= source else ("y", source / target)


def decide(looks: Sequence[Look], span: Span, shots: Sequence[Shot], axis: Axis, size: float) -> CropPath:
    """The crop path over ``span`` from what was seen; a pure function of its arguments."""
    pieces = _pieces(span, shots)
    plans = [_plan(_within(looks, piece), axis, size) for piece in pieces]
    followed = sum(piece.duration for piece, plan in zip(pieces, plans, strict=True) if plan is not None)
    if size >= 0.999:
        return CropPath(axis, 1.0, ((span.start, 0.5),))
    if followed < MIN_FOLLOWED * span.duration:
        return CropPath(axis, size, ((span.start, 0.5),), (span,))
    keys: list[tuple[float, float]] = []
    bars: list[Span] = []
    for piece, plan in zip(pieces, plans, strict=True):
        if piece.duration >= (MIN_BARS if plan == "wide" else MIN_EMPTY_BARS) and not isinstance(plan, list):
            bars.append(piece)
        keys += _keys(piece, plan if isinstance(plan, list) else [], size)
    return CropPath(axis, size, tuple(keys), tuple(bars))


def _pieces(span: Span, shots: Sequence[Shot]) -> list[Span]:
    edges = {t for s in shots for t in (s.start, s.end) if span.start + 0.05 < t < span.end - 0.05}
    times = [span.start, *sorted(edges), span.end]
    return [Span(a, b) for a, b in itertools.pairwise(times) if b - a > 1e-6] or [span]


def _within(looks: Sequence[Look], span: Span) -> list[Look]:
    return [seen for seen in looks if span.start <= seen.time < span.end]


def _plan(looks: Sequence[Look], axis: Axis, size: float) -> Plan:
    """Where the subject is over a shot, ``"wide"`` when it does not fit, ``None`` when there is none."""
    tracks = _tracks(looks, axis)
    if tracks and len(tracks[0]) >= max(1, 0.25 * len(looks)):
        return _faces_plan(tracks, size)
    moving = [(s.time, s.motion) for s in looks if s.motion is not None and s.motion.strength > STRENGTH]
    if len(moving) < max(2, 0.3 * len(looks)):
        return None
    if float(np.median([m.spread for _, m in moving])) > 1.1 * size:
        return None
    return [(t, m.centre) for t, m in moving]


def _faces_plan(tracks: list[list[tuple[float, Box]]], size: float) -> Plan:
    main = tracks[0]
    rivals = [t for t in tracks[1:] if _presence(t) >= RIVAL * _presence(main)]
    if not rivals:
        return [(time, box.x) for time, box in main]
    together = [main, *rivals]
    low = min(float(np.median([b.x - b.width / 2 for _, b in t])) for t in together)
    high = max(float(np.median([b.x + b.width / 2 for _, b in t])) for t in together)
    if high - low > 0.95 * size:
        return "wide"
    return [(time, (low + high) / 2) for time, _ in main]


def _presence(track: Sequence[tuple[float, Box]]) -> float:
    """How much of a subject a face is: seen often, large, surely recognised."""
    return float(sum(box.area**0.5 * box.score for _, box in track))


def _tracks(looks: Sequence[Look], axis: Axis) -> list[list[tuple[float, Box]]]:
    """The same face over time (nearest within one and a half widths), most present first; ``x`` is the free direction."""
    tracks: list[list[tuple[float, Box]]] = []
    for seen in looks:
        free = [b if axis == "x" else replace(b, x=b.y, y=b.x, width=b.height, height=b.width) for b in seen.faces]
        for box in free:
            near = [
                (apart, number)
                for number, track in enumerate(tracks)
                if 0 < seen.time - track[-1][0] < MEMORY and (apart := _apart(track[-1][1], box)) < 1.5
            ]
            if near:
                tracks[min(near)[1]].append((seen.time, box))
            else:
                tracks.append([(seen.time, box)])
    return sorted(tracks, key=_presence, reverse=True)


def _apart(a: Box, b: Box) -> float:
    return max(abs(a.x - b.x) / max(a.width, b.width), abs(a.y - b.y) / max(a.height, b.height))


def _keys(piece: Span, seen: Sequence[tuple[float, float]], size: float) -> list[tuple[float, float]]:
    low, high = size / 2, 1 - size / 2
    if not seen:
        return [(piece.start, 0.5), (piece.end, 0.5)]
    times = np.arange(piece.start, piece.end + STEP / 2, STEP)
    subject = _steady(times, np.array([t for t, _ in seen]), np.array([c for _, c in seen]))
    frame = np.clip(camera(np.clip(subject, low, high), size), low, high)
    keys = simplified(times, frame)
    return [*keys[:-1], (piece.end, keys[-1][1])]


def _steady(times: NDArray[np.float64], at: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The subject's place at ``times``: a median of three against outliers, straight lines, a centred average."""
    if len(places) >= 3:
        inner = np.median(np.stack([places[:-2], places[1:-1], places[2:]]), axis=0)
        places = np.concatenate([places[:1], inner, places[-1:]])
    subject = np.interp(times, at, places)
    n = max(1, round(WINDOW / STEP) | 1)
    padded = np.pad(subject, n // 2, mode="edge")
    return np.asarray(np.convolve(padded, np.full(n, 1 / n), mode="valid"))


def camera(subject: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """The middle of a frame of ``size`` that follows ``subject`` (both shares of the picture, a value every 1/25 s).

    Still when one place keeps the subject inside the dead zone; else a critically damped spring pulled by what leaves.
    """
    zone = DEAD_ZONE * size
    low, high = float(subject.min()), float(subject.max())
    if high - low <= 2 * zone:
        return np.full_like(subject, float(np.median(subject)) if high - low <= zone else (low + high) / 2)
    found = np.empty_like(subject)
    place, speed, moving = float(subject[: round(0.5 / STEP)].mean()), 0.0, False
    for i, target in enumerate(subject):
        away = float(target) - place
        moving = abs(away) > zone or (moving and abs(away) > 0.15 * zone)
        pull = away if moving else 0.0
        speed += (STIFFNESS**2 * pull - 2 * STIFFNESS * speed) * STEP
        speed = float(np.clip(speed, -TOP_SPEED * size, TOP_SPEED * size))
        place += speed * STEP
        found[i] = place
    return found


def simplified(times: NDArray[np.float64], values: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Corners of few straight lines that stay within ``TOLERANCE`` of the curve (Ramer, Douglas, Peucker)."""
    keep, todo = {0, len(times) - 1}, [(0, len(times) - 1)]
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        line = np.interp(times[a : b + 1], [times[a], times[b]], [values[a], values[b]])
        worst = int(np.argmax(np.abs(values[a : b + 1] - line)))
        if abs(values[a + worst] - line[worst]) > TOLERANCE:
            keep.add(a + worst)
            todo += [(a, a + worst), (a + worst, b)]
    return [(float(times[i]), float(values[i])) for i in sorted(keep)]


def follow(info: MediaInfo, span: Span, aspect: float, shots: Sequence[Shot] = ()) -> CropPath:
    """The crop path that shows ``span`` of a file in shape ``aspect`` (width / height); looks at the file.

    Without ``shots`` the film's cuts are found while looking.
    """
    assert info.video is not None
    axis, size = geometry(info.video.display_width / max(1, info.video.display_height), aspect)
    if size >= 0.98:
        return CropPath(axis, 1.0, ((span.start, 0.5),))
    looks, found = look(info, span, axis, find_cuts=not shots)
    return replace(decide(looks, span, shots or found, axis, size), heads=heads(looks))


def heads(looks: Sequence[Look]) -> tuple[float, float] | None:
    """Where faces are from top to bottom (shares of the height, hair and chin included), most of the time."""
    found = [box for seen in looks for box in seen.faces[:2]]
    if not found:
        return None
    tops, bottoms = ([b.y + way * b.height for b in found] for way in (-0.9, 0.7))
    return float(np.percentile(tops, 20)), float(np.percentile(bottoms, 80))
