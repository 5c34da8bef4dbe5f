"""What it says that nothing of a line is heard: much where the film is loud, nothing where its music and effects are silent.

A stretch in which the film is silent may belong to either of two lines; one in which the dub falls silent below what the film holds all the
while belongs to none.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from syncdub.exact.cells import SIZE, USED, Cells
from syncdub.exact.phase import BLOCK, Floats

AROUND = 4.0
"""Seconds on either side within which people pause: the quietest moment of them is as loud as music and effects are, or louder."""
NOISE, HIDDEN = 3.0, 50.0
"""Decibels over the dub's noise, and under its voices, up to which music and effects cannot be heard in it."""
QUIETER, LASTS = 6.0, 0.2
"""Decibels by which a dub is quieter than it could be on a line, and quieter than it ever is on what is known of that line (whose pauses
somebody may have silenced), and seconds that this lasts at least."""
NEVER = 1e6
"""Blocks; more than any film has."""
_WINDOW = 0.375 * SIZE
"""Sum of the squares of a Hann window."""


def level(spectra: Cells) -> Floats:
    """(n,) decibels (full scale) of each frame in the band that is compared."""
    power = np.square(np.abs(spectra[:, USED])).sum(axis=1, dtype=np.float64) * 2 / (SIZE * _WINDOW)
    return np.asarray(10 * np.log10(power + 1e-12), np.float64)


def against(own: Floats, dub: Floats, learnt: slice) -> Floats:
    """(n,) seconds that each :data:`~syncdub.exact.phase.BLOCK` counts against a line of which nothing is heard there: its length, 0 where
    the film is silent, infinity where the dub is quieter than it could be.

    ``own`` and ``dub`` (n,) are the levels (decibels) of every block, those of the original as they would be in the dub; in ``learnt`` the
    line is right.
    """
    least = ndimage.minimum_filter1d(own, 2 * round(AROUND / BLOCK) + 1, mode="nearest")
    lasting = round(LASTS / BLOCK)
    above = ndimage.maximum_filter1d(dub - least, lasting, mode="nearest")
    usual = min(0.0, float(above[learnt].min()))
    quieter = ndimage.maximum_filter1d(above < usual - QUIETER, lasting, mode="constant")
    floor, loud = np.quantile(dub, (0.01, 0.95))
    out = np.where(least <= max(floor + NOISE, loud - HIDDEN), 0.0, BLOCK)
    return np.asarray(np.where(quieter, np.inf, out), np.float64)


def missed(before: Floats, after: Floats) -> Floats:
    """(n + 1,) seconds that speak against a join at each place between n blocks, by what each counts :func:`against` the two lines."""
    return np.concatenate([[0.0], np.cumsum(before)]) + np.concatenate([np.cumsum(after[::-1])[::-1], [0.0]])


def waited(silence: Floats) -> Floats:
    """(n + 1,) how many blocks with something to hear have passed unheard at each place between n blocks, by what each counts
    :func:`against` a line; where it cannot be, so many that no pause is as long."""
    return np.minimum(np.concatenate([[0.0], np.cumsum(silence)]) / BLOCK, NEVER)
