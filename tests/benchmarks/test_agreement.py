"""Card against processor: what is off is said, and every stage goes the card's way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import agreement
from benchmarks.agreement import CHECKS, PROCESSOR, Check, compared, distance, same_words
from pipeline.compute.device import Device
from pipeline.errors import ModelUnavailable
from pipeline.values import Word

CARD = replace(PROCESSOR, name="card")


@pytest.mark.models
@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.name)
def test_every_stage_goes_the_cards_way(check: Check) -> None:
    said, agrees = compared(check, CARD, 4.0)
    assert agrees, said
    assert all(name in said for name in check.within)


def test_what_is_off_is_said_and_does_not_agree() -> None:
    def work(device: Device, seconds: float) -> agreement.Found:
        return {"one": np.array([1.0, 2.0 + 0.1 * (device is CARD)]), "two": np.ones(3)}

    assert compared(Check("x", work, {"one": 0.06, "two": 0.0}), CARD, 1.0) == ("one 0.05, two 0", True)
    assert compared(Check("x", work, {"one": 0.04, "two": 0.0}), CARD, 1.0) == ("one 0.05, two 0", False)


def test_other_shapes_and_what_is_no_number_are_infinitely_far() -> None:
    assert distance(np.ones(3), np.ones(4)) == np.inf
    assert distance(np.ones(2), np.array([1.0, np.nan])) == np.inf
    assert distance(np.zeros(0), np.zeros(0)) == 0.0
    assert distance(np.array([3, 200], np.uint8), np.array([5, 200], np.uint8)) == pytest.approx(0.01)


def test_a_missing_model_costs_its_row() -> None:
    def work(device: Device, seconds: float) -> agreement.Found:
        raise ModelUnavailable(name="x")

    said, agrees = compared(Check("x", work, {}), CARD, 1.0)
    assert agrees
    assert said.startswith("not here")


def test_words_are_compared_by_their_letters_and_starts() -> None:
    ours = [Word(n, n + 0.5, text, 0.9) for n, text in enumerate(("One,", "two", "three", "four"))]
    theirs = [Word(0.01, 0.5, "one", 0.9), Word(2.05, 2.5, "Three.", 0.9), Word(3.0, 3.5, "four", 0.9)]
    share, late = same_words(ours, theirs)
    assert share == 0.75
    assert 0.01 < late <= 0.05
    assert same_words(ours, []) == (0.0, np.inf)
