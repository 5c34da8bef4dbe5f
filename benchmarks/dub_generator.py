"""Pairs of an original and its dub with exactly known truth, made from a seed out of whatever media is there.

The bed (music and effects) is cut together from random excerpts at random speeds, so no two beds are alike; voices of other
languages are laid over it for the dub; then the dub is cut, gets foreign intros and advertisements, another speed, level,
equaliser, noise, mono sound and a codec. Same seed, same pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pipeline.media import decode, ffmpeg

RATE = 24000
Samples = NDArray[np.float32]
BEDS = ("films/bbb_480p_171s_5.1.mp4", "films/sintel_trailer_480p_moviepy.mp4", "films/gradio_world.mp4",
        "films/tears-of-steel-battle-clip-medium.webm", "events/music/*", "events/lmms_raving*", "events/*PartyNoise*")  # fmt: skip
CODECS = {
    "flac": ("flac", ["-c:a", "flac"]), "aac96": ("m4a", ["-c:a", "aac", "-b:a", "96k"]),
    "aac160": ("mkv", ["-c:a", "aac", "-b:a", "160k"]), "mp3_48": ("mka", ["-c:a", "libmp3lame", "-b:a", "48k"]),
    "ac3": ("mkv", ["-c:a", "ac3", "-b:a", "192k"]), "opus": ("mkv", ["-ar", "48000", "-c:a", "libopus", "-b:a", "64k"]),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """What happens to a dub. Times in seconds, levels in dB; ``cuts``, ``ads`` and ``replaced`` are how many of each."""

    duration: float = 240.0
    bed_db: float = 0.0
    intro: float = 0.0
    late: float = 0.0
    cuts: int = 0
    ads: int = 0
    replaced: int = 0
    rate: float = 1.0
    pitch_kept: bool = False
    mono: bool = False
    noise_db: float = -70.0
    codec: str = "flac"
    invert: bool = False
    tail: float = 0.0
    voices: tuple[str, str] = ("en", "es")


@dataclass(frozen=True, slots=True)
class Piece:
    """``dub_start``…``dub_end`` of the dub is the original from ``original_start`` on, ``rate`` seconds a second."""

    dub_start: float
    dub_end: float
    original_start: float
    rate: float

    def at(self, dub: float) -> float:
        return self.original_start + (dub - self.dub_start) * self.rate


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files and the truth."""

    original: Path
    dub: Path
    pieces: tuple[Piece, ...]
    recipe: Recipe = field(default_factory=Recipe)


