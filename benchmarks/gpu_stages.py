"""The stages that ``benchmarks.gpu`` measures: how each is prepared on a device, and what it has to do."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.device import Device
from pipeline.settings import Settings
from pipeline.values import Audio, Frames, Span

RATE = 16000
BLOCK = 60.0
FPS = 25
SEED = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage has to do for one second of film: operations and bytes, reckoned."""

    flops: float
    n_bytes: float


@dataclass(frozen=True, slots=True)
class Stage:
    """``prepare(device, seconds)`` gives the work itself; ``only`` names the device of stages that have but one."""

    name: str
    prepare: Callable[[Device, float], Callable[[], object]]
    cost: Cost
    only: str = ""


def sound(seconds: float) -> Audio:
    """Noise with a changing level, mono, 16 kHz."""
    noise = np.random.default_rng(SEED).standard_normal(int(seconds * RATE)).astype(np.float32)
    level = 0.1 + 0.1 * np.sin(np.arange(len(noise), dtype=np.float32) / RATE)
    return Audio((noise * level).astype(np.float32), RATE)


def pictures(seconds: float) -> Frames:
    """Noisy pictures of 96 × 54 that change every second."""
    chance = np.random.default_rng(SEED)
    times = np.arange(round(seconds * FPS)) / FPS
    scenes = chance.integers(0, 255, (round(seconds) + 1, 54, 96, 3), dtype=np.uint8)
    return Frames(
        times, scenes[times.astype(int)] // 2 + chance.integers(0, 99, (len(times), 54, 96, 3), dtype=np.uint8)
    )


def _film(seconds: float) -> list[Frames]:
    """The same ten seconds of pictures again and again."""
    part = pictures(10.0)
    return [Frames(part.times + 10.0 * n, part.pixels) for n in range(max(1, round(seconds / 10.0)))]


