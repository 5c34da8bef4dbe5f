"""The fitted score as it is shipped: read once, checked, handed to the score room, which touches no file."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np

from pipeline import places
from pipeline.errors import ModelUnavailable
from reelify.score.learned import Learned, from_arrays

FILE = places.brought("assets", "learned", "score.npz")


@functools.lru_cache(maxsize=1)
def learned(file: Path = FILE) -> Learned:
    """What ``python -m benchmarks.fit_score`` wrote.

    Raises:
        ModelUnavailable: the file is missing or damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return from_arrays(arrays, json.loads(str(arrays["about"])))
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnavailable(name=file.name, detail=str(error)) from error
