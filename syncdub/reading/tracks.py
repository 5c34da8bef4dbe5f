"""The two sound tracks that are compared, as samples of any stretch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.lanes import in_lanes
from pipeline.media.decode import load_audio
from pipeline.values import Span
from syncdub.exact.phase import RATE, Samples


def heard(path: Path, stream: int, span: Span) -> Samples:
    """Mono samples of an audio track at :data:`~syncdub.exact.phase.RATE`; zeros outside the file."""
    start, wanted = max(0.0, span.start), round(span.duration * RATE)
    lead = min(wanted, round((start - span.start) * RATE))
    out = np.zeros(wanted, np.float32)
    if span.end > start:
        got = load_audio(path, rate=RATE, stream=stream, span=Span(start, span.end)).samples[: wanted - lead]
        out[lead : lead + len(got)] = got
    return out


Listen = Callable[[Path, int, Span], Samples]
"""What :func:`heard` does, or something of what it hears; asked by several threads at once."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """The audio tracks of original and dub that are compared, and what is taken of each."""

    files: tuple[Path, Path]
    streams: tuple[int, int]
    listen: Listen = heard

    def own(self, span: Span) -> Samples:
        """Samples of the original; see :func:`heard`."""
        return self.listen(self.files[0], self.streams[0], span)

    def dub(self, span: Span, rate: float) -> Samples:
        """The same of the dub, at the original's pace."""
        import soxr  # type: ignore[import-untyped]

        samples = self.listen(self.files[1], self.streams[1], span)
        return samples if rate == 1.0 else np.asarray(soxr.resample(samples, RATE, RATE * rate), np.float32)

    def both(self, own: Span, dub: Span, rate: float) -> tuple[Samples, Samples]:
        """:meth:`own` and :meth:`dub` at once."""
        first, second = in_lanes(lambda read: read(), (partial(self.own, own), partial(self.dub, dub, rate)))
        return first, second
