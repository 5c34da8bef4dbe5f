"""What a job of many parts is made of, as a list: each film of a season or video of a folder with the ways to it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import gradio as gr

from web.ui.language import tell
from web.ui.theme import asset
from web.ui.timeline import attr

REVIEW_PLACE = "sync-review"
"""Where a review is on the page; what opens one leads there."""


ACTS = {
    "queued": ("open", "cancel"),
    "running": ("open", "cancel"),
    "done": ("open",),
    "failed": ("retry",),
    "cancelled": ("retry",),
}
"""What can be done with a part, by the state of its job."""


@dataclass(frozen=True, slots=True)
class Child:
    """One part: ``name`` and what is ``said`` of it, the job that makes it, what can be done with that, and the address of its file."""

    name: str
    said: Sequence[str]
    job: str = ""
    acts: Sequence[str] = ()
    file: str = ""


class PartsWork(Protocol):
    """The handlers of a section with a job of many parts."""

    @property
    def open(self) -> Callable[..., Any]:
        """Shows the job that a project leads to."""

    @property
    def look(self) -> Callable[..., Any]:
        """Draws the section anew from its job."""


Work = TypeVar("Work", bound=PartsWork, covariant=True)


@dataclass(frozen=True)
class PartsSection(Generic[Work]):
    """A section with a job of many parts: its handlers, the components they fill, the job that is shown, and the list of its parts."""

    work: Work
    outputs: list[Any]
    task: gr.BrowserState
    parts: gr.HTML


def children_place(elem_id: str) -> gr.HTML:
    """The place of a list. It fires ``select`` with ``{"act", "job", "place"}``."""
    return gr.HTML("", js_on_load=asset("children.js"), elem_id=elem_id, elem_classes="children-place")


def unfolded(there: bool) -> Any:
    """The section of such a job, unfolded or as it is: what a load of the page answers late folds nothing that somebody opened meanwhile."""
    return gr.update(open=True, visible=True) if there else gr.update(visible=True)


def children_list(children: Sequence[Child], title: str, language: str, whole: str) -> str:
    """The parts that have a job, as HTML; empty where none has. ``whole`` is the job of all, which is stopped with what still goes on."""
    rows = "".join(_row(child, language) for child in children if child.job)
    if not rows:
        return ""
    return f'<div class="children-head"><h3>{html.escape(title)}</h3>{_stop(children, whole, language)}</div><ul class="children">{rows}</ul>'


def _stop(children: Sequence[Child], whole: str, language: str) -> str:
    """The button that stops all parts, where more than one goes on."""
    if sum("cancel" in child.acts for child in children) < 2:
        return ""
    words = html.escape(tell("ui.act.cancel_all", language))
    return f'<div class="acts"><button type="button" data-act="cancel" data-job="{whole}">{words}</button></div>'


def _row(child: Child, language: str) -> str:
    said = html.escape(" · ".join(filter(None, child.said)))
    acts = "".join(_button(act, child, language) for act in child.acts)
    if child.file:
        words = html.escape(tell("ui.act.download", language))
        acts += f'<a href="{attr(child.file)}" download aria-label="{words}: {attr(child.name)}">{words}</a>'
    return (
        f'<li data-job="{child.job}"><p><b>{html.escape(child.name)}</b><span class="soft">{said}</span></p>'
        f'<div class="acts">{acts}</div></li>'
    )


def _button(act: str, child: Child, language: str) -> str:
    words = html.escape(tell(f"ui.act.{act}", language))
    to = f' data-to="{REVIEW_PLACE}"' if act == "review" else ""
    return (
        f'<button type="button" data-act="{act}" data-job="{child.job}"{to} aria-label="{words}: {attr(child.name)}">'
        f"{words}</button>"
    )
