"""Nothing invented: rules on plain values that tell speech from what a recogniser dreams on music, noise and silence."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from typing import TypeVar

from pipeline.speech.sentences import Spoken, confidence
from pipeline.speech.values import Heard
from pipeline.text.languages.known import LANGUAGES, everywhere

T = TypeVar("T")
MOST_COMPRESSED = 2.4
"""Text that zlib shrinks more than this repeats itself (the recogniser's own published threshold)."""
LEAST_LIKELY = -1.0
"""Mean log probability under which a first hearing is not believed (published threshold)."""
NO_SPEECH = 0.6
"""Published threshold on the recogniser's own estimate that nobody speaks."""
HOPELESS, CERTAIN = -1.6, -0.8
BREATH = 0.6
TOGETHER = 0.7
"""Seconds between two hearings of a word."""
ISOLATED = 6.0
"""Seconds without another sentence on both sides that make one isolated."""

CREDITS = tuple(part for known in LANGUAGES.values() for part in known.credits)
"""Beginnings or parts of credits from subtitle files: nobody says them aloud."""
PHANTOMS = everywhere(lambda known: known.phantoms)
"""What the recogniser says when nobody speaks. People say these too, so they only fall when nothing supports them."""


def plain(text: str) -> str:
    """``text`` in lower case without accents and punctuation, words separated by single spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", bare).split())


def compression(text: str) -> float:
    """Length of ``text`` in UTF-8 over its zlib length; 0 for nothing."""
    raw = text.encode("utf-8")
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def loops(text: str) -> bool:
    """Whether ``text`` repeats itself as no speaker does."""
    words = plain(text).split()
    return compression(text) > MOST_COMPRESSED or len(without_loops(words)) < len(words)


def worth_another(heard: Heard) -> bool:
    """Whether a first hearing should be repeated with more care."""
    return bool(heard.words) and (heard.log_probability < LEAST_LIKELY or loops(heard.text))


def better(first: Heard, second: Heard) -> Heard:
    """Which of two hearings to believe: one that does not loop, then the likelier."""
    return max(first, second, key=lambda h: (bool(h.words), not loops(h.text), h.log_probability))


def believable(heard: Heard) -> bool:
    """Whether a hearing may be speech at all."""
    if heard.log_probability < HOPELESS:
        return False
    return not (heard.no_speech > NO_SPEECH and heard.log_probability < LEAST_LIKELY)


def certain(heard: Heard) -> bool:
    """Whether a hearing of a short stretch, where dreams are likelier, is good enough to add."""
    return heard.log_probability > CERTAIN and heard.no_speech < NO_SPEECH and not loops(heard.text)


def without_loops(items: Sequence[T]) -> list[T]:
    """``items`` with every phrase that is repeated too often in a row kept once.

    One word may follow itself up to four times ("no, no, no, no"), a phrase of two to eight words twice.
    """
    kept: list[T] = list(items)
    for size in range(1, 9):
        allowed = 4 if size == 1 else 2
        index = 0
        while index + size <= len(kept):
            phrase = kept[index : index + size]
            count = 1
            while kept[index + count * size : index + (count + 1) * size] == phrase:
                count += 1
            if count > allowed:
                del kept[index + size : index + count * size]
            index += 1
    return kept


def unlooped(words: Sequence[Spoken]) -> list[Spoken]:
    """:func:`without_loops` on spoken words, compared by their plain text; a chant with pauses between is no loop."""
    kept: list[Spoken] = []
    run: list[_Keyed] = []
    for spoken in words:
        if run and spoken.word.start - run[-1].spoken.word.end >= BREATH:
            kept += [k.spoken for k in without_loops(run)]
            run = []
        run.append(_Keyed(plain(spoken.word.text) or spoken.word.text, spoken))
    return kept + [k.spoken for k in without_loops(run)]


class _Keyed:
    """A word that equals another one with the same plain text."""

    def __init__(self, key: str, spoken: Spoken) -> None:
        self.key, self.spoken = key, spoken

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def genuine(groups: Sequence[tuple[Spoken, ...]]) -> list[tuple[Spoken, ...]]:
    """The sentences of ``groups`` that somebody said, in order."""
    return [g for n, g in enumerate(groups) if not _invented(g, _alone(groups, n))]


def _alone(groups: Sequence[tuple[Spoken, ...]], index: int) -> bool:
    own = groups[index]
    before = groups[index - 1][-1].word.end if index else float("-inf")
    after = groups[index + 1][0].word.start if index + 1 < len(groups) else float("inf")
    return own[0].word.start - before > ISOLATED and after - own[-1].word.end > ISOLATED


def _invented(group: tuple[Spoken, ...], alone: bool) -> bool:
    text = plain("".join(s.word.text for s in group))
    if not text:
        return True
    voice = sum(s.voice for s in group) / len(group)
    sure = confidence(group)
    if any(text.startswith(c) or f" {c}" in text for c in CREDITS):
        return len(text.split()) < 14
    if text in PHANTOMS:
        return voice < 0.5 or sure < 0.35 or (alone and (sure < 0.6 or voice < 0.75))
    return (voice < 0.3 and sure < 0.6) or sure < 0.12 or (alone and (sure < 0.25 or voice < 0.35))


def agreed(first: Sequence[Spoken], second: Sequence[Spoken], tolerance: float = TOGETHER) -> list[Spoken]:
    """The words of ``first`` that ``second``, another hearing of the same sound cut differently, has at about the same time.

    What is dreamt seldom comes twice; what is sung does.
    """
    others: dict[str, list[float]] = {}
    for spoken in second:
        others.setdefault(plain(spoken.word.text), []).append(spoken.word.start)
    return [s for s in first if any(abs(t - s.word.start) <= tolerance for t in others.get(plain(s.word.text), ()))]
