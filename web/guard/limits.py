"""How often one client may ask: requests a minute."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.messages import choose_language
from pipeline.settings import Settings, SettingsError
from web.guard.security import SAFE_METHODS, address_of
from web.problems import TooMany, problem_of

READS = 20
"""Reading, and the pieces of an upload, may be this many times as frequent as ``RATE_LIMIT``."""


def rate(settings: Settings, times: int = 1) -> RateLimitItem | None:
    """``RATE_LIMIT`` (``120/minute``), ``None`` for ``off``.

    Raises:
        SettingsError: the text is not a rate.
    """
    text = settings.rate_limit.strip().lower()
    if text in {"off", "none", "0"}:
        return None
    try:
        item = parse(text)
    except ValueError as error:
        raise SettingsError(f"RATE_LIMIT={settings.rate_limit!r}: a rate like 120/minute, or off") from error
    return type(item)(item.amount * times, item.multiples)


class RateLimit:
    """Answers 429 to an address over the limit; changes count against ``RATE_LIMIT``, reads against a larger one.

    The page's own traffic (everything outside ``/api`` and ``/clips``) counts as reads.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._changes, self._reads = rate(settings), rate(settings, READS)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._changes is None or scope["path"] == "/api/health":
            await self.app(scope, receive, send)
            return
        client = address_of(scope)
        change = scope["method"] not in SAFE_METHODS | {"PATCH"} and scope["path"].startswith("/api/")
        item, name = (self._changes, "change") if change else (self._reads, "read")
        assert item is not None
        if not self._window.hit(item, client, name):
            reset = self._window.get_window_stats(item, client, name).reset_time
            language = choose_language(Headers(scope=scope).get("accept-language"))
            await problem_of(TooMany(seconds=max(1, round(reset - time.time()))), language)(scope, receive, send)
            return
        await self.app(scope, receive, send)
