"""Whisper on CTranslate2, through faster-whisper: 8-bit on the processor, half precision on a GPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pipeline.compute import cards
from pipeline.compute.libraries import preload
from pipeline.errors import ModelUnavailable
from pipeline.progress import breathe
from pipeline.speech.values import APPEND, BEAM, CAREFUL_BEAM, PREPEND, RATE, Chunk, Heard, HeardWord
from pipeline.speech.whisper.encoder import WINDOW, alike, places
from pipeline.speech.whisper.prompted import given, prompt
from pipeline.speech.whisper.rounded import RoundedEncoder
from pipeline.speech.whisper.states import States, view
from pipeline.values import Span

T = TypeVar("T")
R = TypeVar("R")
FRAMES_PER_SECOND = 100
LANES = 4
"""Parts of a batch that a processor works on side by side, each with its share of the threads: threads that work on one step together
wait for each other at every product (three chunks, two threads: 3.9 s of processor together, 2.1 s each by itself)."""
MANY = 1000
"""States of a chunk from which on two at a time vote on its language: 97 chunks in six languages, all right either way, their probabilities
half a percent apart (four at a time got 12 wrong)."""
SHORT, CLEAR = 5.0, 0.9
"""Seconds of a chunk under which its vote is believed from this probability on, and else asked again of a whole window: 2.5 s of Spanish
in a shorter one were taken for Galician. Of 183 pieces under five seconds (German, English, Spanish; as they are, by telephone, in noise,
over music) 113 were so clear, and what a whole window said of them was no more often right."""


class FasterWhisper:
    """A :class:`pipeline.speech.values.Recogniser`; loads its model when made.

    Raises:
        ModelUnavailable: the folder does not hold a model, or the device cannot run it.
    """

    def __init__(self, folder: Path, kind: str, dtype: str, threads: int, batch: int = 8) -> None:
        from faster_whisper import WhisperModel

        if cards.family(kind) == "cuda":
            preload()
        self.batch, self._whole = batch, kind != "cpu"
        self._lanes = min(threads, LANES) if kind == "cpu" else 1
        self._states = States(self._encode, host=kind == "cpu")
        hands = {
            "cpu_threads": max(1, threads // self._lanes),
            "num_workers": self._lanes,
            "device_index": cards.index(kind),
        }
        try:
            self._model: Any = WhisperModel(str(folder), device=cards.family(kind), compute_type=dtype, **hands)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelUnavailable(name=folder.name, detail=str(error)) from error
        self._rounded = _rounded(folder, threads) if kind == "cpu" else None

    def languages(self, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        """The probability of each language for each chunk; English alone for an English-only model. What was encoded for it is not
        encoded again when the words are asked for."""
        if not chunks or not self._model.model.is_multilingual:
            return [{"en": 1.0} for _ in chunks]

        found = self._beside(chunks, self._groups(chunks), self._likely if self._whole else self._thinly)
        unsure = [n for n, chunk in enumerate(chunks) if chunk.duration < SHORT and max(found[n].values()) < CLEAR]
        if unsure:
            windows = self._beside([chunks[n] for n in unsure], {WINDOW: list(range(len(unsure)))}, self._likely)
            for n, languages in zip(unsure, windows, strict=True):
                found[n] = languages
        return found

    def within(self, chunk: Chunk, spans: Sequence[Span]) -> list[Mapping[str, float]]:
        """The same for parts of a chunk: from its states on a processor, each by itself on a card."""
        if self._whole or not self._model.model.is_multilingual:
            return self.languages([chunk.part(span) for span in spans])
        (frames,) = self._groups([chunk])
        states = np.asarray(self._states([chunk], frames))

        def likely(span: Span) -> Mapping[str, float]:
            return self._likely((), view(states[:, places(chunk, span, frames)]))[0]

        return list(beside(likely, spans, self._lanes))

    def _thinly(self, chunks: Sequence[Chunk], encoded: Any) -> list[Mapping[str, float]]:
        """:meth:`_likely` from every two states as one where there are many: half of the work, and as often right."""
        states = np.asarray(encoded)
        rows, frames, width = states.shape
        if frames < MANY:
            return self._likely(chunks, encoded)
        pairs = states[:, : frames // 2 * 2].reshape(rows, frames // 2, 2, width)
        return self._likely(chunks, view(pairs.mean(axis=2)))

    def _likely(self, _: Sequence[Chunk], encoded: Any) -> list[Mapping[str, float]]:
        ranked = self._model.model.detect_language(encoded)
        return [{token.strip("<|>"): float(p) for token, p in row} for row in ranked]

    def _groups(self, chunks: Sequence[Chunk], *, careful: bool = False) -> dict[int, list[int]]:
        """Numbers of chunks by the frames they are given: a processor is given what chunks need, those of about one length as a batch;
        a GPU, and a ``careful`` hearing, whole windows."""
        return {WINDOW: list(range(len(chunks)))} if careful or self._whole else alike(chunks)

    def _beside(
        self, chunks: Sequence[Chunk], groups: Mapping[int, list[int]], work: Callable[[Sequence[Chunk], Any], list[R]]
    ) -> list[R]:
        """``work(chunks, states)`` over all chunks, in their order; on a processor each lane does a part of them by itself."""
        most = max(1, math.ceil(len(chunks) / self._lanes))
        parts = [(frames, ns[at : at + most]) for frames, ns in groups.items() for at in range(0, len(ns), most)]
        parts = sorted((part for part in parts if part[1]), key=lambda part: -len(part[1]))
        for frames, numbers in groups.items():
            self._states.prepare([chunks[n] for n in numbers], frames)

        def done(part: tuple[int, list[int]]) -> list[R]:
            breathe()
            given = [chunks[n] for n in part[1]]
            return work(given, self._states(given, part[0]))

        found: dict[int, R] = {}
        for (_, numbers), results in zip(parts, beside(done, parts, self._lanes), strict=True):
            found.update(zip(numbers, results, strict=True))
        return [found[n] for n in range(len(chunks))]

    def listen(
        self, chunks: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        """The words of each chunk; ``names`` may be among them."""
        if not chunks:
            return []
        tokenizer = self._tokenizer(language)
        told = prompt(tokenizer.encode, names)
        before = [tokenizer.sot_prev, *told] if told else []

        def heard(part: Sequence[Chunk], encoded: Any) -> list[Heard]:
            return self._listen(tokenizer, part, encoded, careful, before)

        return self._beside(chunks, self._groups(chunks, careful=careful), heard)

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        """When each word of ``texts``, one a chunk, is said in it."""
        if not chunks:
            return []
        tokenizer = self._tokenizer(language)
        known = {id(chunk): given(tokenizer.encode, text) for chunk, text in zip(chunks, texts, strict=True)}

        def timed(part: Sequence[Chunk], encoded: Any) -> list[tuple[HeardWord, ...]]:
            return self._words(tokenizer, encoded, [known[id(chunk)] for chunk in part], part)

        return self._beside(chunks, self._groups(chunks), timed)

    def _listen(
        self, tokenizer: Any, chunks: Sequence[Chunk], encoded: Any, careful: bool, before: Sequence[int]
    ) -> list[Heard]:
        results = self._model.model.generate(
            encoded,
            # Without time tokens base leaves far fewer words out; the alignment gives the times.
            [[*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]] * len(chunks),
            beam_size=CAREFUL_BEAM if careful else BEAM,
            repetition_penalty=1.05 if careful else 1.0,
            no_repeat_ngram_size=6 if careful else 0,
            max_length=self._model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=[-1],
        )
        breathe()
        tokens = [[t for t in r.sequences_ids[0] if t < tokenizer.eot] for r in results]
        words = self._words(tokenizer, encoded, tokens, chunks)
        return [Heard(w, _log_probability(r), float(r.no_speech_prob)) for r, w in zip(results, words, strict=True)]

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        multilingual = self._model.model.is_multilingual
        return Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=language)

    def _encode(self, chunks: Sequence[Chunk], frames: int) -> Any:
        from faster_whisper.audio import pad_or_trim

        extract = self._model.feature_extractor
        features = [pad_or_trim(extract(c.samples)[..., :-1], 2 * frames) for c in chunks]
        if self._rounded:
            return self._rounded(features)
        most = max(1, math.ceil(len(features) / self._lanes))
        parts = [np.stack(features[at : at + most]) for at in range(0, len(features), most)]
        views = list(beside(self._model.encode, parts, self._lanes))
        return views[0] if len(views) == 1 else np.concatenate([np.asarray(view) for view in views])

    def _piecewise(self, encoded: Any, rows: int) -> Iterator[tuple[slice, Any]]:
        """Rows whose words are timed at once, and their states: each by itself on a processor, where a row takes 70 MB (probabilities
        of the whole vocabulary at each token) and gains nothing from those beside it; all on a card."""
        if self._whole:
            yield slice(0, rows), encoded
            return
        states = np.asarray(encoded)
        for n in range(rows):
            yield slice(n, n + 1), view(states[n : n + 1])

    def _words(
        self, tokenizer: Any, encoded: Any, tokens: Sequence[list[int]], chunks: Sequence[Chunk]
    ) -> list[tuple[HeardWord, ...]]:
        from faster_whisper.transcribe import merge_punctuations

        if not any(tokens):
            return [() for _ in tokens]
        filler = tokenizer.encode(".")
        frames = [max(2, int(len(c.samples) / RATE * FRAMES_PER_SECOND)) for c in chunks]
        written = [t or filler for t in tokens]
        aligned: list[Any] = []
        for n, states in self._piecewise(encoded, len(chunks)):
            aligned += self._model.find_alignment(tokenizer, written[n], states, frames[n])
        found: list[tuple[HeardWord, ...]] = []
        for text, timings in zip(tokens, aligned, strict=True):
            merge_punctuations(timings, PREPEND, APPEND)
            found.append(
                tuple(
                    HeardWord(float(t["start"]), float(t["end"]), t["word"], float(t["probability"]))
                    for t in timings
                    if text and t["word"].strip()
                )
            )
        return found


def beside(work: Callable[[T], R], parts: Sequence[T], lanes: int) -> Iterator[R]:
    """``work`` on each part, in order, ``lanes`` at a time; what they do can be stopped as it can here."""
    if lanes == 1 or len(parts) == 1:
        yield from map(work, parts)
        return
    with ThreadPoolExecutor(min(lanes, len(parts))) as pool:
        begun = [pool.submit(copy_context().run, work, part) for part in parts]
        for one in begun:
            yield one.result()


def _rounded(folder: Path, threads: int) -> RoundedEncoder | None:
    """The quicker encoder where these weights and this processor allow it."""
    try:
        return RoundedEncoder(folder, threads)
    except (ModelUnavailable, RuntimeError):
        return None


def _log_probability(result: Any) -> float:
    """Mean per token, the end included: CTranslate2's score is the mean without it."""
    length = len(result.sequences_ids[0])
    return float(result.scores[0]) * length / (length + 1)
