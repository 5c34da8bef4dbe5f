"""A season on the page: two folders of the library, the table of pairs that can be changed, then what became of each film.

It is a project like any other: it goes on when the page is closed, and is opened again from the library of projects.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from syncdub.requests import BatchRequest
from web.jobs import seasons
from web.jobs.queue import Job
from web.rest.seasons import by_hand, season_request, shown
from web.ui.dubsync.season_view import counts_of, films_of, going, kept, pairs_of, table_of, unasked
from web.ui.following import QUIET, Page, asker, follow, owner_of
from web.ui.following import shown as problem
from web.ui.language import label, language_of
from web.ui.running.children import PartsSection, children_place, unfolded
from web.ui.running.component import progress_place

EVERY = 3.0
"""Seconds between two looks at the films while they are made."""
NAMES = ("fold", "go", "progress", "table", "task", "start", "counts", "films", "timer")
"""The components that the handlers fill, in their order."""
Answer = tuple[Any, ...]


class SeasonWork:
    """The handlers of the section."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def told(self, **values: Any) -> Answer:
        """What the components named in ``values`` show now; the others stay as they are."""
        return tuple(values.get(name, gr.skip()) for name in NAMES)

    def pair(self, request: gr.Request, films: str, dubs: str, quick: bool, naming: str) -> Iterator[Answer]:
        """Pairs two folders; nothing is made yet."""
        try:
            body = {"originals": films.strip(), "dubs": dubs.strip(), "dry_run": True, "naming": naming.strip(),
                    "options": {"quick": bool(quick)}}  # fmt: skip
            wanted = season_request(self.page.sources, body, owner_of(request), "")
            job_id = self.page.jobs.submit(wanted, asker(request), title=wanted.title())
        except StudioError as error:
            raise problem(error, request) from error
        yield self.blank(task=job_id)
        yield from self._watch(job_id, language_of(request))

    def open(self, asked: str, request: gr.Request) -> Iterator[Answer]:
        """Shows the season that was asked for in the library of projects, unfolded; ``asked`` begins with its job's id."""
        yield from self._again(asked.partition(" ")[0], request, unfold=True)

    def back(self, task: str, request: gr.Request) -> Iterator[Answer]:
        """The last season of this browser, after the page was loaded anew; unfolded where something is still to be done."""
        yield from self._again(task, request, unfold=False)

    def _again(self, task: str, request: gr.Request, *, unfold: bool) -> Iterator[Answer]:
        try:
            job = self.page.job(task, request)
            job.asked(BatchRequest)
        except StudioError:
            yield self.told()  # a generator that says nothing empties what it could have filled
            return
        language = language_of(request)
        body = self._body(job, language)
        begun = any(row["task_id"] for row in body["episodes"])
        unfold = unfold or not job.is_finished or bool(going(body)) or (job.state == "done" and not begun)
        yield self.blank(task=job.id, fold=unfolded(unfold))
        yield from self._watch(job.id, language)

    def blank(self, **values: Any) -> Answer:
        """The section without a season, but for ``values``."""
        hide = gr.update(visible=False)
        empty = {"progress": "", "table": hide, "start": hide, "counts": "", "films": ""}
        return self.told(**{**empty, "timer": gr.Timer(EVERY, active=False), **values})

    def _watch(self, task: str, language: str) -> Iterator[Answer]:
        """What the section shows while files are paired, and then."""
        for card, job in follow(self.page, task, language):
            now = self._state(job, language) if job.state == "done" else {}
            yield self.told(progress=card, go=gr.update(visible=job.is_finished), **now)

    def cancel(self, task: str, request: gr.Request) -> None:
        """Stops the pairing, if it is this visitor's."""
        with contextlib.suppress(StudioError):
            self.page.jobs.cancel(self.page.job(task, request).id)

    def start(self, request: gr.Request, task: str, cells: Any) -> Answer:
        """Asks for the films of the pairs as they are in the table now."""
        try:
            job = self.page.job(task, request)
            seasons.begin(self.page.jobs, job, by_hand(job, pairs_of(cells)))
        except StudioError as error:
            raise problem(error, request) from error
        return self.look(request, task)

    def look(self, request: gr.Request, task: str, cells: Any = None) -> Answer:
        """What became of each film so far; the timer rests once all have ended. What somebody typed into the table (``cells``) stays, and
        a table that shows all this already is not drawn anew."""
        try:
            job = self.page.job(task, request)
            now = self._state(job, language_of(request))
        except StudioError:
            return self.told(counts="", timer=gr.Timer(EVERY, active=False))
        if cells is not None:
            table = kept(now["table"]["value"], cells)
            now["table"] = gr.skip() if table is None else gr.update(value=table, visible=True)
        return self.told(**now)

    def checked(self, request: gr.Request, task: str) -> Any:
        """The films and places once something was ticked."""
        try:
            job = self.page.job(task, request)
            return self._state(job, language_of(request))["films"]
        except StudioError:
            return gr.skip()

    def _body(self, job: Job, language: str) -> dict[str, Any]:
        return shown(job, seasons.rows(self.page.jobs, job), language)

    def _state(self, job: Job, language: str) -> dict[str, Any]:
        """The season of a finished pairing: table, counts, films, whether there is something to begin, and whether to look again."""
        body = self._body(job, language)
        made = {child.id: child for child in seasons.children(self.page.jobs, job)}
        return {
            "table": gr.update(value=table_of(body, language), visible=True),
            "counts": counts_of(body, language),
            "films": films_of(body, made, language),
            "start": gr.update(visible=unasked(body), variant="secondary" if made else "primary"),
            "timer": gr.Timer(EVERY, active=bool(going(body)) or self._follows(job, made)),
        }

    def _follows(self, job: Job, made: dict[str, Job]) -> bool:
        """Whether its films are asked for by themselves, and were not yet."""
        return not made and not job.asked(BatchRequest).dry_run and not (job.folder / seasons.BEGUN).exists()


