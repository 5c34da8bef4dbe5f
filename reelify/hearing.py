"""What is said in a file of a request: as it was written down or given, else as it is heard, with the request's names listened for and
spelled as there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from types import TracebackType

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


class Listening:
    """What is said in a file, listened to in a thread of its own from :meth:`begin` on; leaving the context waits for it."""

    def __init__(self, listen: Callable[[], Transcript | None]) -> None:
        self._listen, self._context = listen, copy_context()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="words")
        self._lock = threading.Lock()
        self._begun: Future[Transcript | None] | None = None

    def __enter__(self) -> Listening:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def begin(self) -> None:
        """Listens, once; any thread may say so."""
        with self._lock:
            self._begun = self._begun or self._pool.submit(self._context.run, self._listen)

    def said(self) -> Transcript | None:
        """What was heard, waited for; where nobody has said :meth:`begin`, this thread listens. Raises what listening raises."""
        return self._begun.result() if self._begun else self._listen()
