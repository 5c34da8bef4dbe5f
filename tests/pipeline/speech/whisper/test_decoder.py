"""Our own greedy decoding beside openai-whisper's: the same tokens, the same certainty, the same times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from whisper import DecodingOptions, decode
from whisper.audio import N_FRAMES, N_SAMPLES, log_mel_spectrogram, pad_or_trim
from whisper.model import ModelDimensions, Whisper
from whisper.timing import find_alignment, median_filter, merge_punctuations
from whisper.tokenizer import get_tokenizer

from pipeline.compute.device import Pace, threads
from pipeline.compute.models import whisper_folder
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.values import APPEND, LONGEST, PREPEND, RATE, Chunk, ChunkPiece
from pipeline.speech.whisper import encoder, on_torch
from pipeline.speech.whisper.decoder import Writer, Written, product
from pipeline.speech.whisper.encoder import alike, context, encode
from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper
from pipeline.speech.whisper.on_torch import SMOOTHING, OpenAIWhisper, _rules, _smoothed
from pipeline.values import Span

pytestmark = pytest.mark.models
ROUNDING = 1e-4
"""Of a probability, whatever the number of threads: well under what any threshold of the product tells apart."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small steps on several threads of a busy machine wait for each other far longer than they compute."""
    with threads(1):
        yield


