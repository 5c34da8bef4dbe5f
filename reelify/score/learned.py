"""What was learned from people's choices, as a value: directions of meaning, weights of wording, worth of every named cue.

Pure: the file it comes from is read elsewhere (:mod:`reelify.fitted`), fitted by ``python -m benchmarks.fit_score``. Everything in it
is linear, so every point of a score can be shown at the words, sentence or sound that earned or cost it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.text.values import Facts
from reelify.score.wording import SIZE, Runs, runs

CHOICE, CURIOSITY, SUBSTANCE = "choice", "curiosity", "substance"
"""What readers of two headlines clicked; what annotators called a gap to be closed (both are directions); what is told rather than
gone through (by the kinds)."""
Vectors = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A linear judgement of a sentence, logits: ``meaning`` (512,) on its vector, ``wording`` (SIZE,) on its runs (``None``: not
    fitted for the language), and ``bias``."""

    meaning: Vectors
    wording: Vectors | None = None
    bias: float = 0.0

    def of_meaning(self, vectors: Vectors | None, n: int) -> Numbers:
        """What the vectors (n, 512) alone say, (n,); zeros without vectors."""
        if vectors is None or vectors.shape[1] != len(self.meaning):
            return np.zeros(n)
        return np.asarray(vectors @ self.meaning, np.float64)

    def of_words(self, said: Runs, n_tokens: int) -> Numbers:
        """What the wording says, by token, (n_tokens,): a run's worth is shared by the tokens it covers."""
        out = np.zeros(n_tokens)
        if self.wording is None or not len(said.buckets):
            return out
        worth = self.wording[said.buckets] * said.values
        for offset in range(int((said.last - said.first).max()) + 1):
            inside = said.first + offset <= said.last
            share = worth[inside] / (said.last[inside] - said.first[inside] + 1)
            np.add.at(out, said.first[inside] + offset, share)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """One direction's opinion of each sentence, logits: what it means, ``meant`` (n,), and what each of its tokens adds, ``words``."""

    meant: Numbers
    words: tuple[Numbers, ...]

    @property
    def total(self) -> Numbers:
        """The opinion of each sentence standing alone, (n,)."""
        return np.asarray(self.meant + np.array([w.sum() for w in self.words]), np.float64)

    def of(self, shares: Numbers) -> float:
        """The opinion of the whole: meanings by their ``shares`` (n,) of its length, wordings by the roots, for what is said in many
        words is said more surely."""
        return float(shares @ self.meant + np.sqrt(shares) @ np.array([w.sum() for w in self.words]))


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """The fitted score. ``directions`` by name and language (``""``: any other); ``kinds`` name what a sentence may be, each with a
    row of ``kind_vectors`` (k, 512) and of ``kind_bias`` (k,), log-odds among all; those in ``telling`` tell something, the others are
    gone through; ``worth`` holds the fitted weight of every cue and part, logits; ``about`` says when, from what and how well it was
    fitted."""

    directions: Mapping[str, Mapping[str, Direction]] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    telling: frozenset[str] = frozenset()
    kind_vectors: Vectors = field(default_factory=lambda: np.zeros((0, 512), np.float32))
    kind_bias: Vectors = field(default_factory=lambda: np.zeros(0, np.float32))
    worth: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def judge(self, name: str, sentences: Sequence[Facts], vectors: Vectors | None) -> Verdict:
        """What direction ``name`` says of every sentence."""
        n = len(sentences)
        ways = self.directions.get(name)
        if not ways or not n:
            return Verdict(np.zeros(n), tuple(np.zeros(len(f.tokens)) for f in sentences))
        way = ways.get(sentences[0].language) or ways[""]
        meant = way.of_meaning(vectors, n) + way.bias
        words = tuple(
            way.of_words(runs(f), len(f.tokens)) if way.wording is not None else np.zeros(len(f.tokens))
            for f in sentences
        )
        return Verdict(meant, words)

    def genre(self, sentences: Sequence[Facts], vectors: Vectors | None) -> Verdict:
        """Log-odds that a sentence is of a kind that tells something, by its vector (n, 512) alone; 0 without vectors."""
        nothing = tuple(np.zeros(len(f.tokens)) for f in sentences)
        odds = self._odds(vectors)
        if odds is None:
            return Verdict(np.zeros(len(sentences)), nothing)
        told = np.array([k in self.telling for k in self.kinds])
        return Verdict(_log_sum(odds[:, told]) - _log_sum(odds[:, ~told]), nothing)

    def kind_of(self, vectors: Vectors | None) -> tuple[str, ...]:
        """The likeliest kind of each sentence; ``""`` without vectors."""
        odds = self._odds(vectors)
        if odds is None:
            return ("",) * (0 if vectors is None else len(vectors))
        return tuple(self.kinds[i] for i in np.argmax(odds, axis=1))

    def _odds(self, vectors: Vectors | None) -> Numbers | None:
        if vectors is None or not self.kinds or vectors.shape[1] != self.kind_vectors.shape[1]:
            return None
        return np.asarray(vectors @ self.kind_vectors.T + self.kind_bias, np.float64)


def _log_sum(odds: Numbers) -> Numbers:
    """Log of the summed odds of each row; −∞ of none becomes a number that is surely smaller than any."""
    if not odds.shape[1]:
        return np.full(len(odds), -50.0)
    return np.asarray(np.logaddexp.reduce(odds, axis=1), np.float64)


def from_arrays(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Learned:
    """The value from a file's arrays: ``<direction>.<language>.meaning`` and ``.wording`` (8-bit, with ``.scale``), ``kinds``."""
    directions: dict[str, dict[str, Direction]] = {}
    for name, languages in about["directions"].items():
        for language, bias in languages.items():
            key = f"{name}.{language}"
            wording = arrays.get(f"{key}.wording")
            scaled = None if wording is None else wording.astype(np.float32) * np.float32(arrays[f"{key}.scale"])
            meaning = arrays[f"{key}.meaning"].astype(np.float32)
            directions.setdefault(name, {})[language] = Direction(meaning, scaled, float(bias))
    kinds = arrays["kinds"].astype(np.float32)
    telling = frozenset(about["telling"])
    return Learned(directions, tuple(about["kinds"]), telling, kinds[:, :-1], kinds[:, -1], dict(about["worth"]), about)


def to_arrays(model: Learned) -> dict[str, NDArray[Any]]:
    """The inverse of :func:`from_arrays` but for ``about``; wording is kept in 8 bits, the rest in 16."""
    out: dict[str, NDArray[Any]] = {}
    for name, languages in model.directions.items():
        for language, way in languages.items():
            key = f"{name}.{language}"
            out[f"{key}.meaning"] = way.meaning.astype(np.float16)
            if way.wording is not None:
                scale = max(1e-9, float(np.abs(way.wording).max()) / 127.0)
                out[f"{key}.wording"] = np.round(way.wording / scale).astype(np.int8)
                out[f"{key}.scale"] = np.array(scale, np.float32)
    out["kinds"] = np.column_stack([model.kind_vectors, model.kind_bias]).astype(np.float16)
    return out


__all__ = ["CHOICE", "CURIOSITY", "SIZE", "SUBSTANCE", "Direction", "Learned", "Verdict", "from_arrays", "to_arrays"]
