"""What is said in a file: voice first, then words, then what is not believable goes, then sentences.

The sound is read once as a stream. A voice detector cuts it into chunks of at most half a minute in which somebody speaks;
a recogniser hears them in batches, a card while the next ones are read; what it was unsure of or left out is heard again
with more care; the words' times are put on the edges of the sound; loops, phantom phrases and text without a voice are
dropped; the rest becomes sentences.
Who recognises is decided in :mod:`pipeline.speech.recognisers`, how a passage is heard in :mod:`pipeline.speech.listening`.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.coming import made_ready
from pipeline.compute.device import Device
from pipeline.compute.freed import give_back
from pipeline.evidence.singing import Voices
from pipeline.messages import Message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings
from pipeline.speech import guards
from pipeline.speech.course import Course, language_doubts
from pipeline.speech.listening import Ear
from pipeline.speech.passages import Listeners, Passage, Said, Vote, batched
from pipeline.speech.recognisers import EVERYTHING, Recognisers
from pipeline.speech.sentences import Spoken, sentences, to_sentence
from pipeline.speech.source import Listenable, Reader
from pipeline.speech.values import Chunk, HeardWord, Recogniser
from pipeline.speech.voice import Hearing, Level, Recalled, VoiceDetector, chunks, load_session
from pipeline.values import Sentence, Span, Transcript

VOTERS = 8
"""Chunks (up to four minutes of speech) that decide on the language before the first word is written."""
LITTLE_VOICE = 0.05
"""With less voice than this share, an audible file is heard again: quiet speech, then song."""
AUDIBLE_SHARE = 0.2
QUIET_PEAK, SILENT_PEAK, WANTED_PEAK = (10 ** (db / 20) for db in (-32, -75, -12))


class Transcriber:
    """Turns sound into a :class:`Transcript`; loads its model on first use. Same input, same output."""

    def __init__(
        self,
        settings: Settings,
        device: Device,
        recogniser: Recogniser | None = None,
        listeners: Listeners | None = None,
        voices: Callable[[NDArray[np.float32], Sequence[Span]], Span | None] | None = None,
    ) -> None:
        self._recognisers = Recognisers(settings, device, recogniser)
        self._ear = Ear(self._recognisers)
        self._voices = voices or Voices(settings)
        self._listeners: Listeners = listeners or self._ear

    def transcribe(
        self,
        source: Listenable,
        *,
        language: str | None = None,
        stream: int = 0,
        report: Report = no_report,
        duration: float | None = None,
        names: Sequence[str] = (),
    ) -> Transcript:
        """What is said in ``source``: a file (its audio track number ``stream``), sound, blocks of sound in order, or a
        function that gives such blocks anew. ``language`` (ISO 639-1) ``None`` detects it over several minutes of speech.

        ``names`` may be said in it, spelled as they are to be written.

        Times are on the file's clock. ``duration`` (seconds) serves progress where the source does not know it.

        Raises:
            NoAudio, NotFound, UnreadableMedia, UnsupportedFormat: the file.
            ModelUnavailable: weights are missing.
            OutOfMemory: not even one chunk fits.
            Cancelled: from ``report``, between two batches.
        """
        reader = replace(Reader.of(source, stream, duration), names=tuple(names))
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
        """What is said in one passage."""
        return self._ear.passage(passage)

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """Each chunk's opinion on its language."""
        return self._ear.votes(chunks)

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        """When the words of ``texts``, one a chunk, are said in it: see :meth:`pipeline.speech.listening.Ear.align`."""
        return self._ear.align(chunks, texts, language)

    def alone(self, chunks: Sequence[Chunk], language: str) -> list[str]:
        """What each chunk sounds like by itself."""
        return self._ear.alone(chunks, language)

    def _sung(self, reader: Reader, first: Course, language: str | None, report: Report) -> list[Spoken]:
        """Words heard without a voice detector, where two hearings agree and the first course has none."""
        course = Course(EVERYTHING, language or first.language, earlier=first, sung=True)
        self._follow(reader, course, report, voting=True)
        found = [s for s in course.words if not any(span.contains(s.word.start) for span in course.known)]
        if found and not first.language:
            first.language, first.votes, first.own = course.language, course.votes, course.own
        return found

    def _read(
        self, reader: Reader, hearing: Hearing, language: str | None, report: Report, known: Course | None = None
    ) -> Course:
        """One reading of the whole source, passage by passage."""
        course = Course(hearing, language, detected=language is None or known is not None, earlier=known)
        if known is not None:
            course.votes, course.own = known.votes, known.own
        self._follow(reader, course, report, voting=known is None and language is None)
        report(1.0, Message("progress.transcribing"))
        return course

    def _follow(self, reader: Reader, course: Course, report: Report, *, voting: bool) -> None:
        """Gives ``course`` the words and votes of every passage, in order."""
        report(0.0, Message("progress.transcribing"))
        given: deque[float] = deque()

        def passages() -> Iterator[Passage]:
            for passage in self._passages(reader, course, voting):
                given.append(passage.done)
                yield passage

        for said in self._listeners.hear(passages()):
            course.add(said)
            give_back()  # hundreds of megabytes a batch, which the C library would keep
            report(given.popleft(), Message("progress.transcribing"))

    def _passages(self, reader: Reader, course: Course, voting: bool) -> Iterator[Passage]:
        """The source cut at its pauses; the first passage's votes decide on the language the text is written in."""
        free = course.detected
        for group, done in self._groups(reader, course):
            votes: tuple[Vote, ...] = ()
            if voting and course.language is None:
                votes = self._listeners.votes(group)
                course.language = Course(course.hearing, None).after(votes).winner
            yield Passage(group, course.language or "en", voting, course.sung, done, free, votes, reader.names)

    def _groups(self, reader: Reader, course: Course) -> Iterator[tuple[tuple[Chunk, ...], float]]:
        """Batches of chunks and how much of the source ends with each; of what is perhaps sung only what holds a voice."""
        before = course.earlier.level.voice if course.earlier else ()
        detector = Recalled(before, VoiceDetector(self._session))
        found = chunks(reader.blocks(), detector, course.hearing, course.level)
        if course.sung:
            found = (part for chunk in found for part in self._voiced(chunk, course.known))
        if self._listeners is self._ear and self._recognisers.ahead:
            found = made_ready(found, lambda: self._recognisers.ahead)
        for group in batched(found, VOTERS if course.language is None else 1, self._batch):
            total = reader.duration or course.level.duration
            yield group, min(0.99, group[-1].end / total) if total else 0.0

    def _voiced(self, chunk: Chunk, known: Sequence[Span]) -> Iterator[Chunk]:
        """The part of a chunk in which somebody may sing what is not ``known`` (seconds of the file)."""
        apart = chunk.start  # what is perhaps sung is cut, but nothing is left out
        span = self._voices(chunk.samples, [Span(s.start - apart, s.end - apart) for s in known])
        if span is not None:
            yield chunk.part(span)

    def _batch(self) -> int:
        if self._listeners is not self._ear:
            _ = self._recognisers.folder  # whether the wanted weights are there is said whoever listens
        return self._listeners.batch

    def _transcript(self, course: Course, wanted: str | None, duration: float, doubts: list[Message]) -> Transcript:
        groups = guards.genuine(sentences(guards.unlooped(course.words)))
        found = tuple(_within(to_sentence(g), duration) for g in groups)
        if not found:
            return Transcript("", duration, (), 0.0, self._recognisers.doubts)
        language = wanted or course.language or ""
        total = sum(course.votes.values())
        probability = 1.0 if wanted else course.votes.get(language, 0.0) / total if total else 0.0
        if wanted is None:
            doubts += language_doubts(course, language, probability)
        return Transcript(language, duration, found, round(probability, 4), (*self._recognisers.doubts, *doubts))

    @functools.cached_property
    def _session(self) -> object:
        return load_session()


def _within(sentence: Sentence, duration: float) -> Sentence:
    """``sentence`` with no time after the end of the file."""
    words = tuple(replace(w, start=min(w.start, duration), end=min(w.end, duration)) for w in sentence.words)
    return replace(sentence, start=words[0].start, end=words[-1].end, words=words)
