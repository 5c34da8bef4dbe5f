"""Fillers and repeated starts by their words. A word that can also mean something only counts where it is set apart.

"Este libro", "es bueno" and "I mean it" stay; "este… yo creo" and "es, bueno, difícil" lose what says nothing. What stands alone or
answers a question stays, as does what is repeated on purpose ("no, no", "muy muy").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pipeline.text.languages.known import language_of
from pipeline.text.languages.values import Language
from pipeline.values import Word

APART, PAUSE = 0.12, 0.2
"""Seconds of silence that set a word apart; those a demonstrative or a comparison needs, which a comma does not make a filler."""
LONGEST_PHRASE = 3
LONGEST_START, RESTART = 4, 5
"""Words of a start that is said twice; words of a sentence that is given up and begun again."""
LONGEST_QUESTION, OPENING = 12, 3
"""Words before an answer among which one that asks is looked for; it opens its sentence ("quieres saber qué…"): later on it only
belongs to what is told ("nadie entendía por qué…")."""
DOUBTED, ALIKE, SHORTEST_MISHEARD = 0.7, 0.85, 4
"""Mean probability under which words may be a filler misheard, how alike they must sound to it, and its letters."""
GUESSED, ROUGHLY = 0.5, 0.8
"""Probability under which every one of the words is a guess ("Es deud" for "este"), and how alike is then enough."""
CONFUSED = str.maketrans("dbgvzu", "tpkpso")
"""Letters that a recogniser confuses where no sentence helps it: "es del" is "este", "usea" is "o sea"."""
CLAUSE = frozenset({"que", "that"})
"""A word before which a recogniser writes a comma where nobody pauses: "o sea que vienes" says "so you come"."""
SEPARATOR = re.compile(r"[,;:…—–-]+[\"'”’»)\]]*$|\.\.\.[\"'”’»)\]]*$")
TERMINAL = re.compile(r"(?:[!?]|(?<!\.)\.)[\"'”’»)\]]*$")
"""What ends a sentence for good: three points do not, and a pause alone does not either."""
BROKEN = re.compile(r"[-–—…]+$|\.\.\.$")


@dataclass(frozen=True, slots=True)
class Passage:
    """Words ``first``…``last`` (inclusive) of a talk that say nothing."""

    first: int
    last: int


def bare(text: str) -> str:
    """A word in lower case without accents and signs; what is drawn out ("eeeh", "mmm") as if it were short."""
    plain = "".join(
        c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c) or c == "\u0303"
    )
    return "".join(c for c in unicodedata.normalize("NFC", plain) if c.isalnum() or c in "'’").replace("’", "'")


def short_of(word: str) -> str:
    """A word with each letter once where it is drawn out."""
    return re.sub(r"(.)\1+", r"\1", word)


def likeness(heard: str, meant: str) -> float:
    """How alike two texts sound in [0, 1]; both without spaces, as :func:`bare` writes them."""
    return SequenceMatcher(None, heard.translate(CONFUSED), meant.translate(CONFUSED), autojunk=False).ratio()


class Wording:
    """The words of a talk with what stands between them."""

    def __init__(self, words: Sequence[Word], ends: Sequence[bool], language: str) -> None:
        self.words, self.ends = words, ends
        self.known: Language = language_of(language)
        self.plain = [bare(w.text) for w in words]
        known = self.known
        self.small = known.starts | known.connectors | known.anaphora | known.dangling | known.address

    def fillers(self) -> Iterator[Passage]:
        """What fills a pause, in order."""
        at = 0
        while at < len(self.words):
            length = self._filler(at)
            if length:
                yield Passage(at, at + length - 1)
            at += max(1, length)

    def repeats(self) -> Iterator[Passage]:
        """What is begun once more: the first attempt, in order."""
        at = 0
        while at < len(self.words):
            length = self._repeated(at) or self._given_up(at)
            if length:
                yield Passage(at, at + length - 1)
            at += max(1, length)

    def _filler(self, at: int) -> int:
        """How many words from ``at`` on are a filler, 0 for none."""
        if short_of(self.plain[at]) in self.known.hesitations:
            return 0 if "?" in self.words[at].text or self._answers(at, at) else 1
        for length in range(min(LONGEST_PHRASE, len(self.words) - at), 0, -1):
            phrase, last = " ".join(self.plain[at : at + length]), at + length - 1
            if phrase in self.known.padding and self._apart(at, last, APART, commas=True):
                return length
            if self._misheard(at, last):
                return length
            if phrase in self.known.hesitant and self._apart(at, last, PAUSE, commas=False):
                return length
        return 0

    def _misheard(self, first: int, last: int) -> bool:
        """Whether words that stand alone between pauses, and of which the recogniser is not sure, are a filler but for a letter or two."""
        words = self.words[first : last + 1]
        alone = (
            (first == 0 or self._gap(first - 1) >= PAUSE) and self._gap(last) >= PAUSE and last + 1 < len(self.words)
        )
        torn = any(self.ends[i] or self._gap(i) > APART for i in range(first, last))
        if (
            not alone
            or torn
            or self._after_question(first)
            or sum(w.probability for w in words) / len(words) >= DOUBTED
        ):
            return False
        heard = "".join(self.plain[first : last + 1])
        alike = ALIKE if max(w.probability for w in words) >= GUESSED else ROUGHLY
        known = (p.replace(" ", "") for p in (*self.known.padding, *self.known.hesitant))
        return any(len(p) >= SHORTEST_MISHEARD and likeness(heard, p) >= alike for p in known)

    def _apart(self, first: int, last: int, pause: float, *, commas: bool) -> bool:
        """Whether words are set apart on both sides, lead to something, and answer nothing."""
        if last + 1 == len(self.words) or (
            TERMINAL.search(self.words[last].text) and not self._on_its_own(first, last)
        ):
            return False
        if any(self._gap(i) > pause or SEPARATOR.search(self.words[i].text) for i in range(first, last)):
            return False  # its words are apart from each other
        if self._after_question(first):
            return False
        opens = first == 0 or self.ends[first - 1] or self._gap(first - 1) >= pause
        opens = opens or (commas and bool(SEPARATOR.search(self.words[first - 1].text)))
        comma = commas and self.plain[last + 1] not in CLAUSE and bool(SEPARATOR.search(self.words[last].text))
        closes = self._gap(last) >= pause or comma
        return opens and closes

    def _on_its_own(self, first: int, last: int) -> bool:
        """Whether a phrase of some words is all of a sentence that asks nothing, between pauses."""
        pauses = self._gap(last) >= PAUSE and (first == 0 or self._gap(first - 1) >= PAUSE)
        alone = last > first and self.words[last].text.rstrip("\"'”’»)]").endswith(".")
        return alone and pauses and (first == 0 or self.ends[first - 1])

    def _gap(self, before: int) -> float:
        """Seconds between a word and the next."""
        return self.words[before + 1].start - self.words[before].end if before + 1 < len(self.words) else 9.0

    def _after_question(self, first: int) -> bool:
        """Whether somebody asks right before: with a question mark, or with a word that asks in the same sentence."""
        if first == 0:
            return False
        begun = next((i + 1 for i in range(first - 2, max(-1, first - LONGEST_QUESTION), -1) if self.ends[i]), 0)
        begun = max(begun, first - LONGEST_QUESTION, 0)
        if "?" in self.words[first - 1].text:
            return True
        asked = [i for i in range(begun, min(first, begun + OPENING)) if self._asks(i)]
        # What was asked is over where a clause ends in a pause; from there on it is being answered.
        return bool(asked) and not any(
            SEPARATOR.search(self.words[i].text) and self._gap(i) >= PAUSE for i in range(asked[-1], first - 1)
        )

    def _asks(self, at: int) -> bool:
        """Whether a word asks."""
        return self.words[at].text.casefold().strip("¿?¡!.,;:…\"'«»“”()") in self.known.asking

    def _answers(self, first: int, last: int) -> bool:
        """Whether words are all of a sentence that follows a question."""
        return self._after_question(first) and self.ends[last]

    def _repeated(self, at: int) -> int:
        """How many words from ``at`` on are said again at once."""
        for length in range(LONGEST_START, 0, -1):
            again = self.plain[at + length : at + 2 * length]
            if len(again) < length or not all(again) or self.plain[at : at + length] != again:
                continue
            if any(self.ends[i] for i in range(at, at + 2 * length - 1)):
                continue
            if not self._meant(at, length):
                return length
        return 1 if self._stuttered(at) else 0

    def _meant(self, at: int, length: int) -> bool:
        """Whether a repetition is emphasis, a number, or one word that is no small one."""
        said = self.plain[at : at + length]
        if any(w.isdigit() for w in said) or set(said) <= self.known.emphatic:
            return True
        # A third time is no start but a chant.
        if self.plain[at + 2 * length : at + 3 * length] == said or self.plain[max(0, at - length) : at] == said:
            return not BROKEN.search(self.words[at + length - 1].text)
        return length == 1 and said[0] not in self.small

    def _stuttered(self, at: int) -> bool:
        """Whether a word was broken off ("pe-", "l…") and the next one is it."""
        if at + 1 >= len(self.words) or not BROKEN.search(self.words[at].text) or self.ends[at]:
            return False
        said = self.plain[at]
        return 0 < len(said) <= 4 and self.plain[at + 1].startswith(said) and self.plain[at + 1] != said

    def _given_up(self, at: int) -> int:
        """How many words from ``at`` on are a sentence that is broken off and begun again with the same two words."""
        if at and not self.ends[at - 1]:
            return 0
        for last in range(at + 1, min(at + RESTART, len(self.words) - 2)):
            if BROKEN.search(self.words[last].text) and self.plain[last + 1 : last + 3] == self.plain[at : at + 2]:
                return last - at + 1
            if self.ends[last] and not BROKEN.search(self.words[last].text):
                return 0
        return 0
