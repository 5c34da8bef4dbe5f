"""Who does the work of the jobs, and the queue that is given it: what a composition root puts together."""

from __future__ import annotations

from functools import partial
from typing import Any

from pipeline.settings import Settings
from web.jobs.kinds import KINDS, Kinds, run_job
from web.jobs.queue import Jobs
from web.jobs.values import Run


def runner(settings: Settings, engine: Any, kinds: Kinds = KINDS) -> Run:
    """What does the work of a job: this process, or the cluster whose scheduler's address is set."""
    if not settings.scheduler_address:
        return partial(run_job, engine=engine, kinds=kinds)
    from web.cluster.run import ClusterRun

    return ClusterRun(settings, kinds)


def queue_of(settings: Settings, engine: Any = None, *, kinds: Kinds = KINDS) -> Jobs:
    """A queue for ``kinds`` whose jobs are done as :func:`runner` says."""
    return Jobs(settings, kinds, runner(settings, engine, kinds))
