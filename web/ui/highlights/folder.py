"""A whole folder of the library on the page: the moments of every video, or all of them ranked, and what became of each."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from web.rest.reelify import folder_request, told_rows
from web.ui.following import QUIET, Page, asker, owner_of
from web.ui.following import shown as problem
from web.ui.language import label, language_of, tell

EVERY = 3.0
"""Seconds between two looks while the videos are worked on."""
COLUMNS = ("video", "state", "clips", "problem")
ENDED = frozenset({"done", "failed", "cancelled"})


class FolderWork:
    """The handlers of the section."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def start(self, request: gr.Request, folder: str, rank: bool, clips: float, low: float, high: float) -> Any:
        """Asks for a folder: (task, table, timer)."""
        options = {} if rank else {"clips": int(clips), "min_duration": float(low), "max_duration": float(high)}
        try:
            body = {"folder": folder.strip(), "rank": bool(rank), "options": options}
            wanted = folder_request(self.page.sources, body, owner_of(request), "")
            task = self.page.jobs.submit(wanted, asker(request), title=wanted.title())
        except StudioError as error:
            raise problem(error, request) from error
        table, _ = self.look(request, task)
        return task, table, gr.Timer(EVERY, active=True)

    def look(self, request: gr.Request, task: str) -> tuple[Any, Any]:
        """The table as it is now, and the timer, which rests once all have ended."""
        try:
            job = self.page.job(task, request)
            rows = told_rows(self.page.jobs, job, language_of(request))
        except StudioError:
            return gr.skip(), gr.Timer(EVERY, active=False)
        language = language_of(request)
        data = [[row["video"], _state(row["status"], language), row["clips"], row["error"]] for row in rows]
        headers = [tell(f"ui.folder.{name}", language) for name in COLUMNS]
        going = job.state not in ENDED or any(row["status"] not in ENDED for row in rows)
        going = going and job.state not in {"failed", "cancelled"}
        return gr.update(value={"headers": headers, "data": data}, visible=True), gr.Timer(EVERY, active=going)


def _state(state: str | None, language: str) -> str:
    return tell(f"ui.state.{state or 'queued'}", language)


def section(page: Page, options: dict[str, Any]) -> None:
    """Draws the section and wires it; hidden where there is no library. ``options`` are the tab's."""
    work = FolderWork(page)
    with gr.Accordion(
        label("ui.folder"), open=False, visible=page.settings.media_source_enabled, elem_id="highlights-folder"
    ):
        gr.Markdown(label("ui.folder.intro"))
        with gr.Row():
            folder = gr.Textbox(label=label("ui.folder.name"), max_lines=1, elem_id="folder-name")
            rank = gr.Checkbox(False, label=label("ui.folder.rank"))
        go = gr.Button(label("ui.folder.go"), elem_id="folder-go")
        table = gr.Dataframe(
            visible=False, interactive=False, wrap=True, label=label("ui.folder.table"), elem_id="folder-table"
        )
        task, timer = gr.State(""), gr.Timer(EVERY, active=False)
    asked = [folder, rank, *(options[name] for name in ("clips", "min_duration", "max_duration"))]
    go.click(work.start, asked, [task, table, timer], **QUIET)
    timer.tick(work.look, task, [table, timer], **QUIET)
