"""The preview of captions below the browser: what is served for it, and what its HTML says."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from pipeline.captions import fonts
from pipeline.captions.placing import Safe
from pipeline.engine import Engine
from pipeline.settings import Settings
from pipeline.values import Span, Transcript
from reelify.cut.posting import Post
from reelify.highlights_workflow import cut_of
from reelify.looks.hands import HandPlace
from reelify.looks.kits import Kit, Kits
from reelify.requests import Clip, CompileRequest
from tests.fake_service import parts, service
from tests.striped import SHARE, SHIFT, edges, expected, striped_film
from web.rest.page_captions import BASE, router
from web.ui.looks.preview import PreviewWork, Shown, drawn
from web.ui.looks.work import said


@contextmanager
def page_service(folder: Path) -> Iterator[Any]:
    """A service with the page's own routes."""
    with service(folder) as client:
        client.app.router.routes[:0] = router().routes  # type: ignore[attr-defined]
        yield client


def test_only_the_renderer_and_fonts_are_served(tmp_path: Path) -> None:
    with page_service(tmp_path) as client:
        wasm = client.get(BASE + "jassub-worker.wasm")
        assert wasm.headers["content-type"] == "application/wasm"
        assert wasm.content[:4] == b"\0asm"
        assert client.get(BASE + "jassub-worker.js").status_code == 200
        assert client.get(BASE + f"fonts/{fonts.MAIN.file}").content == fonts.MAIN.path.read_bytes()
        for name in (
            "LICENSE-JASSUB.txt",
            "fonts/LICENSE-OFL.txt",
            "fonts/..%2f..%2fpage%2fviral.js",
            "..%2fpage%2fviral.js",
            "kept/x",
        ):
            assert client.get(BASE + name).status_code == 404, name


def test_a_kept_font_is_its_owners(tmp_path: Path) -> None:
    with page_service(tmp_path) as client:
        settings = parts(client).settings
        font = fonts.FOLDER / "Anton-Regular.ttf"
        Kits.of(settings.data_dir, "").save(Kit("mía", '{"font": "own"}', font), lambda path: None)
        assert client.get(BASE + "kept/mía").content == font.read_bytes()
        client.cookies.set("studio_visitor", "a" * 43)
        assert client.get(BASE + "kept/mía").status_code == 404


def test_the_html_says_what_is_drawn_and_escapes_it() -> None:
    shown = Shown(
        'x"><script>', ["/a.ttf"], (1080, 1920), "data:image/jpeg;base64,AA", 2, 3, 1.25, 9.0, Safe(top=0.1, right=0.2)
    )
    text = drawn(shown, "es")
    assert "<script>" not in text
    data = json.loads(html.unescape(re.search(r'data-shown="([^"]*)"', text)[1]))  # type: ignore[index]
    assert data == {
        "script": 'x"><script>',
        "fontUrls": ["/a.ttf"],
        "width": 1080,
        "height": 1920,
        "time": 1.25,
        "n": 2,
    }
    assert "inset:10.0% 20.0% 0.0% 0.0%" in text
    assert text.count("<option") == 3
    assert "1,2" in text or "1,3" in text


def test_colours_of_a_picker_become_those_of_a_style() -> None:
    assert said({"colour": "rgba(255, 128.4, 0, 1)", "key": None, "scale": 2, "highlight": "#00ff00"}) == {
        "colour": "#ff8000", "key": "", "scale": 2, "highlight": "#00ff00",
    }  # fmt: skip


def test_the_preview_shows_the_frame_that_was_set_by_hand(tmp_path: Path) -> None:
    film = striped_film(tmp_path / "film.mp4")
    page: Any = SimpleNamespace(engine=Engine(Settings.from_env({"DATA_DIR": str(tmp_path / "data")})))
    work = PreviewWork(page, (), ())
    post = Post(cut_of(film, Span(0.0, 2.0)), Transcript("", 4.0))
    for middle in (0.25, 0.7):
        frames = (HandPlace(0.0, 2.0, "hand", middle),)
        asked = CompileRequest((Clip(film, Span(0.0, 2.0)),), aspect="9:16", frames=frames)
        still = work._preview(asked, post).frame(1.0, tmp_path / f"{middle}.jpg")
        with av.open(str(still)) as picture:
            rows = next(picture.decode(video=0)).to_ndarray(format="gray").astype(float)
        assert edges(rows) == pytest.approx(expected(middle, SHARE, SHIFT[0]), abs=0.015)
