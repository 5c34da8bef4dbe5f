"""The engine: every expensive stage is done once and remembered, by whoever does it (:mod:`pipeline.stages`).

Front ends make one :class:`Engine` and hand it to the workflows. Making one is cheap: nothing is loaded, torch is not imported.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute import packages
from pipeline.compute.device import Device
from pipeline.compute.freed import few_heaps
from pipeline.compute.prepared import prepared
from pipeline.compute.remembered import Far, Remembered, digest
from pipeline.errors import ModelUnavailable
from pipeline.media.probe import Probes
from pipeline.media.values import MediaInfo
from pipeline.progress import Report, no_report, turn
from pipeline.settings import Settings, keep_quiet, multiply_alone
from pipeline.stages import Here, Stages
from pipeline.text import embedder
from pipeline.text.values import Facts, Keyword
from pipeline.values import Transcript

if TYPE_CHECKING:
    from pipeline.evidence.fingerprints import SoundPrint
    from pipeline.evidence.gather import Heard, RawEvidence

FEW = 64
"""Sets of keywords kept in memory: two for each language and person whose words differ."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What was found of a transcript, as it is remembered."""

    transcript: Transcript | None = None


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A vote on a language, as it is remembered."""

    language: str = ""
    probability: float = 0.0


class Engine:
    """Shared by all jobs of a process; safe for several threads.

    ``here`` is this process, ``stages`` who does the long stages (this process too, unless others are named), ``far`` where what was
    done is remembered for others.
    """

    def __init__(
        self, settings: Settings, here: Here | None = None, stages: Stages | None = None, far: Far | None = None
    ) -> None:
        self.settings = settings
        keep_quiet()
        multiply_alone()
        few_heaps()
        packages.use(settings)
        prepared.use(settings.models_dir / "prepared")
        self.memory = Remembered(settings.data_dir / "memory", far)
        self.here = here or Here(settings)
        self._stages: Stages = stages or self.here
        self._probes = Probes()
        self._words = threading.Lock()
        self._keywords: dict[tuple[object, ...], tuple[Keyword, ...]] = {}

    @property
    def device(self) -> Device:
        """The device that really works; chosen on first use."""
        return self.here.device

    def on(self, kind: str) -> Engine:
        """An engine on another card of this process: with models of its own, what was done is remembered by both."""
        other = Engine(replace(self.settings, device=kind))
        other.memory, other._probes, other._words, other._keywords = (
            self.memory,
            self._probes,
            self._words,
            self._keywords,
        )
        return other

    def probe(self, path: Path | str) -> MediaInfo:
        """What a file is; asked once, see :class:`pipeline.media.probe.Probes`."""
        return self._probes(path)

    def evidence(
        self, path: Path | str, report: Report = no_report, stream: int = 0, heard: Heard | None = None
    ) -> RawEvidence:
        """Curves, events, shots, silences and beats of a file, from one pass over its sound (audio track number ``stream``) and one over
        its picture. ``heard`` is told of the sound as soon as it is known, by another thread; not where that is no sooner."""
        from pipeline.evidence.gather import RawEvidence

        def gathered() -> RawEvidence:
            return self._stages.gather(path, replace(self.probe(path), heard=stream), report, heard)

        with self._stages.aside():
            return self.memory.recall("evidence", path, (stream,) if stream else (), RawEvidence, gathered)

    def sound_print(self, path: Path | str, stream: int = 0, report: Report = no_report) -> SoundPrint:
        """What audio track number ``stream`` sounds like, to be compared; made once for a file's content.

        Raises:
            NoAudio: there is no such track.
        """
        from pipeline.evidence.fingerprints import sound_print
        from pipeline.evidence.kept_prints import kept_print

        def made() -> SoundPrint:
            length = self.probe(path).duration
            return sound_print(path, stream=stream, device=self.device.kind, duration=length, report=report)

        return kept_print(self.memory.folder, path, stream, made)

    def transcript(
        self,
        path: Path | str,
        language: str | None = None,
        stream: int = 0,
        report: Report = no_report,
        given: Path | None = None,
        names: Sequence[str] = (),
        *,
        timed: bool = True,
    ) -> Transcript:
        """What is said in audio track number ``stream``; ``language`` ``None`` detects it. Subtitles that are ``given``, or lie beside the
        file or in it, in the language that is spoken and at its times, are taken for it; ``names`` and those of the settings are
        listened for and spelled as there. Words of subtitles are ``timed`` by the recogniser, or share their line's sound.

        Raises:
            NoAudio: there is no such track.
            BadRequest: what was ``given`` cannot be read.
        """
        from pipeline.written.spelling import spelled

        found = self._written(path, language, stream, given, timed=timed)
        known = tuple(dict.fromkeys([*names, *self.settings.custom_words]))
        return spelled(found or self._heard(path, language, stream, report, known), known)

    def _written(
        self, path: Path | str, language: str | None, stream: int, given: Path | None, *, timed: bool
    ) -> Transcript | None:
        """What somebody has written down of it."""
        from pipeline.written import written

        info = self.probe(path)
        if (not self.settings.use_subtitles and given is None) or not (there := written.candidates(info, given)):
            return None
        read = tuple(name if name.startswith("#") else (Path(name).name, digest(name)) for name in there)
        who = (self.settings.whisper_model, self.settings.speech_backend) if timed else ()
        params = (read, language, stream, given is not None, *who)
        align = self.here.align if timed else None

        def looked_at() -> _Written:
            return _Written(
                written.written(info, stream, language, given, lambda: self.spoken(info.path, stream)[0], align)
            )

        return self.memory.recall("written", path, params, _Written, looked_at).transcript

    def spoken(self, path: Path | str, stream: int = 0) -> tuple[str, float]:
        """The language (ISO 639-1) of the first minute of speech in audio track number ``stream`` and how probable it is; empty and 0
        where nobody can tell."""
        params = (self.settings.whisper_model, self.settings.speech_backend, stream)
        found = self.memory.recall("spoken", path, params, _Spoken, lambda: self._voted(self.probe(path), stream))
        return found.language, found.probability

    def _voted(self, info: MediaInfo, stream: int) -> _Spoken:
        from itertools import islice

        from pipeline.media import channels
        from pipeline.speech.voice import VoiceDetector, chunks

        try:
            votes = self.here.votes(list(islice(chunks(channels.heard(info, stream=stream), VoiceDetector()), 2)))
        except ModelUnavailable:
            return _Spoken()
        total: dict[str, float] = {}
        for vote in votes:
            for code, share in vote.languages.items():
                total[code] = total.get(code, 0.0) + share * vote.seconds
        best = max(total, key=lambda code: total[code], default="")
        return _Spoken(best, total[best] / max(sum(vote.seconds for vote in votes), 1e-9)) if best else _Spoken()

    def _heard(
        self, path: Path | str, language: str | None, stream: int, report: Report, names: tuple[str, ...]
    ) -> Transcript:
        told = (names,) if names else ()
        params = (self.settings.whisper_model, self.settings.speech_backend, language, stream, *told)
        with self._stages.aside():
            return self.memory.recall(
                "transcript",
                path,
                params,
                Transcript,
                lambda: self._stages.transcribe(path, language, stream, report, self.probe(path).duration, names),
            )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, d) of sentences in any of the model's languages."""
        return self._stages.embed(texts)

    def meaning(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, 512) by the encoder that arrives with the installation, whatever the settings name: what was learned from
        readers are directions of this one."""
        return self.here.meaning(texts)

    def facts(self, texts: Sequence[str], language: str) -> tuple[Facts, ...]:
        """Tokens, lemmas and morphology of each text."""
        return self.here.facts(texts, language)

    def keywords(self, texts: Sequence[str], language: str) -> tuple[Keyword, ...]:
        """Each of the settings' words with every form in which it may be said in ``language``; remembered by the words, the language, and
        the rules and dictionaries their forms come from."""
        from pipeline.text.forms import Forms, made_by

        known = (made_by(), language, embedder.wanted(self.settings), tuple(texts))
        with turn(self._words):
            if known not in self._keywords:
                if len(self._keywords) >= FEW:
                    self._keywords.clear()
                built = partial(self.here.keywords, texts, language)
                forms = self.memory.recall_of("keywords", "", known, Forms, lambda: Forms(built()))
                self._keywords[known] = forms.keywords
            return self._keywords[known]

    def ahead(self, load: Callable[[], object]) -> None:
        """Does early, if at all, what will load models that a job soon needs."""
        self._stages.ahead(load)
