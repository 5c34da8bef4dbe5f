"""The page: header, tabs, what happens when it opens."""

from __future__ import annotations

import html

import gradio as gr

from web.ui import dubsync_tab, endpoints, highlights_tab, tasks_tab, viral_tab
from web.ui.language import label, language_of, tell
from web.ui.work import Page


def build(page: Page) -> gr.Blocks:
    """The whole interface; nothing is loaded and no job is touched."""
    with gr.Blocks(title="Reelify & SyncDub", analytics_enabled=False, fill_width=True) as demo:
        header = gr.HTML(_header("en"), elem_id="studio-header")
        with gr.Tabs(elem_id="studio-tabs"):
            with gr.Tab(label("ui.tab.highlights"), id="highlights"):
                clips = highlights_tab.build(page, demo)
            with gr.Tab(label("ui.tab.viral"), id="viral"):
                viral_tab.build(page, demo, clips)
            with gr.Tab(label("ui.tab.dubsync"), id="dubsync"):
                dubsync_tab.build(page, demo)
            with gr.Tab(label("ui.tab.tasks"), id="tasks"):
                tasks_tab.build(page, demo)
        demo.load(_greet, None, header, show_progress="hidden", api_visibility="private")
        endpoints.register(page)
    demo.queue(default_concurrency_limit=64, max_size=512)
    return demo


def _greet(request: gr.Request) -> str:
    return _header(language_of(request))


def _header(language: str) -> str:
    tagline = html.escape(tell("ui.tagline", language))
    return f'<header class="studio studio-head"><h1>Reelify &amp; SyncDub</h1><p>{tagline}</p></header>'
