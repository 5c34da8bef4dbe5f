"""The viral clips tab: what it looks like and what calls what; the work is in :mod:`web.ui.viral.work`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.render.shapes import ASPECTS, FRAMINGS, SOURCE
from web.ui.following import IN_ORDER, QUIET, Page
from web.ui.giving.beside import subtitles_field, words_field
from web.ui.giving.component import drop_zone
from web.ui.language import label
from web.ui.looks import controls
from web.ui.looks.wiring import wire as wire_looks
from web.ui.running.component import progress_place, wrong_place
from web.ui.theme import script
from web.ui.viral import tightening
from web.ui.viral.work import ViralWork


@dataclass(frozen=True)
class ViralTab:
    """The tab's components. ``look`` is how clips are rendered, ``options`` how they are judged; both by the field of the request that
    each stands for."""

    zone: gr.HTML
    wrong: gr.HTML
    look: dict[str, Any]
    options: dict[str, Any]
    panel: controls.Panel
    progress: gr.HTML
    made: gr.HTML
    receipts: tightening.Receipts
    board: gr.HTML
    fold: gr.Accordion
    scores: gr.Dataframe
    words: gr.Dataframe
    links: gr.HTML
    running: gr.BrowserState

    @property
    def settings(self) -> list[Any]:
        return [*self.options.values(), *self.look.values()]

    def work(self, page: Page) -> ViralWork:
        """The handlers that these components call."""
        return ViralWork(page, (*self.options, *self.look), len(self.look))

    @property
    def outputs(self) -> list[Any]:
        found = {"receipt": self.receipts.job}
        return [found[name] if name in found else getattr(self, name) for name in ViralWork.names]


def layout(page: Page, running: gr.BrowserState) -> ViralTab:
    """Draws the tab; ``running`` is its job, which the browser remembers."""
    with gr.Column(elem_id="viral-flow", elem_classes="flow"):
        progress = progress_place("viral-progress")
        zone = drop_zone("viral")
        wrong = wrong_place("viral")
        with gr.Column(elem_classes="flow-options"):
            look = _look()
            panel = controls.panel()
            with gr.Accordion(label("ui.advanced"), open=False):
                options = _options(page)
        shown = _results(panel)
    return ViralTab(
        progress=progress,
        zone=zone,
        wrong=wrong,
        look=look,
        options=options,
        panel=panel,
        **shown,
        running=running,
    )


def _options(page: Page) -> dict[str, Any]:
    with gr.Row():
        spoken = {
            "language": gr.Textbox(
                "auto", label=label("ui.viral.language"), info=label("ui.viral.language_info"), max_lines=1
            ),
            "track": gr.Textbox("auto", label=label("ui.track"), info=label("ui.track_info"), max_lines=1),
        }
    with gr.Row():
        spoken["words"] = words_field("viral-words")
        spoken["subtitles"] = subtitles_field("viral-subtitles")
    with gr.Row():
        kept = {
            "min_score": gr.Slider(0, 1, page.settings.min_viral_score, step=0.01, label=label("ui.viral.threshold")),
            "all": gr.Checkbox(False, label=label("ui.viral.all")),
        }
    return {**spoken, **kept}


def _look() -> dict[str, Any]:
    aspects = [(label(f"ui.aspect.{a.replace(':', 'x')}"), a) for a in (SOURCE, *ASPECTS)]
    framings = [(label(f"ui.framing.{f}"), f) for f in FRAMINGS]
    with gr.Row():
        shape = {
            "aspect": gr.Radio(aspects, value="9:16", label=label("ui.viral.aspect"), elem_id="viral-aspect"),
            "framing": gr.Radio(framings, value="follow", label=label("ui.viral.framing")),
            "captions": gr.Checkbox(True, label=label("ui.viral.captions")),
            **controls.chosen(),
        }
    with gr.Accordion(label("ui.looks.further"), open=False), gr.Row():
        further = controls.further()
    with gr.Accordion(label("ui.looks.titles"), open=False), gr.Row():
        titles = {
            "hook": gr.Textbox("", label=label("ui.viral.hook"), info=label("ui.viral.hook_info"), max_lines=1),
            "card": gr.Textbox("", label=label("ui.viral.card"), info=label("ui.viral.card_info"), max_lines=1),
        }
    return {**shape, **further, **titles, **tightening.controls()}


def _results(panel: controls.Panel) -> dict[str, Any]:
    made = progress_place("viral-made")
    receipts = tightening.receipts()
    panel.draw_preview()
    board = gr.HTML(
        "",
        js_on_load=script("edit.js", "keys.js", "zoom.js", "said.js", "frames.js", "viral.js"),
        elem_id="viral-view",
        elem_classes="studio-view",
    )
    links = gr.HTML(elem_id="viral-links")
    with gr.Accordion(label("ui.as_table"), open=False, visible=False) as fold:
        scores = gr.Dataframe(interactive=False, wrap=True, show_search="filter", label=label("ui.viral.scores"))
        words = gr.Dataframe(visible=False, interactive=False, wrap=True, label=label("ui.viral.keywords"))
    return {
        "made": made, "receipts": receipts, "board": board, "links": links, "fold": fold, "scores": scores, "words": words,
    }  # fmt: skip


def wire(page: Page, demo: gr.Blocks, tab: ViralTab, clips: gr.State) -> None:
    """Connects the components with their work; ``clips`` is the Highlights tab's result, so nothing is uploaded twice."""
    work = tab.work(page)
    tab.zone.go(work.start, tab.settings, tab.outputs, **QUIET)
    tab.zone.also(work.start_mine, [clips, *tab.settings], tab.outputs, **QUIET)
    tab.progress.stop(work.cancel, tab.running, None, **QUIET)
    tab.made.stop(work.cancel, tab.running, None, **QUIET)
    tab.board.edit(work.edit, tab.running, None, **IN_ORDER)
    tab.board.moment(work.act, tab.running, tab.outputs, **IN_ORDER)
    tab.board.apply(work.cut, [tab.running, *tab.look.values()], tab.outputs, **QUIET)
    tightening.wire(page, work, tab.made, tab.receipts, QUIET)
    demo.load(work.back, tab.running, tab.outputs, **QUIET)
    wire_looks(page, demo, tab.look, tab.panel, tab.running)
