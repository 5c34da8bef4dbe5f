"""The Highlights tab: what it looks like and what calls what; the work is in :mod:`web.ui.highlights.work`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from web.ui.examples import example_files
from web.ui.following import IN_ORDER, QUIET, Page
from web.ui.highlights.work import HighlightsWork
from web.ui.language import label
from web.ui.media_field import MediaField
from web.ui.theme import script


@dataclass(frozen=True)
class HighlightsTab:
    """The components other tabs work with; ``options`` by the field of the request that each stands for; ``clips`` holds ``{"job": id}`` once there is a result."""

    file: gr.File
    address: gr.Textbox
    example: gr.Button
    options: dict[str, Any]
    go: gr.Button
    stop: gr.Button
    progress: gr.HTML
    view: gr.HTML
    made: gr.HTML
    table: gr.Dataframe
    files: gr.HTML
    rank: gr.Button
    running: gr.State
    clips: gr.State
    last: gr.BrowserState

    @property
    def inputs(self) -> list[Any]:
        return [self.file, self.address, *self.options.values()]

    def work(self, page: Page) -> HighlightsWork:
        """The handlers that these components call."""
        return HighlightsWork(page, tuple(self.options))

    @property
    def outputs(self) -> list[Any]:
        return [
            self.progress,
            self.view,
            self.table,
            self.files,
            self.running,
            self.clips,
            self.go,
            self.stop,
            self.rank,
        ]


def layout(page: Page, last: gr.BrowserState) -> HighlightsTab:
    """Draws the tab; ``last`` is where the browser remembers its job."""
    gr.Markdown(label("ui.highlights.intro"))
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            left = _inputs(page)
        with gr.Column(scale=3, min_width=320):
            right = _results()
    state = {"running": gr.State(""), "clips": gr.State({})}
    return HighlightsTab(**left, **right, **state, last=last)


def _inputs(page: Page) -> dict[str, Any]:
    settings = page.settings
    file = MediaField(label=label("ui.file"), file_count="single", type="filepath", elem_id="highlights-file")
    address = gr.Textbox(label=label("ui.address"), placeholder="https://…", max_lines=1)
    example = gr.Button(
        label("ui.example"), size="sm", visible=bool(example_files("highlights")), elem_id="highlights-example"
    )
    with gr.Accordion(label("ui.advanced"), open=False):
        options = {
            "clips": gr.Slider(1, 30, 8, step=1, label=label("ui.highlights.count")),
            "min_duration": gr.Slider(1, 180, settings.min_clip_duration, step=1, label=label("ui.highlights.min")),
            "max_duration": gr.Slider(5, 600, settings.max_clip_duration, step=1, label=label("ui.highlights.max")),
            "track": gr.Textbox("auto", label=label("ui.track"), info=label("ui.track_info"), max_lines=1),
            "transcribe": gr.Checkbox(
                True, label=label("ui.highlights.speech"), info=label("ui.highlights.speech_info")
            ),
            "fast": gr.Checkbox(False, label=label("ui.highlights.fast"), info=label("ui.highlights.fast_info")),
        }
    with gr.Row():
        go = gr.Button(label("ui.highlights.go"), variant="primary", elem_id="highlights-go")
        stop = gr.Button(label("ui.stop"), variant="stop", visible=False, elem_id="highlights-stop")
    return {"file": file, "address": address, "example": example, "options": options, "go": go, "stop": stop}


def _results() -> dict[str, Any]:
    progress = gr.HTML(elem_id="highlights-progress")
    view = gr.HTML(
        label("ui.highlights.empty"), js_on_load=script("edit.js", "stage.js"), elem_id="highlights-view",
        elem_classes="studio-view",
    )  # fmt: skip
    made = gr.HTML(elem_id="highlights-made")
    rank = gr.Button(label("ui.viral.from_highlights"), visible=False, elem_id="highlights-rank")
    files = gr.HTML(elem_id="highlights-files")
    table = gr.Dataframe(
        visible=False, interactive=False, wrap=True, show_search="filter", label=label("ui.highlights.table")
    )
    return {"progress": progress, "view": view, "made": made, "table": table, "files": files, "rank": rank}


def wire(page: Page, demo: gr.Blocks, tab: HighlightsTab) -> None:
    """Connects the tab's components with its work."""
    work = tab.work(page)
    tab.go.click(work.start, tab.inputs, tab.outputs, **QUIET)
    tab.example.click(work.example, None, [tab.file, tab.address], **QUIET).then(
        work.start, tab.inputs, tab.outputs, **QUIET
    )
    tab.stop.click(work.cancel, tab.running, None, **QUIET)
    tab.running.change(lambda job_id: job_id, tab.running, tab.last, **QUIET)
    tab.view.edit(work.edit, tab.clips, None, **IN_ORDER)
    tab.view.apply(work.remake, tab.clips, [tab.made, tab.view, tab.table], **QUIET)
    demo.load(work.resume, tab.last, tab.outputs, **QUIET)
