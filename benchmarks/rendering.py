"""Ten 30 s clips out of one film: our renderer beside moviepy's ``subclipped().write_videofile``, same codec and preset.

Contents are compared with the source at sample moments (PSNR of the picture that should be there), so that a fast but
wrong clip would show. ``--quick`` takes three clips of 10 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import media, table
from pipeline.media.decode import video_blocks
from pipeline.media.probe import probe
from pipeline.render.options import RenderOptions
from pipeline.render.render import RenderJob, render, render_many
from pipeline.values import Cut, Span, Timeline

SOURCE = "films/bbb_480p_171s_5.1.mp4"

OURS = RenderOptions()
SAME = f"moviepy, {OURS.preset} as ours"


def moviepy_clips(source: Path, spans: list[Span], folder: Path, preset: str) -> list[Path]:
    """The reference: decode to Python, encode from there."""
    from moviepy import VideoFileClip

    made = []
    for number, span in enumerate(spans):
        out = folder / f"m{preset}{number}.mp4"
        with VideoFileClip(str(source)) as film:
            film.subclipped(span.start, span.end).write_videofile(
                str(out),
                codec="libx264",
                audio_codec="aac",
                preset=preset,
                logger=None,
                ffmpeg_params=["-crf", str(OURS.crf)],
            )
        made.append(out)
    return made


def our_clips(
    source: Path, spans: list[Span], folder: Path, name: str, options: RenderOptions, many: bool
) -> list[Path]:
    jobs = [
        RenderJob(Timeline((Cut(str(source), span, 0.0),)), folder / f"{name}{number}.mp4", options)
        for number, span in enumerate(spans)
    ]
    if many:
        render_many(jobs)
    else:
        for job in jobs:
            render(job.timeline, job.out, job.options)
    return [job.out for job in jobs]


def psnr(source: Path, span: Span, clip: Path) -> float:
    """Median PSNR of clip pictures against the source's, dB, at five moments."""
    values = []
    for share in (0.05, 0.3, 0.5, 0.7, 0.95):
        at = round(share * span.duration * 25) / 25
        pair = [_picture(source, span.start + at), _picture(clip, at)]
        error = np.mean((pair[0].astype(float) - pair[1].astype(float)) ** 2)
        values.append(10 * np.log10(255**2 / max(error, 1e-9)))
    return float(np.median(values))


def _picture(path: Path, at: float) -> NDArray[np.uint8]:
    block = next(iter(video_blocks(path, width=426, height=240, span=Span(max(0.0, at - 0.021), at + 0.2), block=1)))
    picture: NDArray[np.uint8] = block.pixels[0]
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    source = media() / SOURCE
    count, length = (3, 10.0) if quick else (10, 30.0)
    room = probe(source).duration - length - 1
    spans = [Span(round(i * room / count * 25) / 25, round(i * room / count * 25) / 25 + length) for i in range(count)]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways: dict[str, Callable[[], Any]] = {
            "moviepy, its own preset (medium)": lambda: moviepy_clips(source, spans, folder, "medium"),
            "moviepy, veryfast": lambda: moviepy_clips(source, spans, folder, "veryfast"),
            SAME: lambda: moviepy_clips(source, spans, folder, OURS.preset),
            "ours, one by one": lambda: our_clips(source, spans, folder, "o", RenderOptions(loudness=None), False),
            "ours, render_many": lambda: our_clips(source, spans, folder, "p", RenderOptions(loudness=None), True),
            "ours, render_many, −14 LUFS": lambda: our_clips(source, spans, folder, "l", RenderOptions(), True),
        }
        base = 0.0
        for label, make in ways.items():
            begun = time.perf_counter()
            made = make()
            seconds = time.perf_counter() - begun
            base = seconds if label == SAME else base
            quality = np.median([psnr(source, s, c) for s, c in zip(spans, made, strict=True)])
            size = sum(c.stat().st_size for c in made) / count / 1e6
            length_error = max(abs(probe(c).duration - length) for c in made)
            speed = f"{base / seconds:.1f}×" if base else "–"
            rows.append(
                (label, f"{seconds / count:.2f}", speed, f"{quality:.1f}", f"{size:.2f}", f"{length_error * 1000:.0f}")
            )
    head = ("way", "s a clip", "against moviepy with the same", "PSNR dB", "MB a clip", "largest length error ms")
    print(f"{count} clips of {length:g} s from {SOURCE}, x264 crf {OURS.crf}\n")
    print(table(head, rows))


if __name__ == "__main__":
    main()
