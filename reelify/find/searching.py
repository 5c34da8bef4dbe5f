"""Search over what is said and heard: words in any inflection, near meaning, sounds by their names. Pure functions on arrays.

A passage is a sentence with its time. Its worth for a query adds up the rarity of the query's words in it (or, for less, beside it: people
remember a thought, not its sentences), their nearness and order, and the cosine of meanings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reelify.find.meanings import MANY, NO_WORDS, Meanings, Words

BESIDE = 0.4
"""What a word in the sentence before or after is worth beside one in it."""
WORDS = 0.75
"""Worth of all words of a query in a passage; half of them are worth a quarter of it."""
NEARNESS = 0.125
"""Worth of a meaning that is nearer than the others' by their standard deviation."""
USUAL, SPREAD, KNOWN = 0.33, 0.072, 300
"""Mean and standard deviation of the product of a query and unrelated passages (measured on 9,000 of two languages), which count as
so many passages: in a short file the one that is meant is not among many others."""
ORDER = 0.15
"""Added where the query's words stand in its order, close together."""
HEARD = 1.2
"""Worth of a sound that was asked for, times how sure the detector is."""
NEAR_SOUND = 20.0
"""Seconds from a sentence to the sound that was asked for with it."""
LEAST, SAID = 0.45, 0.3
"""Worth of a hit (of 9,000 passages the nearest by chance is worth about as much), or how much of the query's words it holds."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence (``label`` empty) or a sound of ``source``; ``sure`` in [0, 1] is how sure it is. ``terms`` are the equivalents of each
    of its words, folded."""

    source: str
    start: float
    end: float
    text: str
    terms: tuple[frozenset[str], ...] = ()
    label: str = ""
    sure: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is looked for: the equivalents of each word, the vector of its meaning (``None`` without), and sounds by label; ``said`` are
    its words with their ``meanings`` (word, d)."""

    words: tuple[frozenset[str], ...]
    vector: NDArray[np.float32] | None = None
    labels: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()
    meanings: NDArray[np.float32] | None = None


def _standing_out(nearness: NDArray[np.float32]) -> NDArray[np.float64]:
    """By how many standard deviations each passage is nearer than passages are, at least 0."""
    found = nearness.astype(np.float64)
    n = len(found)
    mean = (found.sum() + KNOWN * USUAL) / (n + KNOWN)
    spread = np.sqrt((np.square(found - mean).sum() + KNOWN * SPREAD**2) / (n + KNOWN))
    return np.asarray(np.maximum((found - mean) / spread, 0.0), np.float64)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and what it is worth, 1 and more where all words are in it."""

    passage: Passage
    score: float


@dataclass(slots=True, eq=False)
class Index:
    """Passages in order of file and time, with ``vectors`` (n, d) of sentences (zeros for sounds) and the ``words`` in them, ready to be
    searched."""

    passages: tuple[Passage, ...]
    vectors: NDArray[np.float32]
    words: Words = NO_WORDS
    _where: dict[str, NDArray[np.intp]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[str, list[int]] = {}
        for n, passage in enumerate(self.passages):
            for term in frozenset().union(*passage.terms):
                found.setdefault(term, []).append(n)
        self._where = {term: np.array(rows, np.intp) for term, rows in found.items()}
        # A sentence's neighbour is of its own file.
        self._follows = np.array(
            [a.source == b.source for a, b in zip(self.passages[:-1], self.passages[1:], strict=True)], bool
        )

    _follows: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    _meanings: Meanings | None = None

    def prepared(self) -> Index:
        """This index, after what many passages have in common is known."""
        if self._meanings is None and len(self.passages) >= MANY and self.words.known:
            self._meanings = Meanings(self.vectors[:, : self.words.vectors.shape[1]], self.words)
        return self

    def search(self, query: Query, count: int = 20) -> list[Hit]:
        """The best passages, best first."""
        n = len(self.passages)
        if not n:
            return []
        said, near = self._lexical(query)
        total = WORDS * near**2
        if query.vector is not None and len(query.vector):
            total = total + NEARNESS * self._near(query.vector, query)
        total = self._with_sounds(total, query)
        order = np.lexsort((np.arange(n), -np.round(total, 6)))[: 4 * count]
        ranked = sorted(((float(total[i]) + self._ordered(int(i), query), -int(i)) for i in order), reverse=True)
        enough = (hit for hit in ranked[:count] if hit[0] >= LEAST or said[-hit[1]] >= SAID)
        return [Hit(self.passages[-i], round(score, 4)) for score, i in enough]

    def _near(self, vector: NDArray[np.float32], query: Query) -> NDArray[np.float64]:
        """By how many standard deviations each passage means nearly what is looked for."""
        found = self.prepared()._meanings
        if found is None or query.meanings is None or not len(query.meanings):
            return _standing_out(self.vectors @ vector)
        return found.nearness(vector[: self.words.vectors.shape[1]], query.said, query.meanings)

    def _lexical(self, query: Query) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How much of the query's words each passage holds, and it and its neighbours hold, weighed by rarity, in [0, 1]."""
        n = len(self.passages)
        said, total, weights = np.zeros(n), np.zeros(n), 0.0
        for word in query.words:
            rows = [self._where[t] for t in word if t in self._where]
            inside = np.zeros(n)
            for row in rows:
                inside[row] = 1.0
            rarity = float(np.log(1.0 + n / max(1.0, inside.sum()))) if rows else float(np.log(1.0 + n))
            beside = np.zeros(n)
            if n > 1:
                beside[1:] = np.maximum(beside[1:], inside[:-1] * self._follows)
                beside[:-1] = np.maximum(beside[:-1], inside[1:] * self._follows)
            said += rarity * inside
            total += rarity * np.maximum(inside, BESIDE * beside)
            weights += rarity
        return said / (weights or 1.0), total / (weights or 1.0)

    def _with_sounds(self, total: NDArray[np.float64], query: Query) -> NDArray[np.float64]:
        """Sounds that were asked for; sentences near one where words were asked for too."""
        if not query.labels:
            return total
        out = total.copy()
        for n, sound in enumerate(self.passages):
            if sound.label not in query.labels:
                continue
            if not query.words:
                out[n] = HEARD * sound.sure
                continue
            for m, passage in enumerate(self.passages):
                if (
                    passage.source == sound.source
                    and not passage.label
                    and 0 <= sound.start - passage.start <= NEAR_SOUND
                ):
                    out[m] += 0.3 if total[m] > 0.2 else 0.0
        return out

    def _ordered(self, number: int, query: Query) -> float:
        """Whether the query's words stand in a passage in their order, close together."""
        terms = self.passages[number].terms
        places = [next((i for i, t in enumerate(terms) if t & word), None) for word in query.words]
        known = [p for p in places if p is not None]
        if len(known) < 2 or len(known) < len(places):
            return 0.0
        return ORDER if known == sorted(known) and known[-1] - known[0] <= 2 * len(known) + 2 else ORDER / 3
