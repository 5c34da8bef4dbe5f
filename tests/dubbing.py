"""A short film with picture, subtitles and chapters, and dubs of it, made on the spot from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import ffmpeg
from pipeline.audio_out import AudioFormat, write_audio
from pipeline.media import opened, probe
from pipeline.settings import Settings
from pipeline.values import MediaInfo
from syncdub.plan import verdict_of
from syncdub.values import Pitch, Segment, SyncPlan

RATE = 48000


def sound(seconds: float, seed: int, channels: int = 2) -> np.ndarray:
    """Bangs and hums of random time, pitch and place: (channels, n)."""
    rng = np.random.default_rng(seed)
    out = np.zeros((channels, round(seconds * RATE)), np.float32)
    for _ in range(round(seconds * 3)):
        at, n = int(rng.integers(0, out.shape[1] - 12000)), int(rng.integers(2000, 12000))
        burst = np.exp(-np.arange(n) / rng.uniform(300, 3000)) * rng.standard_normal(n) * rng.uniform(0.1, 0.5)
        out[int(rng.integers(channels)) if rng.random() < 0.3 else slice(None), at : at + n] += burst.astype(np.float32)
    return np.clip(out + 1e-3 * rng.standard_normal(out.shape).astype(np.float32), -1, 1)


def write(path: Path, samples: np.ndarray, layout: str = "stereo", codec: str = "flac") -> Path:
    write_audio([samples], path, AudioFormat(codec, RATE, layout, dither=False))  # type: ignore[arg-type]
    return path


def film(folder: Path, samples: np.ndarray, name: str = "film.mkv") -> Path:
    """Moving picture with B-frames, ``samples`` as English FLAC, a subtitle line, two chapters and an attached text."""
    seconds = samples.shape[1] / RATE
    tone, text, meta, note = (
        write(folder / "tone.mka", samples),
        folder / "l.srt",
        folder / "m.txt",
        folder / "note.txt",
    )
    text.write_text("1\n00:00:02,000 --> 00:00:04,000\nhello\n", encoding="utf-8")
    half = round(seconds * 500)
    meta.write_text(
        f";FFMETADATA1\ntitle=Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND={half}\ntitle=One\n"
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={half}\nEND={2 * half}\ntitle=Two\n"
    )
    note.write_text("attached")
    out = folder / name
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x120:r=25:d={seconds}"]
    inputs = [*picture, "-i", f"file:{tone}", "-i", f"file:{text}", "-i", f"file:{meta}"]
    maps = [
        "-map",
        "0",
        "-map",
        "1",
        "-map",
        "2",
        "-map_metadata",
        "3",
        "-map_chapters",
        "3",
        "-c:a",
        "copy",
        "-c:s",
        "srt",
    ]
    extra = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-bf",
        "2",
        "-attach",
        str(note),
        "-metadata:s:t",
        "mimetype=text/plain",
    ]
    ffmpeg.run(
        [*inputs, *maps, *extra, "-metadata:s:a:0", "language=eng", "-metadata:s:s:0", "language=eng", f"file:{out}"]
    )
    return out


def plan(*segments: tuple[float, float, float, float], pitch: Pitch = "unknown") -> SyncPlan:
    made = tuple(Segment(a, b, at, rate, 5.0, 1.0) for a, b, at, rate in segments)
    return SyncPlan(verdict_of(made), made[0].rate, made, pitch=pitch)


def packets(path: Path, kind: str, number: int = 0) -> list[tuple[float, bytes]]:
    """(time, data) of every packet of a stream."""
    with opened(path) as container:
        streams = getattr(container.streams, kind)
        return [(round(float(p.pts * p.time_base), 3), bytes(p)) for p in container.demux(streams[number]) if p.size]


@dataclass
class Prober:
    """The part of an engine that making a file needs."""

    settings: Settings

    def probe(self, path: Path | str) -> MediaInfo:
        return probe(path)
