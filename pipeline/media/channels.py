"""Stereo that is none: a microphone on one ear, and two channels that cancel each other. Mended wherever a file is heard.

Mixed to mono, channels of opposite phase are silence, and nobody would be understood; a voice on one ear is half as loud and tires
whoever listens. Which it is is judged on stretches spread over the file; where they do not agree, the sound is taken as it is.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import NoAudio
from pipeline.media import decode
from pipeline.media.values import MediaInfo
from pipeline.messages import Message
from pipeline.values import Audio, Span

N_STRETCHES, STRETCH = 12, 2.0
"""Stretches listened to, and seconds of each."""
RATE = 8000
AUDIBLE = 10 ** (-65 / 20)
"""Root mean square under which a stretch says nothing."""
ONE_EAR = 10 ** (35 / 20)
"""How much louder one channel must be for the other to be empty: crosstalk and the hiss of an open input stay under it."""
OPPOSED = -0.9
"""Correlation of channels that cancel each other; wide stereo and matrixed surround stay over −0.5."""
AGREED = 0.9


class Channels(Enum):
    """How the two channels of a track belong together."""

    FINE = "fine"
    LEFT_ONLY = "left"
    RIGHT_ONLY = "right"
    OPPOSED = "opposed"

    @property
    def note(self) -> Message | None:
        """What is said about it."""
        if self is Channels.FINE:
            return None
        return Message("doubt.opposed_channels") if self is Channels.OPPOSED else Message("doubt.one_channel")


def judged(stretch: NDArray[np.float32]) -> Channels | None:
    """What one stretch (2, n) says; ``None`` where it is silent."""
    left, right = (float(np.sqrt(np.mean(np.square(row, dtype=np.float64)))) for row in stretch)
    if max(left, right) < AUDIBLE:
        return None
    if left > ONE_EAR * right:
        return Channels.LEFT_ONLY
    if right > ONE_EAR * left:
        return Channels.RIGHT_ONLY
    product = float(np.mean(stretch[0].astype(np.float64) * stretch[1]))
    return Channels.OPPOSED if product / (left * right) < OPPOSED else Channels.FINE


def channels_of(info: MediaInfo, stream: int = 0) -> Channels:
    """What audio track number ``stream`` is; measured once for a file as it is now."""
    if not 0 <= stream < len(info.audio) or info.audio[stream].channels != 2:
        return Channels.FINE
    state = os.stat(info.path)
    return _measured(info.path, stream, info.duration, (state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=256)
def _measured(path: str, stream: int, duration: float, _state: tuple[int, int]) -> Channels:
    found: list[Channels] = []
    starts = np.linspace(0.0, max(0.0, duration - STRETCH), N_STRETCHES if duration > 2 * STRETCH else 1)
    for start in starts:
        span = Span(float(start), float(start) + STRETCH)
        try:
            sound = decode.load_audio(path, rate=RATE, layout="stereo", stream=stream, span=span)
        except NoAudio:
            return Channels.FINE
        said = judged(sound.samples) if sound.samples.ndim == 2 and sound.samples.shape[1] else None
        found += [said] if said is not None else []
        if len(found) == 2 and found == [Channels.FINE] * 2:  # almost every file
            return Channels.FINE
    best = max(Channels, key=found.count)
    return best if found and found.count(best) >= AGREED * len(found) else Channels.FINE


def heard(info: MediaInfo, *, stream: int | None = None, **options: Any) -> Iterator[Audio]:
    """:func:`pipeline.media.decode.audio_blocks` in mono of ``info.heard`` or another track, without what would cancel or halve it."""
    stream = info.heard if stream is None else stream
    kind = channels_of(info, stream)
    if kind is Channels.FINE:
        yield from decode.audio_blocks(info.path, stream=stream, **options)
        return
    for block in decode.audio_blocks(info.path, stream=stream, layout="stereo", **options):
        yield replace(block, samples=folded(block.samples, kind))


def folded(samples: NDArray[np.float32], kind: Channels) -> NDArray[np.float32]:
    """Stereo (2, n) as mono (n,)."""
    left, right = samples
    if kind is Channels.LEFT_ONLY:
        return np.ascontiguousarray(left)
    if kind is Channels.RIGHT_ONLY:
        return np.ascontiguousarray(right)
    return np.asarray((left - right if kind is Channels.OPPOSED else left + right) * np.float32(0.5), np.float32)


PANS = {
    Channels.LEFT_ONLY: "stereo|c0<c0|c1<c0",
    Channels.RIGHT_ONLY: "stereo|c0<c1|c1<c1",
    Channels.OPPOSED: "stereo|c0<c0|c1<-1*c1",
}
"""What ffmpeg's ``pan`` makes of two channels to be heard on both ears and in mono; ``<`` because ffmpeg-python hides
what ``=`` means."""


def notes(info: MediaInfo, stream: int = 0) -> tuple[Message, ...]:
    """What to say about a track whose sound was mended."""
    note = channels_of(info, stream).note
    return (note,) if note is not None else ()
