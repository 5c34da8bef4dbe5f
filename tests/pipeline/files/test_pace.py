"""Addresses that are slow on purpose: each has an end, and who stops a download does not wait for them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipeline.errors import BadGateway, Cancelled
from pipeline.files import downloads, pace
from pipeline.files.downloads import download, look
from pipeline.messages import Message
from pipeline.settings import Settings
from tests.fake_service import files_below, settings_for

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n"
Talk = Callable[[socket.socket], None]


@contextmanager
def serving(talk: Talk) -> Iterator[str]:
    """A server of one idea; what it does with each connection is ``talk``."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            talk(connection)

    threading.Thread(target=accept, daemon=True).start()
    yield f"://127.0.0.1:{listener.getsockname()[1]}/a.mp4"
    listener.close()


def drip(before: bytes, byte: bytes = b"x") -> Talk:
    """Says ``before``, then a little again and again without an end."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(before)
        while True:
            connection.sendall(byte)
            time.sleep(0.05)

    return talk


def silent(connection: socket.socket) -> None:
    time.sleep(60)


SLOW = {
    "headers without an end": ("http", drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n")),
    "a header that never ends": ("http", drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"b")),
    "information without an answer": ("http", drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    "no answer": ("http", silent),
    "no handshake": ("https", silent),
    "a handshake that drips": ("https", drip(b"\x16\x03\x03\x40\x00", b"\x02")),
    "a body that drips": ("http", drip(HEAD)),
    "a good beginning, then drops": ("http", drip(HEAD + bytes(300_000))),
}


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, allow_private_urls=True)


def anything(path: Path) -> None:
    """A probe that accepts everything."""


@pytest.mark.parametrize("case", SLOW, ids=str)
def test_every_way_of_being_slow_has_an_end(case: str, local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TICK": 0.05, "CONNECT": 0.4, "ANSWER": 0.4, "SILENCE": 0.4, "WINDOW": 0.5}.items():
        monkeypatch.setattr(pace, name, value)
    monkeypatch.setattr(downloads, "ANSWER", 0.4)
    scheme, talk = SLOW[case]
    with serving(talk) as address, pytest.raises(BadGateway) as caught:
        download(scheme + address, local, probe=anything)
    assert caught.value.message.values["name"] == "127.0.0.1"
    assert files_below(local.uploads) == []


@pytest.mark.parametrize("case", SLOW, ids=str)
def test_a_stop_does_not_wait_for_the_other_side(case: str, local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TICK", 0.05)
    asked: list[float] = []

    def report(fraction: float, what: Message) -> None:
        asked.append(fraction)
        if len(asked) > 5:
            raise Cancelled

    scheme, talk = SLOW[case]
    with serving(talk) as address, pytest.raises(Cancelled):
        download(scheme + address, local, report, probe=anything)
    assert files_below(local.uploads) == []


def test_a_look_at_a_beginning_has_one_limit_for_all_of_it(local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TICK", 0.05)
    monkeypatch.setattr(downloads, "PATIENCE", 0.4)
    with serving(drip(HEAD)) as address, pytest.raises(BadGateway):
        look("http" + address, local, anything)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the pace reads."""
    now = [0.0]
    monkeypatch.setattr("pipeline.files.pace.time.monotonic", lambda: now[0])
    return now


def goes_on(course: pace.Pace, clock: list[float], seconds: float, speed: int) -> None:
    """So many seconds with ``speed`` bytes in each."""
    end = clock[0] + seconds
    while clock[0] < end:
        clock[0] += 1.0
        course.arrived(speed)
        course.look()


def test_what_comes_at_a_good_pace_is_never_too_slow(clock: list[float]) -> None:
    course = pace.Pace(lambda: None)
    course.flows()
    goes_on(course, clock, 3 * 3600, pace.SUSTAINED)
    stopped_at = clock[0]
    with pytest.raises(BadGateway):
        goes_on(course, clock, 2 * pace.WINDOW, 0)
    assert pace.WINDOW / 4 < clock[0] - stopped_at <= pace.WINDOW + 2


def test_a_steady_trickle_is_told_off_after_the_grace(clock: list[float]) -> None:
    course = pace.Pace(lambda: None)
    course.flows()
    with pytest.raises(BadGateway):
        goes_on(course, clock, 2 * pace.GRACE, pace.LEAST + 100)
    assert clock[0] > pace.GRACE
