"""The kinds of job and where their functions live.

A kind is a plain function ``run(engine, params, folder, report) -> dict``: ``params`` is what JSON can hold and names
input files by absolute path (they are read, never written), ``folder`` is the job's own empty directory, and the result
is JSON once :func:`web.jobs_values.stored` has put its messages in their neutral form. Paths in a
result lie inside ``folder``.

:func:`run_job` is the whole seam to another executor: importable by name, plain values in, plain values out.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.progress import Report, no_report
from pipeline.settings import Settings

JobFunction = Callable[[Any, Mapping[str, Any], Path, Report], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: ``target`` is ``module:function``, imported on first use; ``root`` the settings' result folder."""

    target: str
    root: str = "outputs"

    def load(self) -> JobFunction:
        """The function itself."""
        module, _, name = self.target.partition(":")
        function: JobFunction = getattr(importlib.import_module(module), name)
        return function

    def home(self, settings: Settings) -> Path:
        """The folder that holds one directory for each job of this kind."""
        home: Path = getattr(settings, self.root)
        return home


KINDS: Mapping[str, Kind] = {
    "highlights": Kind("web.workflows:highlights", "raw_clips"),
    "rank": Kind("web.workflows:rank", "viral_clips"),
    "transcribe": Kind("web.workflows:transcribe"),
    "compile": Kind("web.workflows:compile_clip"),
    "analyse": Kind("web.sync_jobs:analyse"),
    "sync": Kind("web.sync_jobs:synchronise"),
}


def homes(settings: Settings, kinds: Mapping[str, Kind] = KINDS) -> frozenset[Path]:
    """Every folder that job directories live in."""
    return frozenset(kind.home(settings) for kind in kinds.values())


def run_job(
    kind: str,
    params: Mapping[str, Any],
    folder: Path,
    report: Report = no_report,
    engine: Any = None,
    kinds: Mapping[str, Kind] = KINDS,
) -> dict[str, Any]:
    """Do the work of a job here and now; without ``engine`` a new one is made from the environment.

    Raises:
        StudioError: whatever the workflow raises.
    """
    if engine is None:
        module = importlib.import_module("pipeline.engine")
        engine = module.Engine(Settings.from_env())
    return kinds[kind].load()(engine, params, folder, report)


def runner(settings: Settings, engine: Any, kinds: Mapping[str, Kind] = KINDS) -> Callable[..., dict[str, Any]]:
    """What does the work of a job: this process, or the cluster whose scheduler's address is set."""
    if not settings.scheduler_address:
        return partial(run_job, engine=engine, kinds=kinds)
    module = importlib.import_module("web.cluster")
    run: Callable[..., dict[str, Any]] = module.ClusterRun(settings, kinds)
    return run
