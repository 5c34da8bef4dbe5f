"""The part of a job that downloads what its request named by address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.files import downloads
from pipeline.files.received import Stored
from pipeline.progress import Report, part_of
from web.jobs.folders import is_inside

FETCH = "fetch"
"""The parameter ``{path: address}`` of files that are not here when a job is queued."""
SHARE = 0.3
"""Of the job's progress, for its downloads."""


def to_fetch(files: Iterable[Stored]) -> dict[str, Any]:
    """The parameter for those of ``files`` that are still to be downloaded; nothing where all are here."""
    missing = {str(file.path): file.url for file in files if file.url}
    return {FETCH: missing} if missing else {}


def arrived(engine: Any, params: Mapping[str, Any], report: Report) -> Report:
    """Download what is missing of a job's inputs; the report for the rest of the job.

    A job that starts again finds what it downloaded before. ``engine`` has ``settings`` and ``probe(path)``.

    Raises:
        As :func:`pipeline.files.downloads.download`; whatever ``report`` raises, and then nothing of a broken download stays.
    """
    wanted = {Path(path): str(url) for path, url in dict(params.get(FETCH) or {}).items()}
    missing = [path for path in wanted if is_inside(str(path), engine.settings.uploads) and not path.exists()]
    share = SHARE / max(1, len(missing))
    for n, path in enumerate(missing):
        downloads.download(
            wanted[path], engine.settings, part_of(report, n * share, (n + 1) * share), engine.probe, path
        )
    return part_of(report, SHARE, 1.0) if missing else report
