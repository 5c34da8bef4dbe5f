"""The search tab: what it looks like and what calls what; the work is in :mod:`web.ui.finding.work`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from web.ui.finding.work import CHAPTERS, SEARCH, FindingWork
from web.ui.following import QUIET, Page
from web.ui.giving.beside import subtitles_field, words_field
from web.ui.giving.component import drop_zone
from web.ui.language import label
from web.ui.running.component import progress_place, wrong_place
from web.ui.theme import asset


@dataclass(frozen=True)
class FindingTab:
    """The tab's components; ``options`` by the name that :class:`FindingWork` knows each by."""

    zone: gr.HTML
    wrong: gr.HTML
    options: dict[str, Any]
    progress: gr.HTML
    view: gr.HTML
    made: gr.HTML
    running: gr.BrowserState

    def work(self, page: Page) -> FindingWork:
        """The handlers that these components call."""
        return FindingWork(page, tuple(self.options))

    @property
    def inputs(self) -> list[Any]:
        return list(self.options.values())

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, name) for name in FindingWork.names]


def layout(running: gr.BrowserState) -> FindingTab:
    """Draws the tab; ``running`` is its job, which the browser remembers."""
    with gr.Column(elem_id="finding-flow", elem_classes="flow"):
        progress = progress_place("finding-progress")
        gr.Markdown(label("ui.finding.intro"), elem_id="finding-intro", elem_classes="flow-options flow-lead")
        with gr.Column(elem_classes="flow-options"):
            kinds = [(label(f"ui.finding.{name}"), name) for name in (SEARCH, CHAPTERS)]
            options = {
                "what": gr.Radio(kinds, value=SEARCH, label=label("ui.finding.what"), elem_id="finding-what"),
                "query": gr.Textbox(
                    label=label("ui.finding.query"), info=label("ui.finding.query_info"), max_lines=1, elem_id="finding-query"
                ),
            }  # fmt: skip
        zone = drop_zone("finding")
        wrong = wrong_place("finding")
        with gr.Accordion(label("ui.advanced"), open=False, elem_classes="flow-options"):
            with gr.Row():
                options["language"] = gr.Textbox(
                    "auto", label=label("ui.viral.language"), info=label("ui.viral.language_info"), max_lines=1
                )
                options["words"] = words_field("finding-words")
            options["subtitles"] = subtitles_field("finding-subtitles")
        view = gr.HTML("", js_on_load=asset("finding.js"), elem_id="finding-view", elem_classes="studio-view")
        made = progress_place("finding-made")
    return FindingTab(zone, wrong, options, progress, view, made, running)


def wire(page: Page, demo: gr.Blocks, tab: FindingTab) -> None:
    """Connects the components with their work."""
    work = tab.work(page)
    tab.zone.go(work.start, tab.inputs, tab.outputs, **QUIET)
    tab.zone.also(work.start_all, tab.inputs, tab.outputs, **QUIET)
    tab.progress.stop(work.cancel, tab.running, None, **QUIET)
    tab.made.stop(work.cancel, tab.running, None, **QUIET)
    tab.view.clip(work.clip, tab.running, tab.made, **QUIET)
    tab.options["what"].change(
        lambda what: gr.update(visible=what == SEARCH), tab.options["what"], tab.options["query"], **QUIET
    )
    demo.load(work.back, tab.running, tab.outputs, **QUIET)
