"""How long a two-hour 720p video takes to analyse (sound, picture, sounds, shots; no transcription), and in how much memory.

Beside it: the older recipe (librosa loads the whole sound; every picture is decoded and differenced with OpenCV), measured on an
excerpt and scaled, and ffmpeg decoding everything and doing nothing. Each in a process of its own.

    python -m benchmarks.analysis [--quick] [--hours 2] [--keep FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import media, table

EXCERPT = 600.0


def build(film: Path, target: Path, seconds: float) -> None:
    """``film`` as 720p H.264 with stereo sound, repeated to ``seconds`` without encoding again."""
    from pipeline.media.ffmpeg import executable

    once = target.with_name("once.mp4")
    quiet = [executable(), "-v", "error", "-y", "-nostdin"]
    scale = ["-vf", "scale=1280:720", "-c:v", "libx264", "-preset", "veryfast", "-crf", "27", "-c:a", "aac", "-ac", "2"]
    subprocess.run([*quiet, "-i", str(film), *scale, str(once)], check=True)
    subprocess.run(
        [*quiet, "-stream_loop", "-1", "-i", str(once), "-t", f"{seconds:g}", "-c", "copy", str(target)], check=True
    )
    once.unlink()


def rss() -> float:
    """Megabytes this process holds now."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


def peak() -> float:
    """Megabytes this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def ours(path: Path) -> dict[str, Any]:
    """The product's analysis, with the choice of highlights."""
    from pipeline.compute import warm
    from pipeline.compute.device import pick
    from pipeline.evidence.gather import gather
    from pipeline.media.probe import probe
    from pipeline.settings import Settings
    from reelify.moments.highlights import find_highlights
    from reelify.values import Evidence

    warm.load()  # an idle server has its libraries loaded
    idle, start = rss(), time.perf_counter()
    raw = gather(path, probe(path), settings=Settings(), device=pick("cpu"))
    done = time.perf_counter()
    evidence = Evidence(
        raw.duration, {c.name: c for c in raw.curves}, raw.events, raw.shots, raw.silences, raw.beats,
        None, raw.has_audio, raw.has_video,
    )  # fmt: skip
    found = find_highlights(evidence, count=10, min_duration=15, max_duration=180)
    decided = time.perf_counter() - done
    return {"wall": done - start, "idle": idle, "peak": peak(), "decide": decided, "clips": len(found.clips)}


def older(path: Path) -> dict[str, Any]:
    """Whole sound into librosa, every picture into OpenCV."""
    import cv2
    import librosa
    import numpy as np
    from librosa.beat import beat_track

    from pipeline.media.decode import load_audio

    idle, start = rss(), time.perf_counter()
    y = load_audio(path, rate=22050).samples
    librosa.feature.rms(y=y)
    librosa.feature.spectral_centroid(y=y, sr=22050)
    librosa.feature.zero_crossing_rate(y)
    beat_track(y=y, sr=22050)
    capture, last, moved = cv2.VideoCapture(str(path)), None, []
    while True:
        there, frame = capture.read()
        if not there:
            break
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        if last is not None:
            moved.append(float(np.mean(cv2.absdiff(gray, last))))
        last = gray
    return {"wall": time.perf_counter() - start, "idle": idle, "peak": peak()}


def decode(path: Path) -> dict[str, Any]:
    """ffmpeg decodes picture and sound and throws them away."""
    from pipeline.media.ffmpeg import executable

    start = time.perf_counter()
    subprocess.run([executable(), "-v", "error", "-nostdin", "-i", str(path), "-f", "null", "-"], check=True)
    return {"wall": time.perf_counter() - start}


def child(name: str, path: Path) -> dict[str, Any]:
    """``name`` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.analysis", "--child", name, "--keep", str(path)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the product's analysis, of half an hour")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--keep", type=Path, help="use (or make) this file")
    parser.add_argument("--child", choices=("ours", "older", "decode"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps({"ours": ours, "older": older, "decode": decode}[options.child](options.keep)))
        return
    seconds = 1800.0 if options.quick else options.hours * 3600.0
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "long.mp4"
        film = media() / "films" / "bbb_480p_171s_5.1.mp4"
        if not path.is_file():
            build(film, path, seconds)
        result = child("ours", path)
        over = result["peak"] - result["idle"]
        rows = [
            [
                "this analysis",
                f"{seconds / 60:.0f} min",
                f"{result['wall']:.1f}",
                f"{over:.0f}",
                f"{result['idle']:.0f}",
                f"{result['clips']}",
            ]
        ]
        if not options.quick:
            excerpt = Path(folder) / "excerpt.mp4"
            build(film, excerpt, EXCERPT)
            factor = seconds / EXCERPT
            for name, title in (("older", "librosa whole + OpenCV all"), ("decode", "ffmpeg decodes, does nothing")):
                measured = child(name, excerpt)
                memory = f"{measured['peak'] - measured['idle']:.0f} on the excerpt" if "peak" in measured else "–"
                idle = f"{measured['idle']:.0f}" if "idle" in measured else "–"
                rows.append(
                    [title, f"10 min, time × {factor:.0f}", f"{measured['wall'] * factor:.1f}", memory, idle, "–"]
                )
        print(table(["method", "measured on", "seconds", "peak RSS over idle, MB", "idle, MB", "clips"], rows))
        print(f"\nchoosing the highlights: {result['decide']:.2f} s")


if __name__ == "__main__":
    main()
