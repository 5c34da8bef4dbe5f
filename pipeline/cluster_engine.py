"""The engine of a worker in a cluster: a stage on a long film is done in pieces by all workers, and remembered for all.

The job that asks for a stage steps aside while others work, so that its own worker can be one of them. Pieces are such
that their joined results are those of one process: passages end at pauses and are heard the same way wherever that is,
and sound and picture are measured from a state that each piece first warms up to (:mod:`pipeline.evidence_pieces`).
"""

from __future__ import annotations

import hashlib
import pickle
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline import cluster_work, whisper_ct2, whisper_torch
from pipeline.cluster import Crew
from pipeline.cluster_work import Work
from pipeline.engine import Engine
from pipeline.passages import Passage, Said, Vote
from pipeline.settings import Settings
from pipeline.speech_values import Chunk
from pipeline.values import Report, Transcript, no_report

if TYPE_CHECKING:
    from pipeline.evidence import RawEvidence
    from pipeline.evidence_pieces import Measured, Piece

BATCHES = {"faster-whisper": whisper_ct2.BATCH, "openai-whisper": whisper_torch.BATCH}
R = TypeVar("R")


class ClusterEngine(Engine):
    """An engine whose long stages are done by ``crew``; what it does itself is what a single process does."""

    def __init__(self, settings: Settings, crew: Crew) -> None:
        super().__init__(settings)
        self.crew = crew

    def transcript(
        self, path: Path | str, language: str | None = None, stream: int = 0, report: Report = no_report
    ) -> Transcript:
        """As :meth:`Engine.transcript`, every passage on a worker (with a GPU, if any has one)."""
        with cluster_work.aside():
            return super().transcript(path, language, stream, report)

    def evidence(self, path: Path | str, report: Report = no_report) -> RawEvidence:
        """As :meth:`Engine.evidence`, long films piece by piece on all workers."""
        with cluster_work.aside():
            return super().evidence(path, report)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As :meth:`Engine.embed`, on a worker with a GPU where another has one and this has none."""
        if self.device.kind == "cuda" or not self.crew.offers_gpu:
            return super().embed(texts)
        with cluster_work.aside():
            found: NDArray[np.float32] = self.crew.one(
                embed, tuple(texts), report=lambda *_: cluster_work.check(), gpu=True
            )
            return found

    def ahead(self, load: Callable[[], object]) -> None:
        """Nothing: models stay loaded in workers, and may be another's."""

    @property
    def parcels(self) -> Parcels:
        """Where pieces of sound wait for the workers."""
        return Parcels(self.settings.data_dir / "cluster" / "parcels")

    def _transcribe(self, path: Path | str, language: str | None, stream: int, report: Report) -> Transcript:
        from pipeline.speech import Transcriber

        others = Others(self.crew, self.parcels, str(path))
        course = Transcriber(self.settings, self.device, listeners=others)
        return course.transcribe(path, language=language, stream=stream, report=report)

    def _gather(self, path: Path | str, report: Report) -> RawEvidence:
        from pipeline.evidence_pieces import PIECE, gather_in_pieces

        info = self.probe(path)
        if info.duration < 1.5 * PIECE:
            return self.crew.one(gather, str(path), report=report)  # type: ignore[no-any-return]
        return gather_in_pieces(path, info, self._spread, report, settings=self.settings, device=self.device)

    def _spread(self, pieces: Iterator[Piece]) -> Iterator[Measured]:
        def go(paths: Iterator[str]) -> Iterator[Measured]:
            return self.crew.each(measure, paths, tick=cluster_work.check)

        return self.parcels.through(pieces, go)


@dataclass(frozen=True, slots=True)
class Parcels:
    """Values too large to send through the scheduler, as files of the shared folder. They hold what the workers of one
    trusted cluster wrote."""

    folder: Path

    def put(self, value: Any) -> str:
        """Path of a new file that holds ``value``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / uuid.uuid4().hex
        path.write_bytes(pickle.dumps(value, protocol=5))
        return str(path)

    def through(self, values: Iterable[Any], work: Callable[[Iterator[str]], Iterator[R]]) -> Iterator[R]:
        """``work`` on the paths of ``values``, one result for each; files are written when asked for and gone when used."""
        paths: deque[str] = deque()

        def written() -> Iterator[str]:
            for value in values:
                paths.append(self.put(value))
                yield paths[-1]

        try:
            for result in work(written()):
                Path(paths.popleft()).unlink(missing_ok=True)
                yield result
        finally:
            for path in paths:
                Path(path).unlink(missing_ok=True)


def opened(path: str) -> Any:
    """The value in a parcel."""
    return pickle.loads(Path(path).read_bytes())


class Others:
    """:class:`pipeline.passages.Listeners` on the workers of a cluster; passages once heard are remembered."""

    def __init__(self, crew: Crew, parcels: Parcels, film: str) -> None:
        self._crew, self._parcels, self._film = crew, parcels, film
        # A worker with less memory takes what is meant for a GPU in parts.
        self.batch = BATCHES[crew.settings.speech_backend]["cuda" if crew.offers_gpu else "cpu"]

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """Each chunk's opinion on its language."""
        return next(iter(self._each(vote, [tuple(chunks)])))  # type: ignore[no-any-return]

    def hear(self, passages: Iterable[Passage]) -> Iterator[Said]:
        """What is said in each passage, in order."""
        return self._each(hear, passages)

    def _each(self, work: Work, values: Iterable[Any]) -> Iterator[Any]:
        def go(paths: Iterator[str]) -> Iterator[Any]:
            items = ((self._film, path) for path in paths)
            return self._crew.each(work, items, tick=cluster_work.check, gpu=True)

        return self._parcels.through(values, go)


def hear(engine: Engine, item: tuple[str, str], report: Report) -> Said:
    """A passage of a film, from its parcel, by this worker."""
    film, path = item
    passage: Passage = opened(path)
    params = (engine.settings.whisper_model, engine.settings.speech_backend, _identity(passage))
    return engine.memory.recall("passages", film, params, Said, lambda: engine.hear(passage))


def vote(engine: Engine, item: tuple[str, str], report: Report) -> tuple[Vote, ...]:
    """The opinions of a passage's chunks on their language, by this worker."""
    return engine.votes(opened(item[1]))


def embed(engine: Engine, texts: tuple[str, ...], report: Report) -> NDArray[np.float32]:
    """Vectors of sentences, by this worker."""
    return Engine.embed(engine, texts)


def gather(engine: Engine, path: str, report: Report) -> RawEvidence:
    """The evidence of a whole file, by this worker."""
    return Engine._gather(engine, path, report)


def measure(engine: Engine, path: str, report: Report) -> Measured:
    """Sound or pictures of a piece, by this worker."""
    from pipeline import evidence_pieces

    return evidence_pieces.measure(opened(path), engine.settings, engine.device)


def _identity(passage: Passage) -> str:
    state = hashlib.blake2b(repr((passage.language, passage.voting, passage.sung)).encode(), digest_size=16)
    for chunk in passage.chunks:
        state.update(repr(chunk.pieces).encode())
        state.update(chunk.samples.tobytes())
    return state.hexdigest()
