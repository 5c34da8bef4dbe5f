"""A film of upright stripes, by which a test measures what part of it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.media import ffmpeg

WIDE, HIGH, STRIPE = 640, 360, 40
SHARE = (9 / 16) / (WIDE / HIGH)
"""Of the film's width that a frame of 9:16 shows."""
SHIFT = (0, 10)
"""Pixels that the stripes of each shot begin to the right of the film's edge."""


def striped_film(path: Path) -> Path:
    """Two shots of two seconds, of upright stripes."""
    size = f"color=black:s={WIDE}x{HIGH}:r=10:d=2,format=yuv420p"
    shots = [
        f"{size},geq=lum='if(mod(floor((X-{shift}+400)/{STRIPE}),2),{light},{dark})':cb={tint}:cr=128"
        for shift, light, dark, tint in zip(SHIFT, (200, 40), (40, 220), (90, 170), strict=True)
    ]
    graph = f"{shots[0]}[a];{shots[1]}[b];[a][b]concat"
    ffmpeg.run(["-f", "lavfi", "-i", graph, "-c:v", "libx264", "-crf", "10", ffmpeg.safe_output(path)])
    return path


def edges(rows: np.ndarray[Any, Any]) -> list[float]:
    """Where stripes end, as shares of the width."""
    line = rows.mean(axis=0)
    bright = line > (line.min() + line.max()) / 2
    return [float(n + 1) / len(line) for n in np.flatnonzero(bright[1:] != bright[:-1])]


def expected(middle: float, share: float, shift: int) -> list[float]:
    """Where stripes end in a frame that shows ``share`` of the film's width around ``middle``."""
    ends = [(shift + n * STRIPE) / WIDE for n in range(WIDE // STRIPE + 1)]
    seen = [(end - middle) / share + 0.5 for end in ends]
    return [end for end in seen if 0.01 < end < 0.99]
