"""What a file is, as its container tells it: streams, clocks, sizes.

Times follow :mod:`pipeline.values`; this module imports nothing of ours but :mod:`pipeline.messages`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.messages import Message


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The picture that will be shown. ``width``/``height`` are coded pixels; ``display_width``/``display_height`` what a
    viewer sees after sample aspect ratio and ``rotation`` (degrees clockwise: 0, 90, 180, 270). ``matrix`` is the tagged
    relation of its colours to red, green and blue as zimg names it (``709``, ``170m``, …; empty without a tag);
    ``wide_gamut`` says its primaries are BT.2020; ``interlaced`` that its first frames hold two moments each."""

    index: int
    codec: str
    width: int
    height: int
    display_width: int
    display_height: int
    fps: float
    rotation: int = 0
    start: float = 0.0
    pixel_format: str = ""
    hdr: bool = False
    variable_rate: bool = False
    matrix: str = ""
    full_range: bool = False
    wide_gamut: bool = False
    interlaced: bool = False


@dataclass(frozen=True, slots=True)
class AudioStream:
    """``index`` is the container's stream index; ``start`` the time of the first sample on the file's timeline; ``flags`` are its
    dispositions as FFmpeg spells them."""

    index: int
    codec: str
    rate: int
    channels: int
    layout: str = ""
    language: str = ""
    title: str = ""
    default: bool = False
    commentary: bool = False
    start: float = 0.0
    duration: float = 0.0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherStream:
    """Subtitles, attachments, data. ``kind`` is ``subtitle``, ``attachment`` or ``data``; ``text`` says a subtitle is text;
    ``flags`` are its dispositions as FFmpeg spells them."""

    index: int
    kind: str
    codec: str
    language: str = ""
    title: str = ""
    text: bool = False
    forced: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file is. ``duration`` is the end of the last stream on the file's timeline; ``cover`` the container's index of an
    attached picture, ``heard`` the number of the audio track that is listened to.

    ``origin`` is the raw presentation timestamp that is our time zero: 0 for containers with a zero-based timeline (MP4,
    Matroska, …), the first timestamp for arbitrary clocks (MPEG-TS/PS, MP3). ``container_start`` is libavformat's start time
    (raw), which the ffmpeg command subtracts from every timestamp: an ffmpeg input seek for our time ``t`` is
    ``-ss (t + origin - container_start)``.
    """

    path: str
    container: str
    duration: float
    size: int
    video: VideoStream | None = None
    audio: tuple[AudioStream, ...] = ()
    others: tuple[OtherStream, ...] = ()
    n_chapters: int = 0
    origin: float = 0.0
    container_start: float = 0.0
    cover: int | None = None
    heard: int = 0
    doubts: tuple[Message, ...] = ()

    def seek(self, time: float) -> float:
        """The value of ffmpeg's input option ``-ss`` that lands on ``time``."""
        return max(0.0, time + self.origin - self.container_start)
