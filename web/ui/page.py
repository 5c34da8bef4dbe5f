"""The page: header, tabs, what happens when it opens."""

from __future__ import annotations

import html

import gradio as gr

from pipeline.languages import own_name
from pipeline.messages import languages
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
    return (
        f'<header class="studio studio-head"><h1>Reelify &amp; SyncDub</h1><p>{tagline}</p>'
        f'<nav aria-label="{html.escape(tell("ui.language", language))}">{_switch(language)}</nav></header>'
    )


def _switch(language: str) -> str:
    """A link to the page in every language; the one being read is marked."""
    marks = {tag: ' aria-current="true"' if tag == language else "" for tag in languages()}
    return "".join(
        f'<a href="?lang={tag}" lang="{tag}" hreflang="{tag}"{mark}>{html.escape(own_name(tag) or tag)}</a>'
        for tag, mark in marks.items()
    )
