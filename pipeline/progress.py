"""How work tells how far it is, and how it is stopped: one callback of plain values."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Protocol

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
