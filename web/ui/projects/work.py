"""What the library of projects does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from pipeline.errors import NotFound, StudioError
from web.jobs import edits
from web.jobs.queue import Job
from web.ui.following import Page, owner_of, shown
from web.ui.language import language_of
from web.ui.projects.facts import PLACES, SECTIONS, Sizes, facts_of
from web.ui.projects.view import Project, listing

SHOWN = 100
TABS = ("highlights", "viral", "dubsync", "finding")
"""In the order of the states that opening a project fills."""
OPENS = frozenset({"open", "again", "review"})
"""What leads to another tab."""
LONGEST_PLACE = 40
WAYS = ("tabs", *TABS, *(f"again {tab}" for tab in TABS), *SECTIONS.values())
"""What opening a project may change: the tab that is chosen, then the states whose change opens or tries it again there."""
Answer = tuple[Any, ...]


class ProjectsWork:
    """The handlers of the tab."""

    def __init__(self, page: Page) -> None:
        self._page, self._sizes = page, Sizes()

    def look(self, search: str, request: gr.Request) -> str:
        """The projects of this visitor whose names hold ``search``, newest first; what was made of one belongs to it. The parts of a season
        or folder stand in its list, and are found by name."""
        language, wanted = language_of(request), (search or "").strip().casefold()
        own = self._own(owner_of(request), parts=bool(wanted))
        made = {part for job in own for part in edits.made_by(job)}
        jobs = [job for job in own if job.id not in made and wanted in job.title.casefold()]
        found = [self._project(job, language, whole=not wanted) for job in jobs]
        return listing(found, language, searched=bool(wanted))

    def _project(self, job: Job, language: str, *, whole: bool) -> Project:
        """What a card says of ``job``; the bytes of its parts count where they have no cards (``whole``)."""
        parts = self._page.jobs.children(job.id) if job.kind in SECTIONS else []
        size = sum(self._sizes.of(each) for each in (job, *(parts if whole else ())))
        going = sum(not part.is_finished for part in parts)
        return Project(job, facts_of(job, self._page.settings, language), size, going)

    def act(self, search: str, request: gr.Request, event: gr.EventData) -> Answer:
        """Does what a card's button says: (list, and what :meth:`lead` answers)."""
        data = event._data or {}
        name, job_id = str(data.get("act")), str(data.get("job"))
        if name in OPENS:
            return gr.skip(), *self.lead(request, event)
        try:
            self._known(name, job_id, owner_of(request))
            self._do(name, job_id, str(data.get("title") or ""))
        except StudioError as error:
            raise shown(error, request) from error
        return self.look(search, request), *(gr.skip() for _ in WAYS)

    def lead(self, request: gr.Request, event: gr.EventData) -> Answer:
        """Opens what a button means, or does it: (tabs, then for each of :data:`WAYS` what it opens)."""
        data = event._data or {}
        name, place = str(data.get("act")), str(data.get("place") or "")[:LONGEST_PLACE]
        try:
            job = self._known(name, str(data.get("job")), owner_of(request))
            if name not in OPENS:
                self._do(name, job.id, "")
                return tuple(gr.skip() for _ in WAYS)
        except StudioError as error:
            raise shown(error, request) from error
        way = SECTIONS.get(job.kind) or (f"again {PLACES[job.kind]}" if name == "again" else PLACES[job.kind])
        opened = f"{job.id} {time.time()} {name} {place}".strip()
        return gr.Tabs(selected=PLACES[job.kind]), *(opened if way == w else gr.skip() for w in WAYS[1:])

    def _own(self, owner: str, *, parts: bool) -> list[Job]:
        """The jobs of ``owner``, newest first, deleted ones that can be taken back included; nobody has none."""
        if not owner:
            return []
        found = [*self._page.jobs.list(owner, limit=SHOWN, parts=parts), *self._page.jobs.trashed(owner)]
        return sorted(found, key=lambda job: job.created, reverse=True)

    def _known(self, name: str, job_id: str, owner: str) -> Job:
        """The job of ``owner`` that is meant. Raises NotFound for anybody else's."""
        jobs = self._page.jobs
        known = jobs.trashed(owner) if name == "restore" else [jobs.get(job_id)]
        found = next((job for job in known if owner and (job.id, job.owner) == (job_id, owner)), None)
        if found is None or (name in OPENS and found.kind not in PLACES):
            raise NotFound(name=job_id)
        return found

    def _do(self, name: str, job_id: str, title: str) -> None:
        jobs = self._page.jobs
        acts: Mapping[str, Callable[[], None]] = {
            "cancel": lambda: jobs.cancel(job_id), "retry": lambda: jobs.retry(job_id), "delete": lambda: jobs.trash(job_id),
            "restore": lambda: jobs.restore(job_id), "rename": lambda: jobs.rename(job_id, title),
        }  # fmt: skip
        if name not in acts:
            raise NotFound(name=name)
        acts[name]()
