"""TensorFlow's bundles are read as they are written, and never half."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from pipeline.compute.bundles import MAGIC, read_bundle
from pipeline.errors import ModelUnavailable


def varint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def entry(shape: tuple[int, ...], offset: int, size: int, kind: int = 1) -> bytes:
    dimensions = b"".join(b"\x12" + varint(len(d)) + d for d in (b"\x08" + varint(n) for n in shape))
    places = b"\x20" + varint(offset) + b"\x28" + varint(size) if offset else b"\x28" + varint(size)
    return b"\x08" + varint(kind) + b"\x12" + varint(len(dimensions)) + dimensions + places + b"\x35abcd"


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Keys share their beginnings with the one before."""
    out, before = b"", b""
    for key, value in entries:
        shared = next(
            (n for n, (a, b) in enumerate(zip(before, key, strict=False)) if a != b), min(len(before), len(key))
        )
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return out + struct.pack("<II", 0, 1)


def bundle(folder: Path, tensors: dict[str, np.ndarray], compressed: int = 0) -> tuple[Path, Path]:
    data, entries = b"", [(b"", b"\x08\x01")]
    for name, values in sorted(tensors.items()):
        raw = values.tobytes()
        entries.append((name.encode(), entry(values.shape, len(data), len(raw), 1 if values.dtype == "f4" else 9)))
        data += raw
    first = block(entries)
    handle = varint(0) + varint(len(first))
    index = block([(b"zz", handle)])
    at = len(first) + 5
    footer = (varint(0) + varint(0) + varint(at) + varint(len(index))).ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    paths = folder / "model.index", folder / "model.data"
    paths[0].write_bytes(first + bytes([compressed]) + b"crc!" + index + b"\0crc!" + footer)
    paths[1].write_bytes(data)
    return paths


def test_every_tensor_comes_back_and_counters_are_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    tensors: dict[str, np.ndarray] = {
        "conv/bias": rng.random(300, np.float32),
        "conv/kernel": rng.random((2, 3, 5), np.float32),
        "conv_1/bias": np.array([7.0], np.float32),
        "step": np.array([9], np.int64),
    }
    found = read_bundle(*bundle(tmp_path, tensors))
    assert found.keys() == tensors.keys() - {"step"}
    for name, values in found.items():
        np.testing.assert_array_equal(values, tensors[name])


def test_a_bundle_cut_short_or_compressed_is_refused(tmp_path: Path) -> None:
    tensors: dict[str, np.ndarray] = {"a": np.ones(40, np.float32)}
    index, data = bundle(tmp_path, tensors, compressed=1)
    with pytest.raises(ModelUnavailable):
        read_bundle(index, data)
    index, data = bundle(tmp_path, tensors)
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(ModelUnavailable):
        read_bundle(index, data)
    index.write_bytes(index.read_bytes()[:-1])
    with pytest.raises(ModelUnavailable):
        read_bundle(index, data)
    with pytest.raises(ModelUnavailable):
        read_bundle(tmp_path / "nothing", data)
