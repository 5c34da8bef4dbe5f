"""What a dub shares with one film and with no other: the evidence that pairs them where names do not. Pure array maths.

A song, an opening or an advertisement that all episodes have says nothing of which episode it is. So a window of the dub counts by
how few films hold it: by its inverse document frequency (Spärck Jones, 1972), log(N / films that hold it) over log(N).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from syncdub.exact.correlation import Hits
from syncdub.exact.timemap import best_path, from_hits

HELD = 8.0
"""Nats over chance from which a film holds a window, wherever in it."""
FEWEST = 3
"""So many windows must tell a pair from all others: one is a coincidence of loud bangs."""
ALONE = 0.5
"""What a window counts where there is one film only: nothing tells it from others that are not here."""


def on_the_path(hits: Hits, step: float, lags: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of each of a dub's windows in one film: (nats that lie on one line of time with the others, whether the film holds it anywhere).

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
    return np.where(held, nats, 0.0), held


def telling(nats: Sequence[NDArray[np.float64]], held: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """(films,) evidence for each film, nats, of one dub's windows: ``nats`` and ``held`` are (windows,) for each film."""
    n = len(nats)
    holders = np.sum([h.astype(np.int64) for h in held], axis=0)
    weight = np.log(n / np.maximum(holders, 1)) / np.log(n) if n > 1 else np.full(len(holders), ALONE)
    counted = [np.where((x > 0) & (weight > 0), x * weight, 0.0) for x in nats]
    return np.array([float(x.sum()) if np.count_nonzero(x) >= FEWEST else 0.0 for x in counted])
