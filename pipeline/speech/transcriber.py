"""What is said in a file: voice first, then words, then what is not believable goes, then sentences.

The sound is read once as a stream. A voice detector cuts it into chunks of at most half a minute in which somebody speaks;
a recogniser hears them in batches; what it was unsure of or left out is heard again with more care; the words' times are
put on the edges of the sound; loops, phantom phrases and text without a voice are dropped; the rest becomes sentences. Two
recognisers do the same: faster-whisper and openai-whisper, with the same weights.
"""

from __future__ import annotations

import functools
import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np

from pipeline.compute.device import Device, in_batches, sparing
from pipeline.compute.models import BUNDLED_WHISPER, whisper_folder
from pipeline.errors import ModelUnavailable
from pipeline.messages import Message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings
from pipeline.speech import guards as guards
from pipeline.speech.course import Course, language_doubts
from pipeline.speech.passages import Listeners, Passage, Said, Vote, batched
from pipeline.speech.sentences import Spoken, sentences, to_sentence
from pipeline.speech.source import Reader, Source
from pipeline.speech.values import Chunk, Heard, HeardWord, Recogniser
from pipeline.speech.voice import Hearing, Level, VoiceDetector, chunks, load_session
from pipeline.speech.word_times import holes, on_file_clock, snapped, sound_runs
from pipeline.values import Audio, Sentence, Span, Transcript

R = TypeVar("R")
VOTERS = 8
"""Chunks (up to four minutes of speech) that decide on the language before the first word is written."""
LITTLE_VOICE = 0.05
"""With less voice than this share, an audible file is heard again: quiet speech, then song."""
AUDIBLE_SHARE = 0.2
QUIET_PEAK, SILENT_PEAK, WANTED_PEAK = (10 ** (db / 20) for db in (-32, -75, -12))
EVERYTHING = Hearing(on=0.0, off=-1.0, pad=0.0)
LEAST_SUNG, MOST_SUNG, SUNG_LIKELY = 4, 0.6, -0.75
"""Words of a chunk, and share of them, that must come twice; mean log probability of the first hearing."""


