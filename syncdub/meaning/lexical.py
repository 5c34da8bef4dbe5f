"""What two texts share on the surface, whatever their languages: numbers, names, cognates, question marks.

Each sentence becomes a set of keys; keys that both texts have pull the sentences that hold them together, rare keys
more than frequent ones. Nothing is learnt and no dictionary is needed, so an unknown pair of languages costs nothing
but the evidence.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PREFIX = 5
"""Letters of a word that are compared: cognates share their beginning (expedition, expédition, Expeditionen)."""
SHORTEST_WORD = 3
"""Shorter words are grammar in most languages, and grammar is not shared."""
PAIRS_PER_SENTENCE = 8
"""A key that would join more pairs than this per sentence says nothing, and would cost quadratic memory."""

_MARKS = {"?": "?", "¿": "?", "؟": "?", "？": "?", "!": "!", "¡": "!", "！": "!"}
_WORD = re.compile(r"\w+")


def keys(text: str) -> frozenset[str]:
    """The surface of a sentence: numbers as they are, word beginnings without case and accents, question and exclamation marks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))
    words = _WORD.findall(plain)
    found = {
        f"#{int(w)}" if w.isdecimal() and len(w) < 12 else w[:PREFIX]
        for w in words
        if w.isdecimal() or len(w) >= SHORTEST_WORD
    }
    return frozenset(found | {_MARKS[c] for c in plain if c in _MARKS})


@dataclass(frozen=True, slots=True)
class SharedKeys:
    """For every source sentence, the target sentences it shares keys with (``columns``) and how much (``weights``)."""

    columns: tuple[NDArray[np.int64], ...]
    weights: tuple[NDArray[np.float64], ...]

    def row(self, index: int, first: int, last: int) -> NDArray[np.float64]:
        """Shared weight of one source sentence with the target sentences ``first … last - 1``."""
        dense, columns = np.zeros(last - first), self.columns[index]
        inside = slice(*np.searchsorted(columns, (first, last)))
        dense[columns[inside] - first] = self.weights[index][inside]
        return dense


def shared_keys(source: Sequence[str], target: Sequence[str]) -> SharedKeys:
    """Weight of a key: 1 when it occurs once on either side, falling with the logarithm of the pairs it would join to 0."""
    held_source, held_target = _holders(source), _holders(target)
    rows: list[dict[int, float]] = [defaultdict(float) for _ in source]
    limit = PAIRS_PER_SENTENCE * max(len(source), len(target), 1)
    scale = np.log(max(len(source) * len(target), 2))
    for key in sorted(held_source.keys() & held_target.keys()):
        left, right = held_source[key], held_target[key]
        pairs = len(left) * len(right)
        if pairs <= limit:
            _spread(rows, left, right, max(0.0, 1.0 - float(np.log(pairs) / scale)))
    columns = tuple(np.array(sorted(row), dtype=np.int64) for row in rows)
    weights = tuple(np.array([row[c] for c in sorted(row)], dtype=np.float64) for row in rows)
    return SharedKeys(columns, weights)


def _spread(rows: list[dict[int, float]], left: list[int], right: list[int], weight: float) -> None:
    for i in left:
        for j in right:
            rows[i][j] += weight


def _holders(sentences: Sequence[str]) -> dict[str, list[int]]:
    held: dict[str, list[int]] = defaultdict(list)
    for index, sentence in enumerate(sentences):
        for key in keys(sentence):
            held[key].append(index)
    return held
