"""The tab of projects: what it looks like and what calls what; the work is in :mod:`web.ui.projects.work`."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from web.ui.following import QUIET, Page
from web.ui.language import label
from web.ui.projects.work import TABS, ProjectsWork
from web.ui.theme import asset

EVERY = 2.0
"""Seconds between two looks while the page is open."""


@dataclass(frozen=True)
class ProjectsTab:
    """``opened`` and ``again`` hold, for each of :data:`web.ui.projects.work.TABS`, the job that was asked for there."""

    search: gr.Textbox
    view: gr.HTML
    opened: list[gr.State]
    again: list[gr.State]


def layout() -> ProjectsTab:
    """Draws the tab."""
    gr.Markdown(label("ui.projects.intro"))
    search = gr.Textbox(label=label("ui.projects.search"), max_lines=1, elem_id="projects-search")
    view = gr.HTML("", js_on_load=asset("projects.js"), elem_id="tasks-view")
    return ProjectsTab(search, view, [gr.State("") for _ in TABS], [gr.State("") for _ in TABS])


def wire(page: Page, demo: gr.Blocks, tabs: gr.Tabs, tab: ProjectsTab) -> None:
    """Connects the components with their work."""
    work = ProjectsWork(page)
    gr.Timer(EVERY).tick(work.look, tab.search, tab.view, **QUIET)
    demo.load(work.look, tab.search, tab.view, **QUIET)
    tab.search.input(work.look, tab.search, tab.view, **QUIET)
    tab.view.select(work.act, tab.search, [tab.view, tabs, *tab.opened, *tab.again], **QUIET)
