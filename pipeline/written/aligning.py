"""Words of written lines timed by the recogniser: it is told the text of a few lines and says when it hears each word of them.

Lines that follow each other are read together, for a word at the edge of a sound is the least sure. What lies far from its line, or is
not heard as written, keeps the times of :mod:`pipeline.written.placing`. Sound passes by as a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray

from pipeline.speech.values import RATE, Chunk, ChunkPiece, HeardWord
from pipeline.speech.voice import windows_of
from pipeline.speech.word_times import on_file_clock
from pipeline.text.languages.known import language_of
from pipeline.values import Audio, Span, Word
from pipeline.written.placing import STEP, VOICED, pieces_of
from pipeline.written.reading import Line

Aligner = Callable[[Sequence[Chunk], Sequence[str], str], list[tuple[HeardWord, ...]]]
"""The words of texts, one a chunk in a language, with their times in it."""

AROUND = 0.4
"""Seconds of sound before the first line and after the last of those that are read together."""
LONGEST, GAP = 26.0, 2.0
"""Seconds that are read together, and between two lines that are."""
MOST_LETTERS = {" ": 500, "": 140}
"""Letters that are read together where words have spaces and where not: Whisper's tokens of the widest scripts are a letter's half."""
MARGIN = 0.5
"""Seconds that a word may lie outside its line."""
SURE = 0.25
"""Mean probability of a line's words from which it is heard as written."""
BATCH = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines from number ``first`` on that are read together in the seconds ``span``."""

    first: int
    lines: tuple[Line, ...]
    span: Span

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


def readings(lines: Sequence[Line], language: str) -> list[Reading]:
    """``lines`` in groups that a recogniser reads at once; lines longer than it hears are left out."""
    most = MOST_LETTERS[language_of(language).gap]
    groups: list[list[int]] = []
    for number, line in enumerate(lines):
        if line.end - line.start > LONGEST or len(line.text) > most:
            continue
        last = [lines[n] for n in groups[-1]] if groups else []
        near = bool(last) and groups[-1][-1] == number - 1 and line.start - last[-1].end <= GAP
        if near and line.end - last[0].start <= LONGEST and sum(len(x.text) for x in last) + len(line.text) <= most:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [_reading(lines, group) for group in groups]


def _reading(lines: Sequence[Line], group: Sequence[int]) -> Reading:
    chosen = tuple(lines[n] for n in group)
    return Reading(group[0], chosen, Span(max(0.0, chosen[0].start - AROUND), chosen[-1].end + AROUND))


def heard_chunks(blocks: Iterable[Audio], found: Sequence[Reading], voice: NDArray[np.float32]) -> Iterator[Chunk]:
    """The sound of each reading, in order; of what lies after the end of ``blocks`` an empty one."""
    tape, begun = np.zeros(0, np.float32), 0.0
    coming = windows_of(blocks)
    more = True
    for reading in found:
        while more and begun + len(tape) / RATE < reading.span.end:
            time, samples = next(coming, (0.0, None))
            more = samples is not None
            if samples is not None:
                begun = time if not len(tape) else begun
                tape = np.concatenate([tape, samples])
        drop = max(0, min(len(tape), round((reading.span.start - begun) * RATE)))
        tape, begun = tape[drop:], begun + drop / RATE
        samples = tape[: max(0, round((reading.span.end - begun) * RATE))]
        low = int(begun / STEP)
        heard = voice[low : low + int(np.ceil(len(samples) / RATE / STEP)) + 1]
        yield Chunk(samples.copy(), (ChunkPiece(0.0, begun, len(samples) / RATE),), heard, STEP)


def aligned(
    lines: Sequence[Line], blocks: Iterable[Audio], voice: NDArray[np.float32], language: str, align: Aligner
) -> dict[int, list[Word]]:
    """The words of those lines (by number) that are heard as they are written, in the order of the text."""
    out: dict[int, list[Word]] = {}
    found = readings(lines, language)
    pairs = zip(found, heard_chunks(blocks, found, voice), strict=True)
    spoken = ((r, c) for r, c in pairs if c.duration >= 0.2 and (c.voice >= VOICED).any())
    while batch := list(islice(spoken, BATCH)):
        times = align([chunk for _, chunk in batch], [reading.text for reading, _ in batch], language)
        for (reading, chunk), words in zip(batch, times, strict=True):
            out |= _believed(reading, on_file_clock(words, chunk), language)
    return out


def _believed(reading: Reading, heard: Sequence[Word], language: str) -> dict[int, list[Word]]:
    """The lines of a reading whose words are heard, near their line."""
    texts = [pieces_of(line.text, language) for line in reading.lines]
    timed = on_pieces([piece for text in texts for piece in text], heard)
    gap, at, out = language_of(language).gap, 0, {}
    for number, (line, text) in enumerate(zip(reading.lines, texts, strict=True), reading.first):
        own, at = timed[at : at + len(text)], at + len(text)
        words = [replace(w, text=gap + piece) for w, piece in zip(own, text, strict=True) if w is not None]
        near = [w for w in words if line.start - MARGIN <= w.start and w.end <= line.end + MARGIN]
        if words and len(near) == len(text) and float(np.mean([w.probability for w in words])) >= SURE:
            out[number] = words
    return out


def on_pieces(pieces: Sequence[str], heard: Sequence[Word]) -> list[Word | None]:
    """The times of ``pieces`` of a text by those of the words ``heard``, the same text in other pieces; ``None`` where the texts part.

    A piece begins with its first letter and ends with its last; letters of one heard word share its time evenly.
    """
    clock = [
        (letter, w.start + (w.end - w.start) * n / len(plain), w.start + (w.end - w.start) * (n + 1) / len(plain), w)
        for w in heard
        if (plain := "".join(w.text.split()))
        for n, letter in enumerate(plain)
    ]
    out: list[Word | None] = []
    at = 0
    for piece in pieces:
        own = clock[at : at + len(piece)]
        at += len(piece)
        if "".join(letter for letter, *_ in own) != piece:
            out += [None] * (len(pieces) - len(out))
            break
        sure = [w.probability for w, _ in groupby(entry[3] for entry in own)]
        out.append(Word(round(own[0][1], 3), round(own[-1][2], 3), piece, float(np.mean(sure))))
    return out
