"""Where a window of one sound occurs in another: onset features, full-range correlation, several candidates per window.

Pure array maths. Features are (n, bands) at a fixed frame rate; the correlation of every window with the whole of the other
file is one batched product of spectra, so the range of the search is never limited. Scores are normalised correlations in
[-1, 1]; ``z`` is a score over the spread of that window's scores at all other places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from pipeline.lanes import in_lanes

Array = NDArray[np.float32]
Array16 = NDArray[np.float16] | NDArray[np.float32]
Levels = NDArray[np.uint8] | NDArray[np.float32]
LAYER_FLOOR_DB, LAYER_STEP_DB = -100.0, 0.5
HALF_BITS, HALF_SCALE = np.int32(-0x70002000), np.float32(2.0**112)
"""Sign, exponent and fraction of a half precision number shifted into a float32, and what its exponent then lacks."""
PIECE = 8000
"""Frames worked on at a time; they stay in the processor's cache."""

LARGEST_CHANGE = 12.0
"""Decibels; a louder onset says no more about time and would only drown the others."""
AUDIBLE_BELOW = 70.0
"""Bands further than this under the file's loud level count as silent, decibels: their changes are codec noise."""
LOCAL_SECONDS = 6.0
"""Changes are scaled by their spread over about this long, so that loud passages do not rule."""
SILENCE_DB = -80.0
N_FFT = 8192
STRETCH = 130000
"""Places looked at together, or up to half as many more; bounds the memory of a search."""
QUIET = 0.05
"""Mean square of features under which a window counts as silent."""
CHUNK = 8
"""Windows looked for at once: their products stay in the processor's cache."""
N_SPREAD, LEAST_SPREAD = 20000, 0.004
"""Scores that tell the spread of all, and the least spread: that of rounding."""
MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
APART = 0.4
"""Two candidates of a window are at least this far apart, seconds: closer ones are the same peak."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Candidates of ``n`` windows, ``k`` each, best first: ``centre`` (n,) and ``at`` (n, k) are frames of either file,
    ``score`` and ``z`` (n, k). Absent candidates have ``z`` 0."""

    centre: NDArray[np.float64]
    at: NDArray[np.float64]
    score: NDArray[np.float64]
    z: NDArray[np.float64]


