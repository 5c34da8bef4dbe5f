"""WebVTT as Matroska's own mapping stores it (``S_TEXT/WEBVTT``), which FFmpeg cannot read: the cues are taken from the file's blocks and
written as a WebVTT file, so that a film keeps its subtitles.

FFmpeg and the players built on it read WebVTT in Matroska under WebM's id alone (``D_WEBVTT/SUBTITLES``); the result has that one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.tracks.ebml import CLUSTER, Element, Node, content, elements, nodes, text, unsigned
from pipeline.tracks.tags import TRACK, TRACKS, language_of, level_one, segment_of

CODEC, OWN_ID = 0x86, "S_TEXT/WEBVTT"
NUMBER, NAME, LANGUAGE, DEFAULT, FORCED = 0xD7, 0x536E, 0x22B59C, 0x88, 0x55AA
INFO, SCALE = 0x1549A966, 0x2AD7B1
TIME, GROUP, BLOCK, DURATION = 0xE7, 0xA0, 0xA1, 0x9B
ADDITIONS, MORE, ADDITIONAL = 0x75A1, 0xA6, 0xA5
LARGEST = 256 * 1024
"""Bytes of a group of blocks that may hold a subtitle."""
LASTS = 3.0
"""Seconds a cue is seen that does not say how long."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class TextTrack:
    """A WebVTT track: its ``number`` in the file's blocks, and what it is tagged with."""

    number: int
    language: str
    title: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """``start`` and ``end`` in seconds; ``settings`` and ``name`` as WebVTT has them on the line of times and above it."""

    start: float
    end: float
    text: str
    settings: str = ""
    name: str = ""


def text_tracks(path: Path | str) -> tuple[TextTrack, ...]:
    """The tracks of ``path`` that FFmpeg cannot read; none for a file that is no Matroska file."""
    with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
        tracks = next((e for e in level_one(file) if e.id == TRACKS), None)
        parts = [nodes(n.payload) for n in nodes(content(file, tracks)) if n.id == TRACK] if tracks else []
        return tuple(_track(p) for p in parts if _word(p, CODEC) == OWN_ID)
    return ()


def cues(path: Path | str, track: TextTrack) -> Iterator[Cue]:
    """The cues of ``track`` in the order of the file."""
    with open(path, "rb") as file:
        start, end = segment_of(file)
        scale = _scale(file) / 1e9
        for element in elements(file, start, end):
            if element.id != CLUSTER:
                continue
            time = 0
            for inside in elements(file, element.data, end if element.size < 0 else element.end):
                if inside.id == TIME:
                    time = unsigned(content(file, inside))
                elif inside.id == GROUP and inside.size <= LARGEST:
                    yield from _cue(file, inside, track.number, time, scale)


def write_cues(path: Path | str, track: TextTrack, target: Path) -> Path:
    """The cues of ``track`` as a WebVTT file."""
    with target.open("w", encoding="utf-8") as out:
        out.write("WEBVTT\n\n")
        for cue in cues(path, track):
            said = "\n".join(line for line in cue.text.splitlines() if line.strip())
            name = f"{cue.name}\n" if cue.name and "-->" not in cue.name else ""
            out.write(f"{name}{_clock(cue.start)} --> {_clock(cue.end)} {cue.settings}".rstrip() + f"\n{said}\n\n")
    return target


def _track(parts: list[Node]) -> TextTrack:
    number = next((unsigned(n.payload) for n in parts if n.id == NUMBER), 0)
    flags = {name for name, identity in (("default", DEFAULT), ("forced", FORCED)) if _flag(parts, identity)}
    return TextTrack(
        number, language_of(parts) or _word(parts, LANGUAGE) or "eng", _word(parts, NAME), tuple(sorted(flags))
    )


def _flag(parts: list[Node], identity: int) -> bool:
    """Whether a flag is said to be set; what is not said is not (Matroska's default of FlagDefault would set every track)."""
    return any(n.id == identity and unsigned(n.payload) == 1 for n in parts)


def _word(parts: list[Node], identity: int) -> str:
    return next((text(n.payload) for n in parts if n.id == identity), "")


def _scale(file: BinaryIO) -> int:
    """Nanoseconds a tick."""
    info = next((e for e in level_one(file) if e.id == INFO), None)
    told = (
        next((unsigned(n.payload) for n in nodes(content(file, info)) if n.id == SCALE), MILLION) if info else MILLION
    )
    return told or MILLION


def _cue(file: BinaryIO, group: Element, number: int, time: int, scale: float) -> Iterator[Cue]:
    with contextlib.suppress(ValueError):
        parts = nodes(content(file, group))
        block = next((n.payload for n in parts if n.id == BLOCK), b"")
        if len(block) < 5 or _track_of(block) != number:
            return
        head = 3 + (9 - block[0].bit_length())
        start = (time + int.from_bytes(block[head - 3 : head - 1], "big", signed=True)) * scale
        lasts = next((unsigned(n.payload) * scale for n in parts if n.id == DURATION), LASTS)
        settings, name = _additions(parts)
        yield Cue(start, start + lasts, block[head:].decode("utf-8", "replace").strip("\r\n\0"), settings, name)


def _track_of(block: bytes) -> int:
    length = 9 - block[0].bit_length()
    return int.from_bytes(block[:length], "big") & ((1 << 7 * length) - 1)


def _additions(parts: list[Node]) -> tuple[str, str]:
    """Settings and name of a cue: the first two lines of what is added to its block."""
    added = next((n.payload for n in parts if n.id == ADDITIONS), b"")
    more = next((n.payload for n in nodes(added) if n.id == MORE), b"") if added else b""
    lines = next((n.payload for n in nodes(more) if n.id == ADDITIONAL), b"").decode("utf-8", "replace").split("\n")
    settings, name = (*lines, "", "")[:2]
    return settings.strip(), name.strip()


def _clock(seconds: float) -> str:
    whole = max(0, round(seconds * 1000))
    return f"{whole // 3600000:02d}:{whole // 60000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"
