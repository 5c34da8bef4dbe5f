"""How ffmpeg brings a picture onto the canvas: letterbox, centre, blurred bars, or a crop that moves along a path."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.framing.framing import CropPath, geometry
from pipeline.framing.layouts import Layout
from pipeline.media.values import MediaInfo
from pipeline.render.colours import Stream
from pipeline.render.graph import Canvas, Shape, Stretch
from pipeline.values import Span

SOURCE = "source"
"""The shape that changes nothing."""
ASPECTS: Mapping[str, tuple[int, int]] = {"9:16": (9, 16), "4:5": (4, 5), "1:1": (1, 1), "16:9": (16, 9)}
"""Shapes a picture is brought to, width to height; a new one is one entry."""
SCALER = "bicubic"
EYES = 0.4
"""Share of the height about which a picture is drawn closer."""


def even(length: float) -> int:
    """The nearest even number of pixels, 16 at least."""
    return max(16, 2 * int(length / 2 + 0.5))


def standard_size(aspect: str, info: MediaInfo) -> tuple[int, int]:
    """The usual size of a shape: 1080 pixels on the short side, 720 where the source has much less."""
    short = min(info.video.display_width, info.video.display_height) if info.video else 1080
    side = 1080 if short >= 700 else 720
    wide, high = ASPECTS[aspect]
    scale = side / min(wide, high)
    return round(wide * scale), round(high * scale)


def letterbox(video: Stream, piece: Stretch, info: MediaInfo, canvas: Canvas) -> Stream:
    """The whole picture, as large as fits, black around it."""
    width, height = fitted(info, canvas)
    video = video.filter("scale", width, height, flags=SCALER)
    if (width, height) == (canvas.width, canvas.height):
        return video
    return video.filter("setsar", 1).filter("pad", canvas.width, canvas.height, -1, -1)


def centre(video: Stream, piece: Stretch, info: MediaInfo, canvas: Canvas) -> Stream:
    """The middle of the picture, filling the canvas."""
    return along(_still(info, canvas))(video, piece, info, canvas)


def bars(video: Stream, piece: Stretch, info: MediaInfo, canvas: Canvas) -> Stream:
    """The whole picture over a blurred, darker copy that fills the canvas."""
    import ffmpeg

    width, height = fitted(info, canvas)
    both = video.filter_multi_output("split", 2)
    small = Canvas(max(16, canvas.width // 8 * 2 // 2), max(16, canvas.height // 8 * 2 // 2), canvas.fps)
    ground = _crop(both[0], _still(info, canvas), piece).filter("scale", small.width, small.height, flags="area")
    ground = ground.filter("setsar", 1).filter("gblur", sigma=5).filter("eq", brightness=-0.12, saturation=0.9)
    ground = ground.filter("scale", canvas.width, canvas.height, flags="bilinear")
    front = both[1].filter("scale", width, height, flags=SCALER).filter("setsar", 1)
    return ffmpeg.overlay(ground, front, x="(W-w)/2", y="(H-h)/2")


def closer(shape: Shape, zoom: float) -> Shape:
    """``shape`` drawn ``zoom`` times as large, about a point over the middle, where faces are."""
    if zoom <= 1.0:
        return shape

    def drawn(video: Stream, piece: Stretch, info: MediaInfo, canvas: Canvas) -> Stream:
        width, height = even(canvas.width / zoom), even(canvas.height / zoom)
        video = shape(video, piece, info, canvas).filter("setsar", 1)
        video = video.filter("crop", width, height, "(iw-ow)/2", f"(ih-oh)*{EYES}")
        return video.filter("scale", canvas.width, canvas.height, flags=SCALER)

    return drawn


def along(path: CropPath) -> Shape:
    """A crop that follows ``path``; each stretch that is shown otherwise is drawn in its own way, and only that way."""

    def shape(video: Stream, piece: Stretch, info: MediaInfo, canvas: Canvas) -> Stream:
        import ffmpeg

        runs = _runs(path, piece, canvas)
        if len(runs) == 1:
            return runs[0][0](video, piece, info, canvas)
        copies = video.filter_multi_output("split", len(runs))
        shown = []
        for n, (way, first, end) in enumerate(runs):
            ends = {} if n + 1 == len(runs) else {"end_frame": end}
            part = copies[n].filter("trim", start_frame=first, **ends)
            part = way(part, piece, info, canvas).filter("setsar", 1)
            shown.append(part.filter("setpts", "PTS-STARTPTS"))
        joined = ffmpeg.filter(shown, "concat", n=len(shown), v=1, a=0)
        return joined.filter("setpts", f"N*{canvas.fps.denominator}/({canvas.fps.numerator}*TB)")

    return shape


Times = list[tuple[float, float]]
Run = tuple[Shape, int, int]


def _runs(path: CropPath, piece: Stretch, canvas: Canvas) -> list[Run]:
    """Ways to draw a piece, one after the other, with their first frame and the one after their last."""

    def moving(video: Stream, piece: Stretch, info: MediaInfo, canvas: Canvas) -> Stream:
        return _filled(video, path, piece, canvas)

    frames = max(1, round(piece.duration * canvas.fps))
    shown: list[Shape] = [moving] * frames
    for way, times in _ways(path, piece):
        for a, b in times:
            first, end = (min(frames, max(0, math.ceil((t - 0.001) * canvas.fps))) for t in (a, b))
            shown[first:end] = [way] * (end - first)
    edges = [n for n in range(frames) if n == 0 or shown[n] is not shown[n - 1]]
    return [(shown[a], a, b) for a, b in itertools.pairwise([*edges, frames])]


def _ways(path: CropPath, piece: Stretch) -> Iterator[tuple[Shape, Times]]:
    """What is seen instead of the moving crop, and when (seconds of the piece): the whole picture, and each kind of parts."""
    within = [span for span in path.bars if _meets(span, piece)]
    if within:
        yield bars, [on_result(span, piece) for span in within]
    parted = [one for one in path.layouts if one.parts and _meets(one.span, piece)]
    for sizes in dict.fromkeys(map(_sizes, parted)):
        alike = [one for one in parted if _sizes(one) == sizes]
        yield stacked(alike), [on_result(one.span, piece) for one in alike]


def _meets(span: Span, piece: Stretch) -> bool:
    return span.start < piece.start + piece.duration / piece.rate and piece.start < span.end


def _sizes(layout: Layout) -> tuple[float, ...]:
    """What a filter cannot change over time: how large the parts are."""
    return (layout.split, *(round(v, 3) for part in layout.parts for v in (part.width, part.height)))


def stacked(layouts: Sequence[Layout]) -> Shape:
    """The parts of ``layouts`` of equal sizes above each other, each at its place during its shot."""

    def shape(video: Stream, piece: Stretch, info: MediaInfo, canvas: Canvas) -> Stream:
        import ffmpeg

        first = layouts[0]
        high = even(first.split * canvas.height)
        both = video.filter_multi_output("split", 2)
        shown = []
        for n, height in enumerate((high, canvas.height - high)):
            part = first.parts[n]
            places = [
                expression([(t, v) for one in layouts for t, v in _held(one, piece, getattr(one.parts[n], name))])
                for name in ("x", "y")
            ]
            wide, tall = f"trunc(iw*{part.width:.5f}/2)*2", f"trunc(ih*{part.height:.5f}/2)*2"
            x, y = (f"max(0,min(i{s}-o{s},i{s}*({p})-o{s}/2))" for s, p in zip("wh", places, strict=True))
            cut = both[n].filter("crop", w=wide, h=tall, x=x, y=y, exact=1)
            shown.append(cut.filter("scale", canvas.width, height, flags=SCALER).filter("setsar", 1))
        return ffmpeg.filter(shown, "vstack", inputs=2)

    return shape


def _held(layout: Layout, piece: Stretch, value: float) -> Times:
    """The same value from the beginning of a shot to its end, on the piece's clock."""
    return [((t - piece.start) * piece.rate, value) for t in (layout.span.start, layout.span.end)]


