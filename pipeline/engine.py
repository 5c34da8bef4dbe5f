"""The engine owns the device: every model is loaded once, on first use, and every expensive stage is remembered.

Front ends make one :class:`Engine` and hand it to the workflows. Making one is cheap: nothing is loaded, torch is not imported.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import Device, pick, release
from pipeline.compute.remembered import Far, Memory
from pipeline.media.probe import probe
from pipeline.progress import Report, no_report
from pipeline.settings import Settings
from pipeline.text.values import Facts, Keyword
from pipeline.values import MediaInfo, Transcript

if TYPE_CHECKING:
    from pipeline.evidence.gather import RawEvidence
    from pipeline.speech.passages import Passage, Said, Vote
    from pipeline.speech.transcriber import Transcriber
    from pipeline.speech.values import Chunk
    from pipeline.text.embedder import Embedder


class Engine:
    """Shared by all jobs of a process; safe for several threads. Listening is serialised, for there is one device, and so is reading."""

    def __init__(self, settings: Settings, far: Far | None = None) -> None:
        self.settings = settings
        self.memory = Memory(settings.data_dir / "memory", far)
        self._hearing, self._reading, self._card = threading.RLock(), threading.RLock(), threading.RLock()
        self._keywords: dict[tuple[str, tuple[str, ...]], tuple[Keyword, ...]] = {}

    @functools.cached_property
    def device(self) -> Device:
        """The device that really works; chosen on first use."""
        return pick(self.settings.device)

    def probe(self, path: Path | str) -> MediaInfo:
        """What a file is; see :func:`pipeline.media.probe.probe`."""
        return probe(path)

    def evidence(self, path: Path | str, report: Report = no_report) -> RawEvidence:
        """Curves, events, shots, silences and beats of a file, from one pass over its sound and one over its picture."""
        from pipeline.evidence.gather import RawEvidence

        return self.memory.recall("evidence", path, (), RawEvidence, lambda: self._gather(path, report))

    def transcript(
        self, path: Path | str, language: str | None = None, stream: int = 0, report: Report = no_report
    ) -> Transcript:
        """What is said in audio track number ``stream``; ``language`` ``None`` detects it.

        Raises:
            NoAudio: there is no such track.
        """
        params = (self.settings.whisper_model, self.settings.speech_backend, language, stream)
        return self.memory.recall(
            "transcript", path, params, Transcript, lambda: self._transcribe(path, language, stream, report)
        )

    def hear(self, passage: Passage) -> Said:
        """What is said in one passage of a film."""
        with self._hearing, self._room_for("_transcriber"):
            return self._transcriber.hear(passage)

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """What chunks of sound make of their language."""
        with self._hearing, self._room_for("_transcriber"):
            return self._transcriber.votes(chunks)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, d) of sentences in any of the model's languages."""
        return self._embed(texts)

    def meaning(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, 512) by the encoder that arrives with the installation, whatever the settings name: what was learned from
        readers are directions of this one."""
        with self._reading:
            return self._bundled.encode(texts)

    def facts(self, texts: Sequence[str], language: str) -> tuple[Facts, ...]:
        """Tokens, lemmas and morphology of each text."""
        from pipeline.text.tagger import facts

        with self._reading:
            return facts(texts, language)

    def keywords(self, texts: Sequence[str], language: str) -> tuple[Keyword, ...]:
        """Each of the settings' words with every form in which it may be said in ``language``; remembered."""
        wanted = (language, tuple(texts))
        with self._reading:
            if wanted not in self._keywords:
                from pipeline.text.keywords import keywords

                self._keywords[wanted] = keywords(texts, language, self._embed)
            return self._keywords[wanted]

    def ahead(self, load: Callable[[], object]) -> None:
        """Does in the background what will load models that a job soon needs; what fails there fails again where it is needed.

        Not where they would drive out the one at work, on a small card.
        """

        def quietly() -> None:
            with contextlib.suppress(Exception):
                if not self._crowded:
                    load()

        threading.Thread(target=quietly, name="ahead", daemon=True).start()

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._reading, self._room_for("_embedder"):
            return self._embedder.encode(texts)

    def _gather(self, path: Path | str, report: Report) -> RawEvidence:
        from pipeline.evidence.gather import gather

        return gather(path, self.probe(path), settings=self.settings, device=self.device, report=report)

    def _transcribe(self, path: Path | str, language: str | None, stream: int, report: Report) -> Transcript:
        with self._hearing, self._room_for("_transcriber"):
            return self._transcriber.transcribe(path, language=language, stream=stream, report=report)

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
        with self._card:
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
