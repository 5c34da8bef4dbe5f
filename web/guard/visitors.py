"""Whose a job is where nobody signs in: each browser's own, by a cookie that nobody can guess.

The cookie is 256 random bits that scripts cannot read. Only a digest of it is kept, as the owner of the browser's jobs: who
reads the database or a log cannot become somebody else. A program without the cookie has no name; what it makes belongs to
all programs alike.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from http.cookies import CookieError, SimpleCookie

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.guard.security import address_of, current_user

COOKIE = "studio_visitor"
YEAR = 365 * 24 * 3600
PREFIX = "browser:"
"""No user has a colon in the name."""
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def visitor_in(cookies: str) -> str:
    """The owner that a ``Cookie`` header stands for; ``""`` without a good cookie."""
    value = _value_in(cookies)
    return PREFIX + hashlib.sha256(value.encode()).hexdigest()[:32] if value else ""


def owner_of_request(request: Request) -> str:
    """Who is asking: the user, else the browser, else ``""`` for a program."""
    return current_user(request) or visitor_in(request.headers.get("cookie", ""))


def payer_of(request: Request) -> str:
    """Whom an upload counts against: its owner, and for programs, which have no name, the address they come from."""
    address = hashlib.sha256(address_of(request.scope).encode()).hexdigest()[:32]
    return owner_of_request(request) or f"address:{address}"


def is_somebody_elses(job_owner: str, request: Request) -> bool:
    """Whether a job belongs to a browser and another one (or a program) asks."""
    return job_owner.startswith(PREFIX) and job_owner != visitor_in(request.headers.get("cookie", ""))


def names_of(owner: str) -> tuple[str, ...]:
    """Whose uploads ``owner`` may use: their own; a browser also those of programs, which have no name."""
    return (owner, "") if owner.startswith(PREFIX) else (owner,)


class Visitors:
    """Gives every browser that opens the page its cookie, and renews it for a year each time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_page(scope):
            await self.app(scope, receive, send)
            return
        value = _value_in(Headers(scope=scope).get("cookie", "")) or secrets.token_urlsafe(32)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.append("set-cookie", _cookie(value, safe=_is_safe(scope)))
                headers.setdefault("cache-control", "private, no-cache")
            await send(message)

        await self.app(scope, receive, with_cookie)


def _is_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) in {"", "/"}


def _is_safe(scope: Scope) -> bool:
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" in {scope.get("scheme"), forwarded}


def _value_in(cookies: str) -> str:
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None and _VALUE.fullmatch(morsel.value) else ""


def _cookie(value: str, *, safe: bool) -> str:
    # Hosted inside another site's frame a Lax cookie would not come back; None needs a safe line.
    site = "SameSite=None; Secure" if safe else "SameSite=Lax"
    return f"{COOKIE}={value}; Max-Age={YEAR}; Path=/; HttpOnly; {site}"
