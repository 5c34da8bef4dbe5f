"""Health, system information and figures: computed beside the event loop, never waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.fake_service import service
from web.watch import monitoring
from web.watch.monitoring import Kept


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with service(tmp_path) as made:
        yield made


def test_an_answer_never_waits_for_a_slow_disk() -> None:
    hold, rounds = threading.Event(), iter(range(3))

    def compute() -> int:
        number = next(rounds)
        if number:
            hold.wait(10)
        return number

    async def scene() -> tuple[int, int, int]:
        kept = Kept(compute, seconds=0.0)
        first, second = await kept.soon(), await kept.soon(0.02)
        hold.set()
        return first, second, await kept.soon(10.0)

    assert asyncio.run(scene()) == (0, 0, 1)


def test_a_state_that_cannot_be_computed_any_more_is_not_called_ready(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/api/health").status_code == 200
    monkeypatch.setattr(monitoring, "STUCK", -1.0)
    answer = client.get("/api/health").json()
    assert answer["status"] == "degraded"
    assert any("disks" in reason for reason in answer["reasons"])


def test_who_asks_often_gets_the_last_value_while_the_next_is_computed() -> None:
    hold, rounds = threading.Event(), iter(range(3))

    def compute() -> int:
        number = next(rounds)
        if number:
            hold.wait(10)
        return number

    async def scene() -> tuple[int, int, int]:
        kept = Kept(compute, seconds=0.2)
        first = await kept.soon()
        await asyncio.sleep(0.25)
        second = await kept.soon(10.0)  # begins the next, and does not wait for it
        hold.set()
        while kept.age > 0.1:
            await asyncio.sleep(0.01)
        return first, second, await kept.soon()

    assert asyncio.run(scene()) == (0, 0, 1)
