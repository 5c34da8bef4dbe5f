"""A short film with picture, subtitles and chapters, and dubs of it, made on the spot from a seed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.settings import Settings
from pipeline.tracks.encode import AudioFormat, write_audio
from syncdub.values import Pitch, Segment, SyncPlan
from syncdub.verdict import verdict_of

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


def pictures(path: Path, shown: list[tuple[float, float]]) -> Path:
    """Subtitles as pictures (PGS, a file ``.sup``): a small box from and until the times given."""

    def segment(time: float, kind: int, body: bytes) -> bytes:
        return b"PG" + struct.pack(">IIBH", round(time * 90000), 0, kind, len(body)) + body

    window = struct.pack(">BBHHHH", 1, 0, 8, 8, 8, 2)
    runs = (b"\x00\x88\x01" + b"\x00\x00") * 2
    box = struct.pack(">HBB", 0, 0, 0xC0) + (len(runs) + 4).to_bytes(3, "big") + struct.pack(">HH", 8, 2) + runs
    data = b""
    for n, (start, end) in enumerate(shown):
        screen = struct.pack(">HHBHBBBB", 160, 120, 0x10, 2 * n, 0x80, 0, 0, 1) + struct.pack(">HBBHH", 0, 0, 0, 8, 8)
        empty = struct.pack(">HHBHBBBB", 160, 120, 0x10, 2 * n + 1, 0, 0, 0, 0)
        colours = bytes([0, 0, 1, 235, 128, 128, 255])
        parts = [(start, 0x16, screen), (start, 0x17, window), (start, 0x14, colours), (start, 0x15, box)]
        parts += [(start, 0x80, b""), (end, 0x16, empty), (end, 0x17, window), (end, 0x80, b"")]
        data += b"".join(segment(*part) for part in parts)
    path.write_bytes(data)
    return path


def with_pictures(film: Path, subtitles: Path, out: Path) -> Path:
    """``film`` with a track of picture subtitles."""
    ffmpeg.run(["-i", f"file:{film}", "-i", f"file:{subtitles}", "-map", "0", "-map", "1", "-c", "copy", f"file:{out}"])
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
