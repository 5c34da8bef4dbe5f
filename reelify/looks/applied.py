"""A request that names kept looks becomes one that says them: jobs run on other machines and after a kit was changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TypeVar

from pipeline.captions.own_fonts import checked
from pipeline.captions.styles import OWN, STYLES, CaptionStyle, style_of
from pipeline.errors import BadRequest
from pipeline.requests import Request
from reelify.looks.kits import Kit, Kits
from reelify.requests import Look

Asked = TypeVar("Asked", bound=Request)


def applied(request: Asked, kits: Kits) -> Asked:
    """``request`` with the kit and the caption style that it names, of those in ``kits``; anything but a :class:`Look` as it is.

    Raises:
        BadRequest, NotFound: there is no such kit or style, or its font is none.
    """
    if not isinstance(request, Look):
        return request
    kit = kits.get(request.brand) if request.brand else request.kit
    named = request.caption_style
    of_kit = kits.get(named) if named and named not in STYLES and named in kits.styles() else kit
    style = style_of(named or kit.style, kits.styles())
    font = request.caption_font or of_kit.font or kit.font
    if style.font == OWN and font is None:
        raise BadRequest("error.no_own_font")
    if font is not None:
        checked(font)
        style = replace(style, font=OWN) if not style.font or request.caption_font else style
    shown = "" if style == STYLES[next(iter(STYLES))] else _named(style)
    return replace(request, kit=kit, caption_style=shown, caption_font=font)


def _named(style: CaptionStyle) -> str:
    """The shortest text that says a style."""
    known = next((name for name, one in STYLES.items() if one == style), "")
    return known or json.dumps(style.to_json(), ensure_ascii=False)


__all__ = ["Kit", "applied"]
