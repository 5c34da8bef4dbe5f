"""What web pages of other origins may do: nothing, unless ``CORS_ORIGINS`` names them. On every route, the page's own too."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import Forbidden
from pipeline.messages import choose_language
from web.guard.security import SAFE_METHODS
from web.problems import problem_of

_CORS = "access-control-"


class CrossOrigin:
    """CORS as the settings say it; what an application within says about it is taken out of its answers.

    Credentials are never allowed: a page that is let in brings a token of its own.
    """

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...] = ()) -> None:
        self.app = CORSMiddleware(
            _Silent(app),
            allow_origins=allowed,
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "Prefer", "Upload-Offset", "Range", "Accept-Language"],
            expose_headers=["Location", "Upload-Offset", "Upload-Length", "Content-Range", "Retry-After"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class _Silent:
    """Takes every ``Access-Control-…`` header out of an application's answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def without(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name in {n for n in headers if n.startswith(_CORS)}:
                    del headers[name]
            await send(message)

        await self.app(scope, receive, without if scope["type"] == "http" else send)


class SameOrigin:
    """Refuses changes that another web page asks for in a visitor's name (cross-site request forgery)."""

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...] = ()) -> None:
        self.app = app
        self.allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and self._foreign(Headers(scope=scope)):
            answer = problem_of(
                Forbidden("error.cross_site"), choose_language(Headers(scope=scope).get("accept-language"))
            )
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin", "")
        if not origin:
            return headers.get("sec-fetch-site") in {"cross-site", "same-site"}
        if headers.get("sec-fetch-site") in {"same-origin", "none"}:
            return False
        if "*" in self.allowed or origin in self.allowed:
            return False
        hosts = {headers.get("host", ""), headers.get("x-forwarded-host", "")} - {""}
        return urlsplit(origin).netloc not in hosts  # an opaque origin ("null") has none
