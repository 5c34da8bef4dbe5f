"""The page served by Gradio's own server, with other routes before its own: what ZeroGPU Spaces need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from web.guard.limits import RateLimit
from web.guard.security import SecurityHeaders
from web.guard.visitors import Visitors
from web.ui.following import Page
from web.ui.language import words
from web.ui.page import build
from web.ui.page_language import PageLanguage
from web.ui.theme import THEME, asset

ADDRESS = "0.0.0.0"


def start(
    page: Page, routes: Sequence[BaseRoute], lifespan: Callable[[Any], Any], check: Callable[[str, str], bool] | None
) -> None:
    """Serve until stopped; ``check`` says whether a name and a password may enter, ``None`` lets everybody in."""
    middleware = [
        Middleware(SecurityHeaders),
        Middleware(RateLimit, settings=page.settings),
        Middleware(PageLanguage),
        Middleware(Visitors),
    ]
    build(page).launch(
        server_name=ADDRESS, server_port=page.settings.port, theme=THEME, css=asset("studio.css"), i18n=words(), ssr_mode=False,
        max_file_size=page.settings.max_upload, footer_links=["api"], show_error=False, auth=check, quiet=True,
        app_kwargs={"routes": list(routes), "lifespan": lifespan, "middleware": middleware},
    )  # fmt: skip
