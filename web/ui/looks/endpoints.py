"""Kept looks for programs: endpoints of the Gradio client that list, keep and forget them."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from pipeline.captions.styles import STYLES
from pipeline.errors import BadRequest, StudioError
from reelify.looks.kits import FILES, Kits, of_json
from web.ui.following import Page, chosen_source, owner_of, shown
from web.ui.media_field import MediaField


def register(page: Page) -> None:
    """Adds the endpoints to the Blocks being built."""
    work = LookEndpoints(page)
    name, body, answer = (
        gr.Textbox(visible=False, label="name"),
        gr.Textbox("{}", visible=False, label="look"),
        gr.JSON(visible=False),
    )
    files = [MediaField(visible=False, file_count="single", label=kind) for kind in FILES]
    for api_name, function, inputs in (
        ("looks", work.looks, []),
        ("keep_look", work.keep_look, [name, body, *files]),
        ("forget_look", work.forget_look, [name]),
    ):
        button = gr.Button(visible=False)
        button.click(function, inputs, answer, api_name=api_name, concurrency_limit=None, show_progress="hidden")


class LookEndpoints:
    """What they do; the names of their parameters and their words are those that programs see."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def looks(self, request: gr.Request) -> dict[str, Any]:
        """The looks that were kept, and the captions' looks that the service brings."""
        kept = Kits.of(self.page.settings.data_dir, owner_of(request)).all()
        return {"looks": [kit.to_json() for kit in kept], "caption_styles": {n: s.to_json() for n, s in STYLES.items()}}

    def keep_look(
        self, name: str, look: str, font: Any = None, logo: Any = None, intro: Any = None, outro: Any = None, music: Any = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> dict[str, Any]:  # fmt: skip
        """Keep a look for clips under a name, to be named as their brand or as their caption style.

        Args:
            name: what to call it.
            look: JSON, {"style": caption style, "logo_place", "logo_size", "logo_opacity", "end_card", "colour", "music_level", "ducking"}.
            font: font file (TTF, OTF) of the captions.
            logo: picture in a corner.
            intro: video before every clip.
            outro: video after every clip.
            music: music under every clip.
        """
        given = dict(zip(FILES, (font, logo, intro, outro, music), strict=True))
        try:
            files = {k: chosen_source(self.page, v, None, request, probe=False).path for k, v in given.items() if v}
            kit = of_json({**_object(look), "name": name}, files)
            kept = Kits.of(self.page.settings.data_dir, owner_of(request)).save(kit, self.page.engine.probe)
        except StudioError as error:
            raise shown(error, request) from error
        return {"look": kept.to_json()}

    def forget_look(self, name: str, request: gr.Request) -> dict[str, Any]:
        """Forget a kept look and its files.

        Args:
            name: what it is called.
        """
        try:
            Kits.of(self.page.settings.data_dir, owner_of(request)).remove(name)
        except StudioError as error:
            raise shown(error, request) from error
        return self.looks(request)


def _object(text: str) -> dict[str, Any]:
    """A JSON object. Raises BadRequest."""
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise BadRequest(detail=text[:200]) from error
    if not isinstance(found, dict):
        raise BadRequest(detail=text[:200])
    return found
