"""Points that end a sentence and points that only shorten a word: "EE. UU.", "8 a. m.", "No. 1", "Mr. Smith".

Some short forms stand before something and never end a sentence ("Sr."), some only before a number ("núm. 4"); others may do both
("etc.", "p.m."): what follows and the pause decide.
"""

from __future__ import annotations

import re

from pipeline.text.languages.known import everywhere

END = re.compile(r"[.!?…。！？؟।]+[\"'”’»)\]]*$")
BEFORE = everywhere(lambda known: known.abbreviations)
NUMBERED = everywhere(lambda known: known.numbered)
EITHER = everywhere(lambda known: known.trailing)
OPENING = "¿¡\"'“‘«(["
CLOSING = "\"'”’»)]"
INITIAL = re.compile(r"[^\W\d_]\.")
DOTTED = re.compile(r"(?:[^\W\d_]\.){2,}|([^\W\d_])\1\.", re.IGNORECASE)
"""Letters with a point each, and the doubled letters of plurals (EE. UU., CC. OO.)."""
ORDINAL = re.compile(r"\d{1,2}\.")
BREATH = 0.3
"""Seconds of silence that make the end of a sentence of a point that may be one."""


def is_short(word: str) -> bool:
    """Whether the point at the end of ``word`` is, or may be, that of a short form."""
    bare = _bare(word)
    known = bare in BEFORE or bare in NUMBERED or bare in EITHER
    return known or _letters(bare)


def ends_sentence(word: str, following: str, pause: float = 0.0) -> bool:
    """Whether ``word`` ends a sentence where ``following`` is said ``pause`` seconds later; punctuation as written."""
    text, bare, after = word.strip(), _bare(word), following.strip()
    if not END.search(text):
        return False
    if not bare.endswith(".") or bare.endswith(".."):
        return not (text.endswith(("…", "...")) and after[:1].islower())
    first = after.lstrip(OPENING)[:1]
    if bare in BEFORE:
        return False
    if bare in NUMBERED:
        return not first.isdigit()
    if is_short(word) or ORDINAL.fullmatch(bare):
        return first.isupper() and not is_short(after) and pause >= BREATH
    return True


def bound(word: str, following: str) -> bool:
    """Whether a short form and ``following`` are read as one: "Sr. García", "núm. 4", "EE. UU.", "8 a. m."."""
    bare, after = _bare(word), following.strip()
    if bare in BEFORE:
        return True
    if bare in NUMBERED:
        return after[:1].isdigit()
    if bare[-1:].isdigit():
        return bool(re.fullmatch(r"[ap]\.?(?:m\.?)?[,;:.]?", after, re.IGNORECASE))
    return _letters(bare) and _letters(_bare(after).rstrip(",;:"))


def _letters(bare: str) -> bool:
    return bool(INITIAL.fullmatch(bare) or DOTTED.fullmatch(bare))


def _bare(word: str) -> str:
    return word.strip().lstrip(OPENING).rstrip(CLOSING).lower()
