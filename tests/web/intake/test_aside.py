"""Looks at a volume that does not answer hold up no status, and few threads are enough."""

from __future__ import annotations

import threading
from pathlib import Path

from anyio import create_task_group, move_on_after, run, sleep

from tests.fake_service import parts, service
from web.intake.aside import MOST, READERS, Aside
from web.intake.library import MAX_HUNG


def test_a_volume_that_does_not_answer_holds_up_no_row() -> None:
    hold, looking = threading.Event(), threading.Semaphore(0)

    def look() -> None:
        looking.release()
        hold.wait(10)

    async def scene() -> str:
        aside = Aside()
        async with create_task_group() as group:
            for _ in range(MAX_HUNG + 5):
                group.start_soon(aside.volume, look)
            while not looking.acquire(blocking=False):
                await sleep(0.01)
            try:
                with move_on_after(5):
                    return await aside.rows(lambda: "read")
            finally:
                hold.set()
        return "waited"

    assert run(scene) == "read"


def test_rows_are_read_by_few_threads() -> None:
    threads: set[int] = set()
    together = threading.Barrier(READERS, timeout=10)

    def read() -> None:
        threads.add(threading.get_ident())
        together.wait()

    async def scene() -> None:
        aside = Aside()
        async with create_task_group() as group:
            for _ in range(5 * READERS):
                group.start_soon(aside.rows, read)

    run(scene)
    assert len(threads) <= READERS


def test_the_service_keeps_its_threads_few(tmp_path: Path) -> None:
    from anyio.to_thread import current_default_thread_limiter

    with service(tmp_path) as client:
        assert parts(client).jobs.counts()["done"] == 0
        portal = client.portal
        assert portal is not None
        assert portal.call(current_default_thread_limiter).total_tokens == MOST