def section(page: Page, task: gr.BrowserState) -> PartsSection[SeasonWork]:
    """Draws the section and wires it; hidden where there is no library, for folders come from there, until a season is opened."""
    work, library = SeasonWork(page), page.settings.media_source_enabled
    with gr.Accordion(label("ui.season"), open=False, visible=library, elem_id="sync-season") as fold:
        with gr.Column(visible=library):
            gr.Markdown(label("ui.season.intro"))
            with gr.Row():
                films = gr.Textbox(label=label("ui.season.films"), max_lines=1, elem_id="season-films")
                dubs = gr.Textbox(label=label("ui.season.dubs"), max_lines=1, elem_id="season-dubs")
            with gr.Row():
                quick = gr.Checkbox(True, label=label("ui.sync.quick"))
                naming = gr.Textbox(
                    label=label("ui.season.naming"),
                    max_lines=1,
                    placeholder="{title} ({year}) - S{season:02}E{episode:02}",
                )
            go = gr.Button(label("ui.season.pair"), elem_id="season-pair")
        progress = progress_place("season-progress")
        table = gr.Dataframe(
            visible=False, interactive=True, wrap=True, buttons=[], label=label("ui.season.table"), elem_id="season-table",
            column_widths=["190px", "190px", "95px", "120px", "95px", "90px", "90px", "85px", "240px"],
        )  # fmt: skip
        start = gr.Button(label("ui.season.start"), variant="primary", visible=False, elem_id="season-start")
        counts, made, timer = (
            gr.HTML(elem_id="season-counts"),
            children_place("season-made"),
            gr.Timer(EVERY, active=False),
        )
    outputs = [fold, go, progress, table, task, start, counts, made, timer]
    go.click(work.pair, [films, dubs, quick, naming], outputs, **QUIET)
    start.click(work.start, [task, table], outputs, **QUIET)
    timer.tick(work.look, [task, table], outputs, **QUIET)
    progress.stop(work.cancel, task, None, **QUIET)
    return PartsSection(work, outputs, task, made)


def request_of_folders(page: Page, values: Any, options: Any, request: gr.Request) -> BatchRequest:
    """What the endpoint for programs asks."""
    body = {
        "originals": values["originals"],
        "dubs": values["dubs"],
        **options,
        "options": {"quick": bool(values["quick"])},
    }
    body["dry_run"] = not values["write"]
    return season_request(page.sources, body, owner_of(request), "")
