"""A season on the page: two folders of the library, the table of pairs that can be changed, then what became of each film."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from syncdub.batch.report import counted
from syncdub.batch.table import PARTS
from syncdub.requests import BatchRequest
from web.jobs import seasons
from web.jobs.queue import Job
from web.rest.seasons import by_hand, season_request, shown
from web.ui.following import QUIET, Page, asker, follow, owner_of
from web.ui.following import shown as problem
from web.ui.language import label, language_of, tell
from web.ui.running.component import progress_place

EVERY = 3.0
"""Seconds between two looks at the films while they are made."""
COLUMNS = ("episode", "dub", "sure", "how", "state", "bar", "without", "residual", "notes")
N_EDITABLE = 2
GOING = frozenset({"queued", "running"})


class SeasonWork:
    """The handlers of the section."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def pair(self, request: gr.Request, films: str, dubs: str, quick: bool, naming: str) -> Iterator[tuple[Any, ...]]:
        """Pairs two folders; nothing is made yet."""
        try:
            body = {"originals": films.strip(), "dubs": dubs.strip(), "dry_run": True, "naming": naming.strip(),
                    "options": {"quick": bool(quick)}}  # fmt: skip
            wanted = season_request(self.page.sources, body, owner_of(request), "")
            job_id = self.page.jobs.submit(wanted, asker(request), title=wanted.title())
        except StudioError as error:
            raise problem(error, request) from error
        language = language_of(request)
        for card, job in follow(self.page, job_id, language):
            there = job.state == "done"
            table = self._table(job, language) if there else gr.skip()
            yield (
                card,
                table,
                job_id,
                gr.update(visible=job.is_finished),
                gr.update(visible=False),
                gr.update(visible=there),
                gr.skip(),
            )

    def cancel(self, task: str, request: gr.Request) -> None:
        """Stops the pairing, if it is this visitor's."""
        with contextlib.suppress(StudioError):
            self.page.jobs.cancel(self.page.job(task, request).id)

    def start(self, request: gr.Request, task: str, cells: Any) -> Any:
        """Asks for the films of the pairs as they are in the table now."""
        try:
            job = self.page.job(task, request)
            seasons.begin(self.page.jobs, job, by_hand(job, pairs_of(cells)))
        except StudioError as error:
            raise problem(error, request) from error
        return self.look(request, task)

    def look(self, request: gr.Request, task: str) -> tuple[Any, Any, Any]:
        """The table with what became of each film so far, the counts, and the timer, which rests once all have ended."""
        try:
            job = self.page.job(task, request)
        except StudioError:
            return gr.skip(), "", gr.Timer(EVERY, active=False)
        language = language_of(request)
        body = shown(job, seasons.rows(self.page.jobs, job), language)
        going = sum(row["status"] in GOING for row in body["episodes"])
        said = counted(body["counts"], language)
        said = tell("ui.season.going", language, counts=said, number=going) if going else said
        report = tell("batch.report", language)
        link = f'<a href="/api/season/{job.id}?form=html" target="_blank">{report}</a>'
        return (
            self._table(job, language),
            f'<div class="studio">{said} {link}</div>',
            gr.Timer(EVERY, active=bool(going)),
        )

    def _table(self, job: Job, language: str) -> Any:
        body = shown(job, seasons.rows(self.page.jobs, job), language)
        rows = [_cells(row, language) for row in body["episodes"]]
        rows += [["", name, "", tell("batch.alone", language), "", "", "", "", ""] for name in body["left"]]
        return gr.update(
            value={"headers": [tell(f"batch.column.{c}", language) for c in COLUMNS], "data": rows}, visible=True
        )


def _state(row: dict[str, Any], language: str) -> str:
    """What is known of a film: what its task does, or what became of it."""
    if row["status"] in GOING:
        return tell(f"ui.state.{row['status']}", language)
    return tell(f"batch.state.{row['state']}", language)


def _cells(row: dict[str, Any], language: str) -> list[str]:
    """A row of the table. The dub of a pair that was taken out is among the notes: what stands in the table is made."""
    dubs = row["dubs"]

    def figure(name: str, unit: str) -> str:
        return "" if row.get(name) is None else f"{row[name]:g} {unit}"

    named, out = " | ".join(d["dub"] for d in dubs), row["state"] == "left_out"
    notes = [row["problem"], named if out else "", *(n for d in dubs for n in d["notes"]), *row["doubts"]]
    return [
        row["original"],
        "" if out else named,
        f"{100 * min((d['sure'] for d in dubs), default=0):.0f} %",
        ", ".join(tell(f"batch.how.{d['how']}", language) for d in dubs),
        _state(row, language),
        figure("bar_ms", "ms"),
        figure("without_dub_s", "s"),
        figure("residual_ms", "ms"),
        " ".join(n for n in notes if n),
    ]


def pairs_of(cells: Any) -> list[dict[str, Any]]:
    """The pairs of a table as the page gives it: film, and its dubs with ``|`` between two and ``+`` between parts."""
    rows: Sequence[Sequence[Any]] = cells.values.tolist() if hasattr(cells, "values") else cells
    pairs = []
    for row in rows:
        film, dubs = (str(cell or "").strip() for cell in list(row)[:N_EDITABLE])
        if film and dubs:
            parts = [[name.strip() for name in dub.split(PARTS)] for dub in dubs.split(" | ")]
            pairs.append({"original": film, "dubs": parts})
    return pairs


def section(page: Page) -> None:
    """Draws the section and wires it; hidden where there is no library, for folders come from there."""
    work = SeasonWork(page)
    with gr.Accordion(
        label("ui.season"), open=False, visible=page.settings.media_source_enabled, elem_id="sync-season"
    ):
        gr.Markdown(label("ui.season.intro"))
        with gr.Row():
            films = gr.Textbox(label=label("ui.season.films"), max_lines=1, elem_id="season-films")
            dubs = gr.Textbox(label=label("ui.season.dubs"), max_lines=1, elem_id="season-dubs")
        with gr.Row():
            quick = gr.Checkbox(True, label=label("ui.sync.quick"))
            naming = gr.Textbox(
                label=label("ui.season.naming"), max_lines=1, placeholder="{title} ({year}) - S{season:02}E{episode:02}"
            )
        with gr.Row():
            go = gr.Button(label("ui.season.pair"), elem_id="season-pair")
            stop = gr.Button(label("ui.stop"), variant="stop", visible=False)
            start = gr.Button(label("ui.season.start"), variant="primary", visible=False, elem_id="season-start")
        progress, counts = progress_place("season-progress"), gr.HTML(elem_id="season-counts")
        table = gr.Dataframe(
            visible=False, interactive=True, wrap=True, label=label("ui.season.table"), elem_id="season-table"
        )
        task, timer = gr.State(""), gr.Timer(EVERY, active=False)
    go.click(work.pair, [films, dubs, quick, naming], [progress, table, task, go, stop, start, counts], **QUIET)
    start.click(work.start, [task, table], [table, counts, timer], **QUIET)
    timer.tick(work.look, task, [table, counts, timer], **QUIET)
    stop.click(work.cancel, task, None, **QUIET)
    progress.stop(work.cancel, task, None, **QUIET)


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