class Studio:
    """Loads the media once and makes pairs of it."""

    def __init__(self, folder: Path) -> None:
        files = [p for pattern in BEDS for p in sorted(folder.glob(pattern))]
        self.beds = [decode.load_audio(p, rate=RATE, layout="stereo").samples for p in files]
        self.voices = {d.name: _voices(d) for d in sorted((folder / "speech").iterdir()) if d.is_dir()}

    def bed(self, rng: np.random.Generator, n: int) -> Samples:
        """(2, n) music and effects: excerpts of 8–40 s, each at a speed, level and stereo place of its own, now and then two."""
        out = np.zeros((2, n + RATE), np.float32)
        for layer in range(2):
            t = 0 if layer == 0 else int(rng.uniform(0, 20) * RATE)
            while t < n:
                part = self._excerpt(rng)
                m = min(part.shape[1], n - t)
                out[:, t : t + m] += part[:, :m] * (1.0 if layer == 0 else 0.5)
                t += m + int((rng.uniform(0, 0.5) if layer == 0 else rng.uniform(5, 40)) * RATE)
        return out[:, :n]

    def _excerpt(self, rng: np.random.Generator) -> Samples:
        source = self.beds[int(rng.integers(len(self.beds)))]
        size = min(int(rng.uniform(8, 40) * RATE), source.shape[1])
        first = int(rng.integers(0, source.shape[1] - size + 1))
        speed = float(rng.uniform(0.8, 1.25))
        part = resampled(source[:, first : first + size], 1 / speed)
        fade = np.minimum(1.0, np.arange(part.shape[1]) / 1200).astype(np.float32)
        side = float(rng.uniform(0.1, 0.5))
        shifted = np.roll(part, int(rng.integers(200, 900)), axis=1)
        part = np.asarray(part + side * np.stack([shifted[1], -shifted[0]]), np.float32)
        return (part * fade * fade[::-1] * (0.1 * 10 ** (rng.uniform(-9, 3) / 20) / _rms(part))).astype(np.float32)

    def speech(self, rng: np.random.Generator, n: int, language: str) -> Samples:
        """(n,) phrases of 1–7 s with pauses, about as dense as film dialogue."""
        out = np.zeros(n, np.float32)
        sources = self.voices[language]
        t = int(rng.uniform(0, 4) * RATE)
        while t < n:
            source = sources[int(rng.integers(len(sources)))]
            size = min(int(rng.uniform(1, 7) * RATE), len(source))
            first = int(rng.integers(0, len(source) - size + 1))
            part = source[first : first + size]
            m = min(size, n - t)
            out[t : t + m] += part[:m] * (0.1 * 10 ** (rng.uniform(-4, 4) / 20) / _rms(part))
            t += m + int(rng.exponential(2.0) * RATE)
        return out

    def pair(self, seed: int, recipe: Recipe, folder: Path, song: Samples | None = None) -> Pair:
        """Writes ``original.flac`` and a dub into ``folder``; both have the ``song`` near the beginning and at the end."""
        rng = np.random.default_rng(seed)
        folder.mkdir(parents=True, exist_ok=True)
        n = int(recipe.duration * RATE)
        bed = self.bed(rng, n) * 10 ** (recipe.bed_db / 20)
        if song is not None:
            at = int(rng.uniform(5, 30) * RATE)
            bed[:, at : at + song.shape[1]] = song
            bed[:, n - song.shape[1] // 2 :] = song[:, : song.shape[1] // 2]
        original = bed + self.speech(rng, n, recipe.voices[0])
        dubbed = _equalised(rng, bed) * 10 ** (rng.uniform(-3, 3) / 20) + self.speech(rng, n, recipe.voices[1])
        edited, pieces = self._edited(rng, dubbed, recipe)
        first = write(original, folder / "original.flac", "flac")
        second = write(self._finished(rng, edited, recipe, folder), folder / "dub", recipe.codec)
        shift = _codec_shift(edited, second) if recipe.codec == "mp3_48" and recipe.rate == 1.0 else 0.0
        slow = 1.0 / recipe.rate
        truth = tuple(
            Piece(p.dub_start * slow + shift, p.dub_end * slow + shift, p.original_start, recipe.rate) for p in pieces
        )
        return Pair(first, second, truth, recipe)

    def _edited(self, rng: np.random.Generator, dub: Samples, recipe: Recipe) -> tuple[Samples, list[Piece]]:
        """The dub with its edits, at the original's pace, and the truth at that pace."""
        out: list[Samples] = []
        pieces: list[Piece] = []
        at = 0.0
        for start, end, foreign in _script(rng, recipe):
            if foreign:
                part = self._foreign(rng, end - start, recipe.voices[1])
            else:
                part = dub[:, round(start * RATE) : round(end * RATE)]
                pieces.append(Piece(at, at + part.shape[1] / RATE, start, 1.0))
            out.append(part)
            at += part.shape[1] / RATE
        return np.concatenate(out, axis=1), pieces

    def _foreign(self, rng: np.random.Generator, seconds: float, language: str) -> Samples:
        n = round(seconds * RATE)
        kind = rng.random()
        if kind < 0.25:
            return np.zeros((2, n), np.float32)
        return self.bed(rng, n) * 10 ** (rng.uniform(-6, 3) / 20) + (
            self.speech(rng, n, language) if kind < 0.8 else 0.0
        )

    def _finished(self, rng: np.random.Generator, dub: Samples, recipe: Recipe, folder: Path) -> Samples:
        out = dub
        if recipe.rate != 1.0 and not recipe.pitch_kept:
            out = resampled(out, 1 / recipe.rate)
        elif recipe.rate != 1.0:
            out = _stretched(out, recipe.rate, folder)
        if recipe.mono:
            out = out.mean(axis=0, keepdims=True)
        out = out + rng.standard_normal(out.shape).astype(np.float32) * 10 ** (recipe.noise_db / 20)
        return -out if recipe.invert else out


def _script(rng: np.random.Generator, recipe: Recipe) -> list[tuple[float, float, bool]]:
    """(start, end, foreign) in order: pieces of the original, and foreign pieces of that length."""
    n_edits = recipe.cuts + recipe.ads + recipe.replaced
    room = recipe.duration / (n_edits + 1)
    script: list[tuple[float, float, bool]] = []
    if recipe.late:
        script.append((0.0, recipe.late, True))
    if recipe.intro:
        script.append((0.0, recipe.intro, True))
    kinds = rng.permutation(["cut"] * recipe.cuts + ["ad"] * recipe.ads + ["replaced"] * recipe.replaced)
    start = 0.0
    for i, kind in enumerate(kinds):
        here = room * (i + 1) + float(rng.uniform(-0.2, 0.2)) * room
        script.append((start, here, False))
        length = float(rng.uniform(4, 0.35 * room + 4))
        if kind != "cut":
            script.append((0.0, length if kind == "replaced" else float(rng.uniform(3, 60)), True))
        start = here if kind == "ad" else here + length
    script.append((start, recipe.duration, False))
    if recipe.tail:
        script.append((0.0, recipe.tail, True))
    return script


def write(samples: Samples, path: Path, codec: str) -> Path:
    """Writes (channels, n) samples with one of :data:`CODECS`; returns the path with its extension."""
    import soundfile

    extension, options = CODECS[codec]
    peak = max(1.0, float(np.abs(samples).max()) * 1.05)
    wav = path.with_suffix(".tmp.wav")
    soundfile.write(wav, (samples / peak).T, RATE, subtype="PCM_16")
    out = path.with_suffix(f".{extension}")
    ffmpeg.run([*ffmpeg.safe_input(wav), *options, str(out)])
    wav.unlink()
    return out


def resampled(samples: Samples, factor: float) -> Samples:
    """``samples`` with ``factor`` times as many of them (band-limited, in blocks), so they last that much longer."""
    import soxr

    out: Samples = soxr.resample(np.ascontiguousarray(samples.T), 1_000_000, 1_000_000 * factor, quality="HQ").T
    return np.ascontiguousarray(out, np.float32)


def _stretched(samples: Samples, rate: float, folder: Path) -> Samples:
    """Shorter by ``rate`` at the same pitch."""
    source = write(samples, folder / "stretch", "flac")
    target = folder / "stretched.wav"
    ffmpeg.run([*ffmpeg.safe_input(source), "-af", f"rubberband=tempo={rate:.10f}:channels=together", str(target)])
    out = decode.load_audio(target, rate=RATE, layout="stereo").samples
    source.unlink()
    target.unlink()
    return out


def _codec_shift(clean: Samples, coded: Path) -> float:
    """How much later than written a codec's file sounds on its own clock, seconds (encoder delay that the container keeps)."""
    size = min(30 * RATE, clean.shape[1])
    heard = decode.load_audio(coded, rate=RATE).samples[: size + RATE // 5]
    told = clean.mean(axis=0)[:size]
    lags = signal.fftconvolve(heard, told[::-1])[size - RATE // 10 : size + RATE // 10]
    return (int(np.abs(lags).argmax()) - RATE // 10 + 1) / RATE


def _voices(folder: Path) -> list[Samples]:
    files: Sequence[Path] = [p for p in sorted(folder.iterdir()) if p.suffix in {".flac", ".mp3", ".wav"}]
    return [decode.load_audio(p, rate=RATE).samples for p in files]


def _equalised(rng: np.random.Generator, samples: Samples) -> Samples:
    """Another mixing room: gentle random shelves."""
    low, high = (
        signal.butter(1, 300, fs=RATE, output="sos"),
        signal.butter(1, 3000, btype="high", fs=RATE, output="sos"),
    )
    bass, treble = (10 ** (rng.uniform(-4, 4) / 20) - 1 for _ in range(2))
    out: NDArray[np.float64] = samples + bass * signal.sosfilt(low, samples) + treble * signal.sosfilt(high, samples)
    return out.astype(np.float32)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)) + 1e-10))


