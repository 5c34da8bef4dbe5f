"""Parts of a chunk vote on their language from what the whole chunk was encoded to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.compute.models import whisper_folder
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.backends import BACKENDS, Place
from pipeline.speech.values import RATE, Chunk, ChunkPiece
from pipeline.speech.whisper import on_torch
from pipeline.speech.whisper.encoder import FRAME, places
from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper
from pipeline.values import Span


def chunk(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Chunk:
    seconds = len(samples) / RATE
    return Chunk(samples, (ChunkPiece(0.0, 0.0, seconds),), np.ones(round(seconds / 0.032), np.float32), 0.032)


def test_a_part_is_given_its_own_states_and_the_silence_after_the_chunk() -> None:
    whole = chunk(np.zeros(10 * RATE, np.float32))
    given = places(whole, Span(4.0, 6.0), 750)
    assert given[: round(2.0 / FRAME)] == list(range(200, 300))
    assert min(given[100:]) * FRAME >= 10.5
    assert len(given) == len(set(given)) == 200
    full = chunk(np.zeros(30 * RATE, np.float32))
    assert places(full, Span(26.0, 30.0), 1500) == list(
        range(1300, 1500)
    )  # no silence is left, and nothing beyond the window


def asked_to_encode(one: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many chunks a recogniser encodes at a time from now on."""
    asked: list[int] = []
    owner, name = (one._states, "_encode") if isinstance(one, FasterWhisper) else (on_torch, "encode")
    plain = getattr(owner, name)

    def noted(*given: Any) -> Any:
        asked.append(len(given[0] if isinstance(one, FasterWhisper) else given[1]))
        return plain(*given)

    monkeypatch.setattr(owner, name, noted)
    return asked


@pytest.mark.models
@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_two_languages_in_a_chunk_are_told_without_encoding_their_parts(
    backend: str, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = BACKENDS[backend].load(whisper_folder(Settings()), Place("cpu", "float32", 2, 4))
    spoken = [load_audio(media / "speech" / code / f"nordic_469_{code}.mp3").samples for code in ("es", "en")]
    whole = chunk(np.concatenate([samples[5 * RATE : 13 * RATE] for samples in spoken]))
    one.languages([whole])
    asked = asked_to_encode(one, monkeypatch)
    spans = [Span(0.0, 4.0), Span(4.0, 8.0), Span(8.0, 12.0), Span(12.0, 16.0)]
    found = [max(likely, key=lambda code: likely[code]) for likely in one.within(whole, spans)]
    assert found == ["es", "es", "en", "en"]
    assert asked == []
