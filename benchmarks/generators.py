"""Media with known truth, made on the spot from a seed: talks with an audience, and montages of films.

Same seed, same media. Every random choice comes from the :class:`numpy.random.Generator` that is given.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.evidence.sound_events import APPLAUSE, CHEERING, LAUGHTER, SCREAM
from pipeline.media import decode
from pipeline.values import Event, Span

RATE = 16000
Samples = NDArray[np.float32]
FREQUENT = {LAUGHTER.label: 4, APPLAUSE.label: 3, CHEERING.label: 2, SCREAM.label: 1}
"""How often an audience does what, relative."""
REACTIONS = {
    LAUGHTER.label: ("ideo_crowd_laugh_1.wav", "scratch_Laugh-*"),
    APPLAUSE.label: ("lmms_applause01.ogg",),
    CHEERING.label: ("lmms_raving_crowd01.ogg",),
    SCREAM.label: ("scratch_Scream-*",),
}


@dataclass(frozen=True, slots=True)
class Talk:
    """Speech with reactions of an audience mixed in; ``events`` is the truth, ``levels`` their level beside the speech, dB."""

    samples: Samples
    events: tuple[Event, ...]
    levels: tuple[float, ...]
    language: str

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE


def _load(path: Path) -> Samples:
    return decode.load_audio(path, rate=RATE).samples


def _rms(samples: Samples) -> float:
    """Level of what is heard: root mean square of the louder half of 50 ms pieces."""
    n = max(1, len(samples) // 800)
    power = np.sort(np.square(samples[: n * 800].reshape(n, -1)).mean(axis=1))
    return float(np.sqrt(power[n // 2 :].mean() + 1e-12))


def speech_files(folder: Path, language: str) -> list[Path]:
    """The recordings of one language."""
    return sorted(p for p in (folder / "speech" / language).iterdir() if p.suffix in {".flac", ".mp3"})


def reaction_files(folder: Path, label: str) -> list[Path]:
    """The recordings of one kind of reaction; ``folder`` holds ``events/``."""
    return sorted(p for pattern in REACTIONS[label] for p in (folder / "events").glob(pattern))


def reaction(rng: np.random.Generator, files: Sequence[Path], seconds: float) -> Samples:
    """An audience: a few copies of the recordings at different speeds and moments in a hall, ``seconds`` long."""
    from scipy.signal import fftconvolve, resample

    n = int(seconds * RATE)
    total = np.zeros(n, np.float32)
    for _ in range(int(rng.integers(3, 9))):
        voice = _load(files[int(rng.integers(len(files)))])
        voice = voice[np.flatnonzero(np.abs(voice) > 0.01)[0] :]
        voice = np.asarray(resample(voice, int(len(voice) * rng.uniform(0.85, 1.18))), np.float32)
        at = int(rng.uniform(0, 0.3) * RATE)
        while at < n:
            piece = voice[: n - at]
            total[at : at + len(piece)] += piece * np.float32(rng.uniform(0.4, 1.0))
            at += len(voice) + int(rng.uniform(0, 0.3) * RATE)
    decay = int(rng.uniform(0.15, 0.6) * RATE)
    hall = rng.standard_normal(decay).astype(np.float32) * np.exp(-np.linspace(0, 7, decay)).astype(np.float32)
    wet = fftconvolve(total, hall)[:n].astype(np.float32)
    mixed = total / (_rms(total) + 1e-9) + np.float32(rng.uniform(0.2, 0.8)) * wet / (_rms(wet) + 1e-9)
    rise, fall = int(0.25 * RATE), int(min(1.5, seconds / 3) * RATE)
    mixed[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    mixed[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)
    return np.asarray(mixed / _rms(mixed), np.float32)


def _speech(rng: np.random.Generator, files: Sequence[Path], seconds: float) -> Samples:
    """Passages in random order with pauses, each at a slightly different level, ``seconds`` long."""
    pieces: list[Samples] = []
    n = 0
    while n < seconds * RATE:
        for index in rng.permutation(len(files)):
            voice = _load(files[int(index)])
            low = int(rng.uniform(0, 0.3) * len(voice))
            voice = voice[low : low + int(rng.uniform(15, 60) * RATE)]
            gain = 0.08 / (_rms(voice) + 1e-9) * 10 ** (rng.uniform(-2, 2) / 20)
            pause = np.zeros(int(rng.uniform(0.3, 1.2) * RATE), np.float32)
            pieces += [voice * np.float32(gain), pause]
            n += len(voice) + len(pause)
    return np.concatenate(pieces)[: int(seconds * RATE)]


def talk(
    rng: np.random.Generator,
    files: Sequence[Path],
    reactions: dict[str, list[Path]],
    *,
    n_events: int,
    language: str = "",
    levels: tuple[float, float] = (-8.0, 3.0),
) -> Talk:
    """A talk of four to seven minutes; ``n_events`` reactions of 3–10 s mixed into it, none (0) for a negative.

    ``levels``: range of a reaction's level beside the speech, dB. Reactions are at least 30 s apart.
    """
    seconds = float(rng.uniform(240, 420))
    samples = _speech(rng, files, seconds)
    samples += rng.standard_normal(len(samples)).astype(np.float32) * np.float32(10 ** (rng.uniform(-70, -50) / 20))
    level = _rms(samples)
    slots = np.linspace(15, seconds - 25, n_events + 1) if n_events else np.zeros(1)
    events, gains = [], []
    labels = sorted(reactions)
    chances = np.array([FREQUENT[name] for name in labels], float)
    for low, high in itertools.pairwise(slots):
        label = str(rng.choice(labels, p=chances / chances.sum()))
        length = float(rng.uniform(3, 10))
        start = float(rng.uniform(low, max(low, high - length - 20)))
        gain = float(rng.uniform(*levels))
        sound = reaction(rng, reactions[label], length) * np.float32(level * 10 ** (gain / 20))
        first = int(start * RATE)
        samples[first : first + len(sound)] += sound
        events.append(Event(start, start + length, label))
        gains.append(gain)
    return Talk(np.clip(samples, -1, 1), tuple(events), tuple(gains), language)


def write_talk(what: Talk, path: Path, rng: np.random.Generator) -> None:
    """``what`` as MP4 with a dull picture (a slowly drifting gradient at 5 fps, 320×180)."""
    with av.open(str(path), "w") as out:
        sound = out.add_stream("aac", rate=RATE, layout="mono")
        picture = out.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = 320, 180, "yuv420p"
        base = rng.integers(40, 160, (180, 1, 3)) + np.linspace(0, 60, 320)[None, :, None]
        for i in range(int(what.duration * 5)):
            shifted = np.clip(np.roll(base, i // 4, axis=0) + rng.normal(0, 1, (180, 320, 1)), 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.broadcast_to(shifted, (180, 320, 3))), "rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 5)
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        for low in range(0, len(what.samples), RATE):
            chunk = av.AudioFrame.from_ndarray(what.samples[None, low : low + RATE], "fltp", "mono")
            chunk.sample_rate, chunk.pts, chunk.time_base = RATE, low, Fraction(1, RATE)
            out.mux(sound.encode(chunk))
        out.mux(sound.encode(None))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a film without a cut inside."""

    path: Path
    span: Span


