"""How work tells how far it is, and how it is stopped: one callback of plain values."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.messages import Message

Report = Callable[[float, Message], None]
"""``report(fraction, message)``: fraction done in [0, 1]; raises :class:`pipeline.errors.Cancelled` to stop the work."""


Tick = Callable[[], None]
"""Called now and then by work that has nothing to say; raises to stop it."""


def no_report(fraction: float, message: Message) -> None:
    """A :data:`Report` nobody listens to."""


def part_of(report: Report, low: float, high: float) -> Report:
    """A :data:`Report` whose [0, 1] is the part [low, high] of ``report``."""

    def inner(fraction: float, message: Message) -> None:
        report(low + (high - low) * min(max(fraction, 0.0), 1.0), message)

    return inner
