"""Puts the page into the web application, at ``/``; REST routes come first."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI

from web.guard.security import current_user
from web.guard.visitors import Visitors
from web.ui.following import Page
from web.ui.language import words
from web.ui.page import build
from web.ui.page_language import PageLanguage
from web.ui.theme import THEME, asset


def mount(application: FastAPI, page: Page) -> FastAPI:
    """``application`` with the page. Uploads of the page obey ``MAX_CONTENT_LENGTH``."""
    demo = build(page)
    application.add_middleware(PageLanguage)
    application.add_middleware(Visitors)
    mounted: FastAPI = gr.mount_gradio_app(
        application, demo, path="/", theme=THEME, css=asset("studio.css"), i18n=words(), ssr_mode=False,
        max_file_size=page.settings.max_upload, footer_links=["api"], mcp_server=page.settings.mcp_server,
        show_error=False, auth_dependency=current_user,
    )  # fmt: skip
    return mounted
