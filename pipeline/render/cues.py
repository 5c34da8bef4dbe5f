"""From words to cues: what is shown together, in lines of at most a width, for as long as it takes to read.

Cues break at the ends of sentences, at pauses and where two lines are full; they stay long enough to be read where the
next one leaves room. Times are those of the transcript: :func:`through` moves it onto the clock of an edited result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.values import Cut, Sentence, Timeline, Transcript, Word

LINE_CHARS = 42
"""Characters a line (EBU and streaming services' guides: 37 to 42)."""
MAX_LINES = 2
READING_SPEED = 17.0
"""Characters a second an adult reads comfortably."""
PAUSE = 0.6
SHORTEST, LONGEST = 0.8, 6.0
"""Seconds a cue is shown."""
GAP = 0.04
"""Seconds without a cue that make a change visible."""
UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my", "yue"})
STOPS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")


@dataclass(frozen=True, slots=True)
class Cue:
    """``lines`` are shown from ``start`` to ``end``; ``words`` are the words in them, in order."""

    start: float
    end: float
    lines: tuple[str, ...]
    words: tuple[Word, ...] = ()


Measure = Callable[[str], float]
"""The width of a line, in the unit of the limit it is compared with."""


def through(timeline: Timeline, transcripts: Mapping[str, Transcript]) -> Transcript:
    """What is said in the result of ``timeline``, on its clock; ``transcripts`` by source.

    A word belongs to a cut when its middle does; sentences lose the words that were cut away.
    """
    found: list[Sentence] = []
    for cut in sorted(timeline.cuts, key=lambda c: c.at):
        spoken = transcripts.get(cut.source)
        for sentence in spoken.sentences if spoken else ():
            kept = _kept(sentence, cut, spoken.language if spoken else "")
            if kept:
                found.append(kept)
    first = next((transcripts[c.source] for c in timeline.cuts if c.source in transcripts), Transcript("", 0.0))
    return replace(first, duration=timeline.duration, sentences=tuple(sorted(found, key=lambda s: s.start)))


def _kept(sentence: Sentence, cut: Cut, language: str) -> Sentence | None:
    words = tuple(
        replace(w, start=_moved(w.start, cut), end=_moved(w.end, cut))
        for w in _words(sentence, language)
        if cut.span.contains((w.start + w.end) / 2)
    )
    if not words:
        return None
    text = sentence.text if len(words) == len(_words(sentence, language)) else _joined(words, language)
    return replace(sentence, start=words[0].start, end=words[-1].end, text=text, words=words)


def _moved(time: float, cut: Cut) -> float:
    return cut.at + (min(max(time, cut.span.start), cut.span.end) - cut.span.start) * cut.rate


def _words(sentence: Sentence, language: str) -> tuple[Word, ...]:
    """The sentence's words with clean text; made up from the length of each where there are no times."""
    if sentence.words:
        return tuple(replace(w, text=clean(w.text)) for w in sentence.words if clean(w.text))
    text = clean(sentence.text)
    pieces = list(text) if language in UNSPACED else text.split(" ")
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


def _joined(words: Sequence[Word], language: str) -> str:
    return ("" if language in UNSPACED else " ").join(w.text for w in words)


def cues(
    transcript: Transcript, *, measure: Measure = len, limit: float = LINE_CHARS, longest: float = LONGEST
) -> list[Cue]:
    """The transcript in cues of at most two lines no wider than ``limit`` by ``measure``; in order, not overlapping."""
    groups = [
        group
        for sentence in transcript.sentences
        for group in _groups(_words(sentence, transcript.language), transcript.language, measure, limit, longest)
    ]
    groups.sort(key=lambda g: g[0].start)
    found: list[Cue] = []
    for number, group in enumerate(groups):
        lines = _lines(group, transcript.language, measure, limit)
        following = groups[number + 1][0].start if number + 1 < len(groups) else max(transcript.duration, group[-1].end)
        start = max(group[0].start, found[-1].end if found else 0.0, 0.0)
        needed = max(SHORTEST, sum(map(len, lines)) / READING_SPEED)
        end = max(min(max(group[-1].end, start + needed), following - GAP), min(group[-1].end, following), start + 0.05)
        found.append(Cue(start, end, lines, tuple(group)))
    return found


def _groups(
    words: Sequence[Word], language: str, measure: Measure, limit: float, longest: float
) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and (
            word.start - group[-1].end > PAUSE
            or word.end - group[0].start > longest
            or group[-1].text.endswith(STOPS)
            or _lines_needed([*group, word], language, measure, limit) > MAX_LINES
        ):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _lines_needed(words: Sequence[Word], language: str, measure: Measure, limit: float) -> int:
    gap = "" if language in UNSPACED else " "
    n, line = 1, ""
    for word in words:
        longer = line + gap + word.text if line else word.text
        if line and measure(longer) > limit:
            n, line = n + 1, word.text
        else:
            line = longer
    return n


def _lines(words: Sequence[Word], language: str, measure: Measure, limit: float) -> tuple[str, ...]:
    """One line where it fits, else the break that leaves the two most alike, after punctuation when close."""
    whole = _joined(words, language)
    if measure(whole) <= limit or len(words) == 1:
        return (whole,)
    options = []
    for i in range(1, len(words)):
        first, second = _joined(words[:i], language), _joined(words[i:], language)
        wide = max(measure(first), measure(second))
        bonus = 0.85 if first.endswith((",", ";", ":", "،", "、")) else 1.0
        options.append((wide * bonus if wide <= limit else wide * 10, i))
    cut = min(options)[1]
    return _joined(words[:cut], language), _joined(words[cut:], language)