Peaks = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Of n windows: lags and scores (n, k) of the best places, and the spread (n,) of all scores."""
Places = Callable[[Array, Array16, NDArray[np.int64], int, int, int], Peaks]
"""What :func:`best_places` does, by whatever computes it."""
Search = Callable[[Array16, Array16, NDArray[np.int64], int, int, float], Hits]
"""What :func:`search` does, by whatever computes it."""


def levels_of(layer: Levels) -> Array:
    """Levels as float32; uint8 layers of a sound print hold half decibels over −100 dBFS."""
    if layer.dtype == np.uint8:
        return layer.astype(np.float32) * LAYER_STEP_DB + LAYER_FLOOR_DB
    return layer.astype(np.float32, copy=False)


def singles(features: Array16) -> Array:
    """Features as float32. NumPy widens half precision one number at a time; here its bits are put in place, four times as fast: exact for
    every finite number, also the smallest."""
    if features.dtype != np.float16:
        return np.array(features, np.float32)
    bits = features.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= HALF_BITS
    out: Array = bits.view(np.float32)
    out *= HALF_SCALE
    return out


def changes(layer: Levels, step: float, floor: float | None = None) -> Array:
    """(n, bands) limited changes of band level around each frame, scaled so that loud passages do not rule.

    ``layer`` holds levels every ``step`` seconds; what lies under ``floor`` (dB, default: see :func:`floor_of`) is silence.
    """
    levels = levels_of(layer)
    out = np.zeros(levels.shape, np.float32)
    if len(levels) < 3:
        return out
    floored = np.maximum(levels, np.float32(floor_of(layer) if floor is None else floor))
    np.subtract(floored[2:], floored[:-2], out=out[1:-1])
    np.clip(out, -LARGEST_CHANGE, LARGEST_CHANGE, out=out)
    size = max(3, round(LOCAL_SECONDS / step))
    spread = np.square(out).mean(axis=1)
    spread = ndimage.uniform_filter1d(spread, size, mode="nearest")
    out /= np.sqrt(spread + 0.5)[:, None]
    return out


def floor_of(layer: Levels) -> float:
    """The level (dB) under which ``layer`` counts as silent: :data:`AUDIBLE_BELOW` under its loud level."""
    few = levels_of(layer[:: max(1, len(layer) // 5000)])
    return max(float(np.quantile(few, 0.95)) - AUDIBLE_BELOW, SILENCE_DB) if few.size else SILENCE_DB


def whitener(*features: Array) -> Array:
    """(bands, bands): the symmetric matrix that makes the bands of all ``features`` independent of each other.

    Voices change all bands at once; without what bands share, the bed behind them is found at a fraction of the level.
    """
    bands = features[0].shape[1]
    covariance = np.zeros((bands, bands))
    for f in features:
        few = f[:: max(1, len(f) // 60000)].astype(np.float64)
        covariance += few.T @ few / max(len(few), 1) / len(features)
    values, vectors = np.linalg.eigh(covariance)
    floor = 0.05 * max(float(values.mean()), 1e-6)
    out: Array = ((vectors / np.sqrt(values.clip(0) + floor)) @ vectors.T).astype(np.float32)
    return out


def onsets(layer: Levels, step: float, white: Array, rate: float = 1.0) -> Array16:
    """(n, bands) float16 features to correlate: :func:`changes` made independent by ``white`` (see :func:`whitener`).

    ``rate`` stretches the layer first (see :func:`stretched`). Done in pieces: long layers need little memory.
    """
    n = len(layer) if rate == 1.0 else int(np.floor((len(layer) - 1) * rate)) + 1
    out = np.zeros((max(n, 0), layer.shape[1]), np.float16)
    margin = max(3, round(LOCAL_SECONDS / step))
    floor = floor_of(layer)

    def fill(a: int) -> None:
        low, high = max(0, a - margin), min(n, a + PIECE + margin)
        part = changes(_stretch_of(layer, rate, low, high), step, floor)
        out[a : min(a + PIECE, n)] = (part @ white)[a - low : a - low + PIECE]

    in_lanes(fill, range(0, n, PIECE))
    return out


def stretched(layer: Levels, rate: float) -> Levels:
    """``layer`` played so that one frame lasts ``rate`` frames (linear interpolation)."""
    if rate == 1.0 or len(layer) < 2:
        return layer
    return _stretch_of(layer, rate, 0, int(np.floor((len(layer) - 1) * rate)) + 1)


def _stretch_of(layer: Levels, rate: float, low: int, high: int) -> Levels:
    """Frames ``low``…``high`` of ``stretched(layer, rate)``."""
    if rate == 1.0 or len(layer) < 2:
        return layer[low:high]
    place = np.arange(low, high) / rate
    whole = np.minimum(place.astype(np.int64), len(layer) - 2)
    part = (place - whole).astype(np.float32)[:, None]
    first = int(whole[0])
    near = levels_of(layer[first : int(whole[-1]) + 2])
    out: Array = near[whole - first] * (1 - part) + near[whole - first + 1] * part
    return out


def search(
    original: Array16,
    dub: Array16,
    starts: NDArray[np.int64],
    size: int,
    k: int,
    step: float,
    places: Places | None = None,
) -> Hits:
    """The ``k`` best places in ``original`` for each window ``dub[start : start + size]``; frames last ``step`` seconds.

    Windows may hang over either end of ``original`` by half their length. The original is gone through in stretches, so
    memory does not grow with it. ``places`` computes what :func:`best_places` does on another device.
    """
    places = places or best_places
    n, half = len(starts), size // 2
    centre = starts.astype(np.float64) + size / 2.0
    n_lags = len(original) + 2 * half - size + 1
    if n_lags < 1 or not n:
        return Hits(centre, *(np.zeros((n, k)) for _ in range(3)))
    apart = max(2, round(APART / step))
    # Of about the same length: a short last one costs as much for each window as a long one.
    stretch = -(-n_lags // max(1, round(n_lags / max(STRETCH, 4 * size))))
    found: list[tuple[NDArray[np.float64], ...]] = []
    for first in range(0, n_lags, stretch):
        count = min(stretch, n_lags - first)
        part = _padded(original, first - half, first - half + count + size - 1)
        at, score, spread = places(part, dub, starts, size, k, apart)
        found.append(((at + (first - half + size / 2.0)).astype(np.float64), score, spread))
    return _strongest(centre, found, k, apart)


def _padded(features: Array16, low: int, high: int) -> Array:
    """Rows ``low``…``high`` as float32, zeros where there are none."""
    out = np.zeros((high - low, features.shape[1]), np.float32)
    a, b = max(low, 0), min(high, len(features))
    if b > a:
        out[a - low : b - low] = singles(features[a:b])
    return out


def best_places(part: Array, dub: Array16, starts: NDArray[np.int64], size: int, k: int, apart: int) -> Peaks:
    """The ``k`` best lags, ``apart`` frames from each other at least, at which each window ``dub[start : start + size]``
    lies in ``part``."""
    n_lags = len(part) - size + 1
    n_fft, hop, n_blocks = blocking(len(part), size)
    spectra = _block_spectra(part, n_fft, hop, n_blocks)
    energy = np.concatenate([[0.0], np.cumsum(np.einsum("fb,fb->f", part, part), dtype=np.float64)])
    local = np.sqrt(np.maximum(energy[size:] - energy[:-size], QUIET * size)).astype(np.float32)

    def places(some: NDArray[np.int64]) -> Peaks:
        windows = np.stack([singles(dub[s : s + size]) for s in some])
        raw = _correlated(spectra, windows, n_fft, hop)[:, :n_lags]
        norm = np.sqrt(np.square(windows).sum(axis=(1, 2)).clip(QUIET * size))
        raw /= norm[:, None] * local
        at, score = zip(*(_peaks(line, k, apart) for line in raw), strict=True)
        return np.array(at), np.array(score), np.array([noise_spread(line) for line in raw])

    found = in_lanes(places, [starts[first : first + CHUNK] for first in range(0, len(starts), CHUNK)])
    at, score, spread = (np.concatenate(x) for x in zip(*found, strict=True))
    return at, score, spread


def _strongest(centre: NDArray[np.float64], found: list[tuple[NDArray[np.float64], ...]], k: int, apart: int) -> Hits:
    at, score = (np.concatenate([f[i] for f in found], axis=1) for i in (0, 1))
    spread = np.sqrt(np.mean([np.square(f[2]) for f in found], axis=0))
    out_at, out_score = np.zeros((len(centre), k)), np.zeros((len(centre), k))
    for row in range(len(centre)):
        kept: list[int] = []
        for i in np.argsort(-score[row], kind="stable"):
            if len(kept) < k and score[row, i] > 0 and all(abs(at[row, i] - at[row, j]) > apart for j in kept):
                kept.append(int(i))
        out_at[row, : len(kept)], out_score[row, : len(kept)] = at[row, kept], score[row, kept]
    return Hits(centre, out_at, out_score, out_score / spread[:, None])


def blocking(n: int, size: int) -> tuple[int, int, int]:
    """Length, hop and number of the overlapping blocks (overlap-save) that ``n`` frames are correlated in with windows of
    ``size`` frames."""
    n_fft = int(fft.next_fast_len(min(max(N_FFT, 4 * size), n + size), real=True))
    hop = n_fft - size + 1
    return n_fft, hop, -(-max(1, n - size + 1) // hop)


def _block_spectra(part: Array, n_fft: int, hop: int, n_blocks: int) -> NDArray[np.complex64]:
    """Spectra (frequency, block, band) of the blocks."""
    spectra = np.empty((n_fft // 2 + 1, n_blocks, part.shape[1]), np.complex64)

    def fill(k: int) -> None:
        block = _padded(part, k * hop, k * hop + n_fft)
        spectra[:, k] = fft.rfft(np.ascontiguousarray(block.T), axis=1).T

    in_lanes(fill, range(n_blocks))
    return spectra


def _correlated(spectra: NDArray[np.complex64], windows: Array, n_fft: int, hop: int) -> Array:
    """(windows, lags): correlation summed over bands, by one matrix product per frequency."""
    own = fft.rfft(np.ascontiguousarray(windows.transpose(0, 2, 1)), n=n_fft, axis=2)
    product = np.matmul(spectra, np.ascontiguousarray(own.transpose(2, 1, 0)).conj())
    lags = fft.irfft(np.ascontiguousarray(product.transpose(2, 1, 0)), n=n_fft, axis=2)[:, :, :hop]
    out: Array = lags.reshape(len(windows), -1)
    return out


def _peaks(line: Array, k: int, apart: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at, score = np.zeros(k), np.zeros(k)
    left = line.copy()
    for i in range(k):
        peak = int(left.argmax())
        if left[peak] <= 0:
            break
        at[i], score[i] = peak + vertex(line, peak), line[peak]
        left[max(0, peak - apart) : peak + apart + 1] = -1.0
    return at, score


def noise_spread(scores: Array) -> float:
    """Standard deviation of scores at places that do not belong together, from the median so that peaks do not count."""
    few = np.abs(scores[:: max(1, len(scores) // N_SPREAD)])
    middle = (len(few) - 1) // 2, len(few) // 2
    few.partition(middle)
    return float(max(MAD * few[list(middle)].mean(), LEAST_SPREAD))


def vertex(line: Array, peak: int) -> float:
    """Sub-frame position of a maximum, relative to ``peak``: the parabola through it and its neighbours."""
    if not 0 < peak < len(line) - 1:
        return 0.0
    a, b, c = (float(x) for x in line[peak - 1 : peak + 2])
    bend = a - 2 * b + c
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5))


def local_scores(original: Array16, dub: Array16, start: int, size: int, places: NDArray[np.int64]) -> Array:
    """Scores of the window ``dub[start : start + size]`` when it begins at each of ``places`` (ascending) in ``original``."""
    low = int(places.min())
    part = _padded(original, low, int(places.max()) + size)
    window = _padded(dub, start, start + size)
    raw = np.array([np.vdot(window, part[place - low : place - low + size]) for place in places])
    upto = np.concatenate([[0.0], np.cumsum(np.einsum("fb,fb->f", part, part), dtype=np.float64)])
    energy = upto[places - low + size] - upto[places - low]
    own = max(float(np.square(window).sum()), QUIET * size)
    out: Array = raw / np.sqrt(np.maximum(energy, QUIET * size) * own)
    return out
