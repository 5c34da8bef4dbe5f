"""The components that say how captions look, and the panel that keeps a look of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.captions.fonts import BRAND_FONTS
from pipeline.captions.styles import OWN, RANGES, STYLES, CaptionStyle
from pipeline.render.quality import QUALITIES
from reelify.looks.kits import CORNERS, Kit
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
GROUPS: Mapping[str, tuple[str, ...]] = {
    "letters": ("font", "scale", "case", "words", "place"),
    "colours": COLOURS,
    "marks": ("mark", "outline", "shadow", "back", "opacity"),
}
"""The fields of a caption style in the sections that show them."""
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
    }  # fmt: skip


def further() -> dict[str, Any]:
    """The same, of what is asked for less often."""
    return {
        "also": gr.Textbox("", label=label("ui.looks.also"), placeholder="4:5,1:1", max_lines=1, elem_id="looks-also"),
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
    kit: dict[str, Any]
    name: gr.Textbox
    keep: gr.Button
    forget: gr.Button
    see: gr.Button
    preview: gr.HTML
    where: gr.State

    @property
    def inputs(self) -> list[Any]:
        return [self.name, *self.kit.values(), *self.fields.values()]

    def draw_preview(self) -> None:
        """Draws the preview where results are; the form with the panel is folded away once there are some."""
        self.see.render()
        self.preview.render()


def panel() -> Panel:
    """Draws the panel, all but its preview."""
    with gr.Accordion(label("ui.looks.own"), open=False, elem_id="looks-own"):
        plain = CaptionStyle()
        fields: dict[str, Any] = dict.fromkeys(plain.to_json())
        for group, names in GROUPS.items():
            with gr.Accordion(label(f"ui.looks.group.{group}"), open=False), gr.Row():
                fields |= {name: _field(name, getattr(plain, name)) for name in fields if name in names}
        kit = _kit()
        name = gr.Textbox("", label=label("ui.looks.name"), max_lines=1, elem_id="looks-name")
        with gr.Row():
            keep = gr.Button(label("ui.looks.keep"), size="sm", elem_id="looks-keep")
            forget = gr.Button(label("ui.looks.forget"), size="sm", elem_id="looks-forget")
    see = gr.Button(label("ui.looks.see"), size="md", elem_id="looks-see", elem_classes="next", render=False)
    preview = gr.HTML(js_on_load=script("captions.js", "preview.js"), elem_id="looks-preview", render=False)
    return Panel(fields, kit, name, keep, forget, see, preview, gr.State({"n": 1, "time": 0.5}))


def _kit() -> dict[str, Any]:
    """What a kept look brings beside its captions, by the field of the kit."""
    plain = Kit()
    found: dict[str, Any] = {"font": _file("font_file", "looks-font")}
    with gr.Accordion(label("ui.looks.logo_group"), open=False):
        found["logo"] = _file("logo", "looks-logo")
        corners = [(label(f"ui.looks.corner.{c}"), c) for c in CORNERS]
        with gr.Row():
            found["logo_place"] = gr.Dropdown(
                corners, value=plain.logo_place, label=label("ui.looks.logo_place"), min_width=140
            )
            found["logo_size"] = gr.Slider(
                0.03, 0.5, plain.logo_size, step=0.01, label=label("ui.looks.logo_size"), min_width=140
            )
            found["logo_opacity"] = gr.Slider(
                0.05, 1, plain.logo_opacity, step=0.05, label=label("ui.looks.logo_opacity"), min_width=140
            )
    with gr.Accordion(label("ui.looks.around"), open=False):
        with gr.Row():
            found |= {name: _file(name, f"looks-{name}") for name in ("intro", "outro", "music")}
        with gr.Row():
            found["end_card"] = gr.Textbox("", label=label("ui.looks.end_card"), max_lines=1)
            found["music_level"] = gr.Slider(
                -40, 0, plain.music_level, step=1, label=label("ui.looks.music_level"), min_width=140
            )
            found["ducking"] = gr.Slider(0, 30, plain.ducking, step=1, label=label("ui.looks.ducking"), min_width=140)
    return found


def _file(name: str, elem_id: str) -> MediaField:
    return MediaField(label=label(f"ui.looks.{name}"), file_count="single", type="filepath", elem_id=elem_id)


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
