"""The viral clips tab."""

from __future__ import annotations

import gradio as gr

from web.ui.work import Page


def build(page: Page, demo: gr.Blocks, clips: gr.State) -> None:
    gr.Markdown("…")
