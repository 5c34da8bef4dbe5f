"""The language switch, below the browser: what comes back for which cookie, header and address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.messages import Message, languages, say
from tests.browsing import another_language
from web.ui.page import _header
from web.ui.page_language import COOKIE, PageLanguage, chosen_language
from web.ui.theme import ASSETS

PAGE = '<!doctype html><html lang="en"><head><script type="module"></script></head><body lang="en">ñ</body></html>'


def client(root: str = "") -> TestClient:
    async def page(request: Request) -> HTMLResponse:
        assert "accept-encoding" not in request.headers
        return HTMLResponse(PAGE)

    async def pieces(request: Request) -> StreamingResponse:
        return StreamingResponse(iter(PAGE), media_type="text/html")

    async def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse('<html lang="en"><head>')

    which = {"": page, "pieces": pieces, "plain": plain}[root]
    app = Starlette(routes=[Route("/", which), Route("/other", plain)])
    app.add_middleware(PageLanguage)
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize("kind", ["", "pieces"])
def test_the_choice_is_there_before_any_other_script(kind: str) -> None:
    answer = client(kind).get("/", headers={"cookie": f"a=b; {COOKIE}=es", "accept-language": "en"})
    assert answer.text.index("navigator") < answer.text.index('type="module"')
    assert '"es"' in answer.text
    assert answer.text.startswith('<!doctype html><html lang="es"><head><script>')
    assert 'body lang="en"' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "Cookie" in answer.headers["vary"]


def test_without_a_choice_the_browser_decides() -> None:
    answer = client().get("/", headers={"accept-language": "es-MX,en;q=0.5"})
    assert '<html lang="es">' in answer.text
    assert "navigator" not in answer.text


def test_the_switch_remembers_and_cleans_the_address() -> None:
    answer = client().get("/?__theme=dark&lang=es&x=1%202")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?__theme=dark&x=1+2"
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=es;")
    assert "lax" in answer.headers["set-cookie"].lower()
    secure = client().get("/?lang=en", headers={"x-forwarded-proto": "https"}).headers["set-cookie"].lower()
    assert "secure" in secure
    assert "samesite=none" in secure


@pytest.mark.parametrize("wrong", ["zz", "", "es;x", '"</script><script>alert(1)</script>'])
def test_what_is_no_language_of_ours_changes_nothing(wrong: str) -> None:
    answer = client().get("/", params={"lang": wrong}, headers={"cookie": f"{COOKIE}={wrong}"})
    assert answer.status_code == 200
    assert answer.text == PAGE
    assert chosen_language(f"{COOKIE}={wrong}") is None


def test_a_language_from_right_to_left_turns_the_page_round(tmp_path: Path) -> None:
    words = {"language.name": "<b>Zazaki</b>", "language.direction": "rtl"}
    with another_language(tmp_path, "zz", words):
        assert client().get("/?lang=zz").headers["set-cookie"].startswith(f"{COOKIE}=zz;")
        assert '<html lang="zz" dir="rtl"><head>' in client().get("/", headers={"cookie": f"{COOKIE}=zz"}).text
        offered = _header("zz")
    assert re.findall(r'<a href="\?lang=(\w+)"[^>]*>', offered) == [*sorted([*languages(), "zz"])]
    assert 'lang="zz" hreflang="zz" aria-current="true">&lt;b&gt;Zazaki&lt;/b&gt;</a>' in offered
    assert all(f">{say(Message('language.name'), tag)}</a>" in offered for tag in languages())
    assert 'dir="' not in client().get("/", headers={"cookie": f"{COOKIE}=pt"}).text


def test_styles_say_start_and_end_so_that_they_turn_round() -> None:
    """Only the timeline, whose time runs to the right everywhere, and what is centred may name a side."""
    side = re.compile(
        r"(?:margin|padding|border)-(?:left|right)\b|text-align: ?(?:left|right)|float: ?(?:left|right)|[;{ ](?:left|right): "
    )
    turned = [
        rule for path in sorted((ASSETS / "look").glob("*.css")) for rule in path.read_text(encoding="utf-8").split("}")
        if side.search(rule) and not re.search(r"\.tl\b|\.tl-|translate\(-50%, -50%\)", rule)
    ]  # fmt: skip
    assert turned == []


def test_other_answers_pass_untouched() -> None:
    assert client().get("/other?lang=es", headers={"cookie": f"{COOKIE}=es"}).text == '<html lang="en"><head>'
    assert client("plain").get("/", headers={"cookie": f"{COOKIE}=es"}).text == '<html lang="en"><head>'
