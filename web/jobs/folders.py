"""A job's own folder, and the errors of writing there."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

from pipeline.errors import DiskFull, OutOfMemory, StudioError, ToolError
from web.jobs.values import Job, stored

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_inside(text: str, folder: Path) -> bool:
    """Whether ``text`` is the absolute path of something below ``folder``, without ``..``."""
    path = Path(text)
    return path.is_absolute() and ".." not in path.parts and folder in path.parents


def fresh_folder(job: Job) -> None:
    """Make the job's own folder, empty. Raises ToolError where it cannot be written."""
    remove_folder(job)
    try:
        job.folder.mkdir(parents=True)
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull("error.disk_full_plain", detail=str(error)) from error
        raise ToolError("error.results_not_writable", detail=str(error)) from error


def remove_folder(job: Job) -> None:
    """Remove the job's own folder, and nothing that does not carry its id."""
    if job.folder.name == job.id and not job.folder.is_symlink():
        shutil.rmtree(job.folder, ignore_errors=True)


def stored_error(error: StudioError) -> dict[str, Any]:
    """The error as it is kept with the job."""
    if isinstance(error, DiskFull) and not error.message.values.get("needed"):
        error = DiskFull("error.disk_full_plain")  # how much is missing is not known once writing has begun
    return {"error": error.short_code, "kind": type(error).__name__, "message": stored(error.message)}


def named_error(error: Exception) -> StudioError:
    """Foreign errors that have a name of ours."""
    if isinstance(error, OSError) and error.errno in FULL:
        return DiskFull("error.disk_full_plain")
    if isinstance(error, MemoryError):
        return OutOfMemory()
    return StudioError()
