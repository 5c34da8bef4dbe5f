"""What a device needs next is made while it works."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.compute.coming import made_ready
from pipeline.errors import Cancelled
from pipeline.progress import breathe, heeding

PATIENCE = 20.0


def test_everything_comes_in_order_and_no_more_waits_than_there_is_room() -> None:
    made: list[int] = []
    taken = 0

    def items() -> Iterator[int]:
        for n in range(200):
            made.append(n)
            assert len(made) - taken <= 3 + 2  # three wait, one is being made, one was just handed over
            yield n

    for n in made_ready(items(), lambda: 3):
        assert n == taken
        taken += 1
    assert taken == 200


def test_the_next_are_made_while_one_is_used() -> None:
    second = threading.Event()

    def items() -> Iterator[str]:
        yield "first"
        second.set()
        yield "second"

    coming = made_ready(items(), lambda: 4)
    assert next(coming) == "first"
    assert second.wait(PATIENCE)
    assert list(coming) == ["second"]


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    coming = made_ready(items(), lambda: 9)
    assert next(coming) == 1
    with pytest.raises(ZeroDivisionError):
        next(coming)


def test_who_stops_asking_stops_the_thread() -> None:
    ended = threading.Event()

    def items() -> Iterator[int]:
        try:
            n = 0
            while True:
                yield (n := n + 1)
        finally:
            ended.set()

    before = threading.active_count()
    coming = made_ready(items(), lambda: 2)
    assert next(coming) == 1
    assert threading.active_count() == before + 1
    thread = next(t for t in threading.enumerate() if t.name == "coming")
    coming.close()  # type: ignore[attr-defined]
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert ended.wait(PATIENCE)


def test_what_is_made_can_be_stopped_as_the_asker_can() -> None:
    stopped = threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise Cancelled

    def items() -> Iterator[int]:
        while True:
            breathe()
            yield 1

    with heeding(check):
        coming = made_ready(items(), lambda: 1)
        next(coming)
        stopped.set()
        with pytest.raises(Cancelled):
            for _ in coming:
                pass


def test_who_waits_goes_on_when_the_thread_has_stopped() -> None:
    stopped = []

    def items() -> Iterator[int]:
        try:
            for n in range(100):
                time.sleep(0.01)
                yield n
        finally:
            stopped.append(True)

    coming = made_ready(items(), lambda: 2, waits=True)
    assert next(coming) == 0
    coming.close()
    assert stopped == [True]
