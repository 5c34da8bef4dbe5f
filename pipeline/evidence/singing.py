"""Whether a stretch in which the voice detector finds nobody may hold a voice all the same: sung, shouted, under music.

Hearing everything costs a recogniser as much as a talk would; the network of :mod:`pipeline.evidence.sounds` costs a
tenth of that and knows singing. A stretch in which it hears neither is not listened to.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.evidence.sounds import RATE, SPEECH, SoundListener, load_network
from pipeline.settings import Settings
from pipeline.values import Audio

SUNG = (
    "Singing", "Choir", "Yodeling", "Chant", "Mantra", "Child singing", "Synthetic singing", "Rapping", "Humming", "Vocal music",
    "A capella", "Song", "Opera",
)  # fmt: skip
SUNG_LEAST, SPOKEN_LEAST = -3.0, -1.0
"""Logits averaged over :data:`TOGETHER` patches from which a voice may be there: probabilities of 5 and 27 %. Films without words and
instrumental music stay under −3.3 and −1.2, sung passages reach −0.8."""
HOP, TOGETHER = 96, 3
"""Frames of 10 ms from patch to patch, and patches (3 s)."""


class Voices:
    """Says of stretches of sound whether somebody may sing or speak in them; loads its network on first use.

    Raises:
        ModelUnavailable: the weights are missing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, samples: NDArray[np.float32]) -> bool:
        """``samples`` are mono at 16 kHz."""
        network, classes = self._loaded
        rows: list[NDArray[np.float32]] = []

        def kept(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
            rows.append(network(patches))
            return rows[-1]

        listener = SoundListener(kept, classes, hop=HOP)
        listener.feed(Audio(samples, RATE))
        listener.finish()
        logits = np.concatenate(rows) if rows else np.zeros((0, len(classes)), np.float32)
        return any(
            _strongest(logits, [n for n, name in enumerate(classes) if name in names]) >= least
            for names, least in ((SUNG, SUNG_LEAST), (SPEECH, SPOKEN_LEAST))
        )

    @functools.cached_property
    def _loaded(self) -> tuple[Any, Sequence[str]]:
        from pipeline.compute.models import yamnet_classes

        return load_network(self._settings), yamnet_classes()


def _strongest(logits: NDArray[np.float32], columns: Sequence[int]) -> float:
    """The greatest mean of :data:`TOGETHER` neighbouring patches' strongest class; −inf for no sound."""
    if not len(logits):
        return -np.inf
    strongest = logits[:, columns].max(axis=1)
    width = min(TOGETHER, len(strongest))
    return float(np.convolve(strongest, np.ones(width) / width, mode="valid").max())
