"""What is said in a file of a request: as it was written down or given, else as it is heard, with the request's names listened for and
spelled as there."""

from __future__ import annotations

from pathlib import Path

from pipeline.engine import Engine
from pipeline.progress import Report, no_report
from pipeline.values import Transcript
from reelify.requests import SpokenRequest


def heard_by(
    engine: Engine, path: Path | str, request: SpokenRequest, stream: int = 0, report: Report = no_report
) -> Transcript:
    """What is said in audio track number ``stream`` of a file of ``request``. Its subtitles belong to the one file it names; where it
    names several they say nothing.

    Raises:
        NoAudio: there is no such track.
        BadRequest: the subtitles cannot be read.
    """
    media = [name for name in request.files() if request.subtitles is None or Path(name) != request.subtitles]
    given = request.subtitles if media == [str(path)] else None
    return engine.transcript(path, request.language, stream, report, given, request.known_words())
