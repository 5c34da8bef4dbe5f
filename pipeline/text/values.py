"""What is known of words, as plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign of a sentence, as a tagger sees it.

    ``folded`` is ``text`` in lower case without accents (ñ and ç stay); ``lemma`` the tagger's, folded; ``pos`` the universal
    part of speech or ``""``; ``morph`` holds features such as ``"Mood=Imp"``; ``lemmas`` every lemma the dictionaries know for
    exactly this spelling, folded, empty where they do not know it; ``index`` counts tokens, ``start`` characters.
    """

    text: str
    folded: str
    lemma: str = ""
    pos: str = ""
    morph: frozenset[str] = frozenset()
    lemmas: tuple[str, ...] = ()
    index: int = 0
    start: int = 0
    space: bool = True

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Facts:
    """One sentence's tokens. ``text`` is in Unicode's composed form; ``language`` is ISO 639-1 or ``""``."""

    text: str
    language: str = ""
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a keyword with all its forms, folded. ``forms`` are surely it; ``verbal`` and ``nominal`` ones are also forms
    of another word, so the tagger must agree; ``hosts`` may carry enclitic pronouns; ``lemmas`` are its dictionary forms."""

    text: str
    forms: frozenset[str]
    verbal: frozenset[str] = frozenset()
    nominal: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    lemmas: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword as somebody typed it, ready to be found: ``terms`` in order, and ``literal``, folded, for what has no words."""

    text: str
    literal: str
    terms: tuple[Term, ...] = ()
