"""One request begins in each round of the event loop, and a look at the health before all that wait."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Scope, Send

from web.guard.turns import Turns


async def receive() -> Message:
    return {"type": "http.disconnect"}


async def send(message: Message) -> None:
    """Nobody listens."""


def scope_of(path: str) -> Scope:
    return {"type": "http", "path": path, "method": "GET", "headers": []}


def begun_in_order(*paths: str, stays: bool = False) -> list[str]:
    """What begins, in that order, when ``paths`` are asked for at the same time; a look at the health comes after them."""
    begun: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])
        if stays and scope["path"] == paths[0]:
            await asyncio.Event().wait()

    async def scene() -> None:
        turns = Turns(application)
        asked = [asyncio.create_task(turns(scope_of(p), receive, send)) for p in paths]
        await asyncio.sleep(0)  # all of them wait now
        asked.append(asyncio.create_task(turns(scope_of("/api/health"), receive, send)))
        while len(begun) < len(asked):
            await asyncio.sleep(0)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scene(), 10))
    return begun


def test_the_health_does_not_wait_for_those_that_came_before() -> None:
    paths = [f"/{n}" for n in range(50)]
    begun = begun_in_order(*paths)
    assert begun.index("/api/health") <= 3
    assert [p for p in begun if p != "/api/health"] == paths


def test_a_request_that_lasts_keeps_nobody_waiting() -> None:
    assert set(begun_in_order("/stays", "/a", "/b", stays=True)) == {"/stays", "/a", "/b", "/api/health"}


def test_one_that_went_away_does_not_hold_up_the_next() -> None:
    begun: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])

    async def scene() -> None:
        turns = Turns(application)
        gone, stays = (asyncio.create_task(turns(scope_of(p), receive, send)) for p in ("/gone", "/stays"))
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        await turns(scope_of("/later"), receive, send)

    asyncio.run(asyncio.wait_for(scene(), 10))
    assert begun == ["/stays", "/later"]
