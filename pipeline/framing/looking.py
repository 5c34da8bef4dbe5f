"""What a crop could follow: faces, what moves besides the camera, and where the film cuts; a few looks a second."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.framing.faces import Box, FaceDetector, detector
from pipeline.media.decode import video_blocks
from pipeline.media.values import MediaInfo
from pipeline.values import Shot, Span

Axis = Literal["x", "y"]
Picture = NDArray[np.uint8]
LOOK_FPS = 3.0
LOOK_WIDTH = 384
THOROUGH = 4
"""Every n-th look is a closer one; where it shows more, so are the next ones."""
CHANGED = 14.0
"""Gray levels a moving pixel changes at least."""
NEW_PICTURE = 0.4
"""One minus the correlation of two pictures from which on they may be two shots."""
SHORTEST_SHOT = 0.4
FLAT = 3.0
"""Gray levels of contrast under which a picture is a plain surface."""
KEPT = 6
"""Stretches whose looks are kept: the clips that are made side by side, each in its shapes. A minute is 4 MB."""
_LATELY: dict[tuple[Any, ...], tuple[list[Look], list[Shot]]] = {}
_GUARD = threading.Lock()


@dataclass(frozen=True, slots=True)
class Motion:
    """Where the picture changes beyond the camera's own movement: ``centre`` and ``spread`` along the free direction as
    shares of the picture, ``strength`` the share of pixels that change."""

    centre: float
    spread: float
    strength: float


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen at ``time`` (the source's clock); ``gray`` is the small picture it was seen in."""

    time: float
    faces: tuple[Box, ...] = ()
    motion: Motion | None = None
    gray: Picture | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Inset:
    """A picture of its own in a corner: middle and size, as shares of the whole."""

    x: float
    y: float
    width: float
    height: float


def look(info: MediaInfo, span: Span, axis: Axis, *, find_cuts: bool = False) -> tuple[list[Look], list[Shot]]:
    """Faces and motion of ``span`` :data:`LOOK_FPS` times a second, and its shots when ``find_cuts``; the same stretch in another shape,
    or corrected by hand, is not looked at again."""
    state = Path(info.path).stat()
    key = (str(info.path), state.st_mtime_ns, state.st_size, span, axis, find_cuts)
    with _GUARD:
        known = _LATELY.pop(key, None)
        if known is not None:
            _LATELY[key] = known
    if known is None:
        known = _looked(info, span, axis, find_cuts=find_cuts)
        with _GUARD:
            _LATELY[key] = known
            while len(_LATELY) > KEPT:
                _LATELY.pop(next(iter(_LATELY)))
    return list(known[0]), list(known[1])


def forget() -> None:
    """The next look at anything is a new one."""
    with _GUARD:
        _LATELY.clear()


def _looked(info: MediaInfo, span: Span, axis: Axis, *, find_cuts: bool) -> tuple[list[Look], list[Shot]]:
    found: list[Look] = []
    changes: list[float] = []
    before: Picture | None = None
    find, closer = detector(), False
    for time, picture in _pictures(info, span, LOOK_FPS):
        gray = _gray(picture)
        motion = motion_between(before, gray, axis) if before is not None else None
        changes.append(_change(before, gray) if before is not None else 0.0)
        faces, closer = _found(find, picture, closer=closer, now=len(found) % THOROUGH == 0)
        if before is not None:
            faces = tuple(replace(box, mouth=mouth_of(before, gray, box)) for box in faces)
        found.append(Look(time, faces, motion, gray))
        before = gray
    return found, _shots(info, span, [look.time for look in found], changes) if find_cuts else []


def _found(find: FaceDetector, picture: Picture, *, closer: bool, now: bool) -> tuple[tuple[Box, ...], bool]:
    """The faces of a picture, and whether the next looks are to be closer ones: they are while these show more."""
    if not (now or closer):
        return find(picture, thorough=False), False
    if not now:
        return find(picture), True
    whole, faces = find.both(picture)
    return faces, len(faces) > len(whole)


