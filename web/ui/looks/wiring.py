"""What calls what among the components of looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from web.ui.following import QUIET, Page
from web.ui.looks.controls import Panel
from web.ui.looks.preview import PreviewWork
from web.ui.looks.work import LooksWork


def wire(page: Page, demo: gr.Blocks, menus: Mapping[str, Any], panel: Panel, running: gr.BrowserState) -> None:
    """Connects a tab's ``menus`` (the options that say how clips look) and the ``panel`` with their work; ``running`` is its job."""
    work, seen = (
        LooksWork(page, tuple(panel.fields), tuple(panel.kit)),
        PreviewWork(page, tuple(panel.fields), tuple(menus)),
    )
    both, fields = [menus["caption_style"], menus["brand"]], list(panel.fields.values())
    asked = [running, panel.where, *fields, *menus.values()]
    demo.load(work.offered, None, both, **QUIET)
    filled = menus["caption_style"].input(work.filled, menus["caption_style"], fields, **QUIET)
    filled.then(seen.update, asked, panel.preview, **QUIET)
    panel.keep.click(work.keep, panel.inputs, both, **QUIET)
    panel.forget.click(work.forget, panel.name, both, **QUIET)
    panel.see.click(seen.open, asked, [panel.preview, panel.where], **QUIET)
    panel.preview.close(seen.close, panel.where, [panel.preview, panel.where], **QUIET)
    panel.preview.apply(seen.move, [running, *fields, *menus.values()], [panel.preview, panel.where], **QUIET)
    for component in (*fields, menus["aspect"], menus["framing"], menus["platform"]):
        # A picker tells every colour on the way; the last one counts.
        component.input(seen.update, asked, panel.preview, trigger_mode="always_last", **QUIET)
