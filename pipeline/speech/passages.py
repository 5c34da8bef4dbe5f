"""Transcription in pieces: what is given to somebody who listens, what comes back, and who may listen.

A passage is a batch of chunks, cut where somebody pauses. Passages are heard one after the other in this process or at
the same time on several machines; they are the same passages, and their words are joined in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Protocol

from pipeline.speech.sentences import Spoken
from pipeline.speech.values import Chunk


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A batch of ``chunks`` to be written down in ``language``.

    ``voting`` asks for each chunk's opinion on the language too; ``sung`` listens without trusting a voice detector; ``free`` lets
    parts be in another language, ``votes`` are the chunks' where they are known; ``names`` may be said in it;
    ``done`` is how much of the source ends with it, in [0, 1].
    """

    chunks: tuple[Chunk, ...]
    language: str
    voting: bool = False
    sung: bool = False
    done: float = 0.0
    free: bool = False
    votes: tuple[Vote, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vote:
    """What a chunk with ``seconds`` of voice makes of its language: a probability for each."""

    seconds: float
    languages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a passage in order, and its votes where they were asked for."""

    words: tuple[Spoken, ...]
    votes: tuple[Vote, ...] = ()


class Listeners(Protocol):
    """Who hears passages: this process (:class:`pipeline.speech.listening.Ear`) or others in its place."""

    @property
    def batch(self) -> int:
        """How many chunks they like at a time."""

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """Each chunk's opinion on its language."""

    def hear(self, passages: Iterable[Passage]) -> Iterator[Said]:
        """What is said in each passage, in order."""


def batched(found: Iterator[Chunk], first: int, size: Callable[[], int]) -> Iterator[tuple[Chunk, ...]]:
    """``found`` in groups of ``size()``, the first group of at least ``first``; the model is loaded when there is work."""
    beginning = next(found, None)
    if beginning is None:
        return
    whole = chain([beginning], found)
    wanted = max(first, size())
    while group := tuple(islice(whole, wanted)):
        yield group
        wanted = size()
