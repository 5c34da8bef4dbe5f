"""The live side of one running job: how far it is, how long each stage took, and the order to stop.

An instance is the job's :data:`pipeline.progress.Report`: workflows call it, and it raises when they shall stop.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Literal

from pipeline.errors import Cancelled, StudioError, TooLarge
from pipeline.messages import Message

WINDOW = 120.0
"""Seconds of the recent past that the time left is estimated from, beside the whole run."""
SAMPLE = 1.0
KNOWN, SURE = 0.05, 3.0
"""The share of the work and the seconds after which its speed says something about its end."""
OVER = 3.0
"""A promise is called broken once the work seems to need so many times the seconds that are left of it (and :data:`SURE` more)."""

Stop = Literal["cancel", "shutdown"]


class TimeLimit(TooLarge):
    """A job ran longer than ``JOB_TIME_LIMIT``. Values: ``limit`` in seconds."""

    code = "error.time_limit"


class Running:
    """Fraction, message and stage times of a running job; calling it reports, and raises once it must stop.

    Raises (on call):
        Cancelled: somebody stopped the job, or the service shuts down.
        TimeLimit: the job is over ``time_limit`` seconds.
    """

    def __init__(self, time_limit: float) -> None:
        self.fraction = 0.0
        self.message: Message | None = None
        self.stop: Stop | None = None
        self._stop_at = float("inf")
        self.stages: dict[str, float] = {}
        self._limit = time_limit
        self._lock = threading.Lock()
        self._begun = self._since = time.monotonic()
        self._promised: float | None = None
        self._samples: deque[tuple[float, float]] = deque([(self._begun, 0.0)])

    def __call__(self, fraction: float, message: Message) -> None:
        now = time.monotonic()
        with self._lock:
            self._close_stage(now, message)
            self.fraction = max(self.fraction, min(float(fraction), 1.0))
            self._remember(now)
        self.check()

    def check(self) -> None:
        """What a call says of stopping, without a report: a :data:`pipeline.progress.Tick`."""
        if self.stop is not None:
            raise Cancelled()
        if time.monotonic() - self._begun > self._limit:
            raise TimeLimit(limit=self._limit)

    def request_stop(self, reason: Stop) -> None:
        """Make the next report raise; the first reason stays."""
        with self._lock:
            if self.stop is None:
                self.stop, self._stop_at = reason, time.monotonic()

    def overdue(self) -> float:
        """Seconds since the work had to be over, by a stop or its time limit; not positive while it may go on."""
        with self._lock:
            return time.monotonic() - min(self._stop_at, self._begun + self._limit)

    def end_of_overdue(self) -> StudioError:
        """Why work that is overdue ends."""
        return Cancelled() if self.stop is not None else TimeLimit(limit=self._limit)

    def finish(self) -> dict[str, float]:
        """Close the last stage; seconds by stage (the code of its message), in order of appearance."""
        with self._lock:
            self._close_stage(time.monotonic(), None)
            return dict(self.stages)

    def so_far(self) -> dict[str, float]:
        """Seconds by stage, the running stage included."""
        with self._lock:
            now = {self.message.code: time.monotonic() - self._since} if self.message is not None else {}
            return {code: self.stages.get(code, 0.0) + now.get(code, 0.0) for code in {**self.stages, **now}}

    def seconds_left(self) -> float | None:
        """Seconds until the end that was promised, from the whole run and its last minutes; ``None`` while too little is known.

        A promise never moves away: where the work turns out longer, this counts down and then stays 0.0, which says "longer than
        expected". It is renewed only by a better one.
        """
        with self._lock:
            now = time.monotonic()
            estimate = self._estimate(now)
            if estimate is not None and (self._promised is None or now + estimate < self._promised):
                self._promised = now + estimate
            late = (
                estimate is not None and self._promised is not None and estimate > OVER * (self._promised - now) + SURE
            )
            if self._promised is None:
                return None
            return 0.0 if late else max(0.0, self._promised - now)

    def _estimate(self, now: float) -> float | None:
        """Seconds to the end by the speed so far; ``None`` before the work has shown one."""
        done, elapsed = self.fraction, now - self._begun
        if done < KNOWN or elapsed < SURE or len(self._samples) < 2:
            return None
        old_time, old_done = self._samples[0]
        rate = done / elapsed
        recent = (done - old_done) / max(now - old_time, 1e-6)
        return (1.0 - done) / ((rate + recent) / 2 if recent > 0 else rate)

    def _close_stage(self, now: float, message: Message | None) -> None:
        if self.message is not None and (message is None or message.code != self.message.code):
            self.stages[self.message.code] = self.stages.get(self.message.code, 0.0) + now - self._since
            self._since = now
        self.message = message or self.message

    def _remember(self, now: float) -> None:
        if now - self._samples[-1][0] >= SAMPLE:
            self._samples.append((now, self.fraction))
        while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW:
            self._samples.popleft()
