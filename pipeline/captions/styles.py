"""How burned captions look: one entry a style, by the name that requests use.

A new style is one entry here. A style of somebody's own is the same value as JSON, said as what differs from a named one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from pipeline.captions.fonts import BRAND_FONTS
from pipeline.errors import BadRequest

Mark = Literal["none", "colour", "box", "scale", "pop", "fill"]
Back = Literal["none", "line", "block", "bar"]
Case = Literal["said", "upper", "lower"]
Place = Literal["bottom", "middle", "top"]
OWN = "own"
"""The ``font`` of a style that is drawn by the font file that is given with it."""
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
RANGES: Mapping[str, tuple[float, float]] = {
    "scale": (0.3, 3.0),
    "words": (0, 12),
    "outline": (0.0, 0.3),
    "shadow": (0.0, 0.3),
    "opacity": (0.0, 1.0),
}
LONGEST_JSON = 2000


@dataclass(frozen=True, slots=True)
class CaptionStyle:
    """Burned captions.

    ``scale`` multiplies the size, ``font`` is a family of the product's (:data:`pipeline.captions.fonts.BRAND_FONTS`, ``""`` the main one)
    or :data:`OWN`; ``case`` is how letters are written; ``words`` is how many are seen at a time, 0 as many as fit. Colours are
    ``#rrggbb``: ``colour`` of the letters, ``second`` of a second line (``""`` the same), ``key`` of the words that earned points (``""``
    none), ``highlight`` of the word being spoken, which ``mark`` shows: by its colour, a box behind it, its size, a leap, or letters
    that fill up while it is spoken. ``outline`` and ``shadow`` are shares of the size. ``back`` is what lies behind the text: a box a line,
    one for all lines, or a bar across the picture, in ``back_colour`` with ``opacity``.
    """

    scale: float = 1.0
    font: str = ""
    case: Case = "said"
    words: int = 0
    colour: str = "#ffffff"
    second: str = ""
    key: str = ""
    highlight: str = "#ffd400"
    mark: Mark = "colour"
    outline: float = 0.07
    outline_colour: str = "#101010"
    shadow: float = 0.025
    back: Back = "none"
    back_colour: str = "#000000"
    opacity: float = 0.75
    place: Place = "bottom"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; :func:`style_of` reads it."""
        return asdict(self)


STYLES: Mapping[str, CaptionStyle] = {
    "spoken": CaptionStyle(),
    "plain": CaptionStyle(mark="none"),
    "large": CaptionStyle(scale=1.35, place="middle"),
    "word_pop": CaptionStyle(
        scale=1.7, font="Montserrat ExtraBold", case="upper", words=1, mark="pop", highlight="#ffffff", key="#ffe14d", outline=0.09,
        place="middle",
    ),
    "karaoke": CaptionStyle(scale=1.15, font="Montserrat ExtraBold", mark="fill", highlight="#3df07c", outline=0.08),
    "box": CaptionStyle(scale=1.15, font="Montserrat ExtraBold", case="upper", words=4, mark="box", highlight="#7c3aed", outline=0.08),
    "outline": CaptionStyle(scale=1.3, font="Anton", case="upper", words=5, outline=0.14, outline_colour="#000000", shadow=0.0),
    "minimal": CaptionStyle(scale=0.85, mark="none", outline=0.0, shadow=0.05),
    "news": CaptionStyle(
        font="Montserrat ExtraBold", scale=0.95, mark="none", outline=0.0, shadow=0.0, back="bar", back_colour="#0b2a5b", opacity=0.9,
        key="#ffd400",
    ),
    "big": CaptionStyle(
        scale=2.1, font="Anton", case="upper", words=3, mark="scale", highlight="#ffd400", outline=0.08, place="middle"
    ),
    "two_colour": CaptionStyle(
        scale=1.25, font="Montserrat ExtraBold", case="upper", words=6, mark="none", second="#ffd400", outline=0.1
    ),
    "caption_box": CaptionStyle(mark="none", outline=0.0, shadow=0.0, back="block", opacity=0.7),
}  # fmt: skip
"""The first is taken where none is named."""


def style_of(wanted: str, saved: Mapping[str, str] | None = None) -> CaptionStyle:
    """The style that ``wanted`` names: of :data:`STYLES`, of those somebody ``saved`` (JSON by name), or as a JSON object of the fields
    that differ from the style ``like``.

    Raises:
        BadRequest: there is no such style, or a field is unknown or out of its range.
    """
    text = wanted.strip()
    if text in (known := saved or {}):
        return style_of(known[text])
    if text in STYLES or not text:
        return STYLES[text or next(iter(STYLES))]
    if not text.startswith("{"):
        raise BadRequest("error.no_such_style", name=text[:60], names=", ".join((*STYLES, *known)))
    try:
        given = json.loads(text) if len(text) <= LONGEST_JSON else None
    except ValueError as error:
        raise BadRequest("error.field", field="caption_style", detail=str(error)) from error
    if not isinstance(given, dict):
        raise BadRequest("error.field", field="caption_style", detail=text[:60])
    base = str(given.pop("like", ""))
    if base.startswith("{"):
        raise BadRequest("error.no_such_style", name=base[:60], names=", ".join((*STYLES, *known)))
    return replace(style_of(base, saved), **{name: _checked(name, value) for name, value in given.items()})


def _checked(name: str, value: Any) -> Any:
    """A field's value as it may be. Raises BadRequest."""
    hints = get_type_hints(CaptionStyle)
    if name not in hints:
        raise _wrong(name, ", ".join(f.name for f in fields(CaptionStyle)))
    choices = get_args(hints[name])
    if choices or name == "font":
        choices = choices or ("", *BRAND_FONTS, OWN)
        if value not in choices:
            raise _wrong(name, ", ".join(choices))
        return value
    if hints[name] is str:
        empty = name in ("second", "key") and value == ""
        if not empty and not (isinstance(value, str) and COLOUR.fullmatch(value)):
            raise _wrong(name, "#rrggbb")
        return value
    low, high = RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _wrong(name, f"{low:g}–{high:g}")
    return int(value) if hints[name] is int else float(value)


def _wrong(name: str, detail: str) -> BadRequest:
    return BadRequest("error.field", field=f"caption_style.{name}", detail=detail)
