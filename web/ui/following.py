"""Following a job from a handler of the page: progress as it comes, words for every end, files with their addresses."""

from __future__ import annotations

import contextlib
import re
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
from pipeline.settings import Settings
from web.guard.doors import Refused
from web.guard.visitors import visitor_in
from web.intake.sources import Sources, example
from web.jobs.queue import Job, Jobs
from web.jobs.values import Asker
from web.problems import status_of, status_of_job, words
from web.ui.language import language_of, tell
from web.ui.running.card import note, notes, progress_card, say_error, wrong

POLL = 0.25
"""Seconds between two looks at a running job; below that people see no difference."""
JUST_BEGUN, RECENT = 15.0, 20
"""Seconds after which a job that the browser never heard of is looked for in the projects; how many jobs are looked through. Later it has
been told, and shows something older because it was asked to."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
"""How the page's own handlers are wired: we draw the progress, programs have their own endpoints, the job queue sets the pace."""
IN_ORDER: dict[str, Any] = {**QUIET, "trigger_mode": "multiple", "concurrency_limit": 1}
"""For short handlers whose every call counts and that must not overtake each other."""
_HOST = re.compile(r"(?:www\.[\w-]+(?:\.[\w-]+)+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24})(?::\d+)?/\S+$", re.IGNORECASE)
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
        job = self.jobs.get(str(job_id))  # the browser keeps it, and may send anything
        shared = "" if not (self.settings.users or self.settings.api_tokens) else None
        if job.owner not in {owner_of(request), shared}:
            raise NotFound(name=job_id)
        return job


