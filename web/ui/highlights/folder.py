"""A whole folder of the library on the page: the moments of every video, or all of them ranked, and what became of each."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from reelify.folder_request import FolderRequest
from web.jobs.queue import Job
from web.rest.reelify import folder_request, told_rows
from web.ui.following import QUIET, Page, asker, owner_of
from web.ui.following import shown as problem
from web.ui.language import label, language_of, tell
from web.ui.running.card import progress_card
from web.ui.running.children import ACTS, Child, PartsSection, children_list, children_place, unfolded
from web.ui.timeline import attr

Rows = Sequence[Mapping[str, Any]]
EVERY = 3.0
"""Seconds between two looks while the videos are worked on."""
NAMES = ("fold", "task", "counts", "videos", "timer")
"""The components that the handlers fill, in their order."""
ENDED = frozenset({"done", "failed", "cancelled"})
Answer = tuple[Any, ...]


class FolderWork:
    """The handlers of the section."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def told(self, **values: Any) -> Answer:
        """What the components named in ``values`` show now; the others stay as they are."""
        return tuple(values.get(name, gr.skip()) for name in NAMES)

    def start(self, request: gr.Request, folder: str, rank: bool, clips: float, low: float, high: float) -> Answer:
        """Asks for a folder."""
        options = {} if rank else {"clips": int(clips), "min_duration": float(low), "max_duration": float(high)}
        try:
            body = {"folder": folder.strip(), "rank": bool(rank), "options": options}
            wanted = folder_request(self.page.sources, body, owner_of(request), "")
            task = self.page.jobs.submit(wanted, asker(request), title=wanted.title())
        except StudioError as error:
            raise problem(error, request) from error
        return self.told(task=task, **self._state(self.page.jobs.get(task), language_of(request)))

    def open(self, asked: str, request: gr.Request) -> Answer:
        """Shows the folder that was asked for in the library of projects, unfolded; ``asked`` begins with its job's id."""
        return self._again(asked.partition(" ")[0], request, unfold=True)

    def back(self, task: str, request: gr.Request) -> Answer:
        """The last folder of this browser, after the page was loaded anew; unfolded while its videos are worked on."""
        return self._again(task, request, unfold=False)

    def _again(self, task: str, request: gr.Request, *, unfold: bool) -> Answer:
        try:
            job = self.page.job(task, request)
            job.asked(FolderRequest)
        except StudioError:
            return self.told()
        now = self._state(job, language_of(request))
        return self.told(task=job.id, fold=unfolded(unfold or now["timer"].active), **now)

    def look(self, request: gr.Request, task: str) -> Answer:
        """What became of each video so far; the timer rests once all have ended."""
        try:
            return self.told(**self._state(self.page.job(task, request), language_of(request)))
        except StudioError:
            return self.told(timer=gr.Timer(EVERY, active=False))

    def _state(self, job: Job, language: str) -> dict[str, Any]:
        rows = told_rows(self.page.jobs, job, language)
        going = sum(row["status"] not in ENDED for row in rows)
        if job.state in {"failed", "cancelled"}:
            return {"counts": progress_card(job, language), "videos": "", "timer": gr.Timer(EVERY, active=False)}
        return {
            "counts": _counts(rows, going, job, language),
            "videos": _videos(rows, job.id, language),
            "timer": gr.Timer(EVERY, active=bool(going)),
        }


def _counts(rows: Rows, going: int, job: Job, language: str) -> str:
    said = tell("ui.projects.going", language, number=going) if going else tell("ui.folder.ended", language)
    link = f'<a href="/api/v1/folder/{job.id}?form=csv" download="{attr(job.title)}.csv">CSV</a>'
    return (
        f'<div class="studio season-counts"><p role="status">{html.escape(said)}</p><p>{link}</p></div>' if rows else ""
    )


def _videos(rows: Rows, task: str, language: str) -> str:
    """The videos with the ways to them: those that are still to be asked for have none."""
    found = [
        Child(row["video"], _said(row, language), row["task_id"] or "", ACTS.get(row["status"] or "", ()))
        for row in rows
    ]
    return f'<div class="studio">{children_list(found, tell("ui.folder.table", language), language, task)}</div>'


def _said(row: Mapping[str, Any], language: str) -> list[str]:
    told = [tell(f"ui.state.{row['status'] or 'queued'}", language)]
    if row["status"] == "done":
        told.append(tell("ui.chosen.clips", language, n=row["clips"]))
    return [*told, row["error"]]


def section(page: Page, options: dict[str, Any], task: gr.BrowserState) -> PartsSection[FolderWork]:
    """Draws the section and wires it; hidden where there is no library, until a folder is opened. ``options`` are the tab's."""
    work, library = FolderWork(page), page.settings.media_source_enabled
    with gr.Accordion(label("ui.folder"), open=False, visible=library, elem_id="highlights-folder") as fold:
        with gr.Column(visible=library):
            gr.Markdown(label("ui.folder.intro"))
            with gr.Row():
                folder = gr.Textbox(label=label("ui.folder.name"), max_lines=1, elem_id="folder-name")
                rank = gr.Checkbox(False, label=label("ui.folder.rank"))
            go = gr.Button(label("ui.folder.go"), elem_id="folder-go")
        counts, videos = gr.HTML(elem_id="folder-counts"), children_place("folder-videos")
        timer = gr.Timer(EVERY, active=False)
    outputs = [fold, task, counts, videos, timer]
    asked = [folder, rank, *(options[name] for name in ("clips", "min_duration", "max_duration"))]
    go.click(work.start, asked, outputs, **QUIET)
    timer.tick(work.look, task, outputs, **QUIET)
    return PartsSection(work, outputs, task, videos)
