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

import numpy as np
from numpy.typing import NDArray

from pipeline.framing.layouts import Frame, Hand, Layout, by_hand, layout_of
from pipeline.framing.looking import Axis, Look, inset_of, look
from pipeline.media.values import MediaInfo
from pipeline.values import Shot, Span

DEAD_ZONE = 0.16
"""The subject may wander this far from the middle, as a share of the frame, before the frame moves."""
STIFFNESS = 3.0
"""Natural frequency of the critically damped camera, 1/s: about one second to arrive."""
TOP_SPEED = 0.9
"""Frames' widths a second."""
WINDOW = 0.8
"""Seconds over which the subject's place is averaged, centred: the camera knows what comes."""
MIN_BARS = 1.2
"""Seconds a shot must last to change to the whole picture on its own."""
AROUND = 5.0
"""Seconds of a shot beyond the stretch that is shown which take part in its decision: the same shot looks the same in another clip."""
STEP = 1 / 25
TOLERANCE = 0.0015


@dataclass(frozen=True, slots=True)
class CropPath:
    """The middle of the frame over time. ``keys`` are (source time, middle as a share of the picture), straight lines
    between, a jump where two keys have the same time; ``size`` is the frame's share of the picture along ``axis``;
    ``bars`` are the stretches that show the whole picture. ``heads`` is where faces are from top to bottom, as shares of
    the source's height, ``None`` without faces. ``layouts`` is how each shot is shown, and why."""

    axis: Axis
    size: float
    keys: tuple[tuple[float, float], ...]
    bars: tuple[Span, ...] = field(default=())
    heads: tuple[float, float] | None = None
    layouts: tuple[Layout, ...] = field(default=())

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


def decide(
    looks: Sequence[Look], span: Span, shots: Sequence[Shot], frame: Frame, hands: Sequence[Hand] = ()
) -> CropPath:
    """The crop path over ``span`` from what was seen (also a little beyond it); a pure function of its arguments.

    ``hands`` are what somebody decided for shots.
    """
    if frame.size >= 0.999:
        return CropPath(frame.axis, 1.0, ((span.start, 0.5),))
    pieces = _pieces(span, shots)
    layouts = _calm([by_hand(piece, hands) or _layout(looks, piece, span, shots, frame) for piece in pieces])
    keys: list[tuple[float, float]] = []
    for piece, layout in zip(pieces, layouts, strict=True):
        keys += _keys(
            piece, [(t, c) for t, c in layout.seen if piece.start <= t < piece.end] or layout.seen, frame.size
        )
    bars = tuple(one.span for one in layouts if one.kind == "whole")
    return CropPath(frame.axis, frame.size, tuple(keys), bars, layouts=tuple(layouts))


def _layout(looks: Sequence[Look], piece: Span, span: Span, shots: Sequence[Shot], frame: Frame) -> Layout:
    """How a shot is shown that is seen during ``piece``, decided on all that was seen of it."""
    whole = _shot_around(piece, span, shots)
    seen = _within(looks, whole)
    found = layout_of(seen, piece, frame)
    if found.kind == "follow" and found.reason == "one_face" and found.boxes:
        inset = inset_of(seen, found.boxes[0])
        if inset is not None:
            found = layout_of(seen, piece, frame, inset)
    return found


def _calm(layouts: list[Layout]) -> list[Layout]:
    """Without the whole picture for a moment between crops: a short shot shows its centre there."""
    found = []
    for n, one in enumerate(layouts):
        beside = [layouts[i].kind for i in (n - 1, n + 1) if 0 <= i < len(layouts)]
        brief = one.kind == "whole" and one.span.duration < MIN_BARS and beside and "whole" not in beside
        found.append(replace(one, kind="centre", reason="short") if brief else one)
    return found


def _shot_around(piece: Span, span: Span, shots: Sequence[Shot]) -> Span:
    """The part of the shot of ``piece`` that was looked at; shots that ``span`` cuts through go on beyond it."""
    middle = (piece.start + piece.end) / 2
    shot = next((s for s in shots if s.start <= middle < s.end), None)
    if shot is None:
        return piece
    start = max(shot.start, span.start - AROUND) if piece.start <= span.start + 0.05 else piece.start
    end = min(shot.end, span.end + AROUND) if piece.end >= span.end - 0.05 else piece.end
    return Span(min(start, piece.start), max(end, piece.end))


def _pieces(span: Span, shots: Sequence[Shot]) -> list[Span]:
    edges = {t for s in shots for t in (s.start, s.end) if span.start + 0.05 < t < span.end - 0.05}
    times = [span.start, *sorted(edges), span.end]
    return [Span(a, b) for a, b in itertools.pairwise(times) if b - a > 1e-6] or [span]


def _within(looks: Sequence[Look], span: Span) -> list[Look]:
    return [seen for seen in looks if span.start <= seen.time < span.end]


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


def follow(
    info: MediaInfo, span: Span, aspect: float, shots: Sequence[Shot] = (), hands: Sequence[Hand] = ()
) -> CropPath:
    """The crop path that shows ``span`` of a file in shape ``aspect`` (width / height); looks at the file.

    Without ``shots`` the film's cuts are found while looking. ``hands`` are what somebody decided for shots.
    """
    assert info.video is not None
    shown = info.video.display_width / max(1, info.video.display_height)
    axis, size = geometry(shown, aspect)
    if size >= 0.98:
        return CropPath(axis, 1.0, ((span.start, 0.5),))
    wide = _widened(span, shots, info.duration)
    looks, found = look(info, wide, axis, find_cuts=not shots)
    path = decide(looks, span, shots or found, Frame(axis, size, shown, aspect), hands)
    return replace(path, heads=heads(_within(looks, span)))


def _widened(span: Span, shots: Sequence[Shot], duration: float) -> Span:
    """``span`` and a little of the shots that it cuts through."""
    first = next((s for s in shots if s.start <= span.start < s.end), None)
    last = next((s for s in shots if s.start < span.end <= s.end), None)
    start = max(first.start, span.start - AROUND, 0.0) if first else span.start
    end = min(last.end, span.end + AROUND, duration) if last else span.end
    return Span(min(start, span.start), max(end, span.end))


def heads(looks: Sequence[Look]) -> tuple[float, float] | None:
    """Where faces are from top to bottom (shares of the height, hair and chin included), most of the time."""
    found = [box for seen in looks for box in seen.faces[:2]]
    if not found:
        return None
    tops, bottoms = ([b.y + way * b.height for b in found] for way in (-0.9, 0.7))
    return float(np.percentile(tops, 20)), float(np.percentile(bottoms, 80))
