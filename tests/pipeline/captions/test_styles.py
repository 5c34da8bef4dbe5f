"""Looks of captions: reading them, what a script says of each, and where a caption may not be."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from pipeline.captions import fonts, own_fonts, placing, script
from pipeline.captions.placing import Ground, Margin, Taken
from pipeline.captions.styles import STYLES, CaptionStyle, style_of
from pipeline.errors import BadRequest
from pipeline.values import Sentence, Span, Transcript, Word

PHONE = (1080, 1920)


def said(text: str, language: str = "es", each: float = 0.5) -> Transcript:
    """Words of equal length, one after the other."""
    words = tuple(Word(i * each, (i + 1) * each, " " + w) for i, w in enumerate(text.split()))
    return Transcript(language, words[-1].end + 1, (Sentence(0.0, words[-1].end, text, words),))


def events(ass: str, style: str = "Text") -> list[str]:
    """The text of each event that is no drawing."""
    rows = re.findall(rf"^Dialogue: [^,]*,[^,]*,[^,]*,{style},,0,0,[^,]*,,(.*)$", ass, re.M)
    return [row for row in rows if r"\p1" not in row]


def plain(text: str) -> str:
    return re.sub(r"\{[^}]*\}", "", text).replace(r"\N", " ")


@pytest.mark.parametrize("name", STYLES)
def test_every_look_is_read_back_and_shows_every_word(name: str) -> None:
    style = STYLES[name]
    assert style_of(name) == style == style_of(json.dumps(style.to_json()))
    text = "hoy te llevas un descuento increíble de verdad"
    shown = events(script.to_ass(said(text), PHONE, style))
    words = set(" ".join(map(plain, shown)).casefold().split())
    assert words == set(text.split())


def test_a_look_of_ones_own_is_what_differs() -> None:
    assert style_of('{"like": "box", "highlight": "#ff0000", "words": 2}') == CaptionStyle(
        **{**STYLES["box"].to_json(), "highlight": "#ff0000", "words": 2}
    )
    assert style_of("mía", {"mía": '{"scale": 2}'}).scale == 2.0


@pytest.mark.parametrize(
    "wanted",
    ["nope", "{", "[]", '{"colour": "red"}', '{"scale": 9}', '{"scale": true}', '{"place": "left"}', '{"nope": 1}', '{"words": "3"}',
     '{"font": "Comic"}', '{"like": "nope"}', '{"like": "{}"}', '{"colour": ""}', "{" + " " * 3000 + "}"],
)  # fmt: skip
def test_a_wrong_look_is_refused(wanted: str) -> None:
    with pytest.raises(BadRequest):
        style_of(wanted)


def test_words_at_a_time() -> None:
    for words in (1, 2, 3):
        shown = events(
            script.to_ass(said("uno dos tres cuatro cinco seis"), PHONE, CaptionStyle(words=words, mark="none"))
        )
        assert [len(plain(t).split()) for t in shown] == [words] * (6 // words)


def test_marks_say_what_they_do() -> None:
    def one(mark: str) -> str:
        return events(script.to_ass(said("uno dos"), PHONE, CaptionStyle(mark=mark)))[-1]  # type: ignore[arg-type]

    assert r"{\rMark}dos{\r}" in one("box")
    assert r"\fscx114" in one("scale")
    assert r"\t(0,80," in one("pop")
    assert one("fill").count(r"\kf50") == 2
    assert "{" not in one("none")


def test_capitals_are_those_of_the_language() -> None:
    assert script.cased(said("istanbul", "tr"), "upper").text == "İSTANBUL"
    assert script.cased(said("istanbul", "es"), "upper").text == "ISTANBUL"
    assert script.cased(said("IRMAK", "tr"), "lower").text == "ırmak"


def test_key_words_have_their_colour_and_the_second_line_its_own() -> None:
    keyed = script.Look(CaptionStyle(mark="none", key="#ff0000"), keys=(Span(0.5, 1.0),))
    (shown,) = events(script.to_ass(said("uno dos tres"), PHONE, keyed))
    assert re.search(r"\{\\c&H000000FF&\}dos", shown)
    two = CaptionStyle(mark="none", second="#00ff00", scale=1.6)
    (shown,) = events(script.to_ass(said("esto ocupa dos líneas", each=0.3), PHONE, two))
    first, second = shown.split(r"\N")
    assert "&H0000FF00" not in first
    assert second.startswith(r"{\c&H0000FF00&}")


def test_captions_leave_a_face_where_there_is_another_place() -> None:
    style, height = CaptionStyle(), 1920
    place = placing.layout(PHONE, style)
    below = Taken(0.0, 5.0, 1200, 1500)
    found = placing.margin((1.0, 2.0), style, height, place, Ground(taken=(below,)))
    assert found == Margin(8, place.top)
    assert placing.margin((6.0, 7.0), style, height, place, Ground(taken=(below,))) == Margin()
    high = Taken(0.0, 5.0, 250, 500)
    assert placing.margin((1.0, 2.0), style, height, place, Ground(taken=(below, high))).anchor == 5
    everywhere = Taken(0.0, 5.0, 0, 1920)
    assert placing.margin((1.0, 2.0), style, height, place, Ground(taken=(everywhere,))) == Margin()


@pytest.mark.parametrize(("top", "tall"), [*itertools.product(range(0, 1800, 150), (150, 400, 700))])
def test_no_caption_over_a_face_that_leaves_room(top: int, tall: int) -> None:
    style = CaptionStyle()
    place, face = placing.layout(PHONE, style), Taken(0.0, 9.0, top, top + tall)
    found = placing.margin((1.0, 2.0), style, PHONE[1], place, Ground(taken=(face,)))
    block = placing.block_height(place)
    low = {0: PHONE[1] - place.bottom, 2: PHONE[1] - found.pixels, 5: (PHONE[1] + block) / 2, 8: found.pixels + block}[
        found.anchor
    ]
    assert low <= top or low - block >= top + tall


def test_an_application_s_own_area_is_left_alone() -> None:
    safe = placing.Safe(left=0.05, top=0.2, right=0.2, bottom=0.3)
    place = placing.layout(PHONE, CaptionStyle(), safe)
    assert place.side >= 0.2 * 1080
    assert place.bottom >= 0.3 * 1920
    assert place.top >= 0.2 * 1920


def test_a_font_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.ttf"
    file.write_bytes((fonts.FOLDER / "Montserrat-ExtraBold.ttf").read_bytes())
    assert own_fonts.checked(file) == "Montserrat ExtraBold"
    look = script.Look(CaptionStyle(font="own"), script.own_face(file))
    ass = script.to_ass(said("hola 你好", "zh"), PHONE, look)
    assert "Style: Text,Montserrat ExtraBold," in ass
    assert {face.path for face in fonts.named(ass, look.own)} >= {file, fonts.CHINESE.path}


@pytest.mark.parametrize("what", ["empty", "text", "cut", "woff", "huge name"])
def test_what_is_no_font_is_refused(what: str, tmp_path: Path) -> None:
    whole = (fonts.FOLDER / "Oswald-Bold.ttf").read_bytes()
    data = {
        "empty": b"",
        "text": b"hello " * 99,
        "cut": whole[:3000],
        "woff": b"wOF2" + whole[4:],
        "huge name": whole[:4] + b"\xff" * 500,
    }
    file = tmp_path / "font.ttf"
    file.write_bytes(data[what])
    with pytest.raises(BadRequest):
        own_fonts.checked(file)


def test_a_word_longer_than_a_line_is_smaller_before_it_is_torn() -> None:
    style = STYLES["word_pop"]
    (whole,) = events(script.to_ass(said("extraordinariamente"), PHONE, style))
    assert plain(whole) == "EXTRAORDINARIAMENTE"
    assert re.search(r"^\{\\fs\d", whole)
    assert len(events(script.to_ass(said("x" * 90), PHONE, style))) > 1
