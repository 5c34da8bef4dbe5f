"""The page served by Gradio's own server, with other routes before its own: what ZeroGPU Spaces need."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from pipeline.settings import Settings
from web.guard.bodies import BodyLimit
from web.guard.doors import Doors
from web.guard.limits import RateLimit
from web.guard.origins import CrossOrigin, SameOrigin
from web.guard.security import Accounts, FormGuesses, SecurityHeaders
from web.guard.visitors import Visitors
from web.ui.following import Page
from web.ui.language import words
from web.ui.mount import ITS_CORS, handlers, locked
from web.ui.page_language import PageLanguage
from web.ui.theme import THEME, head, style

ADDRESS = "0.0.0.0"


def start(page: Page, routes: Sequence[BaseRoute], lifespan: Callable[[Any], Any], accounts: Accounts) -> None:
    """Serve until stopped. Where people sign in they do so in Gradio's form; what they have then is good for our routes too."""
    demo = locked(page)
    accounts.session = lambda cookies: _signed_in(demo, cookies)
    demo.launch(
        server_name=ADDRESS, server_port=page.settings.port, theme=THEME, css=style(), head=head(), i18n=words(), ssr_mode=False,
        max_file_size=page.settings.max_upload, footer_links=["api"], show_error=False, quiet=True, run_history=False,
        auth=accounts.check if accounts.required else None,
        app_kwargs={
            "routes": list(routes), "lifespan": _life(lifespan), "middleware": layers(page.settings), "exception_handlers": handlers(),
        },
    )  # fmt: skip


def _life(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Gradio puts its own CORS, which lets every origin in with credentials, around all layers given to it; here it is taken out."""

    @asynccontextmanager
    async def life(app: Any) -> AsyncIterator[None]:
        app.user_middleware = [layer for layer in app.user_middleware if layer.cls is not ITS_CORS]
        app.middleware_stack = app.build_middleware_stack()
        async with inner(app):
            yield

    return life


def layers(settings: Settings) -> list[Middleware]:
    """What stands before Gradio's own routes, from the outside in; ours bring theirs."""
    return [
        Middleware(SecurityHeaders),
        Middleware(CrossOrigin, allowed=settings.cors_origins),
        Middleware(SameOrigin, allowed=settings.cors_origins),
        Middleware(RateLimit, settings=settings),
        Middleware(FormGuesses),
        Middleware(BodyLimit, language=settings.language),
        Middleware(Doors, language=settings.language),
        Middleware(PageLanguage),
        Middleware(Visitors),
    ]


def _signed_in(demo: Any, cookies: str) -> str | None:
    """The name behind a session cookie of Gradio's."""
    app = demo.app
    try:
        found = SimpleCookie(cookies)
    except CookieError:
        return None
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    name: str | None = next(
        (app.tokens[found[n].value] for n in names if n in found and found[n].value in app.tokens), None
    )
    return name
