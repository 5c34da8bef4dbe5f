"""Jobs and results as clients see them: words in their language, addresses instead of paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.messages import Message, localise, say
from pipeline.settings import Settings
from web.jobs.clips import LISTS, clip_url, clips_of
from web.jobs.queue import Job
from web.problems import words


def public_result(job: Job, settings: Settings, language: str) -> Any:
    """A job's result for clients: a ``url`` for every clip, addresses for the job's files, names for other paths."""
    result = localise(job.result, language)
    if not isinstance(result, dict):
        return result
    shown = _without_paths(result, _Shown(job, settings))
    if job.kind in LISTS:
        key = LISTS[job.kind][0]
        pairs = zip(shown.get(key, ()), clips_of(job), strict=True)
        shown[key] = [{"url": clip_url(job, n, c.get("path"))} | _less(s, "path") for n, (s, c) in enumerate(pairs, 1)]
    return shown


def _less(clip: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in clip.items() if k != key}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What paths of one job's result become."""

    job: Job
    settings: Settings

    def address(self, text: str) -> str:
        """The client's own name for an input, an address for a file of the job, the bare name for other paths of ours."""
        path, job, settings = Path(text), self.job, self.settings
        if name := job.request.names.get(text):
            return name
        if job.folder in path.parents:
            return f"/api/files/{job.id}/{quote(path.relative_to(job.folder).as_posix())}"
        roots = (settings.data_dir, settings.temp_dir, settings.uploads, settings.media_source_path, settings.outputs)
        ours = any(root is not None and root in path.parents for root in roots)
        return path.name if ours else text


def _without_paths(value: Any, shown: _Shown) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_paths(v, shown) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_paths(v, shown) for v in value]
    if isinstance(value, str) and value.startswith("/"):
        return shown.address(value)
    return value


def task(job: Job, settings: Settings, language: str) -> dict[str, Any]:
    """A job as the task routes show it."""
    body: dict[str, Any] = {
        "task_id": job.id,
        "kind": job.kind,
        "title": job.title,
        "status": job.state,
        "stopping": job.stopping,
        "progress": round(100 * job.fraction, 1),
        "message": _message(job, language),
        "created_at": _time(job.created),
        "started_at": _time(job.started),
        "finished_at": _time(job.finished),
        "seconds_left": None if job.seconds_left is None else round(job.seconds_left, 1),
        "ahead": job.ahead,
        "stages": {code: round(seconds, 3) for code, seconds in job.stages.items()},
        "result": None,
        "download_url": None,
        "error": None,
    }
    if job.state == "done":
        body["result"] = public_result(job, settings, language)
        if (job.result or {}).get("output") or any(c.get("path") for c in clips_of(job)):
            body["download_url"] = f"/api/download/{job.id}"
    if job.state == "failed":
        body["error"] = (job.error or {}).get("error", "internal")
    return body


def _message(job: Job, language: str) -> str:
    if job.state == "failed":
        return words((job.error or {}).get("message", ""), language)
    if job.state == "queued":
        return say(Message("api.queued", {"ahead": job.ahead}), language)
    if job.state == "cancelled":
        return say(Message("error.cancelled"), language)
    if job.state == "done":
        return say(Message("api.done"), language)
    return say(job.message or Message("api.running"), language)


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
