"""The page as a program, ``reelify-studio``: settings → engine → jobs → web application with the page in it.

``app.py`` is its door in a checkout, in the image and on Spaces.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline import places
from pipeline.settings import Settings, SettingsError, keep_quiet
from pipeline.version import VERSION
from web.ui import stubs

if TYPE_CHECKING:
    from fastapi import FastAPI

    from web.jobs.queue import Jobs


def on_zero_gpu() -> bool:
    """Whether this is a Space that lends a GPU for the seconds in which a function needs it."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}


def prepare() -> None:
    """What Gradio has to find when it is imported for the first time."""
    keep_quiet()
    stubs.leave()


def create() -> FastAPI:
    """The ASGI application, made from the environment's settings.

    Raises:
        SettingsError: a setting cannot be used.
    """
    prepare()
    settings = _settings()
    from pipeline.engine import Engine
    from web.jobs.kinds import KINDS
    from web.jobs.memory_limit import Limited
    from web.jobs.queue import Jobs
    from web.runner import runner

    engine = Engine(settings)
    run = runner(settings, engine)
    if settings.max_memory and not settings.scheduler_address:
        run = Limited(run, settings.max_memory)
    return compose(settings, engine, Jobs(settings, KINDS, run))


def compose(settings: Settings, engine: Any, jobs: Jobs) -> FastAPI:
    """Routes and page around an engine and its queue."""
    from web.application import create_app
    from web.rest import page_uploads
    from web.ui.following import Page
    from web.ui.mount import mount

    application = create_app(settings, engine, jobs)
    _page_folder(settings)
    page_uploads.install(application)
    service = application.state.service
    return mount(application, Page(settings, engine, jobs, service.sources), service.accounts)


def launch() -> None:
    """Serve on a ZeroGPU Space: Gradio's own server, for Spaces prepare the GPU when a page is launched by it.

    Raises:
        SettingsError: a setting cannot be used.
    """
    sys.path.append(str(places.brought("vendor")))  # weights that a Space cannot install
    import spaces  # before anything that touches CUDA

    from web.space.launch import ADDRESS, start

    settings = replace(_settings(), host=ADDRESS)
    import gradio as gr

    from web.application import create_app
    from web.jobs.kinds import KINDS
    from web.rest.page_uploads import install
    from web.runner import runner
    from web.space.beside import Beside
    from web.space.zero_gpu import VisitorsJobs, ZeroEngine
    from web.ui.following import Page
    from web.ui.giving.routes import router as given_routes

    engine = ZeroEngine(settings, spaces.GPU, (gr.Error,))
    jobs = VisitorsJobs(settings, KINDS, runner(settings, engine))
    service = create_app(settings, engine, jobs)
    _page_folder(settings)
    install(service)
    service.include_router(given_routes())
    beside = Beside(service)
    parts = service.state.service
    start(Page(settings, engine, jobs, parts.sources), [beside], beside.lifespan, parts.accounts)


def _settings() -> Settings:
    from web.watch import logs

    settings = Settings.from_env()
    # The hub's library reads it once, when it is imported.
    os.environ["HF_HUB_OFFLINE"] = "0" if settings.allow_hub else os.environ.get("HF_HUB_OFFLINE", "1")
    logs.configure(settings)
    return settings


def _page_folder(settings: Settings) -> None:
    """Tell Gradio where the page's files are: the page may read there, and the janitor cleans there."""
    os.environ["GRADIO_TEMP_DIR"] = str(settings.page_files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; 2 when a setting is wrong."""
    parser = argparse.ArgumentParser(
        prog="reelify-studio", description="The page, the REST routes and the queue of jobs."
    )
    parser.add_argument("--version", action="version", version=VERSION)
    parser.epilog = f"Settings: environment variables, or {places.env_file()}; models: reelify models"
    parser.parse_args(arguments)
    prepare()
    try:
        return _serve()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _serve() -> int:
    if on_zero_gpu():
        launch()
        return 0
    import uvicorn

    from pipeline.compute import warm
    from web.guard import lines
    from web.watch import logs

    settings = Settings.from_env()
    application = create()
    if not settings.scheduler_address:
        warm.warming.start()
    lines.many_handles()
    logs.own_standard_error()
    uvicorn.run(application, host=settings.host, port=settings.port, timeout_graceful_shutdown=10, **lines.options())
    return 0
