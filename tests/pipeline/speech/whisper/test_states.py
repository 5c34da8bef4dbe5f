"""A sound is encoded once: votes and words take the same states, whatever groups they are asked for in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.compute.models import whisper_folder
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.values import RATE, Chunk, ChunkPiece
from pipeline.speech.whisper import states
from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper
from pipeline.speech.whisper.states import States
from tests.conftest import ROOT


def chunk(samples: NDArray[np.float32]) -> Chunk:
    seconds = len(samples) / RATE
    return Chunk(samples, (ChunkPiece(0.0, 0.0, seconds),), np.ones(int(seconds / 0.032), np.float32), 0.032)


CHUNKS = [chunk(np.full(RATE, n, np.float32)) for n in range(6)]


class Encoder:
    """States that are each chunk's own number; counts what it encodes."""

    def __init__(self) -> None:
        self.encoded: list[float] = []

    def __call__(self, chunks: Sequence[Chunk], frames: int) -> Any:
        from ctranslate2 import StorageView

        self.encoded += [float(c.samples[0]) for c in chunks]
        return StorageView.from_array(np.stack([np.full((frames, 4), c.samples[0], np.float32) for c in chunks]))


def test_the_same_chunks_in_other_groups_are_not_encoded_again() -> None:
    encode = Encoder()
    kept = States(encode, host=True)
    first = kept(CHUNKS[:4], 8)
    np.testing.assert_array_equal(kept(CHUNKS[:4], 8), first)
    assert np.asarray(kept(CHUNKS[2:5], 8))[:, 0, 0].tolist() == [2, 3, 4]
    assert np.asarray(kept([CHUNKS[4], CHUNKS[0]], 8))[:, 0, 0].tolist() == [4, 0]
    assert encode.encoded == [0, 1, 2, 3, 4]
    assert np.asarray(kept(CHUNKS[:1], 16)).shape == (1, 16, 4)
    assert encode.encoded == [0, 1, 2, 3, 4, 0], "another length is another encoding"


def test_the_oldest_states_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "ROOM", 3 * 8 * 4 * 4)
    encode = Encoder()
    kept = States(encode, host=True)
    for one in CHUNKS:
        kept([one], 8)
    assert np.asarray(kept(CHUNKS[3:], 8))[:, 0, 0].tolist() == [3, 4, 5]
    assert len(encode.encoded) == 6
    assert np.asarray(kept(CHUNKS[:2], 8))[:, 0, 0].tolist() == [0, 1]
    assert len(encode.encoded) == 8


def test_states_of_a_chunk_that_nobody_holds_are_gone_with_it() -> None:
    kept = States(Encoder(), host=True)
    kept(CHUNKS[:1], 8)
    for number in range(50):
        one = chunk(np.full(RATE, number, np.float32))
        assert np.asarray(kept([one], 8))[0, 0, 0] == number, "also where its place in memory was another's"
        del one
    assert len(kept._kept) <= 2


def test_on_a_card_the_last_group_is_kept_as_it_is() -> None:
    encode = Encoder()
    kept = States(encode, host=False)
    first = kept(CHUNKS[:2], 8)
    assert kept(list(CHUNKS[:2]), 8) is first
    kept(CHUNKS[1:2], 8)
    assert encode.encoded == [0, 1, 1]


@pytest.mark.models
def test_words_after_a_vote_are_those_without_one_and_encode_nothing() -> None:
    sound = load_audio(ROOT / "assets" / "examples" / "viral_1.mp4").samples
    said = [chunk(sound[: 7 * RATE]), chunk(sound[7 * RATE :])]
    one = FasterWhisper(whisper_folder(Settings()), "cpu", "int8", 2)
    plain = one.listen(said, "es")
    asked: list[int] = []
    encode = one._states._encode

    def counted(chunks: Sequence[Chunk], frames: int) -> Any:
        asked.append(len(chunks))
        return encode(chunks, frames)

    one._states._encode = counted
    fresh = [chunk(c.samples) for c in said]
    votes = one.languages(fresh)
    assert [max(v, key=lambda code: v[code]) for v in votes] == ["es", "es"]
    heard = one.listen(fresh, "es")
    assert sum(asked) == 2
    assert [h.text for h in heard] == [h.text for h in plain]
    assert all(h.words for h in heard)
