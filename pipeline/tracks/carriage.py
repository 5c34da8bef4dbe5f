"""How every stream of a film comes into Matroska: as it is, as a cover, rewritten without loss, or not at all.

Asked before anything is analysed, so that nobody waits for hours for a file that cannot be written. Disc PCM (DVD, Blu-ray) has
no place in Matroska; as FLAC every sample stays what it was.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import FFmpegFailed, UnsupportedFormat
from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.messages import Message, message
from pipeline.tracks.tags import Head
from pipeline.tracks.webvtt import text_tracks

How = Literal["copied", "converted", "cover", "rescued", "left_out", "empty"]
COPIED_SUBTITLES = frozenset(
    [
        "subrip",
        "srt",
        "ass",
        "ssa",
        "webvtt",
        "hdmv_pgs_subtitle",
        "pgssub",
        "dvd_subtitle",
        "dvdsub",
        "dvb_subtitle",
        "dvbsub",
    ]
)
CONVERTED_SUBTITLES = frozenset({"mov_text", "text"})
KINDS = {"video": "v", "audio": "a", "subtitle": "s", "attachment": "t"}


@dataclass(frozen=True, slots=True)
class Carried:
    """What becomes of stream ``index``: ``kind`` is ``v``, ``a``, ``s``, ``t`` or empty, ``encoder`` what a converted one is
    written with."""

    index: int
    kind: str
    codec: str
    how: How = "copied"
    encoder: str = ""


def carriage(path: Path) -> tuple[Carried, ...]:
    """What becomes of every stream of ``path``, in their order.

    Raises:
        UnsupportedFormat: Matroska cannot hold its picture.
        NotFound, UnreadableMedia: it cannot be opened.
    """
    with opened(path) as container:
        found = _with_rescued(tuple(_carried(stream, path) for stream in container.streams), path)
    lost = next((c for c in found if c.kind == "v" and c.how == "left_out"), None)
    if lost is not None:
        raise UnsupportedFormat("error.matroska_cannot_hold", name=path.name, codec=lost.codec)
    return found


def _with_rescued(found: tuple[Carried, ...], path: Path) -> tuple[Carried, ...]:
    """``found`` with the subtitles that FFmpeg cannot read, but we can (:mod:`pipeline.tracks.webvtt`)."""
    unread = [c for c in found if c.kind == "s" and c.how == "left_out" and c.codec == "subtitle"]
    if not unread or len(text_tracks(path)) != len(unread):
        return found
    return tuple(replace(c, how="rescued", codec="webvtt") if c in unread else c for c in found)


def said(found: Iterable[Carried]) -> tuple[Message, ...]:
    """What a person should know of streams that are not simply copied."""
    codes = {"left_out": "doubt.stream_left_out", "converted": "doubt.stream_converted", "empty": "doubt.stream_empty"}
    noted = [c for c in found if c.how in codes and not (c.kind == "s" and c.how == "converted")]
    return tuple(message(codes[c.how], index=c.index, codec=c.codec, encoder=c.encoder.upper()) for c in noted)


def is_cover(stream: Any) -> bool:
    """Whether ``stream`` is an attached picture."""
    import av.stream

    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def tags_of(streams: Any, head: Head) -> dict[int, str]:
    """IETF tags by stream index; libavformat makes a stream of every track that is played, then of every attachment."""
    played = [s.index for s in streams if s.type != "attachment" and not is_cover(s)]
    return dict(zip(played, head.languages, strict=True)) if len(played) == len(head.languages) else {}


def _carried(stream: Any, path: Path) -> Carried:
    kind = KINDS.get(stream.type, "")
    codec = stream.codec_context.name if stream.codec_context is not None else ""
    if is_cover(stream):
        return Carried(stream.index, kind, codec, "cover")
    how, encoder = _way(stream, kind, codec, path)
    return Carried(stream.index, kind, codec or stream.type, how, encoder)


def _way(stream: Any, kind: str, codec: str, path: Path) -> tuple[How, str]:
    if kind == "t":
        return "copied", ""
    if kind == "s":
        if codec in CONVERTED_SUBTITLES:
            return "converted", "srt"
        return ("copied" if codec in COPIED_SUBTITLES else "left_out"), ""
    if not kind or not codec:
        return "left_out", ""
    if not (stream.rate if kind == "a" else stream.codec_context.width):
        return "empty", ""  # announced, as the core that a TrueHD track may have, and never there
    if _held(stream) or _rehearsed(path, stream.index):
        return "copied", ""
    return ("converted", "flac") if kind == "a" else ("left_out", "")


def _held(stream: Any) -> bool:
    """Whether Matroska takes ``stream`` as it is: a header with it alone is written into memory."""
    import av
    import av.error

    try:
        with av.open(io.BytesIO(), "w", format="matroska") as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def _rehearsed(path: Path, index: int) -> bool:
    """The same by ffmpeg with the first second: it also knows the codecs of Windows and QuickTime, which have no name in Matroska."""
    what = ["-t", "1", *ffmpeg.safe_input(path), "-map", f"0:{index}", "-c", "copy", "-f", "matroska", "-"]
    try:
        ffmpeg.capture(["-loglevel", "error", *what], time_limit=60)
    except FFmpegFailed:
        return False
    return True
