"""The finished file: the original's streams untouched, the dub beside them, in one Matroska file.

Everything of the original is copied packet by packet: pictures, sound, subtitles, chapters, fonts. The result's clock
is the original's clock. It is written beside its final name, examined, and renamed only then.

Languages are tagged in ISO 639-2 by FFmpeg's muxer; the IETF tags (pt-BR, es-419) and the original's own chapters are put in
afterwards (:mod:`pipeline.tracks.tags`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.atomic import beside, writing
from pipeline.errors import BadRequest, DiskFull, FFmpegFailed, Forbidden, NotFound
from pipeline.media import ffmpeg
from pipeline.media.container import audio_tracks, opened
from pipeline.media.languages import UNKNOWN, bcp47, iso639_2
from pipeline.messages import Message, message
from pipeline.progress import Report, no_report
from pipeline.tracks.carriage import KINDS, Carried, carriage, is_cover, said, tags_of
from pipeline.tracks.copying import MICRO, on_our_clock
from pipeline.tracks.flags import Shown, flags_of, forced_for, meant, of_dub, shown_of, written
from pipeline.tracks.straight import straightened
from pipeline.tracks.tags import Head, head_of, retag, room
from pipeline.tracks.webvtt import text_tracks, write_cues

PICTURES = {"mjpeg": ("jpg", "image/jpeg"), "png": ("png", "image/png"), "bmp": ("bmp", "image/bmp"),
    "gif": ("gif", "image/gif")}  # fmt: skip
MARGIN = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class NewTrack:
    """A track to add: the ``stream``-th stream of its kind in ``path``, ``delay`` seconds later than ``path`` says.

    ``kind`` ``"a"`` sound, ``"s"`` subtitles. ``language`` in any usual form.
    """

    path: Path
    kind: Literal["a", "s"]
    language: str = ""
    title: str = ""
    stream: int = 0
    delay: float = 0.0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Font:
    """Attachment ``index`` of ``path``, a font called ``name``."""

    path: Path
    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Mux:
    """What goes into the file. ``original_stream`` is the original's audio track that the dub belongs to, ``default``
    which of the two players should choose, ``original_language`` what it is tagged with if it says nothing itself; ``also`` are
    further dubs, which no player chooses by itself."""

    original: Path
    output: Path
    dub: NewTrack
    subtitles: tuple[NewTrack, ...] = ()
    original_stream: int = 0
    default: Literal["original", "dub"] = "original"
    title: str = ""
    fonts: tuple[Font, ...] = ()
    original_language: str = ""
    also: tuple[NewTrack, ...] = ()

    @property
    def added(self) -> tuple[NewTrack, ...]:
        """All new tracks, in the order of their inputs."""
        return (self.dub, *self.also, *self.subtitles)


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture that stands for the film, with the name and type its file gave it."""

    codec: str
    name: str
    mime: str
    picture: bytes


@dataclass
class _Command:
    """Arguments as they are collected."""

    maps: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    n: dict[str, int] = field(default_factory=lambda: {"v": 0, "a": 0, "s": 0, "t": 0})
    original: int = -1
    """Index of the original's audio stream that the dub belongs to."""
    tags: list[str] = field(default_factory=list)
    """IETF tags of the played streams as they are mapped; empty where none is known."""
    default_subtitles: bool = False
    """Whether the original's own subtitles have a default: there must be no second."""
    forced: int | NewTrack | None = None
    """The only subtitles that are shown by themselves: a stream of the original, or new ones; ``None`` where the files decide."""

    def add(self, source: str, kind: str) -> int:
        """Map ``source``; returns its number among its kind."""
        self.maps += ["-map", source]
        self.n[kind] += 1
        self.tags += [""] if kind != "t" else []
        return self.n[kind] - 1


def mux(request: Mux, report: Report = no_report) -> tuple[Message, ...]:
    """Write ``request.output``; returns what could not be carried over.

    Raises:
        BadRequest, NotFound, Forbidden, DiskFull: as :func:`check_output`.
        FFmpegFailed: it could not be written, or what was written is not what was ordered.
    """
    sources = (request.original, *(t.path for t in request.added if t.kind == "a"))
    with part_file(request.output, sources) as (part, folder):
        lost = said(carriage(request.original))
        straight = straightened(request.original, folder)
        # What was written on another clock has other tracks, too.
        head = head_of(request.original) if straight == request.original else Head()
        rescued = _rescued(request.original, folder) if straight == request.original else ()
        request = replace(request, original=straight, subtitles=(*rescued, *request.subtitles))
        command = _command(request, folder, head)
        with opened(request.original) as container:
            length = (container.duration or 0) / MICRO
        args = [*_inputs(request), *command.maps, *command.attached, *command.options]
        args += [
            "-map_metadata",
            "0",
            "-map_chapters",
            "0",
            "-max_interleave_delta",
            "0",
            "-default_mode",
            "passthrough",
        ]
        args += ["-metadata_header_padding", str(room(command.tags, head.chapters))]
        if request.title:
            args += ["-metadata", f"title={request.title}"]
        stage = message("progress.muxing")
        args += ["-f", "matroska", ffmpeg.safe_output(part)]
        ffmpeg.run(args, duration=length or None, report=report, stage=stage)
        if not retag(part, command.tags, head.chapters):
            lost = (*lost, message("doubt.tags_not_kept"))
        verify(part, {k: v for k, v in command.n.items() if k in "vas"}, len(command.covers))
    return lost