def _pictures(info: MediaInfo, span: Span, fps: float | None) -> Iterator[tuple[float, Picture]]:
    assert info.video is not None
    height = max(16, round(LOOK_WIDTH * info.video.display_height / max(1, info.video.display_width)))
    width, height = (LOOK_WIDTH, height) if height <= 2 * LOOK_WIDTH else (LOOK_WIDTH // 2, height // 2)
    found = video_blocks(info.path, width=width, height=height, fps=fps, colour=True, span=span, sparse=fps is not None)
    for block in found:
        for time, picture in zip(block.times, block.pixels, strict=True):
            yield float(time), picture


def _gray(picture: Picture) -> Picture:
    import cv2

    small = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def _change(before: Picture, after: Picture) -> float:
    """One minus the correlation of two coarse pictures, 0 to 2: blind to brightness, so that flashes are no cuts."""
    import cv2

    a, b = (cv2.resize(p, (48, 27), interpolation=cv2.INTER_AREA).astype(np.float64) for p in (before, after))
    if min(a.std(), b.std()) < FLAT:
        return 1.0 if max(a.std(), b.std()) >= FLAT or abs(a.mean() - b.mean()) > 40 else 0.0
    return float(1.0 - ((a - a.mean()) * (b - b.mean())).mean() / (a.std() * b.std()))


def _shots(info: MediaInfo, span: Span, times: list[float], changes: list[float]) -> list[Shot]:
    """Shots between cuts; a cut seen between two looks is searched picture by picture."""
    edges = [span.start]
    for number, change in enumerate(changes):
        if change > NEW_PICTURE:
            cut = _exact_cut(info, Span(times[number - 1] - 0.01, times[number] + 0.01))
            if cut is not None and cut - edges[-1] >= SHORTEST_SHOT:
                edges.append(cut)
    edges.append(span.end)
    return [Shot(a, b) for a, b in itertools.pairwise(edges) if b > a]


def _exact_cut(info: MediaInfo, span: Span) -> float | None:
    """The time of the first picture after the greatest change within ``span``; ``None`` for a gradual one."""
    pictures = [(time, _gray(p)) for time, p in _pictures(info, span, None)]
    if len(pictures) < 2:
        return None
    steps = [_change(a[1], b[1]) for a, b in itertools.pairwise(pictures)]
    best = int(np.argmax(steps))
    return pictures[best + 1][0] if steps[best] >= 0.5 * _change(pictures[0][1], pictures[-1][1]) else None


def motion_between(before: Picture, after: Picture, axis: Axis) -> Motion | None:
    """What moves between two gray pictures (height, width) besides the camera; ``None`` when all is still."""
    import cv2

    a, b = before.astype(np.float32), after.astype(np.float32)
    (dx, dy), _ = cv2.phaseCorrelate(a, b, cv2.createHanningWindow((a.shape[1], a.shape[0]), cv2.CV_32F))
    if abs(dx) + abs(dy) > 0.5:
        shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        a = cv2.warpAffine(a, shift, (a.shape[1], a.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    changed = cv2.blur(np.abs(a - b), (3, 3)) > CHANGED
    profile = changed.sum(axis=0 if axis == "x" else 1).astype(np.float64)
    if profile.sum() == 0:
        return None
    share = np.cumsum(profile) / profile.sum()
    left, middle, right = (float(np.searchsorted(share, q)) / len(share) for q in (0.1, 0.5, 0.9))
    return Motion(middle, right - left, float(changed.mean()))


def mouth_of(before: Picture, after: Picture, box: Box) -> float:
    """By how much the mouth of a face changed more than its eyes between two gray pictures, gray levels; a moving head changes both."""
    height, width = after.shape
    left, right = (round(width * (box.x + way * box.width / 2)) for way in (-0.7, 0.7))
    top, middle, bottom = (round(height * (box.y + way * box.height / 2)) for way in (-0.8, 0.15, 1.0))
    change = np.abs(after.astype(np.int16) - before.astype(np.int16))
    upper = change[max(0, top) : max(0, middle), max(0, left) : max(0, right)]
    lower = change[max(0, middle) : max(0, bottom), max(0, left) : max(0, right)]
    return max(0.0, float(lower.mean()) - float(upper.mean())) if upper.size and lower.size else 0.0


SHARP = 5.0
"""Gray levels between neighbours that stay there over a shot where a picture in a corner ends."""
WHOLE_EDGE = 0.7
"""Share of a border that must be seen."""


def inset_of(looks: Sequence[Look], face: Box) -> Inset | None:
    """The picture in the corner of a shot that holds ``face``: its inner borders stay where they are while what they border changes."""
    pictures = [look.gray for look in looks if look.gray is not None]
    if len(pictures) < 3:
        return None
    stack = np.stack(pictures).astype(np.int16)
    if right := face.x > 0.5:
        stack = stack[:, :, ::-1]
    if low := face.y > 0.5:
        stack = stack[:, ::-1]
    x, y = (1 - face.x if right else face.x), (1 - face.y if low else face.y)
    across = np.median(np.abs(np.diff(stack, axis=2)), axis=0) >= SHARP
    down = np.median(np.abs(np.diff(stack, axis=1)), axis=0) >= SHARP
    found = _corner(across, down, (x, y, face.width, face.height))
    if found is None:
        return None
    left, top, end, bottom = found
    height, width = stack.shape[1:]
    middle, level = (left + end) / 2 / width, (top + bottom) / 2 / height
    return Inset(
        1 - middle if right else middle, 1 - level if low else level, (end - left) / width, (bottom - top) / height
    )


def _corner(
    across: NDArray[np.bool_], down: NDArray[np.bool_], face: tuple[float, float, float, float]
) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) in pixels of a picture in the upper left corner, from borders that were seen; ``face`` as shares."""
    height, width = across.shape[0], down.shape[1]
    x, y, wide, high = face
    near = (max(0, round((x - wide / 2) * width)), max(0, round((y - high / 2) * height)))
    far = (round((x + wide / 2) * width), round((y + high / 2) * height))
    best: tuple[float, int, int] | None = None
    for end in range(far[0], min(width - 2, round(0.6 * width))):
        column = across[near[1] : far[1], end]
        if column.mean() < WHOLE_EDGE:
            continue
        for bottom in range(far[1], min(height - 2, round(0.7 * height))):
            sides = across[near[1] : bottom, end].mean(), down[bottom, near[0] : end].mean()
            worth = float(min(sides))
            if worth >= WHOLE_EDGE and (best is None or worth > best[0] + 0.05):
                best = (worth, end + 1, bottom + 1)
    if best is None:
        return None
    _, end, bottom = best
    left = _outer(across[near[1] : bottom, : near[0]].mean(axis=0)) if near[0] else 0
    top = _outer(down[: near[1], near[0] : end].mean(axis=1)) if near[1] else 0
    return left, top, end, bottom


def _outer(seen: NDArray[np.float64]) -> int:
    """Where a picture begins beside its corner: the innermost outer border, 0 at the edge of the whole."""
    places = np.flatnonzero(seen >= WHOLE_EDGE)
    return int(places[-1]) + 1 if len(places) else 0
