"""Where nobody signs in every browser has a cookie of its own, which nobody can guess and no script can read."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from web.guard.visitors import COOKIE, PREFIX, Visitors, visitor_in


@pytest.fixture
def client() -> TestClient:
    def page(request: Any) -> Response:
        return HTMLResponse("page")

    app = Starlette(routes=[Route("/", page), Route("/api/x", page)], middleware=[Middleware(Visitors)])
    return TestClient(app)


def test_the_page_gives_a_cookie_and_renews_it(client: TestClient) -> None:
    first = client.get("/")
    text = first.headers["set-cookie"]
    assert "HttpOnly" in text
    assert "SameSite=Lax" in text
    assert "private" in first.headers["cache-control"]
    value = client.cookies[COOKIE]
    client.get("/")
    assert client.cookies[COOKIE] == value
    assert len(value) == 43


def test_only_the_page_gives_cookies(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/api/x").headers


def test_on_a_safe_line_the_cookie_comes_back_inside_a_frame(client: TestClient) -> None:
    text = client.get("/", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert "SameSite=None; Secure" in text


def test_two_browsers_are_two_visitors_and_the_owner_tells_nothing_of_the_cookie(client: TestClient) -> None:
    values = []
    for _ in range(2):
        client.cookies.clear()
        client.get("/")
        values.append(client.cookies[COOKIE])
    owners = [visitor_in(f"studio_lang=es; {COOKIE}={value}") for value in values]
    assert len(set(owners)) == 2
    assert all(o.startswith(PREFIX) and v not in o for o, v in zip(owners, values, strict=True))


@pytest.mark.parametrize(
    "cookies", ["", "x", f"{COOKIE}=", f"{COOKIE}=short", f"{COOKIE}={'a' * 42}!", f"{COOKIE}={'a' * 5000}"]
)
def test_what_we_did_not_give_is_nobody(cookies: str) -> None:
    assert visitor_in(cookies) == ""
