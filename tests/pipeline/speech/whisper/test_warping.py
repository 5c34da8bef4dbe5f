"""Time warping against its definition, and against the package whose paths it finds."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.speech.whisper.warping import first_frames


def table(seed: int, tokens: int, frames: int) -> NDArray[np.float64]:
    """Noise with a ridge, as attention has."""
    rng = np.random.default_rng(seed)
    centres = np.sort(rng.integers(0, frames, tokens))[:, None]
    ridge = 2.0 * np.exp(-(((np.arange(frames)[None] - centres) / 5.0) ** 2))
    return np.asarray(rng.normal(0.0, 0.3, (tokens, frames)) + ridge)


@pytest.mark.parametrize(("tokens", "frames"), [(1, 2), (2, 2), (7, 3), (12, 90), (40, 200)])
def test_the_path_is_the_packages(tokens: int, frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from whisper import timing

    monkeypatch.setattr(timing, "backtrace", timing.backtrace.py_func)  # as it is written, not compiled
    for seed in range(5):
        found = table(seed, tokens, frames)
        rows, columns = timing.dtw_cpu.py_func(-found)
        assert list(first_frames(found)) == list(columns[np.concatenate([[True], np.diff(rows) > 0])])


@pytest.mark.parametrize("seed", range(20))
def test_no_path_has_a_greater_sum(seed: int) -> None:
    tokens, frames = 4, 7
    found = table(seed, tokens, frames)

    @cache
    def worth(row: int, frame: int) -> float:
        if (row, frame) == (0, 0):
            return float(found[0, 0])
        before = [(row - 1, frame - 1), (row - 1, frame), (row, frame - 1)]
        return float(found[row, frame]) + max((worth(r, f) for r, f in before if r >= 0 and f >= 0), default=-np.inf)

    first = [int(f) for f in first_frames(found)]
    ends = [{max(a, b - 1), b} for a, b in pairwise(first)] + [{frames - 1}]
    whole = sum(max(found[row, first[row] : end + 1].sum() for end in ends[row]) for row in range(tokens))
    assert whole == pytest.approx(worth(tokens - 1, frames - 1))
