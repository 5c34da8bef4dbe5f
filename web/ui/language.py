"""Which language a visitor reads, and the page's words in all of them.

Labels made at start go through ``gr.I18n`` and follow the browser. Words made at run time (progress, tables, errors) are put into
:func:`language_of` the request. The visitor's own choice (the switch in the header) is a cookie that answers for both: see
:mod:`web.ui.page_language`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import gradio as gr

from pipeline.messages import Message, catalogue, choose_language, clock, languages, say
from web.ui.page_language import chosen_language


def words() -> gr.I18n:
    """Every template of every language, for labels that the browser puts into words."""
    theirs = {tag: {code: tell(ours, tag) for code, ours in THEIR_CODES.items()} for tag in languages()}
    return gr.I18n(**{tag: {**catalogue(tag), **theirs[tag]} for tag in languages()})


def label(code: str) -> Any:
    """A label made at start: the browser shows ``code`` in the visitor's language."""
    return gr.I18n()(code)


def language_of(request: Any) -> str:
    """What somebody who sends ``request`` (Gradio's or FastAPI's) reads: the visitor's choice, else the browser's, else English."""
    headers = getattr(request, "headers", None) or {}
    return chosen_language(headers.get("cookie", "")) or choose_language(headers.get("accept-language"))


def tell(code: str, language: str, **values: Any) -> str:
    """Words made at run time."""
    return say(Message(code, values), language)


THEIR_CODES: Mapping[str, str] = {
    "upload_text.drop_file": "ui.gradio.drop",
    "upload_text.click_to_upload": "ui.gradio.click",
    "blocks.connection_can_break": "ui.gradio.leave",
    "blocks.long_requests_queue": "ui.gradio.busy",
    "blocks.lost_connection": "ui.gradio.lost",
    "blocks.waiting_for_inputs": "ui.gradio.uploading",
}
"""What Gradio says in a language of the visitor's, but not as this page speaks to people (in Spanish of "usted", or of places that are not
here): its code → ours."""
OWN_WORDS: Mapping[str, str] = {
    "Filter...": "ui.gradio.filter",
    "Enter text to filter the table": "ui.gradio.filter_help",
    "Copy table data": "ui.gradio.copy",
    "Fullscreen": "ui.gradio.fullscreen",
    "full-screen": "ui.gradio.fullscreen",
    "Enter fullscreen": "ui.gradio.fullscreen",
    "Exit fullscreen": "ui.gradio.exit_fullscreen",
    "Exit fullscreen mode": "ui.gradio.exit_fullscreen",
    "View in full screen": "ui.gradio.fullscreen",
    "Table actions": "ui.gradio.table_actions",
    "Open cell menu": "ui.gradio.cell_menu",
    "Click to upload or drop files": "ui.gradio.upload",
    "File upload": "ui.gradio.file",
    "Gradio footer navigation": "ui.gradio.footer",
    "More tabs": "ui.gradio.more_tabs",
    "Reset to default value": "ui.gradio.reset",
    "Remove this file": "ui.gradio.remove",
    "Stop Recording": "ui.gradio.recording",
    "Loading": "ui.gradio.loading",
    "play-pause-replay-button": "ui.gradio.play",
    "Adjust volume": "ui.gradio.volume",
    "Download": "ui.gradio.download",
    "number input for ": "ui.gradio.number",
    "range slider for ": "ui.gradio.slider",
}
"""What Gradio's components say in English to everybody, mostly to screen readers; a text that ends with a space is a beginning."""


def own_words(language: str) -> dict[str, str]:
    """Gradio's own words → ours, for ``assets/page/header.js``."""
    return {theirs: tell(code, language) for theirs, code in OWN_WORDS.items()}


def percent(share: float, language: str) -> str:
    """``0.72`` → ``72%``, in Spanish ``72 %``."""
    return tell("language.percent", language, n=round(100 * share))


def precise(seconds: float, language: str) -> str:
    """A time with tenths: ``0:18.3``, ``1:02:28.0``, with the decimal sign of the language."""
    tenths = round(10 * max(0.0, seconds))
    return f"{clock(tenths // 10)}{tell('language.decimal', language)}{tenths % 10}"


def moment(seconds: float) -> str:
    """A time since the epoch as HTML that the browser puts into the visitor's own zone and language."""
    stamp = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    return f'<time datetime="{stamp}">{stamp[:16].replace("T", " ")} UTC</time>'