def check_output(output: Path, inputs: Sequence[Path], needed: int = 0) -> None:
    """Whether ``output`` may and can be written.

    Raises:
        BadRequest: it is one of the inputs, a folder, or not named ``.mkv`` or ``.mka``.
        NotFound: its folder does not exist.
        Forbidden: its folder cannot be written to.
        DiskFull: fewer than ``needed`` bytes are free.
    """
    if output.suffix.lower() not in {".mkv", ".mka"}:
        raise BadRequest("error.output_suffix", name=output.name)
    if not output.parent.is_dir():
        raise NotFound(name=str(output.parent))
    if output.is_dir():
        raise BadRequest("error.output_is_folder", name=output.name)
    if any(output.exists() and i.exists() and os.path.samefile(output, i) for i in inputs):
        raise BadRequest("error.output_is_input", name=output.name)
    try:
        with tempfile.NamedTemporaryFile(dir=output.parent, prefix=".sync-", suffix=".part"):
            free = shutil.disk_usage(output.parent).free
    except OSError as error:
        raise Forbidden("error.not_writable", name=str(output.parent)) from error
    if needed and free < needed + MARGIN:
        raise DiskFull(needed=needed + MARGIN, free=free)


@contextlib.contextmanager
def part_file(output: Path, inputs: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """A file beside ``output`` that becomes it when the block ends well and vanishes when not; and a folder beside it."""
    check_output(output, inputs, sum(i.stat().st_size for i in inputs if i.exists()))
    where = tempfile.TemporaryDirectory(prefix=".sync-", dir=output.parent)
    with writing(output), where as folder, beside(output) as part:
        yield part, Path(folder)


def _inputs(request: Mux) -> list[str]:
    args = ["-loglevel", "warning", "-fflags", "+genpts", *on_our_clock(request.original, 0.0)]
    for track in request.added:
        args += on_our_clock(track.path, track.delay)
    for path in dict.fromkeys(font.path for font in request.fonts):
        args += ffmpeg.safe_input(path)
    return args


def _command(request: Mux, folder: Path, head: Head) -> _Command:
    found = carriage(request.original)
    command = _Command(options=["-c", "copy"])
    with opened(request.original) as container:
        tracks = audio_tracks(container)
        command.original = tracks[request.original_stream].index if request.original_stream < len(tracks) else -1
        tags = tags_of(container.streams, head)
        command.forced = _forced(request, [s for s in container.streams if s.type == "subtitle"])
        for each in found:
            if each.how not in {"left_out", "empty", "rescued", "cover"}:
                _carry(container.streams[each.index], each, request, command)
                if each.kind != "t":
                    command.tags[-1] = tags.get(each.index, "")
        command.covers += covers_of(request.original, container, found)
    _add_new(request, command)
    _add_fonts(request, command)
    _attach(command, folder)
    return command


def _rescued(original: Path, folder: Path) -> tuple[NewTrack, ...]:
    """The original's subtitles that FFmpeg cannot read, as files."""
    if all(c.how != "rescued" for c in carriage(original)):
        return ()
    files = ((write_cues(original, t, folder / f"text{k}.vtt"), t) for k, t in enumerate(text_tracks(original)))
    return tuple(NewTrack(file, "s", t.language, t.title, flags=t.flags) for file, t in files)


def _forced(request: Mux, subtitles: Sequence[Any]) -> int | NewTrack | None:
    """Where players choose the dub: the subtitles for signs and foreign words of its language, its own before the original's."""
    new = [Shown(t.language, t.title, frozenset(t.flags)) for t in request.subtitles]
    there = [shown_of(s) for s in subtitles]
    found = forced_for([*new, *there], request.dub.language) if request.default == "dub" else None
    if found is None:
        return None
    return request.subtitles[found] if found < len(new) else int(subtitles[found - len(new)].index)


def _carry(stream: Any, way: Carried, request: Mux, command: _Command) -> None:
    number = command.add(f"0:{stream.index}", way.kind)
    if way.how == "converted":
        command.options += [f"-c:{way.kind}:{number}", way.encoder]
    command.default_subtitles |= way.kind == "s" and "default" in flags_of(stream)
    if way.kind == "s" and command.forced is not None:
        shown = {"default", "forced"} if command.forced == stream.index else set()
        command.options += [f"-disposition:s:{number}", written((flags_of(stream) - {"default"}) | shown)]
    if way.kind == "a":
        flags = flags_of(stream) - {"default"}
        if stream.index == command.original:
            flags |= {"original"} | ({"default"} if request.default == "original" else set())
            if iso639_2(str(stream.language or "")) == UNKNOWN and request.original_language:
                command.options += [f"-metadata:s:a:{number}", f"language={iso639_2(request.original_language)}"]
        command.options += [f"-disposition:a:{number}", written(flags)]


def _add_new(request: Mux, command: _Command) -> None:
    for place, track in enumerate(request.added, 1):
        number = command.add(f"{place}:{track.kind}:{track.stream}", track.kind)
        name = f"s:{track.kind}:{number}"
        command.tags[-1] = bcp47(track.language)
        command.options += [
            *(f"-metadata:{name}", f"language={iso639_2(track.language)}"),
            *(f"-metadata:{name}", f"title={track.title}"),
        ]
        command.options += [f"-disposition:{track.kind}:{number}", written(_flags_of_new(track, request, command))]


def _flags_of_new(track: NewTrack, request: Mux, command: _Command) -> frozenset[str]:
    """What a new track is for, and whether players choose it."""
    if track.kind == "a":
        return of_dub(track.flags, default=request.default == "dub" and track is request.dub)
    flags = meant(track.flags, track.title)
    if command.forced is not None:
        return (flags - {"default"}) | ({"default", "forced"} if command.forced is track else frozenset())
    return flags - {"default"} if command.default_subtitles else flags


def _add_fonts(request: Mux, command: _Command) -> None:
    """The dub's fonts, but for those that the original brings under the same name."""
    places = {path: 1 + len(request.added) + k for k, path in enumerate(dict.fromkeys(f.path for f in request.fonts))}
    with opened(request.original) as container:
        there = {s.metadata.get("filename", "") for s in container.streams if s.type == "attachment"}
    for font in request.fonts:
        if font.name not in there:
            command.add(f"{places[font.path]}:{font.index}", "t")


def covers_of(path: Path, container: Any, found: Sequence[Carried]) -> list[Cover]:
    """The pictures that stand for the film ``path``, which is open as ``container``."""
    return [c for each in found if each.how == "cover" for c in _cover(path, container.streams[each.index])]


def _cover(path: Path, stream: Any) -> list[Cover]:
    """The picture of a stream of cover art; none where it is empty."""
    codec, tags = stream.codec_context.name, dict(stream.metadata)
    suffix, mime = PICTURES.get(codec, ("bin", "application/octet-stream"))
    name = Path(tags.get("filename") or f"cover.{suffix}").name
    with opened(path) as again:
        packet = next((p for p in again.demux(again.streams[stream.index]) if p.size), None)
        return [Cover(codec, name, tags.get("mimetype") or mime, bytes(packet))] if packet is not None else []


def _attach(command: _Command, folder: Path) -> None:
    """Cover art becomes an attachment, which is what it is in Matroska; ffmpeg numbers these after the copied ones."""
    for number, cover in enumerate(command.covers, command.n["t"]):
        file = folder / f"cover{number}{Path(cover.name).suffix}"
        file.write_bytes(cover.picture)
        command.attached += ["-attach", str(file)]
        for pair in (f"mimetype={cover.mime}", f"filename={cover.name}"):
            command.options += [f"-metadata:s:t:{number}", pair]


def verify(path: Path, expected: dict[str, int], covers: int = 0) -> None:
    """Whether the file holds the ``expected`` number of streams by kind and of ``covers``, each with packets in order of decoding
    time.

    Raises:
        FFmpegFailed: it does not; ``detail`` says what is wrong.
    """
    with opened(path) as container:
        kept = [s for s in container.streams if is_cover(s)]
        played = [s for s in container.streams if s not in kept]
        found = {kind: sum(s.type == name for s in played) for name, kind in KINDS.items()}
        if any(found[kind] < n for kind, n in expected.items()) or len(kept) < covers:
            raise FFmpegFailed(
                "error.ffmpeg.unproven",
                detail=f"streams {found} and {len(kept)} covers, ordered {expected} and {covers}",
            )
        last: dict[int, float] = {}
        for packet in container.demux([s for s in played if s.type in {"video", "audio", "subtitle"}]):
            if packet.dts is None:
                continue
            time = float(packet.dts * packet.time_base)
            if time < last.get(packet.stream.index, -1e9):
                raise FFmpegFailed(
                    "error.ffmpeg.clock",
                    detail=f"stream {packet.stream.index}: {time} after {last[packet.stream.index]}",
                )
            last[packet.stream.index] = time
        silent = [s.index for s in played if s.type in {"video", "audio"} and s.index not in last]
    if silent:
        raise FFmpegFailed("error.ffmpeg.unproven", detail=f"streams without packets: {silent}")
