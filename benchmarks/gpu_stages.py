"""The stages that ``benchmarks.gpu`` measures: how each is prepared on a device, and what it has to do."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import gpu_sound, gpu_speech
from benchmarks.gpu_sound import RATE, SEED, Cost, spectrum_cost
from pipeline.compute.device import Device
from pipeline.settings import Settings
from pipeline.values import Frames

FPS = 25
PRINTS, BANDS, HOP = 100, 48, 500
"""Frames a second and bands of a print, frames between two windows of the search."""
LAYERS, WIDTH, TOKENS, SENTENCE = 12, 384, 20, 4.0
"""Of a sentence network; words of a sentence, and seconds of film it stands for."""
DOUBTFUL = 6.0
"""Seconds of film between two doubtful cuts."""


@dataclass(frozen=True, slots=True)
class Stage:
    """``prepare(device, seconds)`` gives the work itself; ``cost`` is that of a second, or a function of the film's length
    where a second of a long one costs more; ``only`` names the device of stages that have but one; networks run in ``half``
    precision on a GPU that is fast in it."""

    name: str
    prepare: Callable[[Device, float], Callable[[], object]]
    cost: Cost | Callable[[float], Cost]
    only: str = ""
    half: bool = False

    def cost_of(self, seconds: float) -> Cost:
        """What a second of a film of ``seconds`` costs."""
        return self.cost if isinstance(self.cost, Cost) else self.cost(seconds)


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


def _shots(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.evidence.shots import ShotFinder

    film = _film(seconds)

    def work() -> object:
        finder = ShotFinder(device.kind, FPS)
        for frames in film:
            finder.feed(frames)
        return finder.state()

    return work


def _motion(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.evidence.motion import PictureSignals

    film = _film(seconds)

    def work() -> object:
        signals = PictureSignals(device.kind)
        for frames in film:
            signals.feed(frames)
        return signals.state()

    return work


def _second_look(device: Device, seconds: float) -> Callable[[], object]:
    """Doubtful cuts looked at again: as many a minute as films have."""
    from pipeline.evidence.second_look import SIZE, WINDOW, Stretch, probabilities

    chance = np.random.default_rng(SEED)
    pixels = chance.integers(0, 255, (max(1, round(seconds / DOUBTFUL)), WINDOW, *SIZE, 3), dtype=np.uint8)
    asked = [Stretch(np.arange(WINDOW) / 25, one, (WINDOW // 2,)) for one in pixels]
    return lambda: probabilities(asked, device.kind)


def _sentences(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.text.embedder import Embedder

    embedder = Embedder(Settings(), device=device)
    texts = [
        f"Esta es la frase número {n} de la película, y nadie la había dicho antes."
        for n in range(max(1, round(seconds / SENTENCE)))
    ]
    return lambda: embedder.encode(texts)


def _network(device: Device, seconds: float) -> Callable[[], object]:
    """A transformer of the size of the multilingual MiniLM with random weights: time does not depend on them."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.input_module import InputModule
    from transformers import BertConfig, BertModel

    size = BertConfig(num_hidden_layers=LAYERS, hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_attention_heads=12)

    class RandomNetwork(InputModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.bert = BertModel(size)

        def preprocess(self, inputs: Any, prompt: str | None = None, **options: Any) -> dict[str, Any]:
            words = [[hash(w) % size.vocab_size for w in text.split()] for text in inputs]
            longest = max(map(len, words))
            return {"input_ids": torch.tensor([w + [0] * (longest - len(w)) for w in words])}

        def forward(self, features: dict[str, Any], **options: Any) -> dict[str, Any]:
            return {"sentence_embedding": self.bert(features["input_ids"]).last_hidden_state.mean(dim=1)}

        def get_embedding_dimension(self) -> int:
            return WIDTH

        def save(self, output_path: str, *args: Any, **options: Any) -> None:
            raise NotImplementedError

    model = SentenceTransformer(modules=[RandomNetwork()], device=device.kind)
    model.to(getattr(torch, device.torch_dtypes[0]))
    texts = [" ".join(f"palabra{n + k}" for k in range(TOKENS)) for n in range(max(1, round(seconds / SENTENCE)))]
    return lambda: model.encode(texts, batch_size=512, show_progress_bar=False)


def _search(device: Device, seconds: float) -> Callable[[], object]:
    """Windows of 20 s, one every 5 s, of a dub of three quarters of the film, looked for in all of it, as the product does."""
    from syncdub.reading.device_search import search_on

    chance = np.random.default_rng(SEED)
    original = chance.standard_normal((int(seconds * PRINTS), BANDS)).astype(np.float16)
    dub, size = original[len(original) // 4 :].copy(), _window(seconds)
    starts = np.arange(0, len(dub) - size, HOP)
    find = search_on(device.kind)
    return lambda: find(original, dub, starts, size, 4, 1.0 / PRINTS)


def _window(seconds: float) -> int:
    return min(20 * PRINTS, int(seconds * PRINTS) // 4)


def _encode(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.media import ffmpeg

    encoder = "h264_nvenc" if device.is_card else "libx264"
    source = ["-f", "lavfi", "-i", f"testsrc2=s=1280x720:r={FPS}:d={seconds}", "-pix_fmt", "yuv420p"]
    return lambda: ffmpeg.run([*source, "-c:v", encoder, "-f", "null", "-"])


def _decode(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.errors import FFmpegFailed
    from pipeline.media import card_decoder
    from pipeline.media.decode import video_blocks

    if device.is_card and card_decoder.card(device.kind) is None:
        raise FFmpegFailed(detail="the card does not decode")
    film = _long_film(seconds)
    size: dict[str, Any] = {"width": 96, "height": 54, "colour": True, "device": device.kind}
    return lambda: sum(len(block.times) for block in video_blocks(film, **size))


def _long_film(seconds: float) -> Path:
    """720p, encoded as films are: a real film again and again where there is one, else a test picture."""
    from benchmarks import media
    from pipeline.media import ffmpeg

    film = Path(tempfile.mkdtemp()) / "film.mp4"
    found = sorted((media() / "films").glob("*.mp4"))
    real = ["-stream_loop", "-1", "-i", str(found[0]), "-t", str(seconds)]
    drawn = ["-f", "lavfi", "-i", f"testsrc2=s=1280x720:r={FPS}:d={seconds}"]
    made = ["-vf", "scale=1280:720", "-an", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "fast", str(film)]
    ffmpeg.run([*(real if found else drawn), *made])
    return film


def whisper_cost(words_a_second: float = 3.0) -> Cost:
    """Whisper base: two operations for each weight and position, and the attention; weights read once for a batch of 32."""
    layers, width, positions, feed = 6, 512, 1500, 4
    weights = layers * (4 + 2 * feed) * width**2
    encoder = 2.0 * weights * positions + 4.0 * layers * positions**2 * width
    tokens = words_a_second * 30.0 * 1.4
    decoder = tokens * (2.0 * (weights + layers * 4 * width**2 + 51865 * width) + 4.0 * layers * positions * width)
    n_bytes = 2.0 * (weights / 32.0 + layers * positions * width * 12 + tokens * layers * positions * width * 2)
    return Cost((encoder + decoder) / 30.0, n_bytes / 30.0)


def search_cost(seconds: float) -> Cost:
    """Transforms of the film's blocks and of the windows, a product for each window, block, band and frequency, and the
    transform back; spectra read once for 64 windows, products and scores written and read."""
    from syncdub.exact.correlation import blocking
    from syncdub.reading.device_search import CHUNK

    n, size = int(seconds * PRINTS), _window(seconds)
    windows = max(1, -(-(n - n // 4 - size) // HOP))
    n_fft, _, blocks = blocking(n + size, size)
    bins, transform = n_fft // 2 + 1, 2.5 * n_fft * math.log2(n_fft)
    flops = transform * (BANDS * (blocks + windows) + windows * blocks) + 8.0 * windows * blocks * bins * BANDS
    read = 8.0 * bins * blocks * BANDS * -(-windows // CHUNK)
    n_bytes = read + 2.0 * 8.0 * windows * blocks * bins + 4.0 * 6.0 * windows * n
    return Cost(flops / seconds, n_bytes / seconds)


def network_cost() -> Cost:
    """A transformer of MiniLM's size: two operations for each weight and token, and the attention; half precision."""
    rate, weights = TOKENS / SENTENCE, LAYERS * 12 * WIDTH**2
    return Cost(
        rate * (2.0 * weights + 4.0 * LAYERS * TOKENS * WIDTH),
        2.0 * weights / (512 * SENTENCE) + rate * 2.0 * LAYERS * WIDTH * 12,
    )


def bundled_cost() -> Cost:
    """The bundled model: three projections, three pairs of convolutions and one more matrix for each token."""
    weights = 3 * 512 * 256 + 2 * (512 + 768 + 1280) * 256 + 1280 * 512
    rate = TOKENS / SENTENCE
    return Cost(rate * 2.0 * weights, 4.0 * weights / (512 * SENTENCE) + rate * 4.0 * 2 * (3 * 512 + 2 * 1280))


PICTURES = Cost(0.0, 2.0 * 1.5 * 1280 * 720 * FPS)
"""Pictures of 720p written once and read once: what the codec itself does is nobody's to reckon."""
PIXELS = 96 * 54 * FPS
STAGES = (
    Stage("speech: Whisper base on torch, batched", gpu_speech.on_torch, whisper_cost(), half=True),
    Stage("speech: Whisper base on CTranslate2, batched", gpu_speech.on_ctranslate2, whisper_cost(), half=True),
    Stage("speech: careful hearing on torch, one chunk of ten", gpu_speech.careful, whisper_cost(1.5), half=True),
    Stage("speech: voice detector", gpu_speech.voices, Cost(0.0, 4.0 * RATE), "cpu"),
    Stage("speech: whole course, default recogniser", gpu_speech.course, whisper_cost(), half=True),
    Stage("speech: faster-whisper batched, same weights (peer)", gpu_speech.peer, whisper_cost(), half=True),
    Stage("sound: levels, spectrum, onsets", gpu_sound.signals, spectrum_cost(50.0, 512, 4 + 64, 4.0 * RATE)),
    Stage("sound: front end of the recogniser", gpu_sound.front_end, spectrum_cost(100.0, 512, 64, 4.0 * RATE)),
    Stage("sound: prints of two tracks for the search", gpu_sound.prints, spectrum_cost(2 * 50.0, 512, 48, 8.0 * RATE)),
    Stage("sound: recognised, 8-bit network", gpu_sound.recognised, Cost(2 * 69e6 / 0.48, 4.0 * RATE), "cpu"),
    Stage("sound: music and effects without voices", gpu_sound.separated, gpu_sound.stems_cost()),
    Stage("picture: shots", _shots, Cost(PIXELS * 40.0, PIXELS * (3 + 4 * 20.0))),
    Stage(
        "picture: doubtful cuts looked at again",
        _second_look,
        Cost(40 * 27 * 48 * 5e3 / DOUBTFUL, 40 * 27 * 48 * 400 / DOUBTFUL),
    ),
    Stage("picture: motion, histograms", _motion, Cost(PIXELS / FPS * 5 * 8.0, PIXELS / FPS * 5 * 30.0)),
    Stage("search: windows of prints correlated", _search, search_cost),
    Stage("text: sentence vectors (bundled model)", _sentences, bundled_cost(), "cpu"),
    Stage("text: sentence vectors (size of MiniLM)", _network, network_cost(), half=True),
    Stage("film: decoding 720p (processor / the sooner of it and NVDEC), scaled", _decode, PICTURES),
    Stage("film: encoding 720p (x264 / NVENC)", _encode, PICTURES),
)
