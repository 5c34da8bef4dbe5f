"""Kept looks: what is kept, whose it is, and what a request becomes that names one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.captions import fonts
from pipeline.captions.styles import STYLES
from pipeline.errors import BadRequest, NotFound
from reelify.looks.applied import applied
from reelify.looks.kits import MOST_KITS, Kit, Kits, of_json
from reelify.requests import Clip, RankRequest

FONT = fonts.FOLDER / "Anton-Regular.ttf"


def no_media(path: Path) -> Any:
    raise AssertionError(path)


def ranking(**more: Any) -> RankRequest:
    return RankRequest((Clip(Path("/x/a.mp4")),), **more)


def test_a_kit_comes_back_with_copies_of_its_files(tmp_path: Path) -> None:
    logo = tmp_path / "logo.jpg"
    Image.new("RGB", (40, 20), "red").save(logo)
    kits = Kits.of(tmp_path, "ana")
    kept = kits.save(Kit("Mi marca", '{"like": "box"}', FONT, logo, end_card="Adiós"), no_media)
    logo.unlink()
    assert kits.all() == (kept,)
    assert kept.font is not None
    assert kept.font.read_bytes() == FONT.read_bytes()
    assert kept.logo is not None
    with Image.open(kept.logo) as picture:
        assert picture.size == (40, 20)
    again = kits.save(replace(Kit("Mi marca"), end_card=""), no_media)
    assert again.font == kept.font, "a file that is not given again stays"
    assert Kits.of(tmp_path, "eva").all() == ()
    kits.remove("Mi marca")
    with pytest.raises(NotFound):
        kits.get("Mi marca")
    assert [p for p in kits.folder.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": "../x"}, {"name": "a" * 41}, {"name": "a", "nope": 1}, {"name": "a", "logo_opacity": 2.0}, {"name": 5},
     {"name": "a", "colour": "red"}, {"name": "a", "logo_place": "middle"}, {"name": "a", "style": "nope"}, {"name": "a", "ducking": "3"},
     {"name": "a", "end_card": "x" * 201}, {"name": "a", "end_card": 3}, {"name": "a", "style": 3}],
)  # fmt: skip
def test_a_wrong_kit_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        of_json(body, {})


def test_wrong_files_leave_nothing(tmp_path: Path) -> None:
    text = tmp_path / "x.png"
    text.write_text("no picture")
    kits = Kits.of(tmp_path, "")
    for kit in (Kit("a", font=text), Kit("a", logo=text)):
        with pytest.raises(BadRequest):
            kits.save(kit, no_media)
    assert kits.all() == ()
    assert [p for p in kits.folder.rglob("*") if p.is_file()] == []


def test_there_is_an_end_to_them(tmp_path: Path) -> None:
    kits = Kits.of(tmp_path, "")
    for n in range(MOST_KITS):
        kits.save(Kit(f"k{n}"), no_media)
    with pytest.raises(BadRequest):
        kits.save(Kit("one more"), no_media)
    kits.save(Kit("k0", end_card="x"), no_media)


def test_a_request_that_names_a_look_says_it(tmp_path: Path) -> None:
    kits = Kits.of(tmp_path, "")
    kept = kits.save(Kit("mía", '{"like": "box", "highlight": "#ff0000"}', FONT), no_media)
    for asked in (ranking(brand="mía"), ranking(caption_style="mía")):
        found = applied(asked, kits)
        assert found.style == replace(STYLES["box"], highlight="#ff0000")
        assert found.caption_font == kept.font
        assert str(kept.font) in found.files(), "it travels with the job"
        assert RankRequest.from_json(found.to_json()) == found
    assert applied(ranking(brand="mía", caption_style="news"), kits).style == STYLES["news"]
    assert applied(ranking(), kits) == ranking()
    assert applied(ranking(caption_font=FONT), kits).style.font == "own"
    for wrong in (
        {"brand": "nope"},
        {"caption_style": "nope"},
        {"caption_style": '{"font": "own"}'},
        {"caption_font": Path(__file__)},
    ):
        with pytest.raises((BadRequest, NotFound)):
            applied(ranking(**wrong), kits)  # type: ignore[arg-type]
