"""What passes between the parts of tightening: what is wished, what is heard, what goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Event, Span, Word

Kind = Literal["pause", "filler", "repeat", "struck"]
KINDS: tuple[Kind, ...] = ("pause", "filler", "repeat", "struck")
STEP = 0.01
"""Seconds between two frames of what is heard."""
TAIL, LEAD = 0.10, 0.15
"""Seconds of a pause that are kept after what was said and before what follows: a quarter of a second is a breath."""


@dataclass(frozen=True, slots=True, order=True)
class Removal:
    """``start`` to ``end`` (seconds of the file) can go. ``text`` is what is said there, empty where it was only heard."""

    start: float
    end: float
    kind: Kind
    text: str = ""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Wish:
    """What may go: pauses longer than ``longest_pause`` seconds (``None``: none), fillers, repeated starts, and ``struck`` stretches.
    What has its middle in a ``restored`` stretch stays."""

    longest_pause: float | None = 0.6
    fillers: bool = True
    repeats: bool = True
    struck: tuple[Span, ...] = ()
    restored: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What is heard from ``start`` on, a value every :data:`STEP`: ``level`` in dBFS, ``voiced`` how much it repeats itself at the pitch
    of a voice in [0, 1], ``change`` how much its spectrum differs from a tenth of a second before in [0, 1]."""

    start: float
    level: NDArray[np.float32]
    voiced: NDArray[np.float32]
    change: NDArray[np.float32]

    @property
    def end(self) -> float:
        return self.start + STEP * len(self.level)

    def index(self, time: float) -> int:
        """The frame shown at ``time``, inside the arrays."""
        return min(max(round((time - self.start) / STEP), 0), max(0, len(self.level) - 1))


@dataclass(frozen=True, slots=True)
class Again:
    """What a recogniser makes of a sound by itself: the mean probability in [0, 1] of the words it had written for it, and the ``text``
    it writes now."""

    sure: float
    text: str


@dataclass(frozen=True, slots=True)
class Talk:
    """What is known of a stretch: its words in order, how sentences lie in them (``ends[i]``: word ``i`` is the last of one),
    what is heard, and the audience's reactions. ``unknown`` are words (as :func:`reelify.tighten.wording.bare` writes them) that no
    dictionary of the language has; ``again`` what was heard a second time, by itself."""

    span: Span
    words: tuple[Word, ...]
    ends: tuple[bool, ...]
    sound: Sound
    language: str = ""
    reactions: tuple[Event, ...] = field(default=())
    unknown: frozenset[str] = frozenset()
    again: Mapping[Span, Again] = field(default_factory=dict)
