"""How the clips that are ticked will be made — shape, captions, place — and about how long that takes and how large they get.

``assets/page/making.js`` reckons in the browser with what :mod:`web.desk.estimates` knows, so a tick shows at once what it costs.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.captions.styles import STYLES
from pipeline.errors import StudioError
from pipeline.render.shapes import ASPECTS, SOURCE
from reelify.looks.platforms import PLATFORMS
from reelify.requests import HighlightsRequest
from web.desk.estimates import LOOKED_AT, known
from web.jobs.queue import Job
from web.ui.following import Page
from web.ui.language import tell
from web.ui.timeline import attr

WORDS = ("clips", "size", "time", "unknown", "long", "short")


def reckoned(page: Page, job: Job) -> dict[str, Any]:
    """What is known of the costs of ``job``'s clips; empty where its video is gone."""
    try:
        info = page.engine.probe(job.asked(HighlightsRequest).source)
    except StudioError:
        return {}
    return known(info, page.jobs.list(states=("done",), limit=LOOKED_AT))


def choices(costs: Mapping[str, Any], language: str) -> str:
    """Three choices and the line that says what they cost; nothing where nothing can be made."""
    if not costs:
        return ""
    aspects = [(a, tell(f"ui.aspect.{a.replace(':', 'x')}", language)) for a in (SOURCE, *ASPECTS)]
    styles = [("", tell("ui.making.no_captions", language))] + [
        (s, tell(f"ui.caption_style.{s}", language)) for s in STYLES
    ]
    places = [("", tell("ui.platform.none", language))] + [(p, tell(f"ui.platform.{p}", language)) for p in PLATFORMS]
    fields = (
        _select("aspect", "ui.viral.aspect", aspects, language)
        + _select("style", "ui.viral.captions", styles, language)
        + _select("platform", "ui.looks.platform", places, language)
    )
    # The script fills in what stands in braces.
    words = {
        w: tell(
            f"ui.making.{w}",
            language,
            **{k: f"{{{k}}}" for k in ("n", "length", "size", "time", "made", "place", "limit")},
        )
        for w in WORDS
    }
    return (
        f'<div class="making" data-costs="{attr(json.dumps(costs))}" data-words="{attr(json.dumps(words))}"><div class="making-how">{fields}</div>'
        f'<output class="making-cost" aria-live="polite"></output></div>'
    )


def _select(name: str, code: str, options: Sequence[tuple[str, str]], language: str) -> str:
    listed = "".join(f'<option value="{attr(value)}">{html.escape(text)}</option>' for value, text in options)
    return f'<label>{html.escape(tell(code, language))}<select data-how="{name}">{listed}</select></label>'


def look_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request to cut, as the visitor chose them."""
    look: Mapping[str, str] = state.get("look", {})
    style = look.get("style", "")
    found: dict[str, Any] = {"aspect": look.get("aspect", SOURCE), "platform": look.get("platform", "")}
    return {**found, "captions": True, "caption_style": style} if style else found