def _filled(video: Stream, path: CropPath, piece: Stretch, canvas: Canvas) -> Stream:
    return _crop(video, path, piece).filter("scale", canvas.width, canvas.height, flags=SCALER)


def _crop(video: Stream, path: CropPath, piece: Stretch) -> Stream:
    if path.size >= 0.999:
        return video
    middle = expression([((t - piece.start) * piece.rate, c) for t, c in path.keys])
    length, share = ("iw", "ow") if path.axis == "x" else ("ih", "oh")
    moving = f"max(0,min({length}-{share},{length}*({middle})-{share}/2))"
    cut = f"trunc({length}*{path.size:.6f}/2)*2"
    # exact: the sub-sampled colour planes would otherwise make the frame move in steps of two pixels.
    if path.axis == "x":
        return video.filter("crop", w=cut, h="ih", x=moving, y=0, exact=1)
    return video.filter("crop", w="iw", h=cut, x=0, y=moving, exact=1)


def expression(keys: Sequence[tuple[float, float]]) -> str:
    """Straight lines between (seconds, value) keys as an ffmpeg expression of ``t`` of logarithmic depth."""
    if len(keys) == 1:
        return f"{keys[0][1]:.5f}"
    if len(keys) == 2:
        (t0, a), (t1, b) = keys
        if abs(a - b) < 1e-5 or t1 - t0 < 1e-6:
            return f"{a:.5f}"
        return f"{a:.5f}+{(b - a) / (t1 - t0):.7f}*(max({t0:.4f},min({t1:.4f},t))-{t0:.4f})"
    half = len(keys) // 2
    # The frame at a key belongs to what follows it: after a cut, not before.
    return f"if(lt(t,{keys[half][0] - 0.0005:.4f}),{expression(keys[: half + 1])},{expression(keys[half:])})"


