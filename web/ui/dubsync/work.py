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
from web.rest.answers import public_result
from web.ui.dubsync.preview import join_views, preview
from web.ui.dubsync.view import Map, phrases, whole_view
from web.ui.examples import example_files
from web.ui.following import Early, TabWork, asker, busy, chosen_source, follow, note, notes, shown
from web.ui.highlights.work import keep_edits
from web.ui.language import language_of, tell
from web.ui.numbers import shown_table

Answer = tuple[Any, ...]


class DubWork(TabWork):
    """The handlers of the tab."""

    n_outputs = 12

    def start(
        self, request: gr.Request, film: str | None, film_at: str, dub: str | None, dub_at: str, *rest: Any
    ) -> Iterator[Answer]:
        """Analyses what was given."""
        try:
            original, other = (chosen_source(self.page, *v, request) for v in ((film, film_at), (dub, dub_at)))
            files = {"original": original.path, "dub": other.path, **brought((original, other))}
            wanted = AnalyseRequest.from_json({**self.chosen(rest), **files})
            job_id = self.page.jobs.submit(wanted, asker(request), title=f"{original.name} + {other.name}")
        except StudioError as error:
            raise shown(error, request) from error
        yield from self.watch(job_id, language_of(request))

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
            raise shown(error, request) from error
        yield from self.watch(job_id, language_of(request))

    def example(self) -> tuple[str, str, str, str]:
        """The film and the dub that ship with the product."""
        film, dub = example_files("dubsync")
        return str(film), "", str(dub), ""

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

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a job runs (the map improves as witnesses speak) and when it has ended."""
        early, skip, told = Early(PLAN), gr.skip(), False
        for card, job in follow(self.page, job_id, language, early):
            if job.is_finished:
                yield self._finished(job, card, language)
                return
            view = self._so_far(early, job, language)
            first = job.kind == "analyse" and not told
            hide, clear, told = (gr.update(visible=False), "", True) if first else (skip, skip, True)
            if first and view is skip:
                view = ""
            yield card, view, hide, clear, job_id, skip, *busy(True), hide, skip, clear, hide

    def _so_far(self, early: Early, job: Job, language: str) -> Any:
        """The map as it is while speech is still listened to."""
        file = early.news(job) if job.kind == "analyse" else None
        if file is None:
            return gr.skip()
        so_far = whole_view(Map(localise(plan_json(load_plan(file)), language)), language)
        return note(tell("ui.sync.so_far", language)) + so_far

    def _finished(self, job: Job, card: str, language: str) -> Answer:
        skip = gr.skip()
        if job.result is None or job.state != "done":
            return card, skip, skip, skip, job.id, skip, *busy(False), skip, skip, skip, skip
        plan = public_result(job, self.page.settings, language)
        accepted = plan["verdict"] != "refuse" and bool(plan["segments"])
        table, first = phrases(plan, language), self._analysis(job)
        there = gr.update(visible=accepted)
        length = gr.update(maximum=max(1.0, float(plan.get("original_duration") or 100.0)))
        return (
            card + notes(plan.get("doubts", [])), self._map(job, first, plan, language),
            gr.update(value=shown_table(table, language), visible=len(table) > 0), _link(job, plan, language), job.id, first.id,
            *busy(False), there, length, join_views(plan, language), gr.update(visible=True),
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
            return whole_view(Map(analysed, plan, first.id, edits.checked(edits.load(first))), language)
        return whole_view(Map(plan, plan, job.id, edits.checked(edits.load(job))), language)


def _link(job: Job, plan: Mapping[str, Any], language: str) -> str:
    if not plan.get("output"):
        return ""
    ready = html.escape(tell("ui.sync.ready", language))
    return f'<div class="studio studio-ready"><a href="/api/download/{job.id}">⤓ {ready}</a></div>'
