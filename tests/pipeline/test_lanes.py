"""The same work for several things at once."""

from __future__ import annotations

import threading

import pytest

from pipeline.errors import Cancelled
from pipeline.lanes import in_lanes
from pipeline.progress import breathe, heeding

PATIENCE = 20.0


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def test_results_come_in_the_order_of_the_items() -> None:
    later = threading.Event()

    def work(n: int) -> int:
        if n == 0:
            assert later.wait(PATIENCE)  # the second is done before the first
        else:
            later.set()
        return n * n

    assert in_lanes(work, range(5)) == [0, 1, 4, 9, 16]


def test_work_inside_of_a_lane_stays_in_it() -> None:
    def outer(_: int) -> bool:
        here = threading.get_ident()
        return all(one == here for one in in_lanes(lambda _: threading.get_ident(), range(3)))

    assert all(in_lanes(outer, range(4)))
    assert threading.get_ident() not in in_lanes(lambda _: threading.get_ident(), range(2))


def test_the_first_error_is_raised_and_nothing_more_begun() -> None:
    begun = []

    def work(n: int) -> None:
        begun.append(n)
        raise ZeroDivisionError(n)

    with pytest.raises(ZeroDivisionError, match="0"):
        in_lanes(work, range(1000))
    assert len(begun) < 1000


def test_a_wish_to_stop_reaches_every_lane() -> None:
    def stop() -> None:
        raise Cancelled

    with heeding(stop), pytest.raises(Cancelled):
        in_lanes(lambda _: breathe(), range(3))


def test_one_thing_needs_no_thread() -> None:
    assert in_lanes(lambda _: threading.get_ident(), ["one"]) == [threading.get_ident()]
    assert in_lanes(str, []) == []
