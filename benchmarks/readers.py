"""People's choices and labelled passages as the fit and the truth page read them. Data and licences: ``benchmarks/data/readers``."""

from __future__ import annotations

import csv
import gzip
import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from benchmarks import ROOT
from pipeline.settings import Settings
from pipeline.text.embedder import Embedder
from pipeline.text.tagger import facts
from pipeline.text.values import Facts
from pipeline.values import Sentence
from reelify.score.semantics import Speech, speech
from reelify.score.wording import SIZE, runs

FOLDER = ROOT / "benchmarks" / "data" / "readers"
TOLD = ("story", "claim", "number", "confession", "tip", "joke", "answer", "suspense", "emotion", "offer")
GONE_THROUGH = ("greeting", "thanks", "sponsor", "agenda", "housekeeping", "call", "reading", "smalltalk", "plain")
LEAST_SHOWN = 1000
SURE = 3.0
"""Standard errors between the click rates of a pair that is judged."""
LEANING = 0.7
"""The same for a pair that is fitted on, weighted by them."""

_embedder = Embedder(Settings())
embed = _embedder.encode


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts in one language, read as the product reads them. ``meaning`` (n, 512) is the mean over their
    sentences by length, ``wording`` (n, SIZE) the sum with the roots of the lengths' shares."""

    language: str
    texts: tuple[str, ...]
    speeches: tuple[Speech, ...]
    meaning: NDArray[np.float32]
    wording: sp.csr_matrix


def split(text: str) -> list[str]:
    """Sentences as ``reelify score`` splits them."""
    return [p for line in text.splitlines() for p in re.split(r"(?<=[.!?…])[\"'»”)]*\s+", line.strip()) if p] or [text]


def texts(given: Sequence[str], language: str) -> Texts:
    """Everything the fit needs of ``given``; equal texts are read once."""
    unique = {t: i for i, t in enumerate(dict.fromkeys(given))}
    pieces = [split(t) for t in unique]
    flat = facts([s for p in pieces for s in p], language)
    edges = np.concatenate([[0], np.cumsum([len(p) for p in pieces])])
    speeches = [_speech(flat[a:b], words=False) for a, b in itertools.pairwise(edges)]
    vectors = embed([f.text for f in flat])
    meaning, rows = [], []
    for a, b in itertools.pairwise(edges):
        lengths = np.array([max(1, len(f.text)) for f in flat[a:b]], np.float64)
        shares = lengths / lengths.sum()
        meaning.append(shares @ vectors[a:b])
        rows.append(_wording(flat[a:b], shares))
    order = [unique[t] for t in given]
    final = [
        Speech(s.sentences, s.facts, vectors[a:b])
        for s, (a, b) in zip(speeches, itertools.pairwise(edges), strict=True)
    ]
    return Texts(
        language, tuple(given), tuple(final[i] for i in order), np.asarray(meaning, np.float32)[order],
        sp.vstack(rows).tocsr()[order],
    )  # fmt: skip


def _speech(found: Sequence[Facts], *, words: bool) -> Speech:
    sentences = tuple(Sentence(0.0, 0.0, f.text) for f in found)
    return speech(sentences, found, embed) if words else Speech(sentences, tuple(found))


def _wording(found: Sequence[Facts], shares: NDArray[np.float64]) -> sp.csr_matrix:
    said = [runs(f) for f in found]
    columns = np.concatenate([r.buckets for r in said])
    values = np.concatenate([r.values * share for r, share in zip(said, np.sqrt(shares), strict=True)])
    return sp.csr_matrix((values, (np.zeros(len(columns), int), columns)), shape=(1, SIZE))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Headlines compared with each other: ``winner`` and ``loser`` index ``texts``; ``sure`` in standard errors; ``test`` the
    experiment."""

    texts: Texts
    winner: NDArray[np.int64]
    loser: NDArray[np.int64]
    sure: NDArray[np.float64]
    test: NDArray[np.int64]


def headlines() -> Pairs:
    """Every pair of one experiment and picture, both shown often enough, that is not the same text."""
    with gzip.open(FOLDER / "headline_experiments_en.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    shown, clicked = (np.array([int(r[c]) for r in rows]) for c in ("impressions", "clicks"))
    rate = clicked / np.maximum(1, shown)
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if shown[i] >= LEAST_SHOWN:
            groups[row["test"], row["picture"]].append(i)
    found = []
    for (test, _), members in groups.items():
        for a, b in itertools.combinations(members, 2):
            error = np.sqrt(sum(rate[i] * (1 - rate[i]) / shown[i] for i in (a, b)))
            if error > 0 and rows[a]["headline"] != rows[b]["headline"]:
                better, worse = (a, b) if rate[a] > rate[b] else (b, a)
                found.append((better, worse, abs(rate[a] - rate[b]) / error, int(test)))
    winner, loser, sure, tests = (np.array(c) for c in zip(*found, strict=True))
    return Pairs(texts([r["headline"] for r in rows], "en"), winner, loser, sure, tests)


@dataclass(frozen=True, eq=False)
class Labels:
    """Texts with a label each, and the group no fold may split: a country's media, a thought in two languages."""

    texts: Texts
    label: NDArray[np.int64]
    group: NDArray[np.str_]
    kind: NDArray[np.str_]


def teasers(part: str) -> Labels:
    """``part`` is ``train`` or ``validation``; label 1 where there is a curiosity gap."""
    with gzip.open(FOLDER / f"teasers_es_{part}.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    country = np.array([r["country"] for r in rows])
    return Labels(
        texts([r["text"] for r in rows], "es"), np.array([int(r["curiosity"]) for r in rows]), country, country
    )


def passages(language: str) -> Labels:
    """Passages by kind; label 1 where something is told."""
    lines = [line.split("\t") for line in (FOLDER / f"kinds_{language}.txt").read_text(encoding="utf-8").splitlines()]
    kind = np.array([k for k, _ in lines])
    group = np.array([str(i) for i in range(len(lines))])
    return Labels(texts([t for _, t in lines], language), np.isin(kind, TOLD).astype(int), group, kind)