class Transcriber:
    """Turns sound into a :class:`Transcript`; loads its model on first use. Same input, same output."""

    def __init__(
        self,
        settings: Settings,
        device: Device,
        recogniser: Recogniser | None = None,
        listeners: Listeners | None = None,
    ) -> None:
        self._settings = settings
        self._device = device
        self._given = recogniser
        self._listeners = listeners
        self._doubts: tuple[Message, ...] = ()

    def transcribe(
        self,
        source: Source,
        *,
        language: str | None = None,
        stream: int = 0,
        report: Report = no_report,
        duration: float | None = None,
    ) -> Transcript:
        """What is said in ``source``: a file (its audio track number ``stream``), sound, blocks of sound in order, or a
        function that gives such blocks anew. ``language`` (ISO 639-1) ``None`` detects it over several minutes of speech.

        Times are on the file's clock. ``duration`` (seconds) serves progress where the source does not know it.

        Raises:
            NoAudio, NotFound, UnreadableMedia, UnsupportedFormat: the file.
            ModelUnavailable: weights are missing.
            OutOfMemory: not even one chunk fits.
            Cancelled: from ``report``, between two batches.
        """
        reader = Reader.of(source, stream, duration)
        course = self._read(reader, Hearing(), language, report)
        if language is None and course.winner and course.language != course.winner and reader.again:
            course = self._read(reader, Hearing(), course.winner, report, course)
        doubts: list[Message] = []
        if reader.again and self._hardly_any(course.level):
            course = self._second_chance(reader, course, language, report, doubts)
        return self._transcript(course, language, max(reader.duration or 0.0, course.level.duration), doubts)

    @staticmethod
    def _hardly_any(level: Level) -> bool:
        return level.voiced < LITTLE_VOICE * level.duration and level.peak > SILENT_PEAK

    def _second_chance(
        self, reader: Reader, first: Course, language: str | None, report: Report, doubts: list[Message]
    ) -> Course:
        """Hardly any voice: a recording may be too quiet for the detector, or everything may be sung."""
        if first.level.peak < QUIET_PEAK:
            louder = self._read(reader, Hearing(gain=WANTED_PEAK / first.level.peak), language, report)
            if louder.words and not self._hardly_any(louder.level):
                doubts.append(Message("doubt.quiet_speech"))
                return louder
            return first
        if first.level.audible < AUDIBLE_SHARE * first.level.duration:
            return first
        sung = self._sung(reader, first, language, report)
        if sung:
            first.words = sorted([*first.words, *sung], key=lambda s: (s.word.start, s.word.end))
            doubts.append(Message("doubt.sung_speech"))
        return first

    def hear(self, passage: Passage) -> Said:
        """What is said in one passage; the same whoever hears the others."""
        votes = self.votes(passage.chunks) if passage.voting else ()
        write = self._sung_words if passage.sung else self._listen
        return Said(tuple(write(passage.chunks, passage.language)), votes)

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """Each chunk's opinion on its language."""
        pairs = zip(chunks, self._languages(chunks), strict=True)
        return tuple(Vote(chunk.voiced, languages) for chunk, languages in pairs)

    def _sung(self, reader: Reader, first: Course, language: str | None, report: Report) -> list[Spoken]:
        """Words heard without a voice detector, where two hearings agree and the first course has none."""
        course = Course(EVERYTHING, language or first.language)
        taken = [Span(s.word.start - 1.0, s.word.end + 1.0) for s in first.words]
        self._follow(reader, course, report, voting=True, sung=True)
        found = [s for s in course.words if not any(t.contains(s.word.start) for t in taken)]
        if found and not first.language:
            first.language, first.votes, first.own = course.language, course.votes, course.own
        return found

    def _sung_words(self, group: Sequence[Chunk], code: str) -> list[Spoken]:
        """The words of those chunks of a group in which two hearings agree."""
        found: list[Spoken] = []
        hopeful = [(c, h) for c, h in zip(group, self._hear(group, code), strict=True) if _sung_likely(h)]
        halves = [c.part(s) for c, _ in hopeful for s in _halves(c.duration)]
        parts = self._hear(halves, code)
        for index, (chunk, heard) in enumerate(hopeful):
            once = _spoken(chunk, heard, snapped(heard.words, sound_runs(chunk)))
            pair = zip(halves[2 * index : 2 * index + 2], parts[2 * index : 2 * index + 2], strict=True)
            twice = [s for c, h in pair for s in _spoken(c, h, snapped(h.words, sound_runs(c)))]
            both = guards.agreed(once, twice)
            if len(both) >= max(LEAST_SUNG, MOST_SUNG * len(once)):
                found += both
        return found

    def _read(
        self, reader: Reader, hearing: Hearing, language: str | None, report: Report, known: Course | None = None
    ) -> Course:
        """One reading of the whole source, passage by passage."""
        course = Course(hearing, language)
        if known is not None:
            course.votes, course.own = known.votes, known.own
        self._follow(reader, course, report, voting=known is None and language is None)
        report(1.0, Message("progress.transcribing"))
        return course

    def _follow(self, reader: Reader, course: Course, report: Report, *, voting: bool, sung: bool = False) -> None:
        """Gives ``course`` the words and votes of every passage, in order."""
        report(0.0, Message("progress.transcribing"))
        given: deque[float] = deque()

        def passages() -> Iterator[Passage]:
            for passage in self._passages(reader, course, voting, sung):
                given.append(passage.done)
                yield passage

        for said in self._listeners.hear(passages()) if self._listeners else map(self.hear, passages()):
            course.add(said)
            report(given.popleft(), Message("progress.transcribing"))

    def _passages(self, reader: Reader, course: Course, voting: bool, sung: bool) -> Iterator[Passage]:
        """The source cut at its pauses; the first passage's votes decide on the language the text is written in."""
        for group, done in self._groups(reader, course):
            counted = voting and course.language is None
            if counted:
                course.count((self._listeners or self).votes(group))
                course.language = course.winner
            yield Passage(group, course.language or "en", voting and not counted, sung, done)

    def _groups(self, reader: Reader, course: Course) -> Iterator[tuple[tuple[Chunk, ...], float]]:
        """Batches of chunks and how much of the source ends with each."""
        found = chunks(reader.blocks(), VoiceDetector(self._session), course.hearing, course.level)
        for group in batched(found, VOTERS if course.language is None else 1, self._batch):
            total = reader.duration or course.level.duration
            yield group, min(0.99, group[-1].end / total) if total else 0.0

    def _batch(self) -> int:
        if self._listeners is None:
            return self._recogniser.batch
        _ = self._folder  # whether the wanted weights are there is said whoever listens
        return self._listeners.batch

    def _languages(self, group: Sequence[Chunk]) -> list[Mapping[str, float]]:
        return self._in_batches(group, lambda one, part: one.languages(part))

    def _hear(self, group: Sequence[Chunk], language: str, *, careful: bool = False) -> list[Heard]:
        return self._in_batches(group, lambda one, part: one.listen(part, language, careful=careful))

    def _in_batches(self, group: Sequence[Chunk], work: Callable[[Recogniser, Sequence[Chunk]], list[R]]) -> list[R]:
        spare = (lambda part: work(self._processor, part)) if self._on_gpu else None
        return in_batches(group, self._recogniser.batch, lambda part: work(self._recogniser, part), spare)

    def _listen(self, group: Sequence[Chunk], language: str) -> list[Spoken]:
        """The words of a group of chunks: heard, doubted and heard again, filled up, timed."""
        heard = self._hear(group, language)
        again = [n for n, h in enumerate(heard) if guards.worth_another(h)]
        for n, second in zip(again, self._hear([group[n] for n in again], language, careful=True), strict=True):
            heard[n] = guards.better(heard[n], second)
        timed = [
            snapped(h.words, sound_runs(c)) if guards.believable(h) else () for c, h in zip(group, heard, strict=True)
        ]
        parts = [(n, span) for n, c in enumerate(group) for span in holes(timed[n], c)]
        cut = [group[n].part(span) for n, span in parts]
        words = [_spoken(c, h, w) for c, h, w in zip(group, heard, timed, strict=True)]
        for (n, _), chunk, late in zip(parts, cut, self._hear(cut, language, careful=True), strict=True):
            if guards.certain(late):
                words[n] = _merged(words[n], _spoken(chunk, late, snapped(late.words, sound_runs(chunk))))
        return list(chain.from_iterable(words))

    def _transcript(self, course: Course, wanted: str | None, duration: float, doubts: list[Message]) -> Transcript:
        groups = guards.genuine(sentences(guards.unlooped(course.words)))
        found = tuple(_within(to_sentence(g), duration) for g in groups)
        if not found:
            return Transcript("", duration, (), 0.0, self._doubts)
        language = wanted or course.language or ""
        total = sum(course.votes.values())
        probability = 1.0 if wanted else course.votes.get(language, 0.0) / total if total else 0.0
        if wanted is None:
            doubts += language_doubts(course, language, probability)
        return Transcript(language, duration, found, round(probability, 4), (*self._doubts, *doubts))

    @functools.cached_property
    def _session(self) -> object:
        return load_session()

    @property
    def _on_gpu(self) -> bool:
        return self._given is None and self._device.kind == "cuda"

    @functools.cached_property
    def _folder(self) -> Path:
        try:
            return whisper_folder(self._settings)
        except ModelUnavailable:
            if self._settings.whisper_model == BUNDLED_WHISPER:
                raise
            wanted = self._settings.whisper_model
            self._doubts += (Message("doubt.other_whisper", {"wanted": wanted, "used": BUNDLED_WHISPER}),)
            return whisper_folder(replace(self._settings, whisper_model=BUNDLED_WHISPER))

    @functools.cached_property
    def _recogniser(self) -> Recogniser:
        """The recogniser of the settings; torch's on a GPU that CTranslate2 cannot use, the processor's where none fits."""
        return self._given or sparing(self._device.kind, self._loaded)

    def _loaded(self, kind: str) -> Recogniser:
        if kind == "cpu":
            return self._processor
        if self._settings.speech_backend == "openai-whisper":
            return self._torch(kind)
        try:
            return self._tried(_ctranslate2(self._folder, kind, self._device.torch_dtype, self._threads))
        except ModelUnavailable:
            return self._torch(kind)

    @functools.cached_property
    def _processor(self) -> Recogniser:
        if self._settings.speech_backend == "openai-whisper":
            return self._torch("cpu")
        return _ctranslate2(self._folder, "cpu", "int8", self._threads)

    def _torch(self, kind: str) -> Recogniser:
        from pipeline.speech.whisper.on_torch import OpenAIWhisper

        return OpenAIWhisper(self._folder, kind)

    @staticmethod
    def _tried(recogniser: Recogniser) -> Recogniser:
        """``recogniser`` after it has heard a second of silence: missing CUDA libraries only show then.

        Raises:
            ModelUnavailable: it cannot compute.
        """
        silence = Audio(np.zeros(16384, np.float32), 16000)
        try:
            recogniser.languages(list(chunks([silence], VoiceDetector(), EVERYTHING)))
        except RuntimeError as error:
            raise ModelUnavailable(name="whisper", detail=str(error)) from error
        return recogniser

    @property
    def _threads(self) -> int:
        return max(1, math.floor(self._settings.max_cpus)) if self._settings.max_cpus else (os.cpu_count() or 1)


