"""Layouts of shots against what is known: one person, two, a group, a screen, a game with a camera in its corner, and cuts between them.

The clips are drawn: heads that the product's own detector finds, before busy backgrounds, at places and sizes drawn by lot. Each is looked
at and decided as a clip to 9:16 would be; then every frame is asked whether the heads that matter are inside what is shown, and whether
the frame jumps where the film does not cut.

``python -m benchmarks.layouts [--each 8] [--seed 1]``
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.framing.framing import TOP_SPEED, CropPath, follow
from pipeline.framing.layouts import Layout
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.values import Span

WIDTH, HEIGHT, FPS, SECONDS = 640, 360, 12, 4.0
TARGET = 9 / 16
SKINS = ((205, 160, 135), (140, 95, 70), (230, 190, 170))
HAIRS = ((60, 40, 30), (20, 15, 12), (170, 130, 70))
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Head:
    """A head in a frame: middle and half sizes in pixels."""

    x: float
    y: float
    half_width: float
    half_height: float


@dataclass(frozen=True)
class Scene:
    """What is known of a stretch of a clip: the ``kind`` its layout should have, and where its heads are at a time (seconds)."""

    kind: str
    heads: Callable[[float], Sequence[Head]]
    ground: Callable[[float], Picture]
    size: int = 0
    look: int = 0
    box: tuple[int, int, int, int] | None = None


def drawn_head(size: int, look: int) -> tuple[Picture, Head]:
    """A head with neck, RGBA, ``2 * size`` pixels high, and where its face is in it."""
    import cv2

    high, wide = 2 * size, int(1.8 * size)
    skin, hair = np.array(SKINS[look % 3], float), np.array(HAIRS[look % 3], float)
    img = np.zeros((high, wide, 4), np.uint8)
    middle, axes = (wide // 2, high // 2), (int(high * 0.30), int(high * 0.40))

    def ink(colour: NDArray[np.float64]) -> tuple[int, ...]:
        return (*(int(v) for v in colour), 255)

    cv2.ellipse(
        img,
        (middle[0], middle[1] - int(high * 0.06)),
        (int(axes[0] * 1.12), int(axes[1] * 1.08)),
        0,
        0,
        360,
        ink(hair),
        -1,
    )
    neck = int(axes[0] * 0.45)
    cv2.rectangle(
        img, (middle[0] - neck, middle[1] + int(axes[1] * 0.6)), (middle[0] + neck, high - 1), ink(skin * 0.85), -1
    )
    cv2.ellipse(img, middle, axes, 0, 0, 360, ink(skin), -1)
    cv2.ellipse(
        img,
        (middle[0], middle[1] - int(axes[1] * 0.75)),
        (int(axes[0] * 0.95), int(axes[1] * 0.38)),
        0,
        180,
        360,
        ink(hair),
        -1,
    )
    eye = middle[1] - int(axes[1] * 0.08)
    for side in (-1, 1):
        at = (middle[0] + side * int(axes[0] * 0.42), eye)
        shape = (int(axes[0] * 0.2), max(2, int(axes[1] * 0.085)))
        brow = (at[0], eye - int(axes[1] * 0.17))
        cv2.ellipse(
            img,
            brow,
            (int(axes[0] * 0.22), max(2, int(axes[1] * 0.05))),
            0,
            180,
            360,
            ink(hair * 0.8),
            max(2, high // 90),
        )
        cv2.ellipse(img, at, shape, 0, 0, 360, (245, 240, 238, 255), -1)
        cv2.circle(img, at, max(2, int(axes[1] * 0.075)), (60, 45, 35, 255), -1)
        cv2.ellipse(img, at, shape, 0, 180, 360, (70, 45, 40, 255), max(1, high // 120))
    nose = (middle[0] - int(axes[0] * 0.1), middle[1] + int(axes[1] * 0.3))
    cv2.line(img, (middle[0], eye + int(axes[1] * 0.05)), nose, ink(skin * 0.72), max(2, high // 100))
    mouth = (middle[0], middle[1] + int(axes[1] * 0.55))
    cv2.ellipse(img, mouth, (int(axes[0] * 0.32), max(2, int(axes[1] * 0.08))), 0, 0, 180, (150, 60, 65, 255), -1)
    rows, columns = np.mgrid[0:high, 0:wide]
    shade = (
        1
        - 0.25 * np.clip((columns - middle[0]) / axes[0], -1, 1) ** 2
        - 0.12 * np.clip((rows - middle[1]) / axes[1], -1, 1)
    )
    img[..., :3] = np.clip(img[..., :3] * shade[..., None], 0, 255)
    return np.asarray(cv2.GaussianBlur(img, (0, 0), max(0.6, high / 250))), Head(*middle, *axes)


def put(picture: Picture, head: Picture, at: Head, box: tuple[int, int, int, int] | None) -> None:
    """Draws a head at its place, inside ``box`` (left, top, right, bottom) where it is in a picture of its own."""
    left, top = round(at.x - head.shape[1] / 2), round(at.y - head.shape[0] / 2)
    low = box or (0, 0, WIDTH, HEIGHT)
    x0, y0 = max(left, low[0]), max(top, low[1])
    x1, y1 = min(left + head.shape[1], low[2]), min(top + head.shape[0], low[3])
    if x1 <= x0 or y1 <= y0:
        return
    part = head[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32)
    alpha = part[..., 3:] / 255
    picture[y0:y1, x0:x1] = (picture[y0:y1, x0:x1] * (1 - alpha) + part[..., :3] * alpha).astype(np.uint8)


def still(chance: np.random.Generator) -> Callable[[float], Picture]:
    """A room: soft light and grain that does not move."""
    import cv2

    coarse = chance.integers(40, 150, (5, 8, 3)).astype(np.uint8)
    room = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    room = np.clip(room + chance.normal(0, 4, room.shape), 0, 255).astype(np.uint8)
    return lambda time: room.copy()


def game(chance: np.random.Generator) -> Callable[[float], Picture]:
    """A picture that moves everywhere: blocks that scroll."""
    tiles = np.kron(chance.integers(0, 255, (30, 64, 3)), np.ones((24, 24, 1))).astype(np.uint8)
    speed = chance.uniform(60, 160)

    def ground(time: float) -> Picture:
        x, y = int(time * speed) % 640, int(time * speed * 0.5) % 300
        return np.ascontiguousarray(tiles[y : y + HEIGHT, x : x + WIDTH])

    return ground


def scenes(kind: str, chance: np.random.Generator) -> list[Scene]:
    """The stretches of a clip of ``kind``."""
    if kind == "cut":
        return [*scenes("follow", chance), *scenes("stack", chance)]
    size, look = int(chance.integers(45, 80)), int(chance.integers(0, 3))
    _, shape = drawn_head(size, look)
    drift, speed, phase = chance.uniform(2, 14), chance.uniform(0.6, 1.6), chance.uniform(0, 6)

    def heads(*places: tuple[float, float], sway: float = drift) -> Callable[[float], list[Head]]:
        return lambda t: [
            Head(x * WIDTH + sway * np.sin(speed * t + phase + i), y * HEIGHT, shape.half_width, shape.half_height)
            for i, (x, y) in enumerate(places)
        ]

    y = float(chance.uniform(0.42, 0.55))
    if kind == "follow":
        return [Scene(kind, heads((chance.uniform(0.2, 0.8), y), sway=4 * drift), still(chance), size, look)]
    if kind == "stack":
        places = ((chance.uniform(0.18, 0.28), y), (chance.uniform(0.72, 0.82), y))
        return [Scene(kind, heads(*places), still(chance), size, look)]
    if kind == "together":
        size = int(chance.integers(34, 40))
        _, shape = drawn_head(size, look)
        middle = chance.uniform(0.35, 0.65)
        return [Scene(kind, heads((middle - 0.075, y), (middle + 0.075, y), sway=1.5), still(chance), size, look)]
    if kind == "group":
        size = int(chance.integers(40, 60))
        _, shape = drawn_head(size, look)
        return [Scene("whole", heads((0.14, y), (0.5, y), (0.86, y)), still(chance), size, look)]
    if kind == "screen":
        return [Scene("whole", lambda t: [], game(chance))]
    return [_with_camera(chance, look)]


def _with_camera(chance: np.random.Generator, look: int) -> Scene:
    wide, high = int(chance.uniform(0.22, 0.3) * WIDTH), int(chance.uniform(0.3, 0.38) * HEIGHT)
    gap = int(chance.choice([0, 0, 10]))
    right, low = bool(chance.integers(0, 2)), bool(chance.integers(0, 2))
    left, top = (WIDTH - wide - gap if right else gap), (HEIGHT - high - gap if low else gap)
    box = (left, top, left + wide, top + high)
    size = int(high * 0.42)
    _, shape = drawn_head(size, look)
    sway = chance.uniform(1, 5)
    ground = game(chance)
    wall = chance.integers(60, 200, 3)

    def picture(time: float) -> Picture:
        whole = ground(time)
        whole[box[1] : box[3], box[0] : box[2]] = wall
        return whole

    def heads(time: float) -> list[Head]:
        return [Head(left + wide / 2 + sway * np.sin(time), top + high * 0.55, shape.half_width, shape.half_height)]

    return Scene("inset", heads, picture, size, look, box)


KINDS = ("follow", "stack", "together", "inset", "screen", "group", "cut")


def film(parts: Sequence[Scene], out: Path) -> None:
    """Writes a clip of the scenes, one after the other, :data:`SECONDS` together."""
    raw = out.with_suffix(".rgb")
    frames = []
    for n in range(int(SECONDS * FPS)):
        time = n / FPS
        scene = parts[min(len(parts) - 1, int(time / SECONDS * len(parts)))]
        picture = scene.ground(time)
        for i, head in enumerate(scene.heads(time)):
            put(picture, drawn_head(scene.size, scene.look + i)[0], head, scene.box)
        frames.append(picture.tobytes())
    raw.write_bytes(b"".join(frames))
    shape = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS)]
    ffmpeg.run(
        [
            *shape,
            "-i",
            str(raw),
            "-c:v",
            "libx264",
            "-crf",
            "14",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-y",
            ffmpeg.safe_output(out),
        ]
    )
    raw.unlink()


def inside(layout: Layout, path: CropPath, head: Head, n: int, time: float) -> bool:
    """Whether head ``n`` is shown whole at ``time``."""
    x, y = head.x / WIDTH, head.y / HEIGHT
    wide, high = head.half_width / WIDTH, head.half_height / HEIGHT
    if layout.kind == "whole":
        return True
    if layout.parts:
        return any(
            abs(x - p.x) + wide <= p.width / 2 + 0.004 and abs(y - p.y) + high <= p.height / 2 + 0.01
            for p in layout.parts
        )
    return abs(x - path.at(time)) + wide <= path.size / 2 + 0.004


@dataclass(frozen=True)
class Row:
    """One clip: its kind, the layouts that were right of those there are, heads inside of those to be seen, and jumps."""

    kind: str
    right: int
    shots: int
    heads_in: int
    heads: int
    jumps: int
    said: str


def judged(kind: str, parts: Sequence[Scene], file: Path) -> Row:
    """What the product decides for a clip, against what is known."""
    path = follow(probe(file), Span(0.0, SECONDS), TARGET)
    right = heads_in = heads = jumps = 0
    said = []
    for number, scene in enumerate(parts):
        start, end = (SECONDS * k / len(parts) for k in (number, number + 1))
        layout = next((one for one in path.layouts if one.span.start <= (start + end) / 2 < one.span.end), None)
        said.append(f"{layout.kind}({layout.reason})" if layout else "none")
        right += layout is not None and layout.kind == scene.kind
        times = np.arange(start + 0.5 / FPS, end - 0.2 / FPS, 1 / FPS)
        for time in times:
            for n, head in enumerate(scene.heads(float(time))):
                heads += 1
                heads_in += layout is not None and inside(layout, path, head, n, float(time))
        if layout is not None and not layout.parts:
            steps = np.abs(np.diff([path.at(float(t)) for t in times]))
            jumps += int((steps > 1.5 * TOP_SPEED * path.size / FPS).sum())
    return Row(kind, right, len(parts), heads_in, heads, jumps, " ".join(said))


def measured(each: int, seed: int) -> Iterator[Row]:
    """A row for every clip, ``each`` of every kind."""
    with tempfile.TemporaryDirectory(prefix="layouts-") as folder:
        for number, kind in enumerate(KINDS):
            for n in range(each):
                chance = np.random.default_rng((seed, number, n))
                parts = scenes(kind, chance)
                file = Path(folder) / f"{kind}{n}.mp4"
                film(parts, file)
                yield judged(kind, parts, file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for row in measured(options.each, options.seed):
        total.update(clips=1, right=row.right, shots=row.shots, heads_in=row.heads_in, heads=row.heads, jumps=row.jumps)
        print(
            f"{row.kind:9s} right {row.right}/{row.shots}  heads {row.heads_in}/{row.heads}  jumps {row.jumps}  {row.said}",
            flush=True,
        )
    print(
        f"{total['clips']} clips: layout right {100 * total['right'] / total['shots']:.1f} % of {total['shots']}, "
        f"head inside {100 * total['heads_in'] / max(1, total['heads']):.2f} % of {total['heads']}, jumps {total['jumps']}"
    )


if __name__ == "__main__":
    main()
