"""Bodies without end and lines that never say what they want."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.attacks.attempts import Answer, Attempt, Judge, Request, ask, refused
from benchmarks.attacks.place import Place
from web.guard.bodies import BODY_SECONDS, JSON_LIMIT, LISTENING
from web.guard.lines import HEADER_SECONDS

ROUTES = (
    "/api/v1/generate-initial-clips", "/api/upload", "/api/upload/resumable", "/gradio_api/queue/join", "/gradio_api/call/transcribe",
    "/gradio_api/call/v2/transcribe", "/gradio_api/run/transcribe", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/mcp/",
    "/login", "/nowhere",
)  # fmt: skip
HALF = 300
"""Half requests at the same time."""
LATE = 3.0
"""Seconds that a limit may be missed by, on a busy machine."""


def attempts() -> Iterator[Attempt]:
    """All of these families."""
    for route in ROUTES:
        yield Attempt(
            "bodies", f"3 MiB to {route}", Request("POST", route, b"[" * 3 * JSON_LIMIT, _JSON), refused(413, 404, 405)
        )
        yield Attempt("bodies", f"deep JSON to {route}", Request("POST", route, b"[" * 100_000, _JSON), _not_ours)
        yield Attempt("bodies", f"no JSON to {route}", Request("POST", route, b"\xff\xfe{", _JSON), _not_ours)
        yield Attempt(
            "bodies", f"chunks without end to {route}", _endless(route), refused(413, 404, 405), LISTENING + LATE
        )
    yield Attempt("bodies", "announced 300 MB, expecting to be asked", _announced, refused(413))
    yield Attempt("bodies", "300 MB of JSON, and how it is meanwhile", _big_and_health, refused(413), LISTENING + LATE)
    for name, beginning in HALVES.items():
        yield Attempt("slow lines", name, _held(beginning), _closed, HEADER_SECONDS + LATE)
    yield Attempt("slow lines", "a body of one byte a second", _dribbled, refused(408), BODY_SECONDS + LATE)
    yield Attempt("slow lines", "headers of one byte a second", _slow_head, _closed, HEADER_SECONDS + LATE)
    yield Attempt("slow lines", f"{HALF} half requests at once", _half_open, _closed, HEADER_SECONDS + LATE)
    yield Attempt("slow lines", "headers without end", _flood, _not_ours)


_JSON = {"Content-Type": "application/json"}
HALVES = {
    "nothing at all": b"",
    "half a request line": b"GET /api/hea",
    "half the headers": b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX: ",
    "a request, then half of one": b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /api",
    "an empty line": b"\r\n",
}
_not_ours: Judge = lambda answer, place: "" if 200 <= answer.status < 500 else f"answered {answer.status}"  # noqa: E731


def _closed(answer: Answer, place: Place) -> str:
    return "" if answer.status == 0 else "stayed open"


def raw(place: Place, data: bytes, timeout: float = 60.0) -> Answer:
    """The answer to bytes as they are; status 0 where the connection was closed without one."""
    with socket.create_connection(("127.0.0.1", place.port), timeout) as line:
        line.sendall(data)
        return _read(line)


def _read(line: socket.socket) -> Answer:
    got = bytearray()
    try:
        while data := line.recv(65536):
            got += data
    except (ConnectionError, TimeoutError):
        pass
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    pairs = (text.partition(":") for text in head.decode("latin-1").split("\r\n")[1:])
    return Answer(status, {name.lower(): value.strip() for name, _, value in pairs}, body)


def _endless(route: str) -> Callable[[Place], Answer]:
    def act(place: Place) -> Answer:
        head = f"POST {route} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        with socket.create_connection(("127.0.0.1", place.port), 30) as line:
            line.sendall(head.encode())
            try:
                for _ in range(64):
                    line.sendall(chunk)
                line.sendall(b"0\r\n\r\n")
            except ConnectionError:
                pass
            return _read(line)

    return act


def _announced(place: Place) -> Answer:
    return raw(
        place,
        b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 300000000\r\n\r\n",
    )


def _big_and_health(place: Place) -> Answer:
    """A large body while somebody asks how the service is; slow health counts as no answer."""
    with ThreadPoolExecutor(1) as other:
        sent = other.submit(
            ask, place, Request("POST", "/gradio_api/queue/join", b"[" + b"1," * 150_000_000 + b"1]", _JSON)
        )
        slowest = 0.0
        while not sent.done():
            begun = time.monotonic()
            ask(place, Request("GET", "/api/health"))
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(0.05)
        answer = sent.result()
        return answer if slowest < 1.0 else Answer(599, {}, b"", slowest)


def _held(beginning: bytes) -> Callable[[Place], Answer]:
    def act(place: Place) -> Answer:
        with socket.create_connection(("127.0.0.1", place.port), HEADER_SECONDS + 2 * LATE) as line:
            line.sendall(beginning)
            return _until_closed(line)

    return act


def _until_closed(line: socket.socket) -> Answer:
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return Answer(200, {}, b"")
    except ConnectionError:
        pass
    return Answer(0, {}, b"")


def _half_open(place: Place) -> Answer:
    lines = [socket.create_connection(("127.0.0.1", place.port), HEADER_SECONDS + 2 * LATE) for _ in range(HALF)]
    try:
        for line in lines:
            line.sendall(b"GET /api/tasks HTTP/1.1\r\nHost: local")
        ends = [_until_closed(line).status for line in lines]
        return Answer(max(ends), {}, b"")
    finally:
        for line in lines:
            line.close()


def _slow_head(place: Place) -> Answer:
    with socket.create_connection(("127.0.0.1", place.port), 5) as line:
        line.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n")
        return _one_a_second(line, b"X-Slow: " + b"a" * 100, HEADER_SECONDS + 2 * LATE)


def _dribbled(place: Place) -> Answer:
    head = b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", place.port), 5) as line:
        line.sendall(head)
        return _one_a_second(line, b" " * 1000, BODY_SECONDS + 2 * LATE)


def _one_a_second(line: socket.socket, data: bytes, patience: float) -> Answer:
    line.settimeout(1.0)
    until = time.monotonic() + patience
    for byte in data:
        if time.monotonic() > until:
            break
        try:
            line.sendall(bytes((byte,)))
            got = line.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return Answer(0, {}, b"")
        line.settimeout(2.0)
        words = got.split(b" ", 2)
        return Answer(int(words[1]) if len(words) > 1 else 0, {}, got.partition(b"\r\n\r\n")[2])
    return Answer(200, {}, b"")


def _flood(place: Place) -> Answer:
    with socket.create_connection(("127.0.0.1", place.port), 10) as line:
        try:
            line.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"a" * 5_000_000)
        except ConnectionError:
            return Answer(400, {}, b"")
        return _read(line)