KINDS: dict[str, Callable[[np.random.Generator], Recipe]] = {
    "same cut, shifted": lambda r: Recipe(late=float(r.uniform(0.1, 9)), codec="aac96", bed_db=_bed(r)),
    "foreign intro and tail": lambda r: Recipe(
        intro=float(r.uniform(8, 60)), tail=20.0, codec="aac160", bed_db=_bed(r)
    ),
    "PAL, pitch up": lambda r: Recipe(rate=25025 / 24000, codec="aac96", bed_db=_bed(r)),
    "PAL 25/24, pitch kept": lambda r: Recipe(rate=25 / 24, pitch_kept=True, codec="aac96", bed_db=_bed(r)),
    "NTSC 1001/1000": lambda r: Recipe(rate=1001 / 1000, codec="ac3", bed_db=_bed(r)),
    "slower 24000/25025": lambda r: Recipe(rate=24000 / 25025, codec="opus", bed_db=_bed(r)),
    "free speed": lambda r: Recipe(rate=float(r.uniform(0.96, 1.04)), codec="aac96", bed_db=_bed(r)),
    "missing scenes": lambda r: Recipe(duration=360, cuts=3, codec="aac96", bed_db=_bed(r)),
    "advertisements": lambda r: Recipe(duration=360, ads=3, codec="aac96", bed_db=_bed(r)),
    "replaced, cut, ads, PAL": lambda r: Recipe(
        duration=420, cuts=1, ads=1, replaced=1, rate=25025 / 24000, intro=15, codec="aac96", bed_db=_bed(r)
    ),
    "bed −20 dB, mono, MP3 48": lambda r: Recipe(bed_db=-20, mono=True, codec="mp3_48", late=float(r.uniform(0.1, 9))),
    "bed −20 dB, cuts, mono": lambda r: Recipe(duration=360, bed_db=-20, mono=True, cuts=2, codec="aac96"),
    "inverted, noisy, mono": lambda r: Recipe(mono=True, invert=True, noise_db=-40, codec="opus", late=1.0),
}


def _bed(rng: np.random.Generator) -> float:
    return float(rng.uniform(-12, 3))
