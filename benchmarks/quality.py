"""Draft beside post: bytes and nearness to the source of the same clip, so that what takes longer is seen to be better and not smaller.

Two of the product's own clips, 9:16 in the middle of the picture; nearness is ffmpeg's SSIM and PSNR against the same crop written
without loss (x264 at quantiser 0).

    python -m benchmarks.quality [--quick] [CLIP …]
"""

from __future__ import annotations

import argparse
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import ROOT, table
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.render.options import RenderOptions
from pipeline.render.quality import QUALITIES, estimated
from pipeline.render.render import render
from pipeline.values import Cut, Span, Timeline

CLIPS = tuple(ROOT / "assets" / "examples" / f"viral_{n}.mp4" for n in (1, 2))
FIGURES = re.compile(r"(?:SSIM .*?All:|average:)([0-9.]+|inf)")


def compared(made: Path, lossless: Path) -> tuple[float, float]:
    """SSIM in [0, 1] and PSNR in dB of a picture against another of the same size."""
    found = []
    for measure in ("ssim", "psnr"):
        said = ffmpeg.run(["-i", str(made), "-i", str(lossless), "-lavfi", measure, "-f", "null", "-"])
        figures = FIGURES.findall(said)
        found.append(float(figures[-1]))
    return found[0], found[1]


def measured(clip: Path, folder: Path, seconds: float) -> list[tuple[str, float, float, float, float]]:
    """(quality, kbit/s, kbit/s as the page says before, SSIM, PSNR) of a clip in each quality."""
    span = Span(0.0, min(seconds, probe(clip).duration))
    plan = Timeline((Cut(str(clip), span, 0.0),))
    plain = RenderOptions(aspect="9:16", framing="centre", loudness=None, encoder="libx264")
    lossless = folder / f"{clip.stem}_lossless.mp4"
    render(plan, lossless, replace(plain, crf=0, preset="ultrafast"))
    rows = []
    for name, quality in QUALITIES.items():
        path = folder / f"{clip.stem}_{name}.mp4"
        made = render(plan, path, replace(plain, crf=quality.crf, preset=quality.preset, sound_rate=quality.sound))
        video = probe(path).video
        assert video is not None
        guess = estimated(quality, (made.width, made.height), float(video.fps or 25.0), span.duration)
        rows.append(
            (name, 8e-3 * path.stat().st_size / span.duration, 8e-3 * guess / span.duration, *compared(path, lossless))
        )
    return rows


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path, default=CLIPS)
    parser.add_argument("--quick", action="store_true", help="four seconds of each clip")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in options.clips:
            for name, rate, guess, ssim, psnr in measured(clip, Path(folder), 4.0 if options.quick else 60.0):
                rows.append((clip.name, name, f"{rate:.0f}", f"{guess:.0f}", f"{ssim:.4f}", f"{psnr:.1f}"))
    print(table(("clip", "quality", "kbit/s", "said before", "SSIM", "PSNR, dB"), rows))


if __name__ == "__main__":
    main()
