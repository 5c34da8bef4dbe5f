"""Composition root: settings → engine → jobs → web application with the page in it. ``python app.py`` serves it."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def create() -> object:
    """The ASGI application, made from the environment's settings.

    Raises:
        SettingsError: a setting cannot be used.
    """
    from pipeline.engine import Engine
    from pipeline.settings import Settings
    from web import logs
    from web.application import create_app
    from web.jobs import Jobs
    from web.ui.mount import mount
    from web.ui.work import Page

    settings = Settings.from_env()
    os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.temp_dir / "gradio"))
    logs.configure(settings)
    engine = Engine(settings)
    jobs = Jobs(settings, engine)
    application = create_app(settings, engine, jobs)
    return mount(application, Page(settings, engine, jobs))


def main() -> int:
    """Serve until stopped; 2 when a setting is wrong."""
    import uvicorn

    from pipeline.settings import Settings, SettingsError

    try:
        settings = Settings.from_env()
        application = create()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    uvicorn.run(application, host=settings.host, port=settings.port, log_config=None, timeout_graceful_shutdown=10)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main())
