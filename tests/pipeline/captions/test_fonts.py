"""Every script is drawn by the fonts the product brings: none is left to what a machine has installed, nothing is a box."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from pipeline.captions import fonts, placing
from pipeline.captions.styles import CaptionStyle
from pipeline.media.decode import video_blocks
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript
from tests import odd_media

SPOKEN = {
    "es": "¿Qué tal, señor? ¡Pingüinos!", "en": "Don’t worry – it’s “fine”…", "fr": "Ça va, cœur brisé à Noël ?", "de": "Größe, Übermut, daß",
    "it": "Perché così? È già più", "pt": "Não é ação, coração", "pl": "Zażółć gęślą jaźń", "ro": "Țară și știință", "tr": "Iğdır’ın şöförü",
    "vi": "Tiếng Việt đẹp lắm", "ru": "Съешь ещё этих булок", "uk": "Ґедзь, їжак і єнот", "el": "Καλημέρα, κόσμε", "hy": "Բարև ձեզ",
    "ka": "გამარჯობა", "zh": "你好，世界！這個電影很好看", "ja": "こんにちは、世界。カタカナと漢字", "ko": "안녕하세요, 세계! 쌻", "ar": "مرحبا بالعالم، كيف الحال؟",
    "fa": "سلام دنیا، گچ پژ", "ur": "ہیلو دنیا ٹھیک", "he": "שלום עולם", "hi": "नमस्ते दुनिया, क्षत्रिय", "mr": "मराठी ळ", "ne": "नेपाली",
    "bn": "বাংলা ভাষা", "pa": "ਪੰਜਾਬੀ", "gu": "ગુજરાતી", "ta": "தமிழ்", "te": "తెలుగు", "kn": "ಕನ್ನಡ", "ml": "മലയാളം",
    "si": "සිංහල", "th": "สวัสดีชาวโลก", "lo": "ສະບາຍດີ", "my": "မြန်မာ", "km": "ខ្មែរ", "am": "አማርኛ",
}  # fmt: skip
EMOJI = "🔥😂🎉👍🏽❤️🚀🇪🇸👨‍👩‍👧✅⭐"


def boxes(text: str, language: str = "") -> list[str]:
    """The characters that the font they are given to has no shape for."""
    known = {face: set(TTFont(face.path).getBestCmap()) for face, _ in fonts.runs(text, language)}
    pairs = ((face, c) for face, run in fonts.runs(text, language) for c in run)
    return [c for face, c in pairs if c not in fonts.JOINERS and ord(c) not in known[face]]


@pytest.mark.parametrize("language", [*SPOKEN, "emoji"])
def test_no_letter_is_a_box(language: str) -> None:
    text = SPOKEN.get(language, EMOJI)
    assert boxes(text, language) == []
    assert "".join(run for _, run in fonts.runs(text, language)) == text


def test_han_is_written_as_the_language_writes_it() -> None:
    assert fonts.face_of("直", "ja") is fonts.JAPANESE
    assert fonts.face_of("直", "zh") is fonts.CHINESE
    assert fonts.face_of("愛", "es") in (fonts.JAPANESE, fonts.CHINESE)
    assert [face.family for face, _ in fonts.runs("Oye, 你好 amigo", "es")] == [
        fonts.MAIN.family, fonts.CHINESE.family, fonts.MAIN.family
    ]  # fmt: skip


@pytest.mark.parametrize("face", [fonts.MAIN, *fonts.BRAND_FONTS.values(), *fonts.FACES], ids=lambda face: face.family)
def test_a_font_is_what_the_table_says(face: fonts.Face) -> None:
    font = TTFont(face.path)
    assert font["name"].getDebugName(1) == face.family
    assert "Bold" in font["name"].getDebugName(2) or face.family in fonts.BRAND_FONTS
    assert fonts.coverage(face) == set(font.getBestCmap())
    assert 0.9 < fonts.scale(face) < 1.31


def test_they_weigh_little_and_bring_their_licences() -> None:
    files = list(fonts.FOLDER.iterdir())
    assert sum(f.stat().st_size for f in files) < 13e6
    assert {f.name for f in files if f.suffix != ".txt"} == {
        f.file for f in (fonts.MAIN, *fonts.BRAND_FONTS.values(), *fonts.FACES)
    }
    text = (fonts.FOLDER / "LICENSE-Noto.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert all(f.file in text for f in fonts.FACES)
    text = (fonts.FOLDER / "LICENSE-OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert all(f.file in text for f in fonts.BRAND_FONTS.values())


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("film") / "black.mkv"
    from pipeline.media import ffmpeg

    source = "color=c=0x303030:s=640x360:r=5:d=1"
    ffmpeg.run(["-f", "lavfi", "-i", source, *odd_media.X264, ffmpeg.safe_output(out)])
    return out


def drawn(film: Path, out: Path, text: str, language: str) -> np.ndarray:
    """Where letters are, (rows, columns), of plain captions."""
    said = Transcript(language, 1.0, (Sentence(0.0, 1.0, text),))
    options = RenderOptions(captions=said, style=CaptionStyle(mark="none"))
    render(Timeline((Cut(str(film), Span(0.0, 1.0), 0.0),)), out, options)
    (block,) = video_blocks(out, width=640, height=360, span=Span(0.4, 0.5))
    return block.pixels[0] > 160


@pytest.mark.parametrize("language", ["es", "zh", "ja", "ko", "ar", "he", "hi", "th", "emoji"])
def test_what_is_drawn_is_as_wide_as_was_measured_and_is_no_row_of_boxes(
    language: str, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = tmp_path / "fonts.conf"
    nothing.write_text("<fontconfig></fontconfig>", encoding="utf-8")
    monkeypatch.setenv("FONTCONFIG_FILE", str(nothing))  # a machine without a single font
    text = {"emoji": "🔥😂🎉🚀"}.get(language) or re.split("[,，、！!。،]", SPOKEN[language])[0]
    seen = drawn(film, tmp_path / "out.mp4", text, language)
    columns = np.flatnonzero(seen.any(axis=0))
    size = placing.layout((640, 360), CaptionStyle()).size
    assert columns[-1] - columns[0] == pytest.approx(fonts.width(text, size, language), abs=14)
    missing = drawn(film, tmp_path / "boxes.mp4", "\U000f0000" * 4, language)
    letter = seen[:, columns[0] : columns[0] + 14]
    box = missing[:, np.flatnonzero(missing.any(axis=0))[0] :][:, :14] if missing.any() else np.zeros_like(letter)
    assert (letter != box).sum() > 12


def test_highlighted_words_of_hebrew_go_from_right_to_left(film: Path, tmp_path: Path) -> None:
    said = Transcript("he", 1.0, (Sentence(0.0, 1.0, "אחת שתיים שלוש ארבע"),))
    options = RenderOptions(captions=said, style=CaptionStyle(highlight="#ff0000"))
    render(Timeline((Cut(str(film), Span(0.0, 1.0), 0.0),)), tmp_path / "out.mp4", options)
    places = []
    for block in video_blocks(tmp_path / "out.mp4", width=640, height=360, colour=True):
        for picture in block.pixels.astype(int):
            marked = picture[..., 0] - picture[..., 1] > 90
            places.append(float(np.flatnonzero(marked.any(axis=0)).mean()))
    assert places == sorted(places, reverse=True)
    assert places[0] - places[-1] > 60


def test_a_space_after_an_emoji_is_no_wider_than_others() -> None:
    found = [(face.family, run) for face, run in fonts.runs("Ñandú 😀 crème 😀, sí 👍🏽!", "es")]
    assert [run for family, run in found if family == fonts.EMOJI.family] == ["😀", "😀", "👍🏽"]
    assert fonts.width("a 😀 b", 100) < fonts.width("a 😀", 100) + fonts.width(" b", 100) + 1
