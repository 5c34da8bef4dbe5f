"""Where burned text goes: its size, its margins, and another place where its own is taken by a face or the edge of a band; pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.captions.cues import MAX_LINES
from pipeline.captions.styles import CaptionStyle

EDGE_GAP = 0.35
"""Sizes of the text between captions and the edge of a picture."""
COVERED = 0.24
"""Share of an upright picture, at the bottom, that descriptions cover on a phone."""
ANCHORS = {"bottom": 2, "middle": 5, "top": 8}
"""ASS alignments."""


@dataclass(frozen=True, slots=True)
class Safe:
    """Shares of the picture, at each edge, that an application covers with its own buttons and texts."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where burned text goes, in pixels of the result."""

    size: float
    width: float
    side: int
    bottom: int
    top: int


@dataclass(frozen=True, slots=True)
class Band:
    """From ``start`` to ``end`` the picture is a band that ends over the line ``bottom`` of the result; other things are below."""

    start: float
    end: float
    bottom: int


@dataclass(frozen=True, slots=True)
class Taken:
    """From ``start`` to ``end`` a face (or a title) is between the lines ``top`` and ``bottom`` of the result."""

    start: float
    end: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Margin:
    """Where a line of text is put instead of at its style's place: ``anchor`` (ASS alignment) and pixels from that edge."""

    anchor: int = 0
    pixels: int = 0


@dataclass(frozen=True, slots=True)
class Ground:
    """What text shall keep clear of, on the result's clock, and the application's ``safe`` area where it is known."""

    bands: tuple[Band, ...] = ()
    taken: tuple[Taken, ...] = ()
    safe: Safe | None = None


def layout(size: tuple[int, int], style: CaptionStyle, safe: Safe | None = None) -> Layout:
    """Text size and margins for a picture of ``size``; upright ones keep clear of what phone applications draw on them.

    Their buttons take about 12 % at the right, the description a quarter at the bottom, the tabs a tenth at the top; ``safe`` says it
    for one of them.
    """
    width, height = size
    upright, square = height > 1.2 * width, height > 0.8 * width
    text = (0.040 if upright else 0.055 if square else 0.060) * height * style.scale
    sides, low, high = (0.12, 0.27, 0.14) if upright else (0.08, 0.08, 0.06)
    if safe is not None:
        sides, low, high = max(safe.left, safe.right, 0.04), max(safe.bottom, 0.04) + 0.02, max(safe.top, 0.04) + 0.02
    side = round(sides * width)
    return Layout(text, width - 2.0 * side, side, round(low * height), round(high * height))


def margin(shown: tuple[float, float], style: CaptionStyle, height: int, place: Layout, ground: Ground) -> Margin:
    """Where a cue ``shown`` from … to … seconds goes in a picture ``height`` pixels high."""
    middle = sum(shown) / 2
    band = next((b for b in ground.bands if b.start < middle < b.end), None)
    if band is not None and style.place == "bottom":
        return beside(band, height, place)
    faces = [t for t in ground.taken if t.start < shown[1] and shown[0] < t.end]
    if not faces:
        return Margin()
    order = dict.fromkeys((style.place, "bottom", "top", "middle"))
    free = [where for where in order if not any(_covers(_lines(where, height, place), face) for face in faces)]
    chosen = free[0] if free else style.place
    if chosen == style.place:
        return Margin()
    return Margin(ANCHORS[chosen], {"bottom": place.bottom, "top": place.top, "middle": 0}[chosen])


def block_height(place: Layout) -> float:
    """Pixels that two lines take."""
    return (MAX_LINES + 0.2) * place.size


def _lines(where: str, height: int, place: Layout) -> tuple[float, float]:
    """First and last line of a caption at ``where``."""
    block = block_height(place)
    if where == "bottom":
        return height - place.bottom - block, float(height - place.bottom)
    top = float(place.top) if where == "top" else (height - block) / 2
    return top, top + block


def _covers(lines: tuple[float, float], face: Taken) -> bool:
    return lines[0] < face.bottom and face.top < lines[1]


def beside(band: Band, height: int, place: Layout) -> Margin:
    """Captions that would lie across the edge of a band go right under it, or into it where phones cover what is under it."""
    gap, block = EDGE_GAP * place.size, block_height(place)
    low = height - place.bottom
    if band.bottom + gap <= low - block or band.bottom - gap >= low:
        return Margin()
    if band.bottom + gap + block <= (1 - COVERED) * height:
        return Margin(8, round(band.bottom + gap))
    return Margin(2, round(height - band.bottom + gap))
