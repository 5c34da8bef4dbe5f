"""How finely a result is encoded, how large it will be, and how it is kept under a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SOUND_RATE = 160_000
"""Bits a second of the sound where nothing else is said."""
ROOM = 0.94
"""Share of a limit that is aimed at: containers and a rate control that looks two seconds back need the rest."""
LEAST_RATE = 200_000
"""Bits a second under which a picture is not worth sending."""


@dataclass(frozen=True, slots=True)
class Quality:
    """``crf`` and ``preset`` of x264, ``sound`` in bits a second. ``density`` is bits a pixel, measured over the product's own examples
    (9:16, ``benchmarks.quality``); material differs by a factor of two either way."""

    crf: int
    preset: str
    sound: int
    density: float


QUALITIES: Mapping[str, Quality] = {
    "draft": Quality(21, "superfast", SOUND_RATE, 0.084),
    "post": Quality(16, "medium", 192_000, 0.103),
}
"""The first is taken where none is named."""


ENLARGED = "subme=0:b-adapt=0:weightp=0:partitions=i8x8"
"""What x264's ``superfast`` need not look for in a picture drawn :data:`LARGER` times as large as it was, or more: between its pixels is
nothing that was not made from them. A quarter less work for the same size and likeness (of pictures as they came the size would
grow by a tenth)."""
LARGER = 1.5


def effort(preset: str, enlargement: float) -> dict[str, str]:
    """What x264 is told beside its ``preset``, of a picture drawn ``enlargement`` times as large as it was."""
    return {"x264-params": ENLARGED} if preset == QUALITIES["draft"].preset and enlargement >= LARGER else {}


def estimated(quality: Quality, size: tuple[int, int], fps: float, duration: float, largest: int | None = None) -> int:
    """About how many bytes a result of ``duration`` seconds will have; never more than ``largest``."""
    bits = duration * (size[0] * size[1] * fps * quality.density + quality.sound)
    return min(round(bits / 8), largest) if largest else round(bits / 8)


def picture_rate(largest: int, duration: float, sound: int) -> int:
    """The most bits a second that the picture may take so that a file of ``duration`` seconds stays under ``largest`` bytes."""
    return max(LEAST_RATE, round(largest * 8 * ROOM / max(duration, 0.5)) - sound)
