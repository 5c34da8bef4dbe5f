"""Where a tab shows its job's card and what was wrong with what was given."""

from __future__ import annotations

import gradio as gr

from web.ui.theme import asset


def progress_place(elem_id: str) -> gr.HTML:
    """The place of a card. It fires ``stop`` with ``{"job": id}``."""
    return gr.HTML("", js_on_load=asset("running.js"), elem_id=elem_id, elem_classes="progress-place")


def wrong_place(tab: str) -> gr.HTML:
    """What the server found wrong; ``assets/page/flow.js`` puts it at its field."""
    return gr.HTML("", elem_id=f"{tab}-wrong", elem_classes="wrong-place")
