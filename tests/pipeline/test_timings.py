"""Every stage's cost is counted once, for the stage that named itself before."""

from __future__ import annotations

import hashlib
import time

from pipeline.messages import Message
from pipeline.timings import Cost, Timings


def test_each_stage_costs_what_passed_until_the_next_word() -> None:
    told: list[str] = []
    timings = Timings()
    report = timings.around(lambda fraction, message: told.append(message.code))
    report(0.0, Message("progress.listening"))
    time.sleep(0.05)
    report(0.5, Message("progress.rendering"))
    while timings.stages()["progress.rendering"].processor < 0.1:
        hashlib.sha256(bytes(1_000_000)).digest()
    report(0.6, Message("progress.listening"))
    found = timings.stages()
    assert told == ["progress.listening", "progress.rendering", "progress.listening"]
    assert list(found) == ["", "progress.listening", "progress.rendering"]
    assert found["progress.listening"].clock >= 0.05
    assert found["progress.rendering"].processor >= 0.1 > found["progress.listening"].processor
    lines = timings.table("es").splitlines()
    assert lines[0].split()[0] == "reloj"
    assert "todo" in lines[-1]


def test_the_share_of_the_cores_that_computed() -> None:
    assert Cost(2.0, 3.0).busy(2) == 0.75
    assert Cost().busy(2) == 0.0
