"""What a dub shares with one film and with no other: the evidence that pairs them where names do not. Pure array maths.

A song, an opening or an advertisement that all episodes have says nothing of which episode it is. So a window of the dub counts by
how few films hold it: by its inverse document frequency (Spärck Jones, 1972), log(N / films that hold it) over log(N). A film holds a
window if it is nearly as like it as the film that is most like it: half a window of a song is found everywhere, the other half once.

A few bars that two episodes share are found as surely as a whole film. So the evidence is multiplied by the share of the dub that it
covers, what every film holds left out of account.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from syncdub.exact.correlation import Hits
from syncdub.exact.timemap import best_path, from_hits

HELD = 8.0
"""Nats over chance from which a film holds a window, wherever in it."""
NEARLY = 0.7
"""A film holds a window if its correlation is this share of the best film's."""
FEWEST = 3
"""So many windows must tell a pair from all others: one is a coincidence of loud bangs."""
ALONE = 0.5
"""What a window counts where there is one film only: nothing tells it from others that are not here."""


def on_the_path(hits: Hits, step: float, lags: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each of a dub's windows in one film: (nats that lie on one line of time with the others, its best correlation anywhere in the
    film, 0 where that is chance).

    ``lags`` is how many places were looked at: the best of so many by chance says nothing.
    """
    width = 1.0
    found = from_hits(hits.centre, hits.at, hits.z, step=step, width=width, hop=width)
    path = best_path(found)
    nats = np.zeros(len(hits.centre))
    place = {round(float(c) * step, 6): n for n, c in enumerate(hits.centre)}
    for i in path:
        nats[place[round(float(found.u[i]), 6)]] = found.gain[i]
    chance = np.log(max(lags, 2))
    best = np.square(hits.z[:, 0]) / 2 - chance if hits.z.size else np.zeros(len(nats))
    held = (best >= HELD) | (nats >= chance + HELD)
    like = hits.score[:, 0] if hits.score.size else np.zeros(len(nats))
    return np.where(held, nats, 0.0), np.where(held, like, 0.0)


def telling(nats: Sequence[NDArray[np.float64]], like: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(films,) evidence for each film, nats, of one dub's windows: ``nats`` and ``like`` are (windows,) for each film, as
    :func:`on_the_path` says."""
    n, alike = len(nats), np.array(like)
    holds = (alike > 0) & (alike >= NEARLY * alike.max(axis=0))
    holders = holds.sum(axis=0)
    weight = np.log(n / np.maximum(holders, 1)) / np.log(n) if n > 1 else np.full(len(holders), ALONE)
    counted = np.where(holds & (weight > 0), np.array(nats) * weight, 0.0)
    number = np.count_nonzero(counted, axis=1)
    share = number / max(1, len(holders) - int((holders == n).sum()) if n > 1 else len(holders))
    return np.where(number >= FEWEST, counted.sum(axis=1) * share, 0.0)
