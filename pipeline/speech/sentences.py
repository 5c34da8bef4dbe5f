"""Words to sentences: at the end of a sentence, at a pause, and where one grows too long to read or to cut."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.text.abbreviations import ends_sentence
from pipeline.values import Sentence, Word

PAUSE = 0.9
"""A silence that ends a phrase even without punctuation, seconds."""
LONGEST = 14.0
MOST_WORDS = 36
SOFT = re.compile(r"[,;:，、；：—–]+[\"'”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word on the file's clock (text with its leading space) and how sure the recogniser was of its surroundings.

    ``log_probability`` and ``no_speech`` are those of the stretch it was heard in, ``voice`` the mean probability of
    speech while it lasts.
    """

    word: Word
    log_probability: float = 0.0
    no_speech: float = 0.0
    voice: float = 1.0


def sentences(words: Sequence[Spoken]) -> list[tuple[Spoken, ...]]:
    """``words`` in order, grouped into sentences."""
    groups: list[list[Spoken]] = []
    for index, spoken in enumerate(words):
        if index == 0 or _ends(words[index - 1], spoken):
            groups.append([])
        groups[-1].append(spoken)
    return [part for group in groups for part in _readable(tuple(group))]


def _ends(before: Spoken, after: Spoken) -> bool:
    if after.word.start - before.word.end >= PAUSE:
        return True
    following = after.word.text
    if not ends_sentence(before.word.text, following, after.word.start - before.word.end):
        return False
    # "2.5" and "www.x.y" arrive without a space; so does all of Chinese.
    return following[:1].isspace() or _written_without_spaces(following.strip())


def _written_without_spaces(text: str) -> bool:
    return bool(text) and ord(text[0]) > 0x2E7F


def _readable(group: tuple[Spoken, ...]) -> list[tuple[Spoken, ...]]:
    """``group`` in parts that are short enough, each cut at its best place."""
    if len(group) < 4 or (group[-1].word.end - group[0].word.start <= LONGEST and len(group) <= MOST_WORDS):
        return [group]
    cut = max(range(1, len(group)), key=lambda n: (_merit(group, n), -abs(2 * n - len(group))))
    return _readable(group[:cut]) + _readable(group[cut:])


def _merit(group: tuple[Spoken, ...], cut: int) -> float:
    """How good a place ``cut`` is: a pause, a comma, not too near either end."""
    before, after = group[cut - 1].word, group[cut].word
    pause = min(max(after.start - before.end, 0.0), 1.0)
    comma = 0.4 if SOFT.search(before.text.strip()) else 0.0
    balance = min(cut, len(group) - cut) / len(group)
    return pause + comma + balance


def to_sentence(group: Sequence[Spoken]) -> Sentence:
    """The sentence of ``group``, which is not empty; words lose their outer spaces.

    Confidence is the geometric mean of the words' mean probability and the text's own (``exp`` of its mean log
    probability), times the chance that somebody speaks at all: the larger of what the detector and the recogniser think.
    """
    text = "".join(s.word.text for s in group).strip()
    words = tuple(Word(s.word.start, s.word.end, s.word.text.strip(), round(s.word.probability, 4)) for s in group)
    return Sentence(words[0].start, words[-1].end, text, words, round(confidence(group), 4))


def confidence(group: Sequence[Spoken]) -> float:
    """See :func:`to_sentence`; in [0, 1]."""
    probability = sum(s.word.probability for s in group) / len(group)
    text = math.exp(min(0.0, sum(s.log_probability for s in group) / len(group)))
    silent = sum(s.no_speech for s in group) / len(group)
    voice = sum(s.voice for s in group) / len(group)
    return min(1.0, math.sqrt(max(0.0, probability * text)) * max(1.0 - silent, voice))
