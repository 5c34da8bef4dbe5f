"""The sheet of keys, opened by ``?``; what they do is in ``assets/page/keys.js``, ``edit.js`` and ``sync.js``."""

from __future__ import annotations

import html

from web.ui.language import tell
from web.ui.timeline import attr

KEYS = (
    ("Space · K", "play"), ("J · L", "speed"), ("← →", "frame"), ("Shift ← →", "second"), ("I · O", "edges"), ("↑ ↓", "clips"), ("M", "add"), ("S · G", "divide"), ("D · X", "copies"),
    ("+ · − · 0", "zoom"), ("Shift ← →", "words"), ("Delete", "strike"),
    ("Ctrl Z", "undo"), ("Ctrl Shift Z", "redo"), ("Tab, ← →", "edge"), ("?", "sheet"),
)  # fmt: skip
"""Keys and the ends of their words' codes."""


NAMED = {"Space": "ui.key.space", "Shift": "ui.key.shift", "Delete": "ui.key.delete"}
"""Keys whose names depend on the language."""


def help_sheet(language: str) -> str:
    """The sheet as a closed dialog."""
    rows = "".join(
        f"<div><dt>{''.join(f'<kbd>{html.escape(_key(k, language))}</kbd>' for k in keys.split(' · '))}</dt>"
        f"<dd>{html.escape(tell(f'ui.keys.{code}', language))}</dd></div>"
        for keys, code in KEYS
    )
    name, close = html.escape(tell("ui.keys", language)), attr(tell("ui.zone.close", language))
    return (
        f'<dialog class="picker keys" aria-label="{name}"><header><b>{name}</b><button type="button" data-close aria-label="{close}">✕</button></header>'
        f"<dl>{rows}</dl></dialog>"
    )


def _key(name: str, language: str) -> str:
    """A key, or several pressed together, as it is called on keyboards of the language."""
    return " ".join(tell(NAMED[part], language) if part in NAMED else part for part in name.split(" "))
