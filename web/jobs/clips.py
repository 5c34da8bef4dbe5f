"""The files of a finished job, by their public names.

``clip_<n>_<12 hexadecimal digits of the job>.mp4`` (``…_viral.mp4`` for ranked ones): ``n`` counts from 1 in the order of the result, the
digits keep jobs apart and cannot be guessed, since the addresses need no sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import NotFound
from syncdub.making.shorter import shorter_name
from web.jobs.queue import Job

CLIP_NAME = re.compile(r"clip_([1-9]\d{0,3})_([0-9a-f]{12})(_viral)?(\.[a-z0-9]{2,5})")

LISTS: Mapping[str, tuple[str, str, str]] = {
    "highlights": ("clips", "/clips/raw/", ""),
    "rank": ("viral_clips", "/clips/viral/", "_viral"),
}
"""By kind: where the result lists its clips, the folder of their addresses, the end of their names."""


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
    """What a downloaded result is called: the custom name, else the job's own title, else like the film, with the file's own suffix."""
    film = _film(job)
    title = Path(film).stem if film and job.title in {film, job.request.title()} else job.title
    wanted = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", str(getattr(job.request, "name", "") or title or path.stem)).strip(
        ". "
    )
    stem = wanted.removesuffix(path.suffix) or path.stem
    if (job.result or {}).get("cut"):
        stem = shorter_name(stem[:130], job.request.interface)
    return stem[:150] + path.suffix


def _film(job: Job) -> str:
    """What the film of a sync is called; empty for other jobs."""
    film = getattr(job.request, "original", None)
    return job.request.called(film) if film else ""
