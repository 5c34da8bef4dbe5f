"""The review on the page: a place is chosen, film and dub are seen and heard there, it is ticked and noted."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from pipeline.messages import clock
from syncdub.batch.report import measured
from syncdub.making.look import MODES
from web.jobs.queue import Job
from web.review import work
from web.ui.following import QUIET, Page, shown
from web.ui.language import label, language_of, percent, tell

REVIEW = "review"
"""What opens a project for this section: ``<task> <when> review`` or ``… review <key of a place>``."""


class Review:
    """The handlers of the section."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def opened(self, request: gr.Request, task: str, asked: str = "") -> Any:
        """The places of a task, worst first, ticked ones marked; hidden where there are none. ``asked`` is how a project was opened last:
        where it was this one at a place, that place is chosen, else the first without a tick."""
        if not task:
            return gr.update(visible=False), gr.skip()
        try:
            told = work.listed(self.page.job(task, request))
        except StudioError:
            return gr.update(visible=False), gr.skip()
        language = language_of(request)
        choices = [(place_name(p, language), p["key"]) for p in told]
        wanted = next((p["key"] for p in told if [task, p["key"]] == _asked(asked)), None)
        first = wanted or next((p["key"] for p in told if not p["ticked"]), None)
        return gr.update(visible=bool(told)), gr.update(choices=choices, value=first)

    def place(self, request: gr.Request, task: str, key: str | None, mode: str, which: str) -> Any:
        """What is seen and heard at a place, and what was said of it."""
        job, found = self._found(request, task, key)
        if job is None or found is None:
            return tuple(gr.skip() for _ in range(6))
        seen, heard = self._sensed(request, job, found, mode, which)
        ways = gr.update(visible=seen["visible"])  # nothing is compared where the dub has no picture
        return seen, heard, self._drawn(request, job, found), found["ticked"], found["note"], ways

    def asked(self, opened: str) -> Any:
        """The section unfolded where a project was opened to be reviewed."""
        return gr.update(open=f" {REVIEW}" in opened) if opened else gr.skip()

    def _drawn(self, request: gr.Request, job: Job, found: dict[str, Any]) -> str:
        """The three sounds around a place as a drawing, with their names."""
        folder, language = work.home(self.page.settings, job), language_of(request)
        try:
            drawing = work.waves(self.page.engine, job, found["at"], folder).read_text(encoding="utf-8")
        except StudioError:
            return ""
        names = "".join(f"<li>{html.escape(tell(f'ui.sync.listen.{w}', language))}</li>" for w in work.SOUNDS)
        said = html.escape(tell("ui.review.waves", language))
        return f'<figure class="studio waves"><ul>{names}</ul>{drawing}<figcaption>{said}</figcaption></figure>'

    def again(self, request: gr.Request, task: str, key: str | None, mode: str, which: str) -> Any:
        """The same place in another way."""
        job, found = self._found(request, task, key)
        return (
            (gr.skip(), gr.skip()) if job is None or found is None else self._sensed(request, job, found, mode, which)
        )

    def say(self, request: gr.Request, task: str, key: str | None, ticked: bool, note: str) -> Any:
        """Keeps a tick and a note, and goes on to the next place that has none where it was ticked."""
        try:
            work.mark(self.page.job(task, request), key or "", ticked=ticked, note=note or "")
        except StudioError as error:
            raise shown(error, request) from error
        return self.opened(request, task, "" if ticked else f"{task} - {REVIEW} {key or ''}")[1]

    def _found(self, request: gr.Request, task: str, key: str | None) -> tuple[Job | None, dict[str, Any] | None]:
        try:
            job = self.page.job(task, request)
            return job, next((p for p in work.listed(job) if p["key"] == key), None)
        except StudioError:
            return None, None

    def _sensed(self, request: gr.Request, job: Job, found: dict[str, Any], mode: str, which: str) -> tuple[Any, Any]:
        folder, engine = work.home(self.page.settings, job), self.page.engine
        try:
            heard: Any = gr.update(value=str(work.sound(engine, job, found["at"], which, folder)), visible=True)
        except StudioError as error:
            raise shown(error, request) from error
        try:
            seen: Any = gr.update(value=str(work.picture(engine, job, found["at"], mode, folder)), visible=True)
        except StudioError:  # a dub without picture is only heard
            seen = gr.update(visible=False)
        return seen, heard


def _asked(opened: str) -> list[str]:
    """The task and the place of what opened a project to be reviewed."""
    task, _, rest = opened.partition(" ")
    return [task, rest.partition(f"{REVIEW} ")[2]]


def place_name(place: Mapping[str, Any], language: str) -> str:
    """A place in a line: when, what, how sure."""
    what = tell(f"batch.place.{place['kind']}", language, seconds=place["seconds"])
    tick = "✓ " if place["ticked"] else ""
    return f"{tick}{clock(place['at'])} · {what} · ±{measured(place['error_ms'], 'ms', language)} · {percent(place['doubt'], language)}"


@dataclass(frozen=True)
class ReviewSection:
    """What folds it, and what happens when a tick or a note was kept."""

    whole: gr.Accordion
    kept: Any


def section(page: Page, task: gr.State, asked: gr.State) -> ReviewSection:
    """Draws the section and wires it to the task that is worked on; ``asked`` is how a project was opened last."""
    review = Review(page)
    with gr.Accordion(label("ui.review"), open=False, visible=False, elem_id="sync-review") as whole:
        chosen = gr.Dropdown([], label=label("ui.review.place"), elem_id="review-place")
        with gr.Row():
            mode = gr.Radio(
                [(label(f"ui.review.{m}"), m) for m in MODES], value="side", label=label("ui.review.compare")
            )
            sounds = [(label(f"ui.sync.listen.{w}"), w) for w in work.SOUNDS]
            which = gr.Radio(sounds, value="after", label=label("ui.sync.listen"))
        with gr.Row():
            seen = gr.Image(
                visible=False, interactive=False, label=label("ui.review.picture"), buttons=[], elem_id="review-picture"
            )
            heard = gr.Video(visible=False, buttons=[], label=label("ui.player"), elem_id="review-sound")
        waves = gr.HTML(elem_id="review-waves")
        with gr.Row(elem_id="review-said"):
            ticked = gr.Checkbox(False, label=label("ui.review.ticked"), elem_id="review-ticked")
            note = gr.Textbox(label=label("ui.review.note"), max_lines=2, elem_id="review-note")
            keep = gr.Button(label("ui.review.keep"), elem_id="review-keep")
    task.change(review.opened, [task, asked], [whole, chosen], **QUIET)
    sensed = [task, chosen, mode, which]
    busy = {**QUIET, "show_progress": "full", "show_progress_on": [heard]}
    chosen.change(review.place, sensed, [seen, heard, waves, ticked, note, mode], **busy)
    mode.change(review.again, sensed, [seen, heard], **busy)
    which.change(review.again, sensed, [seen, heard], **busy)
    kept = keep.click(review.say, [task, chosen, ticked, note], chosen, **QUIET)
    return ReviewSection(whole, kept)
