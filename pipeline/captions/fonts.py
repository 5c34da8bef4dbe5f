"""The fonts the product brings, and which of them draws what: no text depends on what is installed on a machine.

libass looks for a missing letter among the fonts of the system, never among those it was handed; so every run of text that
the main font lacks names its font in the script. Han characters look as the language at hand writes them.
"""

from __future__ import annotations

import functools
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline import places

FOLDER = places.brought("assets", "fonts")
JOINERS = frozenset("\u200c\u200d\u2060\ufe0e\ufe0f\u20e3")
"""What belongs to the letter before it, whatever draws that."""
SAMPLE = 100
"""Pixels of the em at which fonts are measured."""
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Face:
    """A font: its ``family`` as libass looks for it, its ``file`` in :data:`FOLDER`, the code points it is there for; ``languages``
    that prefer it where several are; ``bold``: whether it is looked for as a bold one, else libass would thicken it."""

    family: str
    file: str
    ranges: tuple[Range, ...] = ()
    languages: tuple[str, ...] = ()
    bold: bool = True

    @property
    def path(self) -> Path:
        """Its file; one of somebody's own has an absolute path."""
        return FOLDER / self.file


def _noto(script: str, *ranges: Range) -> Face:
    return Face(f"Noto Sans {script}", f"NotoSans{script}-Bold.ttf", ranges)


MAIN = Face("DejaVu Sans Condensed", "DejaVuSansCondensed-Bold.ttf")
BRAND_FONTS: Mapping[str, Face] = {
    face.family: face
    for face in (
        Face("Anton", "Anton-Regular.ttf", bold=False),
        Face("Montserrat ExtraBold", "Montserrat-ExtraBold.ttf"),
        Face("Oswald", "Oswald-Bold.ttf"),
    )
}
"""Latin (the last two also Cyrillic) fonts that a look may name instead of the main one."""
EMOJI = Face("Noto Emoji", "NotoEmoji-Bold.ttf", ((0x2600, 0x27BF), (0x2B05, 0x2B55), (0x1F000, 0x1FBFF)))
HAN, KANA, HANGUL = ((0x2E80, 0x303F), (0x3400, 0x9FFF), (0xFF00, 0xFF65)), (0x3040, 0x30FF), (0xAC00, 0xD7A3)
JAPANESE = Face("Noto Sans CJK JP", "NotoSansCJKJP-Bold.otf", (*HAN, KANA, (0x31F0, 0x31FF), (0xFF66, 0xFF9F)), ("ja",))
CHINESE = Face("Noto Sans CJK SC", "NotoSansCJKSC-Bold.otf", (*HAN, (0x3100, 0x312F)), ("zh", "yue"))
KOREAN = Face("Noto Sans CJK KR", "NotoSansCJKKR-Bold.otf", (HANGUL, (0x3131, 0x318E)), ("ko",))
FACES = (
    _noto("Arabic", (0x0600, 0x06FF), (0x0750, 0x077F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF)),
    _noto("Thaana", (0x0780, 0x07BF)),
    _noto("Devanagari", (0x0900, 0x097F), (0xA8E0, 0xA8FF)),
    _noto("Bengali", (0x0980, 0x09FF)),
    _noto("Gurmukhi", (0x0A00, 0x0A7F)),
    _noto("Gujarati", (0x0A80, 0x0AFF)),
    _noto("Oriya", (0x0B00, 0x0B7F)),
    _noto("Tamil", (0x0B80, 0x0BFF)),
    _noto("Telugu", (0x0C00, 0x0C7F)),
    _noto("Kannada", (0x0C80, 0x0CFF)),
    _noto("Malayalam", (0x0D00, 0x0D7F)),
    _noto("Sinhala", (0x0D80, 0x0DFF)),
    _noto("Thai", (0x0E00, 0x0E7F)),
    _noto("Lao", (0x0E80, 0x0EFF)),
    _noto("Myanmar", (0x1000, 0x109F)),
    _noto("Ethiopic", (0x1200, 0x139F)),
    _noto("Khmer", (0x1780, 0x17FF)),
    KOREAN, CHINESE, JAPANESE, EMOJI,
)  # fmt: skip


ALL = (MAIN, *BRAND_FONTS.values(), *FACES)
"""Every font of the product."""


