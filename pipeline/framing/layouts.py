"""How each shot fills another shape: a decision on what was seen, with its reason; pure.

One layout holds for a whole shot. Which it is, is decided by the faces over the shot (who is there for how long, how far apart, how still),
by whether one of them sits in a picture of its own in a corner, and by what moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from pipeline.framing.faces import Box
from pipeline.framing.looking import Inset, Look
from pipeline.values import Span

Kind = Literal["follow", "together", "stack", "inset", "whole", "centre", "hand"]
HandKind = Literal["hand", "follow", "whole", "centre"]
HANDS: tuple[HandKind, ...] = ("hand", "follow", "whole", "centre")
"""What somebody may decide for a shot; ``follow`` leaves the decision."""
RIVAL = 0.45
"""A second face counts from this share of the first one's presence on."""
MEMORY = 2.0
"""Seconds a face may be lost and still be the same."""
SEEN = 0.25
"""Share of the looks that must show a face for it to be the subject."""
STRENGTH = 0.004
"""Share of the picture that must move to be a subject."""
STACKED = 0.9
"""Width to height of a result up to which two people are put above each other: in a wider one each half would be a slit."""
HEAD_ROOM = 3.2
"""Heights of a face box that a stacked part is high: head, shoulders and air."""
CORNER = 0.34
"""Share of the picture from a corner within which the face of a camera in the corner lies."""
SCREEN_SHARE = 0.62
"""Height of the screen's part over the camera's, as a share of the result."""
SPEAKS = 1.25
"""A mouth that moves so many times as much as the other one is the one that speaks."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of the source: middle and size as shares of its width and height."""

    x: float
    y: float
    width: float
    height: float

    def holds(self, box: Box) -> bool:
        """Whether a face lies in it whole."""
        return (
            abs(box.x - self.x) + box.width / 2 <= self.width / 2 + 1e-6
            and abs(box.y - self.y) + box.height / 2 <= self.height / 2 + 1e-6
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """How ``span`` (the source's clock) is shown: ``kind`` because of ``reason`` (a message is ``layout.<reason>``). ``seen`` is what is
    followed, (time, middle along the free direction); ``parts`` are shown above each other, the first ``split`` of the height high.
    ``boxes`` are the faces it is about."""

    span: Span
    kind: Kind
    reason: str
    seen: tuple[tuple[float, float], ...] = field(default=())
    parts: tuple[Rect, ...] = field(default=())
    split: float = 0.5
    boxes: tuple[Box, ...] = field(default=(), repr=False)

    @property
    def heads(self) -> tuple[tuple[float, float], ...]:
        """Where heads are in the result, from top to bottom as shares of its height; of layouts that show a shot's whole height."""
        found = []
        for box in self.boxes:
            low, high = box.y - 0.9 * box.height, box.y + 0.7 * box.height
            if not self.parts:
                found.append((low, high))
            for n, part in enumerate(self.parts):
                if part.holds(box):
                    at, tall = (0.0, self.split) if n == 0 else (self.split, 1 - self.split)
                    top = part.y - part.height / 2
                    found.append(tuple(at + tall * (y - top) / part.height for y in (low, high)))  # type: ignore[arg-type]
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        parts = [[round(v, 4) for v in (p.x, p.y, p.width, p.height)] for p in self.parts]
        found = {
            "start": round(self.span.start, 3),
            "end": round(self.span.end, 3),
            "kind": self.kind,
            "reason": self.reason,
        }
        found |= {"middle": round(float(np.median([c for _, c in self.seen])), 3)} if self.seen and not parts else {}
        return found | ({"parts": parts, "split": round(self.split, 3)} if parts else {})


@dataclass(frozen=True, slots=True)
class Hand:
    """What somebody decided for the time from ``start`` to ``end`` of a source: the ``kind``, and for ``hand`` the frame's ``middle`` along
    its free direction, 0 to 1."""

    start: float
    end: float
    kind: HandKind = "hand"
    middle: float = 0.5


@dataclass(frozen=True, slots=True)
class Frame:
    """What is filled: the free direction ``axis``, the frame's share ``size`` of the picture along it, and both shapes (width / height)."""

    axis: Literal["x", "y"]
    size: float
    source: float
    target: float


Track = list[tuple[float, Box]]


def by_hand(shot: Span, hands: Sequence[Hand]) -> Layout | None:
    """What somebody decided for the middle of ``shot``; the last word counts."""
    middle = (shot.start + shot.end) / 2
    hand = next((h for h in reversed(hands) if h.start <= middle < h.end), None)
    if hand is None or hand.kind == "follow":
        return None
    place = hand.middle if hand.kind == "hand" else 0.5
    return Layout(shot, hand.kind, "hand", ((shot.start, min(1.0, max(0.0, place))),))


def layout_of(looks: Sequence[Look], span: Span, frame: Frame, inset: Inset | None = None) -> Layout:
    """How a shot is shown; ``inset`` is a picture in a corner of it, where one was found."""
    tracks = tracks_of(looks, frame.axis)
    if tracks and len(tracks[0]) >= max(1, SEEN * len(looks)):
        return _of_faces(tracks, looks, span, frame, inset)
    moving = [(s.time, s.motion) for s in looks if s.motion is not None and s.motion.strength > STRENGTH]
    if len(moving) < max(2, 0.3 * len(looks)):
        return Layout(span, "whole", "nothing")
    if float(np.median([m.spread for _, m in moving])) > 1.1 * frame.size:
        return Layout(span, "whole", "wide_motion")
    return Layout(span, "follow", "motion", tuple((t, m.centre) for t, m in moving))


def _of_faces(tracks: list[Track], looks: Sequence[Look], span: Span, frame: Frame, inset: Inset | None) -> Layout:
    main = tracks[0]
    rivals = [t for t in tracks[1:] if presence(t) >= RIVAL * presence(main)]
    if inset is not None and frame.target <= STACKED and not rivals:
        found = _with_camera(main, inset, span, frame)
        if found is not None:
            return found
    if not rivals:
        return Layout(span, "follow", "one_face", tuple((time, box.x) for time, box in main), boxes=(_middle(main),))
    together = [main, *rivals]
    low = min(float(np.median([b.x - b.width / 2 for _, b in t])) for t in together)
    high = max(float(np.median([b.x + b.width / 2 for _, b in t])) for t in together)
    if high - low <= 0.95 * frame.size:
        boxes = tuple(map(_middle, together))
        return Layout(span, "together", "faces_fit", tuple((time, (low + high) / 2) for time, _ in main), boxes=boxes)
    if (
        len(together) == 2
        and frame.axis == "x"
        and frame.target <= STACKED
        and _at_once(together[0], together[1], len(looks))
    ):
        return _stacked(together, span, frame)
    return Layout(span, "whole", "group" if len(together) > 2 else "too_wide")


def _at_once(first: Track, second: Track, n_looks: int) -> bool:
    """Whether both are seen at the same times, not one after the other."""
    both = {time for time, _ in first} & {time for time, _ in second}
    return len(both) >= max(2, 0.4 * min(len(first), len(second))) and len(both) >= 0.2 * n_looks


def _stacked(people: list[Track], span: Span, frame: Frame) -> Layout:
    """Two people above each other: who speaks is above where mouths say it, else who is on the left."""
    order, reason = _speaker_first(people)
    boxes = [_middle(track) for track in order]
    shape = frame.target * 2 / frame.source
    high = min(1.0, max(HEAD_ROOM * max(b.height for b in boxes), 0.35), 1.0 / shape)
    apart = abs(boxes[0].x - boxes[1].x)
    # Neither part shows the other one's face.
    room = 2 * (apart - max(b.width for b in boxes) * 0.6)
    high = min(high, max(room / shape, HEAD_ROOM * 0.55 * max(b.height for b in boxes)))
    parts = tuple(_around(box, high * shape, high) for box in boxes)
    return Layout(span, "stack", reason, parts=parts, boxes=tuple(boxes))


def _speaker_first(people: list[Track]) -> tuple[list[Track], str]:
    left_first = sorted(people, key=lambda t: _middle(t).x)
    mouths = [_mouth(track) for track in left_first]
    if min(mouths) > 0 and max(mouths) >= SPEAKS * min(mouths):
        return (left_first if mouths[0] > mouths[1] else left_first[::-1]), "two_people_mouth"
    return left_first, "two_people"


def _mouth(track: Track) -> float:
    """How much the lower part of a face changes, on average; 0 where it was not measured."""
    moved = [box.mouth for _, box in track if box.mouth is not None]
    return float(np.mean(moved)) if len(moved) >= 3 else 0.0


def _middle(track: Track) -> Box:
    """The median box of a track."""
    values = np.median([(b.x, b.y, b.width, b.height) for _, b in track], axis=0)
    return Box(*(float(v) for v in values))


def _around(box: Box, width: float, height: float) -> Rect:
    """A part of the picture with a head in its upper middle, inside the picture."""
    y = box.y + 0.08 * height
    return Rect(
        float(np.clip(box.x, width / 2, 1 - width / 2)), float(np.clip(y, height / 2, 1 - height / 2)), width, height
    )


def _with_camera(face: Track, inset: Inset, span: Span, frame: Frame) -> Layout | None:
    """The screen above and the camera from its corner below, where the face lies in ``inset`` all the time."""
    box = _middle(face)
    spread = max(float(np.ptp([b.x for _, b in face])), float(np.ptp([b.y for _, b in face])))
    camera = Rect(inset.x, inset.y, inset.width, inset.height)
    in_corner = min(box.x, 1 - box.x) < CORNER and min(box.y, 1 - box.y) < CORNER
    if not (in_corner and camera.holds(box)) or spread > max(inset.width, inset.height):
        return None
    lower = frame.target / (1 - SCREEN_SHARE) / frame.source
    low = _fitting(camera, lower, box)
    upper = frame.target / SCREEN_SHARE / frame.source
    high = min(1.0, 1.0 / upper)
    width = high * upper
    left = 0.5 if width > 0.98 else float(np.clip(0.5 + (0.5 - inset.x) * 0.5, width / 2, 1 - width / 2))
    parts = (Rect(left, 0.5, width, high), low)
    return Layout(span, "inset", "camera_in_corner", parts=parts, split=SCREEN_SHARE, boxes=(box,))


def _fitting(inside: Rect, shape: float, face: Box) -> Rect:
    """The largest part of ``inside`` with width to height ``shape`` (in shares), as near to the ``face`` as it goes."""
    width = min(inside.width, inside.height * shape)
    height = width / shape
    x = float(np.clip(face.x, inside.x - (inside.width - width) / 2, inside.x + (inside.width - width) / 2))
    y = float(np.clip(face.y, inside.y - (inside.height - height) / 2, inside.y + (inside.height - height) / 2))
    return Rect(x, y, width, height)


def presence(track: Sequence[tuple[float, Box]]) -> float:
    """How much of a subject a face is: seen often, large, surely recognised."""
    return float(sum(box.area**0.5 * box.score for _, box in track))


def tracks_of(looks: Sequence[Look], axis: str) -> list[Track]:
    """The same face over time (nearest within one and a half widths), most present first; ``x`` is the free direction."""
    tracks: list[Track] = []
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
    return sorted(tracks, key=presence, reverse=True)


def _apart(a: Box, b: Box) -> float:
    return max(abs(a.x - b.x) / max(a.width, b.width), abs(a.y - b.y) / max(a.height, b.height))
