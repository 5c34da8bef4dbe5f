"""The dub sync tab: what it looks like and what calls what; the work is in :mod:`web.ui.dubsync.work`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.media.languages import own_names
from syncdub.witnesses import EXACT, WITNESSES
from web.ui.dubsync import review, season
from web.ui.dubsync.season import SeasonWork
from web.ui.dubsync.work import DubWork
from web.ui.following import IN_ORDER, QUIET, Page
from web.ui.giving.component import drop_zone
from web.ui.language import label
from web.ui.media_field import MediaField
from web.ui.running.children import PartsSection
from web.ui.running.component import progress_place, wrong_place
from web.ui.theme import script

FILLS = ("silence", "original", "bed")
CODECS = ("flac", "eac3", "aac")


@dataclass(frozen=True)
class DubTab:
    """The tab's components; ``options`` by the field of the request that each stands for. ``running`` is the job that is followed, ``analysed`` the analysis that is worked on."""

    zone: gr.HTML
    wrong: gr.HTML
    options: dict[str, Any]
    progress: gr.HTML
    view: gr.HTML
    editing: gr.Group
    spoken: gr.Dropdown
    at: gr.Slider
    which: gr.Radio
    hear: gr.Button
    write: gr.Button
    player: gr.Video
    files: gr.HTML
    send: gr.Button
    joins: gr.HTML
    fold: gr.Accordion
    table: gr.Dataframe
    running: gr.BrowserState
    analysed: gr.State
    review: gr.Accordion
    season: PartsSection[SeasonWork]

    def work(self, page: Page) -> DubWork:
        """The handlers that these components call."""
        return DubWork(page, tuple(self.options))

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, name) for name in DubWork.names]


def layout(page: Page, running: gr.BrowserState, whole: gr.BrowserState, asked: gr.State) -> DubTab:
    """Draws the tab; ``running`` is its job and ``whole`` its season, which the browser remembers; ``asked`` is how a project was opened."""
    with gr.Column(elem_id="sync-flow", elem_classes="flow"):
        progress = progress_place("sync-progress")
        zone = drop_zone("sync")
        wrong = wrong_place("sync")
        with gr.Accordion(label("ui.advanced"), open=False, elem_classes="flow-options"):
            options = _options()
        shown, written = _results()
    options |= written
    state = {"running": running, "analysed": gr.State("")}
    reviewed = review.section(page, state["analysed"], asked)
    films = season.section(page, whole)
    reviewed.kept.then(films.work.checked, films.task, films.parts, **QUIET)
    return DubTab(
        review=reviewed.whole,
        season=films,
        progress=progress,
        zone=zone,
        wrong=wrong,
        options=options,
        **shown,
        **state,
    )


def _options() -> dict[str, Any]:
    quick = gr.Checkbox(False, label=label("ui.sync.quick"), info=label("ui.sync.quick_info"))
    fill = gr.Radio([(label(f"ui.sync.fill.{f}"), f) for f in FILLS], value="silence", label=label("ui.sync.fill"))
    cut = gr.Checkbox(False, label=label("ui.sync.cut_gaps"), info=label("ui.sync.cut_gaps_info"))
    codec = gr.Radio([(c.upper(), c) for c in CODECS], value="flac", label=label("ui.sync.codec"))
    witnesses = [(label(WITNESSES[w].rule), w) for w in EXACT]
    witness = gr.Radio(witnesses, value=EXACT[0], label=label("ui.sync.follow"))
    with gr.Row():
        tracks = [
            gr.Number(-1, precision=0, minimum=-1, label=label(f"ui.sync.{t}_track"), info=label("ui.sync.track_info"))
            for t in ("film", "dub")
        ]
    name = gr.Textbox(label=label("ui.sync.name"), max_lines=1)
    also = MediaField(label=label("ui.sync.also"), file_count="multiple", type="filepath", elem_id="sync-also")
    return {
        "quick": quick, "fill": fill, "cut_gaps": cut, "codec": codec, "follow": witness, "original_stream": tracks[0], "dub_stream": tracks[1],
        "name": name, "also": also,
    }  # fmt: skip


def _results() -> tuple[dict[str, Any], dict[str, Any]]:
    """What shows a result; and what is asked of the film that is written of it."""
    files = gr.HTML(elem_id="sync-files")
    view = gr.HTML("", js_on_load=script("edit.js", "sync.js"), elem_id="sync-view", elem_classes="studio-view")
    with gr.Group(visible=False, elem_id="sync-listen") as editing:
        with gr.Row():
            at = gr.Slider(0, 100, 0, step=0.1, label=label("ui.sync.listen_at"))
            sounds = [(label(f"ui.sync.listen.{w}"), w) for w in ("original", "before", "after")]
            which = gr.Radio(sounds, value="after", label=label("ui.sync.listen"))
        with gr.Row():
            spoken = gr.Dropdown(
                list(own_names()), value=None, label=label("ui.sync.language"), info=label("ui.sync.language_info"),
                allow_custom_value=True, elem_id="sync-language",
            )  # fmt: skip
            chosen = [(label(f"ui.sync.default.{d}"), d) for d in ("original", "dub")]
            default = gr.Radio(chosen, value="original", label=label("ui.sync.default"), elem_id="sync-default")
        with gr.Row():
            hear = gr.Button(label("ui.sync.hear"), elem_id="sync-hear")
            write = gr.Button(label("ui.sync.write"), variant="primary", elem_id="sync-write")
        player = gr.Video(label=label("ui.player"), visible=False, buttons=[], elem_id="sync-player")
    send = gr.Button(label("ui.sync.to_highlights"), visible=False, elem_id="sync-to-highlights", elem_classes="next")
    joins = gr.HTML(elem_id="sync-joins")
    with gr.Accordion(label("ui.phrases"), open=False, visible=False) as fold:
        table = gr.Dataframe(
            interactive=False, wrap=True, show_search="filter", show_label=False, label=label("ui.phrases"), elem_id="sync-phrases",
            column_widths=["90px", "260px", "90px", "260px", "110px", "110px"],
        )  # fmt: skip
    shown = {
        "files": files, "view": view, "editing": editing, "at": at, "which": which, "hear": hear,
        "write": write, "player": player, "send": send, "joins": joins, "fold": fold, "table": table, "spoken": spoken,
    }  # fmt: skip
    return shown, {"language": spoken, "default": default}


def wire(page: Page, demo: gr.Blocks, tab: DubTab) -> None:
    """Connects the components with their work."""
    work = tab.work(page)
    tab.zone.go(work.start, list(tab.options.values()), tab.outputs, **QUIET)
    tab.write.click(work.finish, [tab.analysed, *tab.options.values()], tab.outputs, **QUIET)
    tab.progress.stop(work.cancel, tab.running, None, **QUIET)
    listening = {**QUIET, "show_progress": "full", "show_progress_on": tab.player}
    tab.hear.click(work.listen, [tab.analysed, tab.at, tab.which], tab.player, **listening)
    tab.view.edit(work.edit, tab.analysed, None, **IN_ORDER)
    tab.view.select(work.pick, tab.analysed, tab.at, **QUIET)
    demo.load(work.back, tab.running, tab.outputs, **QUIET)
    demo.load(tab.season.work.back, tab.season.task, tab.season.outputs, **QUIET)
