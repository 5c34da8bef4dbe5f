"""What every route works with, and who may see which job."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from pipeline.errors import Forbidden, NotFound
from pipeline.settings import Settings
from web.guard.security import Accounts, current_user
from web.guard.visitors import is_somebody_elses
from web.intake.allowance import Allowance
from web.intake.aside import Aside
from web.intake.library import Library
from web.intake.resumable import Resumable
from web.intake.sources import Sources
from web.jobs.queue import Job, Jobs
from web.watch.monitoring import Monitor


@dataclass(frozen=True)
class Service:
    """The parts behind the routes. ``engine`` needs only ``probe(path)`` here."""

    settings: Settings
    engine: Any
    jobs: Jobs
    library: Library
    accounts: Accounts
    resumable: Resumable
    allowance: Allowance
    sources: Sources
    monitor: Monitor
    aside: Aside = field(default_factory=Aside)


def service_of(request: Request) -> Service:
    """The service behind this request."""
    service: Service = request.app.state.service
    return service


def job_of(request: Request, job_id: str) -> Job:
    """A job that the one who asks may see. Raises NotFound, also for somebody else's job."""
    service = service_of(request)
    job = service.jobs.get(job_id)
    if service.accounts.required and job.owner != current_user(request):
        raise NotFound(name=job_id)
    return job


def own_job_of(request: Request, job_id: str) -> Job:
    """A job that the one who asks may change: not one that another browser made. Raises NotFound, Forbidden."""
    job = job_of(request, job_id)
    if is_somebody_elses(job.owner, request) and not service_of(request).accounts.required:
        raise Forbidden("error.others_task")
    return job


def owner_filter(request: Request) -> str | None:
    """Whose jobs a list may show: one's own where people sign in, else everybody's."""
    return current_user(request) if service_of(request).accounts.required else None


async def finished(jobs: Jobs, job_id: str) -> Job:
    """The job once it has finished; no thread waits meanwhile."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed by then
            loop.call_soon_threadsafe(event.set)

    await run_in_threadpool(jobs.when_finished, job_id, tell)
    await event.wait()
    return await run_in_threadpool(jobs.get, job_id)
