"""The table of languages, and what all of them together say where nobody knows which one is spoken."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.text.languages.en import ENGLISH
from pipeline.text.languages.es import SPANISH
from pipeline.text.languages.others import OTHERS
from pipeline.text.languages.values import Language

LANGUAGES: Mapping[str, Language] = {known.code: known for known in (SPANISH, ENGLISH, *OTHERS)}
_UNKNOWN = Language(code="")


def language_of(code: str) -> Language:
    """What is known of a language; one that is written with spaces and otherwise unknown where it is not in the table."""
    return LANGUAGES.get(code, _UNKNOWN)


def everywhere(field: Callable[[Language], frozenset[str]]) -> frozenset[str]:
    """``field`` of all languages together: ``everywhere(lambda known: known.negators)``."""
    return frozenset().union(*(field(known) for known in LANGUAGES.values()))
