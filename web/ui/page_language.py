"""The visitor's own choice of language, for the whole page at once.

Gradio asks ``navigator.language`` in its module script and never again, so the choice has to be there before: :class:`PageLanguage`
writes a classic script as the very first thing into the page's head. ``/?lang=es`` is the switch itself: the choice goes into a
cookie, which travels with every later request, and the address is clean again. Without a choice the browser's language holds.
A language written from right to left turns the page round.
"""

from __future__ import annotations

import json
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.messages import choose_language, languages, template

COOKIE = "studio_lang"
YEAR = 365 * 24 * 3600
_HEAD = b"<head>"


class PageLanguage:
    """Puts the chosen language into ``GET /``; everything else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_page(scope):
            await self.app(scope, receive, send)
            return
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        wanted = dict(query).get("lang", "")
        if wanted in languages():
            await _remembered(scope, wanted, query)(scope, receive, send)
            return
        headers = Headers(scope=scope)
        chosen = chosen_language(headers.get("cookie", ""))
        shown = chosen or choose_language(headers.get("accept-language"))
        await self.app(_uncompressed(scope), receive, _Rewriter(send, shown, bool(chosen)))


def chosen_language(cookies: str) -> str | None:
    """The language in a ``Cookie`` header; ``None`` where there is none that we have."""
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None and morsel.value in languages() else None


def script(language: str) -> str:
    """What makes a browser answer for ``language``; safe to run before anything else."""
    tag = json.dumps(language)
    return (
        f"<script>for(const[k,v]of[['language',{tag}],['languages',[{tag}]]])"
        "Object.defineProperty(navigator,k,{get:()=>v,configurable:true})</script>"
    )


def _is_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return scope["path"].removeprefix(scope.get("root_path", "")) in {"", "/"}


def _uncompressed(scope: Scope) -> Scope:
    """The same request from somebody who wants no compression, so that the answer can be written into."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": headers}


def _remembered(scope: Scope, language: str, query: list[tuple[str, str]]) -> RedirectResponse:
    rest = urlencode([(k, v) for k, v in query if k != "lang"])
    answer = RedirectResponse(f"{scope.get('root_path', '') or ''}/{'?' + rest if rest else ''}", status_code=303)
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip()
    secure = "https" in {scope.get("scheme"), forwarded}
    # Hosted inside another site's frame a Lax cookie would not come back; None needs a safe line.
    answer.set_cookie(COOKIE, language, max_age=YEAR, secure=secure, samesite="none" if secure else "lax")
    answer.headers["cache-control"] = "no-store"
    return answer


class _Rewriter:
    """A ``send`` that writes the language into an HTML answer of one piece or several."""

    def __init__(self, send: Send, language: str, chosen: bool) -> None:
        self._send, self._language, self._chosen = send, language, chosen
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                self._start = message
                return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        spoken = f'lang="{self._language}"' + (
            ' dir="rtl"' if template("language.direction", self._language) == "rtl" else ""
        )
        body = self._body.replace(b'lang="en"', spoken.encode(), 1)
        if self._chosen:
            body = body.replace(_HEAD, _HEAD + script(self._language).encode(), 1)
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        headers["vary"] = ", ".join(filter(None, (headers.get("vary"), "Cookie, Accept-Language")))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
