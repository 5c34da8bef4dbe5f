"""Which of a result's doubts are worth saying together: one cause is said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CAUSES: Mapping[str, frozenset[str]] = {
    cause: frozenset(
        {
            "doubt.no_words", "doubt.no_speech_score", "doubt.quiet_speech", "doubt.sung_speech", "doubt.fewer_clips",
            "doubt.no_captions", "doubt.language_unsure",
        }
    )
    for cause in ("doubt.silent", "doubt.no_sound")
}  # fmt: skip
"""By doubt: what follows from it and need not be said beside it."""
NOTHING = "doubt.nothing_stands_out"


def worth_saying(stored: Sequence[Any], said: Sequence[str], *, found: bool) -> list[str]:
    """The words of ``said`` (one for each of the ``stored`` messages) without those that follow from another; where nothing was
    ``found`` and the result says so itself, that alone."""
    codes = [str(m.get("$message", "")) if isinstance(m, Mapping) else "" for m in stored]
    pairs = list(zip(codes, said, strict=True))
    if not found and NOTHING in codes:
        return [text for code, text in pairs if code == NOTHING]
    follows = frozenset().union(*(CAUSES.get(code, frozenset()) for code in codes))
    return [text for code, text in pairs if code not in follows]
