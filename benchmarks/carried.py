"""What is asked again and what is carried: how often a job probes and opens a file, places a plan, and decodes to draw joins.

``python -m benchmarks.carried`` counts calls, not seconds: the same on every machine.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import media, table
from pipeline.engine import Engine
from pipeline.media import container, decode, ffmpeg, probe
from pipeline.settings import Settings
from reelify.highlights_workflow import highlights
from reelify.requests import HighlightsRequest
from syncdub.making import plan as plans
from syncdub.making.preview import join_waves
from syncdub.making.soundtrack import Pair
from syncdub.values import Segment, SyncPlan

CLIPS = 4
SEGMENTS = 24
SECONDS = 480.0


@contextmanager
def counted(*places: tuple[Any, str]) -> Iterator[Counter[str]]:
    """Calls of ``module.name`` by name and by the file of their first argument, wherever the function is bound."""
    seen: Counter[str] = Counter()
    undo: list[tuple[Any, str, Any]] = []
    for home, name in places:
        real = getattr(home, name)
        for module in [m for m in list(sys.modules.values()) if vars(m).get(name) is real]:
            undo.append((module, name, real))
            setattr(module, name, _noting(real, name, seen))
    try:
        yield seen
    finally:
        for module, name, real in undo:
            setattr(module, name, real)


def _noting(real: Callable[..., Any], name: str, seen: Counter[str]) -> Callable[..., Any]:
    def noting(*args: Any, **options: Any) -> Any:
        seen[name] += 1
        if args and isinstance(args[0], str | Path):
            seen[f"{name} {Path(args[0]).name}"] += 1
        return real(*args, **options)

    return noting


def a_highlights_job(folder: Path) -> tuple[int, int]:
    """Probes and openings of one film in a job with :data:`CLIPS` clips, rendered."""
    film = media() / "highlights/talk_with_audience.mp4"
    engine = Engine(Settings(data_dir=folder / "data", temp_dir=folder / "temp"))
    with counted((probe, "probe"), (container, "opened")) as seen:
        request = HighlightsRequest(film, CLIPS, 10.0, 30.0, language="en", out=folder / "clips")
        highlights(engine, request)
    return seen[f"probe {film.name}"], seen[f"opened {film.name}"]


def drawn_joins(folder: Path, n_segments: int) -> tuple[int, int]:
    """Placements of a plan and reads of sound to draw the joins of a dub with ``n_segments`` segments."""
    pair = _pair(folder)
    length = SECONDS / n_segments
    segments = [
        Segment(k * length, (k + 1) * length - 0.5, k * length + 0.1 * k, 1.0, 5.0, 0.9) for k in range(n_segments)
    ]
    plan = SyncPlan("edit", 1.0, tuple(segments))
    with counted((plans, "placed"), (decode, "audio_blocks")) as seen:
        assert len(join_waves(pair, plan)) == n_segments - 1
    return seen["placed"], seen["audio_blocks"]


def _pair(folder: Path) -> Pair:
    paths = []
    for name in ("film.flac", "dub.flac"):
        path = folder / name
        if not path.exists():
            source = f"anoisesrc=d={SECONDS + 10}:c=pink:r=16000:a=0.2:seed={len(name)}"
            ffmpeg.run(["-f", "lavfi", "-i", source, "-ac", "1", ffmpeg.safe_output(path)])
        paths.append(probe.probe(path))
    return Pair(*paths)


def main() -> None:
    """Print the table."""
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        probes, openings = a_highlights_job(folder)
        rows: list[tuple[str, str]] = [
            (f"probes of the film, highlights with {CLIPS} clips", str(probes)),
            ("openings of the film by PyAV in the same job (decoding included)", str(openings)),
        ]
        for n in (SEGMENTS // 2, SEGMENTS):
            placements, reads = drawn_joins(folder, n)
            rows.append((f"joins of {n} segments drawn: placements, reads of sound", f"{placements}, {reads}"))
    print(table(("what", "how often"), rows))


if __name__ == "__main__":
    main()
