"""How each shot of a clip fills its shape, as it was decided, and what the visitor may have instead (``assets/page/frames.js``)."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from pipeline.framing.layouts import HANDS
from web.ui.language import precise, tell
from web.ui.timeline import attr

MOST = 200
"""Shots of a list; nobody sets more by hand."""
CHOICES = ("follow", *(kind for kind in HANDS if kind != "follow"))


def shots_list(clip: Mapping[str, Any], aspect: str, where: str, language: str) -> str:
    """The shots of a clip. Of one made in shape ``aspect`` they stand there as they were decided; of another they are asked for once the
    list is opened and a shape is chosen: ``where`` is the clip's file (:func:`web.ui.timeline.beside`)."""
    layouts = clip.get("layouts") or ()
    if not layouts and not where:
        return ""
    rows = "".join(_shot(one, language) for one in layouts[:MOST])
    title = tell("ui.frames.title", language, n=len(layouts)) if layouts else tell("ui.frames.shots", language)
    kinds = {kind: tell(f"ui.frames.{kind}", language) for kind in (*CHOICES, "together", "stack", "inset")}
    words = {"title": tell("ui.frames.title", language, n="{n}"), "kinds": kinds} | {
        word: tell(f"ui.frames.{word}", language) for word in ("looking", "none")
    }
    blank = _row({}, "{at}", ("", ""), language)
    return (
        f'<details class="shots" data-shape="{attr(aspect if layouts else "")}" data-where="{attr(where)}" data-words="{attr(json.dumps(words))}">'
        f"<summary>{html.escape(title)}</summary><template>{blank}</template><div>{rows}</div></details>"
    )


def _shot(layout: Mapping[str, Any], language: str) -> str:
    reason = tell("layout." + layout["reason"], language)
    times = f"{precise(layout['start'], language)}–{precise(layout['end'], language)}"
    decided = f"{tell('ui.frames.' + layout['kind'], language)} · {reason}"
    at = precise(layout["start"], language)
    return _row(layout, at, (times, decided), language)


def _row(layout: Mapping[str, Any], at: str, said: tuple[str, str], language: str) -> str:
    """A shot: its picture with the frame on it, which can be dragged, and the same as a choice and a slider."""
    times, decided = said
    start, end, kind, middle = (
        layout.get(name, other) for name, other in (("start", ""), ("end", ""), ("kind", "follow"), ("middle", 0.5))
    )
    options = "".join(
        f'<option value="{one}">{html.escape(tell(f"ui.frames.{one}", language))}</option>' for one in CHOICES
    )
    name = attr(tell("ui.frames.middle", language, at=at))
    return (
        f'<div class="shot" data-shot data-start="{start}" data-end="{end}" data-kind="{kind}" data-middle="{middle}">'
        f'<div class="framed" hidden><img alt="" draggable="false"><span class="crop" tabindex="0" role="slider" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="{name}"></span></div>'
        f"<span><b>{html.escape(times)}</b><small>{html.escape(decided)}</small></span>"
        f'<select aria-label="{attr(tell("ui.frames.shot", language, at=at))}">{options}</select>'
        f'<input type="range" min="0" max="100" step="1" value="50" hidden aria-label="{name}"></div>'
    )