def chunk(samples: np.ndarray[Any, Any]) -> Chunk:
    return Chunk(
        samples, (ChunkPiece(0.0, 0.0, len(samples) / RATE),), np.ones(len(samples) // 512 + 1, np.float32), 0.032
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> OpenAIWhisper:
    return OpenAIWhisper(whisper_folder(Settings(models_dir=tmp_path_factory.mktemp("models"))), "cpu")


@pytest.fixture(scope="module")
def said(media: Path) -> list[Chunk]:
    """Three pieces of a text, of which the second is the longest and the last is silence."""
    audio = load_audio(media / "speech" / "es" / "azure_audio2.flac", span=Span(0.0, 9.0))
    found = [chunk(audio.samples[round(a * RATE) : round(b * RATE)]) for a, b in ((0.0, 2.5), (0.0, 9.0))]
    return [*found, chunk(np.zeros(RATE, np.float32))]


def assert_same(ours: Sequence[Written], theirs: Sequence[Any]) -> None:
    assert [w.tokens for w in ours] == [r.tokens for r in theirs]
    assert [w.log_probability for w in ours] == pytest.approx([r.avg_logprob for r in theirs], rel=0.02)
    assert [w.no_speech for w in ours] == pytest.approx([r.no_speech_prob for r in theirs], abs=1e-4)


def test_tokens_are_those_of_the_published_search(base: OpenAIWhisper, said: list[Chunk]) -> None:
    options = DecodingOptions(language="es", without_timestamps=True, fp16=False)
    with torch.inference_mode():
        parts = base._encoded(said, whole=True)
        encoded = torch.cat(parts)
        theirs = decode(base.model, encoded, options)
        tokenizer = get_tokenizer(True, num_languages=base.model.num_languages, language="es", task="transcribe")
        ours = base._writer.write([base._writer.sound(e) for e in parts], _rules(tokenizer, 224))
        as_one = base._writer.write([base._writer.sound(encoded)], _rules(tokenizer, 224))
    assert_same(ours, theirs)
    assert_same(as_one, theirs)
    lengths = [len(w.tokens) for w in ours]
    assert len(set(lengths)) == 3, "rows must end at different steps"
    assert lengths[1] > 20
    for text, other in zip(ours, as_one, strict=True):
        assert text.attention.shape[1] == 4 + len(text.tokens) + 1
        assert torch.allclose(text.attention, other.attention, atol=1e-3)


def test_times_are_those_of_a_second_reading(
    base: OpenAIWhisper, said: list[Chunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "AFTER", LONGEST)
    spoken = said[:2]
    heard = base.listen(spoken, "es")
    tokenizer = get_tokenizer(True, num_languages=base.model.num_languages, language="es", task="transcribe")
    for one, what in zip(spoken, heard, strict=True):
        mel = pad_or_trim(log_mel_spectrogram(pad_or_trim(one.samples, N_SAMPLES)), N_FRAMES)
        with torch.inference_mode():
            result = decode(base.model, mel, DecodingOptions(language="es", without_timestamps=True, fp16=False))
        timings = find_alignment(base.model, tokenizer, result.tokens, mel, int(one.duration * 100))
        merge_punctuations(timings, PREPEND, APPEND)
        wanted = [t for t in timings if t.word.strip()]
        assert [w.text for w in what.words] == [t.word for t in wanted]
        assert [w.start for w in what.words] == pytest.approx([t.start for t in wanted], abs=0.021)
        assert [w.end for w in what.words[:-1]] == pytest.approx([t.end for t in wanted[:-1]], abs=0.021)
        assert [w.probability for w in what.words] == pytest.approx([t.probability for t in wanted], abs=1e-2)


def test_a_careful_hearing_is_timed_like_a_quick_one(
    base: OpenAIWhisper, said: list[Chunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "AFTER", LONGEST)
    quick, careful = (base.listen(said[:1], "es", careful=c)[0] for c in (False, True))
    assert quick.text == careful.text
    assert [w.start for w in careful.words] == pytest.approx([w.start for w in quick.words], abs=0.021)
    assert careful.log_probability == pytest.approx(quick.log_probability, abs=0.05)
    assert base.listen(said[2:], "es", careful=True)[0].no_speech > 0.3


def test_what_told_the_language_is_not_encoded_again(
    base: OpenAIWhisper, said: list[Chunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0

    def counted(*args: Any) -> Any:
        nonlocal count
        count += 1
        return encode(*args)

    monkeypatch.setattr(on_torch, "encode", counted)
    fresh = [chunk(c.samples) for c in said[:2]]
    votes = base.languages(fresh)
    assert [max(v, key=v.__getitem__) for v in votes] == ["es", "es"]
    heard = base.listen(fresh[1:], "es")
    assert count == 2
    assert heard[0].text == base.listen([chunk(said[1].samples)], "es")[0].text
    assert count == 3


# --- sounds shorter than the window


def test_the_whole_window_is_encoded_as_published(base: OpenAIWhisper, said: list[Chunk]) -> None:
    window = base.model.dims.n_audio_ctx
    mel = torch.stack([log_mel_spectrogram(pad_or_trim(c.samples, N_SAMPLES), 80) for c in said])
    with torch.inference_mode():
        wanted = base.model.embed_audio(pad_or_trim(mel, N_FRAMES))
    assert torch.allclose(encode(base.model, said, window, torch.float32), wanted, atol=1e-3)


@pytest.mark.parametrize(
    ("seconds", "frames"), [(0.1, 512), (6.0, 512), (10.0, 656), (20.0, 1152), (27.0, 1500), (30.0, 1500)]
)
def test_a_context_holds_the_chunk_and_silence_after_it(seconds: float, frames: int) -> None:
    assert context(chunk(np.zeros(round(seconds * RATE), np.float32)), 1500) == frames


def test_chunks_of_about_one_length_are_a_batch() -> None:
    lengths = (29.0, 5.0, 12.0, 28.0, 6.9, 13.0)
    assert alike([chunk(np.zeros(round(s * RATE), np.float32)) for s in lengths]) == {
        1500: [0, 3],
        500: [1, 4],
        750: [2],
        1000: [5],
    }


def test_a_text_does_not_depend_on_the_chunks_beside_it(said: list[Chunk], tmp_path: Path) -> None:
    quick = FasterWhisper(whisper_folder(Settings(models_dir=tmp_path)), "cpu", "int8", 2)
    together = quick.listen(said, "es")
    assert len(together) == 3
    assert "herramientas" in together[1].text
    assert [quick.listen([c], "es")[0].text for c in said] == [h.text for h in together]
    votes = quick.languages(said[:2])
    assert [max(v, key=v.__getitem__) for v in votes] == ["es", "es"]
    assert quick.listen([], "es") == []


def test_a_shorter_context_tells_the_same_text_and_language(base: OpenAIWhisper, said: list[Chunk]) -> None:
    assert [e.shape[1] for e in base._encoded(said[:2])] == [512, 608]
    short = base.listen(said[:2], "es")
    full = base.listen(said[:2], "es", careful=True)
    for one, other in zip(short, full, strict=True):
        alike = SequenceMatcher(None, one.text.split(), other.text.split())
        assert alike.ratio() > 0.8
        for ours, theirs, count in alike.get_matching_blocks():
            starts = [[w.start for w in heard.words[at : at + count]] for heard, at in ((one, ours), (other, theirs))]
            assert starts[0] == pytest.approx(starts[1], abs=0.1)
    votes = base.languages(said[:2])
    _, published = base.model.detect_language(torch.cat(base._encoded(said[:2], whole=True)))
    for vote, wanted in zip(votes, published, strict=True):
        assert vote.keys() == wanted.keys()
        assert sum(vote.values()) == pytest.approx(1.0, abs=1e-3)
        assert vote["es"] == pytest.approx(wanted["es"], abs=0.1)


# --- threads


def steps(pace: Pace, count: int, alone: float, together: float) -> list[int]:
    """The threads of ``count`` steps that take ``alone`` seconds with one and ``together`` with all."""
    used = []
    for _ in range(count):
        used.append(pace.threads)
        pace.took(alone if pace.threads == 1 else together)
    return used


def test_all_threads_work_where_the_processor_is_free() -> None:
    pace = Pace()
    pace.begin(2)
    used = steps(pace, 200, 0.020, 0.012)
    assert used == [1] + [2] * 199
    pace.begin(2)
    assert steps(pace, 50, 0.040, 0.025) == [1] + [2] * 49


def test_one_thread_works_where_others_want_the_processor() -> None:
    pace = Pace()
    pace.begin(2)
    used = steps(pace, 5000, 0.020, 0.300)
    assert 3 <= used.count(2) <= 12
    assert used[-900:].count(2) <= 1
    freed = steps(pace, 5000, 0.020, 0.012)
    assert set(freed[-3000:]) == {2}


def test_a_single_thread_is_all_there_is() -> None:
    pace = Pace()
    pace.begin(1)
    assert set(steps(pace, 100, 0.020, 9.0)) == {1}


def test_texts_do_not_depend_on_threads(
    base: OpenAIWhisper, said: list[Chunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = get_tokenizer(True, num_languages=base.model.num_languages, language="es", task="transcribe")
    with torch.inference_mode():
        sounds = [base._writer.sound(e) for e in base._encoded(said[:2])]
        found = []
        for n in (1, 2):
            monkeypatch.setattr(Pace, "took", lambda self, seconds, n=n: setattr(self, "threads", n))
            found.append(base._writer.write(sounds, _rules(tokenizer, 12)))
    for one, two in zip(*found, strict=True):
        assert one.tokens == two.tokens
        # Threads add up products in another order, which in float32 moves a probability by about 1e-6.
        assert one.sure == pytest.approx(two.sure, abs=ROUNDING)
        assert one.no_speech == pytest.approx(two.no_speech, abs=ROUNDING)
        assert one.total == pytest.approx(two.total, abs=ROUNDING * (1 + len(one.tokens)))
        assert torch.allclose(one.attention, two.attention, atol=10 * ROUNDING)


# --- models of other shapes


@dataclass(frozen=True, slots=True)
class Made:
    """A model with random weights, and sounds for it."""

    model: Any
    encoded: Any
    tokenizer: Any
    language: str


def made(seed: int, vocabulary: int, longest: int) -> Made:
    torch.manual_seed(seed)
    model = Whisper(ModelDimensions(80, 40, 128, 2, 1, vocabulary, 2 * longest, 128, 2, 3)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    many = model.is_multilingual
    tokenizer = get_tokenizer(
        many, num_languages=model.num_languages, language="fr" if many else "en", task="transcribe"
    )
    return Made(model, torch.randn(4, 40, 128), tokenizer, "fr" if many else "en")


@pytest.mark.parametrize("vocabulary", [51864, 51865, 51866])
def test_other_models_and_texts_without_an_end(vocabulary: int) -> None:
    case = made(3, vocabulary, 12)
    options = DecodingOptions(language=case.language, without_timestamps=True, fp16=False)
    with torch.inference_mode():
        theirs = decode(case.model, case.encoded, options)
        writer = Writer(case.model, torch.float32)
        ours = writer.write([writer.sound(e[None]) for e in case.encoded], _rules(case.tokenizer, 12))
    assert_same(ours, theirs)
    assert max(len(w.tokens) for w in ours) == 12
    heads = int(case.model.alignment_heads.sum())
    assert [w.attention.shape for w in ours] == [
        (heads, len(case.tokenizer.sot_sequence) + 1 + len(w.tokens) + 1, 40) for w in ours
    ]


def test_reading_gives_what_writing_noted() -> None:
    case = made(5, 51865, 9)
    with torch.inference_mode():
        writer = Writer(case.model, torch.float32)
        sound, rules = writer.sound(case.encoded[:1]), _rules(case.tokenizer, 9)
        written = writer.write([sound], rules)[0]
        read = writer.read(sound, rules, written.tokens)
    text = [n for n, t in enumerate(written.tokens) if t < rules.end]
    assert text
    assert [read.sure[n] for n in text] == pytest.approx([written.sure[n] for n in text], abs=1e-4)
    assert torch.allclose(read.attention, written.attention, atol=1e-3)


def test_half_precision_decoding_is_close() -> None:
    case = made(7, 51865, 6)
    rules = _rules(case.tokenizer, 6)
    tokens = [400, 1200, 3000]
    with torch.inference_mode():
        exact, rough = (Writer(case.model, dtype) for dtype in (torch.float32, torch.float16))
        wanted = exact.read(exact.sound(case.encoded[:1]), rules, tokens)
        found = rough.read(rough.sound(case.encoded[:1].half()), rules, tokens)
        written = rough.write([rough.sound(case.encoded.half())], rules)
    assert found.attention.dtype == torch.float16
    assert torch.allclose(found.attention.float(), wanted.attention, atol=0.1, rtol=0.05)
    assert found.sure == pytest.approx(wanted.sure, abs=0.02)
    assert all(0 < len(w.tokens) <= 6 for w in written)


def test_half_precision_weights_are_multiplied_as_they_are() -> None:
    torch.manual_seed(1)
    weight, bias, x = torch.randn(96, 64).half().float(), torch.randn(96), torch.randn(2, 3, 64)
    wanted = torch.nn.functional.linear(x, weight, bias)
    assert torch.allclose(product(weight, bias, torch.float32)(x), wanted, atol=1e-4)
    finer = weight + 1e-5
    assert torch.equal(product(finer, bias, torch.float32)(x), torch.nn.functional.linear(x, finer, bias))


@pytest.mark.parametrize("length", [2, 4, 7, 50])
def test_the_median_is_the_sorted_middle(length: int) -> None:
    x = torch.randn(3, 5, length, generator=torch.Generator().manual_seed(length)).round(decimals=1)
    assert torch.equal(_smoothed(x), median_filter(x, SMOOTHING))
