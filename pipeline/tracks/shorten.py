"""A film without some of its stretches: pictures encoded anew and exact to the frame, sounds to the sample, chapters and subtitles
on the shorter clock, everything else as it was.

A picture that is only copied can be cut at a few of its frames alone, so a shorter film is encoded once more, finely enough that
nobody sees it (:data:`CRF`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media import ffmpeg
from pipeline.media.clock import packets
from pipeline.media.container import clock_origin, opened, video_stream
from pipeline.messages import Message, message
from pipeline.progress import Report, no_report
from pipeline.tracks.carriage import Carried, carriage, said, tags_of
from pipeline.tracks.copying import on_our_clock
from pipeline.tracks.flags import flags_of
from pipeline.tracks.mux import NewTrack, covers_of
from pipeline.tracks.tags import head_of, moved_chapters, retag, room
from pipeline.values import Cut, Span, Timeline

FILM = "film"
CRF, PRESET = 16, "fast"
"""Two steps under 18, which x264's own guide calls visually lossless or nearly so."""
DEEP = frozenset({"10", "12", "14", "16"})
"""Bits a sample that x265 holds and most players of x264 do not."""
HALF_A_MILLISECOND = 0.0005
SHORTEST = 0.05
"""Seconds under which a chapter is none."""


@dataclass(frozen=True, slots=True)
class Shorter:
    """What a shorter film is made of: ``kept`` cuts of :data:`FILM`, its ``sounds`` and ``texts`` on the shorter clock already, by index
    of the film's stream; texts of which nothing is left are not among them."""

    film: Path
    kept: Timeline
    sounds: Mapping[int, Path]
    texts: Mapping[int, NewTrack]


def kept_of(gone: Sequence[Span], duration: float, crossfade: float = 0.0) -> Timeline:
    """What stays of ``duration`` seconds without the stretches that are ``gone`` (in order, apart)."""
    cuts: list[Cut] = []
    at = start = 0.0
    for span in (*gone, Span(duration, duration)):
        if span.start > start:
            cuts.append(Cut(FILM, Span(start, span.start), at))
            at += span.start - start
        start = max(start, span.end)
    return Timeline(tuple(cuts), name=FILM, crossfade=crossfade)


def moment(kept: Timeline, time: float) -> float:
    """When a moment of the film is in the shorter one; what is gone is where it was cut."""
    before = [c for c in kept.cuts if c.span.start <= time]
    return before[-1].at + min(time, before[-1].span.end) - before[-1].span.start if before else 0.0


def whole_frames(gone: Sequence[Span], times: NDArray[np.float64], duration: float) -> tuple[Span, ...]:
    """The stretches made smaller until they begin and end with a frame (shown from ``times`` on, in order); one that reaches the
    film's end goes to the end."""
    if not len(times):
        return tuple(gone)
    out = []
    for span in gone:
        first = int(np.searchsorted(times, span.start - HALF_A_MILLISECOND))
        last = int(np.searchsorted(times, span.end + HALF_A_MILLISECOND)) - 1
        start = 0.0 if span.start <= 0 else float(times[first]) if first < len(times) else duration
        end = duration if span.end >= duration - HALF_A_MILLISECOND else float(times[max(last, 0)])
        if end > start:
            out.append(Span(start, end))
    return tuple(out)


def frame_times(path: Path | str) -> NDArray[np.float64]:
    """When each frame of the picture is shown, our clock, in order; empty without a picture. Nothing is decoded."""
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return np.zeros(0)
        origin, base = clock_origin(container), float(stream.time_base or 0)
        return np.sort([p.pts * base - origin for p in packets(container, stream) if p.pts is not None and p.size])


def shortened(what: Shorter, output: Path, folder: Path, report: Report = no_report) -> tuple[Message, ...]:
    """Writes the shorter film (Matroska) to ``output``, with files of its own in ``folder``; returns what could not be kept.

    Raises:
        UnsupportedFormat: Matroska cannot hold its picture. DiskFull, FFmpegFailed: it could not be made.
    """
    found = carriage(what.film)
    head = head_of(what.film)
    command = _Command(what)
    with opened(what.film) as container:
        tags = tags_of(container.streams, head)
        for way in found:
            command.carry(container.streams[way.index], way, tags.get(way.index, ""))
        chapters = _chapters(container, what.kept, folder)
        command.attach(covers_of(what.film, container, found), folder)
    moved = moved_chapters(head.chapters, lambda time: moment(what.kept, time)) if head.chapters else b""
    args = [*command.inputs]
    if chapters is not None:
        args += ["-f", "ffmetadata", *ffmpeg.safe_input(chapters)]
    args += [*command.maps, *command.options, "-map_metadata", "0", "-max_interleave_delta", "0"]
    args += ["-map_chapters", str(command.n_inputs) if chapters is not None else "-1", "-default_mode", "passthrough"]
    args += ["-metadata_header_padding", str(room(command.tags, moved))]
    length, stage = what.kept.duration, message("progress.shortening")
    ffmpeg.run([*args, "-f", "matroska", ffmpeg.safe_output(output)], duration=length, report=report, stage=stage)
    kept = retag(output, command.tags, moved)
    return (
        *said(c for c in found if c.how in {"left_out", "empty"}),
        *(() if kept else (message("doubt.tags_not_kept"),)),
    )


