"""How long the other side of a download may take, looked at several times a second whatever arrives.

A timeout of a socket says only how long nothing may come. One byte every few seconds, headers without an end, a handshake
that never ends or a name server that does not answer would pass it; here each of them has a limit, and whoever waits
(:data:`pipeline.progress.Report`, which raises to stop) is asked all the while.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from ssl import SSLContext
from typing import Any, TypeVar

import httpcore

from pipeline.errors import BadGateway

TICK = 0.5
"""Seconds between two looks."""
CONNECT = 10.0
"""Seconds for a name, a connection or the handshake of a safe line."""
ANSWER = 20.0
"""Seconds until the headers of an answer are complete."""
SILENCE = 30.0
"""Seconds without a byte."""
WINDOW, LEAST = 60.0, 16 * 1024
"""In every so many seconds, so many bytes a second at least."""
GRACE, SUSTAINED = 600.0, 64 * 1024
"""After these seconds, so many bytes a second on the whole: half a megabit, under which no film arrives in a day."""
LONGEST = 6 * 3600.0
"""Seconds that a whole transfer may take."""
T = TypeVar("T")


class Pace:
    """The time limits of one transfer; ``tick`` is asked at every look and may raise, ``total`` are its seconds."""

    def __init__(self, tick: Callable[[], None], total: float = LONGEST) -> None:
        self._tick, self._total = tick, total
        self._begun = time.monotonic()
        self._deadline = float("inf")
        self._flowing = False
        self._n_bytes = 0
        self._steps: deque[tuple[float, int]] = deque()

    def waits(self, seconds: float) -> None:
        """From now on something has to happen within ``seconds``: a connection, or an answer."""
        self._deadline, self._flowing = time.monotonic() + seconds, False

    def flows(self) -> None:
        """From now on bytes have to arrive at the least speed."""
        self._deadline, self._flowing = float("inf"), True
        self._n_bytes, self._since = 0, time.monotonic()
        self._steps = deque([(self._since, 0)])

    def arrived(self, n_bytes: int) -> None:
        """So many more bytes are here."""
        self._n_bytes += n_bytes

    def look(self) -> None:
        """Raises BadGateway over a limit, and whatever ``tick`` raises."""
        self._tick()
        now = time.monotonic()
        if now > self._deadline or now - self._begun > self._total or (self._flowing and self._too_slow(now)):
            raise BadGateway("error.url_slow", name="")

    def _too_slow(self, now: float) -> bool:
        if now - self._steps[-1][0] >= TICK:
            self._steps.append((now, self._n_bytes))
        while len(self._steps) > 1 and now - self._steps[1][0] >= WINDOW:
            self._steps.popleft()
        at, before = self._steps[0]
        slow = now - at >= WINDOW and self._n_bytes - before < WINDOW * LEAST
        return slow or self._n_bytes < (now - self._since - GRACE) * SUSTAINED


class Paced(httpcore.NetworkBackend):
    """The connections of ``inner``, every wait of which is looked at by ``pace``."""

    def __init__(self, inner: httpcore.NetworkBackend, pace: Pace) -> None:
        self._inner, self._pace = inner, pace

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """See :class:`httpcore.NetworkBackend`. Raises BadGateway over a limit."""
        self._pace.waits(2 * CONNECT)
        stream = aside(lambda: self._inner.connect_tcp(host, port, CONNECT, local_address, socket_options), self._pace)
        self._pace.waits(ANSWER)
        return PacedStream(stream, self._pace)


class PacedStream(httpcore.NetworkStream):
    """A connection that reads in waits of :data:`TICK`."""

    def __init__(self, inner: httpcore.NetworkStream, pace: Pace) -> None:
        self._inner, self._pace = inner, pace

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See :class:`httpcore.NetworkStream`. Raises BadGateway over a limit."""
        begun = time.monotonic()
        while True:
            self._pace.look()
            try:
                data = self._inner.read(max_bytes, TICK)
            except httpcore.ReadTimeout:
                if time.monotonic() - begun > SILENCE:
                    raise
                continue
            self._pace.arrived(len(data))
            return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See :class:`httpcore.NetworkStream`; what is sent here fits into the system's buffer."""
        self._inner.write(buffer, CONNECT)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """See :class:`httpcore.NetworkStream`. Raises BadGateway over a limit."""
        self._pace.waits(CONNECT)
        stream = aside(lambda: self._inner.start_tls(ssl_context, server_hostname, CONNECT), self._pace)
        self._pace.waits(ANSWER)
        return PacedStream(stream, self._pace)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def aside(work: Callable[[], httpcore.NetworkStream], pace: Pace) -> httpcore.NetworkStream:
    """``work()`` in a thread of its own, left alone when ``pace`` raises: what it opens after that is closed again."""
    opened: Future[httpcore.NetworkStream] = Future()

    def attempt() -> None:
        try:
            opened.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed over to the one who waits
            opened.set_exception(error)

    threading.Thread(target=attempt, daemon=True, name="connect").start()
    try:
        while not wait([opened], TICK).done:
            pace.look()
    except BaseException:
        opened.add_done_callback(_closed)
        raise
    return opened.result()


def _closed(opened: Future[httpcore.NetworkStream]) -> None:
    if opened.exception() is None:
        opened.result().close()
