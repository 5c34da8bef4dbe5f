"""Which sentences of two texts say the same: a monotone alignment of runs of one to four sentences, by meaning.

The value of joining two runs adds up what different witnesses say: the cosine of their vectors above what is usual for
either run (margin), the agreement of their lengths, the numbers, names and cognates they share and, where times are
known, when they are said. The best path through all values is found twice: with vectors of single sentences first, whose
sums stand for runs; then, in a corridor around that path, with vectors of the runs themselves wherever the first pass was
not sure. Every scale is read from the two texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from syncdub.meaning.alignment import MAX_RUN, BestPath, Costs, JoinValues, Link, Side, Times, length_doubt, make_side
from syncdub.meaning.bands import WHOLE_TABLE, Band, around, heaviest_chain, whole
from syncdub.meaning.lexical import shared_keys
from syncdub.meaning.similarity import Embed, Scale, encode_once, likely_pairs, measure_scale

__all__ = ["Costs", "Embed", "Link", "Times", "align", "align_texts"]

_CORRIDOR = 12
"""Sentences the second pass may leave the first pass's path: three of the largest joins."""
_SURE = 0.75
"""A one-to-one link with this score whose lengths agree is not looked at again …"""
_SURE_LENGTH = 0.1
"""… agreement being at most this :func:`~syncdub.meaning.alignment.length_doubt`, a factor of 1.37."""


def align(
    source: Sequence[str],
    target: Sequence[str],
    embed: Embed,
    *,
    costs: Costs | None = None,
    times: Times | None = None,
) -> list[Link]:
    """Links that cover every sentence of both texts once, in order; runs of up to :data:`~syncdub.meaning.alignment.MAX_RUN` sentences.

    ``embed`` is called at most twice, with lists without repetitions. Beyond a thousand sentences time and memory grow with
    their number, not with its square.
    """
    if not source or not target:
        return [Link((i,), ()) for i in range(len(source))] + [Link((), (j,)) for j in range(len(target))]
    costs = costs or Costs()
    texts = [" ".join(t.split()) for t in (*source, *target)]
    vectors, n = encode_once(texts, embed), len(source)
    left, right = make_side(texts[:n], vectors[:n]), make_side(texts[n:], vectors[n:])
    scale = measure_scale(left.runs[:, 0], right.runs[:, 0], (left.characters(1), right.characters(1)))
    shared = shared_keys(left.texts, right.texts)
    coarse = BestPath(JoinValues((left, right), scale, costs, shared, times), _first_band(left, right, scale)).links()
    _encode_doubtful((left, right), _settled(coarse, left, right, scale), embed)
    band = _corridor(coarse, len(left), len(right))
    return BestPath(JoinValues((left, right), scale, costs, shared, times), band).links()


def align_texts(source: list[str], target: list[str], embed: Embed) -> list[Link]:
    """The links of two texts given as sentences; ``str(link)`` is ``"[0, 1]:[2]"``."""
    return align(source, target, embed)


def _first_band(left: Side, right: Side, scale: Scale) -> Band:
    """The whole table while it is small; else a wide corridor around the heaviest chain of pairs that stand out."""
    if (len(left) + 1) * (len(right) + 1) <= WHOLE_TABLE:
        return whole(len(left), len(right))
    cells, margins = likely_pairs(left.runs[:, 0], right.runs[:, 0], scale)
    chain = [cells[c] for c in heaviest_chain(cells, margins)]
    return around(chain, len(left), len(right), 2 * _CORRIDOR)


def _corridor(links: list[Link], n_source: int, n_target: int) -> Band:
    path = [(link.source[-1] + 1, link.target[-1] + 1) for link in links if link.source and link.target]
    return around(path, n_source, n_target, _CORRIDOR)


def _settled(links: list[Link], left: Side, right: Side, scale: Scale) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The sentences of either side that were linked one to one, clearly and with agreeing lengths."""
    settled = np.zeros(len(left), np.bool_), np.zeros(len(right), np.bool_)
    lengths = left.characters(1), right.characters(1)
    for link in links:
        if len(link.source) == len(link.target) == 1 and link.score >= _SURE:
            i, j = link.source[0], link.target[0]
            sure = length_doubt(lengths[0][i], lengths[1][j], scale.ratio) < _SURE_LENGTH
            settled[0][i], settled[1][j] = sure, sure
    return settled


def _encode_doubtful(
    sides: tuple[Side, Side], settled: tuple[NDArray[np.bool_], NDArray[np.bool_]], embed: Embed
) -> None:
    """Give the runs that are in doubt their own vectors, in one batch; the others may not be joined any more."""
    chosen = [_doubtful_runs(side, s) for side, s in zip(sides, settled, strict=True)]
    texts = [" ".join(side.texts[i + 1 - a : i + 1]) for side, runs in zip(sides, chosen, strict=True) for i, a in runs]
    vectors = iter(encode_once(texts, embed))
    for side, runs in zip(sides, chosen, strict=True):
        side.usable[:, 1:] = False
        for i, a in runs:
            side.runs[i, a - 1] = next(vectors)
            side.usable[i, a - 1] = True


def _doubtful_runs(side: Side, settled: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Last sentence and size of the runs worth encoding: of two with at most one settled sentence, of more with none."""
    counts = np.concatenate([[0], np.cumsum(settled)])
    runs = []
    for size in range(2, min(MAX_RUN, len(side)) + 1):
        sure = counts[size:] - counts[:-size]
        wanted = side.usable[size - 1 :, size - 1] & (sure <= (1 if size == 2 else 0))
        runs += [(int(i) + size - 1, size) for i in np.flatnonzero(wanted)]
    return runs
