"""How work tells how far it is, and how it is stopped: one callback of plain values."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Protocol

from pipeline.errors import Cancelled
from pipeline.messages import Message

Report = Callable[[float, Message], None]
"""``report(fraction, message)``: fraction done in [0, 1]; raises :class:`pipeline.errors.Cancelled` to stop the work."""


Tick = Callable[[], None]
"""Called now and then by work that has nothing to say; raises to stop it."""


LOOK = 0.2
"""Seconds between two looks at the wish to stop while work waits for its turn."""


class Lock(Protocol):
    """One of :mod:`threading`'s."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...


def _nobody() -> None:
    """The :data:`Tick` of work that nobody stops."""


_asked: ContextVar[Tick] = ContextVar("asked", default=_nobody)


@contextlib.contextmanager
def heeding(tick: Tick) -> Iterator[None]:
    """In here, and in threads that were given this context, :func:`breathe` asks ``tick``."""
    token = _asked.set(tick)
    try:
        yield
    finally:
        _asked.reset(token)


def breathe() -> None:
    """Between two steps of long work that has nothing to tell; raises :class:`pipeline.errors.Cancelled` to stop it.

    Called where every long calculation comes by (a packet, a batch, a token), so that a stop need not wait for the next
    report of whatever is being done.
    """
    _asked.get()()


@contextlib.contextmanager
def turn(lock: Lock) -> Iterator[None]:
    """Holds ``lock``; who waits for it can be stopped."""
    while not lock.acquire(timeout=LOOK):
        breathe()
    try:
        yield
    finally:
        lock.release()


def no_report(fraction: float, message: Message) -> None:
    """A :data:`Report` nobody listens to."""


def part_of(report: Report, low: float, high: float) -> Report:
    """A :data:`Report` whose [0, 1] is the part [low, high] of ``report``."""

    def inner(fraction: float, message: Message) -> None:
        report(low + (high - low) * min(max(fraction, 0.0), 1.0), message)

    return inner


class Sides:
    """One :data:`Report` for works side by side, each with its share of the whole; what is said is what the first of them says that is
    not done. Where one of them is stopped, or an error leaves the context, the others are stopped at their next report."""

    def __init__(self, report: Report, shares: Sequence[float]) -> None:
        self._report, self._shares, self._done = report, shares, [0.0] * len(shares)
        self._said: Message | None = None
        self._lock, self._stopped = threading.Lock(), threading.Event()

    def part(self, n: int) -> Report:
        """The :data:`Report` of work number ``n``, for any thread."""

        def inner(fraction: float, message: Message) -> None:
            if self._stopped.is_set():
                raise Cancelled
            with self._lock, contextlib.ExitStack() as unfinished:
                unfinished.callback(self.stop)
                self._done[n] = min(max(fraction, 0.0), 1.0)
                if self._said is None or all(done >= 1.0 for done in self._done[:n]):
                    self._said = message
                whole = sum(share * done for share, done in zip(self._shares, self._done, strict=True))
                self._report(min(1.0, whole), self._said)
                unfinished.pop_all()

        return inner

    def __enter__(self) -> Sides:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.stop()

    def done(self, n: int) -> None:
        """Work number ``n`` is over, whatever it has reported."""
        with self._lock:
            self._done[n] = 1.0

    def stop(self) -> None:
        """Makes the others raise :class:`pipeline.errors.Cancelled` at their next report."""
        self._stopped.set()
