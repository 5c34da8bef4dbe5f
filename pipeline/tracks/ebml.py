"""EBML, the language Matroska files are written in (RFC 8794): elements read from a file, and written again.

Only what a file's head needs is read: sizes are limited, unknown elements are kept as they are.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

EBML, SEGMENT, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
VOID, CRC32 = 0xEC, 0xBF
SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
UNKNOWN_SIZE = -1
"""Of a master that goes on until another of its level begins."""
MOST = 32 * 1024**2
"""Bytes of an element that is read as a whole."""
CRC_SIZE = 6
"""Bytes of a CRC-32 element."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a file: where it ``start``s, where its ``data`` starts and how many bytes of it there are."""

    id: int
    start: int
    data: int
    size: int

    @property
    def end(self) -> int:
        return self.data + self.size


@dataclass(frozen=True, slots=True)
class Node:
    """An element with its content in memory."""

    id: int
    payload: bytes


def read_element(file: BinaryIO, start: int) -> Element | None:
    """The element that begins at ``start``; ``None`` at the end of the file or where nothing sensible begins."""
    file.seek(start)
    head = file.read(12)
    identity = _number(head, 0, keep=True)
    if identity is None or identity[1] > 4:
        return None
    size = _number(head, identity[1], keep=False)
    if size is None:
        return None
    unknown = size[0] == (1 << 7 * size[1]) - 1
    return Element(identity[0], start, start + identity[1] + size[1], UNKNOWN_SIZE if unknown else size[0])


def elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """The elements between two places of a file; stops at one of unknown size, or where they end in nothing."""
    while start < end and (found := read_element(file, start)) is not None:
        yield found
        if found.size == UNKNOWN_SIZE:
            return
        start = found.end


def content(file: BinaryIO, element: Element) -> bytes:
    """What ``element`` holds.

    Raises:
        ValueError: it is larger than :data:`MOST`, of unknown size, or cut off.
    """
    if not 0 <= element.size <= MOST:
        raise ValueError(f"element {element.id:#x} of {element.size} bytes")
    file.seek(element.data)
    out = file.read(element.size)
    if len(out) != element.size:
        raise ValueError(f"element {element.id:#x} is cut off")
    return out


def nodes(payload: bytes) -> list[Node]:
    """The elements inside ``payload``.

    Raises:
        ValueError: it does not consist of whole elements.
    """
    out, at = [], 0
    while at < len(payload):
        identity = _number(payload, at, keep=True)
        size = _number(payload, at + identity[1], keep=False) if identity else None
        if identity is None or size is None or at + identity[1] + size[1] + size[0] > len(payload):
            raise ValueError(f"no element at {at}")
        first = at + identity[1] + size[1]
        out.append(Node(identity[0], payload[first : first + size[0]]))
        at = first + size[0]
    return out


def written(identity: int, payload: bytes) -> bytes:
    """An element as bytes."""
    return _id_bytes(identity) + _size_bytes(len(payload)) + payload


def master(identity: int, parts: Sequence[Node], *, checked: bool = True) -> bytes:
    """A master element of ``parts`` as bytes; ``checked`` puts a CRC-32 (IEEE, little end first) of the rest before them."""
    body = b"".join(written(p.id, p.payload) for p in parts if p.id != CRC32)
    if checked:
        body = written(CRC32, zlib.crc32(body).to_bytes(4, "little")) + body
    return written(identity, body)


def is_intact(payload: bytes) -> bool:
    """Whether a master's content is what its CRC-32 says; true where it has none."""
    if payload[:2] != bytes([CRC32, 0x84]):
        return True
    return zlib.crc32(payload[CRC_SIZE:]).to_bytes(4, "little") == payload[2:CRC_SIZE]


def void(size: int) -> bytes:
    """An empty element of ``size`` bytes in all, 0 or at least 2.

    Raises:
        ValueError: there is no such element.
    """
    if size == 0:
        return b""
    for length in range(1, 9):
        left = size - 1 - length
        if 0 <= left < (1 << 7 * length) - 1:
            return bytes([VOID]) + (left | 1 << 7 * length).to_bytes(length, "big") + bytes(left)
    raise ValueError(f"no element of {size} byte")


def unsigned(payload: bytes) -> int:
    """An unsigned number."""
    return int.from_bytes(payload, "big")


def number(value: int, length: int = 0) -> bytes:
    """An unsigned number in as few bytes as it needs, or in ``length``."""
    return value.to_bytes(length or max(1, (value.bit_length() + 7) // 8), "big")


def text(payload: bytes) -> str:
    """A string, without the zeros it may be filled up with."""
    return payload.split(b"\0", 1)[0].decode("utf-8", "replace")


def _number(data: bytes, at: int, *, keep: bool) -> tuple[int, int] | None:
    """(value, bytes) of a variable-size number; ``keep`` leaves the marker in, as element ids have it."""
    if at >= len(data) or data[at] == 0:
        return None
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return None
    value = int.from_bytes(data[at : at + length], "big")
    return (value if keep else value & ((1 << 7 * length) - 1)), length


def _id_bytes(identity: int) -> bytes:
    return identity.to_bytes((identity.bit_length() + 7) // 8, "big")


def _size_bytes(size: int) -> bytes:
    length = next(n for n in range(1, 9) if size < (1 << 7 * n) - 1)
    return (size | 1 << 7 * length).to_bytes(length, "big")
