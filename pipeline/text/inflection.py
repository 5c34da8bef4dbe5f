"""How Spanish and English words change their shape: rules that a word's dictionary does not list.

Everything is **folded** text (see :func:`fold`) and pure. Dictionaries know most inflected forms; what they lack are
diminutives, augmentatives, superlatives, adverbs, enclitic pronouns and every form of a word they never saw. The rules are
those of the Nueva gramática de la lengua española (§ 4 verbs, § 7.10 superlatives, § 9 appreciative suffixes).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

from pipeline.text.languages.es import INFLECTION

KEPT_MARKS = frozenset("ñç")
"""Letters of their own: folding them would make ``año`` and ``ano`` one word."""

_CLITIC_TAIL = re.compile(INFLECTION.clitics)
_ENDINGS = INFLECTION.endings
_VOWELS = "aeiou"


@functools.lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    low = character.lower()
    if len(low) != 1:
        return character
    if low in KEPT_MARKS:
        return low
    base = unicodedata.normalize("NFD", low)[0]
    return base if base.isalpha() else low


LONGEST = 5000
"""Characters of a sentence that are looked at: more is no sentence, and meaning is averaged out long before."""


def readable(text: str) -> str:
    """Composed Unicode without lone surrogates, bounded."""
    clean = text[:LONGEST].encode("utf-8", "ignore").decode("utf-8")
    return unicodedata.normalize("NFC", clean)


def fold(text: str) -> str:
    """Composed text in lower case without accents, one character for one; ñ and ç stay."""
    return "".join(map(_fold_character, unicodedata.normalize("NFC", text)))


def accented(folded: str) -> Iterator[str]:
    """``folded`` and every spelling of it with one acute accent or a diaeresis, as Spanish allows."""
    yield folded
    for index, letter in enumerate(folded):
        if letter in _VOWELS:
            yield folded[:index] + "áéíóú"[_VOWELS.index(letter)] + folded[index + 1 :]
    if "gue" in folded or "gui" in folded:
        yield re.sub("gu(?=[ei])", "gü", folded)


def hosts_of(folded: str) -> Iterator[str]:
    """What remains of a Spanish word when one or two enclitic pronouns are taken off: ``compramelo`` → ``comprame``, ``compra``.

    Letters the join swallowed come back too: ``amaos`` → ``amad``, ``vamonos`` → ``vamos``.
    """
    for size in range(2, min(7, len(folded) - 1)):
        host, tail = folded[:-size], folded[-size:]
        if not _CLITIC_TAIL.fullmatch(tail):
            continue
        yield host
        if tail.startswith("os"):
            yield host + "d"
        if tail.startswith(("nos", "se")) and host.endswith("mo"):
            yield host + "s"


def can_host(form: str, lemma: str) -> bool:
    """Whether a Spanish verb form takes enclitics: infinitive, gerund and imperatives; never a plain second person in -s."""
    return form == lemma or form.endswith(("ndo", "mos")) or not form.endswith("s")


def _before_front_vowel(stem: str) -> str:
    for ending, spelling in (("c", "qu"), ("g", "gu"), ("z", "c")):
        if stem.endswith(ending):
            return stem[: -len(ending)] + spelling
    return stem


def _before_back_vowel(stem: str) -> set[str]:
    """Spellings of an -er/-ir stem before a or o: venc- → venz-, conoc- → conozc-, proteg- → protej-, distingu- → disting-."""
    if stem.endswith("gu"):
        return {stem[:-1]}
    if stem.endswith("g"):
        return {stem[:-1] + "j"}
    if stem.endswith("c"):
        return {stem[:-1] + ("zc" if stem[-2:-1] in _VOWELS else "z")}
    return {stem}


def participle_degrees(verb: str) -> set[str]:
    """Superlatives and adverbs of a regular participle: emocionar → emocionadisima, emocionadamente."""
    stem = verb[:-2] + ("ad" if verb.endswith("ar") else "id")
    return _gendered(stem + "isim") | {stem + "amente"}


def irregular_participles(verb: str) -> set[str]:
    """Genders and numbers of a folded Spanish verb's participle where no rule makes it: ver → visto, romper → rota.

    Those of compounds are of the verb they end in, as a syllable or more stays before it (prever; not volver of ver).
    """
    for size in range(len(verb)):
        participle = INFLECTION.participles.get(verb[size:])
        if participle is not None:
            return _gendered((verb[:size] + participle)[:-1])
    return set()


def conjugate(verb: str) -> set[str]:
    """Every regular form of a folded Spanish infinitive, spelling changes included; empty for what is no infinitive."""
    match = re.fullmatch(r"(.+)(ar|er|ir)(?:se)?", verb)
    if match is None:
        return set()
    stem, kind = match.groups()
    if kind == "ar":
        front = _before_front_vowel(stem)
        return {stem + e for e in _ENDINGS["ar"]} | {front + e for e in _ENDINGS["ar, before e"]}
    plain = {stem + e for e in [*_ENDINGS["er and ir"], *_ENDINGS[kind]]}
    return plain | {back + e for back in _before_back_vowel(stem) for e in _ENDINGS["er and ir, before a and o"]}


def plurals(word: str) -> set[str]:
    """Spanish plurals of a folded noun or adjective."""
    if word.endswith("z"):
        return {word[:-1] + "ces"}
    if word[-1:] in _VOWELS:
        return {word + "s", word + "es"} if word[-1] in "iu" else {word + "s"}
    return set() if word.endswith("s") and len(word) > 4 else {word + "es"}


def _gendered(stem: str) -> set[str]:
    return {stem + "o", stem + "a", stem + "os", stem + "as"}


def _bases(word: str) -> tuple[str, str]:
    """Stem before a vowel suffix, and that stem as spelled before i or e."""
    stem = word[:-1] if word[-1] in "aeo" else word
    return stem, _before_front_vowel(stem)


def superlatives(adjective: str) -> set[str]:
    """-ísimo in all genders: rico → riquisimo, amable → amabilisimo, feliz → felicisimo, caliente → calentisimo."""
    stem, front = _bases(adjective)
    stems = {front, re.sub(r"ie(?=[^aeiou]*$)", "e", front), re.sub(r"ue(?=[^aeiou]*$)", "o", front)}
    stems |= {stem[:-2] + "bil"} if adjective.endswith("ble") else set()
    stems |= {stem[:-1]} if stem.endswith("i") else set()
    return {form for s in stems for form in _gendered(s + "isim")}


_FEMININE_IN_O = frozenset({"mano", "foto", "moto", "radio", "dinamo", "libido"})
"""Nouns in -o that are feminine (Nueva gramática § 2.3): manita and manito, fotito and fotita are both said."""


def _endings(word: str, both: bool) -> tuple[str, ...]:
    """The genders a suffixed noun may take: its own where the ending shows it (caso → casito, casa → casita)."""
    if both or word[-1] not in "ao" or word in _FEMININE_IN_O:
        return ("o", "a", "os", "as")
    return (word[-1], word[-1] + "s")


def diminutives(word: str, *, both: bool = False) -> set[str]:
    """-ito and -ico/-illo families: regalo → regalito, triste → tristecito, amor → amorcito, feliz → felicito.

    ``both`` allows both genders, as adjectives have them.
    """
    _, front = _bases(word)
    links: tuple[str, ...] = ("", "ec")
    if word[-1] in "nr":
        links = ("c", "")
    elif word[-1] in "ao" and not re.search(r"(?:ie|ue)[^aeiou]+[ao]$|i[ao]$", word):
        links = ("",)
    stems = {(word if link == "c" else front) + link for link in links}
    stems |= {front[:-1]} if front.endswith("i") else set()
    suffixes = ("it", "ill", "ic") if len(word) > 3 else ("it",)
    return {stem + suffix + ending for stem in stems for suffix in suffixes for ending in _endings(word, both)}


def augmentatives(word: str, *, both: bool = False) -> set[str]:
    """-azo, -ón, -ote families: oferta → ofertaza, ofertazo, oferton, ofertota."""
    stem, _ = _bases(word)
    out = {stem + suffix + ending for suffix in ("az", "ot") for ending in _endings(word, both)}
    out |= {stem + ending for ending in ("azo", "azos", "on", "ones")}
    out |= {stem + "ica", stem + "icas"} if len(stem) > 3 else set()  # miedica, quejica: of a person, in one form
    return out | ({stem + "ona", stem + "onas"} if "a" in _endings(word, both) else set())


def adverbs(adjective: str) -> set[str]:
    """-mente on the feminine: barato → baratamente, feliz → felizmente."""
    feminine = adjective[:-1] + "a" if adjective.endswith("o") else adjective
    return {feminine + "mente"}


def agreement(adjective: str) -> set[str]:
    """Genders and numbers of a Spanish adjective or participle in -o, -or, -ón, -án; other endings only have a plural."""
    if adjective.endswith("o"):
        return _gendered(adjective[:-1])
    if re.search(r"(?:d|t|s)or$|on$|an$", adjective):
        return {adjective, adjective + "a", adjective + "es", adjective + "as"}
    return {adjective} | plurals(adjective)


def english_forms(word: str) -> set[str]:
    """Regular English forms of any word class: offer → offers, offering, offered; cheap → cheaper, cheapest, cheaply."""
    if not re.fullmatch(r"[a-z]{2,}", word):
        return {word}
    soft = word[:-1] if word.endswith("e") else word
    y = bool(re.search(r"[^aeiou]y$", word))
    i = word[:-1] + "i" if y else soft
    forms = {
        word,
        (word[:-1] + "ies") if y else word + ("es" if re.search(r"(?:s|x|z|ch|sh|[^aeiou]o)$", word) else "s"),
    }
    forms |= {i + ending for ending in ("ed", "er", "est")} | {soft + "ing", (i if y else word) + "ly"}
    forms |= {word + "ing"} if re.search(r"(?:ee|oe|ye|y)$", word) else set()
    forms |= {word[:-1] + "y"} if word.endswith("le") else set()
    if re.search(r"^[^aeiou]*[aeiou][bdgklmnprtv]$", word) or word.endswith(("mit", "fer", "gin", "pel", "cel")):
        forms |= {word + word[-1] + ending for ending in ("ed", "ing", "er", "est")}
    return forms | {word + "'s"}


def appreciative(word: str, *, both: bool = False) -> set[str]:
    """Diminutives and augmentatives of a Spanish noun or adjective of three letters or more."""
    return diminutives(word, both=both) | augmentatives(word, both=both) if len(word) > 2 else set()
