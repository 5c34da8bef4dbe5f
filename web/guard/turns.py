"""Who goes first when many ask at once: a look at the health never waits behind other requests.

The event loop takes up everything that has arrived before it looks for what is new. Three hundred requests that arrive together would be
begun together, and a look at the health that comes a moment later would wait for all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

FIRST = frozenset({"/api/health"})
"""Addresses that begin at once."""


class Turns:
    """Lets one request begin in each round of the event loop, in the order they came; those to :data:`FIRST` begin at once.

    Only beginnings wait: what has begun keeps nobody from beginning, however long it takes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_calling = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in FIRST:
            await self._turn()
        await self.app(scope, receive, send)

    def _turn(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._is_calling:
            self._is_calling = True
            loop.call_soon(self._call, loop)
        return turn

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the next one begin, and look again in the next round while somebody waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # its request may have been cancelled
                turn.set_result(None)
                break
        self._is_calling = bool(self._waiting)
        if self._is_calling:
            loop.call_soon(self._call, loop)
