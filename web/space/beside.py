"""The REST service as a part of somebody else's application: its routes first, everything else is the other's."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

OURS = (
    "/api/",
    "/clips/",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/page/",
    "/shared/",
    "/gradio_api/upload",
    "/gradio_api/file=",
)


class Beside(BaseRoute):
    """A route that hands the service's addresses over to it, with all its middleware."""

    def __init__(self, service: FastAPI) -> None:
        self._service = service

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this address is the service's."""
        ours = scope["type"] == "http" and str(scope["path"]).startswith(OURS)
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the service does."""
        await self._service(scope, receive, send)

    def lifespan(self, app: Any) -> AbstractAsyncContextManager[Any]:
        """The life of the service's parts, for the application it is beside."""
        return self._service.router.lifespan_context(self._service)
