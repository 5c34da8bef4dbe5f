"""Who may ask: users, tokens, the origin of a request, and the headers that protect the page.

Everything is off that needs a secret nobody has set: without ``APP_USERS`` and ``API_TOKENS`` the service is open to
whoever reaches its port (by default only this machine). With either, every address but :data:`OPEN` needs HTTP Basic
(people) or a bearer token (programs, the Gradio client included). Public clip addresses stay public: their names
cannot be guessed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import Forbidden
from pipeline.messages import choose_language
from pipeline.settings import Settings
from web.problems import Unauthorised, problem_of

OPEN = ("/api/health", "/clips/raw/", "/clips/viral/", "/favicon.ico", "/robots.txt")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # inline scripts; plots compile code
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self' https://huggingface.co",  # hosted apps are shown inside that page
    )
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def secret_key(settings: Settings) -> bytes:
    """``SECRET_KEY``, or a random key made once and kept in the data folder, readable by its owner only."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "secret.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _existing_key(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
    return path.read_bytes()


def _existing_key(path: Path) -> bytes:
    key = path.read_bytes().strip()
    if len(key) < 32:  # cut short by a crash while it was written
        path.unlink(missing_ok=True)
        key = secrets.token_hex(32).encode()
        path.touch(0o600)
        path.write_bytes(key)
    return key


class Accounts:
    """Users (``APP_USERS=name:password``) and tokens (``API_TOKENS=token``, ``name:token``), kept as keyed digests."""

    def __init__(self, settings: Settings) -> None:
        self._key = secret_key(settings)
        self._users = dict(self._pair(text, "") for text in settings.users)
        self._tokens = {digest: name for name, digest in (self._pair(text, "api") for text in settings.api_tokens)}

    @property
    def required(self) -> bool:
        """Whether anybody has to sign in."""
        return bool(self._users or self._tokens)

    def check(self, name: str, password: str) -> bool:
        """Whether this is a user with this password; takes the same time for unknown names."""
        expected = self._users.get(name, self._digest(secrets.token_hex()))
        return hmac.compare_digest(expected, self._digest(password))

    def user_of(self, authorization: str) -> str | None:
        """The name behind an ``Authorization`` header, ``None`` when it is not good."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._tokens.get(self._digest(value.strip()))
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
        return name if self.check(name, password) else None

    def _pair(self, text: str, default: str) -> tuple[str, str]:
        name, colon, secret = text.partition(":")
        return (name, self._digest(secret)) if colon else (default, self._digest(name))

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def current_user(request: Request) -> str:
    """The name of who is asking, ``""`` where nobody has to sign in."""
    return str(request.scope.get("state", {}).get("user", ""))


class SecurityHeaders:
    """Adds :data:`HEADERS` to every answer that has not its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


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
        if not origin or headers.get("sec-fetch-site") in {"same-origin", "none"}:
            return False
        if "*" in self.allowed or origin in self.allowed:
            return False
        hosts = {headers.get("host", ""), headers.get("x-forwarded-host", "")} - {""}
        return urlsplit(origin).netloc not in hosts  # an opaque origin ("null") has none


class SignIn:
    """Lets known users and tokens pass and writes the name into the request's state."""

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self.app = app
        self.accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or not self.accounts.required:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        user = self.accounts.user_of(headers.get("authorization", ""))
        preflight = scope.get("method") == "OPTIONS" and "access-control-request-method" in headers
        if user is None and not preflight and not scope["path"].startswith(OPEN):
            answer = problem_of(Unauthorised(), choose_language(headers.get("accept-language")))
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})["user"] = user or ""
        await self.app(scope, receive, send)
