"""What a piece of work costs, and the floors under a rendering: the same pictures decoded, resized and encoded with nothing else done.

Seconds of the clock depend on who else uses the machine; those of the processor (this process and the tools it ran) hardly do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.media import ffmpeg
from pipeline.render.options import RenderOptions
from pipeline.timings import Cost
from pipeline.values import Span


def cost(work: Callable[[], object]) -> Cost:
    """What ``work`` takes."""
    clock, before = time.perf_counter(), _processor()
    work()
    return Cost(time.perf_counter() - clock, _processor() - before)


def _processor() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def pictures(
    path: Path, span: Span, size: tuple[int, int] | None = None, *, encoded: bool = False
) -> Callable[[], object]:
    """Decodes the pictures of ``span``; with ``size`` the middle is brought to it, and ``encoded`` encodes them as the product does."""
    args = ["-ss", f"{span.start:g}", "-t", f"{span.duration:g}", *ffmpeg.safe_input(path), "-map", "0:v:0"]
    if size:
        width, height = size
        cut = f"crop='min(iw,ih*{width}/{height})':'min(ih,iw*{height}/{width})'"
        args += ["-vf", f"{cut},scale={width}:{height}:flags=bicubic,format=yuv420p"]
    options = RenderOptions()
    if encoded:
        args += ["-c:v", "libx264", "-preset", options.preset, "-crf", str(options.crf)]
    return lambda: ffmpeg.run([*args, "-f", "null", "-"])


def floors(parts: Sequence[tuple[Path, Span]], sizes: Sequence[tuple[int, int]]) -> dict[str, tuple[Cost, str]]:
    """The floors of clips: what only decoding them costs, and decoding, resizing and encoding them in each of ``sizes``; by name, with
    the size."""
    found = {"floor: bare decode": (_all([pictures(p, s) for p, s in parts]), "–")}
    for size in sizes:
        shown = f"{size[0]}×{size[1]}"
        resized = [pictures(p, s, size) for p, s in parts]
        found[f"floor: decode and resize, {shown}"] = (_all(resized), shown)
        written = [pictures(p, s, size, encoded=True) for p, s in parts]
        found[f"floor: decode, resize and encode, {shown}"] = (_all(written), shown)
    return found


def _all(works: Sequence[Callable[[], object]]) -> Cost:
    def every() -> None:
        for work in works:
            work()

    return cost(every)
