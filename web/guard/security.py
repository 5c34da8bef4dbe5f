"""Who may ask: users, tokens, and the headers that protect the page.

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
from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import UserError
from pipeline.messages import choose_language
from pipeline.settings import Settings
from web.guard.guesses import Guesses
from web.problems import TooMany, Unauthorised, problem_of

OPEN = ("/api/health", "/clips/raw/", "/clips/viral/", "/shared/", "/favicon.ico", "/robots.txt")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OWN_HEADER = "x-studio-itself"

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

        self.session: Callable[[str], str | None] = lambda cookies: None
        """The name behind cookies, where a page signs people in by itself."""
        self.own_mark = secrets.token_urlsafe(32)
        """What calls of the service to itself carry in :data:`OWN_HEADER`."""

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
        pair = _basic(authorization)
        return pair[0] if pair is not None and self.check(*pair) else None

    def _pair(self, text: str, default: str) -> tuple[str, str]:
        name, colon, secret = text.partition(":")
        return (name, self._digest(secret)) if colon else (default, self._digest(name))

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def account_in(authorization: str) -> str:
    """The account that an ``Authorization`` header tries: the user's name, or one for all tokens."""
    pair = _basic(authorization)
    return f"user {pair[0]}" if pair is not None else "token"


def _basic(authorization: str) -> tuple[str, str] | None:
    """Name and password of HTTP Basic (RFC 7617)."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return name, password


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


class SignIn:
    """Lets known users and tokens pass and writes the name into the request's state; slows guessers down."""

    def __init__(self, app: ASGIApp, accounts: Accounts, guesses: Guesses | None = None) -> None:
        self.app, self.accounts = app, accounts
        self.guesses = guesses or Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or not self.accounts.required:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        user = self._user(scope, headers.get("authorization", ""))
        preflight = scope.get("method") == "OPTIONS" and "access-control-request-method" in headers
        if isinstance(user, UserError) and not preflight and not scope["path"].startswith(OPEN):
            await problem_of(user, choose_language(headers.get("accept-language")))(scope, receive, send)
            return
        scope.setdefault("state", {})["user"] = user if isinstance(user, str) else ""
        await self.app(scope, receive, send)

    def _user(self, scope: Scope, authorization: str) -> str | UserError:
        """Who asks, or why not."""
        if not authorization:
            return self._without(Headers(scope=scope))
        address, account = address_of(scope), account_in(authorization)
        seconds = self.guesses.wait(address, account, authorization)
        user = self.accounts.user_of(authorization)  # always looked at: an answer's time tells nothing
        if seconds:
            return TooMany(seconds=seconds)
        if user is None:
            self.guesses.wrong(address, account)
            return Unauthorised()
        self.guesses.right(address, authorization)
        return user

    def _without(self, headers: Headers) -> str | UserError:
        """Who asks without an ``Authorization`` header."""
        if hmac.compare_digest(headers.get(OWN_HEADER, "").encode(), self.accounts.own_mark.encode()):
            return ""
        user = self.accounts.session(headers.get("cookie", ""))
        return Unauthorised() if user is None else user


class FormGuesses:
    """The same for a page that signs in with a form of Gradio's (``POST /login``, 400 where name or password is wrong)."""

    def __init__(self, app: ASGIApp, path: str = "/login") -> None:
        self.app, self._path, self.guesses = app, path, Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].rstrip("/") != self._path:
            await self.app(scope, receive, send)
            return
        address = address_of(scope)
        if seconds := self.guesses.wait(address, "form", ""):
            language = choose_language(Headers(scope=scope).get("accept-language"))
            await problem_of(TooMany(seconds=seconds), language)(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                self.guesses.wrong(address, "form")
            await send(message)

        await self.app(scope, receive, watched)


def address_of(scope: Scope) -> str:
    """The address a request comes from."""
    return str((scope.get("client") or ("unknown",))[0])
