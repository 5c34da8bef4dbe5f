"""What a file is: streams, duration that was really there, damage, and whether anything in it decodes."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableMedia, UnsupportedFormat
from pipeline.media.clock import Course, course, packets, seek
from pipeline.media.container import audio_tracks, clock_origin, opened, video_stream
from pipeline.media.values import AudioStream, MediaInfo, OtherStream, VideoStream
from pipeline.messages import Message, message
from pipeline.messages import clock as say_clock

if TYPE_CHECKING:
    from av.container import InputContainer

TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"})
HDR_TRANSFERS = frozenset({16, 18})
"""SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG), ISO/IEC 23091-2 table 3."""
MICRO = 1_000_000
KNOWN = 256
"""Files whose facts are kept."""
MAX_SIDE = 16384
MAX_PIXELS = 2**27


class Probes:
    """What files are, asked once: a file that has not changed since (place, size, time of its last change) is not opened again.

    Safe for several threads; keeps the last :data:`KNOWN` files.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int, int], MediaInfo] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, path: Path | str) -> MediaInfo:
        """As :func:`probe`, which raises the same."""
        key = _identity(path)
        with self._lock:
            found = self._known.get(key) if key else None
        if found is None:
            found = probe(path)
            if key:
                self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, int, int, int], info: MediaInfo) -> None:
        with self._lock:
            self._known[key] = info
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)


def _identity(path: Path | str) -> tuple[str, int, int, int] | None:
    """What tells a file from another and from itself after a change; ``None`` where there is none (probing says why)."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns


def probe(path: Path | str) -> MediaInfo:
    """What ``path`` is, and how long: the announced duration is compared with the last packet, and something must decode.

    Raises:
        NotFound, UnreadableMedia, UnsupportedFormat: as in :func:`pipeline.media.container.opened`; also when neither sound nor
            picture decodes.
    """
    file = Path(path)
    with opened(file) as container:
        origin = clock_origin(container)
        picture = video_stream(container)
        video = _video(picture, origin) if picture is not None else None
        if video:
            _check_size(file, video)
        audio = tuple(_audio(s, origin) for s in audio_tracks(container))
        others = tuple(o for s in container.streams if (o := _other(s)) is not None)
        announced = _announced(container, origin)
        clock = course(container)
        chapters = len(container.chapters())
        name, start = container.format.name, (container.start_time or 0) / MICRO
    if video is None and not audio:
        raise UnreadableMedia(name=file.name)
    _check_decodes(file)
    duration, doubts = _real_duration(file, announced, origin) if not clock.broken else _joined(clock, origin)
    return MediaInfo(
        path=str(file), container=name, duration=duration, size=file.stat().st_size, video=video, audio=audio,
        others=others, n_chapters=chapters, origin=origin, container_start=start, doubts=doubts,
    )  # fmt: skip


def _check_size(file: Path, video: VideoStream) -> None:
    if (
        max(video.width, video.height) > MAX_SIDE
        or video.width * video.height > MAX_PIXELS
        or video.width * video.height == 0
    ):
        raise UnsupportedFormat(name=file.name, format=f"{video.width}×{video.height}")


def _seconds(value: int | None, base: Any) -> float:
    return float(value * base) if value is not None and base else 0.0


def _video(stream: Any, origin: float) -> VideoStream:
    context = stream.codec_context
    width, height = context.width, context.height
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    rotation = _rotation(stream)
    shown = (round(width * aspect), height) if rotation % 180 == 0 else (height, round(width * aspect))
    average, base = stream.average_rate, stream.base_rate
    return VideoStream(
        index=stream.index, codec=context.name, width=width, height=height, display_width=shown[0], display_height=shown[1],
        fps=float(average or stream.guessed_rate or 0), rotation=rotation, start=_seconds(stream.start_time, stream.time_base) - origin,
        pixel_format=context.pix_fmt or "", hdr=int(context.color_trc or 0) in HDR_TRANSFERS,
        variable_rate=bool(average and base and abs(float(base / average) - 1) > 0.02),
    )  # fmt: skip


def _rotation(stream: Any) -> int:
    """Degrees clockwise a player turns the picture, from the first decoded frame's display matrix."""
    import av.error

    container = stream.container
    with contextlib.suppress(av.error.FFmpegError, StopIteration):
        for _, packet in zip(range(200), packets(container, stream), strict=False):
            for frame in packet.decode():
                return int(-round(frame.rotation / 90) * 90) % 360
    return 0


