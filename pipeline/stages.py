"""The expensive stages, and this process doing them: every model is loaded once, on first use.

Who does them is handed to the engine: this process (:class:`Here`), or others in its place.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.cards import release
from pipeline.compute.device import Device, pick
from pipeline.media.values import MediaInfo
from pipeline.progress import Report, turn
from pipeline.settings import Settings
from pipeline.text.values import Facts, Keyword
from pipeline.values import Transcript

if TYPE_CHECKING:
    from pipeline.evidence.gather import Heard, RawEvidence
    from pipeline.speech.passages import Passage, Said, Vote
    from pipeline.speech.transcriber import Transcriber
    from pipeline.speech.values import Chunk, HeardWord
    from pipeline.text.embedder import Embedder


class Stages(Protocol):
    """Who does the long stages. Errors are those of :class:`Here`."""

    def aside(self) -> AbstractContextManager[None]:
        """Surrounds a stage and the wait for another who does the same."""

    def transcribe(
        self,
        path: Path | str,
        language: str | None,
        stream: int,
        report: Report,
        duration: float,
        names: tuple[str, ...] = (),
    ) -> Transcript:
        """What is said in audio track number ``stream``; ``language`` ``None`` detects it; ``names`` may be said."""

    def gather(self, path: Path | str, info: MediaInfo, report: Report, heard: Heard | None = None) -> RawEvidence:
        """Curves, events, shots, silences and beats of a file; ``heard`` may be told of the sound before pictures are looked at."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, d) of sentences."""

    def ahead(self, load: Callable[[], object]) -> None:
        """Does early, if at all, what will load models that a job soon needs; what fails there fails again where it is needed."""


class Here:
    """:class:`Stages` in this process; safe for several threads. Listening is serialised, for there is one device, and so is reading."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._hearing, self._reading, self._card = threading.RLock(), threading.RLock(), threading.RLock()

    @functools.cached_property
    def device(self) -> Device:
        """The device that really works; chosen on first use."""
        return pick(self.settings.device)

    def aside(self) -> AbstractContextManager[None]:
        """Nobody waits for this process."""
        return contextlib.nullcontext()

    def transcribe(
        self,
        path: Path | str,
        language: str | None,
        stream: int,
        report: Report,
        duration: float,
        names: tuple[str, ...] = (),
    ) -> Transcript:
        """What is said in audio track number ``stream``; ``language`` ``None`` detects it; ``names`` may be said.

        Raises:
            NoAudio: there is no such track.
        """
        with turn(self._hearing), self._room_for("_transcriber"):
            return self._transcriber.transcribe(
                path, language=language, stream=stream, report=report, duration=duration, names=names
            )

    def gather(self, path: Path | str, info: MediaInfo, report: Report, heard: Heard | None = None) -> RawEvidence:
        """See :func:`pipeline.evidence.gather.gather`."""
        from pipeline.evidence.gather import gather

        return gather(path, info, settings=self.settings, device=self.device, report=report, heard=heard)

    def hear(self, passage: Passage) -> Said:
        """What is said in one passage of a film."""
        with turn(self._hearing), self._room_for("_transcriber"):
            return self._transcriber.hear(passage)

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """What chunks of sound make of their language."""
        with turn(self._hearing), self._room_for("_transcriber"):
            return self._transcriber.votes(chunks)

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        """When the words of ``texts``, one a chunk, are said in it.

        Raises:
            ModelUnavailable: weights are missing.
        """
        with turn(self._hearing), self._room_for("_transcriber"):
            return self._transcriber.align(chunks, texts, language)

    def alone(self, chunks: Sequence[Chunk], language: str) -> list[str]:
        """What each chunk sounds like by itself, with no sentence around it.

        Raises:
            ModelUnavailable: weights are missing.
        """
        with turn(self._hearing), self._room_for("_transcriber"):
            return self._transcriber.alone(chunks, language)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, d) of sentences in any of the model's languages."""
        with turn(self._reading), self._room_for("_embedder"):
            return self._embedder.encode(texts)

    def meaning(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, 512) by the encoder that arrives with the installation, whatever the settings name."""
        with turn(self._reading):
            return self._bundled.encode(texts)

    def facts(self, texts: Sequence[str], language: str) -> tuple[Facts, ...]:
        """Tokens, lemmas and morphology of each text."""
        from pipeline.text.tagger import facts

        with turn(self._reading):
            return facts(texts, language)

    def keywords(self, texts: Sequence[str], language: str) -> tuple[Keyword, ...]:
        """Each text with every form in which it may be said in ``language``."""
        from pipeline.text.keywords import keywords

        with turn(self._reading):
            return keywords(texts, language, self.embed)

    def ahead(self, load: Callable[[], object]) -> None:
        """In the background; not where new models would drive out the one at work, on a small card."""

        def quietly() -> None:
            with contextlib.suppress(Exception):
                if not self._crowded:
                    load()

        threading.Thread(target=quietly, name="ahead", daemon=True).start()

    @property
    def _crowded(self) -> bool:
        """Whether both networks would be on a card that is too small for two."""
        return self.device.small and self._embedder.on_device

    @contextlib.contextmanager
    def _room_for(self, model: str) -> Iterator[None]:
        """On a small card the other network is let go before ``model`` works, and waits until it has done."""
        if not self._crowded:
            yield
            return
        with turn(self._card):
            if self.__dict__.pop("_embedder" if model == "_transcriber" else "_transcriber", None) is not None:
                gc.collect()  # networks hold themselves in circles
            # What torch keeps for later is of no use to CTranslate2.
            release()
            yield

    @functools.cached_property
    def _transcriber(self) -> Transcriber:
        from pipeline.speech.transcriber import Transcriber

        return Transcriber(self.settings, self.device)

    @functools.cached_property
    def _embedder(self) -> Embedder:
        from pipeline.text.embedder import Embedder

        return Embedder(self.settings, device=self.device)

    @functools.cached_property
    def _bundled(self) -> Embedder:
        from pipeline.text.embedder import BUNDLED, Embedder

        if self._embedder.name == BUNDLED:
            return self._embedder
        return Embedder(replace(self.settings, sentence_model=BUNDLED))
