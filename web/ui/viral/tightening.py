"""What a clip does without, on the page: the wishes, and the list of what went with a tick to bring each back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import BadRequest, StudioError
from pipeline.messages import format_number
from reelify.requests import CompileRequest, Place
from web.ui.following import Page, asker, follow, shown
from web.ui.language import label, language_of, precise, tell
from web.ui.viral.work import ViralWork

MOST = 400
"""Lines of the list; more than that nobody ticks."""


@dataclass(frozen=True)
class Receipts:
    """What went of the clip that was made last: ``gone`` has a line for each, ticked to come back; ``again`` makes the clip once more."""

    job: gr.State
    gone: gr.CheckboxGroup
    again: gr.Button

    @property
    def outputs(self) -> list[Any]:
        return [self.gone, self.again]


def controls() -> dict[str, Any]:
    """The wishes, by the field of the request that each stands for."""
    with gr.Accordion(label("ui.tighten.title"), open=False):
        return {
            "tighten": gr.Checkbox(False, label=label("ui.tighten.on"), info=label("ui.tighten.on_info"), elem_id="viral-tighten"),
            "longest_pause": gr.Slider(0, 3, 0.6, step=0.1, label=label("ui.tighten.pauses"), info=label("ui.tighten.pauses_info")),
            "fillers": gr.Checkbox(True, label=label("ui.tighten.fillers")),
            "repeats": gr.Checkbox(True, label=label("ui.tighten.repeats")),
            "punch_in": gr.Checkbox(False, label=label("ui.tighten.punch_in")),
        }  # fmt: skip


def receipts() -> Receipts:
    """Draws the list; it is hidden until something went."""
    gone = gr.CheckboxGroup(
        visible=False, label=label("ui.tighten.went"), info=label("ui.tighten.went_info"), elem_id="viral-receipts"
    )
    return Receipts(gr.State(""), gone, gr.Button(label("ui.tighten.again"), visible=False, elem_id="viral-again"))


class TightenWork:
    """The handlers of the list."""

    def __init__(self, page: Page, work: ViralWork) -> None:
        self.page, self.work = page, work

    def listed(self, job_id: str, request: gr.Request) -> tuple[Any, Any]:
        """The list of a clip just made; hidden where nothing went."""
        try:
            result = self.page.job(job_id, request).result or {}
        except StudioError:
            result = {}
        removed, language = result.get("removed", [])[:MOST], language_of(request)
        lines = [(_line(r, language), n) for n, r in enumerate(removed)]
        back = [n for n, r in enumerate(removed) if not r["gone"]]
        told = tell("result.tightened", language, seconds=result.get("saved", 0.0), n=len(removed))
        there = bool(lines)
        return gr.update(choices=lines, value=back, visible=there, label=told), gr.update(visible=there)

    def again(self, job_id: str, back: list[int], request: gr.Request) -> Iterator[tuple[Any, Any]]:
        """Makes the clip once more with what is ticked; nothing is analysed again."""
        try:
            made = self.page.job(job_id, request)
            wanted = restored(made.asked(CompileRequest), (made.result or {}).get("removed", []), back)
            made_by = self.page.jobs.submit(wanted, asker(request), title=made.title)
        except StudioError as error:
            raise shown(error, request) from error
        language = language_of(request)
        for card, job in follow(self.page, made_by, language):
            yield (card + self.work.made(job, language), made_by) if job.is_finished else (card, gr.skip())


def restored(asked: CompileRequest, removed: Sequence[Mapping[str, Any]], back: Sequence[int]) -> CompileRequest:
    """The same request with the stretches of ``back`` (numbers of ``removed``) kept.

    Raises:
        BadRequest: a number that is not on the list.
    """
    if not all(isinstance(n, int) and 0 <= n < len(removed) for n in back):
        raise BadRequest(detail=str(back)[:80])
    places = tuple(Place(removed[n]["start"], removed[n]["end"], Path(removed[n]["source"])) for n in back)
    return replace(asked, restored=places)


def _line(removed: Mapping[str, Any], language: str) -> str:
    seconds = format_number(removed["end"] - removed["start"], 1, language)
    said = f" «{removed['text']}»" if removed["text"] else ""
    return (
        f"{precise(removed['start'], language)} · {tell('ui.tighten.' + removed['kind'], language)}{said} · {seconds} s"
    )


def wire(page: Page, work: ViralWork, made: gr.HTML, list_: Receipts, quiet: Mapping[str, Any]) -> None:
    """Connects the list; ``list_.job`` is set by who makes a clip."""
    mine = TightenWork(page, work)
    list_.job.change(mine.listed, list_.job, list_.outputs, **quiet)
    list_.again.click(mine.again, [list_.job, list_.gone], [made, list_.job], **quiet)
