"""The stages of sound that ``benchmarks.gpu`` measures, and what they have to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.compute.device import Device
from pipeline.settings import Settings
from pipeline.values import Audio

RATE = 16000
BLOCK = 60.0
SEED = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage has to do for one second of film: operations and bytes, reckoned."""

    flops: float
    n_bytes: float


def sound(seconds: float) -> Audio:
    """Noise with a changing level, mono, 16 kHz."""
    noise = np.random.default_rng(SEED).standard_normal(int(seconds * RATE)).astype(np.float32)
    level = 0.1 + 0.1 * np.sin(np.arange(len(noise), dtype=np.float32) / RATE)
    return Audio((noise * level).astype(np.float32), RATE)


def signals(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.evidence.signals import AudioSignals

    audio = sound(BLOCK)

    def work() -> object:
        measured = AudioSignals(device.kind)
        for _ in range(max(1, round(seconds / BLOCK))):
            measured.feed(audio)
        return measured.state()

    return work


def front_end(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.compute.models import yamnet_classes
    from pipeline.evidence.sounds import SoundListener

    audio = sound(BLOCK)

    def silent(patches: Any) -> Any:
        return np.zeros((len(patches), 521), np.float32)

    def work() -> object:
        listener = SoundListener(silent, yamnet_classes(), device=device.kind)
        for _ in range(max(1, round(seconds / BLOCK))):
            listener.feed(audio)
        return listener.state()

    return work


def prints(device: Device, seconds: float) -> Callable[[], object]:
    from pipeline.evidence.fingerprints import mel_bytes

    both = np.stack([sound(BLOCK).samples] * 2)
    return lambda: [mel_bytes(both, device.kind) for _ in range(max(1, round(seconds / BLOCK)))]


def recognised(device: Device, seconds: float) -> Callable[[], object]:
    """Which sounds are heard, with the network itself."""
    from pipeline.compute.models import yamnet_classes
    from pipeline.evidence.sounds import SoundListener, load_network

    audio, network = sound(BLOCK), load_network(Settings.from_env())

    def work() -> object:
        listener = SoundListener(network, yamnet_classes(), device=device.kind)
        for _ in range(max(1, round(seconds / BLOCK))):
            listener.feed(audio)
        return listener.state()

    return work


def separated(device: Device, seconds: float) -> Callable[[], object]:
    """Stereo without its voices, in the product's own pieces."""
    from pipeline.evidence import stems

    piece = np.stack([np.resize(sound(10.0).samples, stems.PIECE)] * 2)
    pieces = [piece] * max(1, round(seconds * stems.RATE / stems.STRIDE))
    return lambda: stems.separated(pieces, stems.RATE, device.kind)


def spectrum_cost(rate: float, window: int, n_weights: int, n_bytes: float) -> Cost:
    """``rate`` transforms a second of ``window`` samples (2.5·n·log₂n operations each), weighted into ``n_weights`` sums."""
    bins = window // 2 + 1
    flops = rate * (2.5 * window * math.log2(window) + 2.0 * bins * n_weights + 4.0 * bins)
    return Cost(flops, n_bytes + rate * 4.0 * (2 * window + 4 * bins + n_weights))


def stems_cost() -> Cost:
    """Two U-Nets of six layers each way over 512 × 1024 magnitudes (5 × 5 weights, a quarter of the places a layer), a piece for
    every 10.4 s; each layer's result written and read in single precision."""
    from pipeline.evidence import stems

    channels, places = [2, 16, 32, 64, 128, 256, 512], stems.FRAMES * stems.BINS
    flops, numbers = 0.0, 0.0
    for k in range(stems.DEPTH):
        inside, out = channels[k], channels[k + 1]
        back = 1 if k == 0 else channels[k]
        up = out if k == stems.DEPTH - 1 else 2 * out
        flops += 50.0 * (inside * out + up * back) * places / 4 ** (k + 1)
        numbers += (out + 2 * back) * places / 4**k
    length = stems.STRIDE / stems.RATE
    return Cost(2 * flops / length, 2 * 2 * 4 * numbers / length)
