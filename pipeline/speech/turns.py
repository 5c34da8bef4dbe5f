"""Who changes the language in the middle: which part of a chunk is spoken in which language.

A recogniser told the wrong language leaves a passage out or invents one. A chunk whose vote is not clear is cut at its pauses into
parts of some seconds, each of which votes; a part goes with another language than the main one only where its vote is plain.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.speech.values import Chunk
from pipeline.values import Span

CLEAR = 0.97
"""Probability of the main language in a chunk over which nothing else is looked for in it."""
RIVAL = 0.03
"""Probability of another language in a chunk from which on it is looked for."""
SHADOWS = {"es": frozenset({"gl"}), "pt": frozenset({"gl"}), "en": frozenset({"cy"}), "no": frozenset({"nn"})}
SHADOW_RIVAL = 0.2
"""Languages that recognisers see in many who speak only the main one (two to four hundredths in plain talks), and the probability from
which on they are looked for."""
PLAIN = 0.8
"""Probability from which a part's own vote counts; a few seconds of a language next of kin stay under it."""
SHORTEST, LONGEST = 2.5, 5.5
"""Seconds of a part."""


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A stretch of a chunk in one language; ``clear`` where it is the whole chunk and every part of it is plainly in that language."""

    chunk: Chunk
    language: str
    clear: bool = False


def doubtful(languages: Mapping[str, float], main: str) -> bool:
    """Whether a chunk with this vote may hold another language than ``main``."""
    shadows = SHADOWS.get(main, frozenset())
    rivals = (p >= (SHADOW_RIVAL if code in shadows else RIVAL) for code, p in languages.items() if code != main)
    return languages.get(main, 0.0) < CLEAR and any(rivals)


def parts_of(chunk: Chunk) -> list[Span]:
    """``chunk`` cut into parts of :data:`SHORTEST` to :data:`LONGEST` seconds where the voice is weakest; all of it where it is shorter."""
    found: list[Span] = []
    at = 0.0
    while chunk.duration - at > LONGEST:
        cut = _weakest(chunk, at + SHORTEST, min(at + LONGEST, chunk.duration - SHORTEST))
        found.append(Span(at, cut))
        at = cut
    return [*found, Span(at, chunk.duration)]


def plain(vote: Mapping[str, float]) -> str:
    """The language a part is plainly in, empty where it is unsure."""
    best = max(sorted(vote), key=lambda code: vote[code], default="")
    return best if vote.get(best, 0.0) >= PLAIN else ""


def spoken_in(votes: Sequence[Mapping[str, float]], there: Collection[str]) -> list[str]:
    """The language of each part of a chunk from the parts' votes, in order; ``there`` are those that are spoken around."""
    sure = [plain(vote) for vote in votes]
    return [code or _between(sure, n, votes[n], there) for n, code in enumerate(sure)]


def _between(sure: Sequence[str], n: int, vote: Mapping[str, float], there: Collection[str]) -> str:
    """The language of a part that is unsure: what is right before and right after it, else the likeliest of those that are there."""
    if 0 < n < len(sure) - 1 and sure[n - 1] and sure[n - 1] == sure[n + 1]:
        return sure[n - 1]
    return max(sorted(there), key=lambda code: vote.get(code, 0.0))


def halved(chunk: Chunk, spans: Sequence[Span], votes: Sequence[Mapping[str, float]]) -> list[Span]:
    """``spans`` with those that are unsure, where the languages beside them differ, in two: somebody changes the language in them."""
    sure = [plain(vote) for vote in votes]
    found: list[Span] = []
    for n, span in enumerate(spans):
        beside = {code for code in (*sure[max(0, n - 1) : n], *sure[n + 1 : n + 2]) if code}
        changes = not sure[n] and (len(beside) > 1 or len(spans) in (n + 1, 1) or n == 0)
        found += _two(chunk, span) if changes and span.duration > SHORTEST else [span]
    return found


def _two(chunk: Chunk, span: Span) -> list[Span]:
    third = span.duration / 3
    cut = _weakest(chunk, span.start + third, span.end - third)
    return [Span(span.start, cut), Span(cut, span.end)]


def _weakest(chunk: Chunk, low: float, high: float) -> float:
    """The moment between two with the least voice."""
    step = chunk.voice_step
    smooth = np.convolve(chunk.voice, np.ones(5) / 5, mode="same") if len(chunk.voice) >= 5 else chunk.voice
    first, last = int(low / step), max(int(low / step) + 1, int(high / step))
    return float((first + int(np.argmin(smooth[first:last]))) * step)


def joined(
    chunk: Chunk, spans: Sequence[Span], codes: Sequence[str], votes: Sequence[Mapping[str, float]]
) -> list[Turn]:
    """Neighbouring parts of one language as one turn."""
    found: list[tuple[Span, str]] = []
    for span, code in zip(spans, codes, strict=True):
        if found and found[-1][1] == code:
            found[-1] = (Span(found[-1][0].start, span.end), code)
        else:
            found.append((span, code))
    if len(found) == 1:
        return [Turn(chunk, found[0][1], clear=all(map(plain, votes)))]
    return [Turn(chunk.part(span), code) for span, code in found]
