"""The engine of a worker in a cluster: a stage on a long film is done in pieces by all workers, and remembered for all.

The job that asks for a stage steps aside while others work, so that its own worker can be one of them. Pieces are such
that their joined results are those of one process: passages end at pauses and are heard the same way wherever that is,
and sound and picture are measured from a state that each piece first warms up to (:mod:`pipeline.evidence.pieces`).
"""

from __future__ import annotations

import hashlib
import pickle
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.cluster import tasks
from pipeline.cluster.crew import Crew
from pipeline.cluster.store import Given, Shared, Store
from pipeline.cluster.tasks import Work
from pipeline.compute.remembered import digest
from pipeline.engine import Engine
from pipeline.media.values import MediaInfo
from pipeline.progress import Report
from pipeline.settings import Settings
from pipeline.speech.backends import BACKENDS
from pipeline.speech.passages import Passage, Said, Vote
from pipeline.speech.values import Chunk
from pipeline.stages import Here
from pipeline.values import Transcript

if TYPE_CHECKING:
    from pipeline.evidence.gather import Heard, RawEvidence
    from pipeline.evidence.pieces import Measured, Piece

R = TypeVar("R")


class ClusterEngine(Engine):
    """An engine whose long stages are done by all workers of ``crew``."""

    def __init__(self, settings: Settings, crew: Crew, shared: Shared) -> None:
        here = Here(settings)
        super().__init__(settings, here, AllWorkers(here, crew, shared), shared if isinstance(shared, Store) else None)
        self.shared, self.parcels = shared, Parcels(shared)


class AllWorkers:
    """:class:`pipeline.stages.Stages` by a crew: every passage of speech on a worker (with a GPU, if any has one), long films piece
    by piece, vectors where a GPU is. The job that asks steps aside meanwhile."""

    def __init__(self, here: Here, crew: Crew, shared: Shared) -> None:
        self._here, self._crew, self._shared, self._parcels = here, crew, shared, Parcels(shared)

    def aside(self) -> AbstractContextManager[None]:
        """The worker's slot is free for pieces, its own and others'."""
        return tasks.aside()

    def transcribe(
        self,
        path: Path | str,
        language: str | None,
        stream: int,
        report: Report,
        duration: float,
        names: tuple[str, ...] = (),
    ) -> Transcript:
        """As :meth:`Here.transcribe`, passage by passage."""
        from pipeline.speech.transcriber import Transcriber

        others = Others(self._crew, self._parcels, digest(path))
        course = Transcriber(self._here.settings, self._here.device, listeners=others)
        return course.transcribe(path, language=language, stream=stream, report=report, duration=duration, names=names)

    def gather(self, path: Path | str, info: MediaInfo, report: Report, heard: Heard | None = None) -> RawEvidence:
        """As :meth:`Here.gather`, long films piece by piece; ``heard`` is told nothing."""
        from pipeline.evidence.pieces import PIECE, gather_in_pieces

        if info.duration < 1.5 * PIECE:
            return self._crew.one(gather, self._shared.give(path), report=report)  # type: ignore[no-any-return]
        return gather_in_pieces(path, info, self.spread, report, settings=self._here.settings, device=self._here.device)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As :meth:`Here.embed`, on a worker with a GPU where another has one and this has none."""
        if self._here.device.is_card or not self._crew.offers_gpu:
            return self._here.embed(texts)
        with tasks.aside():
            found: NDArray[np.float32] = self._crew.one(embed, tuple(texts), report=lambda *_: tasks.check(), gpu=True)
            return found

    def ahead(self, load: Callable[[], object]) -> None:
        """Nothing: models stay loaded in workers, and may be another's."""

    def spread(self, pieces: Iterator[Piece]) -> Iterator[Measured]:
        """What is measured in each piece of a film, in order."""
        from pipeline.evidence.pieces import PicturePiece

        def go(names: Iterator[str]) -> Iterator[Measured]:
            return self._crew.each(measure, names, tick=tasks.check)

        given = ((p, self._shared.give(p.path) if isinstance(p, PicturePiece) else None) for p in pieces)
        return self._parcels.through(given, go)


