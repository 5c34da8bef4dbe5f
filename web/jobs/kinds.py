"""The kinds of job and where their functions live.

A kind is a plain function ``run(engine, params, folder, report) -> dict``: ``params`` is what JSON can hold and names
input files by absolute path (they are read, never written), ``folder`` is the job's own empty directory, and the result
is JSON once :func:`web.jobs.values.stored` has put its messages in their neutral form. Paths in a
result lie inside ``folder``.

:func:`run_job` is the whole seam to another executor: importable by name, plain values in, plain values out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engine import Engine
from pipeline.progress import Report, no_report
from pipeline.settings import Settings

JobFunction = Callable[[Any, Mapping[str, Any], Path, Report], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: ``work`` is a function of a module (workers of a cluster name it), ``root`` the settings' result folder."""

    work: JobFunction
    root: str = "outputs"

    def home(self, settings: Settings) -> Path:
        """The folder that holds one directory for each job of this kind."""
        home: Path = getattr(settings, self.root)
        return home


def _highlights(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    from web.jobs.reels import highlights

    return highlights(engine, params, folder, report)


def _rank(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    from web.jobs.reels import rank

    return rank(engine, params, folder, report)


def _transcribe(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    from web.jobs.reels import transcribe

    return transcribe(engine, params, folder, report)


def _compile(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    from web.jobs.reels import compile_clip

    return compile_clip(engine, params, folder, report)


def _analyse(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    from web.jobs.dubs import analyse

    return analyse(engine, params, folder, report)


def _synchronise(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    from web.jobs.dubs import synchronise

    return synchronise(engine, params, folder, report)


KINDS: Mapping[str, Kind] = {
    "highlights": Kind(_highlights, "raw_clips"),
    "rank": Kind(_rank, "viral_clips"),
    "transcribe": Kind(_transcribe),
    "compile": Kind(_compile),
    "analyse": Kind(_analyse),
    "sync": Kind(_synchronise),
}
"""Each imports its workflow when the first job of it begins: a page is there before the workflows' libraries are loaded."""


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
        engine = Engine(Settings.from_env())
    return kinds[kind].work(engine, params, folder, report)
