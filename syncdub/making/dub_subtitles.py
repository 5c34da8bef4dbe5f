"""The dub's subtitles in the film: those inside its file and those beside it, with their flags and the fonts they are drawn with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.media.values import MediaInfo, OtherStream
from pipeline.messages import Message, message
from pipeline.text.encodings import decoded
from pipeline.tracks.mux import Font, NewTrack
from syncdub.making import subtitles
from syncdub.making.picture_subtitles import move_pictures
from syncdub.values import PlacedPlan

FONTS = frozenset({".ttf", ".otf", ".ttc", ".woff", ".woff2"})


@dataclass(frozen=True, slots=True)
class Lines:
    """Tracks of subtitles to add, the fonts they need, and what could not come along."""

    tracks: tuple[NewTrack, ...] = ()
    fonts: tuple[Font, ...] = ()
    doubts: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class _Text:
    """A track of text: how it is read (``None`` where its encoding cannot be told) and what it is called."""

    read: Callable[[], str | None]
    kind: str
    language: str
    title: str
    flags: tuple[str, ...] = ()


def dub_subtitles(plan: PlacedPlan, dub: MediaInfo, beside: tuple[Path, ...], language: str, folder: Path) -> Lines:
    """The subtitles of ``dub`` and the files ``beside`` it, in ``language``, on the original's clock: text through the map,
    pictures packet by packet."""
    tracks: list[NewTrack] = []
    doubts: list[Message] = []
    texts: list[_Text] = []
    for number, stream in enumerate(s for s in dub.others if s.kind == "subtitle"):
        if stream.text:
            texts.append(_inside(dub, stream))
            continue
        moved = move_pictures(Path(dub.path), stream.index, stream.codec, plan, folder / f"pictures{number}.mkv")
        if moved is None:
            doubts.append(message("doubt.subtitles_left_out", index=stream.index, codec=stream.codec))
            continue
        if moved.kept:
            tracks.append(NewTrack(moved.path, "s", stream.language, stream.title, flags=stream.flags))
        if moved.dropped:
            doubts.append(message("doubt.subtitle_pictures_dropped", dropped=moved.dropped, kept=moved.kept))
    texts += [_beside(path, language) for path in beside]
    for number, text in enumerate(texts):
        file, said = _retimed(text, plan, folder / f"subtitles{number}.{text.kind}")
        doubts += said
        if file is not None:
            tracks.append(NewTrack(file, "s", text.language, text.title, flags=text.flags))
    return Lines(tuple(tracks), fonts_of(dub) if tracks else (), tuple(doubts))


def _retimed(text: _Text, plan: PlacedPlan, file: Path) -> tuple[Path | None, list[Message]]:
    """``file`` with the lines on the original's clock; ``None`` where none is left."""
    written = text.read()
    if written is None:
        return None, [message("doubt.subtitle_encoding", name=text.title)]
    retimed, kept, dropped = subtitles.retimed_file(written, text.kind, plan)
    said = [message("doubt.subtitle_lines_dropped", dropped=dropped, kept=kept)] if dropped else []
    if not kept:
        return None, said
    file.write_text(retimed, encoding="utf-8")
    return file, said


def _inside(dub: MediaInfo, stream: OtherStream) -> _Text:
    kind = "ass" if stream.codec in {"ass", "ssa"} else "srt"

    def read() -> str:
        offset = ["-itsoffset", f"{dub.container_start - dub.origin:.6f}"]
        what = ["-map", f"0:{stream.index}", "-c:s", kind, "-f", kind, "-"]
        return ffmpeg.capture([*offset, *ffmpeg.safe_input(dub.path), *what]).decode("utf-8-sig", "replace")

    return _Text(read, kind, stream.language, stream.title, stream.flags)


def _beside(path: Path, language: str) -> _Text:
    kind = "ass" if path.suffix.lower() in {".ass", ".ssa"} else "srt"
    return _Text(lambda: decoded(path.read_bytes(), language), kind, language, path.stem)


def fonts_of(info: MediaInfo) -> tuple[Font, ...]:
    """The fonts attached to a file."""
    with opened(info.path) as container:
        named = [(s.index, str(s.metadata.get("filename", ""))) for s in container.streams if s.type == "attachment"]
    return tuple(Font(Path(info.path), index, name) for index, name in named if Path(name).suffix.lower() in FONTS)
