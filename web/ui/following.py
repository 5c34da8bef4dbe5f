"""Following a job from a handler of the page: progress as it comes, words for every end, files with their addresses."""

from __future__ import annotations

import contextlib
import html
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
from gradio.utils import get_upload_folder

from pipeline.engine import Engine
from pipeline.errors import BadRequest, NotFound, StudioError, UserError
from pipeline.files.received import Stored
from pipeline.messages import say
from pipeline.settings import Settings
from web.guard.doors import Refused
from web.guard.visitors import visitor_in
from web.intake.sources import Sources, example
from web.jobs.queue import Job, Jobs
from web.jobs.values import Asker
from web.problems import status_of, status_of_job, words
from web.ui.language import language_of, percent, tell

POLL = 0.25
"""Seconds between two looks at a running job; below that people see no difference."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
"""How the page's own handlers are wired: we draw the progress, programs have their own endpoints, the job queue sets the pace."""
IN_ORDER: dict[str, Any] = {**QUIET, "trigger_mode": "multiple", "concurrency_limit": 1}
"""For short handlers whose every call counts and that must not overtake each other."""
PLAYABLE = frozenset({".mp4", ".m4v", ".mov", ".webm", ".m4a", ".mp3", ".ogg", ".opus", ".wav", ".flac"})
"""Files a browser can be expected to play as they are."""


@dataclass(frozen=True)
class Page:
    """What every tab needs of the rest."""

    settings: Settings
    engine: Engine
    jobs: Jobs
    sources: Sources

    def job(self, job_id: str, request: gr.Request | None) -> Job:
        """A job that this visitor may see: one's own, or, where nobody signs in, one that a program made.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        job = self.jobs.get(job_id)
        shared = "" if not (self.settings.users or self.settings.api_tokens) else None
        if job.owner not in {owner_of(request), shared}:
            raise NotFound(name=job_id)
        return job


class TabWork:
    """What the handlers of every tab with a job share; ``n_outputs`` is how many components :meth:`watch` fills."""

    n_outputs: int

    def __init__(self, page: Page, options: Sequence[str]) -> None:
        """``options`` are the request's fields that the tab's components stand for, in their order."""
        self.page, self.options = page, tuple(options)

    def chosen(self, values: Sequence[Any]) -> dict[str, Any]:
        """The fields of a request as the components of the tab have them; an empty one takes its default."""
        given = zip(self.options, values, strict=True)
        return {name: value for name, value in given if value is not None}

    def watch(self, job_id: str, language: str) -> Iterator[tuple[Any, ...]]:
        """Follows a job to its end."""
        raise NotImplementedError

    def resume(self, job_id: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Follows the last job of this browser again, after the page was loaded anew."""
        try:
            self.page.job(job_id, request)
        except StudioError:
            yield tuple(gr.skip() for _ in range(self.n_outputs))
            return
        yield from self.watch(job_id, language_of(request))

    def cancel(self, job_id: str, request: gr.Request) -> None:
        """Stops the job, if it is this visitor's."""
        with contextlib.suppress(StudioError):
            self.page.jobs.cancel(self.page.job(job_id, request).id)


def follow(page: Page, job_id: str, language: str, early: Early | None = None) -> Iterator[tuple[str, Job]]:
    """(progress as HTML, job) whenever something changed, also the file ``early``, until the job is finished.

    Leaving does not stop the job.
    """
    seen: tuple[Any, ...] = ()
    while True:
        job = page.jobs.get(job_id)
        now = (job.state, round(job.fraction, 3), job.message, job.ahead, early.written(job) if early else 0)
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
        written = self.written(job)
        if written in (0, self._seen):
            return None
        self._seen = written
        return job.folder / self._name

    def written(self, job: Job) -> int:
        """When the file was written (ns); 0 while there is none."""
        try:
            return (job.folder / self._name).stat().st_mtime_ns
        except OSError:
            return 0


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
    done = round(100 * job.fraction)
    return (
        f'<div class="studio studio-progress"><strong role="status">{html.escape(what)}</strong> '
        f'<span class="soft">{percent(job.fraction, language)} {html.escape(left)}</span>'
        f'<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{done}" '
        f'aria-label="{html.escape(what)}"><i style="width:{done}%"></i></div></div>'
    )


def say_error(job: Job, language: str) -> str:
    """Why a job failed, for people."""
    error = job.error or {}
    return words(error.get("message", ""), language) or tell("error.internal", language)


def note(text: str, kind: str = "") -> str:
    """A remark in a box; ``kind`` is ``""``, ``bad`` or ``good``."""
    role = "alert" if kind == "bad" else "note"
    return f'<div class="studio studio-note {kind}" role="{role}">{html.escape(text)}</div>'


def notes(messages: list[str]) -> str:
    """Several remarks, e.g. the doubts of a result."""
    return "".join(note(m) for m in messages)


class Told(gr.Error):  # type: ignore[misc]
    """An error as the page shows it, and what a direct call answers."""

    def __init__(self, refused: Refused, title: str) -> None:
        super().__init__(refused.text, title=title, duration=12, print_exception=False)
        self.refused = refused


def shown(error: StudioError, request: gr.Request | None) -> Told:
    """One of our errors, told."""
    language = language_of(request)
    refused = Refused(status_of(type(error)), error.short_code, words(error.message, language))
    return Told(refused, tell("ui.error", language))


def failed(job: Job, language: str) -> Told:
    """Why a job failed, told."""
    code = str((job.error or {}).get("error", "cancelled"))
    return Told(Refused(status_of_job(job), code, say_error(job, language)), tell("ui.error", language))


def chosen_source(
    page: Page, file: str | None, address: str | None, request: gr.Request | None, *, probe: bool = True
) -> Stored:
    """The media file a visitor means: an upload, an example, a library file, or one that the job will download.

    ``file`` is what a :class:`web.ui.media_field.MediaField` holds, ``address`` what was written; either may be any of these.
    Without ``probe`` a local file is not looked into.

    Raises:
        UserError: nothing was given, it is not there, or it is not media.
    """
    named = (address or "").strip() or file
    if not named:
        raise BadRequest("error.nothing_given")
    host = str((getattr(request, "headers", None) or {}).get("host", ""))
    return page.sources.find_now(named, owner_of(request), host, probe=probe)


def source_url(path: Path | str) -> str:
    """Where the browser finds an uploaded file to play it as it is; empty where it cannot."""
    file, folder = Path(path), Path(get_upload_folder()).resolve()
    served = folder in file.resolve().parents or example(str(file))
    if file.suffix.lower() not in PLAYABLE or not served or not file.is_file():
        return ""
    return f"/gradio_api/file={quote(str(file))}"


def busy(running: bool) -> tuple[Any, Any]:
    """Updates of the start and the stop button."""
    return gr.update(visible=not running), gr.update(visible=running)


def asker(request: gr.Request | None) -> Asker:
    """Who is asking, and what they read."""
    return Asker(owner_of(request), language_of(request))


def owner_of(request: gr.Request | None) -> str:
    """Who is asking: the user name where users are on, else the browser, ``""`` for a program."""
    headers = getattr(request, "headers", None) or {}
    return str(getattr(request, "username", "") or "") or visitor_in(str(headers.get("cookie", "")))


__all__ = [
    "IN_ORDER",
    "QUIET", "Early", "Page", "UserError", "asker", "busy", "chosen_source", "follow", "note", "notes", "owner_of", "progress_card",
    "say_error", "shown", "source_url",
]  # fmt: skip