class TabWork:
    """What the handlers of every tab with a job share; ``names`` are the components that :meth:`watch` fills, in their order."""

    names: tuple[str, ...]
    kinds: frozenset[str]
    """The kinds of job that the tab's own buttons begin."""

    def __init__(self, page: Page, options: Sequence[str]) -> None:
        """``options`` are the request's fields that the tab's components stand for, in their order."""
        self.page, self.options = page, tuple(options)

    def told(self, **values: Any) -> tuple[Any, ...]:
        """What the components named in ``values`` show now; the others stay as they are."""
        return tuple(values.get(name, gr.skip()) for name in self.names)

    def refused(self, error: StudioError, request: gr.Request | None, field: str = "") -> tuple[Any, ...]:
        """The words of an error at the field that it is about."""
        return self.told(wrong=wrong(words(error.message, language_of(request)), field))

    def chosen(self, values: Sequence[Any]) -> dict[str, Any]:
        """The fields of a request as the components of the tab have them; an empty one takes its default."""
        given = zip(self.options, values, strict=True)
        return {name: value for name, value in given if value is not None}

    def watch(self, job_id: str, language: str) -> Iterator[tuple[Any, ...]]:
        """Follows a job to its end."""
        raise NotImplementedError

    def zone(self, language: str, job: Job | None = None) -> str:
        """The tab's drop zone, holding the inputs of ``job`` that are still there."""
        raise NotImplementedError

    def resume(self, job_id: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """The form; and the last job of this browser again, after the page was loaded anew."""
        language = language_of(request)
        try:
            job = self.page.job(job_id, request)
        except StudioError:
            yield self.told(zone=self.zone(language))
            return
        yield self.told(zone=self.zone(language, job))
        yield from self.watch(job_id, language)

    def back(self, job_id: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """As :meth:`resume` when the page was loaded: the last job of this browser, or a newer one that it went away from too early."""
        yield from self.resume(self._unheard(job_id, request) or job_id, request)

    def _unheard(self, job_id: str, request: gr.Request) -> str:
        """The job that began after ``job_id`` without this browser being told, as it was loading anew when the answer came; else ``""``."""
        owner = owner_of(request)
        try:
            known = self.page.job(job_id, request).created
        except StudioError:
            known = 0.0
        own = self.page.jobs.list(owner, limit=RECENT) if owner else ()
        last = next((j for j in own if j.kind in self.kinds and not getattr(j.request, "batch", "")), None)
        if last is None or last.created <= known or time.time() - last.created > JUST_BEGUN:
            return ""
        return last.id

    def open(self, asked: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Shows the project that was asked for in the library; ``asked`` begins with its job's id."""
        yield self.told(**self.blank())
        yield from self.resume(asked.partition(" ")[0], request)

    def again(self, asked: str, request: gr.Request) -> tuple[Any, ...]:
        """The form with the inputs and settings of a project, to be tried with others; the values of the options come last."""
        language = language_of(request)
        try:
            job = self.page.job(asked.partition(" ")[0], request)
        except StudioError:
            return (*self.told(), *(gr.skip() for _ in self.options))
        values = [getattr(job.request, name, None) for name in self.options]
        kept = [v if isinstance(v, str | int | float) else gr.skip() for v in values]
        return (*self.told(**{**self.blank(), "zone": self.zone(language, job)}), *kept)

    def blank(self) -> dict[str, Any]:
        """The tab without a result."""
        raise NotImplementedError

    def without(self, job: Job, card: str) -> tuple[Any, ...]:
        """The tab after a job that ended without a result: what was shown of it while it ran goes."""
        return self.told(**{**self.blank(), "progress": card, "running": job.id})

    def cancel(self, job_id: str, request: gr.Request, event: gr.EventData) -> None:
        """Stops the job whose card was pressed (else the one that is followed), if it is this visitor's."""
        meant = str((event._data or {}).get("job") or job_id)
        with contextlib.suppress(StudioError):
            self.page.jobs.cancel(self.page.job(meant, request).id)


def follow(page: Page, job_id: str, language: str, early: Early | None = None) -> Iterator[tuple[str, Job]]:
    """(progress as HTML, job) whenever something changed, also the file ``early``, until the job is finished.

    Leaving does not stop the job.
    """
    seen: tuple[Any, ...] = ()
    while True:
        job = page.jobs.get(job_id)
        now = (
            job.state,
            round(job.fraction, 3),
            job.message,
            job.ahead,
            job.stopping,
            _told(job),
            early.written(job) if early else 0,
        )
        if now != seen or job.is_finished:
            seen = now
            yield progress_card(job, language), job
        if job.is_finished:
            return
        time.sleep(POLL)


def _told(job: Job) -> bool | None:
    """Whether the end is known, unknown or later than was said; the seconds themselves run on in the browser."""
    return None if job.seconds_left is None else job.seconds_left > 0


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


class Told(gr.Error):  # type: ignore[misc]
    """An error as the page shows it, and what a direct call answers."""

    def __init__(self, refused: Refused, title: str) -> None:
        super().__init__(refused.text, title=title, duration=None, print_exception=False)
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

    ``file`` is what a :class:`web.ui.media_field.MediaField` or a drop zone holds, ``address`` what was written; either may be any of
    these. Without ``probe`` a local file is not looked into.

    Raises:
        UserError: nothing was given, it is not there, or it is not media.
    """
    named = (address or "").strip() or file
    if not named:
        raise BadRequest("error.nothing_given")
    host = str((getattr(request, "headers", None) or {}).get("host", ""))
    return page.sources.find_now(whole_address(named), owner_of(request), host, probe=probe)


def whole_address(text: str) -> str:
    """``www.example.com/a.mp4`` and ``example.com/a`` as people write them, with the scheme that a browser would take."""
    return f"https://{text}" if _HOST.match(text) and not text.startswith("/") else text


def source_url(path: Path | str) -> str:
    """Where the browser finds an uploaded file to play it as it is; empty where it cannot."""
    file, folder = Path(path), Path(get_upload_folder()).resolve()
    served = folder in file.resolve().parents or example(str(file))
    if file.suffix.lower() not in PLAYABLE or not served or not file.is_file():
        return ""
    return f"/gradio_api/file={quote(str(file))}"


def asker(request: gr.Request | None) -> Asker:
    """Who is asking, and what they read."""
    return Asker(owner_of(request), language_of(request))


def owner_of(request: gr.Request | None) -> str:
    """Who is asking: the user name where users are on, else the browser, ``""`` for a program."""
    headers = getattr(request, "headers", None) or {}
    return str(getattr(request, "username", "") or "") or visitor_in(str(headers.get("cookie", "")))


__all__ = [
    "IN_ORDER",
    "QUIET", "Early", "Page", "UserError", "asker", "chosen_source", "follow", "note", "notes", "owner_of", "progress_card",
    "say_error", "shown", "source_url", "whole_address",
]  # fmt: skip
