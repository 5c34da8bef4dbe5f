"""What FFmpeg's Matroska muxer cannot write, put into the finished file: IETF language tags, and chapters as the original has them,
nested and named in several languages.

The file's head grows into the space that was left for it (:func:`room`), so nothing that is played moves.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.tracks.ebml import (
    CLUSTER,
    CRC32,
    EBML,
    SEEK,
    SEEK_HEAD,
    SEEK_ID,
    SEEK_POSITION,
    SEGMENT,
    UNKNOWN_SIZE,
    VOID,
    Element,
    Node,
    content,
    elements,
    is_intact,
    master,
    nodes,
    number,
    read_element,
    text,
    unsigned,
    void,
    written,
)

TRACKS, TRACK, TRACK_TYPE = 0x1654AE6B, 0xAE, 0x83
LANGUAGE, LANGUAGE_IETF = 0x22B59C, 0x22B59D
CHAPTERS, EDITION, CHAPTER, CHAPTER_TRACKS = 0x1043A770, 0x45B9, 0xB6, 0x8F
CHAPTER_START, CHAPTER_END = 0x91, 0x92
NANO = 1_000_000_000
"""Chapters count nanoseconds."""
PLAYED = frozenset({1, 2, 17, 33})
"""Track types that libavformat makes streams of: picture, sound, subtitles, metadata (RFC 9559, section 5.1.4.1.3)."""
LONGEST_TAG = 35
"""RFC 5646, section 4.4.1."""
A_TAG = 64
"""Bytes that a track's tag takes at most, with what is around it."""
SPARE = 1024
POSITION_BYTES = 8
MOST_BYTES, HANDLERS = 64 * 1024 * 1024, frozenset({b"vide", b"soun", b"subt", b"sbtl", b"text", b"clcp"})
"""Of an MP4 file's head that is read, and those of its tracks that are played."""
DEEPEST = 16
"""Levels of chapters."""
MOST_ELEMENTS = 64
"""Elements of a head that are looked at."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a file tells: IETF tags of its tracks in order (empty where there is none), and a Matroska file's chapters."""

    languages: tuple[str, ...] = ()
    chapters: bytes = b""
    """Content of the element; empty without chapters."""

    @property
    def n_chapters(self) -> int:
        return sum(1 for edition in _safe(self.chapters) if edition.id == EDITION for _ in _atoms(edition.payload))


def head_of(path: Path | str) -> Head:
    """What the head of ``path`` tells; nothing for a file that is neither Matroska nor MP4, or one that is damaged there."""
    with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
        if extended := extended_languages(file):
            return Head(tuple(map(_tag, extended)))
        file.seek(0)
        found = {e.id: e for e in level_one(file)}
        tracks = _tracks(content(file, found[TRACKS])) if TRACKS in found else []
        chapters = content(file, found[CHAPTERS]) if CHAPTERS in found else b""
        return Head(tuple(language_of(t) for t in tracks), b"".join(_plain(chapters)))
    return Head()


def room(tags: Sequence[str], chapters: bytes) -> int:
    """Bytes that the head of a file must be able to grow by."""
    return SPARE + A_TAG * len(tags) + 2 * len(chapters)


def retag(path: Path, tags: Sequence[str], chapters: bytes = b"") -> bool:
    """Gives the tracks of ``path`` their ``tags`` (in order, empty ones for none) and the file its ``chapters``, in place.

    Whether that could be done: it cannot where the file has another number of tracks or no room. A file that could not be changed
    is as it was.
    """
    with open(path, "r+b") as file:
        try:
            found = _head(file)
            changed = [_retagged(n, tags) if n.id == TRACKS else n for n in found.nodes]
            if chapters:
                changed = [n for n in changed if n.id != CHAPTERS] + [Node(CHAPTERS, b"".join(_plain(chapters)))]
            laid = _laid_out(found, changed)
        except ValueError:
            return False
        file.seek(found.start)
        file.write(laid)
    told = head_of(path)
    return told.languages == tuple(tags) and (not chapters or told.chapters == b"".join(_plain(chapters)))


@dataclass(frozen=True, slots=True)
class _Head:
    """The elements between ``start`` and the first cluster at ``end``, without what says where they are; ``later`` are (id, place)
    of those behind the clusters; places are counted from ``origin``."""

    start: int
    end: int
    origin: int
    nodes: tuple[Node, ...]
    later: tuple[tuple[bytes, int], ...]


