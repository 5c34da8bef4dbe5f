"""A proxy on this machine for one child process: every connection it asks for goes to a public address or nowhere.

It speaks what HTTP clients speak to proxies, ``CONNECT host:port`` and requests with a whole address. A name is resolved here, once, and
the connection goes to the very address that was checked (:mod:`pipeline.files.addresses`): a second answer for the same name, a redirect
and every address inside a page come by here too. Who has no password of the day is shown out; bytes are counted.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

from pipeline.errors import StudioError
from pipeline.files.addresses import PublicOnly
from pipeline.files.pace import CONNECT, SILENCE

HOST = "127.0.0.1"
LONGEST_HEAD = 64 * 1024
PIECE = 64 * 1024
MOST_AT_ONCE = 32
"""Connections at a time; yt-dlp has a few."""
HOP_BY_HOP = (b"proxy-", b"connection:", b"keep-alive:", b"upgrade:", b"te:")


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request wants to go, and the first bytes that are sent there (none: a tunnel)."""

    host: str
    port: int
    first: bytes


class Gate:
    """Open from :meth:`open` to :meth:`close`. ``most`` bytes pass in all; ``refused`` says which hosts were not reached and why."""

    def __init__(self, most: int, *, allow_private: bool = False) -> None:
        self._backend = PublicOnly(allow_private)
        self._left, self._lock = most, threading.Lock()
        self._password = secrets.token_urlsafe(24)
        self._listening = socket.create_server((HOST, 0), backlog=64)
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._lines: set[socket.socket] = set()
        self._closed = False
        self.refused: list[tuple[str, str]] = []
        threading.Thread(target=self._receive, daemon=True, name="gate").start()

    @property
    def address(self) -> str:
        """The proxy's address, with its password."""
        return f"http://studio:{self._password}@{HOST}:{self.port}"

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def spent(self) -> bool:
        """Whether more was asked for than may pass."""
        return self._left < 0

    def close(self) -> None:
        """Ends all connections."""
        self._closed = True
        with self._lock:
            lines = [self._listening, *self._lines]
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _receive(self) -> None:
        while not self._closed:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            self._room.acquire()
            threading.Thread(target=self._serve, args=(line,), daemon=True, name="gate").start()

    def _serve(self, line: socket.socket) -> None:
        try:
            with self._known(line):
                line.settimeout(SILENCE)
                self._answer(line)
        except (OSError, ValueError, UnicodeError):
            pass  # whoever asked sees a line that ends
        finally:
            self._room.release()

    @contextlib.contextmanager
    def _known(self, line: socket.socket) -> Iterator[None]:
        with self._lock:
            self._lines.add(line)
        try:
            yield
        finally:
            with self._lock:
                self._lines.discard(line)
            line.close()

    def _answer(self, line: socket.socket) -> None:
        head, rest = _head(line)
        if not self._may(head):
            line.sendall(_status(407, "Proxy Authentication Required", "Proxy-Authenticate: Basic\r\n"))
            return
        asked = _asked(head)
        try:
            stream = self._backend.connect_tcp(asked.host, asked.port, CONNECT)
        except (StudioError, httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            self.refused.append((asked.host, type(error).__name__))
            known = isinstance(error, StudioError)
            line.sendall(_status(403, "Forbidden") if known else _status(502, "Bad Gateway"))
            return
        there: socket.socket = stream.get_extra_info("socket")
        with self._known(there):
            there.settimeout(SILENCE)
            if asked.first:
                there.sendall(asked.first + rest)
            else:
                line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                there.sendall(rest)
            self._both_ways(line, there)

    def _may(self, head: bytes) -> bool:
        wanted = b"basic " + base64.b64encode(f"studio:{self._password}".encode())
        given = next(
            (r.partition(b":")[2] for r in head.split(b"\r\n") if r.lower().startswith(b"proxy-authorization:")), b""
        )
        given = given.strip()
        return secrets.compare_digest(given[:6].lower() + given[6:], wanted)

    def _both_ways(self, line: socket.socket, there: socket.socket) -> None:
        back = threading.Thread(target=self._pass, args=(there, line), daemon=True, name="gate")
        back.start()
        self._pass(line, there)
        back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        """Everything from one to the other, until either ends, is silent, or too much has passed."""
        try:
            while data := source.recv(PIECE):
                with self._lock:
                    self._left -= len(data)
                if self._left < 0:
                    break
                target.sendall(data)
            else:
                target.shutdown(socket.SHUT_WR)  # the other way may go on
                return
        except TimeoutError:
            pass
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def gate(most: int, *, allow_private: bool = False) -> Iterator[Gate]:
    """A :class:`Gate` for as long as the block takes."""
    opened = Gate(most, allow_private=allow_private)
    try:
        yield opened
    finally:
        opened.close()


def _head(line: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request and what came with it. Raises ValueError."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = line.recv(PIECE)
        if not piece or len(found) + len(piece) > LONGEST_HEAD:
            raise ValueError("no request")
        found += piece
    head, _, rest = found.partition(b"\r\n\r\n")
    return head, rest


def _asked(head: bytes) -> Asked:
    """Raises ValueError where it is no request of a proxy's client."""
    first, *rows = head.split(b"\r\n")
    method, target, version = first.decode("ascii").split(" ")
    if method == "CONNECT":
        parts = urlsplit(f"//{target}")
        return Asked(_host(parts), parts.port or 443, b"")
    parts = urlsplit(target)
    if parts.scheme != "http":
        raise ValueError("not http")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [row for row in rows if not row.lower().startswith(HOP_BY_HOP)]
    begin = f"{method} {path} {version}".encode("ascii")
    return Asked(_host(parts), parts.port or 80, b"\r\n".join([begin, *kept, b"Connection: close"]) + b"\r\n\r\n")


def _host(parts: Any) -> str:
    if not parts.hostname or parts.username is not None:
        raise ValueError("no host")
    return str(parts.hostname)


def _status(code: int, reason: str, headers: str = "") -> bytes:
    return f"HTTP/1.1 {code} {reason}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