@functools.lru_cache(maxsize=64)
def coverage(face: Face) -> frozenset[int]:
    """The code points a font has a shape for (OpenType ``cmap``, formats 4 and 12)."""
    data = face.path.read_bytes()
    tables = {
        data[i : i + 4]: struct.unpack(">II", data[i + 8 : i + 16]) for i in range(12, 12 + 16 * _short(data, 4), 16)
    }
    start = tables[b"cmap"][0]
    places = [start + struct.unpack(">I", data[i + 4 : i + 8])[0] for i in _records(data, start)]
    # Format 4 may also name what has no shape; where there is a table of format 12 it is exact.
    full = [at for at in places if _short(data, at) == 12] or places
    return frozenset(chain.from_iterable(_mapped(data, at) for at in full))


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _records(data: bytes, start: int) -> range:
    return range(start + 4, start + 4 + 8 * _short(data, start + 2), 8)


def _mapped(data: bytes, at: int) -> Iterable[int]:
    if _short(data, at) == 12:
        n = struct.unpack(">I", data[at + 12 : at + 16])[0]
        groups = struct.iter_unpack(">III", data[at + 16 : at + 16 + 12 * n])
        return chain.from_iterable(range(low, high + 1) for low, high, _ in groups)
    if _short(data, at) != 4:
        return ()
    n = _short(data, at + 6) // 2
    ends, starts = at + 14, at + 16 + 2 * n
    segments = ((_short(data, starts + 2 * i), _short(data, ends + 2 * i)) for i in range(n))
    return chain.from_iterable(range(low, high + 1) for low, high in segments if low < 0xFFFF)


@functools.lru_cache(maxsize=4096)
def face_of(character: str, language: str = "", main: Face = MAIN) -> Face:
    """What draws ``character``; the product's main font, as a box, where none does. ``main`` is asked first for what is no script's own."""
    code = ord(character)
    meant = [f for f in FACES if any(low <= code <= high for low, high in f.ranges)]
    meant.sort(key=lambda f: language not in f.languages)
    return next((f for f in (*meant, main, MAIN, *FACES) if code in coverage(f)), MAIN)


def runs(text: str, language: str = "", main: Face = MAIN) -> Iterator[tuple[Face, str]]:
    """``text`` in stretches that one font draws; spaces and signs go with what is before them where its font has them, but
    not with emoji: a space of theirs is as wide as one of them."""
    current, run = main, ""
    for character in text:
        face = face_of(character, language, main)
        alike = _neutral(character) and not (current is EMOJI and unicodedata.category(character)[0] in "ZP")
        if character in JOINERS or (alike and ord(character) in coverage(current)):
            face = current
        if run and face is not current:
            yield current, run
            run = ""
        current, run = face, run + character
    if run:
        yield current, run


def _neutral(character: str) -> bool:
    return unicodedata.category(character)[0] in "ZMPC"


def named(script: str, own: Face | None = None) -> tuple[Face, ...]:
    """The fonts that an ASS script asks for: of the product, and somebody's ``own``."""
    found = [face for face in ALL if face is MAIN or f"\\fn{face.family}\\" in script or f",{face.family}," in script]
    return tuple(found) if own is None else (own, *found)


def best(text: str, language: str = "") -> Face:
    """The one font that draws most of ``text``, for what can only take one."""
    letters: dict[Face, int] = {}
    for face, run in runs(text, language):
        letters[face] = letters.get(face, 0) + sum(c.isalpha() for c in run)
    return max(letters, key=lambda f: letters[f], default=MAIN)


@functools.lru_cache(maxsize=64)
def measured(face: Face) -> tuple[Any, float]:
    """The font at :data:`SAMPLE` pixels and its height in ems: what a size in ASS means (top of the ascent to end of the descent)."""
    from PIL import ImageFont

    font = ImageFont.truetype(str(face.path), SAMPLE)
    return font, sum(font.getmetrics()) / SAMPLE


def scale(face: Face, main: Face = MAIN) -> float:
    """By how much a size in ASS must grow for the letters of ``face`` to be as large as those of ``main``."""
    return measured(face)[1] / measured(main)[1]


def width(text: str, size: float, language: str = "", main: Face = MAIN) -> float:
    """Pixels a line takes at the ASS size ``size`` of ``main``."""
    em = size / measured(main)[1]
    return sum(float(measured(face)[0].getlength(run)) * em / SAMPLE for face, run in runs(text, language, main))
