"""TensorFlow's checkpoint bundles read without TensorFlow: a sorted table of names and one file of plain numbers.

The table (LevelDB's format): a footer of 48 bytes names the index block, that names the data blocks; a block is a run of entries that
share the beginnings of their keys, then the restart points. Each value is a small protocol buffer (``BundleEntryProto``): 1 type,
2 shape, 3 shard, 4 offset, 5 size. Only what is needed is read: blocks that are not compressed, one shard, 32-bit floats.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelUnavailable

MAGIC = 0xDB4775248B80FB57
FOOTER, TRAILER = 48, 5
"""Bytes of the footer, and of what follows a block: its compression and a checksum."""
FLOAT = 1
"""``DT_FLOAT``; other types (counters of training) are left out."""
Tensors = dict[str, NDArray[np.float32]]
_FIXED = {1: 8, 5: 4}


def read_bundle(index: Path, data: Path) -> Tensors:
    """Every float32 tensor of a bundle by name.

    Raises:
        ModelUnavailable: a file is missing, cut short, or of a form that is not known.
    """
    try:
        table, numbers = index.read_bytes(), np.memmap(data, np.uint8, "r")
        entries = ((key.decode(), _fields(value)) for key, value in _entries(table) if key)
        return {name: _tensor(fields, numbers) for name, fields in entries if fields.get(1) == FLOAT}
    except (OSError, ValueError, IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise ModelUnavailable("error.model_damaged", name=index.name, detail=repr(error)) from error


def _tensor(fields: dict[int, Any], numbers: NDArray[np.uint8]) -> NDArray[np.float32]:
    shape = [_fields(dimension).get(1, 0) for dimension in _repeated(fields.get(2, b""), 2)]
    start, size = fields.get(4, 0), fields[5]
    if fields.get(3, 0) or start + size > len(numbers):
        raise ValueError(f"{size} bytes at {start} of shard {fields.get(3, 0)}")
    return np.frombuffer(numbers[start : start + size].tobytes(), "<f4").reshape(shape)


def _entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of every entry of all data blocks, in order."""
    footer = table[-FOOTER:]
    if len(footer) < FOOTER or struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError("no table")
    _, _, at = _handle(footer, 0)
    offset, size, _ = _handle(footer, at)
    for _, handle in _block(table, offset, size):
        offset, size, _ = _handle(handle, 0)
        yield from _block(table, offset, size)


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    """Where a block lies, its size, and the place after what says so."""
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return offset, size, at


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block = table[offset : offset + size]
    if len(table) < offset + size + TRAILER or table[offset + size]:
        raise ValueError("a compressed or missing block")
    restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _wire(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of every field of a protocol buffer: an integer, or bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        size = _FIXED.get(tag & 7)
        if size is None:
            size, at = _varint(data, at)
        yield tag >> 3, data[at : at + size]
        at += size


def _fields(data: bytes) -> dict[int, Any]:
    return dict(_wire(data))


def _repeated(data: bytes, number: int) -> list[bytes]:
    return [value for n, value in _wire(data) if n == number]
