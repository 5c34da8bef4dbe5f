"""What a graphics card is given, run on the processor: fixed shapes, a batch to its end, the search for several sounds at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from whisper import DecodingOptions, decode
from whisper.tokenizer import get_tokenizer

from pipeline.compute.device import threads
from pipeline.compute.models import whisper_folder
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.values import CAREFUL_BEAM, RATE, Chunk, ChunkPiece
from pipeline.speech.whisper import beam
from pipeline.speech.whisper.fixed import SIZES, rows_within, size_of
from pipeline.speech.whisper.on_torch import OpenAIWhisper, _rules
from pipeline.speech.whisper.recorded import RecordedWriter
from pipeline.values import Span

pytestmark = pytest.mark.models
BASE = SimpleNamespace(
    n_text_ctx=448, n_text_layer=6, n_audio_ctx=1500, n_text_state=512, n_audio_state=512, n_vocab=51865
)
LARGE = SimpleNamespace(
    n_text_ctx=448, n_text_layer=32, n_audio_ctx=1500, n_text_state=1280, n_audio_state=1280, n_vocab=51866
)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with threads(1):
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> OpenAIWhisper:
    model = OpenAIWhisper(whisper_folder(Settings(models_dir=tmp_path_factory.mktemp("models"))), "cpu")
    model._writer.vocabulary._rough = None  # exact logits, as a card has them
    return model


@pytest.fixture(scope="module")
def rules(base: OpenAIWhisper) -> Any:
    return _rules(get_tokenizer(True, num_languages=base.model.num_languages, language="es", task="transcribe"), 224)


@pytest.fixture(scope="module")
def encoded(base: OpenAIWhisper, media: Path) -> Any:
    """Three sounds of one length whose texts end at different steps; the last is silence."""
    audio = load_audio(media / "speech" / "es" / "azure_audio2.flac", span=Span(0.0, 9.0)).samples
    parts = [audio[: round(2.5 * RATE)], audio, np.zeros(RATE, np.float32)]
    chunks = [
        Chunk(p, (ChunkPiece(0.0, 0.0, len(p) / RATE),), np.ones(len(p) // 512 + 1, np.float32), 0.032) for p in parts
    ]
    with torch.inference_mode():
        return torch.cat(base._encoded(chunks, whole=True))


def test_a_batch_kept_to_its_end_writes_what_a_shrinking_one_writes(
    base: OpenAIWhisper, rules: Any, encoded: Any
) -> None:
    with torch.inference_mode():
        theirs = base._writer.write([base._writer.sound(encoded)], rules)
        writer = RecordedWriter(base._writer)
        for rows in ([0, 1, 2], [1, 0]):  # the second batch finds the arrays of the first
            ours = writer.write(base._writer.sound(encoded[rows]), rules)
            wanted = [theirs[row] for row in rows]
            assert [w.tokens for w in ours] == [w.tokens for w in wanted]
            for one, other in zip(ours, wanted, strict=True):
                assert one.total == pytest.approx(other.total, abs=1e-3)
                assert one.sure == pytest.approx(other.sure, abs=1e-3)
                assert one.no_speech == pytest.approx(other.no_speech, abs=1e-3)
                assert one.attention.shape == other.attention.shape
                assert torch.allclose(one.attention, other.attention, atol=1e-2)
    assert len({len(w.tokens) for w in theirs}) > 1, "rows must end at different steps"


def test_a_text_is_no_longer_than_the_longest(base: OpenAIWhisper, rules: Any, encoded: Any) -> None:
    from dataclasses import replace

    short = replace(rules, longest=5)
    with torch.inference_mode():
        sound = base._writer.sound(encoded[1:2])
        theirs = base._writer.write([sound], short)
        ours = RecordedWriter(base._writer).write(sound, short)
    assert ours[0].tokens == theirs[0].tokens
    assert len(ours[0].tokens) == 5
    assert ours[0].attention.shape == theirs[0].attention.shape


def test_several_sounds_are_searched_as_the_published_search_does_one(
    base: OpenAIWhisper, rules: Any, encoded: Any
) -> None:
    options = DecodingOptions(language="es", beam_size=CAREFUL_BEAM, without_timestamps=True, fp16=False)
    with torch.inference_mode():
        ours = beam.search(base._writer, base._writer.sound(encoded), rules, CAREFUL_BEAM)
        theirs = [decode(base.model, one, options)[0] for one in encoded.split(1)]
        read = [
            base._writer.read(base._writer.sound(one), rules, r.tokens)
            for one, r in zip(encoded.split(1), theirs, strict=True)
        ]
    assert [w.tokens for w in ours] == [r.tokens for r in theirs]
    assert [w.log_probability for w in ours] == pytest.approx([r.avg_logprob for r in theirs], abs=0.01)
    assert [w.no_speech for w in ours] == pytest.approx([r.no_speech_prob for r in theirs], abs=1e-3)
    for one, other in zip(ours, read, strict=True):
        assert one.sure == pytest.approx(other.sure, abs=0.01)
        assert torch.allclose(one.attention, other.attention, atol=0.02)


@pytest.mark.parametrize(
    ("gigabytes", "dims", "rows"), [(140, BASE, 192), (24, BASE, 96), (8, BASE, 32), (24, LARGE, 8)]
)
def test_a_batch_is_as_large_as_the_memory_allows(gigabytes: int, dims: Any, rows: int) -> None:
    assert rows_within(gigabytes * 10**9, dims) == rows


def test_batches_are_filled_up_to_few_sizes() -> None:
    assert [size_of(n) for n in (1, 8, 9, 97, 192, 300)] == [8, 8, 16, 128, 192, 300]
    assert list(SIZES) == sorted(SIZES)
