"""What the looks' components do: offer what was kept, fill the panel with a look, keep and forget one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from pipeline.captions.styles import STYLES, style_of
from pipeline.errors import StudioError
from reelify.looks.kits import FILES, Kits, of_json
from web.ui.following import Page, chosen_source, owner_of, shown
from web.ui.language import label
from web.ui.looks.controls import COLOURS, named_styles


class LooksWork:
    """The handlers of one tab's looks; ``fields`` are the fields of a caption style and ``kit`` those of the kit, in the order of the panel."""

    def __init__(self, page: Page, fields: Sequence[str], kit: Sequence[str]) -> None:
        self.page, self.fields, self.kit = page, tuple(fields), tuple(kit)

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

    def keep(self, request: gr.Request, name: str, *values: Any) -> tuple[Any, Any]:
        """Keeps the panel's look under ``name``; its files go through the one gate."""
        kits, n = self.kits(request), len(self.kit)
        try:
            given = dict(zip(self.kit, values[:n], strict=True))
            files = {
                k: chosen_source(self.page, v, None, request, probe=False).path
                for k, v in given.items()
                if k in FILES and v
            }
            plain = {k: v for k, v in given.items() if k not in FILES and v is not None}
            style = json.dumps(said(dict(zip(self.fields, values[n:], strict=True))))
            kit = of_json({**plain, "name": (name or "").strip(), "style": style}, files)
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