def _signals(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.signals import AudioSignals

    audio = sound(BLOCK)

    def work() -> object:
        measured = AudioSignals(device.kind)
        for _ in range(max(1, round(seconds / BLOCK))):
            measured.feed(audio)
        return measured.state()

    return work


def _front_end(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.models import yamnet_classes
    from pipeline.sounds import SoundListener

    audio = sound(BLOCK)

    def silent(patches: Any) -> Any:
        return np.zeros((len(patches), 521), np.float32)

    def work() -> object:
        listener = SoundListener(silent, yamnet_classes(), device=device.kind)
        for _ in range(max(1, round(seconds / BLOCK))):
            listener.feed(audio)
        return listener.state()

    return work


def _prints(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.fingerprints import mel_bytes

    both = np.stack([sound(BLOCK).samples] * 2)
    return lambda: [mel_bytes(both, device.kind) for _ in range(max(1, round(seconds / BLOCK)))]


def _shots(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.shots import ShotFinder

    film = _film(seconds)

    def work() -> object:
        finder = ShotFinder(device.kind, FPS)
        for frames in film:
            finder.feed(frames)
        return finder.state()

    return work


def _motion(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.motion import PictureSignals

    film = _film(seconds)

    def work() -> object:
        signals = PictureSignals(device.kind)
        for frames in film:
            signals.feed(frames)
        return signals.state()

    return work


def _whisper(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.device import in_batches
    from pipeline.models import whisper_folder
    from pipeline.speech import EVERYTHING
    from pipeline.voice import VoiceDetector, chunks
    from pipeline.whisper_torch import OpenAIWhisper

    model = OpenAIWhisper(whisper_folder(Settings()), device.kind)
    one = next(iter(chunks([Audio(_speech(30.0), RATE)], VoiceDetector(), EVERYTHING)))
    many = [one] * max(1, round(seconds / one.duration))
    return lambda: in_batches(many, model.batch, lambda part: model.listen(part, "en"))


def _speech(seconds: float) -> NDArray[np.float32]:
    """Real speech where there is some: decoding noise takes another time."""
    from benchmarks import media
    from pipeline.media import load_audio

    folder = media() / "speech"
    found = (
        next(iter(sorted(p for p in folder.iterdir() if p.suffix in {".wav", ".flac", ".mp3"})), None)
        if folder.is_dir()
        else None
    )
    heard = load_audio(found, span=Span(0.0, seconds)).samples if found is not None else sound(seconds).samples
    return np.resize(heard, int(seconds * RATE))


def _sentences(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.text import Embedder

    embedder = Embedder(Settings(), device=device)
    texts = [
        f"Esta es la frase número {n} de la película, y nadie la había dicho antes."
        for n in range(max(1, round(seconds / 4)))
    ]
    return lambda: embedder.encode(texts)


def _search(device: Device, seconds: float) -> Callable[[], object]:
    from syncdub.correlation import search

    chance = np.random.default_rng(SEED)
    original = chance.standard_normal((int(seconds * 50), 16)).astype(np.float16)
    dub, size = original[len(original) // 4 :].copy(), min(1000, len(original) // 4)
    starts = np.arange(0, len(dub) - size, max(1, size // 2))
    return lambda: search(original, dub, starts, size, 3, 0.02)


def _encode(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline import ffmpeg

    encoder = "h264_nvenc" if device.kind == "cuda" else "libx264"
    source = ["-f", "lavfi", "-i", f"testsrc2=s=1280x720:r={FPS}:d={seconds}", "-pix_fmt", "yuv420p"]
    return lambda: ffmpeg.run([*source, "-c:v", encoder, "-f", "null", "-"])


def _decode(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline import ffmpeg
    from pipeline.media import video_blocks

    folder = Path(tempfile.mkdtemp())
    film = folder / "film.mp4"
    source = ["-f", "lavfi", "-i", f"testsrc2=s=1280x720:r={FPS}:d={seconds}", "-pix_fmt", "yuv420p"]
    ffmpeg.run([*source, "-c:v", "libx264", "-preset", "ultrafast", str(film)])
    return lambda: sum(len(block.times) for block in video_blocks(film, width=96, height=54, colour=True))


def spectrum_cost(rate: float, window: int, n_weights: int, n_bytes: float) -> Cost:
    """``rate`` transforms a second of ``window`` samples (2.5·n·log₂n operations each), weighted into ``n_weights`` sums."""
    bins = window // 2 + 1
    flops = rate * (2.5 * window * math.log2(window) + 2.0 * bins * n_weights + 4.0 * bins)
    return Cost(flops, n_bytes + rate * 4.0 * (2 * window + 4 * bins + n_weights))


def whisper_cost(words_a_second: float = 3.0) -> Cost:
    """Whisper base: two operations for each weight and position, and the attention; weights read once for a batch of 32."""
    layers, width, positions, feed = 6, 512, 1500, 4
    weights = layers * (4 + 2 * feed) * width**2
    encoder = 2.0 * weights * positions + 4.0 * layers * positions**2 * width
    tokens = words_a_second * 30.0 * 1.4
    decoder = tokens * (2.0 * (weights + layers * 4 * width**2 + 51865 * width) + 4.0 * layers * positions * width)
    n_bytes = 2.0 * (weights / 32.0 + layers * positions * width * 12 + tokens * layers * positions * width * 2)
    return Cost((encoder + decoder) / 30.0, n_bytes / 30.0)


PIXELS = 96 * 54 * FPS
STAGES = (
    Stage("speech: Whisper base on torch, batched", _whisper, whisper_cost()),
    Stage("sound: levels, spectrum, onsets", _signals, spectrum_cost(50.0, 512, 4 + 64, 4.0 * RATE)),
    Stage("sound: front end of the recogniser", _front_end, spectrum_cost(100.0, 512, 64, 4.0 * RATE)),
    Stage("sound: prints of two tracks for the search", _prints, spectrum_cost(2 * 50.0, 512, 48, 8.0 * RATE)),
    Stage("picture: shots", _shots, Cost(PIXELS * 40.0, PIXELS * (3 + 4 * 20.0))),
    Stage("picture: motion, histograms", _motion, Cost(PIXELS / FPS * 5 * 8.0, PIXELS / FPS * 5 * 30.0)),
    Stage("search: prints correlated", _search, Cost(0.0, 0.0), "cpu"),
    Stage("text: sentence vectors (bundled model)", _sentences, Cost(0.0, 0.0), "cpu"),
    Stage("film: decoding 720p, scaled", _decode, Cost(0.0, 0.0), "cpu"),
    Stage("film: encoding 720p (x264 / NVENC)", _encode, Cost(0.0, 0.0)),
)