def on_result(span: Span, piece: Stretch) -> tuple[float, float]:
    """``span`` of a piece's source in seconds from the beginning of the piece in the result."""
    return (span.start - piece.start) * piece.rate, (span.end - piece.start) * piece.rate - 0.0005


def _still(info: MediaInfo, canvas: Canvas) -> CropPath:
    assert info.video is not None
    shown = info.video.display_width / max(1, info.video.display_height)
    axis, size = geometry(shown, canvas.width / canvas.height)
    return CropPath(axis, size, ((0.0, 0.5),))


def fitted(info: MediaInfo, canvas: Canvas) -> tuple[int, int]:
    """Width and height of the whole picture of ``info``, as large as fits."""
    assert info.video is not None
    shown = info.video.display_width / max(1, info.video.display_height)
    width = min(canvas.width, canvas.height * shown)
    even = (2 * int(width / 2 + 0.5), 2 * int(width / shown / 2 + 0.5))
    close = abs(even[0] - canvas.width) <= 2 and abs(even[1] - canvas.height) <= 2
    return (canvas.width, canvas.height) if close else (max(2, even[0]), max(2, even[1]))


@dataclass(frozen=True, slots=True)
class Framing:
    """A way to fill another shape. ``looks``: the material is looked at first, and ``shape`` is given the path found (``None`` where
    there is nothing to look at)."""

    shape: Callable[[CropPath | None], Shape]
    looks: bool = False


FRAMINGS: Mapping[str, Framing] = {
    "follow": Framing(lambda path: along(path) if path else centre, looks=True),
    "bars": Framing(lambda path: bars),
    "centre": Framing(lambda path: centre),
}
"""By the name that requests use; a new one is one entry. The first is taken where none is named."""