class _Command:
    """Arguments as they are collected."""

    def __init__(self, what: Shorter) -> None:
        self.what = what
        self.inputs = ["-loglevel", "warning", "-fflags", "+genpts", *on_our_clock(what.film, 0.0)]
        self.n_inputs = 1
        self.maps: list[str] = []
        self.options: list[str] = []
        self.tags: list[str] = []
        self.n = dict.fromkeys("vast", 0)

    def carry(self, stream: Any, way: Carried, tag: str) -> None:
        """One stream of the film, as it is in the shorter one."""
        if way.kind == "t":
            self._mapped(f"0:{stream.index}", "t", "copy")
        elif way.kind == "v" and way.how in {"copied", "converted"}:
            self._picture(stream, tag)
        elif way.kind == "a" and stream.index in self.what.sounds:
            number = self._mapped(f"{self._input(self.what.sounds[stream.index])}:a:0", "a", "copy", tag)
            self.options += [f"-map_metadata:s:a:{number}", f"0:s:{stream.index}"]
            self.options += [f"-disposition:a:{number}", "+".join(sorted(flags_of(stream))) or "0"]
        elif way.kind == "s" and stream.index in self.what.texts:
            self._text(self.what.texts[stream.index], tag)

    def _picture(self, stream: Any, tag: str) -> None:
        bits = (stream.codec_context.format.name if stream.codec_context.format else "").rstrip("le").rstrip("be")[-2:]
        number = self._mapped(f"0:{stream.index}", "v", "libx265" if bits in DEEP else "libx264", tag)
        name = f"v:{number}"
        self.options += [f"-filter:{name}", _filters(self.what.kept), f"-crf:{name}", str(CRF)]
        self.options += [
            f"-preset:{name}",
            PRESET,
            f"-fps_mode:{name}",
            "passthrough",
            f"-enc_time_base:{name}",
            "demux",
        ]

    def _text(self, track: NewTrack, tag: str) -> None:
        number = self._mapped(f"{self._input(track.path)}:s:{track.stream}", "s", "copy", tag)
        for pair in (f"language={track.language or 'und'}", f"title={track.title}"):
            self.options += [f"-metadata:s:s:{number}", pair]
        self.options += [f"-disposition:s:{number}", "+".join(track.flags) or "0"]

    def attach(self, covers: Sequence[Any], folder: Path) -> None:
        """Cover art, as attachments."""
        for number, cover in enumerate(covers, self.n["t"]):
            file = folder / f"cover{number}{Path(cover.name).suffix}"
            file.write_bytes(cover.picture)
            self.maps += ["-attach", str(file)]
            for pair in (f"mimetype={cover.mime}", f"filename={cover.name}"):
                self.options += [f"-metadata:s:t:{number}", pair]

    def _input(self, path: Path) -> int:
        self.inputs += on_our_clock(path, 0.0)
        self.n_inputs += 1
        return self.n_inputs - 1

    def _mapped(self, source: str, kind: str, codec: str, tag: str = "") -> int:
        self.maps += ["-map", source]
        self.n[kind] += 1
        self.tags += [tag] if kind != "t" else []
        number = self.n[kind] - 1
        self.options += [f"-c:{kind}:{number}", codec]
        if source.startswith("0:"):
            self.options += [f"-map_metadata:s:{kind}:{number}", f"0:s:{source[2:]}"]
        return number


def _filters(kept: Timeline) -> str:
    """Keeps the frames of the cuts and shows each as much earlier as has gone before it."""
    inside = "+".join(f"gte(t,{_edge(c.span.start)})*lt(t,{_edge(c.span.end)})" for c in kept.cuts)
    steps, before = [], 0.0
    for cut in kept.cuts:
        earlier = cut.span.start - cut.at
        if earlier > before:
            steps.append(f"gte(T,{_edge(cut.span.start)})*{earlier - before:.6f}")
            before = earlier
    moved = f"floor(PTS-({'+'.join(steps) or '0'})/TB+0.5)"
    return f"select='{inside}',setpts='{moved}'"


def _edge(time: float) -> str:
    """A frame that begins there lies behind it, whatever its clock is rounded to."""
    return f"{time - HALF_A_MILLISECOND:.6f}"


def _chapters(container: Any, kept: Timeline, folder: Path) -> Path | None:
    """The film's chapters on the shorter clock as a file for ffmpeg; those of which nothing is left are gone."""
    lines = [";FFMETADATA1"]
    origin = clock_origin(container)
    for chapter in container.chapters():
        base = float(chapter["time_base"] or 0)
        start, end = (moment(kept, max(0.0, chapter[edge] * base - origin)) for edge in ("start", "end"))
        if end - start < SHORTEST:
            continue
        lines += ["[CHAPTER]", "TIMEBASE=1/1000000", f"START={round(start * 1e6)}", f"END={round(end * 1e6)}"]
        lines += [f"{name}={_escaped(text)}" for name, text in chapter.get("metadata", {}).items()]
    if len(lines) == 1:
        return None
    file = folder / "chapters.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _escaped(text: str) -> str:
    """As FFmpeg's metadata files want it."""
    return "".join(f"\\{c}" if c in "=;#\\\n" else c for c in text)


__all__ = ["FILM", "Shorter", "frame_times", "kept_of", "moment", "shortened", "whole_frames"]
