"""Reframing as an editor has it: how large a clip is drawn and where its middle is, frame by frame where that changes.

A crop that fills the result is a scale and a shift; our crop paths become keyframes of the shift. A stretch that shows the whole picture
over a blurred one has no such form: it is shown filled, at the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.editors.values import Handover, Placed, picture_start, shown_size
from pipeline.framing.framing import CropPath
from pipeline.render.shapes import EYES

MIDDLE = 0.5
STILL = 0.0004
"""Shares of the picture under which two places are one."""


@dataclass(frozen=True, slots=True)
class Key:
    """At ``frame`` of the source (in frames of the result) its middle is ``x``, ``y`` pixels right of and under the result's."""

    frame: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Move:
    """``scale`` times its own pixels, ``fills`` the result (cropped) or fits into it; ``keys`` where it is, one where it holds still."""

    scale: float
    fills: bool
    keys: tuple[Key, ...]
    zoom: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether nothing is done but fitting it in."""
        return not self.fills and self.zoom == 1.0


def move_of(given: Handover, one: Placed) -> Move:
    """How a cut is drawn."""
    (width, height), (wide, high) = shown_size(given, one.cut.source), given.size
    path, zoom = given.crops.get(one.number), one.cut.zoom
    fit = (max if path else min)(wide / width, high / height)
    drawn = (width * fit * zoom, height * fit * zoom)
    down = high * (MIDDLE - EYES) * (zoom - 1.0)
    if path is None:
        return Move(fit * zoom, False, (Key(one.first, 0.0, down),), zoom)
    keys = []
    for frame, middle in _held(given, one, path):
        shift = MIDDLE - middle
        keys.append(
            Key(frame, shift * drawn[0], down) if path.axis == "x" else Key(frame, 0.0, shift * drawn[1] + down)
        )
    return Move(fit * zoom, True, tuple(keys), zoom)


def _held(given: Handover, one: Placed, path: CropPath) -> list[tuple[int, float]]:
    """(source frame, middle) from the cut's first frame to its last; a jump lies between two neighbouring frames."""
    start, rate = picture_start(given, one.cut), Fraction(one.cut.rate)
    last = one.first + round(one.length / rate) - 1
    found: dict[int, float] = {one.first: middle_at(path, start + one.first / float(given.fps))}
    for before, after in pairwise(path.keys):
        frame = round(Fraction(after[0] - start) * given.fps)
        if after[0] - before[0] < 1e-6 and one.first < frame <= last:  # a jump
            found[frame - 1] = before[1] if frame - 1 > one.first else found[one.first]
            found[frame] = after[1]
        elif one.first < frame < last:
            found[frame] = after[1]
    found.setdefault(last, middle_at(path, start + last / float(given.fps)))
    keys = sorted(found.items())
    return keys[:1] if all(abs(m - keys[0][1]) < STILL for _, m in keys) else _thinned(keys)


def _thinned(keys: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Keys without those that lie on the line between their neighbours."""
    kept = keys[:1]
    for this, following in pairwise(keys[1:]):
        (f0, m0), (f1, m1), (f2, m2) = kept[-1], this, following
        if abs(m0 + (m2 - m0) * (f1 - f0) / (f2 - f0) - m1) >= STILL:
            kept.append(this)
    return [*kept, keys[-1]]


def middle_at(path: CropPath, time: float) -> float:
    """The middle of the frame at a source time; after a jump where two keys have that time."""
    keys = path.keys
    for (t0, a), (t1, b) in zip(reversed(keys[:-1]), reversed(keys[1:]), strict=True):
        if time >= t1:
            return b
        if time >= t0:
            return a + (b - a) * (time - t0) / (t1 - t0) if t1 > t0 else b
    return keys[0][1]
