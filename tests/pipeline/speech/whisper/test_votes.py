"""Which chunks are asked for their language a second time, with a whole window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.speech.values import RATE, Chunk, ChunkPiece
from pipeline.speech.whisper.encoder import SHARED, WINDOW, context
from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper


def chunk(seconds: float) -> Chunk:
    voice = np.ones(round(seconds / 0.032), np.float32)
    return Chunk(np.zeros(round(seconds * RATE), np.float32), (ChunkPiece(0.0, 0.0, seconds),), voice, 0.032)


class Asked(FasterWhisper):
    """As sure of Galician as told in what a chunk needs, sure of Spanish in a whole window."""

    def __init__(self, sure: Sequence[float]) -> None:
        self._model: Any = SimpleNamespace(model=SimpleNamespace(is_multilingual=True))
        self._whole, self.sure = False, sure
        self.windows: list[tuple[int, int]] = []

    def _beside(
        self,
        chunks: Sequence[Chunk],
        groups: Mapping[int, list[int]],
        work: Callable[[Sequence[Chunk], Any], list[Any]],
    ) -> list[Any]:
        self.windows += [(frames, len(numbers)) for frames, numbers in groups.items()]
        if len(self.windows) > 1 and list(groups) == [WINDOW]:
            return [{"es": 0.95, "gl": 0.05} for _ in chunks]
        return [{"gl": p, "es": 1.0 - p} for p in self.sure]


@pytest.mark.parametrize(
    ("seconds", "sure", "again", "best"),
    [(2.5, 0.6, True, "es"), (2.5, 0.95, False, "gl"), (6.9, 0.6, False, "gl"), (4.9, 0.89, True, "es")],
)
def test_a_short_chunk_that_is_unsure_is_asked_with_a_whole_window(
    seconds: float, sure: float, again: bool, best: str
) -> None:
    one = Asked([sure])
    (vote,) = one.languages([chunk(seconds)])
    assert max(vote, key=lambda code: vote[code]) == best
    assert one.windows == [(context(chunk(seconds), step=SHARED), 1)] + ([(WINDOW, 1)] if again else [])


def test_only_the_unsure_ones_are_asked_again_and_votes_stay_in_order() -> None:
    one = Asked([0.99, 0.5, 0.95])
    votes = one.languages([chunk(3.0), chunk(3.5), chunk(4.0)])
    assert [max(vote, key=lambda code: vote[code]) for vote in votes] == ["gl", "es", "gl"]
    assert one.windows[-1] == (WINDOW, 1)
