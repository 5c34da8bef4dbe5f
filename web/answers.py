"""Jobs and results as clients see them: words in their language, addresses instead of paths.

Public clip names are ``clip_<n>_<12 hexadecimal digits of the job>.mp4`` (``…_viral.mp4`` for ranked ones): ``n``
counts from 1 in the order of the result, the digits keep jobs apart and cannot be guessed, since the addresses need
no sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.errors import NotFound
from pipeline.messages import Message, localise, say
from pipeline.settings import Settings
from web.jobs import Job

CLIP_NAME = re.compile(r"clip_([1-9]\d{0,3})_([0-9a-f]{12})(_viral)?(\.[a-z0-9]{2,5})")
LISTS: Mapping[str, tuple[str, str, str]] = {
    "highlights": ("clips", "/clips/raw/", ""),
    "rank": ("viral_clips", "/clips/viral/", "_viral"),
}
"""By kind: where the result lists its clips, the folder of their addresses, the end of their names."""
INPUT_NAMES = (("source", "name"), ("original", "original_name"), ("dub", "dub_name"))
"""Parameters that hold an input's path, and those that hold its name."""


def clip_name(job: Job, number: int, path: str) -> str:
    """The public name of the ``number``-th clip (from 1) of a job, whose file is ``path``."""
    return f"clip_{number}_{job.slug}{LISTS[job.kind][2]}{Path(path).suffix.lower() or '.mp4'}"


def clip_url(job: Job, number: int, path: str | None) -> str | None:
    """The public address of a clip; ``None`` where nothing was rendered."""
    return LISTS[job.kind][1] + clip_name(job, number, path) if path else None


def clips_of(job: Job) -> Sequence[Mapping[str, Any]]:
    """The clips in a job's result, in order."""
    found: Sequence[Mapping[str, Any]] = (job.result or {}).get(LISTS[job.kind][0], ()) if job.kind in LISTS else ()
    return found


def clip_file(job: Job, name: str) -> Path:
    """The file behind a public clip name. Raises NotFound."""
    match = CLIP_NAME.fullmatch(name)
    clips = clips_of(job)
    number = int(match[1]) if match else 0
    if not 1 <= number <= len(clips) or not clips[number - 1].get("path"):
        raise NotFound(name=name)
    path = str(clips[number - 1]["path"])
    if clip_name(job, number, path) != name:
        raise NotFound(name=name)
    return inside(job, path)


def inside(job: Job, path: str) -> Path:
    """An existing file of the job's folder by relative or absolute path. Raises NotFound for anything else."""
    try:
        found = (job.folder / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise NotFound(name=Path(path).name) from error
    if job.folder.resolve() not in found.parents or not found.is_file():
        raise NotFound(name=Path(path).name)
    return found


def output_file(job: Job) -> Path:
    """The one file a job was for (a sync's film). Raises NotFound."""
    output = (job.result or {}).get("output")
    if job.state != "done" or not output:
        raise NotFound("error.no_result", state=job.state)
    return inside(job, str(output))


def output_name(job: Job, path: Path) -> str:
    """What a downloaded result is called: the custom name, else the title, with the file's own suffix."""
    wanted = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", str(job.params.get("name") or job.title or path.stem)).strip(". ")
    stem = wanted.removesuffix(path.suffix) or path.stem
    return stem[:150] + path.suffix


def public_result(job: Job, settings: Settings, language: str) -> Any:
    """A job's result for clients: a ``url`` for every clip, addresses for the job's files, names for other paths."""
    result = localise(job.result, language)
    if not isinstance(result, dict):
        return result
    shown = _without_paths(result, _Shown(job, settings, _aliases(job)))
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
    aliases: Mapping[str, str]

    def address(self, text: str) -> str:
        """The client's own name for an input, an address for a file of the job, the bare name for other paths of ours."""
        path, job, settings = Path(text), self.job, self.settings
        if text in self.aliases:
            return self.aliases[text]
        if job.folder in path.parents:
            return f"/api/files/{job.id}/{quote(path.relative_to(job.folder).as_posix())}"
        roots = (settings.data_dir, settings.temp_dir, settings.uploads, settings.media_source_path, settings.outputs)
        ours = any(root is not None and root in path.parents for root in roots)
        return path.name if ours else text


def _aliases(job: Job) -> Mapping[str, str]:
    """What the client called each input, by path."""
    params = job.params
    named = {params.get(key): params.get(name) for key, name in INPUT_NAMES}
    given = params.get("clips")
    clips = {
        clip.get("source") or clip.get("path"): clip.get("url") or clip.get("name")
        for clip in (given if isinstance(given, list) else ())
    }
    return {str(path): str(name) for path, name in {**named, **clips}.items() if path and name}


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
        "progress": round(100 * job.fraction, 1),
        "message": _message(job, language),
        "created_at": _time(job.created),
        "started_at": _time(job.started),
        "finished_at": _time(job.finished),
        "seconds_left": None if job.seconds_left is None else round(job.seconds_left, 1),
        "ahead": job.ahead,
        "stages": {code: round(seconds, 3) for code, seconds in job.stages.items()},
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
        return str(localise((job.error or {}).get("message", ""), language))
    if job.state == "queued":
        return say(Message("api.queued", {"ahead": job.ahead}), language)
    if job.state == "cancelled":
        return say(Message("error.cancelled"), language)
    if job.state == "done":
        return say(Message("api.done"), language)
    return say(job.message or Message("api.running"), language)


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
