"""The dub's subtitles that are pictures on the original's clock: moved packet by packet through the map, nothing recognised or drawn.

A picture goes where its middle belongs and is clipped to that part, as a line of text is; one whose scene is missing is left out.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.atomic import writing
from pipeline.media import ffmpeg
from pipeline.media.container import clock_origin, opened
from pipeline.tracks.copying import on_our_clock
from pipeline.tracks.picture_cues import NAMES, Packets, Shown, cleared, paced, shown_of
from syncdub.making.subtitles import Subtitle, retime
from syncdub.values import PlacedPlan, Segment

MILLI = Fraction(1, 1000)
UNTIL_MORE = 4e6


@dataclass(frozen=True, slots=True)
class Moved:
    """A track of pictures in ``path``: how many were ``kept`` and how many ``dropped``."""

    path: Path
    kept: int
    dropped: int


def move_pictures(dub: Path, index: int, codec: str, plan: PlacedPlan, output: Path) -> Moved | None:
    """Stream ``index`` of ``dub`` on the original's clock, in ``output`` (Matroska); ``None`` where nothing of it is left, or it is of
    a kind that cannot be moved.

    Raises:
        FFmpegFailed: it cannot be read. DiskFull, Forbidden: it cannot be written.
    """
    kind = NAMES.get(codec)
    if kind is None:
        return None
    with tempfile.TemporaryDirectory(prefix="pictures-", dir=output.parent) as folder:
        whole = Path(folder) / "whole.mkv"  # the muxer puts a display set's pieces together
        what = ["-map", f"0:{index}", "-c", "copy", "-map_metadata", "-1", "-f", "matroska", ffmpeg.safe_output(whole)]
        ffmpeg.run([*on_our_clock(dub, 0.0), *what])
        with opened(whole) as source:
            if not source.streams.subtitles:
                return None
            stream = source.streams.subtitles[0]
            cues = shown_of(kind, _packets(source, stream))
            events, kept = moved(kind, cues, plan.segments)
            if not kept:
                return Moved(output, 0, len(cues))
            _write(events, stream, output)
    return Moved(output, kept, len(cues) - kept)


def moved(
    kind: str, cues: Sequence[Shown], segments: Sequence[Segment]
) -> tuple[list[tuple[float, float, bytes]], int]:
    """((time, duration, data) of every packet on the original's clock, how many pictures were kept)."""
    placed: list[tuple[float, float, bytes]] = []
    for cue in cues:
        found = retime(Subtitle(cue.start, cue.end, ""), segments)
        if found is not None:
            rate = (found.end - found.start) / (cue.end - cue.start)
            placed.append((found.start, found.end, paced(kind, cue.data, rate)))
    placed.sort(key=lambda p: p[:2])
    out: list[tuple[float, float, bytes]] = []
    for n, (start, end, data) in enumerate(placed):
        following = placed[n + 1][0] if n + 1 < len(placed) else float("inf")
        out.append((start, min(end, following) - start, data))
        gone = cleared(kind, data)
        if gone and end < following - MILLI:
            out.append((end, 0.0, gone))
    return out, len(placed)


def _packets(source: Any, stream: Any) -> Packets:
    origin = clock_origin(source)
    found = [
        (float(p.pts * p.time_base) - origin, _known(float((p.duration or 0) * p.time_base)), bytes(p))
        for p in source.demux(stream)
        if p.pts is not None and p.size
    ]
    return sorted(found, key=lambda p: p[0])


def _known(duration: float) -> float:
    """A duration in seconds, 0 where it stands for "until something else comes" (all 32 bits set, in milliseconds)."""
    return duration if duration < UNTIL_MORE else 0.0


def _write(events: Sequence[tuple[float, float, bytes]], template: Any, output: Path) -> None:
    import av

    with writing(output), contextlib.closing(av.open(f"file:{output}", "w", format="matroska")) as target:
        made = target.add_stream_from_template(template)
        for start, duration, data in events:
            packet = av.Packet(data)
            packet.stream, packet.time_base = made, MILLI
            packet.pts = packet.dts = round(start * 1000)
            packet.duration = round(duration * 1000)
            target.mux(packet)
