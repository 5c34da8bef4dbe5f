"""How each shot of a clip fills its shape, as it was decided, and what the visitor may have instead (``assets/page/frames.js``)."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from pipeline.framing.layouts import HANDS
from web.ui.language import precise, tell
from web.ui.timeline import attr

MOST = 200
"""Shots of a list; nobody sets more by hand."""
CHOICES = ("follow", *(kind for kind in HANDS if kind != "follow"))


def shots_list(clip: Mapping[str, Any], language: str) -> str:
    """The shots of a clip that was made in another shape than its film's; nothing of one that was not."""
    layouts = clip.get("layouts") or ()
    if not layouts:
        return ""
    rows = "".join(_shot(one, language) for one in layouts[:MOST])
    title = tell("ui.frames.title", language, n=len(layouts))
    return f'<details class="shots"><summary>{html.escape(title)}</summary>{rows}</details>'


def _shot(layout: Mapping[str, Any], language: str) -> str:
    at = precise(layout["start"], language)
    options = "".join(f'<option value="{kind}">{_kind(kind, language)}</option>' for kind in CHOICES)
    reason = tell("layout." + layout["reason"], language)
    decided = f"{_kind(layout['kind'], language)} · {html.escape(reason)}"
    return (
        f'<div class="shot" data-shot data-start="{layout["start"]}" data-end="{layout["end"]}">'
        f"<span>{at}–{precise(layout['end'], language)}<small>{decided}</small></span>"
        f'<select aria-label="{attr(tell("ui.frames.shot", language, at=at))}">{options}</select>'
        f'<input type="range" min="0" max="100" step="1" value="50" hidden aria-label="{attr(tell("ui.frames.middle", language, at=at))}"></div>'
    )


def _kind(kind: str, language: str) -> str:
    return html.escape(tell(f"ui.frames.{kind}", language))
