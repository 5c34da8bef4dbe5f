"""Connections that never ask for anything: each has so many seconds for the headers of a request, and only so many may wait.

uvicorn has a limit for idle connections between two requests, but none for a request that never ends its headers, so that a few
thousand of them hold the server's file handles for ever.
"""

from __future__ import annotations

import asyncio
import resource
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 15.0
"""From the connection, or from the end of the last answer, to the end of a request's headers."""
STALLED = 600.0
"""Seconds in which a client must take some of what is sent to it; a player that is paused asks again afterwards."""
MOST_WAITING = 1024
"""Connections without a request; the one that waits longest goes when there are more."""


class Lines(H11Protocol):
    """A connection with a time limit for headers. Requests that are being answered have none: films take their time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # One for each server, the oldest first; touched by its event loop alone.
        self._waiting: OrderedDict[Lines, None] = vars(self.server_state).setdefault("waiting", OrderedDict())
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._wait()
        if len(self._waiting) > MOST_WAITING:
            next(iter(self._waiting)).give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self._asked()
        self.resume_writing()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._asked()
        elif self._deadline is None and not self.transport.is_closing():
            self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._deadline is None and not self.transport.is_closing() and self.cycle.response_complete:
            self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(STALLED, self.give_up)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def give_up(self) -> None:
        """Close the connection, whatever is still to be sent."""
        self._asked()
        if not self.transport.is_closing():
            self.transport.abort()

    def _wait(self) -> None:
        self._waiting[self] = None
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.give_up)

    def _asked(self) -> None:
        self._waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def many_handles() -> int:
    """Let this process open as many files and connections as the system allows it; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else max(soft, 1 << 16)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def options() -> dict[str, Any]:
    """How uvicorn serves this product."""
    return {"http": Lines, "ws": "none", "log_config": None, "server_header": False}