def montage(rng: np.random.Generator, pieces: Sequence[Piece], out: Path, *, n: int, fps: int = 25) -> list[float]:
    """``n`` random pieces (1–4 s) butted together with hard cuts; the times of the cuts, exact.

    On the way pieces get what fools detectors: camera flashes, sudden exposure changes, shake, zooms, grain.
    """
    size = (640, 360)
    cuts: list[float] = []
    done = 0
    previous = -1
    with av.open(str(out), "w") as container:
        stream = container.add_stream(
            "libx264", rate=fps, options={"preset": "veryfast", "crf": str(rng.integers(18, 30))}
        )
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(n):
            index = int(rng.choice([i for i in range(len(pieces)) if i != previous]))
            previous = index
            frames = _distracted(rng, _frames(rng, pieces[index], size, fps))
            if done:
                cuts.append(done / fps)
            for pixels in frames:
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                frame.pts, frame.time_base = done, Fraction(1, fps)
                container.mux(stream.encode(frame))
                done += 1
        container.mux(stream.encode(None))
    return cuts


def _frames(rng: np.random.Generator, piece: Piece, size: tuple[int, int], fps: int) -> NDArray[np.uint8]:
    length = min(piece.span.duration, float(rng.uniform(1.0, 4.0)))
    start = float(rng.uniform(piece.span.start, piece.span.end - length))
    blocks = list(
        decode.video_blocks(
            piece.path, width=size[0], height=size[1], fps=fps, colour=True, span=Span(start, start + length)
        )
    )
    return np.concatenate([b.pixels for b in blocks])


def _distracted(rng: np.random.Generator, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    kind = str(rng.choice(["none", "none", "flash", "exposure", "shake", "zoom", "grain"]))
    n, height, width = frames.shape[:3]
    out = frames.astype(np.float32)
    middle = int(rng.integers(n // 3, max(n // 3 + 1, 2 * n // 3)))
    if kind == "flash":
        for i in range(middle, min(n, middle + int(rng.integers(1, 4)))):
            out[i] = out[i] * 0.25 + 255 * rng.uniform(0.6, 0.75)
    elif kind == "exposure":
        out[middle:] *= rng.uniform(0.6, 1.5)
    elif kind == "grain":
        out += rng.normal(0, rng.uniform(4, 14), (n, height, width, 1)).astype(np.float32)
    elif kind == "shake":
        offsets = rng.integers(-18, 19, (n, 2))
        out = np.stack([np.roll(f, tuple(o), axis=(0, 1)) for f, o in zip(out, offsets, strict=True)])
    elif kind == "zoom":
        speed = rng.uniform(0.2, 0.8)
        steps = [1 + speed * i / n for i in range(n)]
        out = np.stack([_zoomed(f, z) for f, z in zip(out, steps, strict=True)])
    return np.clip(out, 0, 255).astype(np.uint8)


def _zoomed(frame: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    height, width = frame.shape[:2]
    rows = ((np.arange(height) - height / 2) / factor + height / 2).astype(int)
    columns = ((np.arange(width) - width / 2) / factor + width / 2).astype(int)
    return np.asarray(frame[rows][:, columns])
