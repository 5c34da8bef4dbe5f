"""Clocks that start again or jump: transport streams of several recordings, cells of a DVD, programme streams joined end to end.

A player plays such a file on: every stretch follows the one before. :func:`course` reads the times of all packets once (no
decoding) and says from which byte on which seconds are added; every reader uses the same, so sound and picture agree wherever
they are read from.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.media.container import opened, raw_packets
from pipeline.progress import breathe

if TYPE_CHECKING:
    from av.container import InputContainer

RESTARTING = frozenset({"mpegts", "mpeg", "ogg"})
"""Containers whose clock may start again in the middle."""
BACK, FORTH = 0.5, 10.0
"""A stream whose time steps back by more, or forth by more (seconds; FFmpeg's ``dts_delta_threshold``), is on another clock."""
SEAM = 0.05
"""Seconds that packets of one stretch lie apart at most, where each says how long it is."""
NEAR = 30.0
"""Seconds within which another stream's step belongs to the stretch that has just begun."""
INDEX_EVERY = 2.0
"""Seconds between two places that can be read from."""
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packets of stream ``i`` from byte ``starts.get(i, start)`` on are ``offset`` seconds later than they say; the first of
    all ``begins`` then, raw seconds after the offset."""

    start: int
    offset: float
    starts: dict[int, int] = field(default_factory=dict)
    begins: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """The stretches of a file, the raw second its sound and picture end at, and places to read from: ``times`` (raw, after the
    offsets) at bytes ``places``."""

    stretches: tuple[Stretch, ...]
    end: float
    times: tuple[float, ...] = ()
    places: tuple[int, ...] = ()

    @property
    def broken(self) -> bool:
        return len(self.stretches) > 1

    @property
    def joins(self) -> tuple[float, ...]:
        """When each stretch but the first begins, raw seconds after the offsets."""
        return tuple(s.begins for s in self.stretches[1:])

    def place(self, time: float) -> int:
        """The byte to read from so that nothing of ``time`` (raw, after the offsets) is missed."""
        return self.places[max(0, bisect.bisect_right(self.times, time) - 1)] if self.places else 0


STEADY = Course((Stretch(0, 0.0),), 0.0)


def course(container: InputContainer) -> Course:
    """The course of an open file's clock; remembered for as long as the file does not change."""
    path = Path(str(container.name).removeprefix("file:"))
    if not set(container.format.name.split(",")) & RESTARTING or not path.is_file():
        return STEADY
    status = path.stat()
    return _read(str(path), status.st_size, status.st_mtime_ns)


def packets(container: InputContainer, *tracks: Any) -> Iterator[Any]:
    """The packets of ``tracks`` (all without any) on one clock, whatever the file's own does."""
    found = course(container)
    if not found.broken:
        for packet in raw_packets(container, *tracks):
            breathe()
            yield packet
        return
    straight = _Straightener(found)
    for packet in raw_packets(container, *tracks):
        breathe()
        yield straight.mend(packet)


def seek(container: InputContainer, time: float, track: Any = None) -> None:
    """Goes to somewhat before ``time`` (raw seconds, as :func:`packets` tells them), where the container can."""
    import av.error

    found = course(container)
    # Raw streams cannot seek; reading from the beginning gives the same, later.
    with contextlib.suppress(av.error.FFmpegError):
        if found.broken and "ogg" in container.format.name:
            return  # FFmpeg loses the later parts of a chained file once it has sought in it: it is read from its beginning
        elif found.broken:
            container.seek(found.place(time), unsupported_byte_offset=True)
        elif track is None:
            container.seek(int(time * MICRO), backward=True)
        else:
            container.seek(int(time / track.time_base), stream=track, backward=True)


@functools.lru_cache(maxsize=64)
def _read(path: str, size: int, changed: int) -> Course:
    with opened(path) as container:
        return _Reader().read(container)


@dataclass(slots=True)
class _Part:
    """A stretch as it is read: raw seconds of sound and picture, and of its places."""

    start: int
    starts: dict[int, int] = field(default_factory=dict)
    first: float = float("inf")
    last: float = -float("inf")
    marks: list[tuple[float, int]] = field(default_factory=list)


class _Reader:
    """Follows the streams of a file through its stretches."""

    def __init__(self) -> None:
        self.parts = [_Part(0)]
        self.of: dict[int, int] = {}
        self.next: dict[int, float] = {}

    def read(self, container: InputContainer) -> Course:
        for stream, time, length, place in _times(container):
            self._take(stream, time, length, place)
        return self._course()

    def _take(self, stream: int, time: float, length: float, place: int) -> None:
        expected = self.next.get(stream)
        if expected is not None and not -BACK <= time - expected <= FORTH:
            self._step(stream, time, place)
        elif expected is None:
            self.of[stream] = len(self.parts) - 1
        part = self.parts[self.of[stream]]
        part.first, part.last = min(part.first, time), max(part.last, time + length)
        self.next[stream] = time + length
        if not part.marks or time - part.marks[-1][0] >= INDEX_EVERY:
            part.marks.append((time, place))

    def _step(self, stream: int, time: float, place: int) -> None:
        """``stream`` goes over to the stretch another stream has just begun, or begins one."""
        latest = self.parts[-1]
        if self.of[stream] == len(self.parts) - 1 or not latest.first - NEAR <= time <= latest.last + NEAR:
            self.parts.append(_Part(place))
        self.of[stream] = len(self.parts) - 1
        self.parts[-1].starts.setdefault(stream, place)
        self.parts[-1].start = min(self.parts[-1].start, place)

    def _course(self) -> Course:
        parts = [p for p in self.parts if p.last > p.first] or self.parts[:1]
        stretches, times, places = [], list[float](), list[int]()
        offset, end = 0.0, 0.0
        for k, part in enumerate(parts):
            offset = end - part.first if k else 0.0
            end = part.last + offset
            stretches.append(Stretch(part.start if k else 0, offset, part.starts, part.first + offset))
            times += [t + offset for t, _ in part.marks]
            places += [p for _, p in part.marks]
        return Course(tuple(stretches), end, tuple(times), tuple(places))


def _times(container: InputContainer) -> Iterator[tuple[int, float, float, int]]:
    """(stream, raw seconds, length, byte) of every packet of sound and picture."""
    import av.error

    place = 0
    try:
        for packet in raw_packets(container):
            place = packet.pos if packet.pos is not None and packet.pos >= 0 else place
            time = packet.dts if packet.dts is not None else packet.pts
            if time is None or packet.stream.type not in {"audio", "video"} or not packet.time_base:
                continue
            base = float(packet.time_base)
            yield packet.stream.index, time * base, (packet.duration or 0) * base, place
    except av.error.FFmpegError:
        return


class _Straightener:
    """Puts the packets of a file on one clock, in place."""

    def __init__(self, found: Course) -> None:
        self.stretches = found.stretches
        self.at: dict[int, int] = {}
        self.next: dict[int, float] = {}

    def mend(self, packet: Any) -> Any:
        """``packet`` with its times moved by what its place in the file says."""
        stream, place = packet.stream.index, packet.pos
        if place is not None and place >= 0:
            self.at[stream] = max(
                k for k, s in enumerate(self.stretches) if k == 0 or place >= s.starts.get(stream, s.start)
            )
        offset = self.stretches[self.at.get(stream, 0)].offset
        offset = self._at_the_seam(packet, offset) if packet.time_base else 0.0
        if offset and packet.time_base:
            ticks = round(offset / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks
        return packet

    def _at_the_seam(self, packet: Any, offset: float) -> float:
        """``offset``, or that of the stretch before for a packet behind the seam whose time still goes on (chained Ogg has one)."""
        time = packet.dts if packet.dts is not None else packet.pts
        if time is None:
            return offset
        base, stream = float(packet.time_base), packet.stream.index
        raw, expected = time * base, self.next.get(stream)
        before = self.stretches[max(0, self.at.get(stream, 0) - 1)].offset
        if expected is not None and before != offset:
            goes_on, begins = abs(raw + before - expected), abs(raw + offset - expected)
            offset = before if goes_on < SEAM and begins > BACK else offset
        self.next[stream] = raw + offset + (packet.duration or 0) * base
        return offset
