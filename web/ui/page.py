"""The page: header, tabs, what happens when it opens, and the ways from tab to tab."""

from __future__ import annotations

import html
import json

import gradio as gr

from pipeline.compute.warm import warming
from pipeline.messages import catalogue, languages
from web.ui import endpoints
from web.ui.dubsync import tab
from web.ui.dubsync.review import Review
from web.ui.dubsync.tab import DubTab
from web.ui.finding import tab as finding_tab
from web.ui.following import QUIET, Page
from web.ui.giving.beside import remember_words
from web.ui.highlights import tab as highlights_tab
from web.ui.highlights.tab import HighlightsTab
from web.ui.keys import help_sheet
from web.ui.language import label, language_of, own_words, tell
from web.ui.looks import endpoints as look_endpoints
from web.ui.media_field import Studio
from web.ui.projects import tab as projects_tab
from web.ui.projects.tab import Ways
from web.ui.theme import script
from web.ui.timeline import attr
from web.ui.viral import tab as viral_tab
from web.ui.viral.tab import ViralTab

_MOON = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2"/><path d="M12 3a9 9 0 0 1 0 18Z" fill="currentColor"/></svg>'


def build(page: Page) -> gr.Blocks:
    """The whole interface; nothing is loaded and no job is touched."""
    with Studio(title="Reelify & SyncDub", analytics_enabled=False, fill_width=True) as demo:
        header = gr.HTML(_header(""), js_on_load=script("header.js", "flow.js"), elem_id="studio-header")
        # Outside the tabs: what lies in a tab that was never opened is not read when the page opens.
        first, second, third, fourth = (_remembered(page, name) for name in ("highlights", "viral", "sync", "finding"))
        season, whole_folder = _remembered(page, "season"), _remembered(page, "folder")
        ways = Ways.made()
        with gr.Tabs(elem_id="studio-tabs") as tabs:
            with gr.Tab(label("ui.tab.highlights"), id="highlights"):
                moments = highlights_tab.layout(page, first, whole_folder)
            with gr.Tab(label("ui.tab.viral"), id="viral"):
                viral = viral_tab.layout(page, second)
            with gr.Tab(label("ui.tab.dubsync"), id="dubsync"):
                dub = tab.layout(page, third, season, ways.states["dubsync"])
            with gr.Tab(label("ui.tab.tasks"), id="tasks"):
                projects = projects_tab.layout()
            with gr.Tab(label("ui.tab.finding"), id="finding"):
                finding = finding_tab.layout(fourth)
        highlights_tab.wire(page, demo, moments)
        viral_tab.wire(page, demo, viral, moments.clips)
        tab.wire(page, demo, dub)
        finding_tab.wire(page, demo, finding)
        remember_words(page, demo, [moments.options["words"], viral.options["words"], finding.options["words"]])
        projects_tab.wire(page, demo, tabs, projects, ways, [dub.season, moments.folder])
        for work, inputs, outputs, opened, again in zip(
            (moments.work(page), viral.work(page), dub.work(page), finding.work(page)),
            (moments.inputs, viral.settings, list(dub.options.values()), finding.inputs),
            (moments.outputs, viral.outputs, dub.outputs, finding.outputs), ways.opened, ways.again, strict=True,
        ):  # fmt: skip
            opened.change(work.open, opened, outputs, **QUIET)
            again.change(work.again, again, [*outputs, *inputs], **QUIET)
        asked = ways.states["dubsync"]
        asked.change(Review(page).asked, asked, dub.review, **QUIET)
        for part, name in ((dub.season, "sync-season"), (moments.folder, "highlights-folder")):
            ways.states[name].change(part.work.open, ways.states[name], part.outputs, **QUIET)
        _moments_to_ranking(page, tabs, moments, viral)
        _film_to_moments(page, tabs, dub, moments)
        demo.load(_greet, None, header, **QUIET)
        demo.load(warming.hurry, None, None, **QUIET)
        endpoints.register(page)
        look_endpoints.register(page)
    demo.queue(default_concurrency_limit=64, max_size=512)
    return demo


def _remembered(page: Page, name: str) -> gr.BrowserState:
    """The last job of a tab, kept by the browser."""
    return gr.BrowserState("", storage_key=f"studio-{name}", secret=page.settings.data_dir.name)


def _moments_to_ranking(page: Page, tabs: gr.Tabs, moments: HighlightsTab, viral: ViralTab) -> None:
    """A button under the moments ranks them in the next tab."""
    moments.rank.click(lambda: gr.Tabs(selected="viral"), None, tabs, **QUIET).then(
        viral.work(page).start_mine, [moments.clips, *viral.settings], viral.outputs, **QUIET
    )


def _film_to_moments(page: Page, tabs: gr.Tabs, dub: DubTab, moments: HighlightsTab) -> None:
    """A button under the dub's map looks for moments in its film."""
    dub.send.click(
        lambda: gr.Tabs(selected="highlights"), None, tabs, **QUIET,
    ).then(moments.work(page).start_on, [dub.analysed, *moments.inputs], moments.outputs, **QUIET)  # fmt: skip


def _greet(request: gr.Request) -> str:
    return _header(language_of(request))


def _header(language: str) -> str:
    """Without a language only what needs no words, until it is known who reads."""
    tagline = html.escape(tell("ui.tagline", language)) if language else ""
    theme = html.escape(tell("ui.theme", language)) if language else ""
    button = (
        f'<button type="button" data-theme aria-label="{theme}" title="{theme}">{_MOON}</button>{_help(language)}'
        if language
        else ""
    )
    name = html.escape(tell("ui.language", language)) if language else ""
    words = attr(json.dumps(own_words(language) if language else {}))
    api = attr(tell("ui.api", language)) if language else ""
    return (
        f'<header class="studio studio-head" data-words="{words}" data-api="{api}"><h1>Reelify &amp; SyncDub</h1><p>{tagline}</p>'
        f'<nav aria-label="{name}">{_switch(language)}{button}</nav>{help_sheet(language) if language else ""}</header>'
    )


def _help(language: str) -> str:
    words = attr(tell("ui.keys", language))
    return f'<button type="button" data-keys aria-label="{words}" title="{words}" aria-keyshortcuts="?">?</button>'


def _switch(language: str) -> str:
    """A link to the page in every language; the one being read is marked."""
    marks = {tag: ' aria-current="true"' if tag == language else "" for tag in languages()}
    return "".join(
        f'<a href="?lang={tag}" lang="{tag}" hreflang="{tag}"{mark}>{html.escape(catalogue(tag).get("language.name", tag))}</a>'
        for tag, mark in marks.items()
    )