def segment_of(file: BinaryIO) -> tuple[int, int]:
    """Where the content of a file's segment begins and ends.

    Raises:
        ValueError: it is no Matroska file.
    """
    file.seek(0, 2)
    size = file.tell()
    head = read_element(file, 0)
    if head is None or head.id != EBML or not 0 < head.size < 4096:
        raise ValueError("no EBML")
    segment = read_element(file, head.end)
    if segment is None or segment.id != SEGMENT:
        raise ValueError("no segment")
    return segment.data, size if segment.size == UNKNOWN_SIZE else min(size, segment.end)


def level_one(file: BinaryIO) -> list[Element]:
    """The segment's elements up to the first cluster, and those the file says are elsewhere."""
    start, end = segment_of(file)
    out: list[Element] = []
    for element in elements(file, start, end):
        if element.id == CLUSTER or len(out) >= MOST_ELEMENTS:
            break
        out.append(element)
    known = {e.id for e in out}
    for head in [e for e in out if e.id == SEEK_HEAD]:
        for identity, position in _seeks(content(file, head)):
            there = read_element(file, start + position) if unsigned(identity) not in known else None
            if there is not None and there.id == unsigned(identity):
                out.append(there)
                known.add(there.id)
    return out


def _head(file: BinaryIO) -> _Head:
    """The head of a file we wrote.

    Raises:
        ValueError: it is not as we write it.
    """
    start, end = segment_of(file)
    inside: list[Node] = []
    seeks: list[tuple[bytes, int]] = []
    for element in elements(file, start, end):
        if element.id == CLUSTER:
            later = tuple((i, p) for i, p in seeks if p >= element.start - start)
            return _Head(start, element.start, start, tuple(inside), later)
        if element.id == SEEK_HEAD:
            seeks += _seeks(content(file, element))
        elif element.id != VOID:
            inside.append(Node(element.id, content(file, element)))
    raise ValueError("no cluster")


def _seeks(payload: bytes) -> list[tuple[bytes, int]]:
    """(id, place) of every entry of a seek head."""
    out = []
    for entry in (n for n in nodes(payload) if n.id == SEEK):
        told = {n.id: n.payload for n in nodes(entry.payload)}
        if SEEK_ID in told and SEEK_POSITION in told:
            out.append((told[SEEK_ID], unsigned(told[SEEK_POSITION])))
    return out


def _laid_out(found: _Head, changed: Sequence[Node]) -> bytes:
    """The head anew, exactly as long as it was.

    Raises:
        ValueError: there is no room.
    """
    raw = [master(n.id, nodes(n.payload)) if n.id in {TRACKS, CHAPTERS} else _as_it_was(n) for n in changed]
    entries = len(changed) + len(found.later)
    size = len(_seek_head([(number(n.id), 0) for n in changed] + [(i, 0) for i, _ in found.later]))
    places, at = [], found.start - found.origin + size
    for node, data in zip(changed, raw, strict=True):
        places.append((number(node.id), at))
        at += len(data)
    head = _seek_head([*places, *found.later])
    left = found.end - found.origin - at
    if len(head) != size or entries > MOST_ELEMENTS or left < 0 or left == 1:
        raise ValueError("no room")
    return head + b"".join(raw) + void(left)


def _seek_head(entries: Sequence[tuple[bytes, int]]) -> bytes:
    parts = []
    for identity, position in entries:
        entry = master(
            SEEK, [Node(SEEK_ID, identity), Node(SEEK_POSITION, number(position, POSITION_BYTES))], checked=False
        )
        parts.append(nodes(entry)[0])
    return master(SEEK_HEAD, parts)


def _as_it_was(node: Node) -> bytes:
    return written(node.id, node.payload)


def _tracks(payload: bytes) -> list[list[Node]]:
    """The parts of every track that is played."""
    tracks = [nodes(n.payload) for n in nodes(payload) if n.id == TRACK]
    return [t for t in tracks if any(n.id == TRACK_TYPE and unsigned(n.payload) in PLAYED for n in t)]


def language_of(track: Sequence[Node]) -> str:
    """The IETF tag among the parts of a track; empty where there is none that could be one."""
    return _tag(next((text(n.payload) for n in track if n.id == LANGUAGE_IETF), ""))


def _tag(tag: str) -> str:
    """``tag``, empty where it could be none."""
    return tag if len(tag) <= LONGEST_TAG and tag.replace("-", "").isalnum() and tag.isascii() else ""


