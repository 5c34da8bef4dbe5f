"""Files that a request names: their names and addresses as the request keeps them, and the part of a job that downloads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.files.received import Stored
from pipeline.links import fetching
from pipeline.progress import Report, part_of
from pipeline.requests import Request
from web.jobs.folders import is_inside

SHARE = 0.3
"""Of the job's progress, for its downloads."""


def brought(files: Iterable[Stored]) -> dict[str, Mapping[str, str]]:
    """The fields of a request that say what ``files`` are called, and where those are that are still to be downloaded."""
    given = list(files)
    names = {str(file.path): file.name for file in given}
    return {"names": names, "fetch": {str(file.path): file.url for file in given if file.url}}


def arrived(engine: Any, request: Request, report: Report) -> Report:
    """Download what is missing of a job's inputs; the report for the rest of the job.

    A job that starts again finds what it downloaded before. ``engine`` has ``settings`` and ``probe(path)``.

    Raises:
        As :func:`pipeline.links.fetching.download`; whatever ``report`` raises, and then nothing of a broken download stays.
    """
    wanted = {Path(path): url for path, url in request.fetch.items()}
    missing = [path for path in wanted if is_inside(str(path), engine.settings.uploads) and not path.exists()]
    share = SHARE / max(1, len(missing))
    for n, path in enumerate(missing):
        fetching.download(
            wanted[path], engine.settings, part_of(report, n * share, (n + 1) * share), engine.probe, path
        )
    return part_of(report, SHARE, 1.0) if missing else report
