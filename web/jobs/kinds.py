"""The kinds of job: for each the request that describes it and the function that does it.

The function is plain, ``run(engine, request, folder, report) -> dict``: the request names input files by absolute path (they are
read, never written), ``folder`` is the job's own empty directory, and the result is JSON once :func:`web.jobs.values.stored` has put
its messages in their neutral form. Paths in a result lie inside ``folder``.

:func:`run_job` is the whole seam to another executor: importable by name, plain values in, plain values out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.progress import Report, no_report
from pipeline.requests import Request
from pipeline.settings import Settings
from reelify.folder_request import FolderRequest
from reelify.requests import (
    ChaptersRequest,
    CompileRequest,
    FindRequest,
    HighlightsRequest,
    RankRequest,
    TranscribeRequest,
)
from syncdub.requests import AnalyseRequest, BatchRequest, SyncRequest
from web.jobs import dubs, reels, seasons

JobFunction = Callable[[Any, Any, Path, Report], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: ``work`` is a function of a module (workers of a cluster name it), ``root`` the settings' result folder."""

    request: type[Request]
    work: JobFunction
    root: str = "outputs"
    then: Callable[[Any, Any], None] | None = None
    """What follows a finished job of this kind: ``then(jobs, job)``, at its end and again after a start of the service."""

    def home(self, settings: Settings) -> Path:
        """The folder that holds one directory for each job of this kind."""
        home: Path = getattr(settings, self.root)
        return home


Kinds = Mapping[str, Kind]


def by_name(*kinds: Kind) -> Kinds:
    """Kinds by the name that their requests carry."""
    return {kind.request.kind: kind for kind in kinds}


KINDS: Kinds = by_name(
    Kind(HighlightsRequest, reels.highlights, "raw_clips"),
    Kind(RankRequest, reels.rank, "viral_clips"),
    Kind(TranscribeRequest, reels.transcribe),
    Kind(CompileRequest, reels.compile_clip),
    Kind(FindRequest, reels.find),
    Kind(ChaptersRequest, reels.chapters),
    Kind(AnalyseRequest, dubs.analyse),
    Kind(SyncRequest, dubs.synchronise),
    Kind(FolderRequest, reels.folder, then=reels.folder_begun),
    Kind(BatchRequest, seasons.pair, then=seasons.started_alone),
)


def homes(settings: Settings, kinds: Kinds = KINDS) -> frozenset[Path]:
    """Every folder that job directories live in."""
    return frozenset(kind.home(settings) for kind in kinds.values())


@dataclass(frozen=True, slots=True)
class Unreadable(Request):
    """Stands for what a row asks that this version cannot read: a kind or a value that is gone."""


def request_of(kinds: Kinds, kind: str, body: Mapping[str, Any]) -> Request:
    """The request of a stored row, written by this version or an older one."""
    try:
        return kinds[kind].request.from_json(body)
    except (KeyError, BadRequest):
        return Unreadable()


def run_job(
    request: Request, folder: Path, report: Report = no_report, engine: Any = None, kinds: Kinds = KINDS
) -> dict[str, Any]:
    """Do the work of a job here and now; without ``engine`` a new one is made from the environment.

    Raises:
        BadRequest: the request is of no kind.
        StudioError: whatever the workflow raises.
    """
    if request.kind not in kinds:
        raise BadRequest("error.unreadable_job")
    if engine is None:
        engine = Engine(Settings.from_env())
    return kinds[request.kind].work(engine, request, folder, report)
