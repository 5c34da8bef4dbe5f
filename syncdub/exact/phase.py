"""What two sounds share in phase: the finest witness where a dub was laid over the same recording of music and effects.

Voices are evened out first: every 20 ms gets the same level and every frequency the same power, so a bed far under the voices
speaks in each pause between two syllables. What was stretched in time (pitch kept) shares no phase.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]
RATE = 16000
BAND = (150.0, 6000.0)
"""Hertz: below is hum, above what small codecs invent."""
EVEN_SECONDS = 0.02
LAGS = 0.045
"""Seconds; onsets are not further off."""
WIDTH = 0.0004
"""Seconds by which the windows of a line may differ: what is left of the speed."""
NEAR = 0.003
SILENT = 1e-10
"""Mean square under which there is nothing to compare."""
BLOCK = 0.02
"""Seconds an element of :func:`likeness` is for."""
CHOOSE_SECONDS = 1.0
RHOS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
CHOICE = 2.0
"""Nats a second that it costs to choose a correlation: sounds that share nothing gain nothing by chance."""
PAUSES = 0.8
FREEDOM = 1.5
"""Independent values a second and hertz of bandwidth; 2 by theory, less as neighbouring frequencies hang together."""


def even(samples: Samples) -> Samples:
    """``samples`` with the level of every 20 ms and the power of every frequency of :data:`BAND` brought to one."""
    loud = np.sqrt(ndimage.uniform_filter1d(np.square(samples), round(EVEN_SECONDS * RATE)) + 1e-9)
    spectrum = fft.rfft(samples / loud)
    frequency = np.linspace(0.0, RATE / 2, len(spectrum))
    # The filter's running sum may end a little below zero where there is hardly any sound.
    power = ndimage.uniform_filter1d(np.square(np.abs(spectrum)), max(3, len(spectrum) // 400))
    size = np.sqrt(np.maximum(power, 0.0))
    spectrum /= size + 1e-3 * float(size.mean()) + 1e-12
    spectrum[(frequency < BAND[0]) | (frequency > BAND[1])] = 0.0
    out = fft.irfft(spectrum, len(samples))
    return np.asarray(out / max(float(out.std()), 1e-12), np.float32)


@lru_cache(maxsize=4)
def _taper(n: int) -> Samples:
    return np.hanning(n).astype(np.float32)


def curve(own: Samples, dub: Samples, lags: float = LAGS) -> Floats:
    """Generalised cross-correlation with phase transform (Knapp and Carter, 1976) of evened sounds at lags within
    ``lags`` seconds, spread 1; negative where the polarity is flipped, zeros where one of the two is silent."""
    n, reach = min(len(own), len(dub)), round(lags * RATE)
    if n < RATE or min(float(np.square(x[:n]).mean()) for x in (own, dub)) < SILENT:
        return np.zeros(2 * reach + 1)
    n = fft.prev_fast_len(n, real=True)  # a length with large prime factors takes eight times as long
    size = fft.next_fast_len(n + reach, real=True)
    taper = _taper(n)
    cross = fft.rfft(even(dub[:n]) * taper, size) * np.conj(fft.rfft(even(own[:n]) * taper, size))
    cross /= np.abs(cross) + 1e-3 * float(np.abs(cross).mean()) + 1e-20
    around = fft.irfft(cross, size)
    out = np.concatenate([around[-reach:], around[: reach + 1]])
    return np.asarray(out / max(float(out.std()), 1e-12), np.float64)


def peak(sizes: Floats) -> tuple[float, float]:
    """Seconds the dub is late at the highest place of summed sizes of :func:`curve`, its height over the spread of the rest."""
    smooth = ndimage.gaussian_filter1d(sizes, WIDTH * RATE)
    top, margin = int(smooth.argmax()), round(NEAR * RATE)
    rest = np.concatenate([smooth[: max(0, top - margin)], smooth[top + margin + 1 :]])
    return (top - len(sizes) // 2) / RATE, (float(smooth[top]) - float(rest.mean())) / (float(rest.std()) + 1e-9)


def likeness(own: Samples, dub: Samples, sign: float) -> Floats:
    """Nats for "these belong together", one for each :data:`BLOCK`, 0 where nothing is shared; ``sign`` is the polarity.

    The log-likelihood ratio of a correlation ρ against none (see :mod:`syncdub.exact.likeness`), ρ being what the second around says,
    of a bed that is silent at any moment with the probability :data:`PAUSES`: a bed that sets in must not speak against the
    silence before it.
    """
    n = min(len(own), len(dub)) // round(BLOCK * RATE)
    size = round(BLOCK * RATE)
    if n < 3 or min(float(np.square(x[: n * size]).mean()) for x in (own, dub)) < SILENT:
        return np.zeros(n)
    r = sign * (even(own[: n * size]) * even(dub[: n * size])).reshape(n, size).mean(axis=1, dtype=np.float64)
    free = FREEDOM * (BAND[1] - BAND[0]) * BLOCK
    each = np.array([np.zeros(n), *(free * (rho * r - rho * rho / 2) - CHOICE * BLOCK for rho in RHOS)])
    choice = ndimage.uniform_filter1d(each, round(CHOOSE_SECONDS / BLOCK), axis=1, mode="nearest").argmax(axis=0)
    nats = np.take_along_axis(each, choice[None], axis=0)[0]
    return np.asarray(np.where(choice > 0, np.logaddexp(np.log(PAUSES), np.log1p(-PAUSES) + nats), 0.0))
