"""The stages of speech that ``benchmarks.gpu`` measures: recognisers, a careful hearing, the voice detector, the whole course, a peer."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compute import cards
from pipeline.compute.device import Device, in_batches
from pipeline.compute.models import whisper_folder
from pipeline.errors import ModelUnavailable
from pipeline.settings import Settings
from pipeline.speech.values import Chunk
from pipeline.values import Audio

RATE = 16000
BLOCK = 20 * RATE
CAREFULLY = 10
"""One chunk of so many is heard again with care."""
LANGUAGE = "en"
BEAM = 5


def speech(seconds: float) -> NDArray[np.float32]:
    """Real English speech, again and again.

    Raises:
        FileNotFoundError: there is none in the folder of real media; decoding noise would take another time.
    """
    from benchmarks import media
    from pipeline.media.decode import load_audio

    folder = media() / "speech" / LANGUAGE
    found = sorted(
        (p for p in folder.glob("*") if p.suffix in {".flac", ".mp3", ".wav"}), key=lambda p: p.stat().st_size
    )
    if not found:
        raise FileNotFoundError(folder)
    return np.resize(load_audio(found[-1]).samples, int(seconds * RATE))


def blocks(samples: NDArray[np.float32]) -> Iterator[Audio]:
    """``samples`` as a film's sound arrives."""
    for low in range(0, len(samples), BLOCK):
        yield Audio(samples[low : low + BLOCK], RATE, low / RATE)


def spoken(seconds: float) -> list[Chunk]:
    """The chunks of so much speech: of their own lengths, so that their texts end at different steps."""
    from pipeline.speech.voice import Hearing, VoiceDetector, chunks

    return list(chunks(blocks(speech(seconds)), VoiceDetector(), Hearing()))


def on_torch(device: Device, seconds: float) -> Callable[[], object]:
    """Torch's recogniser in its own batches."""
    from pipeline.speech.whisper.on_torch import OpenAIWhisper

    model = OpenAIWhisper(whisper_folder(Settings()), device.kind)
    many = spoken(seconds)
    return lambda: in_batches(many, model.batch, lambda part: model.listen(part, LANGUAGE))


def careful(device: Device, seconds: float) -> Callable[[], object]:
    """What a careful hearing costs a film: one chunk in :data:`CAREFULLY`."""
    from pipeline.speech.whisper.on_torch import OpenAIWhisper

    model = OpenAIWhisper(whisper_folder(Settings()), device.kind)
    few = spoken(seconds)[::CAREFULLY]
    return lambda: in_batches(few, model.batch, lambda part: model.listen(part, LANGUAGE, careful=True))


def on_ctranslate2(device: Device, seconds: float) -> Callable[[], object]:
    """CTranslate2's recogniser as the product loads it."""
    from pipeline.speech.backends import BACKENDS, DEFAULT, Place

    backend = BACKENDS[DEFAULT]
    kind = device.kind
    place = Place(kind, device.torch_dtype, os.cpu_count() or 1, backend.batch(kind), device.memory)
    model = backend.load(whisper_folder(Settings()), place)
    many = spoken(seconds)
    return lambda: in_batches(many, model.batch, lambda part: model.listen(part, LANGUAGE))


def voices(device: Device, seconds: float) -> Callable[[], object]:
    """The voice detector alone, on one core of the processor."""
    from pipeline.speech.voice import Hearing, VoiceDetector, chunks

    samples, detector = speech(seconds), VoiceDetector()
    return lambda: sum(1 for _ in chunks(blocks(samples), detector, Hearing()))


def course(device: Device, seconds: float) -> Callable[[], object]:
    """A transcript as the product makes it: detector, words, second hearings, times."""
    from pipeline.speech.transcriber import Transcriber

    samples = speech(seconds)
    one = Transcriber(Settings(), device)
    return lambda: one.transcribe(lambda: blocks(samples), language=LANGUAGE, duration=seconds)


def peer(device: Device, seconds: float) -> Callable[[], object]:
    """faster-whisper's batched pipeline with the same weights and word times."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    if cards.family(device.kind) not in ("cpu", "cuda"):
        raise ModelUnavailable(name="whisper", detail=device.kind)
    kind = "float16" if device.is_card else "int8"
    model: Any = WhisperModel(
        str(whisper_folder(Settings())), cards.family(device.kind), cards.index(device.kind), compute_type=kind
    )
    batch, samples = (64 if device.is_card else 8), speech(seconds)
    pipeline: Any = BatchedInferencePipeline(model)
    options = {"language": LANGUAGE, "beam_size": BEAM, "word_timestamps": True, "batch_size": batch}
    return lambda: sum(1 for _ in itertools.chain(pipeline.transcribe(samples, **options)[0]))
