"""What each stage of a piece of work cost: seconds of the clock and of all processors, this process and the tools it ran."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, replace

from pipeline.messages import Message, say
from pipeline.progress import Report

SHOWN = 0.01
"""Seconds of the clock from which a stage has a line of its own."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the ``clock`` and of the ``processor`` (all cores; of tools once they have ended)."""

    clock: float = 0.0
    processor: float = 0.0

    def busy(self, cores: int) -> float:
        """The share of ``cores`` that computed, 0 to 1."""
        return self.processor / (self.clock * cores) if self.clock > 0 else 0.0


class Timings:
    """Counts what passes between two messages of a report for the stage that the first one names.

    Stages that run side by side share one clock: what both cost counts for the one that told last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._costs: dict[str, Cost] = {}
        self._messages: dict[str, Message] = {}
        self._code = ""
        self._since = _now()

    def around(self, report: Report) -> Report:
        """``report``, listened to."""

        def told(fraction: float, message: Message) -> None:
            with self._lock:
                self._turn(message)
            report(fraction, message)

        return told

    def stages(self) -> dict[str, Cost]:
        """What every stage has cost until now, by the code of its message, in the order they began."""
        with self._lock:
            self._turn(None)
            return dict(self._costs)

    def table(self, language: str) -> str:
        """One line a stage, its name in ``language``, and one for all."""
        costs, cores = self.stages(), os.cpu_count() or 1
        whole = Cost(sum(c.clock for c in costs.values()), sum(c.processor for c in costs.values()))
        rows = [(self._name(code, language), cost) for code, cost in costs.items() if cost.clock >= SHOWN]
        lines = [
            f"{cost.clock:9.2f} s {cost.processor:9.2f} s {100 * cost.busy(cores):5.0f} %  {name}"
            for name, cost in (*rows, (say(Message("timings.all", {"cores": cores}), language), whole))
        ]
        return "\n".join([say(Message("timings.head"), language), *lines])

    def _name(self, code: str, language: str) -> str:
        return say(self._messages[code], language) if code else say(Message("timings.start"), language)

    def _turn(self, message: Message | None) -> None:
        now = _now()
        kept = self._costs.get(self._code, Cost())
        more = Cost(now.clock - self._since.clock, now.processor - self._since.processor)
        self._costs[self._code] = replace(
            kept, clock=kept.clock + more.clock, processor=kept.processor + more.processor
        )
        self._since = now
        if message is not None:
            self._code = message.code
            self._messages.setdefault(message.code, message)


def _now() -> Cost:
    spent = os.times()
    return Cost(time.monotonic(), spent.user + spent.system + spent.children_user + spent.children_system)
