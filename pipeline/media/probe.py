"""What a file is: streams, duration that was really there, damage, and whether anything in it decodes."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import NoAudio, NotFound, NoVideo, ToolError, UnreadableMedia, UnsupportedFormat, UserError
from pipeline.media.clock import Course, course, packets, seek
from pipeline.media.container import MAX_PIXELS, audio_tracks, clock_origin, cover_stream, opened, video_stream
from pipeline.media.fenced import Broken, Limits, warden
from pipeline.media.values import AudioStream, MediaInfo, OtherStream, VideoStream
from pipeline.messages import Message, message
from pipeline.messages import clock as say_clock

if TYPE_CHECKING:
    from av.container import InputContainer

TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"})
FIELD_CODECS = frozenset(
    {"h264", "mpeg2video", "mpeg4", "vc1", "wmv3", "dvvideo", "prores", "dnxhd", "mjpeg", "ffv1", "huffyuv", "rawvideo"}
)
"""What cameras, discs and broadcasts store two fields a frame in."""
FIELD_FRAMES = 10
HDR_TRANSFERS = frozenset({16, 18})
"""SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG), ISO/IEC 23091-2 table 3."""
MATRICES = {1: "709", 4: "fcc", 5: "470bg", 6: "170m", 7: "240m", 9: "2020_ncl", 10: "2020_cl"}
"""ISO/IEC 23091-2 table 4, as zimg names them; 0 (RGB) and 2 (not said) are none."""
BT2020_PRIMARIES, FULL_RANGE = 9, 2
FASTEST = 1000
"""Pictures a second that a file may really have."""
MICRO = 1_000_000
KNOWN = 256
"""Files whose facts are kept."""
MAX_SIDE = 16384
SLOWEST_DISK, SCANNED = 25 * 1024**2, 200 * 1024**2
"""Bytes a second: what the slowest volume gives, and what a look through all packets of a file manages at least."""
LOOK = "pipeline.media.probe:examined"
TOLD: Mapping[str, type[UserError]] = {
    kind.__name__: kind for kind in (NotFound, UnreadableMedia, UnsupportedFormat, NoAudio, NoVideo)
}
"""The errors that a look may answer."""


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
    """What ``path`` is, and how long; looked at by a process of its own (:mod:`pipeline.media.fenced`).

    Raises:
        As :func:`examine`; UnreadableMedia also where the look crashes or takes too much of the machine.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
    except (OSError, ValueError) as error:
        raise NotFound(name=file.name) from error
    limits = Limits(seconds=20.0 + size / SLOWEST_DISK, cpu_seconds=15 + size // SCANNED)
    try:
        return _info(warden(LOOK).look(file, limits), file, size)
    except (Broken, TypeError, KeyError) as error:
        raise UnreadableMedia(name=file.name) from error


def examined(path: str) -> dict[str, Any]:
    """:func:`examine` as plain JSON: ``{"info"}``, ``{"error", "code", "values"}`` or ``{"bug"}``."""
    try:
        return {"info": asdict(examine(path))}
    except UserError as error:
        return {"error": type(error).__name__, "code": error.message.code, "values": dict(error.message.values)}
    except MemoryError:
        return {"error": "UnreadableMedia", "code": UnreadableMedia.code, "values": {"name": Path(path).name}}
    except Exception as error:  # noqa: BLE001 - told to the one who asked, who raises it
        return {"bug": repr(error)}


def _info(told: Mapping[str, Any], file: Path, size: int) -> MediaInfo:
    """What a look told, as a value. Raises what the look raised."""
    if "bug" in told:
        raise ToolError(detail=f"probe of {file.name}: {told['bug']}")
    if "error" in told:
        raise TOLD[str(told["error"])](str(told["code"]), **told["values"])
    info = dict(told["info"])
    return MediaInfo(**{
        **info, "path": str(file), "size": size,
        "video": VideoStream(**info["video"]) if info["video"] else None,
        "audio": tuple(AudioStream(**_with_flags(one)) for one in info["audio"]),
        "others": tuple(OtherStream(**_with_flags(one)) for one in info["others"]),
        "doubts": tuple(Message(one["code"], one["values"]) for one in info["doubts"]),
    })  # fmt: skip


def _with_flags(stream: Mapping[str, Any]) -> dict[str, Any]:
    return {**stream, "flags": tuple(stream["flags"])}


def examine(path: Path | str) -> MediaInfo:
    """What ``path`` is: the announced duration is compared with the last packet, and something must decode.

    Sizes and counts are looked at before anything is decoded.

    Raises:
        NotFound, UnreadableMedia, UnsupportedFormat: as in :func:`pipeline.media.container.opened`; also when neither sound nor
            picture decodes.
    """
    file = Path(path)
    with opened(file) as container:
        origin = clock_origin(container)
        picture = video_stream(container)
        if picture is not None:
            _check_size(file, picture.codec_context)
        video = _video(picture, origin) if picture is not None else None
        audio = tuple(_audio(s, origin) for s in audio_tracks(container))
        cover = cover_stream(container)
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
        others=others, n_chapters=chapters, origin=origin, container_start=start, cover=cover, doubts=doubts,
    )  # fmt: skip


