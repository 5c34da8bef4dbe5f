"""A keyword as somebody typed it → every form in which it may be said (:class:`pipeline.text.values.Keyword`).

Forms come from three places: the dictionaries read backwards, the rules of :mod:`pipeline.text.inflection`, and words of the
same stem (:mod:`pipeline.text.derivation`: regalo → regalar, feliz → felicidad) where sentence vectors say that both mean the same. A form
that is also a form of another word is kept apart: the tagger decides on it, word by word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.progress import breathe
from pipeline.text import dictionaries, inflection
from pipeline.text.derivation import candidates
from pipeline.text.inflection import fold
from pipeline.text.languages.es import INFLECTION
from pipeline.text.languages.known import language_of
from pipeline.text.values import Keyword, Term

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
RELATED = 0.7
"""Cosine of two single words from which one counts as the other's relative: amor–amar .79, regalo–regalar .76, descuento–
descontar .70 are over it; casa–casar .52, vino–venir .39, color–colar .29 under it (Universal Sentence Encoder)."""

FELT = 0.6
"""The same for a noun in -or and its verb."""

DIMINUTIVE = 0.45
"""The same for a diminutive, whose ending already speaks for it: casita–casa .46, abuelito–abuelo .66; quesito–queso .30."""
DIMINUTIVE_ADJECTIVE = 0.6
"""The same where the dictionary gives it both genders, as it does adjectives: regalito–regalo .69; bonito–bono .48."""

_DIMINUTIVE = re.compile(r"it[oa]s?$")
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_PLAIN = re.compile(r"[\w\s'’.,;:¡!¿?\"«»“”-]+")
_SHORT = 3


def keywords(texts: Iterable[str], language: str, embed: Embed | None = None) -> tuple[Keyword, ...]:
    """Every text as a :class:`Keyword` of ``language``, in order, without blanks and doubles (letter case is ignored).

    ``embed`` gives unit vectors of words; without it no relatives of another word class are looked for.
    """
    unique: dict[str, str] = {}
    for text in texts:
        clean = " ".join(unicodedata.normalize("NFC", text).split())
        if clean:
            unique.setdefault(clean.lower(), clean)
    split = {clean: _words(clean) for clean in unique.values()}
    builder = _Builder(language, _Kinship(embed), {w for words in split.values() for w in words})
    return tuple(
        Keyword(clean, fold(clean), tuple(builder.term(word, alone=len(words) == 1) for word in words))
        for clean, words in split.items()
    )


def _words(clean: str) -> tuple[str, ...]:
    """The words of a keyword; none where it holds signs that mean something, such as ``50%`` or ``c++``."""
    return tuple(_WORD.findall(clean.lower())) if _PLAIN.fullmatch(clean) else ()


class _Kinship:
    """Remembers which words mean nearly the same."""

    def __init__(self, embed: Embed | None) -> None:
        self._embed = embed
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def learn(self, words: Iterable[str]) -> None:
        new = sorted(set(words) - self._vectors.keys())
        if self._embed is not None and new:
            self._vectors.update(zip(new, self._embed(new), strict=True))

    def between(self, one: str, other: str, least: float = RELATED) -> bool:
        if self._embed is None:
            return False
        self.learn((one, other))
        return float(self._vectors[one] @ self._vectors[other]) >= least


@dataclass(frozen=True)
class _Lexeme:
    lemma: str
    verb: bool
    listed: frozenset[str]


class _Builder:
    """Builds terms; reads the dictionaries backwards once for all words."""

    def __init__(self, language: str, kin: _Kinship, words: Iterable[str]) -> None:
        self.language, self.rules = language, language_of(language).rules
        self.kin = kin
        self.own = {word: self._own_lemmas(word) for word in words}
        nouns = {lemma for lemmas in self.own.values() for lemma in lemmas}
        # Of a word that is a dictionary form itself only its own: secreto is also a form of secretar, whose secretario is no secret.
        meant = {lemma for word, lemmas in self.own.items() for lemma in (lemmas[:1] if word in lemmas else lemmas)}
        self.relatives = {lemma: self._relatives(lemma) for lemma in sorted(meant)}
        nouns |= {relative for found in self.relatives.values() for relative in found}
        verbs = {verb for lemma in nouns for verb in _verbs_of(lemma)} if self.rules == "spanish" else set()
        self.listed: Mapping[str, frozenset[str]] = dictionaries.spellings(nouns | verbs, language)
        real = {v for v in verbs if len(self.listed.get(v, ())) > 1}
        kin.learn(real | {n for n in nouns if real & set(_verbs_of(n))})

    def _relatives(self, lemma: str) -> tuple[str, ...]:
        """Dictionary forms of the same stem in any part of speech that mean nearly the same; a Spanish verb also where its
        participle does (rebaja, rebajado)."""
        breathe()
        made: dict[str, float] = {}
        for folded, least in candidates(lemma, self.language):
            for spelling in inflection.accented(folded) if self.rules == "spanish" else (folded,):
                if dictionaries.dictionary_form(spelling, self.language):
                    made[spelling] = min(least, made.get(spelling, least))
        made.pop(lemma, None)
        verbs = [c for c in made if self.rules == "spanish" and re.search(r"[aeí]r$", c)]
        participles = {v: v[:-2] + ("ado" if v.endswith("ar") else "ido") for v in verbs}
        self.kin.learn([lemma, *made, *participles.values()])
        return tuple(
            c for c, least in sorted(made.items())
            if self.kin.between(lemma, c, least)
            or (c in participles and self.kin.between(lemma, participles[c], max(least, RELATED)))
        )  # fmt: skip

    def _own_lemmas(self, word: str) -> tuple[str, ...]:
        exact = dictionaries.lemmas(word, self.language)
        if not exact and word == fold(word):
            exact = tuple(sorted({x for s in inflection.accented(word) for x in dictionaries.lemmas(s, self.language)}))
        if word in exact:
            return (word, *(x for x in exact if x != word and self._akin(word, x)))
        return exact or (word,)

    def _akin(self, word: str, lemma: str) -> bool:
        return lemma in _verbs_of(word) and self.kin.between(word, lemma, _least(word))

    def term(self, word: str, *, alone: bool) -> Term:
        """All forms of ``word``; in a phrase, short words (te, de, to) are only themselves."""
        breathe()
        plain = fold(word)
        if (not alone and len(word) <= _SHORT) or not word.replace("'", "").replace("’", "").isalpha():
            return Term(word, frozenset({plain}), lemmas=frozenset({plain}))
        lexemes = self._lexemes(word)
        lemmas = frozenset(fold(x.lemma) for x in lexemes)
        groups: dict[str, set[str]] = {"forms": {plain, *lemmas}, "verbal": set(), "nominal": set()}
        hosts: set[str] = set()
        for lexeme in lexemes:
            is_relative = lexeme.lemma not in self.own[word]
            for form, listed in self._forms(lexeme).items():
                group = self._group(form, listed, lexeme, lemmas)
                if is_relative and group == "forms" and self._drifted(form, lexeme, word):
                    group = "verbal"
                if group:
                    groups[group].add(form)
                if group in ("forms", "verbal") and lexeme.verb and self.rules == "spanish":
                    hosts |= {form} if inflection.can_host(form, fold(lexeme.lemma)) else set()
        sure = frozenset(groups["forms"])
        verbal, nominal = (frozenset(groups[name]) - sure for name in ("verbal", "nominal"))
        return Term(word, sure, verbal, nominal, frozenset(hosts), lemmas)

    def _lexemes(self, word: str) -> list[_Lexeme]:
        own = self.own[word]
        names = [*own, *(relative for lemma in own for relative in self.relatives.get(lemma, ()))]
        if self.rules == "spanish":
            names += [
                v
                for n in own
                for v in _verbs_of(n)
                if len(self.listed.get(v, ())) > 1 and self.kin.between(n, v, _least(n))
            ]
        return [self._lexeme(name) for name in dict.fromkeys(names)]

    def _lexeme(self, lemma: str) -> _Lexeme:
        listed = self.listed.get(lemma, frozenset())
        return _Lexeme(lemma, self.rules == "spanish" and self._is_verb(lemma, listed), frozenset(map(fold, listed)))

    def _is_verb(self, lemma: str, listed: frozenset[str]) -> bool:
        ending = re.search(r"[aeií]r(?:se)?$", lemma)
        return bool(ending) and (
            any(f.endswith("ndo") for f in listed) or not dictionaries.lemmas(lemma, self.language)
        )

    def _forms(self, lexeme: _Lexeme) -> dict[str, bool]:
        """Every form, and whether a dictionary lists it."""
        plain = fold(lexeme.lemma)
        derived: set[str] = set()
        known = lexeme.listed
        if self.rules == "spanish":
            degrees = inflection.participle_degrees(plain) if lexeme.verb else set()
            derived = inflection.conjugate(plain) | degrees if lexeme.verb else self._nominal(plain, lexeme)
            known = known | inflection.irregular_participles(plain) if lexeme.verb else known
        elif self.rules == "english":
            derived = inflection.english_forms(plain)
        elif not dictionaries.known(self.language):
            derived = {plain + "s"}
        return dict.fromkeys(derived, False) | dict.fromkeys(known, True)

    def _nominal(self, plain: str, lexeme: _Lexeme) -> set[str]:
        participle = bool(re.search(r"[ai]d[oa]$", plain))
        unknown = not dictionaries.readings(plain, self.language)
        words = (inflection.agreement(plain) if participle or unknown else set()) | {plain} | inflection.plurals(plain)
        both = participle or unknown or (plain.endswith("o") and plain[:-1] + "a" in lexeme.listed)
        forms = words | inflection.superlatives(plain) | inflection.adverbs(plain)
        forms |= {form for form in inflection.appreciative(plain, both=both) if self._transparent(form, plain)}
        verb = plain[:-2] + "r" if participle else ""
        return forms | (inflection.conjugate(verb) if verb and dictionaries.readings(verb, self.language) else set())

    def _transparent(self, form: str, plain: str) -> bool:
        """A diminutive or augmentative that still means its base: not ratón of rato, nor bolsillo of bolsa.

        -ito survives being a dictionary word of its own (casita, abuelito), hardly as an adjective (bonito of bono), and so does
        -ón where both are adjectives (tristón, tristona of triste).
        """
        own = dictionaries.readings(form, self.language)
        if not own or plain in own:
            return True
        if plain.endswith("e") and own == dictionaries.readings(plain[:-1] + "ona", self.language):
            return True
        single = form.removesuffix("s")
        other = single[:-1] + ("a" if single.endswith("o") else "o")
        adjective = plain[-1:] in "ao" and single in dictionaries.readings(other, self.language)
        least = DIMINUTIVE_ADJECTIVE if adjective else DIMINUTIVE
        return bool(_DIMINUTIVE.search(form)) and single in own and self.kin.between(single, plain, least)

    def _group(self, form: str, listed: bool, lexeme: _Lexeme, lemmas: frozenset[str]) -> str:
        """Where a form belongs: ``forms``, ``verbal``, ``nominal``, or ``""`` (another word's)."""
        others = dictionaries.readings(form, self.language) - lemmas
        rivals = {r for r in others if not self._same_word(r, form, lexeme)}
        if not rivals:
            return "forms"
        if listed:
            return "verbal" if lexeme.verb else "nominal"
        if self.rules == "english" or not lexeme.verb:
            return ""
        return "" if any(re.search(r"[aei]r$", rival) for rival in rivals) else "verbal"

    def _drifted(self, form: str, lexeme: _Lexeme, word: str) -> bool:
        """Whether a form of a related verb is a noun too that means something else: secretaría (would secrete) of secreto."""
        nouns = dictionaries.readings(form, self.language) - {fold(lexeme.lemma)}
        return lexeme.verb and form in nouns and not self.kin.between(word, form)

    def _same_word(self, rival: str, form: str, lexeme: _Lexeme) -> bool:
        """Participles, adverbs, superlatives and (checked) diminutives and adjectives in -ón are listed as words of their own, and so
        are nouns of the verb's meaning."""
        if (
            form.endswith("mente")
            or "isim" in form
            or (self.rules == "spanish" and not lexeme.verb and _DIMINUTIVE.search(form))
            or (lexeme.lemma.endswith("e") and rival == fold(lexeme.lemma[:-1]) + "on")
        ):
            return True
        if lexeme.verb and re.search(r"(?:[aei]d|[srt]t|ch)[oa]s?$", form) and rival[:-1] == form.rstrip("s")[:-1]:
            return True
        return rival[:2] == form[:2] and rival in form and self.kin.between(rival, fold(lexeme.lemma))


def _least(noun: str) -> float:
    """Least cosine of a noun and its verb: -or makes nouns of verbs and little else (dolor–doler .61; color–colar .29)."""
    return FELT if noun.endswith("or") else RELATED


def _verbs_of(noun: str) -> tuple[str, ...]:
    """Spanish infinitives with the noun's stem: regalo → regalar; amor → amar; descuento → descontar; emocionado → emocionar."""
    stems: list[tuple[str, tuple[str, ...]]]
    if re.search(r"[ai]d[oa]$", noun):
        stems = [(noun[:-3], (noun[-3] + "r",) if noun[-3] == "a" else ("er", "ir"))]
    elif noun.endswith("or") and len(noun) > 3:
        stems = [(noun[:-2], ("ar", "er"))]
    elif noun[-1:] in ("a", "o", "e") and len(noun) > 3:
        stem = noun[:-1]
        swapped = [re.sub(f"{a}(?=[^aeiou]+$)", b, stem) for a, b in INFLECTION.diphthongs]
        stems = [(s, ("ar", "er", "ir")) for s in dict.fromkeys([stem, *swapped])]
    else:
        return ()
    return tuple(dict.fromkeys(stem + ending for stem, endings in stems for ending in endings))
