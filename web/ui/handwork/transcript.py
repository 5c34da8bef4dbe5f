"""What is said in a video, beside its timeline: words to play from, to choose for a clip, to strike out, to find.

Only the frame: ``assets/page/said.js`` fetches the words of :mod:`web.desk` once they are to be seen, for a long film has very many.
"""

from __future__ import annotations

import html

from web.ui.language import tell
from web.ui.timeline import attr


def lane(language: str) -> str:
    """The lane of the timeline that shows when somebody speaks."""
    return f'<div class="tl-lane speech"><span>{html.escape(tell("ui.said.lane", language))}</span><b></b></div>'


def transcript(where: str, language: str) -> str:
    """The transcript of the file that ``where`` names (:func:`web.ui.timeline.beside`); its words come when it is there."""
    name, find = attr(tell("ui.said", language)), attr(tell("ui.said.find", language))
    return (
        f'<section class="said-panel" data-of="{attr(where)}" aria-label="{name}"><div class="said-bar">'
        f'<input type="search" data-find aria-label="{find}" placeholder="{find}" enterkeyhint="search"><output data-found aria-live="polite"></output>'
        f"{_button('find-back', '↑', language)}{_button('find-on', '↓', language)}</div>"
        f'<div class="studio-tools said-acts">{_act("clip", language)}{_act("strike", language)}{_act("copy", language)}'
        f'<output data-chosen aria-live="polite" data-none="{attr(tell("ui.said.none", language))}"></output></div>'
        f'<div class="said-words" tabindex="0" role="group" aria-label="{attr(tell("ui.said.words", language))}"></div></section>'
    )


def _button(act: str, sign: str, language: str) -> str:
    name = attr(tell(f"ui.said.{act}", language))
    return f'<button type="button" data-said="{act}" aria-label="{name}" title="{name}">{sign}</button>'


def _act(act: str, language: str) -> str:
    off = "" if act == "copy" else " disabled"
    keys = {"clip": "Enter", "strike": "Delete"}.get(act, "")
    more = {"strike": "unstrike", "copy": "copied"}.get(act)
    other = f' data-other="{attr(tell(f"ui.said.{more}", language))}"' if more else ""
    shortcut = f' aria-keyshortcuts="{keys}"' if keys else ""
    return f'<button type="button" data-said="{act}"{off}{shortcut}{other}>{html.escape(tell(f"ui.said.{act}", language))}</button>'
