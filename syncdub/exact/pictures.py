"""The witness of the picture: how the brightness of the parts of the frame changes, made comparable with the tools of sound.

Brightness of 48 parts of the picture over time is a layer like the bands of a sound (see :mod:`syncdub.exact.soundmatch`): shot cuts are
its onsets, moving things its melody. Changes are blind to logos and fixed subtitles frames share, to brightness and to scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syncdub.exact.correlation import Array, changes, local_scores, vertex
from syncdub.witnesses import WITNESSES

STEP = 0.04
"""Seconds between two values of a picture layer."""
ROWS, COLUMNS = 6, 8
LEVELS = 8.0
"""Grey levels that count as one decibel does for sound: a cut changes brightness by tens of them."""
CLEAR = 0.3
"""A comparison of a few seconds counts when its correlation stands this far above those of other places: the same picture
reaches 0.5 to 0.9, another film 0.05."""
MOVING = 1e-3
"""Mean square of changes under which a picture stands still."""
BAR = 1.96
"""Standard errors in a 95 % error bar."""
CONSISTENT = 0.025
"""Comparisons that scatter less (seconds) than half a frame say the same."""
DISAGREE = 0.060
"""Picture and sound this far apart (seconds) are a doubt: beyond what viewers notice (ITU-R BT.1359: +45 ms)."""


@dataclass(frozen=True, slots=True)
class Spot:
    """How much later (seconds) the picture says the dub belongs than the sound does around ``dub``, and how clearly."""

    dub: float
    difference: float
    clearness: float


def layer(times: NDArray[np.float64], frames: NDArray[np.uint8], step: float = STEP, start: float = 0.0) -> Array:
    """(n, 48) brightness of a 6 × 8 grid every ``step`` seconds from ``start``, from (m, h, w) grey frames at ``times``.

    Each value is the picture that is seen then, blended over the step in which it changes.
    """
    if not len(times):
        return np.zeros((0, ROWS * COLUMNS), np.float32)
    m, height, width = frames.shape
    rows, columns = np.linspace(0, height, ROWS + 1).astype(int), np.linspace(0, width, COLUMNS + 1).astype(int)
    cells = np.add.reduceat(np.add.reduceat(frames.astype(np.float32), rows[:-1], axis=1), columns[:-1], axis=2)
    cells /= np.outer(np.diff(rows), np.diff(columns))
    flat: Array = (cells.reshape(m, -1) / LEVELS).astype(np.float32)
    return _held(times - start, flat, step)


def _held(times: NDArray[np.float64], values: Array, step: float) -> Array:
    """Means over each step of a staircase that takes ``values[i]`` from ``times[i]`` on: exact for any frame rate."""
    end = float(times[-1]) + (float(np.median(np.diff(times))) if len(times) > 1 else step)
    n = max(1, int(end / step))
    edges = np.arange(n + 1) * step
    lengths = np.diff(np.append(times, end))[:, None]
    area = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values * lengths, axis=0)])
    knots = np.append(times, end)
    at = np.clip(np.searchsorted(knots, edges, side="right") - 1, 0, len(times) - 1)
    inside = np.clip(edges - knots[at], 0.0, None)[:, None]
    total = area[at] + inside * values[at]
    total[edges < knots[0]] = 0.0
    out: Array = (np.diff(total, axis=0) / step).astype(np.float32)
    out[edges[:-1] < knots[0]] = values[0]
    return out


def compare(original: Array, dub: Array, reach: float, step: float) -> tuple[float, float]:
    """(seconds the dub's layer must move later to match, clearness in [0, 1]) for two layers of about the same moment.

    ``dub`` is expected in the middle of ``original``, which is longer by ``reach`` seconds on both sides. Clearness is how far
    the best correlation stands above the best one elsewhere.
    """
    n_reach = round(reach / step)
    if min(len(original) - 2 * n_reach, len(dub)) < 10:
        return 0.0, 0.0
    a, b = changes(original, step), changes(dub, step)
    if min(float(np.square(x).mean()) for x in (a, b)) < MOVING:
        return 0.0, 0.0
    size = min(len(b), len(a) - 2 * n_reach)
    scores = local_scores(a, b, 0, size, np.arange(0, 2 * n_reach + 1))
    peak = int(scores.argmax())
    far = np.abs(np.arange(len(scores)) - peak) > 4
    clearness = float(scores[peak]) - max(float(scores[far].max(initial=0.0)), 0.0)
    return (peak + vertex(scores, peak) - n_reach) * step, clearness


@dataclass(frozen=True, slots=True)
class Seen:
    """What ``n`` clear spots agree on: how much later (seconds) the picture says the dub belongs, with its 95 % error bar."""

    difference: float
    error: float
    n: int


def disagreement(spots: Sequence[Spot]) -> Seen | None:
    """What clear spots agree on, ``None`` when there are fewer than three or they scatter."""
    clear = np.array([s.difference for s in spots if s.clearness >= CLEAR])
    if len(clear) < 3:
        return None
    close = clear[np.abs(clear - np.median(clear)) <= CONSISTENT]
    if len(close) < max(3, 0.6 * len(clear)):
        return None
    scatter = float(close.std(ddof=1)) / np.sqrt(len(close))
    error = BAR * float(np.hypot(WITNESSES["picture"].systematic or 0.0, scatter))
    return Seen(float(close.mean()), error, len(close))
