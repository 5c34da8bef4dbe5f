"""ONNX graphs written from weights: the few messages of the format that a network of ours needs.

The ``onnx`` package that would write them weighs more than all of this product's code; a graph is five kinds of nested messages
in protobuf's wire format (https://protobuf.dev/programming-guides/encoding), with the field numbers of onnx/onnx.proto (version 1.17).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

IR_VERSION, OPSET = 8, 20
"""Version of the format, and of its own operations; those of ``com.microsoft`` have version 1."""
MICROSOFT = "com.microsoft"
FLOAT = 1
TYPES: Mapping[str, int] = {"float32": FLOAT, "uint8": 2, "int8": 3, "int64": 7}
"""Numbers of element types."""
Attribute = float | int | Sequence[int]


def node(operation: str, inputs: Iterable[str], output: str, domain: str = "", **attributes: Attribute) -> bytes:
    """One operation; an input that is left out is an empty name."""
    ends = b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output)
    given = b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())
    return ends + _bytes(4, operation) + given + (_bytes(7, domain) if domain else b"")


def tensor(name: str, array: NDArray[Any]) -> bytes:
    """A weight. Raises ``KeyError`` for an element type that is not in :data:`TYPES`."""
    dims = b"".join(_number(1, size) for size in array.shape)
    content = np.ascontiguousarray(array).tobytes()
    return dims + _number(2, TYPES[array.dtype.name]) + _bytes(8, name) + _bytes(9, content)


def port(name: str, shape: Sequence[int | str]) -> bytes:
    """An input or output of single precision; sizes that vary have names."""
    sizes = b"".join(_bytes(1, _number(1, d) if isinstance(d, int) else _bytes(2, d)) for d in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, sizes)))


def graph(nodes: Iterable[bytes], tensors: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
    """The whole file; nodes in the order of their work."""
    parts = ((1, nodes), (5, tensors), (11, inputs), (12, outputs))
    body = _bytes(2, "graph") + b"".join(_bytes(field, one) for field, part in parts for one in part)
    sets = _bytes(8, _bytes(1, "") + _number(2, OPSET)) + _bytes(8, _bytes(1, MICROSOFT) + _number(2, 1))
    return _number(1, IR_VERSION) + _bytes(7, body) + sets


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        return _bytes(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return _bytes(1, name) + _number(3, value) + _number(20, 2)
    return _bytes(1, name) + b"".join(_number(8, item) for item in value) + _number(20, 7)
