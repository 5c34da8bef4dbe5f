"""Whether a stretch in which the voice detector finds nobody may hold a voice all the same: sung, shouted, under music.

Hearing everything costs a recogniser as much as a talk would; the network of :mod:`pipeline.evidence.sounds` costs a
tenth of that and knows singing. A stretch in which it hears neither is not listened to, nor what lies around one in which it does.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.evidence.sounds import RATE, SPEECH, SoundListener, load_network
from pipeline.settings import Settings
from pipeline.values import Audio, Span

SUNG = (
    "Singing", "Choir", "Yodeling", "Chant", "Mantra", "Child singing", "Synthetic singing", "Rapping", "Humming", "Vocal music",
    "A capella", "Song", "Opera",
)  # fmt: skip
SUNG_LEAST, SPOKEN_LEAST = -3.0, -1.0
"""Logits averaged over :data:`TOGETHER` patches from which a voice may be there: probabilities of 5 and 27 %. Films without words and
instrumental music stay under −3.3 and −1.2, sung passages reach −0.8."""
HOP, TOGETHER = 96, 3
"""Frames of 10 ms from patch to patch, and patches (3 s)."""
WANTED = ((SUNG, SUNG_LEAST), (SPEECH, SPOKEN_LEAST))
STEP = HOP / 100
AROUND = 3.0
"""Seconds kept around what may be a voice."""


class Voices:
    """Says of stretches of sound where somebody may sing or speak in them; loads its network on first use.

    Raises:
        ModelUnavailable: the weights are missing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, samples: NDArray[np.float32], known: Sequence[Span] = ()) -> Span | None:
        """The seconds of ``samples`` (mono at 16 kHz) from the first voice to the last with :data:`AROUND` on both sides, ``None``
        where there is none. What somebody says in ``known`` is heard already: a voice there is none."""
        network, classes = self._loaded
        rows: list[NDArray[np.float32]] = []

        def kept(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
            rows.append(network(patches))
            return rows[-1]

        listener = SoundListener(kept, classes, hop=HOP)
        listener.feed(Audio(samples, RATE))
        listener.finish()
        logits = np.concatenate(rows) if rows else np.zeros((0, len(classes)), np.float32)
        new = _new(len(logits), known)
        columns = (([n for n, name in enumerate(classes) if name in names], least) for names, least in WANTED)
        found = [span for chosen, least in columns for span in _lasting(logits, chosen, new, least)]
        if not found:
            return None
        length = len(samples) / RATE
        low, high = min(span.start for span in found) - AROUND, max(span.end for span in found) + AROUND
        return Span(max(0.0, low), min(length, high))

    @functools.cached_property
    def _loaded(self) -> tuple[Any, Sequence[str]]:
        from pipeline.compute.models import yamnet_classes

        return load_network(self._settings), yamnet_classes()


def _new(count: int, known: Sequence[Span]) -> NDArray[np.intp]:
    """The numbers of ``count`` patches that lie in none of ``known``."""
    starts = np.arange(count) * STEP
    heard = np.zeros(count, bool)
    for span in known:
        heard |= (starts < span.end) & (starts + STEP > span.start)
    return np.flatnonzero(~heard)


def _lasting(
    logits: NDArray[np.float32], columns: Sequence[int], patches: NDArray[np.intp], least: float
) -> Iterator[Span]:
    """Seconds of each :data:`TOGETHER` neighbours of ``patches`` whose strongest class reaches ``least`` on the mean."""
    width = min(TOGETHER, len(patches))
    if not width:
        return
    strongest = logits[patches][:, columns].max(axis=1)
    means = np.convolve(strongest, np.ones(width) / width, mode="valid")
    for first in np.flatnonzero(means >= least):
        yield Span(float(patches[first] * STEP), float((patches[first + width - 1] + 1) * STEP))
