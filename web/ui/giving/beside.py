"""What may be given beside a video: its subtitles, and names as they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from pipeline.errors import BadRequest
from pipeline.written.reading import FORMS
from web.ui.following import QUIET, Page, chosen_source
from web.ui.language import label
from web.ui.media_field import MediaField


def words_field(elem_id: str) -> gr.Textbox:
    """Names and brands, separated by commas."""
    return gr.Textbox(label=label("ui.words"), info=label("ui.words_info"), max_lines=2, elem_id=elem_id)


def remember_words(page: Page, demo: gr.Blocks, fields: Sequence[gr.Textbox]) -> None:
    """Keeps the names in the browser: those of one tab are those of all, also the next time."""
    kept = gr.BrowserState("", storage_key="studio-words", secret=page.settings.data_dir.name)
    for field in fields:
        others = [other for other in fields if other is not field]
        field.blur(lambda words: [words] * len(fields), field, [kept, *others], **QUIET)
    demo.load(lambda words: [words or ""] * len(fields), kept, list(fields), **QUIET)


def subtitles_field(elem_id: str) -> MediaField:
    """A file of subtitles that is what is said."""
    return MediaField(
        label=label("ui.subtitles"), file_count="single", type="filepath", file_types=list(FORMS), elem_id=elem_id
    )


def with_subtitles(page: Page, chosen: Mapping[str, Any], request: gr.Request | None) -> dict[str, Any]:
    """``chosen`` with the file that its ``subtitles`` name, which go through the one gate; without where none were given.

    Raises:
        UserError: there is no such file, or it is somebody else's.
        BadRequest: it is no file of subtitles.
    """
    rest = {name: value for name, value in chosen.items() if name != "subtitles"}
    named = chosen.get("subtitles")
    if not named:
        return rest
    found = chosen_source(page, str(named), None, request, probe=False)
    if found.url or found.path.suffix.lower() not in FORMS:
        raise BadRequest("error.subtitles_unreadable", name=found.name)
    return {**rest, "subtitles": found.path}
