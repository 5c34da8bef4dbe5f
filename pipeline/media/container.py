"""Containers as PyAV opens them: local files in a known format, their clock, their streams and packets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import NotFound, UnreadableMedia, UnsupportedFormat

if TYPE_CHECKING:
    import av
    from av.codec.hwaccel import HWAccel
    from av.container import InputContainer

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,live_flv,mpegts,mpeg,mpegvideo,ogg,wav,w64,rf64,flac,mp3,aac,ac3,eac3,"
    "dts,truehd,aiff,caf,mxf,amr,au,gxf,nut,rm,ivf,m4v,h264,hevc,vob,dv,wtv"
)
"""Containers that hold their media themselves. Playlists and scripts (hls, dash, concat, image2, lavfi) are left out: they open
other files and addresses on behalf of whoever wrote them."""
MAX_PIXELS = 2**26
"""Of one picture: twice what 8K has. Decoders and everything after them hold several at a time."""
MAX_STREAMS = 256
BOUNDS = {"max_pixels": str(MAX_PIXELS), "max_streams": str(MAX_STREAMS)}
"""Kept by the libraries themselves, from the first byte on: opening a file decodes pictures already."""
ARBITRARY_CLOCKS = frozenset({"mpegts", "mpeg", "mp3"})
"""Containers whose first timestamp is not when something begins: broadcast clocks, and the delay of an MP3 encoder."""
ARBITRARY_START = 600.0


@contextlib.contextmanager
def opened(path: Path | str, hwaccel: HWAccel | None = None, **options: str) -> Iterator[InputContainer]:
    """An open container for local ``path``, its pictures decoded by ``hwaccel`` where that is given.

    Raises:
        NotFound: there is no such file.
        UnreadableMedia: it cannot be opened as media.
        UnsupportedFormat: it is a playlist, a still image, text or another container that is not accepted.
    """
    import av
    import av.error

    file = Path(path)
    if not file.is_file():
        raise NotFound(name=file.name)
    whitelist = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS, **BOUNDS, **options}
    try:
        container = av.open(f"file:{file}", options=whitelist, metadata_errors="replace", hwaccel=hwaccel)
    except av.error.PermissionError as error:
        raise NotFound("error.not_readable", name=file.name) from error
    except (av.error.FFmpegError, ValueError, UnicodeError, OSError) as error:
        raise UnreadableMedia(name=file.name) from error
    try:
        if not set(container.format.name.split(",")) & set(DEMUXERS.split(",")):
            raise UnsupportedFormat(name=file.name, format=container.format.name)
        if len(container.streams) >= MAX_STREAMS:
            raise UnsupportedFormat("error.too_many_streams", name=file.name, limit=MAX_STREAMS)
        yield container
    finally:
        container.close()


def clock_origin(container: InputContainer) -> float:
    """The raw timestamp that is our time zero, seconds; see the module's text."""
    start = (container.start_time or 0) / 1_000_000
    arbitrary = bool(set(container.format.name.split(",")) & ARBITRARY_CLOCKS)
    return start if arbitrary or start >= ARBITRARY_START else 0.0


def audio_tracks(container: InputContainer) -> list[Any]:
    """The audio streams of a known codec, as they are counted everywhere: what cannot be decoded has no number."""
    return [s for s in container.streams.audio if s.codec_context is not None]


def video_stream(container: InputContainer) -> av.VideoStream | None:
    """The first stream with moving pictures of a known kind; attached cover art does not count."""
    import av.stream

    art = av.stream.Disposition.attached_pic
    found = (s for s in container.streams.video if s.codec_context is not None and not s.disposition & art)
    stream = next(found, None)
    if stream is not None:
        # A picture may change its size in the middle of a file.
        stream.codec_context.options = {**stream.codec_context.options, "max_pixels": str(MAX_PIXELS)}
    return stream


def cover_stream(container: InputContainer) -> int | None:
    """The index of the first attached picture of a known kind, ``None`` where there is none."""
    import av.stream

    art = av.stream.Disposition.attached_pic
    found = (s.index for s in container.streams.video if s.codec_context is not None and s.disposition & art)
    return next(found, None)


def raw_packets(container: InputContainer, *tracks: Any) -> Iterator[Any]:
    """The packets of ``tracks`` (all without any) as the file has them, of the streams that were there when it was opened.

    Some containers bring new streams later on; PyAV knows nothing of them and gives up at their packets.
    """
    while True:
        try:
            yield from container.demux(*tracks)
            return
        except IndexError:
            continue
