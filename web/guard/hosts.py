"""Which names this service answers to, so that no web page can make its own name mean this machine (DNS rebinding).

A browser takes a page whose name suddenly resolves to ``127.0.0.1`` for that page's own origin: it may read every answer. The one
thing it cannot forge is the ``Host`` header, which still holds the page's name.
"""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.settings import Settings
from web.problems import WrongHost, language_for, problem_of

LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses to listen on that only this machine reaches."""
_NAME = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9_]([a-z0-9._-]{0,252}))(:\d{1,5})?", re.ASCII)


def name_in(host: str) -> str:
    """The name or address in a ``Host`` header, in small letters, without brackets, port or last dot; empty where it is malformed."""
    match = _NAME.fullmatch(host.lower())
    return match["name"].strip("[]").removesuffix(".") if match else ""


def is_local(name: str) -> bool:
    """Whether a name always means this machine: ``localhost`` and below it (RFC 6761), a loopback address."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Hosts:
    """Answers 421 to requests for another name.

    Checked where nobody signs in, if only this machine is listened to or ``ALLOWED_HOSTS`` is set. Local names pass always, the others
    are names, ``*.example.com`` for everything below one, or ``*`` for any; where more than this machine is listened to, addresses in
    figures pass too (no name, no trick). With sign-in a foreign page has no credentials to send: browsers keep them by name.
    """

    def __init__(self, app: ASGIApp, settings: Settings, signed_in: bool) -> None:
        self.app, self._language = app, settings.language
        self._allowed = frozenset(name_in(h) for h in settings.allowed_hosts if not h.startswith("*"))
        self._below = tuple(h[1:] for h in settings.allowed_hosts if h.startswith("*."))
        self._figures = settings.host not in LOCAL
        wanted = bool(settings.allowed_hosts) or settings.host in LOCAL
        self.checks = wanted and not signed_in and "*" not in settings.allowed_hosts

    def accepts(self, host: str) -> bool:
        """Whether a request with this ``Host`` header is answered."""
        name = name_in(host)
        if not name:
            return False
        named = name in self._allowed or name.endswith(self._below or ("\0",))
        return named or is_local(name) or (self._figures and _is_address(name))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.checks and scope["type"] in {"http", "websocket"}:
            given = Headers(scope=scope).getlist("host")
            if len(given) != 1 or not self.accepts(given[0]):
                error = WrongHost(name=given[0] if len(given) == 1 else "Host")
                await problem_of(error, language_for(scope, self._language))(scope, receive, send)
                return
        await self.app(scope, receive, send)
