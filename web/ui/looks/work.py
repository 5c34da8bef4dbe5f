"""What the looks' components do: offer what was kept, fill the panel with a look, keep and forget one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from pipeline.captions.styles import STYLES, style_of
from pipeline.errors import StudioError
from reelify.looks.kits import Kits, of_json
from web.ui.following import Page, chosen_source, owner_of, shown
from web.ui.language import label
from web.ui.looks.controls import COLOURS, named_styles


class LooksWork:
    """The handlers of one tab's looks; ``fields`` are the fields of a caption style in the order of the panel."""

    def __init__(self, page: Page, fields: Sequence[str]) -> None:
        self.page, self.fields = page, tuple(fields)

    def kits(self, request: gr.Request) -> Kits:
        return Kits.of(self.page.settings.data_dir, owner_of(request))

    def offered(self, request: gr.Request) -> tuple[Any, Any]:
        """The choices of both menus with what this visitor kept."""
        return self._menus(self.kits(request))

    def _menus(self, kits: Kits, style: str | None = None) -> tuple[Any, Any]:
        names = [kit.name for kit in kits.all()]
        brands = [(label("ui.looks.no_brand"), ""), *((name, name) for name in names)]
        more = {} if style is None else {"value": style}
        return gr.update(choices=named_styles(kits.styles()), **more), gr.update(choices=brands)

    def filled(self, request: gr.Request, named: str) -> list[Any]:
        """The panel's fields as the look ``named`` has them."""
        try:
            style = style_of(named or "", self.kits(request).styles())
        except StudioError as error:
            raise shown(error, request) from error
        values = style.to_json()
        return [values[name] or None if name in COLOURS else values[name] for name in self.fields]

    def keep(self, request: gr.Request, name: str, font: str | None, *values: Any) -> tuple[Any, Any]:
        """Keeps the panel's look under ``name``; the font goes through the one gate of files."""
        kits = self.kits(request)
        try:
            file = chosen_source(self.page, font, None, request, probe=False) if font else None
            style = json.dumps(said(dict(zip(self.fields, values, strict=True))))
            kit = of_json({"name": (name or "").strip(), "style": style}, {"font": file.path} if file else {})
            kits.save(kit, self.page.engine.probe)
        except StudioError as error:
            raise shown(error, request) from error
        return self._menus(kits, kit.name)

    def forget(self, request: gr.Request, name: str) -> tuple[Any, Any]:
        """Forgets the look ``name``."""
        kits = self.kits(request)
        try:
            kits.remove((name or "").strip())
        except StudioError as error:
            raise shown(error, request) from error
        return self._menus(kits, next(iter(STYLES)))


def said(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the panel's components hold as the fields of a caption style; a colour that is not chosen is none."""
    return {name: _hex(value) if name in COLOURS else value for name, value in values.items()}


def _hex(colour: Any) -> str:
    """A colour picker's value (``#rrggbb`` or ``rgba(r, g, b, a)``) as ``#rrggbb``."""
    text = str(colour or "").strip()
    found = re.match(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)", text)
    return "#" + "".join(f"{min(255, round(float(c))):02x}" for c in found.groups()) if found else text
