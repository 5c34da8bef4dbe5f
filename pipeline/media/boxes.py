"""What FFmpeg does not read of an MP4 file: the extended languages of its tracks (``elng``, ISO/IEC 14496-12), such as ``es-419``."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

MOST_BYTES = 64 * 1024 * 1024
"""Of the file's head that is read."""
PLAYED = frozenset({b"vide", b"soun", b"subt", b"sbtl", b"text", b"clcp"})
"""Handlers of tracks that are played."""


def extended_languages(file: BinaryIO) -> tuple[str, ...]:
    """The extended language of each track of an MP4 file that is played, in order, empty where there is none; nothing for other files
    and where the head is damaged."""
    tracks = [dict(_boxes(dict(_boxes(c)).get(b"mdia", b""))) for kind, c in _boxes(_head(file)) if kind == b"trak"]
    return tuple(_language(t.get(b"elng", b"")) for t in tracks if t.get(b"hdlr", b"")[8:12] in PLAYED)


def _language(box: bytes) -> str:
    return box[4:].partition(b"\0")[0].decode("ascii", "replace")


def _head(file: BinaryIO) -> bytes:
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
    """(kind, content) of the boxes in ``content``, as far as they are whole."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8 or at + size > len(content):
            return
        yield kind, content[at + 8 : at + size]
        at += size
