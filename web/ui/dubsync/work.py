"""What the dub sync tab does: analyse, keep what was moved by hand, let listen, write the film."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from pipeline.files.received import Stored
from pipeline.messages import localise
from syncdub.plan_file import PLAN, load_plan
from syncdub.requests import AnalyseRequest, SyncRequest
from web.jobs import edits
from web.jobs.dubs import film_of, plan_json
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.problems import words
from web.rest.answers import public_result
from web.ui.dubsync.preview import join_views, preview
from web.ui.dubsync.view import Map, phrases, whole_view
from web.ui.examples import example_files
from web.ui.following import Early, TabWork, asker, chosen_source, follow, note, notes, shown
from web.ui.giving.given import given_in, is_example
from web.ui.giving.zone import Field, Zone, held, zone_view
from web.ui.handwork.kept import keep_edits
from web.ui.language import language_of, tell
from web.ui.numbers import shown_table
from web.ui.running.card import done_bar

Answer = tuple[Any, ...]


ZONE = Zone(
    "sync", "ui.sync.intro", (Field("film", "sync-film", "ui.sync.film"), Field("dub", "sync-dub", "ui.sync.dub")),
    "ui.sync.analyse", "dubsync", "ui.sync.shows",
)  # fmt: skip


class DubWork(TabWork):
    """The handlers of the tab."""

    kinds = frozenset({AnalyseRequest.kind, SyncRequest.kind})
    names = (
        "zone", "wrong", "progress", "files", "view", "editing", "at", "send", "joins", "fold", "table", "running", "analysed", "player", "spoken",
    )  # fmt: skip

    def zone(self, language: str, job: Job | None = None) -> str:
        """The drop zone, holding the film and the dub of ``job``."""
        asked = job.asked(AnalyseRequest) if job else None
        kept = {
            name: held(path, asked.names, asked.fetch)
            for name, path in ((("film", asked.original), ("dub", asked.dub)) if asked else ())
            if asked is not None
        }
        return zone_view(ZONE, self.page.settings, language, kept, self.page.sources.has_library)

    def start(self, request: gr.Request, event: gr.EventData, *rest: Any) -> Iterator[Answer]:
        """Analyses what was given."""
        stored: list[Stored] = []
        for n, name in enumerate(("film", "dub")):
            try:
                stored.append(self._given(event, n, name, request))
            except StudioError as error:
                yield self.refused(error, request, name)
                return
        original, other = stored
        try:
            files = {"original": original.path, "dub": other.path, **brought(stored)}
            wanted = AnalyseRequest.from_json({**self.chosen(rest), **files})
            job_id = self.page.jobs.submit(wanted, asker(request), title=f"{original.name} + {other.name}")
        except StudioError as error:
            yield self.refused(error, request, "dub")
            return
        language = language_of(request)
        yield self.told(wrong="", zone=self.zone(language, self.page.jobs.get(job_id)))
        yield from self.watch(job_id, language)

    def _given(self, event: gr.EventData, n: int, name: str, request: gr.Request) -> Stored:
        given = given_in(event, name)
        file = str(example_files("dubsync")[n]) if is_example(event) else next(iter(given.files), None)
        return chosen_source(self.page, file, None if file else given.link, request)

    def chosen(self, values: Sequence[Any]) -> dict[str, Any]:
        """As in every tab; a track below 0 means that nobody chose one."""
        found = super().chosen(values)
        found.pop("also", None)
        return {name: v for name, v in found.items() if not (name.endswith("_stream") and v < 0)}

    def further(self, values: Sequence[Any], request: gr.Request) -> list[list[Stored]]:
        """Further dubs of the film that were given, each a file; they are placed when the film is written. Raises UserError."""
        given = super().chosen(values).get("also") or []
        return [[chosen_source(self.page, path, None, request)] for path in given]

    def finish(self, request: gr.Request, analysed: str, *rest: Any) -> Iterator[Answer]:
        """Writes the film from the analysis as it was moved by hand."""
        try:
            before = self.page.job(analysed, request)
            moves = edits.nudges_of(edits.load(before))
            also = self.further(rest, request)
            names = {**before.request.names, **brought([file for dub in also for file in dub])["names"]}
            more = {"also": [[file.path for file in dub] for dub in also], "names": names}
            wanted = film_of(before, {**self.chosen(rest), **more, "nudges": moves})
            job_id = self.page.jobs.submit(wanted, asker(request), title=before.title)
        except StudioError as error:
            yield self.told(progress=note(words(error.message, language_of(request)), "bad"))
            return
        yield from self.watch(job_id, language_of(request))

    def edit(self, analysed: str, request: gr.Request, event: gr.EventData) -> None:
        """Keeps segments that were moved."""
        keep_edits(self.page, analysed, event, request)

    def listen(self, request: gr.Request, analysed: str, at: float, which: str) -> Any:
        """A few seconds of the film with one of the three sounds."""
        try:
            job = self.page.job(analysed, request)
            heard = preview(self.page, job, at, which, edits.nudges_of(edits.load(job)))
        except StudioError as error:
            raise shown(error, request) from error
        return gr.update(value=str(heard), visible=True)

    def pick(self, analysed: str, request: gr.Request, event: gr.EventData) -> Any:
        """The second to listen at: a little into the segment that was chosen."""
        try:
            segments = (self.page.job(analysed, request).result or {}).get("segments", [])
            return float(segments[int(event._data["segment"])]["original_start"]) + 2.0
        except (StudioError, IndexError):
            return gr.skip()

    def blank(self) -> dict[str, Any]:
        """The tab without a result."""
        hide = gr.update(visible=False)
        empty = {"progress": "", "view": "", "files": "", "joins": ""}
        return {**empty, "fold": hide, "editing": hide, "send": hide, "player": hide}

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a job runs (the map improves as witnesses speak) and when it has ended."""
        early, told = Early(PLAN), False
        for card, job in follow(self.page, job_id, language, early):
            if job.is_finished:
                yield self._finished(job, card, language)
                return
            fresh = self.blank() if job.kind == "analyse" and not told else {}
            view, told = self._so_far(early, job, language), True
            shown_now = {} if view is None else {"view": view}
            yield self.told(**{**fresh, "progress": card, "running": job_id, **shown_now})

    def _so_far(self, early: Early, job: Job, language: str) -> str | None:
        """The map as it is while speech is still listened to."""
        file = early.news(job) if job.kind == "analyse" else None
        if file is None:
            return None
        so_far = whole_view(Map(localise(plan_json(load_plan(file)), language)), language)
        return note(tell("ui.sync.so_far", language)) + so_far

    def _finished(self, job: Job, card: str, language: str) -> Answer:
        if job.result is None or job.state != "done":
            # A film that was not written leaves the analysis that it would have been written from.
            return (
                self.without(job, card) if job.kind == AnalyseRequest.kind else self.told(progress=card, running=job.id)
            )
        plan = public_result(job, self.page.settings, language)
        accepted = plan["verdict"] != "refuse" and bool(plan["segments"])
        table, first = phrases(plan, language), self._analysis(job)
        there = gr.update(visible=accepted)
        length = gr.update(maximum=max(1, int(float(plan.get("original_duration") or 100.0))))
        return self.told(
            progress=done_bar(job, language) + notes(plan.get("doubts", [])), view=self._map(job, first, plan, language),
            fold=gr.update(visible=len(table) > 0), table=shown_table(table, language), files=_link(job, plan, language), running=job.id,
            analysed=first.id, editing=there, at=length, joins=join_views(plan, language), send=gr.update(visible=True),
            spoken=_spoken(plan, language),
        )  # fmt: skip

    def _analysis(self, job: Job) -> Job:
        """The analysis behind a finished film, where it is still there."""
        try:
            return self.page.jobs.get(job.asked(SyncRequest).plan_job) if job.kind == "sync" else job
        except StudioError:
            return job

    def _map(self, job: Job, first: Job, plan: Mapping[str, Any], language: str) -> str:
        """The plan as analysed, under what was moved by hand since; the facts of the finished film beside it."""
        if first.id != job.id and first.result:
            analysed = public_result(first, self.page.settings, language)
            return whole_view(Map(analysed, plan, first.id, edits.load(first)), language)
        return whole_view(Map(plan, plan, job.id, edits.load(job)), language)


def _spoken(plan: Mapping[str, Any], language: str) -> Any:
    """The field with the dub's language, which asks for it where nobody knows it."""
    found = (plan.get("track") or {}).get("language") or (plan.get("languages") or {}).get("dub")
    info = "ui.sync.language_info" if found else "ui.sync.language_unknown"
    return gr.update(value=found or None, info=tell(info, language))


def _link(job: Job, plan: Mapping[str, Any], language: str) -> str:
    if not plan.get("output"):
        return ""
    ready = html.escape(tell("ui.sync.ready", language))
    return f'<div class="studio studio-ready"><a href="/api/download/{job.id}" download>⤓ {ready}</a></div>'
