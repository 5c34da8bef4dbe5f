"""The web application without the page: routes, middleware and the life of the parts, put together in one place."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from pipeline.settings import Settings
from pipeline.version import VERSION
from web import problems
from web.desk import routes as desk
from web.guard.bodies import BodyLimit
from web.guard.doors import Doors
from web.guard.hosts import LOCAL, Hosts
from web.guard.limits import RateLimit
from web.guard.origins import CrossOrigin, SameOrigin
from web.guard.security import Accounts, SecurityHeaders, SignIn
from web.guard.turns import Turns
from web.intake.allowance import Allowance
from web.intake.aside import limit_threads
from web.intake.library import Library
from web.intake.resumable import Resumable
from web.intake.sources import Sources
from web.jobs.queue import Job, Jobs
from web.openapi import described
from web.openapi import page as described_page
from web.rest import looks, reelify, seasons, syncdub, system, tasks, videos
from web.rest.context import Service
from web.rest.fallback import Fallback
from web.review import routes as review
from web.share import routes as share
from web.watch.housekeeping import Janitor
from web.watch.monitoring import Monitor, Watch
from web.watch.notices import Notices

TITLE = "Reelify & SyncDub"
ABOUT = (
    "Finds, ranks and renders the moments of a long video worth sharing, and puts a film's dub in sync. "
    "Errors are `{status: error, error, message}` in the language of `Accept-Language`."
)
_log = logging.getLogger(__name__)


def create_app(settings: Settings, engine: Any, jobs: Jobs) -> FastAPI:
    """The REST service. It starts and stops ``jobs``; a page may be mounted on it.

    ``engine`` needs ``probe(path)`` here; everything else of it is the jobs' affair.
    """
    service = _service(settings, engine, jobs)
    notices = Notices(settings)

    def ended(job: Job) -> None:
        service.monitor.observe(job)
        notices.ended(job)

    jobs.on_finished = ended
    app = FastAPI(
        title=TITLE, version=VERSION, description=ABOUT, middleware=_middleware(service), lifespan=_lifespan(service, notices),
        docs_url=None, redoc_url=None,  # FastAPI's load their scripts from another server; ours is web/openapi/page.py
    )  # fmt: skip
    app.state.settings, app.state.service = settings, service
    problems.install(app)
    routers = [part.router for part in (reelify, videos, looks, syncdub, seasons, review, tasks, system)]
    routers += [described_page.router(), desk.router(), share.router()]
    for router in routers:
        app.include_router(router)
    described.install(app, service.accounts.required)
    app.router.routes.append(Fallback([route for router in routers for route in router.routes], app.router))
    return app


def _service(settings: Settings, engine: Any, jobs: Jobs) -> Service:
    library, allowance = Library(settings), Allowance(settings, jobs)
    resumable = Resumable(settings, allowance)
    return Service(
        settings=settings,
        engine=engine,
        jobs=jobs,
        library=library,
        accounts=Accounts(settings),
        resumable=resumable,
        allowance=allowance,
        sources=Sources(settings, engine, jobs, library, resumable),
        monitor=Monitor(settings, jobs, library, lambda: None if settings.scheduler_address else engine.device),
    )


def _middleware(service: Service) -> list[Middleware]:
    """From the outside in."""
    settings = service.settings
    return [
        Middleware(Turns),
        Middleware(Watch, monitor=service.monitor),
        Middleware(SecurityHeaders),
        Middleware(Hosts, settings=settings, signed_in=service.accounts.required),
        Middleware(CrossOrigin, allowed=settings.cors_origins),
        Middleware(SameOrigin, allowed=settings.cors_origins),
        Middleware(RateLimit, settings=settings),
        Middleware(SignIn, accounts=service.accounts),
        Middleware(BodyLimit, language=settings.language),
        Middleware(Doors, language=settings.language),
    ]


def _lifespan(service: Service, notices: Notices) -> Any:
    settings = service.settings

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        limit_threads()
        janitor = Janitor(settings, service.jobs)
        if settings.host not in LOCAL and not service.accounts.required:
            _log.warning(
                "open to everybody who reaches %s:%s; set APP_USERS or API_TOKENS", settings.host, settings.port
            )
        janitor.start()
        service.jobs.start()
        yield
        janitor.close()
        notices.close()
        service.sources.close()
        service.jobs.close()

    return life
