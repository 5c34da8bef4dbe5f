"""The tab of projects: what it looks like and what calls what; the work is in :mod:`web.ui.projects.work`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr

from web.ui.following import QUIET, Page
from web.ui.language import label
from web.ui.projects.work import TABS, WAYS, ProjectsWork
from web.ui.running.children import PartsSection, PartsWork
from web.ui.theme import asset

EVERY = 2.0
"""Seconds between two looks while the page is open."""


@dataclass(frozen=True)
class Ways:
    """For each of :data:`web.ui.projects.work.WAYS` but the tabs the state with what was asked for there."""

    states: dict[str, gr.State]

    @classmethod
    def made(cls) -> Ways:
        """Fresh ones; what a tab asks of them is known before the tab is drawn."""
        return cls({name: gr.State("") for name in WAYS[1:]})

    @property
    def opened(self) -> list[gr.State]:
        return [self.states[tab] for tab in TABS]

    @property
    def again(self) -> list[gr.State]:
        return [self.states[f"again {tab}"] for tab in TABS]


@dataclass(frozen=True)
class ProjectsTab:
    """The tab's components."""

    search: gr.Textbox
    view: gr.HTML


def layout() -> ProjectsTab:
    """Draws the tab."""
    gr.Markdown(label("ui.projects.intro"))
    search = gr.Textbox(label=label("ui.projects.search"), max_lines=1, elem_id="projects-search")
    view = gr.HTML("", js_on_load=asset("projects.js"), elem_id="tasks-view")
    return ProjectsTab(search, view)


def wire(
    page: Page, demo: gr.Blocks, tabs: gr.Tabs, tab: ProjectsTab, ways: Ways, parts: Sequence[PartsSection[PartsWork]]
) -> None:
    """Connects the components with their work. ``parts`` are sections with lists of what a job is made of, which lead to projects too."""
    work = ProjectsWork(page)
    gr.Timer(EVERY).tick(work.look, tab.search, tab.view, **QUIET)
    demo.load(work.look, tab.search, tab.view, **QUIET)
    tab.search.input(work.look, tab.search, tab.view, **QUIET)
    led = [tabs, *ways.states.values()]
    tab.view.select(work.act, tab.search, [tab.view, *led], **QUIET)
    for part in parts:
        part.parts.select(work.lead, None, led, **QUIET).then(part.work.look, part.task, part.outputs, **QUIET)
