"""From words to cues: what is shown together, in lines of at most a width, for as long as it takes to read.

Cues break at the ends of sentences, at pauses and where two lines are full; they stay long enough to be read where the
next one leaves room. Times are those of the transcript; :mod:`pipeline.speech.clock` moves it onto the clock of an edited result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.speech.clock import joined, words_of
from pipeline.text.languages.known import language_of
from pipeline.values import Transcript, Word

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


def cues(
    transcript: Transcript, *, measure: Measure = len, limit: float = LINE_CHARS, longest: float = LONGEST
) -> list[Cue]:
    """The transcript in cues of at most two lines no wider than ``limit`` by ``measure``; in order, not overlapping."""
    groups = [
        group
        for sentence in transcript.sentences
        for group in _groups(words_of(sentence, transcript.language), transcript.language, measure, limit, longest)
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
    gap = language_of(language).gap
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
    whole = joined(words, language)
    if measure(whole) <= limit or len(words) == 1:
        return (whole,)
    options = []
    for i in range(1, len(words)):
        first, second = joined(words[:i], language), joined(words[i:], language)
        wide = max(measure(first), measure(second))
        bonus = 0.85 if first.endswith((",", ";", ":", "،", "、")) else 1.0
        options.append((wide * bonus if wide <= limit else wide * 10, i))
    cut = min(options)[1]
    return joined(words[:cut], language), joined(words[cut:], language)
