"""Pictures decoded by the graphics card (NVDEC) where it really decodes, by the processor everywhere else.

PyAV's FFmpeg decodes H.264, HEVC, VP9, AV1 and others on NVIDIA cards. The parser, the order of pictures, their times and
side data stay FFmpeg's, so a picture has the same time whoever decodes it. It comes back to memory in full size (12 MB in
4K) and is scaled there, so that many cores are quicker than a card for many films: who decodes is decided by a short race,
once for films of a kind. A card that refuses a file, or gives up in the middle of it, is followed by the processor from the
last picture on.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.compute import cards
from pipeline.errors import StudioError
from pipeline.media import ffmpeg

if TYPE_CHECKING:
    from av.codec.hwaccel import HWAccel

WAYS: tuple[dict[str, object], ...] = ({"primary_ctx": "1"}, {})
"""Options of FFmpeg's device: torch's context first, since one of its own takes some hundred megabytes of the card; FFmpeg
refuses to share one that was made with other flags."""
TRIAL = (
    *("-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=0.4", "-pix_fmt", "yuv420p"),
    *("-c:v", "libx264", "-f", "h264", "pipe:1"),
)
SAME = 2.0
"""Mean grey levels by which two decoders' pictures may differ: H.264 is exact, conversions round."""
WARM, RACE = 16, 64
"""Pictures decoded before the clock starts, and the number raced for."""
Open = Callable[..., Any]
PictureSource = Callable[[Any, float], Iterator[tuple[float, Any]]]


def pictures(source: PictureSource, start: float, device: str, like: Callable[[], str]) -> Iterator[tuple[float, Any]]:
    """(time, picture) pairs of ``source(card, start)``, where ``card`` decodes sooner than the processor; of ``source(None, time)`` from
    where it fails. Films that are ``like`` each other are raced for once.

    ``source`` raises at the first packet that a card does not decode. What it gives again after that has an earlier time.
    """
    import av.error

    decoder, at, given = card(device), start, False
    if decoder is not None and wins(source, decoder, start, f"{device} {like()}"):
        # What the file itself lacks is said by the processor.
        with contextlib.suppress(av.error.FFmpegError, RuntimeError, MemoryError, StudioError):
            for shown, picture in source(decoder, start):
                yield shown, picture
                at, given = max(at, shown), True
            if given:
                return
    yield from source(None, at)


_won: dict[str, bool] = {}
"""Whether the card was sooner, by what films of a kind have in common."""


def wins(source: PictureSource, decoder: object, start: float, film: str) -> bool:
    """Whether the card decodes sooner; not where it fails, nor for the few pictures that do not make a race."""
    import av.error

    if film not in _won:
        try:
            spent = _raced(source(decoder, start))
            if spent is None:
                return False
            _won[film] = _raced(source(None, start), spent) is None
        except (av.error.FFmpegError, RuntimeError, MemoryError, StudioError):
            return False
    return _won[film]


def _raced(found: Iterator[Any], limit: float = math.inf) -> float | None:
    """Seconds in which :data:`RACE` pictures came; ``None`` where it took longer than ``limit``, or there are not so many."""
    begun = time.perf_counter()
    with contextlib.closing(found):  # type: ignore[type-var]
        for number, _ in enumerate(found):
            if number <= WARM:
                begun = time.perf_counter()
            spent = time.perf_counter() - begun
            if number == WARM + RACE or spent > limit:
                return spent if spent <= limit else None
    return None


@functools.cache
def card(device: str) -> HWAccel | None:
    """The decoder of ``device`` for :func:`av.open`, ``None`` where it has none (only NVIDIA's do) or does not decode a real film
    rightly; asked once a process."""
    from av.codec.hwaccel import HWAccel, hwdevices_available

    if cards.family(device) != "cuda" or "cuda" not in hwdevices_available():
        return None
    number = str(cards.index(device)) if cards.index(device) else None
    ways = (HWAccel("cuda", number, allow_software_fallback=False, options=options) for options in WAYS)
    return next((way for way in ways if decodes(way)), None)


def decodes(decoder: HWAccel, open_file: Open | None = None) -> bool:
    """Whether ``decoder`` gives the ten pictures of a small film as the processor does."""
    import av
    import av.error

    try:
        film = ffmpeg.capture(TRIAL, time_limit=30)
        ours, theirs = (_seen(film, open_file or av.open, hwaccel) for hwaccel in (None, decoder))
    except (av.error.FFmpegError, RuntimeError, ValueError, OSError, MemoryError, StudioError):
        return False
    return ours.shape == theirs.shape and float(np.abs(ours - theirs).mean()) < SAME


def _seen(film: bytes, open_file: Open, decoder: HWAccel | None) -> np.ndarray[Any, np.dtype[np.int16]]:
    with open_file(io.BytesIO(film), format="h264", hwaccel=decoder) as container:
        return np.stack([frame.to_ndarray(format="gray").astype(np.int16) for frame in container.decode(video=0)])
