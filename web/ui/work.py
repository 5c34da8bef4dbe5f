"""Following a job from a handler of the page: progress as it comes, words for every end, files with their addresses."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.engine import Engine
from pipeline.errors import BadRequest, NotFound, StudioError, UserError
from pipeline.messages import localise, say
from pipeline.settings import Settings
from web.jobs import Job, Jobs
from web.ui.language import language_of, tell

POLL = 0.25
"""Seconds between two looks at a running job; below that people see no difference."""


@dataclass(frozen=True)
class Page:
    """What every tab needs of the rest."""

    settings: Settings
    engine: Engine
    jobs: Jobs


def follow(page: Page, job_id: str, language: str) -> Iterator[tuple[str, Job]]:
    """(progress as HTML, job) whenever something changed, until the job is finished. Leaving does not stop the job."""
    seen: tuple[Any, ...] = ()
    while True:
        job = page.jobs.get(job_id)
        now = (job.state, round(job.fraction, 3), job.message, job.ahead)
        if now != seen or job.is_finished:
            seen = now
            yield progress_card(job, language), job
        if job.is_finished:
            return
        time.sleep(POLL)


class Early:
    """A file that a running job writes before it ends, looked at only when it is new."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen = 0

    def news(self, job: Job) -> Path | None:
        """The file when it was written since the last look."""
        file = job.folder / self._name
        try:
            written = file.stat().st_mtime_ns
        except OSError:
            return None
        if written == self._seen:
            return None
        self._seen = written
        return file


def progress_card(job: Job, language: str) -> str:
    """How far a job is: what it does now, a bar, the time left."""
    if job.state == "done":
        return ""
    if job.state == "failed":
        return note(say_error(job, language), "bad")
    if job.state == "cancelled":
        return note(tell("ui.stopped", language))
    if job.state == "queued":
        what = tell("ui.queued", language, ahead=job.ahead)
    else:
        what = say(job.message, language) if job.message else tell("ui.starting", language)
    left = tell("ui.time_left", language, seconds=job.seconds_left) if job.seconds_left else ""
    percent = round(100 * job.fraction)
    return (
        f'<div class="studio studio-progress" role="status"><strong>{html.escape(what)}</strong> '
        f'<span class="soft">{percent} % {html.escape(left)}</span>'
        f'<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" '
        f'aria-label="{html.escape(what)}"><i style="width:{percent}%"></i></div></div>'
    )


def say_error(job: Job, language: str) -> str:
    """Why a job failed, for people."""
    error = job.error or {}
    text = localise(error.get("message", ""), language)
    return str(text) or tell("error.internal", language)


def note(text: str, kind: str = "") -> str:
    """A remark in a box; ``kind`` is ``""``, ``bad`` or ``good``."""
    role = "alert" if kind == "bad" else "note"
    return f'<div class="studio studio-note {kind}" role="{role}">{html.escape(text)}</div>'


def notes(messages: list[str]) -> str:
    """Several remarks, e.g. the doubts of a result."""
    return "".join(note(m) for m in messages)


def shown(error: StudioError, request: gr.Request | None) -> gr.Error:
    """An error as the page shows it."""
    return gr.Error(say(error.message, language_of(request)), title=tell("ui.error", language_of(request)), duration=12)


def chosen_source(page: Page, file: str | None, address: str | None) -> Path:
    """The local file a visitor means: an upload, an example, a library file or a URL that is fetched now.

    Raises:
        UserError: nothing was given, or it cannot be fetched.
    """
    if address and address.strip():
        text = address.strip()
        if text.lower().startswith(("http://", "https://")):
            from web.downloads import fetch

            return fetch(text, page.settings)
        return library_file(page, text)
    if not file:
        raise BadRequest("error.nothing_given")
    path = Path(file)
    if not path.is_file():
        raise NotFound(name=path.name)
    return path


def library_file(page: Page, text: str) -> Path:
    """A file of the media library by its relative path.

    Raises:
        UserError: there is no library, or the path is not in it.
    """
    from web.library import Library

    return Library(page.settings).file(text)


def owner_of(request: gr.Request | None) -> str:
    """Who is asking: the user name where users are on."""
    return str(getattr(request, "username", "") or "")


__all__ = [
    "Early", "Page", "UserError", "chosen_source", "follow", "library_file", "note", "notes", "owner_of", "progress_card", "say_error", "shown",
]  # fmt: skip
