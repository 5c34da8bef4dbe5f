"""Sources whose clock starts again, on one clock for as long as they are rendered: ffmpeg's filters read files themselves, and take
every restart for the beginning."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.media.clock import RESTARTING, course
from pipeline.media.container import opened
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.tracks.straight import straightened


@contextlib.contextmanager
def steadied(infos: Mapping[str, MediaInfo]) -> Iterator[dict[str, MediaInfo]]:
    """``infos`` by source, those of broken clocks replaced by what a copy on one clock is; the copies are gone when the block ends.

    Raises:
        DiskFull, Forbidden: a copy cannot be written.
        UnsupportedFormat: Matroska cannot hold its picture.
    """
    broken = [source for source, info in infos.items() if _is_broken(info)]
    if not broken:
        yield dict(infos)
        return
    with tempfile.TemporaryDirectory(prefix="steady-") as folder:
        out = dict(infos)
        for number, source in enumerate(broken):
            place = Path(folder, str(number))
            place.mkdir()
            out[source] = probe(straightened(Path(infos[source].path), place))
        yield out


def _is_broken(info: MediaInfo) -> bool:
    if not set(info.container.split(",")) & RESTARTING:
        return False
    with opened(info.path) as container:
        return course(container).broken
