"""Names that a recogniser is told of before it listens: what is put before its text, and what of the answer is believed. Pure.

A prompt makes Whisper spell what it hears like the prompt, and may make it write the prompt where nobody says it. So a chunk is heard
without one first, as always; only where some words of that sound like a name it is heard a second time, with the names, and only words
that stand for something alike in the first hearing are taken from the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from pipeline.speech.guards import plain
from pipeline.speech.values import HeardWord
from pipeline.written.spelling import LONGEST, SHORTEST, sounded

MOST_TOKENS = 200
"""Tokens of a prompt: with the start of a text, its longest (224) and its end they stay within Whisper's 448."""
MOST_GIVEN = 220
"""Tokens of a text that is known: Whisper's own texts have at most 224."""
ROUGH, ROUGH_SHORT = 0.5, 0.75
"""How alike letters must sound (share of them in common) where two hearings are of one sound; of names under
:data:`pipeline.written.spelling.SHORTEST` letters, which are alike by chance."""
BESIDE = 2
"""Words beside a name that may change with it."""


def prompt(encode: Callable[[str], Sequence[int]], names: Sequence[str]) -> tuple[int, ...]:
    """Tokens that tell a recogniser of ``names``: as many of the first as fit."""
    for n in range(len(names), 0, -1):
        tokens = tuple(encode(" " + ", ".join(names[:n]).replace("<|", "")))  # no control tokens
        if len(tokens) <= MOST_TOKENS:
            return tokens
    return ()


def given(encode: Callable[[str], Sequence[int]], text: str) -> list[int]:
    """Tokens of a text that is known, as many of the first as Whisper writes at most."""
    plain = " ".join(text.replace("<|", "").split())
    return list(encode(f" {plain}"))[:MOST_GIVEN] if plain else []


def suspected(words: Sequence[HeardWord], names: Sequence[str]) -> tuple[str, ...]:
    """Those of ``names`` that some of ``words`` sound like without being written so."""
    right = _places([plain(w.text) for w in words], names)
    runs = [sounded(text) for text in _runs(words, right)]
    return tuple(name for name in names if any(_alike(run, sounded(name)) for run in runs))


def _runs(words: Sequence[HeardWord], without: set[int]) -> Iterator[str]:
    for at in range(len(words)):
        for end in range(at + 1, min(at + LONGEST, len(words)) + 1):
            if without.isdisjoint(range(at, end)):
                yield "".join(w.text for w in words[at:end])


def _alike(heard: str, name: str) -> bool:
    if not heard or not name or abs(len(heard) - len(name)) > max(2, len(name) // 2):
        return False
    enough = ROUGH if min(len(heard), len(name)) >= SHORTEST else ROUGH_SHORT
    match = SequenceMatcher(None, heard, name, autojunk=False)
    return match.quick_ratio() >= enough and match.ratio() >= enough


def named(first: Sequence[HeardWord], second: Sequence[HeardWord], names: Sequence[str]) -> tuple[HeardWord, ...]:
    """``first`` with every word that ``second``, a hearing of the same sound with ``names``, has a name for, written so at the same time;
    a name for which the first hearing has nothing alike is not taken."""
    ours, theirs = ([plain(w.text) for w in words] for words in (first, second))
    places = _places(theirs, names)
    found: list[HeardWord] = []
    for what, low, high, start, end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        held = sum(n in places for n in range(start, end))
        if (
            what == "replace"
            and held
            and end - start - held <= BESIDE
            and _same_sound(first[low:high], second[start:end])
        ):
            found += _in_place_of(first[low:high], second[start:end])
        else:
            found += first[low:high]
    return tuple(found)


def _places(words: Sequence[str], names: Sequence[str]) -> set[int]:
    """Numbers of the words that belong to a name."""
    found: set[int] = set()
    for parts in (plain(name).split() for name in names):
        for at in range(len(words) - len(parts) + 1):
            if parts and list(words[at : at + len(parts)]) == parts:
                found.update(range(at, at + len(parts)))
    return found


def _same_sound(first: Sequence[HeardWord], second: Sequence[HeardWord]) -> bool:
    return _alike(*(sounded("".join(w.text for w in words)) for words in (first, second)))


def _in_place_of(first: Sequence[HeardWord], second: Sequence[HeardWord]) -> Iterator[HeardWord]:
    """``second`` with its times brought into those of ``first``, so that nothing overlaps its neighbours."""
    low, high = first[0].start, first[-1].end
    begin, length = second[0].start, second[-1].end - second[0].start
    scale = (high - low) / length if length > 0 else 0.0
    for word in second:
        yield replace(word, start=low + (word.start - begin) * scale, end=low + (word.end - begin) * scale)
