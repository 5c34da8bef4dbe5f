"""The components that say how captions look, and the panel that keeps a look of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.captions.fonts import BRAND_FONTS
from pipeline.captions.styles import OWN, RANGES, STYLES, CaptionStyle
from pipeline.render.quality import QUALITIES
from reelify.looks.platforms import PLATFORMS
from web.ui.language import label
from web.ui.media_field import MediaField
from web.ui.theme import script

CHOICES: Mapping[str, tuple[str, ...]] = {
    "font": ("", *BRAND_FONTS, OWN),
    "case": ("said", "upper", "lower"),
    "mark": ("colour", "box", "scale", "pop", "fill", "none"),
    "back": ("none", "line", "block", "bar"),
    "place": ("bottom", "middle", "top"),
}
COLOURS = ("colour", "highlight", "key", "second", "outline_colour", "back_colour")
STEPS: Mapping[str, float] = {"scale": 0.05, "words": 1, "outline": 0.01, "shadow": 0.005, "opacity": 0.05}


def chosen() -> dict[str, Any]:
    """The components of a tab by the field of the request that each stands for."""
    return {
        "caption_style": gr.Dropdown(
            named_styles(), value=next(iter(STYLES)), label=label("ui.looks.style"), allow_custom_value=True,
            elem_id="looks-style",
        ),
        "platform": gr.Dropdown(
            [(label("ui.platform.none"), ""), *((label(f"ui.platform.{name}"), name) for name in PLATFORMS)], value="",
            label=label("ui.looks.platform"), info=label("ui.looks.platform_info"), elem_id="looks-platform",
        ),
        "also": gr.Textbox(label=label("ui.looks.also"), placeholder="4:5,1:1", max_lines=1, elem_id="looks-also"),
        "quality": gr.Radio(
            [(label(f"ui.quality.{name}"), name) for name in QUALITIES], value=next(iter(QUALITIES)), label=label("ui.looks.quality")
        ),
        "brand": gr.Dropdown([(label("ui.looks.no_brand"), "")], value="", label=label("ui.looks.brand"), elem_id="looks-brand"),
    }  # fmt: skip


def named_styles(kept: Mapping[str, str] | None = None) -> list[tuple[Any, str]]:
    """The captions' looks there are to choose from, those that were ``kept`` last."""
    return [*((label(f"ui.caption_style.{name}"), name) for name in STYLES), *((name, name) for name in kept or ())]


@dataclass(frozen=True)
class Panel:
    """The panel that keeps a look: ``fields`` by the field of the caption style, ``name`` and ``font`` of the look."""

    fields: dict[str, Any]
    name: gr.Textbox
    font: MediaField
    keep: gr.Button
    forget: gr.Button
    see: gr.Button
    preview: gr.HTML
    where: gr.State

    @property
    def inputs(self) -> list[Any]:
        return [self.name, self.font, *self.fields.values()]


def panel() -> Panel:
    """Draws the panel."""
    with gr.Accordion(label("ui.looks.own"), open=False, elem_id="looks-own"):
        plain = CaptionStyle()
        with gr.Row():
            fields = {name: _field(name, getattr(plain, name)) for name in plain.to_json()}
        font = MediaField(label=label("ui.looks.font_file"), file_count="single", type="filepath", elem_id="looks-font")
        name = gr.Textbox(label=label("ui.looks.name"), max_lines=1, elem_id="looks-name")
        with gr.Row():
            keep = gr.Button(label("ui.looks.keep"), size="sm", elem_id="looks-keep")
            forget = gr.Button(label("ui.looks.forget"), size="sm", elem_id="looks-forget")
    see = gr.Button(label("ui.looks.see"), size="sm", elem_id="looks-see")
    preview = gr.HTML(js_on_load=script("captions.js", "preview.js"), elem_id="looks-preview")
    return Panel(fields, name, font, keep, forget, see, preview, gr.State({"n": 1, "time": 0.5}))


def _field(name: str, value: Any) -> Any:
    words = label(f"ui.looks.{name}")
    if name in CHOICES:
        options = [
            (label(f"ui.looks.{name}.{o or 'main'}"), o) if name != "font" or o in ("", OWN) else (o, o)
            for o in CHOICES[name]
        ]
        return gr.Dropdown(options, value=value, label=words, min_width=140)
    if name in COLOURS:
        return gr.ColorPicker(value or None, label=words, min_width=110)
    low, high = RANGES[name]
    return gr.Slider(low, high, value, step=STEPS[name], label=words, min_width=160)
