"""Whether somebody may sing: asked before a recogniser listens to what the voice detector left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.compute.models import yamnet_classes
from pipeline.evidence.singing import AROUND, SPOKEN_LEAST, STEP, SUNG_LEAST, Voices
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.values import Span
from tests.conftest import ROOT

RATE = 16000


def heard_by(network: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> Voices:
    voices = Voices(Settings())
    voices.__dict__["_loaded"] = (network, yamnet_classes())
    return voices


def saying(name: str, logit: float, patches: int, first: int = 0) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """A network that hears class ``name`` in ``patches`` patches from ``first``."""
    classes = yamnet_classes()

    def network(given: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = np.full((len(given), len(classes)), -15.0, np.float32)
        logits[first : first + patches, classes.index(name)] = logit
        return logits

    return network


NOISE = np.random.default_rng(3).normal(0, 0.1, RATE * 10).astype(np.float32)


@pytest.mark.models
@pytest.mark.parametrize(("name", "least"), [("Singing", SUNG_LEAST), ("Choir", SUNG_LEAST), ("Speech", SPOKEN_LEAST)])
def test_a_voice_that_lasts_is_one_and_an_odd_patch_is_none(name: str, least: float) -> None:
    assert heard_by(saying(name, least + 0.1, 3))(NOISE)
    assert not heard_by(saying(name, least - 0.1, 3))(NOISE)
    assert not heard_by(saying(name, least + 0.1, 1))(NOISE)
    assert not heard_by(saying("Guitar", 5.0, 10))(NOISE)


@pytest.mark.models
def test_what_lies_around_a_voice_is_part_of_it_and_the_rest_is_not() -> None:
    noise = np.tile(NOISE, 3)
    found = heard_by(saying("Singing", 5.0, 4, first=12))(noise)
    # Two loud patches of three lift the mean over the border: one patch on either side counts too.
    assert found is not None
    assert (found.start, found.end) == (pytest.approx(11 * STEP - AROUND), pytest.approx(17 * STEP + AROUND))


@pytest.mark.models
def test_a_voice_whose_words_are_known_is_none() -> None:
    singing = heard_by(saying("Singing", 5.0, 3, first=4))
    assert not singing(NOISE, [Span(3.9, 6.5)])
    assert singing(NOISE, [Span(8.0, 9.0)])
    assert not singing(NOISE, [Span(0.0, 10.0)])


@pytest.mark.models
def test_nothing_at_all_holds_no_voice() -> None:
    assert not heard_by(saying("Singing", 5.0, 9))(np.zeros(0, np.float32))


@pytest.mark.models
def test_real_voices_are_heard_and_noise_is_not() -> None:
    voices = Voices(Settings())
    spoken = load_audio(ROOT / "assets" / "examples" / "viral_1.mp4").samples
    assert voices(spoken)
    assert not voices(NOISE)
    time = np.arange(RATE * 8) / RATE
    assert not voices((0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32))
