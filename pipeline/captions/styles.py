"""How burned captions look: one entry a style, by the name that requests use.

A new style is one entry here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CaptionStyle:
    """Burned captions. ``scale`` multiplies the size, colours are ``#rrggbb``; ``highlight`` marks the word being
    spoken, ``karaoke=False`` shows plain cues."""

    scale: float = 1.0
    colour: str = "#ffffff"
    highlight: str = "#ffd400"
    karaoke: bool = True
    place: Literal["bottom", "middle", "top"] = "bottom"


STYLES: Mapping[str, CaptionStyle] = {
    "spoken": CaptionStyle(),
    "plain": CaptionStyle(karaoke=False),
    "large": CaptionStyle(scale=1.35, place="middle"),
}
"""The first is taken where none is named."""
