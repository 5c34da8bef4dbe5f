"""Speech on another clock: the one place where what is said is cut and moved.

A word belongs to a stretch when its middle does; sentences lose the words outside it, and nothing reaches over its edges.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.text.languages.known import language_of
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript, Word


def through(timeline: Timeline, transcripts: Mapping[str, Transcript]) -> Transcript:
    """What is said in the result of ``timeline``, on its clock; ``transcripts`` by source."""
    found: list[Sentence] = []
    for cut in sorted(timeline.cuts, key=lambda c: c.at):
        if cut.source in transcripts:
            found += _heard_in(cut, transcripts[cut.source])
    first = next((transcripts[c.source] for c in timeline.cuts if c.source in transcripts), Transcript("", 0.0))
    return replace(first, duration=timeline.duration, sentences=tuple(sorted(found, key=lambda s: s.start)))


def between(transcript: Transcript, span: Span) -> Transcript:
    """What is said in ``span``, on the clock it was on."""
    return replace(transcript, sentences=tuple(_heard_in(Cut("", span, span.start), transcript)))


def moved(transcript: Transcript, span: Span, at: float = 0.0) -> Transcript:
    """What is said in ``span``, on a clock that shows ``at`` when it begins."""
    heard = tuple(_heard_in(Cut("", span, at), transcript))
    return replace(transcript, duration=at + span.duration, sentences=heard)


def _heard_in(cut: Cut, transcript: Transcript) -> list[Sentence]:
    kept = (_kept(sentence, cut, transcript.language) for sentence in transcript.sentences)
    return [sentence for sentence in kept if sentence is not None]


def _kept(sentence: Sentence, cut: Cut, language: str) -> Sentence | None:
    everything = words_of(sentence, language)
    inside = [w for w in everything if cut.span.contains((w.start + w.end) / 2)]
    if not inside:
        return None
    words = tuple(replace(w, start=_moved(w.start, cut), end=_moved(w.end, cut)) for w in inside)
    text = sentence.text if len(words) == len(everything) else joined(words, language)
    return replace(sentence, start=words[0].start, end=words[-1].end, text=text, words=words)


def _moved(time: float, cut: Cut) -> float:
    return cut.at + (min(max(time, cut.span.start), cut.span.end) - cut.span.start) * cut.rate


def words_of(sentence: Sentence, language: str) -> tuple[Word, ...]:
    """The sentence's words with clean text; made up from the length of each where there are no times."""
    if sentence.words:
        return tuple(replace(w, text=clean(w.text)) for w in sentence.words if clean(w.text))
    text = clean(sentence.text)
    pieces = text.split(" ") if language_of(language).spaced else list(text)
    pieces = [p for p in pieces if p.strip()]
    total = sum(len(p) + 1 for p in pieces)
    found, at = [], 0
    for piece in pieces:
        length = sentence.end - sentence.start
        start, at = at, at + len(piece) + 1
        found.append(Word(sentence.start + length * start / total, sentence.start + length * at / total, piece))
    return tuple(found)


def clean(text: str) -> str:
    """One line without control characters."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x08\x0e-\x1f\x7f\u2028\u2029]", " ", text)).strip()


def joined(words: Sequence[Word], language: str) -> str:
    """The words as ``language`` writes them one after the other."""
    return language_of(language).gap.join(w.text for w in words)
