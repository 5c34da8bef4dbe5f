"""Connections that never ask: closed after a time, never too many, and no harm to who asks properly."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.browsing import eventually, free_port
from web.guard import lines

WAIT = 0.4


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers after twice the time that headers have."""
    import asyncio

    if scope["type"] != "http":
        return
    await asyncio.sleep(2 * WAIT if scope["path"] == "/slow" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(lines, "HEADER_SECONDS", WAIT)
    monkeypatch.setattr(lines, "MOST_WAITING", 20)
    config = uvicorn.Config(application, host="127.0.0.1", port=free_port(), lifespan="off", **lines.options())
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    eventually(lambda: running.started)
    yield running
    running.should_exit = True
    thread.join(10)


def line_to(server: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.config.port), 10)


def closed(line: socket.socket) -> bool:
    """Whether the other side closes the line, sooner or later."""
    try:
        while line.recv(1000):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    "beginning",
    [b"", b"GET /x HT", b"GET /x HTTP/1.1\r\nHost: a\r\nX: ", b"\r\n", b"GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /"],
)
def test_half_a_request_does_not_stay(server: Any, beginning: bytes) -> None:
    with line_to(server) as line:
        line.sendall(beginning)
        assert closed(line)


def _dribble(line: socket.socket, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        line.sendall(b"a")
        time.sleep(WAIT / 10)


def test_a_byte_now_and_then_does_not_keep_it_open(server: Any) -> None:
    with line_to(server) as line:
        line.sendall(b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises(ConnectionError):
            _dribble(line, 20.0)


def test_only_so_many_wait_and_who_asks_is_answered(server: Any) -> None:
    held = [line_to(server) for _ in range(3 * lines.MOST_WAITING)]
    try:
        with line_to(server) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert line.recv(1000).startswith(b"HTTP/1.1 200")
        assert len(vars(server.server_state)["waiting"]) <= lines.MOST_WAITING
    finally:
        for line in held:
            line.close()


@pytest.mark.parametrize("path", ["/", "/slow"])
def test_answers_may_take_longer_and_lines_are_used_again(server: Any, path: str) -> None:
    line = http.client.HTTPConnection("127.0.0.1", server.config.port, timeout=10)
    line.connect()
    first = line.sock
    for _ in range(4):
        line.request("GET", path)
        assert line.getresponse().read() == b"ok"
        time.sleep(WAIT / 2)
    assert line.sock is first, "the same connection all the time"
    line.close()


def test_the_process_may_hold_many_handles() -> None:
    import resource

    assert lines.many_handles() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
