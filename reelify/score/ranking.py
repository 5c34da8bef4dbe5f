"""The order of many clips: best first, none that says the same again. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.messages import Message, message
from reelify.score.judging import PARTS
from reelify.score.semantics import Speech
from reelify.values import ViralScore

ROUTINE = 0.6
"""Share of a clip that is gone through rather than told, from which that alone explains its place."""
POOR = {"choice": 0.35, "curiosity": 0.1}
DUPLICATE = 0.85
"""Cosine of two clips' meanings from which the second says the same again."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A clip to be ranked: ``name`` tells it apart, ``vector`` is its meaning (unit length), ``None`` where nothing is said."""

    name: str
    score: ViralScore
    vector: NDArray[np.float32] | None = None
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """Place in the list: ``index`` into the entries given, ``kept`` whether it is in the selection, ``reasons`` why not;
    ``twin`` names the better clip that says the same."""

    index: int
    name: str
    total: float
    kept: bool
    reasons: tuple[Message, ...] = ()
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Best first; those left out follow. ``notes`` explain an empty selection."""

    items: tuple[Ranked, ...]
    notes: tuple[Message, ...] = ()

    @property
    def kept(self) -> tuple[Ranked, ...]:
        return tuple(item for item in self.items if item.kept)


def rank(entries: Sequence[Entry], *, min_score: float, limit: int | None = None, diversity: float = 0.3) -> Ranking:
    """Selects by maximal marginal relevance (score less ``diversity`` · likeness to what is chosen); near-doubles are left out.

    Ties go to the earlier start, then the name, then the order given. Under ``min_score`` nothing is kept.
    """
    waiting = sorted(range(len(entries)), key=lambda i: _order(entries[i], i))
    chosen, twins = _select(entries, [i for i in waiting if entries[i].score.total >= min_score], diversity)
    kept = set(chosen if limit is None else chosen[:limit])
    places = [i for i in waiting if i in kept] + [i for i in waiting if i not in kept]
    items = tuple(_ranked(entries[i], i, i in kept, twins.get(i, ""), min_score) for i in places)
    return Ranking(items, () if kept or not entries else _closest(items, min_score))


def _select(entries: Sequence[Entry], passing: Sequence[int], diversity: float) -> tuple[list[int], dict[int, str]]:
    """Indices in the order they are chosen, and for near-doubles the name of the one that says the same."""
    chosen: list[int] = []
    twins: dict[int, str] = {}
    nearest: dict[int, tuple[float, int]] = dict.fromkeys(passing, (0.0, -1))
    while nearest:
        best = max(nearest, key=lambda i: round(entries[i].score.total - diversity * nearest[i][0], 9))
        alike, other = nearest.pop(best)
        if alike >= DUPLICATE:
            twins[best] = entries[other].name
            continue
        chosen.append(best)
        for i in nearest:
            nearest[i] = max(nearest[i], (likeness(entries[i], entries[best]), best), key=lambda pair: pair[0])
    return chosen, twins


def _order(entry: Entry, index: int) -> tuple[float, float, str, int]:
    return (-round(entry.score.total, 9), entry.start, entry.name, index)


def likeness(one: Entry, other: Entry) -> float:
    """Cosine of two clips' meanings; 0 where one of them says nothing."""
    if one.vector is None or other.vector is None:
        return 0.0
    return float(one.vector @ other.vector)


def _ranked(entry: Entry, index: int, kept: bool, twin: str, min_score: float) -> Ranked:
    reasons: tuple[Message, ...] = ()
    if twin:
        reasons = (message("rank.duplicate", name=twin),)
    elif entry.score.total < min_score:
        reasons = (message("rank.below", score=round(entry.score.total, 2), limit=min_score), *_missing(entry.score))
    elif not kept:
        reasons = (message("rank.over_limit"),)
    return Ranked(index, entry.name, entry.score.total, kept, reasons, twin)


def _missing(score: ViralScore) -> tuple[Message, ...]:
    """The heaviest parts that earned next to nothing, at most two."""
    if score.parts.get("routine", 0.0) > ROUTINE:
        return (message("rank.routine"),)
    poor = [name for name in PARTS if score.parts.get(name, 1.0) < POOR.get(name, 0.15)]
    return tuple(message(f"rank.lacks.{name}") for name in poor[:2])


def _closest(items: Sequence[Ranked], min_score: float) -> tuple[Message, ...]:
    best = items[0]
    return (message("rank.none", limit=min_score, name=best.name, score=round(best.total, 2)), *best.reasons[1:])


def meaning(speech: Speech) -> NDArray[np.float32] | None:
    """One unit vector for a whole passage: its sentences' vectors by length; ``None`` without vectors."""
    if speech.vectors is None or not len(speech.vectors):
        return None
    lengths = np.array([max(1, len(s.text)) for s in speech.sentences], dtype=np.float32)
    total: NDArray[np.float32] = (speech.vectors * lengths[:, None]).sum(axis=0)
    norm = float(np.linalg.norm(total))
    return (total / norm).astype(np.float32) if norm > 0 else None
