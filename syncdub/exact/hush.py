"""What it says that nothing of a line is heard: much where the film is loud, nothing where its music and effects are silent.

A stretch in which the film is silent may belong to either of two lines; one in which the dub falls silent below what the film holds all the
while hardly belongs to it.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from syncdub.exact.cells import SIZE, USED, Cells
from syncdub.exact.phase import BLOCK, Floats

AROUND, PAUSES = 4.0, 10
"""Seconds on either side, and per cent of them in which people pause: the loudest moment of those is about as loud as music and effects."""
LOUD, HIDDEN = 0.95, 50.0
"""Quantile of the level that are voices, and decibels under the dub's up to which music and effects cannot be heard in it."""
QUIETER, LASTS, PLAIN = 6.0, 0.2, 10.0
"""Decibels by which a dub is quieter than it could be on a line, and quieter than it ever is on what is known of that line (whose pauses
somebody may have silenced), seconds that this lasts at least, and how much more than others such a moment counts."""
RESTS, HELD = 0.8, 2.0
"""Share of the pauses of a right line that may be heard, by at least so many nats a second: if music rests between its notes, more are."""
_WINDOW = 0.375 * SIZE
"""Sum of the squares of a Hann window."""


def level(spectra: Cells) -> Floats:
    """(n,) decibels (full scale) of each frame in the band that is compared."""
    power = np.square(np.abs(spectra[:, USED])).sum(axis=1, dtype=np.float64) * 2 / (SIZE * _WINDOW)
    return np.asarray(10 * np.log10(power + 1e-12), np.float64)


def against(own: Floats, dub: Floats, gains: Floats, learnt: slice) -> Floats:
    """(n,) seconds that each :data:`~syncdub.exact.phase.BLOCK` counts against a line of which nothing is heard there: its length, 0 where
    the film is silent, :data:`PLAIN` times its length where the dub is quieter than it could be.

    ``own`` and ``dub`` (n,) are the levels (decibels) of every block, those of the original as they would be in the dub, ``gains`` the nats
    for what both share; in ``learnt`` the line is right.
    """
    least = ndimage.percentile_filter(own, PAUSES, 2 * round(AROUND / BLOCK) + 1, mode="nearest")
    lasting, second = round(LASTS / BLOCK), round(1.0 / BLOCK)
    above = ndimage.maximum_filter1d(dub - least, lasting, mode="nearest")
    usual = min(0.0, float(above[learnt].min()))
    quieter = ndimage.maximum_filter1d(above < usual - QUIETER, lasting, mode="constant")
    quiet = float(np.quantile(dub, LOUD)) - HIDDEN
    silent = least <= quiet
    pauses = (ndimage.minimum_filter1d(own, second, mode="nearest") <= quiet)[learnt]
    heard = (ndimage.uniform_filter1d(gains, second, mode="constant") * second > HELD)[learnt][pauses]
    if len(heard) and heard.mean() > RESTS:
        silent[:] = False
    return np.asarray(BLOCK * np.where(quieter, PLAIN, ~silent), np.float64)


def missed(before: Floats, after: Floats) -> Floats:
    """(n + 1,) seconds that speak against a join at each place between n blocks, by what each counts :func:`against` the two lines."""
    ended: Floats = np.concatenate([[0.0], np.cumsum(before)])
    begun: Floats = np.concatenate([np.cumsum(after[::-1])[::-1], [0.0]])
    return ended + begun


def waited(silence: Floats) -> Floats:
    """(n + 1,) how many blocks with something to hear have passed unheard at each place between n blocks, by what each counts
    :func:`against` a line."""
    return np.concatenate([[0.0], np.cumsum(silence)]) / BLOCK
