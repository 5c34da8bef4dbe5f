"""A clip's own words to post it with, and its score as a bar with its number. The same on the cards of both clip tabs."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from web.ui.language import percent, tell
from web.ui.timeline import attr

COLUMNS = ("title", "description", "tags")
"""What a table for other programs holds beside the score."""


def to_post(labels: Mapping[str, Any], language: str) -> str:
    """Title, description and tags with a button that copies all three; nothing where nothing is said.

    ``labels`` has ``title``, ``description`` and ``tags`` as in a clip's JSON.
    """
    title, description, tags = _of(labels)
    if not title:
        return ""
    signs = [f"#{tag}" for tag in tags]
    whole = "\n\n".join(part for part in (title, description, " ".join(signs)) if part)
    said = f"<p>{html.escape(description)}</p>" if description and description != title else ""
    marks = "".join(f"<li>{html.escape(sign)}</li>" for sign in signs)
    return (
        f'<div class="post" role="group" aria-label="{attr(tell("ui.suggested", language))}"><header><h3>{html.escape(title)}</h3>'
        f'<button type="button" data-copy="{attr(whole)}" data-copied="{attr(tell("ui.copied", language))}" aria-live="polite">'
        f"{html.escape(tell('ui.copy', language))}</button></header>{said}{f'<ul>{marks}</ul>' if marks else ''}</div>"
    )


def share_button(address: str, language: str) -> str:
    """A button that makes a link to the file at ``address`` and copies it."""
    copied, failed = (attr(tell(f"ui.share.{w}", language, when="{when}")) for w in ("copied", "failed"))
    return (
        f'<button type="button" class="link-button" data-share="{attr(address)}" data-copied="{copied}" data-failed="{failed}" aria-live="polite">'
        f"{html.escape(tell('ui.share', language))}</button>"
    )


def score_bar(score: float, language: str) -> str:
    """A score in [0, 1] as a bar and as a number out of 100."""
    worth, name = round(100 * score), attr(tell("ui.table.score", language))
    return (
        f'<div class="worth"><div class="score" role="img" aria-label="{name}: {percent(score, language)}">'
        f'<i style="width:{worth}%"></i></div><b title="{name}">{worth}<small>/100</small></b></div>'
    )


def columns(labels: Mapping[str, Any], language: str) -> dict[str, str]:
    """Title, description and tags as cells of a table, by their names in ``language``."""
    title, description, tags = _of(labels)
    cells = (title, description, " ".join(tags))
    return {tell(f"ui.table.{name}", language): cell for name, cell in zip(COLUMNS, cells, strict=True)}


def _of(labels: Mapping[str, Any]) -> tuple[str, str, Sequence[str]]:
    return str(labels.get("title") or ""), str(labels.get("description") or ""), labels.get("tags") or ()