def _ctranslate2(folder: Path, kind: str, dtype: str, threads: int) -> Recogniser:
    from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper

    return FasterWhisper(folder, kind, dtype, threads)


def _halves(duration: float) -> tuple[Span, Span]:
    """Two overlapping parts of a chunk."""
    return Span(0.0, duration * 0.6), Span(duration * 0.4, duration)


def _spoken(chunk: Chunk, heard: Heard, words: Sequence[HeardWord]) -> list[Spoken]:
    """``words`` on the file's clock with what is known about their surroundings."""
    placed = on_file_clock(words, chunk)
    return [
        Spoken(at, heard.log_probability, heard.no_speech, _voice(chunk, word))
        for at, word in zip(placed, words, strict=True)
    ]


def _voice(chunk: Chunk, word: HeardWord) -> float:
    """The greatest probability of speech while ``word`` lasts."""
    low, high = int(word.start / chunk.voice_step), int(word.end / chunk.voice_step) + 1
    return float(np.max(chunk.voice[low:high], initial=0.0))


def _merged(words: Sequence[Spoken], late: Sequence[Spoken]) -> list[Spoken]:
    """``words`` and those of a stretch that was heard late, in order; a late word never overlaps another's middle."""
    free = [s for s in late if not any(w.word.start < (s.word.start + s.word.end) / 2 < w.word.end for w in words)]
    joined = sorted([*words, *free], key=lambda s: (s.word.start, s.word.end))
    for index in range(len(joined) - 1):
        this, following = joined[index].word, joined[index + 1].word
        if this.end > following.start:
            joined[index] = replace(joined[index], word=replace(this, end=following.start))
    return joined


def _sung_likely(heard: Heard) -> bool:
    """Whether a chunk without a voice deserves a second hearing."""
    enough = len(heard.words) >= LEAST_SUNG and heard.log_probability > SUNG_LIKELY
    return enough and heard.no_speech < guards.NO_SPEECH and not guards.loops(heard.text)


def _within(sentence: Sentence, duration: float) -> Sentence:
    """``sentence`` with no time after the end of the file."""
    words = tuple(replace(w, start=min(w.start, duration), end=min(w.end, duration)) for w in sentence.words)
    return replace(sentence, start=words[0].start, end=words[-1].end, words=words)
