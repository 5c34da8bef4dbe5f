"""What a source's fields and colours become: whole moments, 8 bit, and the colours a player expects of a picture of that size.

A picture without tags is taken for BT.601 or BT.709 by its size alone, so a result is converted to what its own size is taken for,
and tagged with it: players that read tags and players that guess then show the same. HDR and wide colours are brought to BT.709.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from pipeline.media.values import VideoStream

Stream: TypeAlias = Any
"""A stream of an ffmpeg-python graph."""

HD_WIDTH, HD_LINES = 1280, 576
"""From this width, or over this many lines, players take a picture without tags for BT.709 (mpv's and libplacebo's rule)."""
HIGH, STANDARD = "709", "170m"
TAGS = {HIGH: "bt709", STANDARD: "smpte170m"}
SAME = ({"709"}, {"170m", "470bg"})
"""Matrices of equal numbers: BT.601's of 525 and 625 lines differ in their primaries alone."""
RGB_FORMATS = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8")
SDR_WHITE = 100
"""Candela a square metre that become full white (ITU-R BT.2408 puts graphics white of HDR at 203; films are graded darker)."""


_ASS_COLOUR = re.compile(r"(&H(?:[0-9A-F]{2})?)([0-9A-F]{6})(?![0-9A-F])")
LUMA = {HIGH: (0.2126, 0.7152, 0.0722), STANDARD: (0.299, 0.587, 0.114)}
"""Shares of red, green and blue in the luma (ITU-R BT.709 and BT.601)."""


def for_drawing(script: str, size: tuple[int, int]) -> str:
    """An ASS script whose colours come out right: ffmpeg 7 draws it in BT.601 whatever matrix the picture of ``size`` has."""
    if guessed(*size) == STANDARD:
        return script
    return _ASS_COLOUR.sub(lambda found: found[1] + _redrawn(found[2]), script)


def _redrawn(bgr: str) -> str:
    """The colour ``bbggrr`` that is in BT.601 what ``bgr`` is in BT.709; the nearest where there is none."""
    blue, green, red = (int(bgr[i : i + 2], 16) for i in (0, 2, 4))
    kr, kg, kb = LUMA[HIGH]
    luma = kr * red + kg * green + kb * blue
    cb, cr = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    kr, kg, kb = LUMA[STANDARD]
    new_red, new_blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    new_green = (luma - kr * new_red - kb * new_blue) / kg
    return "".join(f"{min(255, max(0, round(v))):02X}" for v in (new_blue, new_green, new_red))


def guessed(width: int, height: int) -> str:
    """The matrix a player takes for granted in a picture of this size."""
    return HIGH if width >= HD_WIDTH or height > HD_LINES else STANDARD


def matrix_of(video: VideoStream) -> str:
    """The matrix of a source: its tag, or what its size stands for."""
    return video.matrix or ("2020_ncl" if video.hdr else guessed(video.width, video.height))


def progressive(stream: Stream, video: VideoStream) -> Stream:
    """One moment a frame: the fields of frames that are marked as interlaced are put together (bwdif), others pass as they are."""
    if not video.interlaced or video.pixel_format.startswith(RGB_FORMATS):
        return stream
    return stream.filter("bwdif", mode="send_frame", parity="auto", deint="interlaced")


def before(stream: Stream, video: VideoStream, size: tuple[int, int]) -> tuple[Stream, bool]:
    """``stream`` of the source ``video`` in the colours of ``size`` before it is brought there, and whether it is: a picture that will
    have more pixels than now costs less now. Not where only the finished pixels can be changed (HDR; red, green and blue)."""
    fewer = video.width * video.height < size[0] * size[1]
    changes = _changes(video, guessed(*size))
    if not changes or not fewer or video.hdr or video.pixel_format.startswith(RGB_FORMATS):
        return stream, False
    return stream.filter("zscale", **changes), True


def on_canvas(stream: Stream, video: VideoStream, size: tuple[int, int], *, changed: bool = False) -> Stream:
    """``stream`` of the source ``video``, already ``size`` large, as 8 bit 4:2:0 in the colours of that size, tagged; ``changed`` when
    :func:`before` has changed the colours."""
    wanted = guessed(*size)
    if changed:
        return _tagged(stream.filter("format", "yuv420p"), wanted)
    if video.hdr:
        # To linear light, to BT.709 primaries, Hable's curve for what is brighter than SDR white.
        stream = stream.filter("zscale", matrixin=matrix_of(video), transfer="linear", npl=SDR_WHITE)
        stream = stream.filter("format", "gbrpf32le").filter("zscale", primaries="bt709")
        stream = stream.filter("tonemap", tonemap="hable", desat=0)
        stream = stream.filter("zscale", transfer="bt709", matrix=wanted, range="tv")
    elif video.pixel_format.startswith(RGB_FORMATS):
        return from_rgb(stream, size)
    elif changes := _changes(video, wanted):
        stream = stream.filter("zscale", **changes)
    return _tagged(stream.filter("format", "yuv420p"), wanted)


def from_rgb(stream: Stream, size: tuple[int, int]) -> Stream:
    """A picture of ours in red, green and blue, ``size`` large, as :func:`on_canvas` leaves one."""
    wanted = guessed(*size)
    stream = stream.filter("format", "gbrp").filter("zscale", matrix=wanted, range="tv", rangein="pc")
    return _tagged(stream.filter("format", "yuv420p"), wanted)


def _changes(video: VideoStream, wanted: str) -> dict[str, str]:
    """What zimg must do to a picture; nothing where its numbers already mean the same."""
    source, changes = matrix_of(video), {}
    full = video.full_range or video.pixel_format.startswith("yuvj")
    if full or video.wide_gamut or not any({source, wanted} <= same for same in SAME):
        changes = {"matrixin": source, "matrix": wanted, "rangein": "pc" if full else "tv", "range": "tv"}
    if video.wide_gamut:
        changes |= {"primariesin": "2020", "primaries": "709", "transferin": "709", "transfer": "709"}
    return changes


def _tagged(stream: Stream, matrix: str) -> Stream:
    tag = TAGS[matrix]
    return stream.filter("setparams", range="tv", color_primaries=tag, color_trc=tag, colorspace=tag)
