"""The drop zone as a component of the page; its words and what it holds come with the first answer."""

from __future__ import annotations

import gradio as gr

from web.ui.theme import asset


def drop_zone(tab: str) -> gr.HTML:
    """The place of a tab's zone. It fires ``go`` and ``also``."""
    return gr.HTML("", js_on_load=asset("zone.js"), elem_id=f"{tab}-zone", elem_classes="zone-place")
