"""Which dub belongs to which film: by what the names say, and by what the files hold. Pure, one to one.

Names are trusted where they name one file on each side. What content says is :func:`by_content`; where both speak and differ,
:func:`settled` believes the content if it is sure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from syncdub.batch.names import Named

How = Literal["number", "date", "running", "title", "content", "both", "hand", "none"]
SURE = {"number": 0.95, "date": 0.95, "running": 0.85, "across": 0.75}
"""How sure a kind of name is. ``across``: a running number on one side, season and episode on the other."""
ALIKE = 0.35
"""Likeness of titles from which they name the same episode: half of what tells it from the others."""
ENOUGH_NATS = 100.0
"""What only one film holds of a dub before it is believed: more than chance (40, as for a pair's own evidence), for episodes use the
same music here and there (up to 85 in two seasons of twelve; the least of a right pair was 576)."""
FULL_NATS = 150.0
"""Nats over which more evidence makes no difference to how sure a pair is."""
CLEAR = 2.0
"""The best film must hold this many times what the second does."""
DISTRUST = 0.6
"""Sureness from which content overrules a name."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Dub number ``dub`` belongs to film number ``film``, ``sure`` in [0, 1]; ``named`` is the film that the dub's name means, where
    that is another."""

    film: int
    dub: int
    how: How
    sure: float
    named: int | None = None


def by_names(films: Sequence[Named], dubs: Sequence[Named]) -> tuple[Paired, ...]:
    """The pairs that names say, one to one; what two files of a side are called alike is left to others."""
    found: list[Paired] = []
    keys = _keys(films, dubs)
    for how, sure, mine, theirs in keys:
        free = ({p.film for p in found}, {p.dub for p in found})
        own, other = _once(mine, free[0]), _once(theirs, free[1])
        found += [Paired(own[k], other[k], how, sure) for k in own if k in other]
    return tuple(sorted([*found, *_by_title(films, dubs, found)], key=lambda p: (p.film, p.dub)))


def _keys(
    films: Sequence[Named], dubs: Sequence[Named]
) -> list[tuple[How, float, Mapping[int, tuple[str, ...]], Mapping[int, tuple[str, ...]]]]:
    """Ways to name an episode, the surest first: (what, how sure, films' keys, dubs' keys)."""
    plain = [{i: n.key for i, n in enumerate(side) if n.key} for side in (films, dubs)]
    seasoned = [{i: k for i, k in keys.items() if k[0] == "date" or k[1]} for keys in plain]
    running = [{i: k for i, k in keys.items() if k[0] == "number" and not k[1]} for keys in plain]
    counted = [_counted(side) for side in (films, dubs)]
    return [
        ("number", SURE["number"], seasoned[0], seasoned[1]),
        ("running", SURE["running"], running[0], running[1]),
        ("running", SURE["across"], counted[0], running[1]),
        ("running", SURE["across"], running[0], counted[1]),
    ]


def _counted(side: Sequence[Named]) -> Mapping[int, tuple[str, ...]]:
    """The running number of files that name season and episode: of one season the episode, of several their place in the order."""
    numbered = [(n.season, n.episode, i) for i, n in enumerate(side) if n.season is not None and n.episode is not None]
    one = len({season for season, _, _ in numbered}) <= 1
    places = {pair: k for k, pair in enumerate(sorted({(s, e) for s, e, _ in numbered}), 1)}
    return {i: ("number", "", str(e if one else places[s, e])) for s, e, i in numbered}


def _once(keys: Mapping[int, tuple[str, ...]], taken: set[int]) -> dict[tuple[str, ...], int]:
    """Keys that name one file that is not taken."""
    left = {i: k for i, k in keys.items() if i not in taken}
    counts = Counter(left.values())
    return {k: i for i, k in left.items() if counts[k] == 1}


def _by_title(films: Sequence[Named], dubs: Sequence[Named], found: Sequence[Paired]) -> list[Paired]:
    mine = [i for i in range(len(films)) if i not in {p.film for p in found} and not films[i].key]
    theirs = [i for i in range(len(dubs)) if i not in {p.dub for p in found} and not dubs[i].key]
    if not mine or not theirs:
        return []
    rarity = _rarity([films[i].title for i in mine], [dubs[i].title for i in theirs])
    alike = np.array([[_alike(films[i].title, dubs[j].title, rarity) for j in theirs] for i in mine])
    return [
        Paired(mine[i], theirs[j], "title", round(float(alike[i, j]), 3))
        for i, j in assigned(alike)
        if alike[i, j] >= ALIKE and _ahead(alike, i, j)
    ]


def _rarity(*sides: Sequence[tuple[str, ...]]) -> Mapping[str, float]:
    """What each word says: nothing where every title of a side has it (the show's own name)."""
    weights: dict[str, float] = {}
    for titles in sides:
        counts = Counter(word for title in titles for word in set(title))
        for word, n in counts.items():
            tells = log(len(titles) / n) / log(len(titles)) if len(titles) > 1 else 1.0
            weights[word] = min(weights.get(word, 1.0), tells)
    return weights


def _alike(a: tuple[str, ...], b: tuple[str, ...], rarity: Mapping[str, float]) -> float:
    """Share in [0, 1] of what tells two titles from others that both have."""
    every, both = (sum(rarity.get(w, 0.0) for w in words) for words in (set(a) | set(b), set(a) & set(b)))
    return both / every if every > 0 else 0.0


def assigned(scores: NDArray[np.float64]) -> list[tuple[int, int]]:
    """(row, column) one to one with the greatest sum of ``scores`` (Kuhn, 1955)."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(scores, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True)]


def _ahead(scores: NDArray[np.float64], i: int, j: int) -> bool:
    """Whether nothing else in its row or column comes near."""
    others = np.concatenate([np.delete(scores[i], j), np.delete(scores[:, j], i)])
    return not len(others) or bool(scores[i, j] > 1.2 * others.max())


def by_content(nats: NDArray[np.float64]) -> tuple[Paired, ...]:
    """The pairs that content says, from (films, dubs) evidence that no other film explains (:func:`syncdub.batch.content.telling`)."""
    if not nats.size:
        return ()
    claims = _claims(nats)
    found = []
    for i, j in assigned(nats):
        best = float(nats[i, j])
        second = max([0.0, *np.delete(nats[:, j], i), *np.delete(claims[i], j)])
        if best >= ENOUGH_NATS and best >= CLEAR * second:
            sure = (1.0 - np.exp(-best / FULL_NATS)) * (1.0 - (second / best) ** 2)
            found.append(Paired(i, j, "content", round(float(sure), 3)))
    return tuple(found)


def _claims(nats: NDArray[np.float64]) -> NDArray[np.float64]:
    """``nats`` where a dub has a claim on a film: no other film explains as much of it. What it shares with several is the show's."""
    seconds = np.sort(nats, axis=0)[-2] if len(nats) > 1 else np.zeros(nats.shape[1])
    return np.where((nats == nats.max(axis=0)) & (nats >= CLEAR * seconds), nats, 0.0)


def settled(
    named: Sequence[Paired], heard: Sequence[Paired], listened: frozenset[tuple[int, int]] = frozenset()
) -> tuple[Paired, ...]:
    """One list of both, one to one. Content that is sure overrules a name, and frees the files that the name had taken; a name whose
    pair was ``listened`` to and says nothing stays, less sure."""
    by_dub = {p.dub: p for p in named}
    out: list[Paired] = []
    for pair in sorted(heard, key=lambda p: -p.sure):
        name = by_dub.get(pair.dub)
        if name is not None and name.film == pair.film:
            out.append(replace(pair, how="both", sure=round(1 - (1 - pair.sure) * (1 - name.sure), 3)))
        elif name is None or pair.sure >= DISTRUST:
            out.append(replace(pair, named=name.film if name else None))
    films, dubs = {p.film for p in out}, {p.dub for p in out}
    for pair in named:
        if pair.film not in films and pair.dub not in dubs:
            unheard = (pair.film, pair.dub) in listened
            out.append(replace(pair, sure=round(pair.sure / 2, 3)) if unheard else pair)
    return tuple(sorted(out, key=lambda p: (p.film, p.dub)))
