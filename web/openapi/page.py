"""Swagger UI at ``/docs``, with its files from this service: a browser that reads it asks nobody else.

FastAPI's own page of that name loads Swagger UI from another server and is switched off (:mod:`web.application`). Addresses within the
page are relative, so that it works under a path of a proxy's too.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse

from pipeline import places
from pipeline.errors import NotFound
from pipeline.messages import Message, say
from web.problems import language_of

PAGE = "/docs"
FILES: Mapping[str, str] = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "start.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # it sets styles on its elements
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self' https://huggingface.co",
    )
)
"""Stricter than that of the page (:data:`web.guard.security.CONTENT_POLICY`): no inline script, nothing evaluated."""
KEPT = {"Cache-Control": "private, max-age=86400"}
_LOCAL = "http://127.0.0.1:7860"
"""The address that the examples are written with."""


def router() -> APIRouter:
    """The routes; they are no part of the API that they describe."""
    made = APIRouter(include_in_schema=False)

    @made.get(PAGE)
    def docs(request: Request) -> HTMLResponse:
        """The page."""
        headers = {"Content-Security-Policy": CONTENT_POLICY, "Vary": "Accept-Language"}
        return HTMLResponse(_page(language_of(request)), headers=headers)

    @made.get(PAGE + "/examples")
    def examples(request: Request) -> PlainTextResponse:
        """Examples for programs, with the address under which this service was asked."""
        text = places.brought("docs", "programs.md").read_text(encoding="utf-8")
        return PlainTextResponse(text.replace(_LOCAL, str(request.base_url).rstrip("/")))

    @made.get(PAGE + "/{name}")
    def part(name: str) -> FileResponse:
        """A file of the page."""
        if name not in FILES:
            raise NotFound(name=name[:60])
        return FileResponse(places.brought("assets", "swagger", name), media_type=FILES[name], headers=KEPT)

    return made


def _page(language: str) -> str:
    title, examples, script = (
        html.escape(say(Message(f"docs.{word}"), language)) for word in ("title", "examples", "script")
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" type="image/png" href="docs/favicon-32x32.png"><link rel="stylesheet" href="docs/swagger-ui.css"></head>'
        f'<body style="margin: 0"><p style="margin: 16px 20px 0; font: 16px/1.5 sans-serif"><a href="./">Reelify &amp; SyncDub</a> · '
        f'<a href="docs/examples">{examples}</a></p><noscript><p>{script}</p></noscript><div id="docs"></div>'
        '<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body></html>'
    )
