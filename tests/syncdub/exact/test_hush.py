"""What it says that nothing of a line is heard."""

from __future__ import annotations

import numpy as np
import pytest

from syncdub.exact.cells import cells
from syncdub.exact.hush import PLAIN, against, level, missed, waited
from syncdub.exact.phase import BLOCK, RATE

N, RIGHT = 3000, slice(0, 1000)
NOTHING = np.zeros(N)


def talk(seed: int, bed: float) -> np.ndarray:
    """(N,) levels of phrases of two seconds over a bed, with pauses of one."""
    rng = np.random.default_rng(seed)
    spoken = np.arange(N) + int(rng.integers(150))
    return np.where(spoken % 150 < 100, rng.uniform(-35, -15, N), bed) + rng.normal(0, 0.3, N)


def test_a_silent_film_counts_nothing_and_a_loud_one_its_time() -> None:
    own, dub = talk(1, -45.0), talk(2, -45.0)
    own[1500:2500], dub[1500:2500] = talk(3, -110.0)[1500:2500], talk(4, -80.0)[1500:2500]
    found = against(own, dub, NOTHING, RIGHT)
    assert set(found[:1200]) == {BLOCK}
    assert set(found[1600:2400]) == {0.0}


def test_a_dub_quieter_than_the_film_ever_is_cannot_be_its_own() -> None:
    own, dub = talk(1, -45.0), talk(2, -45.0)
    dub[2000:2050] = -80.0
    found = against(own, dub, NOTHING, RIGHT)
    assert set(found[2005:2045]) == {PLAIN * BLOCK}
    assert (found[:1900] <= BLOCK).all()


def test_silenced_pauses_say_nothing() -> None:
    own, dub = talk(1, -45.0), talk(2, -80.0)
    assert (against(own, dub, NOTHING, RIGHT) <= BLOCK).all()


def test_music_that_rests_between_its_notes_is_not_silent() -> None:
    own, dub = talk(1, -110.0), talk(2, -80.0)
    assert not against(own, dub, NOTHING, RIGHT).any()
    assert (against(own, dub, np.full(N, 50.0), RIGHT) == BLOCK).all()


def test_the_sum_of_both_lines_and_what_passes_unheard() -> None:
    before, after = np.array([BLOCK, 0.0, 9.0]), np.array([0.0, BLOCK, BLOCK])
    assert missed(before, after) == pytest.approx([2 * BLOCK, 3 * BLOCK, 2 * BLOCK, 9.0 + BLOCK])
    assert waited(before)[:3] == pytest.approx([0.0, 1.0, 1.0])


def test_the_level_is_that_of_the_sound() -> None:
    sine = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    assert level(cells(sine)) == pytest.approx(np.full(97, -23.0), abs=0.2)