def _check_size(file: Path, context: Any) -> None:
    """A picture over :data:`MAX_PIXELS` has no size at all here: libavcodec refuses to believe it."""
    width, height = context.width, context.height
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS or width * height == 0:
        shown = f"{context.name}, {width}×{height}" if width * height else context.name
        raise UnsupportedFormat("error.picture_size", name=file.name, format=shown, limit=MAX_PIXELS // 10**6)


def _seconds(value: int | None, base: Any) -> float:
    return float(value * base) if value is not None and base else 0.0


def _video(stream: Any, origin: float) -> VideoStream:
    context = stream.codec_context
    width, height = context.width, context.height
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    rotation, interlaced = _first_frames(stream)
    shown = (round(width * aspect), height) if rotation % 180 == 0 else (height, round(width * aspect))
    average, base = stream.average_rate, stream.base_rate
    average = average if average and average <= FASTEST else stream.guessed_rate  # DV says 60000
    return VideoStream(
        index=stream.index, codec=context.name, width=width, height=height, display_width=shown[0], display_height=shown[1],
        fps=float(average or 0), rotation=rotation, start=_seconds(stream.start_time, stream.time_base) - origin,
        pixel_format=context.pix_fmt or "", hdr=int(context.color_trc or 0) in HDR_TRANSFERS,
        variable_rate=bool(average and base and abs(float(base / average) - 1) > 0.02),
        matrix=MATRICES.get(int(context.colorspace or 0), ""), full_range=int(context.color_range or 0) == FULL_RANGE,
        wide_gamut=int(context.color_primaries or 0) == BT2020_PRIMARIES, interlaced=interlaced,
    )  # fmt: skip


def _first_frames(stream: Any) -> tuple[int, bool]:
    """Degrees clockwise a player turns the picture, from the first decoded frame's display matrix; whether it or one of the
    next few is interlaced (a broadcast mixes both kinds)."""
    import av.error

    rotation: int | None = None
    container, looked = stream.container, FIELD_FRAMES if stream.codec_context.name in FIELD_CODECS else 1
    with contextlib.suppress(av.error.FFmpegError, StopIteration):
        for _, packet in zip(range(200), packets(container, stream), strict=False):
            for frame in packet.decode():
                rotation = int(-round(frame.rotation / 90) * 90) % 360 if rotation is None else rotation
                looked -= 1
                if frame.interlaced_frame or looked <= 0:
                    return rotation, bool(frame.interlaced_frame)
    return rotation or 0, False


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
        flags=_flags(stream),
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
        flags=_flags(stream),
    )  # fmt: skip


def _flags(stream: Any) -> tuple[str, ...]:
    import av.stream

    return tuple(sorted(f.name for f in av.stream.Disposition if f.name and stream.disposition & f))


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
