"""An audio track's packets, moved in time and not touched otherwise."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from pipeline.atomic import writing
from pipeline.errors import DiskFull, ToolError
from pipeline.media import ffmpeg
from pipeline.media.clock import course, packets
from pipeline.media.container import audio_tracks, clock_origin, opened
from pipeline.values import Span

MICRO = 1_000_000
START_TOLERANCE = 0.002
"""Matroska counts milliseconds; a copied packet lies within one of where it should."""
HALF_A_MILLISECOND = 0.0005


def copy_track(path: Path, stream: int, delay: float, kept: Span, output: Path) -> bool:
    """The packets of audio track ``stream`` that lie in ``kept`` (its file's clock), ``delay`` seconds later, into
    ``output``.

    What would lie before 0 is left out, so at most one packet (20–100 ms) of sound is lost. Returns whether the
    result is where it should be; ``False`` also when Matroska cannot hold the codec.
    """
    with opened(path) as container:
        whole = kept.start <= HALF_A_MILLISECOND and not course(container).broken
    copied = _copied_whole if whole else _copied_part
    try:
        with writing(output):
            first = copied(path, stream, delay, kept, output)
    except ToolError as error:
        if isinstance(error, DiskFull):
            raise
        return False
    with opened(output) as made:
        at = _first_time(made, made.streams.audio[0], 0.0)
    return first is not None and at is not None and abs(at - first) <= START_TOLERANCE


def _copied_whole(path: Path, stream: int, delay: float, kept: Span, output: Path) -> float | None:
    """From the very first packet, encoder run-in included, which only ffmpeg's own program hands on. Returns where it
    should be."""
    with opened(path) as source:
        track = audio_tracks(source)[stream]
        number, first = track.index, _first_time(source, track, clock_origin(source))
    what = [
        "-map",
        f"0:{number}",
        "-c",
        "copy",
        "-to",
        f"{kept.end + delay:.6f}",
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
    ]
    ffmpeg.run([*on_our_clock(path, delay), *what, "-f", "matroska", ffmpeg.safe_output(output)])
    return None if first is None else first + delay


def _copied_part(path: Path, stream: int, delay: float, kept: Span, output: Path) -> float | None:
    """The packets that begin in ``kept``. Returns where the first should be."""
    import av

    first = None
    with opened(path) as source, contextlib.closing(av.open(f"file:{output}", "w", format="matroska")) as target:
        track = audio_tracks(source)[stream]
        origin = clock_origin(source)
        made = target.add_stream_from_template(track)
        shift = round((delay - origin) / track.time_base)
        for packet in packets(source, track):
            time = None if packet.pts is None else float(packet.pts * track.time_base) - origin
            if packet.pts is None or time is None or not kept.start - HALF_A_MILLISECOND <= time < kept.end:
                continue
            first = time + delay if first is None else first
            packet.pts = packet.dts = packet.pts + shift
            packet.stream = made
            target.mux(packet)
    return first


def _first_time(container: Any, track: Any, origin: float) -> float | None:
    """When the first packet of a track begins, our clock."""
    packet = next((p for p in packets(container, track) if p.pts is not None), None)
    return None if packet is None else float(packet.pts * packet.time_base) - origin


def on_our_clock(path: Path, delay: float) -> list[str]:
    """An input whose timestamps come out on our clock: ffmpeg would start every file at its first timestamp."""
    if path.suffix in {".srt", ".ass", ".vtt"}:
        return ["-itsoffset", f"{delay:.6f}", *ffmpeg.safe_input(path)]
    with opened(path) as container:
        offset = (container.start_time or 0) / MICRO - clock_origin(container) + delay
    return ["-itsoffset", f"{offset:.6f}", *ffmpeg.safe_input(path)]
