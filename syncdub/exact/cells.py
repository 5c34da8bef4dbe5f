"""What two sounds share in single cells of time and frequency: the finest witness of where a shared bed begins and ends.

A bed far under two voices is hidden in their sum, but not everywhere: between syllables, between harmonics and above them a cell of some
hundredths of a second and some tens of hertz holds the bed alone. There the dub is the original times what its mixing room and its codec
did (:class:`Transfer`), in size and phase; elsewhere their quotient may be anything. Chance seldom meets that quotient, so a few such
cells say more than a correlation over all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from syncdub.exact.phase import RATE, Floats, Samples

SIZE, HOP = 512, 160
"""Samples of a frame and between two: 32 and 10 ms."""
BAND = (150.0, 7500.0)
"""Hertz that are compared."""
SHARES = (0.003, 0.01, 0.03, 0.1, 0.25, 0.5)
"""Shares of cells in which the bed may be alone in both; the one that says most in the half second around is taken."""
CHOOSE_SECONDS, CHOICE = 0.5, 4.0
"""… and costs so many nats a second, so that sounds that share nothing gain nothing by chance."""
SPREAD = 0.3
"""How far (in sizes) the quotient of a shared cell lies from the transfer: voices and codecs add to it."""
DEPENDENT = 4.0
"""Overlapping frames and neighbouring frequencies, and voices that are alike by nature: so many cells say as much as one."""
CLOSE = 0.9
"""Cosine from which a cell's phase is that of the transfer."""
NEAR, AROUND = 0.35, (51, 61)
"""Sizes (natural logarithms) around one, and frames and frequencies, in which it is counted how often chance has such a size."""
PAUSES = 0.95
"""How probable it is that a bed is not heard at a moment: the time before it sets in speaks hardly against it."""
FINE, SMOOTH, LEVELS = 8, 17, np.arange(-4.0, 4.01, 0.1)
"""Parts of a sample to which a delay is found; bins over which a transfer is smooth; sizes (natural logarithms) it may have."""

Cells = NDArray[np.complex64]
_HERTZ = np.fft.rfftfreq(SIZE, 1.0 / RATE)
USED = (BAND[0] < _HERTZ) & (BAND[1] > _HERTZ)


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """What becomes of the original's bed in the dub: a complex factor of each of the (SIZE / 2 + 1) frequencies; ``clear`` is how far
    (standard deviations) the delay it has stands above all others."""

    factors: Cells
    clear: float


def cells(samples: Samples) -> Cells:
    """(n, SIZE / 2 + 1) spectra of frames every :data:`HOP` samples; frame k is around the sample ``k · HOP + SIZE / 2``."""
    if len(samples) < SIZE:
        return np.zeros((0, len(_HERTZ)), np.complex64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, SIZE)[::HOP]
    return np.asarray(fft.rfft(frames * np.hanning(SIZE).astype(np.float32), axis=1), np.complex64)


def transfer(own: Cells, dub: Cells) -> Transfer:
    """The transfer that most cells of two sounds agree on which are known to share a bed, whatever lies over it."""
    cross = dub * np.conj(own)
    unit = cross / (np.abs(cross) + 1e-12)
    mean = np.where(USED, unit.mean(axis=0), 0.0)
    around = fft.irfft(mean, SIZE * FINE)
    top = int(np.abs(around).argmax())
    clear = float(np.abs(around[top]) / (around.std() + 1e-12))
    lag = (top - len(around) * (top > len(around) // 2)) / FINE
    ramp = np.exp(-2j * np.pi * np.arange(len(_HERTZ)) * lag / SIZE)
    window = np.hanning(SMOOTH + 2)[1:-1]
    steady = mean * np.conj(ramp)
    phase = ramp * (ndimage.convolve1d(steady.real, window) + 1j * ndimage.convolve1d(steady.imag, window))
    phase /= np.abs(phase) + 1e-12
    size = np.log(np.abs(dub) + 1e-9) - np.log(np.abs(own) + 1e-9)
    close = (unit * np.conj(phase)).real > CLOSE
    return Transfer(np.asarray(phase * np.exp(_usual(size, close)), np.complex64), clear)


def _usual(size: Floats, close: NDArray[np.bool_]) -> Floats:
    """The size that ``close`` cells of each frequency have more often than others."""
    step = float(LEVELS[1] - LEVELS[0])
    share = float(np.arccos(CLOSE) / np.pi)
    place = np.clip(np.rint((size - LEVELS[0]) / step), 0, len(LEVELS) - 1).astype(np.int64)
    weight = np.where(close, 1.0 - share, -share)
    flat = place + np.arange(size.shape[1]) * len(LEVELS)
    many = np.bincount(flat.ravel(), weight.ravel(), size.shape[1] * len(LEVELS)).reshape(size.shape[1], -1)
    return np.asarray(LEVELS[ndimage.gaussian_filter(many, (12, 2)).argmax(axis=1)], np.float64)


def _by_chance(quotient: Cells, size: NDArray[np.float32]) -> NDArray[np.float32]:
    """How dense (a natural logarithm) the sizes of cells around one are by chance, as those around say whose phase is another."""
    other = (np.abs(np.log(size)) < NEAR) & (quotient.real < CLOSE * size)
    share = 1.0 - float(np.arccos(CLOSE) / np.pi)
    return np.asarray(ndimage.uniform_filter(other.astype(np.float32), AROUND) / (2 * NEAR * share) + 0.05, np.float32)


def shared(own: Cells, dub: Cells, known: Transfer) -> Floats:
    """Nats for "this bed is in both" of every frame, about 0 where nothing is shared.

    The quotient of a shared cell lies around the transfer (normal, :data:`SPREAD`), that of others anywhere: its phase is any, its
    size as the sizes around it. A bed is unheard at any moment with the probability :data:`PAUSES`.
    """
    n = min(len(own), len(dub))
    if n < 3:
        return np.zeros(n)
    quotient = dub[:n, USED] / (known.factors[USED] * own[:n, USED] + 1e-9)
    size = np.asarray(np.abs(quotient) + 1e-9, np.float32)
    likely = np.exp(-np.square(np.abs(quotient - 1.0)) / SPREAD**2) / (np.pi * SPREAD**2)
    gain = likely * 2 * np.pi * np.square(size) / _by_chance(quotient, size) - 1.0
    cost, around = CHOICE * HOP / RATE, round(CHOOSE_SECONDS * RATE / HOP)
    each = np.array([np.zeros(n), *(np.log1p(s * gain).sum(axis=1) / DEPENDENT - cost for s in SHARES)])
    choice = ndimage.uniform_filter1d(each, around, axis=1, mode="nearest").argmax(axis=0)
    nats = np.take_along_axis(each, choice[None], axis=0)[0]
    return np.asarray(np.where(choice > 0, np.logaddexp(np.log(PAUSES), np.log1p(-PAUSES) + nats), 0.0), np.float64)