@dataclass(frozen=True, slots=True)
class Parcels:
    """Values too large to send through the scheduler, handed over as files. They hold what the workers of one trusted
    cluster wrote."""

    shared: Shared

    def put(self, value: Any) -> str:
        """Name of a new parcel that holds ``value``."""
        name = f"parcels/{uuid.uuid4().hex}"
        self.shared.save(name, pickle.dumps(value, protocol=5))
        return name

    def opened(self, name: str) -> Any:
        """The value in a parcel."""
        return pickle.loads(self.shared.load(name))

    def through(self, values: Iterable[Any], work: Callable[[Iterator[str]], Iterator[R]]) -> Iterator[R]:
        """``work`` on the names of ``values``, one result for each; parcels are made when asked for and gone when used."""
        names: deque[str] = deque()

        def written() -> Iterator[str]:
            for value in values:
                names.append(self.put(value))
                yield names[-1]

        try:
            for result in work(written()):
                self.shared.drop(names.popleft())
                yield result
        finally:
            for name in names:
                self.shared.drop(name)


class Others:
    """:class:`pipeline.speech.passages.Listeners` on the workers of a cluster; passages once heard are remembered for ``film``, the
    identity of a file."""

    def __init__(self, crew: Crew, parcels: Parcels, film: str) -> None:
        self._crew, self._parcels, self._film = crew, parcels, film
        # A worker with less memory takes what is meant for a GPU in parts.
        self.batch = BACKENDS[crew.settings.speech_backend].batch("cuda" if crew.offers_gpu else "cpu")

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """Each chunk's opinion on its language."""
        return next(iter(self._each(vote, [tuple(chunks)])))  # type: ignore[no-any-return]

    def hear(self, passages: Iterable[Passage]) -> Iterator[Said]:
        """What is said in each passage, in order."""
        return self._each(hear, passages)

    def _each(self, work: Work, values: Iterable[Any]) -> Iterator[Any]:
        def go(names: Iterator[str]) -> Iterator[Any]:
            items = ((self._film, name) for name in names)
            return self._crew.each(work, items, tick=tasks.check, gpu=True)

        return self._parcels.through(values, go)


def hear(engine: ClusterEngine, item: tuple[str, str], report: Report) -> Said:
    """A passage of a film, from its parcel, by this worker."""
    film, name = item
    passage: Passage = engine.parcels.opened(name)
    params = (engine.settings.whisper_model, engine.settings.speech_backend, _identity(passage))
    return engine.memory.recall_of("passages", film, params, Said, lambda: engine.here.hear(passage))


def vote(engine: ClusterEngine, item: tuple[str, str], report: Report) -> tuple[Vote, ...]:
    """The opinions of a passage's chunks on their language, by this worker."""
    return engine.here.votes(engine.parcels.opened(item[1]))


def embed(engine: Engine, texts: tuple[str, ...], report: Report) -> NDArray[np.float32]:
    """Vectors of sentences, by this worker."""
    return engine.here.embed(texts)


def gather(engine: ClusterEngine, given: str | Given, report: Report) -> RawEvidence:
    """The evidence of a whole file, by this worker."""
    path = engine.shared.fetch(given)
    return engine.here.gather(path, engine.probe(path), report)


def measure(engine: ClusterEngine, name: str, report: Report) -> Measured:
    """Sound or pictures of a piece, by this worker."""
    from pipeline.evidence import pieces as evidence_pieces

    piece, given = engine.parcels.opened(name)
    if given is not None:
        piece = replace(piece, path=str(engine.shared.fetch(given)))
    return evidence_pieces.measure(piece, engine.settings, engine.device)


def _identity(passage: Passage) -> str:
    asked = (passage.language, passage.voting, passage.sung, *([passage.names] if passage.names else ()))
    state = hashlib.blake2b(repr(asked).encode(), digest_size=16)
    for chunk in passage.chunks:
        state.update(repr(chunk.pieces).encode())
        state.update(chunk.samples.tobytes())
    return state.hexdigest()
