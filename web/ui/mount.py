"""Puts the page into the web application, at ``/``; REST routes come first."""

from __future__ import annotations

import logging
import threading
from typing import Any

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.exceptions import InvalidApiNameError
from gradio.route_utils import CustomCORSMiddleware, FnIndexInferError
from gradio_client import Client

from pipeline.messages import Message, choose_language
from web.guard.security import OWN_HEADER, Accounts, current_user
from web.guard.visitors import Visitors
from web.intake.sources import EXAMPLES
from web.problems import problem, words
from web.ui.following import Page
from web.ui.giving.routes import router as given_routes
from web.ui.language import words as labels
from web.ui.page import build
from web.ui.page_language import PageLanguage
from web.ui.theme import THEME, head, style

ITS_CORS = CustomCORSMiddleware
"""Gradio's own cross-origin rules; not in force here."""
_log = logging.getLogger(__name__)


def mount(application: FastAPI, page: Page, accounts: Accounts | None = None) -> FastAPI:
    """``application`` with the page. Uploads of the page obey ``MAX_CONTENT_LENGTH``."""
    demo = locked(page)
    application.include_router(given_routes())
    application.add_middleware(PageLanguage)
    application.add_middleware(Visitors)
    mounted: FastAPI = gr.mount_gradio_app(
        application, demo, path="/", theme=THEME, css=style(), head=head(), i18n=labels(), ssr_mode=False,
        max_file_size=page.settings.max_upload, footer_links=["api"], mcp_server=page.settings.mcp_server, run_history=False,
        show_error=False, auth_dependency=current_user, app_kwargs={"exception_handlers": handlers()},
    )  # fmt: skip
    if page.settings.mcp_server:
        demo.mcp_server_obj._get_or_create_client = OwnClient(demo.mcp_server_obj, accounts or Accounts(page.settings))
    return mounted


def locked(page: Page) -> gr.Blocks:
    """The page, with Gradio's own check that files were uploaded switched on before it is served."""
    gr.set_static_paths([EXAMPLES])
    demo = build(page)
    demo.has_launched = True  # a mounted page is never launched, and only launched ones are checked
    return demo


def handlers() -> dict[Any, Any]:
    """How Gradio's routes answer a request that is no good: in our shape, with a line in the log instead of a trace."""
    wrong = (
        RequestValidationError,
        FnIndexInferError,
        InvalidApiNameError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    )
    return dict.fromkeys(wrong, _refused)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    told = {"method": request.method, "path": request.url.path[:200], "reason": type(error).__name__}
    _log.info("a call was refused", extra=told)
    text = words(Message("error.bad_request", {"detail": "…"}), choose_language(request.headers.get("accept-language")))
    return problem(422 if isinstance(error, RequestValidationError) else 400, "bad_request", text)


class OwnClient:
    """How Gradio's MCP server calls this service: where it runs, and nowhere else.

    Gradio builds the address of these calls from headers of the first request, which whoever sends it chooses (and keeps it for
    everybody after). Here it is the socket's own address. Where people sign in, its bookkeeping calls carry the service's own
    mark; the call of a tool carries the credentials of whoever asked for it.
    """

    def __init__(self, server: Any, accounts: Accounts) -> None:
        self._server, self._accounts = server, accounts
        self._lock = threading.Lock()
        self._client: Client | None = None

    def __call__(self) -> Client:
        """The client, made at the first call of a tool, in a thread that may wait."""
        with self._lock:
            if self._client is None:
                host, port = self._server.mcp_server.request_context.request.scope["server"]
                self._client = Client(
                    f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}",
                    headers={"x-gradio-user": "mcp", OWN_HEADER: self._accounts.own_mark},
                    download_files=False, verbose=False, analytics_enabled=False, _skip_components=False,
                )  # fmt: skip
            return self._client
