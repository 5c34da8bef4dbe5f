"""Samples of a file at random places, read forward with little memory; and what another channel layout makes of
them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.media import decode
from pipeline.values import Audio, Span

Samples = NDArray[np.float32]
FOREVER = 1e7
BLOCK = 10.0
HISTORY = 3.0
"""Seconds kept behind the reading position: joins and filters look back a little."""
SKIP = 600.0
"""Seconds ahead from which seeking beats decoding on. Decoding on is exact to the sample; after a seek Matroska knows
the time to a millisecond."""


class SampleReader:
    """Reads ``[start, start + n)`` of one audio track at ``rate`` in the channels of ``layout`` (a name, see
    :func:`known_layout`).

    Forward reading is streamed; memory is a few blocks. Outside the file there are zeros.
    """

    def __init__(self, path: Path, stream: int, rate: int, layout: str) -> None:
        self.path, self.stream, self.rate, self.layout = path, stream, rate, layout
        self._blocks: Iterator[Audio] = iter(())
        self._buffer: Samples = np.zeros((len(channel_names(layout)), 0), np.float32)
        self._start = 0
        self._open = False
        self._ended = False

    @property
    def _end(self) -> int:
        return self._start + int(self._buffer.shape[1])

    def read(self, start: int, n: int) -> Samples:
        """``n`` samples from number ``start`` on, (channels, n); ``start`` may be negative."""
        first = max(start, 0)
        if not self._open or first < self._start or first > self._end + SKIP * self.rate:
            self._restart(first)
        self._forget(first)
        while self._end < start + n and not self._ended:
            self._pull(first)
        out = np.zeros((self._buffer.shape[0], n), np.float32)
        low, high = max(start, self._start), min(start + n, self._end)
        if high > low:
            out[:, low - start : high - start] = self._buffer[:, low - self._start : high - self._start]
        return out

    def _restart(self, first: int) -> None:
        begin = max(0, first - int(HISTORY * self.rate)) if first > SKIP * self.rate else 0
        self._blocks = decode.audio_blocks(
            self.path,
            rate=self.rate,
            layout=self.layout,
            stream=self.stream,
            block=BLOCK,
            span=Span(begin / self.rate, FOREVER),
        )
        self._buffer = self._buffer[:, :0]
        self._start, self._open, self._ended = begin, True, False

    def _pull(self, wanted: int) -> None:
        block = next(self._blocks, None)
        if block is None:
            self._ended = True
            return
        samples = np.atleast_2d(block.samples)
        if not self._buffer.shape[1]:
            self._start, self._buffer = round(block.start * self.rate), samples
        else:
            self._buffer = np.concatenate([self._buffer, samples], axis=1)
        self._forget(wanted)

    def _forget(self, wanted: int) -> None:
        drop = min(wanted - int(HISTORY * self.rate), self._end) - self._start
        if drop > int(BLOCK * self.rate):
            self._buffer = self._buffer[:, drop:]
            self._start += drop


def known_layout(layout: str, channels: int) -> str:
    """``layout`` where it names its channels, else what that many ``channels`` usually are (SMPTE order)."""
    if layout and "channels" not in layout and "(" not in layout.split("(side)")[0]:
        return layout
    return {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}.get(
        channels, layout or "stereo"
    )


def channel_names(layout: str) -> tuple[str, ...]:
    """``5.1(side)`` → ``("FL", "FR", "FC", "LFE", "SL", "SR")``."""
    import av

    return tuple(c.name for c in av.AudioLayout(layout).channels)


def bed(samples: Samples, layout: str) -> Samples:
    """An estimate of music and effects: without the centre where there is one, else what left and right do not share.

    Films put dialogue in the centre. The estimate holds dialogue that is panned and lacks music that is central; of
    mono sound there is no estimate, it becomes silence. Shape kept.
    """
    names = channel_names(layout)
    out = np.zeros_like(samples)
    if "FC" in names and len(names) > 1:
        out[:] = samples
        out[names.index("FC")] = 0.0
    elif len(names) >= 2:
        # The same in both channels: opposite phases would vanish on a mono loudspeaker.
        out[0] = out[1] = (samples[0] - samples[1]) * np.float32(0.5)
    return out


def fitted(samples: Samples, layout: str, wanted: str) -> Samples:
    """``samples`` of ``layout`` as ``wanted``: by name where both have the channel, folded to the nearest side where
    not."""
    have, want = channel_names(layout), channel_names(wanted)
    if have == want:
        return samples
    out = np.zeros((len(want), samples.shape[1]), np.float32)
    for name, row in zip(have, samples, strict=True):
        for target, weight in _homes(name, want):
            out[want.index(target)] += np.float32(weight) * row
    return out


def _homes(name: str, want: tuple[str, ...]) -> list[tuple[str, float]]:
    """Where a channel goes: −3 dB when it is folded or split, ITU-R BS.775; the effects channel is not folded."""
    if name in want:
        return [(name, 1.0)]
    if name == "LFE":
        return []
    sibling = {"SL": "BL", "BL": "SL", "SR": "BR", "BR": "SR"}.get(name, "")
    if sibling in want:
        return [(sibling, 1.0)]
    if "FL" not in want:
        return [(want[0], 0.5)]
    if name.endswith("L"):
        return [("FL", 0.707)]
    if name.endswith("R"):
        return [("FR", 0.707)]
    return [("FL", 0.707), ("FR", 0.707)]
