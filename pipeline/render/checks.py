"""A rendered file is examined before it counts: length, start of sound and picture, and whether it really decodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import FFmpegFailed, StudioError
from pipeline.framing.framing import CropPath
from pipeline.media.container import opened

LENGTH_TOLERANCE = 0.1
START_TOLERANCE = 0.040
"""Seconds between the starts of sound and picture that nobody notices (EBU R37 allows 40 ms of early sound)."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was measured on a finished file. ``start_difference`` is sound minus picture, seconds; ``crops`` how the frame
    moved in each cut that was followed, by its number in order of time."""

    path: str
    duration: float
    width: int = 0
    height: int = 0
    n_frames: int = 0
    start_difference: float = 0.0
    gain_db: float = 0.0
    crops: Mapping[int, CropPath] = field(default_factory=dict)


def check(path: Path, duration: float | None, *, audio: bool, video: bool) -> Checked:
    """Decode beginning and end of ``path``; ``duration`` ``None`` accepts any length and any start (packet copies).

    Raises:
        FFmpegFailed: something is missing, has the wrong length, starts at different times or does not decode.
    """
    try:
        with opened(path) as container:
            sound = _ends(container, container.streams.audio[0]) if container.streams.audio else None
            picture = _ends(container, container.streams.video[0]) if container.streams.video else None
            frame = container.streams.video[0] if container.streams.video else None
            size = (frame.width, frame.height, frame.frames) if frame is not None else (0, 0, 0)
    except StudioError as error:
        raise FFmpegFailed("error.ffmpeg.unproven", detail=f"the result cannot be read: {error}") from error
    found = [s for s in (sound, picture) if s]
    if (audio and sound is None) or (video and picture is None) or not found:
        raise FFmpegFailed(
            "error.ffmpeg.unproven", detail=f"the result misses a stream: sound {sound}, picture {picture}"
        )
    length = max(end for _, end in found) - min(0.0, min(start for start, _ in found))
    difference = sound[0] - picture[0] if sound and picture else 0.0
    if duration is not None and abs(length - duration) > LENGTH_TOLERANCE:
        raise FFmpegFailed(
            "error.ffmpeg.unproven", detail=f"the result is {length:.3f} s long, planned were {duration:.3f} s"
        )
    if duration is not None and abs(difference) > START_TOLERANCE:
        raise FFmpegFailed("error.ffmpeg.unproven", detail=f"sound starts {difference:.3f} s after the picture")
    return Checked(str(path), length, *size, start_difference=difference)


def _ends(container: Any, stream: Any) -> tuple[float, float] | None:
    """Times at which the first decoded frame begins and the last one ends; ``None`` when nothing decodes."""
    import av.error

    try:
        container.seek(0, stream=stream)
        first = next(container.decode(stream), None)
        if first is None:
            return None
        last = first
        container.seek(max(0, int((stream.duration or 0) - 1 / stream.time_base)), stream=stream)
        for frame in container.decode(stream):
            last = frame if frame.time is not None and frame.time >= last.time else last
    except av.error.FFmpegError as error:
        raise FFmpegFailed("error.ffmpeg.unproven", detail=f"the result does not decode: {error}") from error
    return float(first.time), float(last.time) + _length(last, stream)


def _length(frame: Any, stream: Any) -> float:
    if hasattr(frame, "samples"):
        return float(frame.samples / frame.sample_rate)
    return float(1 / stream.average_rate) if stream.average_rate else 0.0