def _retagged(tracks: Node, tags: Sequence[str]) -> Node:
    if len(_tracks(tracks.payload)) != len(tags) or not is_intact(tracks.payload):
        raise ValueError("other tracks")
    left, out = list(tags), []
    for node in nodes(tracks.payload):
        parts = nodes(node.payload) if node.id == TRACK else []
        if any(n.id == TRACK_TYPE and unsigned(n.payload) in PLAYED for n in parts):
            tag = left.pop(0)
            kept = [n for n in parts if n.id != LANGUAGE_IETF]
            at = 1 + max((k for k, n in enumerate(kept) if n.id == LANGUAGE), default=len(kept) - 1)
            kept[at:at] = [Node(LANGUAGE_IETF, tag.encode())] if tag else []
            node = nodes(master(TRACK, kept, checked=False))[0]
        out.append(node)
    return nodes(master(TRACKS, out, checked=False))[0]


def _plain(chapters: bytes) -> list[bytes]:
    """The parts of chapters without their links to tracks, which have other numbers in another file."""
    kept = [n for n in nodes(chapters) if n.id not in {CRC32, VOID}]
    return [master(n.id, _unlinked(n.payload), checked=False) if n.id == EDITION else _as_it_was(n) for n in kept]


def _unlinked(payload: bytes, depth: int = 0) -> list[Node]:
    if depth > DEEPEST:
        raise ValueError("chapters too deep")
    out = []
    for node in nodes(payload):
        if node.id == CHAPTER:
            node = nodes(master(CHAPTER, _unlinked(node.payload, depth + 1), checked=False))[0]
        if node.id not in {CHAPTER_TRACKS, CRC32, VOID}:
            out.append(node)
    return out


def moved_chapters(chapters: bytes, at: Callable[[float], float]) -> bytes:
    """Content of the element with every time where ``at`` puts it, seconds; chapters of which nothing is left are gone."""
    kept = [n for n in _safe(chapters) if n.id not in {CRC32, VOID}]
    return b"".join(
        master(n.id, _moved(n.payload, at), checked=False) if n.id == EDITION else _as_it_was(n) for n in kept
    )


def _moved(payload: bytes, at: Callable[[float], float], depth: int = 0) -> list[Node]:
    out = []
    for node in _safe(payload) if depth <= DEEPEST else []:
        if node.id in {CHAPTER_START, CHAPTER_END}:
            node = Node(node.id, number(round(at(unsigned(node.payload) / NANO) * NANO), POSITION_BYTES))
        elif node.id == CHAPTER:
            parts = _moved(node.payload, at, depth + 1)
            times = {n.id: unsigned(n.payload) for n in parts if n.id in {CHAPTER_START, CHAPTER_END}}
            if times.get(CHAPTER_END, NANO * NANO) <= times.get(CHAPTER_START, 0):
                continue
            node = nodes(master(CHAPTER, parts, checked=False))[0]
        out.append(node)
    return out


def _safe(payload: bytes) -> list[Node]:
    with contextlib.suppress(ValueError):
        return nodes(payload)
    return []


def _atoms(payload: bytes) -> list[Node]:
    """A chapter's or edition's chapters, with those inside them (at most :data:`DEEPEST` levels: deeper ones were refused)."""
    found = [n for n in _safe(payload) if n.id == CHAPTER]
    return [x for n in found for x in (n, *_atoms(n.payload))]


def extended_languages(file: BinaryIO) -> tuple[str, ...]:
    """The extended language (``elng``, ISO/IEC 14496-12; FFmpeg does not read it) of each track of an MP4 file that is played, in
    order, empty where there is none; nothing for other files and where the head is damaged."""
    tracks = [dict(_boxes(dict(_boxes(c)).get(b"mdia", b""))) for kind, c in _boxes(_moov(file)) if kind == b"trak"]
    found = (t.get(b"elng", b"")[4:].partition(b"\0")[0] for t in tracks if t.get(b"hdlr", b"")[8:12] in HANDLERS)
    return tuple(tag.decode("ascii", "replace") for tag in found)


def _moov(file: BinaryIO) -> bytes:
    """The content of ``moov``, wherever in the file it is."""
    at, end = 0, file.seek(0, os.SEEK_END)
    file.seek(0)
    if file.read(8)[4:] != b"ftyp":
        return b""
    while at + 16 <= end:
        file.seek(at)
        size, kind, large = struct.unpack(">I4sQ", file.read(16))
        head = 16 if size == 1 else 8
        size = {0: end - at, 1: large}.get(size, size)
        if kind == b"moov":
            file.seek(at + head)
            return file.read(min(size - head, MOST_BYTES)) if size >= head else b""
        if size < head:
            break
        at += size
    return b""


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of the whole boxes in ``content``."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8 or at + size > len(content):
            return
        yield kind, content[at + 8 : at + size]
        at += size
