"""The viral clips tab: what it looks like and what calls what; the work is in :mod:`web.ui.viral.work`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.render.shapes import ASPECTS, FRAMINGS, SOURCE
from web.ui.examples import example_files
from web.ui.following import IN_ORDER, QUIET, Page
from web.ui.language import label
from web.ui.looks import controls
from web.ui.looks.wiring import wire as wire_looks
from web.ui.media_field import MediaField
from web.ui.theme import script
from web.ui.viral import tightening
from web.ui.viral.work import ViralWork


@dataclass(frozen=True)
class ViralTab:
    """The tab's components. ``look`` is how clips are rendered, ``options`` how they are judged; both by the field of the request that
    each stands for."""

    files: gr.File
    address: gr.Textbox
    example: gr.Button
    look: dict[str, Any]
    options: dict[str, Any]
    panel: controls.Panel
    go: gr.Button
    mine: gr.Button
    stop: gr.Button
    progress: gr.HTML
    made: gr.HTML
    receipts: tightening.Receipts
    board: gr.HTML
    scores: gr.Dataframe
    words: gr.Dataframe
    links: gr.HTML
    running: gr.State
    last: gr.BrowserState

    @property
    def inputs(self) -> list[Any]:
        return [self.files, self.address, *self.settings]

    @property
    def settings(self) -> list[Any]:
        return [*self.options.values(), *self.look.values()]

    def work(self, page: Page) -> ViralWork:
        """The handlers that these components call."""
        return ViralWork(page, (*self.options, *self.look), len(self.look))

    @property
    def outputs(self) -> list[Any]:
        return [
            self.progress,
            self.board,
            self.scores,
            self.words,
            self.links,
            self.made,
            self.running,
            self.go,
            self.stop,
        ]


def layout(page: Page, last: gr.BrowserState) -> ViralTab:
    """Draws the tab; ``last`` is where the browser remembers its job."""
    gr.Markdown(label("ui.viral.intro"))
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            left = _inputs(page)
        with gr.Column(scale=3, min_width=320):
            right = _results()
    return ViralTab(**left, **right, running=gr.State(""), last=last)


def _inputs(page: Page) -> dict[str, Any]:
    files = MediaField(label=label("ui.viral.files"), file_count="multiple", type="filepath", elem_id="viral-files")
    address = gr.Textbox(label=label("ui.address"), placeholder="https://…", max_lines=1)
    example = gr.Button(label("ui.example"), size="sm", visible=bool(example_files("viral")), elem_id="viral-example")
    look = _look()
    panel = controls.panel()
    with gr.Accordion(label("ui.advanced"), open=False):
        options = {
            "language": gr.Textbox(
                "auto", label=label("ui.viral.language"), info=label("ui.viral.language_info"), max_lines=1
            ),
            "track": gr.Textbox("auto", label=label("ui.track"), info=label("ui.track_info"), max_lines=1),
            "min_score": gr.Slider(0, 1, page.settings.min_viral_score, step=0.01, label=label("ui.viral.threshold")),
            "all": gr.Checkbox(False, label=label("ui.viral.all")),
        }
    with gr.Row():
        go = gr.Button(label("ui.viral.go"), variant="primary", elem_id="viral-go")
        mine = gr.Button(label("ui.viral.from_highlights"), elem_id="viral-mine")
        stop = gr.Button(label("ui.stop"), variant="stop", visible=False, elem_id="viral-stop")
    return {
        "files": files, "address": address, "example": example, "look": look, "options": options, "panel": panel, "go": go, "mine": mine, "stop": stop,
    }  # fmt: skip


def _look() -> dict[str, Any]:
    aspects = [(label(f"ui.aspect.{a.replace(':', 'x')}"), a) for a in (SOURCE, *ASPECTS)]
    framings = [(label(f"ui.framing.{f}"), f) for f in FRAMINGS]
    return {
        "aspect": gr.Radio(aspects, value="9:16", label=label("ui.viral.aspect"), elem_id="viral-aspect"),
        "framing": gr.Radio(framings, value="follow", label=label("ui.viral.framing")),
        "captions": gr.Checkbox(True, label=label("ui.viral.captions")),
        **controls.chosen(),
        "hook": gr.Textbox(label=label("ui.viral.hook"), info=label("ui.viral.hook_info"), max_lines=1),
        "card": gr.Textbox(label=label("ui.viral.card"), info=label("ui.viral.card_info"), max_lines=1),
        **tightening.controls(),
    }


def _results() -> dict[str, Any]:
    progress = gr.HTML(elem_id="viral-progress")
    made = gr.HTML(elem_id="viral-made")
    receipts = tightening.receipts()
    board = gr.HTML(
        label("ui.viral.empty"),
        js_on_load=script("edit.js", "viral.js"),
        elem_id="viral-view",
        elem_classes="studio-view",
    )
    links = gr.HTML(elem_id="viral-links")
    scores = gr.Dataframe(
        visible=False, interactive=False, wrap=True, show_search="filter", label=label("ui.viral.scores")
    )
    words = gr.Dataframe(visible=False, interactive=False, wrap=True, label=label("ui.viral.keywords"))
    return {
        "progress": progress,
        "made": made,
        "receipts": receipts,
        "board": board,
        "links": links,
        "scores": scores,
        "words": words,
    }


def wire(page: Page, demo: gr.Blocks, tab: ViralTab, clips: gr.State) -> None:
    """Connects the components with their work; ``clips`` is the Highlights tab's result, so nothing is uploaded twice."""
    work = tab.work(page)
    tab.go.click(work.start, tab.inputs, tab.outputs, **QUIET)
    tab.mine.click(work.start_mine, [clips, *tab.settings], tab.outputs, **QUIET)
    tab.example.click(work.example, None, [tab.files, tab.address], **QUIET).then(
        work.start, tab.inputs, tab.outputs, **QUIET
    )
    tab.stop.click(work.cancel, tab.running, None, **QUIET)
    tab.running.change(lambda job_id: job_id, tab.running, tab.last, **QUIET)
    tab.board.edit(work.edit, tab.running, None, **IN_ORDER)
    tab.board.apply(work.cut, [tab.running, *tab.look.values()], [tab.made, tab.receipts.job], **QUIET)
    tightening.wire(page, work, tab.made, tab.receipts, QUIET)
    demo.load(work.resume, tab.last, tab.outputs, **QUIET)
    wire_looks(page, demo, tab.look, tab.panel, tab.running)
