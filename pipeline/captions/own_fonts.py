"""A font file of somebody's own: whether it is one, and the name by which libass finds it."""

from __future__ import annotations

import functools
import re
import struct
from pathlib import Path

from pipeline.errors import BadRequest, UserError

LARGEST = 20 * 1024 * 1024
"""Bytes; the largest font of the product has 4 MB."""
MAGIC = (b"\x00\x01\x00\x00", b"OTTO", b"true")
FULL_NAME = 4
"""The name of a font that says its weight as well (OpenType, table ``name``)."""
MOST_TABLES, MOST_NAMES = 100, 1000
SAID = re.compile(r"[^,{}\\\x00-\x1f]{1,60}")
"""What a name may be made of where it is written into a script."""


def checked(file: Path) -> str:
    """The name of the font in ``file``, which was opened by the renderer's own library.

    Raises:
        BadRequest: it is no OpenType or TrueType font, or is damaged.
    """
    from PIL import ImageFont

    try:
        if file.stat().st_size > LARGEST:
            raise _bad(file)
        name = family(file)
        ImageFont.truetype(str(file), 40).getlength("Añ")
    except (OSError, ValueError, struct.error) as error:
        raise _bad(file) from error
    return name


@functools.lru_cache(maxsize=32)
def family(file: Path) -> str:
    """The full name that a font gives itself.

    Raises:
        BadRequest: it gives none, or ``file`` is no font.
    """
    try:
        data = file.read_bytes() if file.stat().st_size <= LARGEST else b""
        found = _names(data) if data[:4] in MAGIC else []
    except (OSError, struct.error, UnicodeError) as error:
        raise _bad(file) from error
    name = next((n for n in found if SAID.fullmatch(n)), "")
    if not name:
        raise _bad(file)
    return name


def _names(data: bytes) -> list[str]:
    n_tables = min(MOST_TABLES, struct.unpack_from(">H", data, 4)[0])
    tables = {}
    for i in range(n_tables):
        tag, _, offset, length = struct.unpack_from(">4sIII", data, 12 + 16 * i)
        tables[tag] = (offset, length)
    start, length = tables.get(b"name", (0, 0))
    if not length or start + length > len(data):
        return []
    _, n_names, strings = struct.unpack_from(">HHH", data, start)
    found = []
    for i in range(min(MOST_NAMES, n_names)):
        platform, _, _, kind, size, at = struct.unpack_from(">HHHHHH", data, start + 6 + 12 * i)
        raw = data[start + strings + at : start + strings + at + size]
        if kind == FULL_NAME:
            found.append(raw.decode("mac-roman" if platform == 1 else "utf-16-be", "strict").strip())
    return found


def _bad(file: Path) -> UserError:
    return BadRequest("error.bad_font", name=file.name)
