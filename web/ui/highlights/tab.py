"""The Highlights tab: what it looks like and what calls what; the work is in :mod:`web.ui.highlights.work`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from web.ui.following import IN_ORDER, QUIET, Page
from web.ui.giving.beside import subtitles_field, words_field
from web.ui.giving.component import drop_zone
from web.ui.highlights import folder
from web.ui.highlights.folder import FolderWork
from web.ui.highlights.work import HighlightsWork
from web.ui.language import label
from web.ui.running.children import PartsSection
from web.ui.running.component import progress_place, wrong_place
from web.ui.theme import script


@dataclass(frozen=True)
class HighlightsTab:
    """The components other tabs work with; ``options`` by the field of the request that each stands for; ``clips`` holds ``{"job": id}`` once there is a result."""

    zone: gr.HTML
    wrong: gr.HTML
    options: dict[str, Any]
    progress: gr.HTML
    view: gr.HTML
    made: gr.HTML
    fold: gr.Accordion
    table: gr.Dataframe
    files: gr.HTML
    rank: gr.Button
    running: gr.BrowserState
    clips: gr.State
    folder: PartsSection[FolderWork]

    def work(self, page: Page) -> HighlightsWork:
        """The handlers that these components call."""
        return HighlightsWork(page, tuple(self.options))

    @property
    def inputs(self) -> list[Any]:
        return list(self.options.values())

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, name) for name in HighlightsWork.names]


def layout(page: Page, running: gr.BrowserState, whole: gr.BrowserState) -> HighlightsTab:
    """Draws the tab; ``running`` is its job and ``whole`` its folder, which the browser remembers."""
    with gr.Column(elem_id="highlights-flow", elem_classes="flow"):
        progress = progress_place("highlights-progress")
        zone = drop_zone("highlights")
        wrong = wrong_place("highlights")
        with gr.Accordion(label("ui.advanced"), open=False, elem_classes="flow-options"):
            options = _options(page)
        shown = _results()
        videos = folder.section(page, options, whole)
    state = {"running": running, "clips": gr.State({})}
    return HighlightsTab(folder=videos, progress=progress, zone=zone, wrong=wrong, options=options, **shown, **state)


def _options(page: Page) -> dict[str, Any]:
    settings = page.settings
    with gr.Row():
        numbers = {
            "clips": gr.Slider(1, 30, 8, step=1, label=label("ui.highlights.count")),
            "min_duration": gr.Slider(1, 180, settings.min_clip_duration, step=1, label=label("ui.highlights.min")),
            "max_duration": gr.Slider(5, 600, settings.max_clip_duration, step=1, label=label("ui.highlights.max")),
        }
    with gr.Row():
        rest = {
            "transcribe": gr.Checkbox(
                True, label=label("ui.highlights.speech"), info=label("ui.highlights.speech_info")
            ),
            "render": gr.Checkbox(True, label=label("ui.highlights.render"), info=label("ui.highlights.render_info")),
            "fast": gr.Checkbox(False, label=label("ui.highlights.fast"), info=label("ui.highlights.fast_info")),
            "track": gr.Textbox("auto", label=label("ui.track"), info=label("ui.track_info"), max_lines=1),
        }
    with gr.Row():
        beside = {
            "words": words_field("highlights-words"),
            "subtitles": subtitles_field("highlights-subtitles"),
        }
    return {**numbers, **rest, **beside}


def _results() -> dict[str, Any]:
    drawn = script("edit.js", "keys.js", "zoom.js", "said.js", "making.js", "frames.js", "stage.js")
    view = gr.HTML("", js_on_load=drawn, elem_id="highlights-view", elem_classes="studio-view")
    made = progress_place("highlights-made")
    files = gr.HTML(elem_id="highlights-files")
    rank = gr.Button(label("ui.viral.from_highlights"), visible=False, elem_id="highlights-rank", elem_classes="next")
    with gr.Accordion(label("ui.as_table"), open=False, visible=False) as fold:
        table = gr.Dataframe(
            interactive=False, wrap=True, show_search="filter", show_label=False, label=label("ui.highlights.table")
        )
    return {
        "view": view,
        "made": made,
        "fold": fold,
        "table": table,
        "files": files,
        "rank": rank,
    }


def wire(page: Page, demo: gr.Blocks, tab: HighlightsTab) -> None:
    """Connects the tab's components with its work."""
    work = tab.work(page)
    tab.zone.go(work.start, tab.inputs, tab.outputs, **QUIET)
    tab.progress.stop(work.cancel, tab.running, None, **QUIET)
    tab.made.stop(work.cancel, tab.running, None, **QUIET)
    tab.view.edit(work.edit, tab.clips, None, **IN_ORDER)
    tab.view.moment(work.act, tab.clips, tab.outputs, **IN_ORDER)
    tab.view.apply(work.remake, tab.clips, tab.outputs, **QUIET)
    demo.load(work.back, tab.running, tab.outputs, **QUIET)
    demo.load(tab.folder.work.back, tab.folder.task, tab.folder.outputs, **QUIET)
