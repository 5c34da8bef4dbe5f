"""Composition root: settings → engine → jobs → web application with the page in it. ``python app.py`` serves it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipeline.settings import Settings
    from web.jobs import Jobs

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")


def create() -> FastAPI:
    """The ASGI application, made from the environment's settings.

    Raises:
        SettingsError: a setting cannot be used.
    """
    from pipeline.settings import Settings

    settings = Settings.from_env()
    # The hub's library reads it once, when it is imported.
    os.environ["HF_HUB_OFFLINE"] = "0" if settings.allow_hub else os.environ.get("HF_HUB_OFFLINE", "1")
    from pipeline.engine import Engine
    from web import logs
    from web.jobs import Jobs
    from web.kinds import runner
    from web.memory_limit import Limited

    logs.configure(settings)
    engine = Engine(settings)
    run = runner(settings, engine)
    if settings.max_memory and not settings.scheduler_address:
        run = Limited(run, settings.max_memory)
    return compose(settings, engine, Jobs(settings, engine, run=run))


def compose(settings: Settings, engine: Any, jobs: Jobs) -> FastAPI:
    """Routes and page around an engine and its queue."""
    uploads = settings.temp_dir / "gradio"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)  # where the page may read, and the janitor cleans
    from web import page_uploads
    from web.application import create_app
    from web.ui.mount import mount
    from web.ui.work import Page

    application = create_app(settings, engine, jobs)
    page_uploads.install(application, uploads)
    return mount(application, Page(settings, engine, jobs))


def main() -> int:
    """Serve until stopped; 2 when a setting is wrong."""
    import uvicorn

    from pipeline import warm
    from pipeline.settings import Settings, SettingsError

    try:
        settings = Settings.from_env()
        application = create()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    if not settings.scheduler_address:
        warm.soon()
    uvicorn.run(application, host=settings.host, port=settings.port, log_config=None, timeout_graceful_shutdown=10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
