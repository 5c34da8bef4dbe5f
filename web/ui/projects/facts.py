"""What a project's card says of its job: picture, length, number of clips, bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.settings import Settings
from web.jobs.clips import LISTS
from web.jobs.queue import Job
from web.rest.answers import public_result

PLACES = {
    "highlights": "highlights", "rank": "viral", "compile": "viral", "analyse": "dubsync", "sync": "dubsync", "find": "finding",
    "chapters": "finding", "batch": "dubsync", "folder": "highlights",
}  # fmt: skip
"""By kind: the tab that opens it."""
SECTIONS = {"batch": "sync-season", "folder": "highlights-folder"}
"""By kind: the section of that tab that shows it, a job of many parts; whose own view is not changed by it."""
MOST_KNOWN = 2000


@dataclass(frozen=True, slots=True)
class Facts:
    """``poster`` is an address or empty, ``seconds`` and ``clips`` 0 where nothing is known."""

    poster: str = ""
    seconds: float = 0.0
    clips: int = 0


def facts_of(job: Job, settings: Settings, language: str) -> Facts:
    """What is known of a finished job; of any other one nothing."""
    if job.state != "done" or job.trashed is not None:
        return Facts()
    result: Mapping[str, Any] = public_result(job, settings, language) or {}
    clips = list(result.get(LISTS[job.kind][0], ())) if job.kind in LISTS else []
    poster = next((c["poster"] for c in clips if c.get("poster")), result.get("poster") or "")
    return Facts(str(poster), _seconds(result, clips), len(clips))


def _seconds(result: Mapping[str, Any], clips: list[Mapping[str, Any]]) -> float:
    timeline = result.get("timeline") or {}
    whole = timeline.get("duration") or result.get("original_duration") or result.get("duration")
    return float(whole or sum(float(c.get("duration") or 0.0) for c in clips))


class Sizes:
    """Bytes of finished jobs' folders, looked at once for each state of a job. Safe from any thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, float], int] = {}
        self._lock = Lock()

    def of(self, job: Job) -> int:
        """Bytes below the job's folder."""
        key = (job.id, job.finished or 0.0)
        with self._lock:
            if key in self._known and job.is_finished:
                return self._known[key]
        found = _bytes(job.folder)
        with self._lock:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            self._known[key] = found
        return found


def _bytes(folder: Path) -> int:
    total = 0
    try:
        for path in folder.rglob("*"):
            if path.is_file():
                total += path.stat().st_size
    except OSError:  # a file went away meanwhile
        return total
    return total
