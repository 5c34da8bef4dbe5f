"""A file whose clock starts again, written anew on one clock, for tools that read files themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.atomic import writing
from pipeline.media.clock import course, packets
from pipeline.media.container import clock_origin, opened
from pipeline.tracks.carriage import Carried, carriage


def straightened(path: Path, folder: Path) -> Path:
    """``path`` itself, or where its clock starts again a Matroska file in ``folder`` with its packets on our clock.

    Disc PCM is written as FLAC on the way; streams that Matroska cannot hold are left out.

    Raises:
        DiskFull, Forbidden: it cannot be written there.
        UnsupportedFormat: Matroska cannot hold its picture.
    """
    with opened(path) as container:
        if not course(container).broken:
            return path
    made = folder / f"straight-{path.stem}.mkv"
    with writing(made):
        _copy(path, made)
    return made


def _copy(path: Path, made: Path) -> None:
    import av

    ways = {c.index: c for c in carriage(path) if (c.kind in {"v", "a", "s"} and c.how == "copied") or _coded(c)}
    with opened(path, fflags="genpts") as source, av.open(f"file:{made}", "w", format="matroska") as target:
        origin = clock_origin(source)
        streams = [s for s in source.streams if s.index in ways]
        writers = {s.index: _writer(target, s, ways[s.index].encoder) for s in streams}
        for packet in packets(source, *streams):
            if packet.pts is None or not packet.size:
                continue
            back = round(origin / packet.time_base)
            packet.pts, packet.dts = packet.pts - back, None if packet.dts is None else packet.dts - back
            for ready in writers[packet.stream.index].take(packet):
                target.mux(ready)
        for writer in writers.values():
            for ready in writer.rest():
                target.mux(ready)


def _coded(way: Carried) -> bool:
    return way.kind == "a" and way.how == "converted"


def _writer(target: Any, stream: Any, encoder: str) -> _Copier | _Encoder:
    return _Encoder(target, stream, encoder) if encoder and stream.type == "audio" else _Copier(target, stream)


class _Copier:
    """Hands packets on; one that is earlier than the one before it is dropped."""

    def __init__(self, target: Any, stream: Any) -> None:
        self.made = target.add_stream_from_template(stream)
        self.last: int | None = None

    def take(self, packet: Any) -> Iterator[Any]:
        time = packet.dts if packet.dts is not None else packet.pts
        if self.last is not None and time < self.last:
            return
        self.last, packet.stream = time, self.made
        yield packet

    def rest(self) -> Iterator[Any]:
        yield from ()


class _Encoder:
    """Decodes and codes again, sample for sample."""

    def __init__(self, target: Any, stream: Any, encoder: str) -> None:
        self.made = target.add_stream(encoder, rate=stream.rate, layout=stream.layout.name)
        self.made.codec_context.format = stream.codec_context.format.name

    def take(self, packet: Any) -> Iterator[Any]:
        for frame in packet.decode():
            yield from self.made.encode(frame)

    def rest(self) -> Iterator[Any]:
        yield from self.made.encode(None)
