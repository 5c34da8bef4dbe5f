"""Makes the fonts of ``assets/fonts`` that captions in other scripts need: ``python deploy/make_fonts.py NOTO_CORE NOTO_CJK EMOJI_TTF``.

The arguments are folders (or a file) of the originals: Debian's ``fonts-noto-core`` and ``fonts-noto-cjk``, unpacked, and npm's
``@expo-google-fonts/noto-emoji`` in bold. All are under the SIL Open Font License 1.1. What is kept: the bold faces without hints; of
Chinese the characters of GB 2312 and the common ones of Big5, of Japanese JIS X 0208, of Korean every syllable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).resolve().parent.parent / "assets" / "fonts"
SMALL = (
    "Arabic", "Bengali", "Devanagari", "Ethiopic", "Gujarati", "Gurmukhi", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar",
    "Oriya", "Sinhala", "Tamil", "Telugu", "Thaana", "Thai",
)  # fmt: skip
MOST_UP, MOST_DOWN = 1.05, 0.35
"""Ems over and under the line for scripts that stack marks."""
HAN = range(0x4E00, 0xA000)
SHARED = {*range(0x20, 0x7F), *range(0x3000, 0x3040), *range(0xFF01, 0xFF66), *map(ord, "·•…—‘’“”")}
KANA = {*range(0x3040, 0x3100), *range(0x31F0, 0x3200), *range(0xFF66, 0xFFA0)}
HANGUL = {*range(0xAC00, 0xD7A4), *range(0x3131, 0x318F)}
BOPOMOFO = set(range(0x3100, 0x3130))


def encoded(codec: str, first: Iterable[int], second: Iterable[int]) -> set[int]:
    """The Han characters among the two-byte codes of ``codec``."""
    found: set[int] = set()
    pairs = [bytes([a, b]) for a in first for b in second]
    for pair in pairs:
        found |= set(map(ord, pair.decode(codec, "ignore")))
    return {c for c in found if c in HAN}


def written(source: Path, name: str, characters: Iterable[int] | None, number: int = 0) -> None:
    """``source`` (its face ``number``) with ``characters`` or all of them, without hints, as ``name``."""
    options = subset.Options()
    options.hinting, options.font_number, options.name_IDs, options.glyph_names = False, number, ["*"], False
    options.layout_features = (
        ["*"] if characters is None else ["ccmp", "locl", "kern", "ljmo", "vjmo", "tjmo", "liga", "mark"]
    )
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG"]
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=font.getBestCmap().keys() if characters is None else set(characters))
    cutter.subset(font)
    lower(font, source)
    subset.save_font(font, str(TARGET / name), options)


def lower(font: TTFont, source: Path) -> None:
    """Line heights like those of the main font, or as near as marks above and below the letters allow."""
    first = TTFont(TARGET / "DejaVuSansCondensed-Bold.ttf")
    own, head, windows = font["head"].unitsPerEm, font["hhea"], font["OS/2"]
    stacked = "CJK" not in source.name and "Emoji" not in source.name
    up, down = (v / first["head"].unitsPerEm for v in (first["OS/2"].usWinAscent, first["OS/2"].usWinDescent))
    high, low = (MOST_UP, MOST_DOWN) if stacked else (up, down)
    head.ascent = windows.usWinAscent = windows.sTypoAscender = round(min(head.ascent, high * own))
    windows.usWinDescent = round(min(-head.descent, low * own))
    head.descent = windows.sTypoDescender = -windows.usWinDescent
    head.lineGap = windows.sTypoLineGap = 0


def main(core: Path, cjk: Path, emoji: Path) -> None:
    """Writes every font."""
    for script in SMALL:
        name = f"NotoSans{script}-Bold.ttf"
        written(next(core.rglob(name)), name, None)
    written(emoji, "NotoEmoji-Bold.ttf", None)
    high = range(0xA1, 0xFF)
    chinese = encoded("gb2312", high, high) | encoded("big5", range(0xA4, 0xC7), [*range(0x40, 0x7F), *high])
    japanese = encoded("euc_jp", high, high)
    together = next(cjk.rglob("NotoSansCJK-Bold.ttc"))
    kept = {"JP": KANA | japanese | {0x3005, 0x3006, 0x3007}, "KR": HANGUL, "SC": chinese | BOPOMOFO}
    for number, (region, characters) in enumerate(kept.items()):
        written(together, f"NotoSansCJK{region}-Bold.otf", SHARED | characters, number)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
