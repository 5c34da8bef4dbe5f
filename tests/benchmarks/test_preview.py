"""The preview of captions against a burned frame: the comparison itself, and one look in a real browser."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import preview
from pipeline.captions.styles import STYLES
from tests.browsing import CHROMIUM


def frame(y: int, u: int = 128, v: int = 128) -> preview.Planes:
    return np.full((8, 8), y, np.int16), np.full((4, 4), u, np.int16), np.full((4, 4), v, np.int16)


def overlay(colour: tuple[int, int, int], alpha: int) -> np.ndarray:
    out = np.zeros((8, 8, 4), np.uint8)
    out[:4] = (*colour, alpha)
    return out


def test_what_is_laid_over_has_the_film_s_colours() -> None:
    white = preview.laid_over(frame(16), overlay((255, 255, 255), 255))
    assert white[0][0, 0] == 235
    assert white[0][7, 0] == 16
    red = preview.laid_over(frame(16), overlay((255, 0, 0), 255))
    assert (red[0][0, 0], red[1][0, 0], red[2][0, 0]) == (63, 102, 240), "BT.709, limited range"
    assert preview.laid_over(frame(16), overlay((255, 255, 255), 0))[0].max() == 16


def test_only_the_pixels_of_captions_count() -> None:
    bare, burned = frame(16), preview.laid_over(frame(16), overlay((255, 255, 255), 255))
    assert preview.agreement(bare, burned, burned) == (1.0, 32)
    assert preview.agreement(bare, burned, bare) == (0.0, 32), "captions that are not there are wrong"
    close = preview.laid_over(frame(16), overlay((240, 240, 240), 255))
    assert preview.agreement(bare, burned, close)[0] == 1.0
    far = preview.laid_over(frame(16), overlay((200, 200, 200), 255))
    assert preview.agreement(bare, burned, far)[0] == 0.0


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no browser")
def test_a_browser_draws_what_is_burned_in() -> None:
    (row,) = preview.measured({"box": STYLES["box"]}, {"ar": preview.TEXTS["ar"]})
    assert row["pixels"] > 10_000
    assert row["within"] >= preview.GOAL
