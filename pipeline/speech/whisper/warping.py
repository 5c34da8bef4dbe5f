"""Dynamic time warping of tokens onto frames, a row of the table at a time.

``whisper.timing.dtw_cpu`` finds the same path, and compiles itself anew in every process: two seconds of processor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def first_frames(likeness: NDArray[np.float64]) -> NDArray[np.int64]:
    """The frame at which each row of ``likeness`` (token, frame) begins, on the path of the greatest sum from the first cell to the last.

    A step goes to the next frame, the next token, or both. To come into a row at frame *k* and stay until *j* costs what it took to get
    there and the row's sum from *k* to *j*: the best *k* of every *j* is where a running minimum was last lowered.
    """
    cost = -likeness
    tokens, frames = cost.shape
    entered = np.zeros((tokens, frames), np.int64)
    diagonal = np.zeros((tokens, frames), bool)
    reached = np.cumsum(cost[0])
    for row in range(1, tokens):
        beside = np.concatenate([[np.inf], reached[:-1]])
        diagonal[row] = beside < reached
        sums = np.cumsum(cost[row])
        came = np.minimum(beside, reached) - sums + cost[row]
        lowest = np.minimum.accumulate(came)
        lowered = np.concatenate([[True], came[1:] < lowest[:-1]])
        entered[row] = np.maximum.accumulate(np.where(lowered, np.arange(frames), 0))
        reached = lowest + sums
    first, at = np.zeros(tokens, np.int64), frames - 1
    for row in range(tokens - 1, 0, -1):
        first[row] = entered[row, at]
        at = first[row] - int(diagonal[row, first[row]])
    return first
