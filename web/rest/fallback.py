"""What our addresses answer where no route fits: our shape of error, ``HEAD`` wherever there is ``GET``, ``Allow`` for wrong methods.

Without it these requests would fall through to the page, which answers in another way.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OURS = ("/api/", "/clips/", "/docs/")
EXACT = frozenset({"/api", "/clips", "/docs", "/metrics", "/openapi.json"})


class Fallback(BaseRoute):
    """The last of our ``routes``; ``router`` is what all of them are reached through."""

    def __init__(self, routes: Sequence[BaseRoute], router: ASGIApp) -> None:
        self._routes = [route for route in routes if isinstance(route, Route)]
        self._router = router

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the address is one of ours."""
        path = str(scope["path"])
        ours = scope["type"] == "http" and (path.startswith(OURS) or path in EXACT)
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the routes whose path fits but whose method does not. Raises HTTPException 404, 405."""
        methods = {m for route in self._routes if _fits(route, scope) for m in route.methods or ()}
        if scope["method"] == "HEAD" and "GET" in methods:
            await self._router({**scope, "method": "GET"}, receive, _without_body(send))
            return
        if methods:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
        raise HTTPException(404)


def _fits(route: Route, scope: Scope) -> bool:
    return route.path_regex.match(str(scope["path"])) is not None


def _without_body(send: Send) -> Send:
    async def headers_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_only
