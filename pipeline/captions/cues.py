"""From words to cues: what is shown together, in lines of at most a width, for as long as it takes to read.

Cues break at the ends of sentences, at pauses and where two lines are full; they stay long enough to be read where the
next one leaves room. What is read as one ("25 %", "EE. UU.", "Sr. García") is not torn apart, and what is longer than a line is.
Times are those of the transcript; :mod:`pipeline.speech.clock` moves it onto the clock of an edited result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from pipeline.speech.clock import words_of
from pipeline.text.abbreviations import bound, ends_sentence
from pipeline.text.languages.known import language_of
from pipeline.values import Sentence, Transcript, Word

LINE_CHARS = 42
"""Columns a line (EBU and streaming services' guides: 37 to 42); a Chinese character takes two."""
MAX_LINES = 2
READING_SPEED = 17.0
"""Characters a second an adult reads comfortably."""
PAUSE = 0.6
SHORTEST, LONGEST = 0.8, 6.0
"""Seconds a cue is shown."""
GAP = 0.04
"""Seconds without a cue that make a change visible."""
UNITS = re.compile(
    r"(?:[%‰°º€$£¥₹₽₩]|°[CFcf]|(?:k|c|m|d)?m[²³]?|k?g|mg|t|[mcd]?l|h|min|seg|s|ms|[kKMGT]?[BWV]|[kMG]?Hz|EUR|USD|MXN)[,;:.!?…)]*"
)
MONEY = re.compile(r"[$€£¥₹₽₩]|US\$|R\$")
OPENERS = frozenset(["¿", "¡", "«", "(", "[", "“", "‘", "-", "–", "—"])
SIGNS = re.compile(r"(?![-–—])[^\w\s]+")
BREAKABLE = "/-_.?&=,:;"
"""Signs after which a long word may go on in the next line."""

Unit = tuple[Word, ...]
"""Words that stay together; each has its leading space, if one is written before it."""


@dataclass(frozen=True, slots=True)
class CaptionCue:
    """``rows`` are the words of each line, each with its leading space if it has one, shown from ``start`` to ``end``."""

    start: float
    end: float
    rows: tuple[tuple[Word, ...], ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line."""
        return tuple(_text(row) for row in self.rows)

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(chain.from_iterable(self.rows))


Measure = Callable[[str], float]
"""The width of a line, in the unit of the limit it is compared with."""


def columns(text: str) -> float:
    """The width of a line in columns of a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return float(len(text) + wide)


def cues(
    transcript: Transcript, *, measure: Measure = columns, limit: float = LINE_CHARS, longest: float = LONGEST,
    most_words: int = 0, torn_from: float = 1.0,
) -> list[CaptionCue]:  # fmt: skip
    """The transcript in cues of at most two lines no wider than ``limit`` by ``measure``; in order, not overlapping.

    ``longest`` is in seconds, ``most_words`` 0 where two lines may hold as many as fit. A word wider than ``torn_from`` lines is torn;
    one that is not is alone in its line, and whoever draws it makes it smaller.
    """
    room = Room(measure, limit, longest, most_words)
    groups = [
        group
        for sentence in transcript.sentences
        for group in _groups(units(sentence, transcript.language, measure, limit, torn_from), room)
    ]
    groups.sort(key=lambda g: g[0][0].start)
    found: list[CaptionCue] = []
    for number, group in enumerate(groups):
        rows = _rows(group, measure, limit)
        first, last = group[0][0].start, group[-1][-1].end
        following = groups[number + 1][0][0].start if number + 1 < len(groups) else max(transcript.duration, last)
        start = max(first, found[-1].end if found else 0.0, 0.0)
        needed = max(SHORTEST, sum(columns(_text(row)) for row in rows) / READING_SPEED)
        end = max(min(max(last, start + needed), following - GAP), min(last, following), start + 0.05)
        found.append(CaptionCue(start, end, rows))
    return found


def wrapped(text: str, language: str, measure: Measure, limit: float) -> tuple[str, ...]:
    """``text`` in as few lines no wider than ``limit`` as the words allow."""
    rows: list[list[Unit]] = [[]]
    for unit in units(Sentence(0.0, 1.0, text), language, measure, limit):
        if rows[-1] and measure(_text(chain(*rows[-1], unit))) > limit:
            rows.append([])
        rows[-1].append(unit)
    return tuple(_text(chain(*row)) for row in rows if row)


def units(sentence: Sentence, language: str, measure: Measure, limit: float, torn_from: float = 1.0) -> list[Unit]:
    """The words of a sentence as they may be parted, none wider than ``torn_from`` times ``limit``."""
    gap = language_of(language).gap
    found: list[Unit] = []
    for word in words_of(sentence, language):
        spaced = replace(word, text=gap + word.text)
        joins = bool(found) and _together(found[-1][-1].text.strip(), word.text)
        if joins and measure(_text((*found[-1], spaced))) <= limit:
            found[-1] = (*found[-1], spaced)
        elif measure(word.text) > torn_from * limit:
            found += [(piece,) for piece in _torn(spaced, measure, limit)]
        else:
            found.append((spaced,))
    return found


def _together(before: str, word: str) -> bool:
    """Whether neither a line nor a cue may end between two words."""
    return bool(
        (before[-1:].isdigit() and UNITS.fullmatch(word))
        or (re.fullmatch(r"\d{1,3}", before) and re.fullmatch(r"\d{3}\W*", word))
        or (MONEY.fullmatch(before) and word[:1].isdigit())
        or before in OPENERS
        or SIGNS.fullmatch(word)
        or bound(before, word)
    )


def _torn(word: Word, measure: Measure, limit: float) -> Iterator[Word]:
    """A word wider than a line in pieces that fit, each with its share of the time."""
    text, at = word.text, 0
    length = (word.end - word.start) / len(text)
    while at < len(text):
        end = _fitting(text, at, measure, limit)
        yield replace(word, start=word.start + at * length, end=word.start + end * length, text=text[at:end])
        at = end


def _fitting(text: str, at: int, measure: Measure, limit: float) -> int:
    """Where the longest piece of ``text`` from ``at`` on that fits ends: after a sign in its later half, never inside a letter."""
    end = at + 1
    while end < len(text) and measure(text[at : end + 1].strip()) <= limit:
        end += 1
    if end == len(text):
        return end
    signs = [n for n in range(at + (end - at + 1) // 2, end + 1) if text[n - 1] in BREAKABLE]
    end = signs[-1] if signs else end
    while end > at + 1 and (
        unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d"
    ):
        end -= 1
    return end


def _text(words: Sequence[Word] | chain[Word]) -> str:
    return "".join(w.text for w in words).strip()


@dataclass(frozen=True, slots=True)
class Room:
    """What a cue may hold: lines no wider than ``limit`` by ``measure``, ``longest`` seconds, ``most_words`` (0: any number)."""

    measure: Measure
    limit: float
    longest: float
    most_words: int = 0


def _groups(found: Sequence[Unit], room: Room) -> Iterator[list[Unit]]:
    group: list[Unit] = []
    for unit in found:
        if group and (_parts(group[-1][-1], unit[0]) or _full([*group, unit], room)):
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _parts(before: Word, after: Word) -> bool:
    """Whether a cue ends between two words whatever room there is."""
    pause = after.start - before.end
    glued = after.text[:1].isalnum() and after.text.isascii()
    return pause > PAUSE or (not glued and ends_sentence(before.text, after.text, pause))


def _full(group: Sequence[Unit], room: Room) -> bool:
    if group[-1][-1].end - group[0][0].start > room.longest:
        return True
    if room.most_words and sum(len(unit) for unit in group) > room.most_words:
        return True
    n, line = 1, ""
    for unit in group:
        longer = line + "".join(w.text for w in unit)
        if line and room.measure(longer.strip()) > room.limit:
            n, line = n + 1, "".join(w.text for w in unit)
        else:
            line = longer
    return n > MAX_LINES


def _rows(group: Sequence[Unit], measure: Measure, limit: float) -> tuple[tuple[Word, ...], ...]:
    """One line where it fits, else the break that leaves the two most alike, after punctuation when close."""
    whole = tuple(chain.from_iterable(group))
    if measure(_text(whole)) <= limit or len(group) == 1:
        return (whole,)
    options = []
    for i in range(1, len(group)):
        first, second = _text(chain(*group[:i])), _text(chain(*group[i:]))
        wide = max(measure(first), measure(second))
        bonus = 0.85 if first.endswith((",", ";", ":", "،", "、")) else 1.0
        options.append((wide * bonus if wide <= limit else wide * 10, i))
    cut = min(options)[1]
    return tuple(chain.from_iterable(group[:cut])), tuple(chain.from_iterable(group[cut:]))
