"""Whisper on CTranslate2, through faster-whisper: 8-bit on the processor, half precision on a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.compute.libraries import preload
from pipeline.errors import ModelUnavailable
from pipeline.progress import breathe
from pipeline.speech.values import APPEND, BEAM, CAREFUL_BEAM, PREPEND, RATE, Chunk, Heard, HeardWord
from pipeline.speech.whisper.encoder import WINDOW, alike
from pipeline.speech.whisper.states import States

FRAMES_PER_SECOND = 100
SHORT = 5.0
"""Seconds of a chunk under which the language is told from a whole window: 2.5 s of Spanish in a shorter one were taken for Galician."""


class FasterWhisper:
    """A :class:`pipeline.speech.values.Recogniser`; loads its model when made.

    Raises:
        ModelUnavailable: the folder does not hold a model, or the device cannot run it.
    """

    def __init__(self, folder: Path, kind: str, dtype: str, threads: int, batch: int = 8) -> None:
        from faster_whisper import WhisperModel

        if kind == "cuda":
            preload()
        self.batch, self._whole = batch, kind != "cpu"
        self._states = States(self._encode, host=kind == "cpu")
        try:
            self._model: Any = WhisperModel(str(folder), device=kind, compute_type=dtype, cpu_threads=threads)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelUnavailable(name=folder.name, detail=str(error)) from error

    def languages(self, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        """The probability of each language for each chunk; English alone for an English-only model. What was encoded for it is not
        encoded again when the words are asked for."""
        if not chunks or not self._model.model.is_multilingual:
            return [{"en": 1.0} for _ in chunks]
        found: dict[int, Mapping[str, float]] = {}
        for frames, numbers in self._voting(chunks).items():
            ranked = self._model.model.detect_language(self._states([chunks[n] for n in numbers], frames))
            likely = ({token.strip("<|>"): float(p) for token, p in row} for row in ranked)
            found.update(zip(numbers, likely, strict=True))
        return [found[n] for n in range(len(chunks))]

    def _voting(self, chunks: Sequence[Chunk]) -> dict[int, list[int]]:
        """As :meth:`_groups`, but whole windows for chunks shorter than :data:`SHORT`."""
        short = [n for n, chunk in enumerate(chunks) if chunk.duration < SHORT]
        long = [n for n in range(len(chunks)) if n not in set(short)]
        groups = {
            frames: [long[n] for n in numbers] for frames, numbers in self._groups([chunks[n] for n in long]).items()
        }
        if short:
            groups[WINDOW] = sorted([*groups.get(WINDOW, ()), *short])
        return groups

    def _groups(self, chunks: Sequence[Chunk], *, careful: bool = False) -> dict[int, list[int]]:
        """Numbers of chunks by the frames they are given: a processor is given what chunks need, those of about one length as a batch;
        a GPU, and a ``careful`` hearing, whole windows."""
        return {WINDOW: list(range(len(chunks)))} if careful or self._whole else alike(chunks)

    def listen(self, chunks: Sequence[Chunk], language: str, *, careful: bool = False) -> list[Heard]:
        """The words of each chunk."""
        found: dict[int, Heard] = {}
        for frames, numbers in self._groups(chunks, careful=careful).items() if chunks else ():
            breathe()
            heard = self._listen([chunks[n] for n in numbers], frames, language, careful)
            found.update(zip(numbers, heard, strict=True))
        return [found[n] for n in range(len(chunks))]

    def _listen(self, chunks: Sequence[Chunk], frames: int, language: str, careful: bool) -> list[Heard]:
        tokenizer = self._tokenizer(language)
        encoded = self._states(chunks, frames)
        breathe()
        results = self._model.model.generate(
            encoded,
            # Without time tokens base leaves far fewer words out; the alignment gives the times.
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]] * len(chunks),
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
        return self._model.encode(np.stack([pad_or_trim(extract(c.samples)[..., :-1], 2 * frames) for c in chunks]))

    def _words(
        self, tokenizer: Any, encoded: Any, tokens: Sequence[list[int]], chunks: Sequence[Chunk]
    ) -> list[tuple[HeardWord, ...]]:
        from faster_whisper.transcribe import merge_punctuations

        if not any(tokens):
            return [() for _ in tokens]
        filler = tokenizer.encode(".")
        frames = [max(2, int(len(c.samples) / RATE * FRAMES_PER_SECOND)) for c in chunks]
        aligned = self._model.find_alignment(tokenizer, [t or filler for t in tokens], encoded, frames)
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


def _log_probability(result: Any) -> float:
    """Mean per token, the end included: CTranslate2's score is the mean without it."""
    length = len(result.sequences_ids[0])
    return float(result.scores[0]) * length / (length + 1)
