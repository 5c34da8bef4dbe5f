"""Damaged time stamps of sound: a leap of hours is silence only where the recording really goes on from there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media.clock import course

if TYPE_CHECKING:
    from av.container import InputContainer

AV_MICRO = 1_000_000
"""Units of a container's start and length in a second (``AV_TIME_BASE``)."""
LEAP, NEAR = 60.0, 1.0
"""A gap of more seconds than the first is believed only where the frame after it goes on within the second: pauses of recordings do,
damaged stamps do not."""


def end_of(container: InputContainer) -> float:
    """The raw second at which the container says it ends, infinity where it does not say."""
    if course(container).broken:
        return course(container).end
    return math.inf if not container.duration else ((container.start_time or 0) + container.duration) / AV_MICRO


def believed(frames: Iterable[Any], end: float = math.inf) -> Iterator[tuple[float, Any]]:
    """(raw time, frame) of decoded sound; frames without a time follow the one before.

    A leap forth of more than :data:`LEAP` counts only where the next frame goes on from there, and only up to ``end``: one damaged
    stamp would otherwise be hours of silence. What comes after a leap past the end follows what came before it.
    """
    expected, late, held = 0.0, 0.0, None
    begun = False
    for frame in frames:
        if frame.time is not None and frame.time - late < expected - LEAP:
            late = 0.0  # the true clock again
        time = None if frame.time is None else frame.time - late
        if held is not None:
            leapt, before = held
            goes_on = time is not None and abs(time - leapt - before.samples / before.sample_rate) <= NEAR
            if goes_on and leapt > end:
                late, time = late + leapt - expected, expected + before.samples / before.sample_rate
            after = leapt if goes_on and leapt <= end else expected
            yield after, before
            expected, held = after + before.samples / before.sample_rate, None
        if begun and time is not None and time - expected > LEAP:
            held = time, frame
            continue
        time = expected if time is None else float(time)
        yield time, frame
        expected, begun = time + frame.samples / frame.sample_rate, True
    if held is not None:
        yield expected, held[1]


class SampleClock:
    """Puts runs of samples on the file's clock: zeros where nothing is, nothing twice."""

    def __init__(self, rate: int, start: float, end: float | None) -> None:
        self.rate = rate
        self.origin = round(start * rate)
        self.position = self.origin
        self.stop = None if end is None else round(end * rate)
        self.done = False

    def place(self, time: float, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        first = round(time * self.rate)
        if abs(first - self.position) <= 1:
            first = self.position
        if first < self.position:
            samples = samples[:, self.position - first :]
            first = self.position
        if self.stop is not None and first + samples.shape[1] >= self.stop:
            self.done = True
            samples = samples[:, : max(0, self.stop - first)]
            first = min(first, self.stop)
        while first > self.position:
            n = min(first - self.position, 60 * self.rate)
            self.position += n
            yield np.zeros((samples.shape[0], n), np.float32)
        if samples.shape[1]:
            self.position += samples.shape[1]
            yield samples
