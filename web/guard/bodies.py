"""How large a request's body may be, and how long it may take: looked at while it arrives, before anybody reads what it says.

Bodies are small (:data:`JSON_LIMIT`) on every route, Gradio's among them; the routes that receive films count and time for
themselves, here only a sender who has fallen silent is given up.
"""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import StudioError, TooLarge
from web.problems import TooSlow, language_for, problem_of

JSON_LIMIT = 1024 * 1024
BODY_SECONDS = 30.0
"""For a small body to arrive."""
SILENCE = 120.0
"""Seconds between two pieces of an upload."""
LISTENING = 5.0
"""Seconds that the rest of a body which is too large is thrown away, so that its sender gets to read the answer."""


class _Gone(Exception):
    """The client closed the connection."""


class BodyLimit:
    """Answers 413 and 408; hands on requests whose body is there."""

    def __init__(self, app: ASGIApp, limit: int = JSON_LIMIT, language: str = "auto") -> None:
        self.app, self.limit, self.language = app, limit, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif receives_films(scope):
            upload = _Upload(receive, send)
            await self.app(scope, upload.receive, upload.send)
        else:
            await self._small(scope, receive, send)

    async def _small(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if not _has_body(headers):
            await self.app(scope, receive, send)
            return
        try:
            body = await self._whole(headers, receive)
        except _Gone:
            return
        except StudioError as error:
            answer = problem_of(error, language_for(scope, self.language))
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return
        await self.app(scope, _again(body, receive), send)

    async def _whole(self, headers: Headers, receive: Receive) -> bytes:
        """The body. Raises TooLarge, TooSlow."""
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self.limit:
            if headers.get("expect", "").lower() != "100-continue":
                await _throw_away(receive)
            raise TooLarge("error.body_too_large", limit=self.limit, actual=int(announced))
        body, until = bytearray(), time.monotonic() + BODY_SECONDS
        while True:
            try:
                message = await asyncio.wait_for(receive(), max(0.0, until - time.monotonic()))
            except asyncio.TimeoutError as error:
                raise TooSlow(seconds=round(BODY_SECONDS)) from error
            if message["type"] == "http.disconnect":
                raise _Gone
            body += message.get("body", b"")
            if len(body) > self.limit:
                await _throw_away(receive)
                raise TooLarge("error.body_too_large", limit=self.limit, actual=len(body))
            if not message.get("more_body", False):
                return bytes(body)


def receives_films(scope: Scope) -> bool:
    """Whether this request goes to a route that receives files piece by piece and limits them itself."""
    path, method = scope["path"], scope["method"]
    if method == "PATCH":
        return bool(path.startswith("/api/upload/resumable/"))
    form = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/form-data")
    return bool(method == "POST" and form and path in {"/api/upload", "/gradio_api/upload"})


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def _throw_away(receive: Receive) -> None:
    """Read on without keeping anything, for :data:`LISTENING` seconds at most."""
    until = time.monotonic() + LISTENING
    while (left := until - time.monotonic()) > 0:
        try:
            message = await asyncio.wait_for(receive(), left)
        except asyncio.TimeoutError:
            return
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def _again(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives a body which was read already, then whatever comes."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class _Upload:
    """The two ends of a request that receives a film: silence of :data:`SILENCE` seconds counts as having gone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._silent = self._ended = False

    async def receive(self) -> Message:
        if self._ended:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), SILENCE)
        except asyncio.TimeoutError:
            self._silent = self._ended = True
            return {"type": "http.disconnect"}
        self._ended = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._silent and message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
        await self._send(message)
