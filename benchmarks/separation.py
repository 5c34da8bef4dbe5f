"""How much of a film's music and effects comes back from under the voices, and what that costs: ``python -m benchmarks.separation``.

Scale-invariant signal-to-distortion ratio (dB) to the true bed, of the mix itself, of left minus right, and of the accompaniment stem
(:mod:`pipeline.evidence.stems`); while somebody speaks and while nobody does. ``--write`` puts the table into ``BENCHMARKS.md``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import media as media_folder
from benchmarks import table
from benchmarks.__main__ import write
from benchmarks.dub_generator import RATE, Samples, Studio
from pipeline.compute.device import pick
from pipeline.evidence.stems import Accompaniment
from pipeline.media.decode import load_audio

SECONDS = 60.0
BEHIND = -20.0


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """A (2, n) ``heard`` mix at ``rate``, its true ``bed``, and when somebody ``speaks`` (n,)."""

    name: str
    heard: Samples
    bed: Samples
    speaks: NDArray[np.bool_]
    rate: int

    @property
    def mono(self) -> Mix:
        heard, bed = (x.mean(axis=0, keepdims=True) for x in (self.heard, self.bed))
        return Mix(f"{self.name}, mono", heard, bed, self.speaks, self.rate)


class _Held:
    """Samples as what :class:`~pipeline.evidence.stems.Accompaniment` reads."""

    def __init__(self, samples: Samples, rate: int) -> None:
        self.samples, self.rate, self.layout = samples, rate, ("mono", "stereo")[len(samples) - 1]

    def read(self, start: int, n: int) -> Samples:
        low, high = max(0, start), max(0, min(start + n, self.samples.shape[1]))
        return np.pad(self.samples[:, low:high], ((0, 0), (low - start, n - (low - start) - max(0, high - low))))


def mixes(seeds: int) -> Iterator[Mix]:
    """The dubbed film of the media folder, and generated ones with the bed 20 dB under the voices."""
    folder = media_folder()
    heard, bed = (
        load_audio(folder / name, rate=44100, layout="stereo").samples[:, : round(SECONDS * 44100)]
        for name in ("dub/dub_film_en.mp4", "films/bbb_480p_171s_5.1.mp4")
    )
    lines = json.loads((folder / "dub" / "dub_truth.json").read_text(encoding="utf-8"))["lines"]
    clock = np.arange(heard.shape[1]) / 44100
    yield Mix(
        "dubbed film", heard, bed, np.any([(clock >= x["start"]) & (clock < x["en_end"]) for x in lines], 0), 44100
    )
    studio, n = Studio(folder), round(SECONDS * RATE)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        made, voices = (
            studio.bed(rng, n) * np.float32(10 ** (BEHIND / 20)),
            studio.speech(rng, n, ("en", "es")[seed % 2]),
        )
        yield Mix(f"generated {seed}", made + voices, made, np.abs(voices) > 0, RATE)


def ratio(found: Samples, true: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio in dB; of silence −100."""
    x, y = (s.ravel().astype(np.float64) for s in (found, true))
    target = (x @ y) / (y @ y + 1e-20) * y
    return float(10 * np.log10(max((target @ target) / (np.square(x - target).sum() + 1e-20), 1e-10)))


def row(mix: Mix, device: str) -> tuple[object, ...]:
    """A line of the table."""
    wall, processor = time.perf_counter(), time.process_time()
    made = Accompaniment(_Held(mix.heard, mix.rate), device).read(0, mix.heard.shape[1])
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    ways = [mix.heard, _sides(mix.heard), made]
    minutes = mix.heard.shape[1] / mix.rate / 60
    told = [[_told(way, mix, spoken) for way in ways] for spoken in (True, False)]
    return mix.name, *told[0], *told[1], f"{wall / minutes:.1f}", f"{processor / minutes:.1f}"


def _told(way: Samples, mix: Mix, spoken: bool) -> str:
    where = mix.speaks == spoken
    return f"{ratio(way[:, where], mix.bed[:, where]):.1f}" if np.abs(way).max() > 0 else "silence"


def _sides(heard: Samples) -> Samples:
    half = (heard[:1] - heard[-1:]) / 2
    return np.repeat(half, len(heard), axis=0)


HEAD = ("material", "spoken: mix", "left − right", "stem", "unspoken: mix", "left − right", "stem", "s a minute",
        "s of processor a minute")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=3, help="generated mixes")
    options.add_argument("--write", action="store_true", help="also into BENCHMARKS.md")
    chosen = options.parse_args()
    device = pick()
    rows = [row(each, device.kind) for mix in mixes(chosen.seeds) for each in (mix, mix.mono)]
    text = f"{SECONDS:.0f} s each, on {device.name}; the first line includes reading the weights\n\n{table(HEAD, rows)}"
    print(text)
    if chosen.write:
        write("separation", f"python -m benchmarks.separation --seeds {chosen.seeds}", text)


if __name__ == "__main__":
    main()
