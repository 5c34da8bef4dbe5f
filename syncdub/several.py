"""Several dubs of one film, and dubs that come in several files: one request for each dub, with one file each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pipeline.media.values import MediaInfo
from pipeline.progress import Report, no_report, part_of
from pipeline.settings import Settings
from pipeline.tracks.parts import join_parts
from syncdub.analysis import chosen_stream
from syncdub.requests import SyncRequest


class Prober(Protocol):
    """What reading the parts needs of an engine."""

    @property
    def settings(self) -> Settings: ...

    def probe(self, path: Path | str) -> MediaInfo: ...


@contextmanager
def dubs_of(engine: Prober, request: SyncRequest, report: Report = no_report) -> Iterator[tuple[SyncRequest, ...]]:
    """A request for each dub of ``request``, the first one's own first. Dubs in parts are joined into a file that is gone afterwards.

    Raises:
        NoAudio, UnreadableMedia: a part cannot be used.
    """
    wanted = ((request.dub, *request.parts), *request.also)
    work = engine.settings.temp_dir
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="parts-", dir=work) as folder:
        reports = [part_of(report, n / len(wanted), (n + 1) / len(wanted)) for n in range(len(wanted))]
        files = [
            _whole(engine, parts, Path(folder) / f"{n}.mka", request.dub_stream if n == 0 else None, told)
            for n, (parts, told) in enumerate(zip(wanted, reports, strict=True))
        ]
        first, *others = (replace(request, dub=file, parts=(), also=()) for file in files)
        if request.parts:
            first = replace(first, dub_stream=None)
        # What was said of the dub was said of the first: its language, its track, the subtitles beside it.
        rest = (
            replace(r, language="", dub_stream=None, subtitles=(), plan=None, nudges=(), nudge_ms=0.0) for r in others
        )
        yield (first, *rest)


def _whole(engine: Prober, parts: Sequence[Path], joined: Path, stream: int | None, report: Report) -> Path:
    """The one file of a dub: its own, or its parts joined."""
    if len(parts) == 1:
        return parts[0]
    return join_parts([(p, chosen_stream(engine.probe(p), stream)) for p in parts], joined, report)
