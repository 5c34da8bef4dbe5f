"""How something is said, as numbers a linear model can weigh: the shape of a sentence, its words, and the letters in them.

Three families of runs, each hashed into :data:`BUCKETS` numbered buckets: one to three *shapes* in a row (function words and signs as
they are, every other word as its part of speech, a capital, a number), one or two dictionary forms in a row, and two to five letters
of one word. A run knows which tokens it covers, so whatever weight it gets can be shown at words.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.text.values import Facts, Token

BUCKETS = 1 << 15
FAMILIES = ("shape", "word", "letter")
WEIGHTS = (1.5, 1.5, 1.0)
"""How far each family counts; set on the folds of the fitting data."""
SIZE = len(FAMILIES) * BUCKETS
SHAPES, WORDS, LETTERS = 3, 2, (2, 5)
_CLOSED = frozenset({"DET", "PRON", "ADP", "CCONJ", "SCONJ", "AUX", "PART", "ADV", "PUNCT", "INTJ", "SYM"})
_NUMBER = re.compile(r"\d[\d.,:%º]*")
_PAUSES = frozenset('.:!?"“¿¡')
_VERB_MARKS = (
    "Mood=Imp", "Mood=Sub", "Mood=Cnd", "VerbForm=Inf", "VerbForm=Ger", "VerbForm=Part",
    "Tense=Past", "Tense=Fut", "Tense=Imp", "Tense=Pres", "Person=1", "Person=2",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The runs of one sentence: ``buckets`` (n,) in [0, SIZE), their ``values`` (n,), and the tokens each covers, ``first``…``last``
    (n,). Values of one family have length 1 before its weight: a long sentence weighs no more than a short one."""

    buckets: NDArray[np.int32]
    values: NDArray[np.float32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]


def runs(facts: Facts) -> Runs:
    """All runs of a sentence; a sentence without tokens has none."""
    n = len(facts.tokens)
    families = (
        _in_a_row([*_shapes(facts.tokens)], SHAPES, n),
        _in_a_row(["^", *(t.lemma or t.folded for t in facts.tokens), "$"], WORDS, n),
        [(b, i, i) for i, t in enumerate(facts.tokens) for b in _letters(t.text.lower())],
    )
    parts = [_valued(found, number) for number, found in enumerate(families) if n]
    if not parts:
        nothing = np.zeros(0, np.int32)
        return Runs(nothing, np.zeros(0, np.float32), nothing, nothing)
    buckets, values, first, last = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Runs(buckets, values.astype(np.float32), first, last)


Run = tuple[int, int, int]


def _valued(found: Sequence[Run], family: int) -> tuple[NDArray[Any], ...]:
    """Buckets with 1 + ln(count), shared by the occurrences, scaled to length 1 and to the family's weight."""
    table = np.array(found, np.int32).reshape(-1, 3)
    _, back, counts = np.unique(table[:, 0], return_inverse=True, return_counts=True)
    strength = 1.0 + np.log(counts)
    scale = WEIGHTS[family] / max(1e-9, float(np.sqrt((strength**2).sum())))
    values = (scale * strength / counts)[back] if len(table) else np.zeros(0)
    return table[:, 0] + family * BUCKETS, values, table[:, 1], table[:, 2]


def _in_a_row(units: Sequence[str], longest: int, n_tokens: int) -> list[Run]:
    """Runs of 1 to ``longest`` units; unit 0 and the last stand for the sentence's edges and are shown at its first and last token."""
    most = max(0, n_tokens - 1)
    return [
        (_bucket(" ".join(units[i : i + size])), min(max(0, i - 1), most), min(max(0, i + size - 2), most))
        for size in range(1, longest + 1)
        for i in range(len(units) - size + 1)
    ]


@functools.lru_cache(maxsize=1 << 16)
def _bucket(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "ignore")) % BUCKETS


@functools.lru_cache(maxsize=1 << 14)
def _letters(word: str) -> tuple[int, ...]:
    whole = f"<{word[:40]}>"
    low, high = LETTERS
    return tuple(
        zlib.crc32(whole[i : i + size].encode("utf-8", "ignore")) % BUCKETS
        for size in range(low, high + 1)
        for i in range(len(whole) - size + 1)
    )


def _shapes(tokens: Sequence[Token]) -> list[str]:
    out, opens = ["^"], True
    for token in tokens:
        out.append(_shape(token, opens))
        opens = token.text[-1:] in _PAUSES
    return [*out, "$"]


def _shape(token: Token, opens: bool) -> str:
    """A function word or sign as it is; any other word by what it is: a name, a number, a verb form, a part of speech."""
    text = token.text
    if _NUMBER.fullmatch(text):
        return "few" if len(text) < 3 else "many"
    if text[:1] in "#@" or not text[:1].isalnum():
        return text[:1] if text[:1] in "#@" else token.folded
    if token.pos == "NUM":
        return "number"
    if text[:1].isupper() and not opens and token.pos not in ("DET", "ADP"):
        return "Name"
    if token.pos in _CLOSED:
        return token.folded
    if token.pos == "VERB":
        return "V" + "".join(m.partition("=")[2] for m in _VERB_MARKS if m in token.morph)
    return token.pos or "X"
