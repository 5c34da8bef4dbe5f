"""Who can say where a dub belongs: one entry a witness, read by the analysis, the requests and the page.

What people see of one is ``ui.witness.<name>`` (and ``ui.sync.follow.<name>`` where it may rule) in the locales. A new witness is one
entry here and the module that asks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Witness = Literal["sound", "picture", "meaning"]


@dataclass(frozen=True, slots=True)
class Known:
    """``systematic``: the standard error (seconds) of an exact witness that more windows do not remove; ``None`` for one that only
    confirms. Exact ones may rule where two disagree. ``shape`` (``circle``, ``square``, ``triangle``) and ``colour`` (a colour of
    the page's style) draw its word."""

    name: Witness
    systematic: float | None
    shape: Literal["circle", "square", "triangle"]
    colour: str

    @property
    def exact(self) -> bool:
        return self.systematic is not None

    @property
    def title(self) -> str:
        """The message that names it."""
        return f"ui.witness.{self.name}"

    @property
    def rule(self) -> str:
        """The message that offers it as the one who rules."""
        return f"ui.sync.follow.{self.name}"


WITNESSES: Mapping[str, Known] = {
    known.name: known
    for known in (
        Known("sound", 0.0008, "circle", "--s-c2"),  # a tenth of a feature frame
        Known("picture", 0.008, "square", "--s-c4"),  # a fifth of a picture
        Known("meaning", None, "triangle", "--s-c3"),
    )
}
EXACT = tuple(name for name, known in WITNESSES.items() if known.exact)
"""Those that may rule; the first does unless another is named."""
