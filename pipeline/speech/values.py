"""What passes between the ear and the text: chunks of voice, what a recogniser heard in them, and its interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Span

RATE = 16000
"""Samples a second of everything Whisper and the voice detector hear."""
LONGEST = 30.0
"""Whisper's window, seconds."""

BEAM, CAREFUL_BEAM = 5, 5
"""Beam widths. Of 757 words in six languages two got 82 wrong, five 70 for a fifth more work; a careful hearing forbids loops as well.
Of 5,822 words (as they are, in noise, over music, by telephone) one got 1,145 wrong, five 904 for 37 % more work on the words; the wide
beam only where the narrow one's mean log probability is under −.25 heard 39 % of the sound twice, for more work than it saves, and got 942
wrong: the narrow one's errors do not show in its probabilities."""
PREPEND, APPEND = "\"'“¿([{-¡«", "\"'.。,，!！?？:：”)]}、»…"
"""Punctuation that belongs to the word after it, and to the word before it."""


@dataclass(frozen=True, slots=True)
class ChunkPiece:
    """``duration`` seconds that lie at ``offset`` in a chunk and at ``start`` in the file."""

    offset: float
    start: float
    duration: float

    @property
    def end(self) -> float:
        return self.start + self.duration


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Chunk:
    """Up to :data:`LONGEST` seconds of sound in which somebody speaks; long pauses between its pieces are left out.

    ``samples`` is mono float32 at :data:`RATE`; ``voice`` the probability of speech every ``voice_step`` seconds of it.
    """

    samples: NDArray[np.float32]
    pieces: tuple[ChunkPiece, ...]
    voice: NDArray[np.float32]
    voice_step: float

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE

    @property
    def start(self) -> float:
        return self.pieces[0].start

    @property
    def end(self) -> float:
        return self.pieces[-1].end

    @property
    def voiced(self) -> float:
        """Seconds of voice in it."""
        return float(np.sum(self.voice)) * self.voice_step

    def piece_at(self, offset: float) -> ChunkPiece:
        """The piece that holds the chunk's second ``offset``."""
        return next((p for p in reversed(self.pieces) if p.offset <= offset), self.pieces[0])

    def part(self, span: Span) -> Chunk:
        """The seconds ``span`` of this chunk as a chunk of its own."""
        low, high = max(0.0, span.start), min(self.duration, span.end)
        pieces = []
        for p in self.pieces:
            first, last = max(low, p.offset), min(high, p.offset + p.duration)
            if last > first:
                pieces.append(ChunkPiece(first - low, p.start + first - p.offset, last - first))
        samples = self.samples[round(low * RATE) : round(high * RATE)]
        voice = self.voice[int(low / self.voice_step) : int(high / self.voice_step) + 1]
        return Chunk(samples, tuple(pieces), voice, self.voice_step)


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word with its leading space, if its language has one, and its time in the chunk."""

    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser made of a chunk.

    ``log_probability`` is the mean natural logarithm per token, ``no_speech`` in [0, 1] its own estimate that nobody
    speaks.
    """

    words: tuple[HeardWord, ...] = ()
    log_probability: float = 0.0
    no_speech: float = 0.0

    @property
    def text(self) -> str:
        return "".join(w.text for w in self.words).strip()


class Recogniser(Protocol):
    """A Whisper on some device. Chunks given together are worked on as one batch."""

    batch: int

    def languages(self, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        """The probability of each language (ISO 639-1) for each chunk."""

    def within(self, chunk: Chunk, spans: Sequence[Span]) -> list[Mapping[str, float]]:
        """The same for parts of a chunk (its own seconds), without encoding each where that is what costs: a little less often right."""

    def listen(
        self, chunks: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        """The words of each chunk; ``careful`` searches wider and forbids loops, ``names`` may be among them."""

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        """When each word of ``texts``, one a chunk, is said in it, and how likely it is there; what is too long for a text of
        Whisper's loses its end."""
