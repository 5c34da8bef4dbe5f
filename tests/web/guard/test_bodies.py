"""Bodies: counted while they arrive, on every route, whoever would read them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from web.guard import bodies
from web.guard.bodies import BodyLimit, receives_films


class Line:
    """A connection: pieces that arrive, what is answered, how much was read."""

    def __init__(self, pieces: Iterable[bytes], pause: float = 0.0) -> None:
        self._pieces, self._pause = iter(pieces), pause
        self.n_read, self.status = 0, 0
        self.headers: dict[bytes, bytes] = {}

    async def receive(self) -> Message:
        await asyncio.sleep(self._pause)
        piece = next(self._pieces, None)
        self.n_read += len(piece or b"")
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])


class Reader:
    """An application that reads everything."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self.gone = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone = True
                break
            self.body += message["body"]
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})


def request(path: str, method: str = "POST", **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "path": path, "method": method, "headers": pairs}


def made(line: Line, scope: dict[str, Any], limit: int = 1000) -> Reader:
    reader = Reader()
    asyncio.run(BodyLimit(reader, limit)(scope, line.receive, line.send))
    return reader


ROUTES = [
    "/api/upload",
    "/api/upload/resumable",
    "/gradio_api/queue/join",
    "/gradio_api/call/x",
    "/gradio_api/upload",
    "/gradio_api/mcp/",
    "/x",
]


@pytest.mark.parametrize("path", ROUTES)
def test_what_is_too_large_never_reaches_anybody(path: str) -> None:
    for headers, pieces in (
        ({"content_length": "5000"}, [b"x" * 5000]),
        ({"transfer_encoding": "chunked"}, [b"x" * 100] * 50),
    ):
        line = Line(pieces)
        assert made(line, request(path, **headers)).body is None
        assert line.status == 413
        assert line.headers[b"connection"] == b"close"


@pytest.mark.parametrize("path", ROUTES)
def test_what_is_small_arrives_whole(path: str) -> None:
    assert (
        made(Line([b"a" * 400, b"b" * 500]), request(path, transfer_encoding="chunked")).body == b"a" * 400 + b"b" * 500
    )


def test_who_asks_first_is_told_without_sending() -> None:
    line = Line([b"x" * 5000])
    made(line, request("/gradio_api/queue/join", content_length="5000", expect="100-continue"))
    assert (line.status, line.n_read) == (413, 0)


def test_a_sender_without_end_is_not_listened_to_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LISTENING", 0.1)
    line = Line((b"x" * 1000 for _ in iter(int, 1)), pause=0.001)
    made(line, request("/x", transfer_encoding="chunked"))
    assert line.status == 413


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.1)
    line = Line([b"x"] * 500, pause=0.02)
    assert made(line, request("/gradio_api/queue/join", content_length="500")).body is None
    assert line.status == 408


def test_films_are_not_counted_here_and_end_where_the_sender_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = request("/gradio_api/upload", content_type="multipart/form-data; boundary=x")
    assert made(Line([b"x" * 1000] * 5), scope).body == b"x" * 5000
    monkeypatch.setattr(bodies, "SILENCE", 0.05)
    line = Line([b"x"], pause=0.5)
    assert made(line, scope).gone
    assert line.headers[b"Connection".lower()] == b"close"


@pytest.mark.parametrize(
    ("method", "path", "kind", "expected"),
    [
        ("POST", "/api/upload", "multipart/form-data; boundary=x", True), ("POST", "/gradio_api/upload",
        "Multipart/Form-Data; boundary=x", True),
        ("PATCH", "/api/upload/resumable/1", "", True), ("POST", "/api/upload", "application/json", False),
        ("POST", "/api/upload/resumable", "multipart/form-data; boundary=x", False), ("POST", "/gradio_api/upload_progress",
        "multipart/form-data; b=x", False),
        ("POST", "/gradio_api/upload/", "multipart/form-data; boundary=x", False), ("PATCH", "/api/upload", "", False), ("POST", "/login",
        "multipart/form-data", False),
    ],
)  # fmt: skip
def test_which_routes_receive_films(method: str, path: str, kind: str, expected: bool) -> None:
    assert receives_films(request(path, method, content_type=kind)) is expected
