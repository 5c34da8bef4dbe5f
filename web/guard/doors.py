"""Which of Gradio's addresses are open: those that the page, its clients and MCP need.

Gradio brings more than that: fetching of any address (``proxy=``), pages that write code, recordings, saved states, run histories,
traces, file browsers of components. What is not listed here does not exist.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import BadRequest, NotFound
from web.problems import language_for, problem, problem_of

PREFIX = "/gradio_api/"
MCP = "/gradio_api/mcp"
_OPEN = re.compile(
    r"/gradio_api/(?:"
    r"info/?|openapi\.json|app_id/?|user/?|login_check/?|startup-events|theme\.css"
    r"|upload|upload_progress|file=.+"
    r"|(?:run|api)/[^/]+/?|call(?:/v2)?/[^/]+(?:/[^/]*)?"
    r"|queue/(?:join|data|status)|cancel|reset/?|heartbeat/[^/]+"
    r"|mcp(?:/.*)?"
    r")",
    re.DOTALL,
)
_DIRECT = re.compile(r"/gradio_api/(?:run|api)/[^/]+/?")
"""Calls whose answer is the result itself."""
REFUSED = "studio.refused"
"""The key of a request's scope under which a direct call says why it was refused (:class:`Refused`)."""
_CLOSED = re.compile(r"/(?:monitoring|deep_link|svelte|pwa_icon)(?:/.*)?", re.DOTALL)
_log = logging.getLogger(__name__)
MOST_DEEP = 64
"""Levels of a JSON body."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a call was refused: HTTP status, code and words of the answer."""

    status: int
    code: str
    text: str


class Doors:
    """Answers 404 to Gradio's other addresses, and 400 to MCP messages that hold a file of the server by its path.

    MCP's tools take text only; Gradio would read any file that an argument names in the form of its own file objects, and send it
    to itself as an upload.
    """

    def __init__(self, app: ASGIApp, language: str = "auto") -> None:
        self.app, self._language = app, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if not is_open(path):
            error = NotFound("error.door_closed")
            await problem_of(error, language_for(scope, self._language))(scope, receive, send)
        elif path.startswith(MCP) and scope["method"] == "POST":
            await self._tool(scope, receive, send)
        elif _DIRECT.fullmatch(path):
            await self._refused(scope, receive, send)
        elif path.startswith(PREFIX):
            await self._ended(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _ended(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A stream of Gradio's about something that does not exist breaks off with an error; it ends here, with a line in the log."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except RuntimeError as error:
            if not started:
                raise
            _log.info(
                "a call was refused", extra={"path": scope["path"][:200], "reason": type(error.__cause__).__name__}
            )
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refused(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A direct call: Gradio answers 500 whatever was wrong; here it is what the refusal says."""
        told: list[Refused] = []
        hidden = False

        async def in_words(message: Message) -> None:
            nonlocal hidden
            if message["type"] == "http.response.start" and message["status"] == 500 and told:
                hidden = True
                await problem(told[0].status, told[0].code, told[0].text)(scope, receive, send)
            elif not hidden:
                await send(message)

        await self.app({**scope, REFUSED: told}, receive, in_words)

    async def _tool(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One MCP message; its body is there already (:class:`web.guard.bodies.BodyLimit`)."""
        message = await receive()
        if await run_in_threadpool(_holds_file, message.get("body", b"")):
            error = BadRequest("error.media_field")
            await problem_of(error, language_for(scope, self._language))(scope, receive, send)
            return
        given = iter((message,))

        async def again() -> Message:
            return next(given, None) or await receive()

        await self.app(scope, again, send)


def is_open(path: str) -> bool:
    """Whether an address is one of ours or an open one of Gradio's."""
    if path.startswith(PREFIX):
        return _OPEN.fullmatch(path) is not None
    return _CLOSED.fullmatch(path) is None


def holds_file(value: Any, depth: int = MOST_DEEP) -> bool:
    """Whether a JSON value holds an object that Gradio takes for a file, or is too deep to be looked through."""
    if depth < 0:
        return True
    if isinstance(value, dict):
        meta = value.get("meta")
        if "path" in value or (isinstance(meta, dict) and "_type" in meta):
            return True
        return any(holds_file(v, depth - 1) for v in value.values())
    return isinstance(value, list) and any(holds_file(v, depth - 1) for v in value)


def _holds_file(body: bytes) -> bool:
    try:
        return holds_file(json.loads(body))
    except RecursionError:
        return True
    except ValueError:  # no JSON: Gradio says so
        return False