def _audio(stream: Any, origin: float) -> AudioStream:
    import av.stream

    aside = (
        av.stream.Disposition.comment | av.stream.Disposition.visual_impaired | av.stream.Disposition.hearing_impaired
    )
    title = str(stream.metadata.get("title", ""))
    return AudioStream(
        index=stream.index, codec=stream.codec_context.name, rate=stream.rate or 0, channels=stream.channels or 0,
        layout=stream.layout.name if stream.layout else "", language=str(stream.language or ""), title=title,
        default=bool(stream.disposition & av.stream.Disposition.default),
        commentary=bool(stream.disposition & aside) or "comment" in title.lower(),
        start=_seconds(stream.start_time, stream.time_base) - origin, duration=_seconds(stream.duration, stream.time_base),
    )  # fmt: skip


def _other(stream: Any) -> OtherStream | None:
    import av.stream

    if stream.type not in {"subtitle", "attachment", "data"}:
        return None
    context = stream.codec_context
    codec = context.name if context is not None else ""
    return OtherStream(
        index=stream.index, kind=stream.type, codec=codec, language=str(stream.metadata.get("language", "")),
        title=str(stream.metadata.get("title", "")), text=codec in TEXT_SUBTITLES,
        forced=bool(stream.disposition & av.stream.Disposition.forced),
        flags=tuple(sorted(f.name for f in av.stream.Disposition if f.name and stream.disposition & f)),
    )  # fmt: skip


def _announced(container: InputContainer, origin: float) -> float | None:
    """The end the container announces on our clock, ``None`` when it does not say."""
    if not container.duration:
        return None
    start = (container.start_time or 0) / MICRO
    return container.duration / MICRO + start - origin


def _check_decodes(file: Path, n_packets: int = 400) -> None:
    """Decodes the beginning; a file in which neither sound nor picture comes out is not media to us."""
    import av.error

    with opened(file) as container, contextlib.suppress(av.error.FFmpegError):
        for _, packet in zip(range(n_packets), packets(container), strict=False):
            if packet.stream.type not in {"audio", "video"}:
                continue
            with contextlib.suppress(av.error.FFmpegError):
                if packet.decode():
                    return
    raise UnreadableMedia(name=file.name)


def _joined(clock: Course, origin: float) -> tuple[float, tuple[Message, ...]]:
    """How long a file of several clocks is, and that it is one."""
    at = ", ".join(say_clock(t - origin) for t in clock.joins)
    return clock.end - origin, (message("media.clock_restarts", at=at),)


def _real_duration(file: Path, announced: float | None, origin: float) -> tuple[float, tuple[Message, ...]]:
    """The end of the last packet, looked for near the announced end; a file cut short is believed only as far as it goes."""
    near = _last_packet(file, origin, None if announced is None else max(0.0, announced - 10.0))
    if announced is None:
        return near, (message("media.no_duration"),)
    if near >= announced - max(1.0, 0.01 * announced):
        return max(announced, 0.0), ()
    actual = max(near, _last_packet(file, origin, None))
    if actual >= announced - max(1.0, 0.01 * announced):
        return announced, ()
    return actual, (message("media.truncated", announced=announced, actual=actual),)


def _last_packet(file: Path, origin: float, after: float | None) -> float:
    """Latest packet end after ``after`` (or of the whole file), our clock; 0 when there is none. Nothing is decoded."""
    import av.error

    end = 0.0
    with opened(file) as container, contextlib.suppress(av.error.FFmpegError):
        if after:
            seek(container, after + origin)
        for packet in packets(container):
            if packet.pts is None or packet.stream.type not in {"audio", "video"} or packet.time_base is None:
                continue
            length = _seconds(packet.duration, packet.time_base)
            end = max(end, float(packet.pts * packet.time_base) + length - origin)
    return end
