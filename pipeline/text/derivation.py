"""Words of the same stem in other parts of speech: felicidad of feliz, emocionante of emoción, happiness of happy. Pure.

Only spellings are made here, by the suffixes of the Nueva gramática de la lengua española (§ 5–8) and their English counterparts;
which of them exist, and which of those still mean the same, dictionaries and sentence vectors decide. The more an ending says by
itself that only the part of speech changes, the less the vectors must say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.text.inflection import fold
from pipeline.text.languages.known import language_of

QUALITY, WRAPPED, DOING, BEARING, OTHER = 0.42, 0.42, 0.64, 0.59, 0.7
"""Least cosine of two single words, by what joins them (Universal Sentence Encoder): a quality's ending (feliz–felicidad .82,
gratis–gratuidad .43; ver–verdad .21), prefix and ending around a stem (orgullo–enorgullecer .45, rico–enriquecer .64), a verb's ending
(rabia–rabiar .68; casa–casar .52), what does or bears something (emoción–emocionante .83; secreto–secretaría .58), a bare vowel or none
(amor–amar .79; color–colar .29)."""


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ENDINGS: Mapping[str, Mapping[float, tuple[str, ...]]] = {
    "spanish": {
        QUALITY: _split("idad edad dad tad uidad eza ez oso osa eroso mente amente eramente uitamente uito aleza"),
        DOING: _split("ar er ir ear ecer izar ificar itar"),
        BEARING: _split("""ura ante ente iente iento able ible ado ido cion acion icion miento amiento imiento ismo osismo ista
        ador edor idor al ional ico ifico ivo ero ario"""),
        OTHER: _split("or ia io e o"),
    },
    "english": {
        QUALITY: _split("ness iness ful fully some ly ily ically edly ingly ously ity dom ment ement"),
        DOING: _split("en ify ize"),
        BEARING: _split("y ed ing ation er able ous ious ic ific al ible ive ate ance ence hood ship ist istic ian ery"),
        OTHER: _split("or"),
    },
}  # fmt: skip
_PREFIXED: Mapping[str, tuple[Mapping[str, float], tuple[str, ...]]] = {
    "spanish": ({"en": WRAPPED, "em": WRAPPED, "a": DOING}, ("ar", "entar", "ecer", "orizar", "ado", "ante", "ador")),
    "english": ({"en": WRAPPED, "be": WRAPPED, "a": BEARING}, ("", "ed", "d", "ing")),
}
_SHIFTS = {
    "spanish": (
        (r"z$", "c"), (r"c$", "qu"), (r"[uü]e(?=[^aeiou]+$)", "o"), (r"ie(?=[^aeiou]+$)", "e"), (r"pres$", "prend"), (r"ens$", "end"),
        (r"is$", ""), (r"vent$", "vend"), (r"br$", "ber"), (r"or$", ""),
    ),
    "english": ((r"cle$", "cul"), (r"or$", ""), (r"ss$", "ed"), (r"y$", "i")),
}  # fmt: skip
SHORTEST, SHORT = 3, 3
"""Letters of a stem: less is shared by anything; and of one with which vectors must say more (:data:`SHORTER`)."""
SHORTER: Mapping[str, Mapping[float, float]] = {
    "spanish": {QUALITY: 0.6, WRAPPED: 0.6, DOING: 0.8, BEARING: 0.8, OTHER: 0.8},
    "english": {QUALITY: 0.6, WRAPPED: 0.6, DOING: 0.7, BEARING: 0.7, OTHER: 0.8},
}
"""Least cosines with a short stem: ver–verdad .53, sol–soledad .53, casa–casación .79, hat–hater .69, man–manor .74 are under them;
man–manly .78, fun–funny .72, sad–sadden .90 over them."""
SAID_BY_ITSELF = {"ifico": 0.7}
"""An ending so long that chance hardly makes it after a short stem: paz–pacífico .72."""
SHORTEST_BARE = 4
"""The same where nothing is added to it: fur is no fury."""
SHORTEST_PLACE = 5
"""The same before -al, which makes adjectives of what is long (emocional) and names of places of what is short (bancal)."""
_ION = re.compile(r"(?:at|ct|pt|ss|it|ut|ot)e?$")


def candidates(word: str, language: str) -> Iterator[tuple[str, float]]:
    """Folded spellings that may be relatives of a word (most of them do not exist), and the cosine from which each counts as one."""
    rules = language_of(language).rules
    if rules not in _ENDINGS:
        return
    plain = fold(word)
    for stem in sorted(_stems(plain, rules)):
        short = _is_short(stem, plain, rules)
        chopped = rules == "english" and stem + "e" == plain  # sham of shame, sally of sale
        for spelling, least in _grown(stem, rules):
            if not chopped or spelling != stem:
                dear = SAID_BY_ITSELF.get(spelling[len(stem) :], SHORTER[rules][least])
                yield spelling, dear if short or (chopped and least == QUALITY) else least
    if rules == "english":
        yield from _english(plain)
    elif re.search(r"[aei]r$", plain):
        yield plain[:-2] + "a", OTHER


def _is_short(stem: str, word: str, rules: str) -> bool:
    """Whether so little is shared that chance may share it; a word that is longer by an ending of its own (locura, loco) shows its stem."""
    if rules == "english":
        return len(word) <= SHORT
    return len(re.sub(r"[aeo]+$", "", stem)) <= SHORT and len(word) < len(stem) + SHORT


def _grown(stem: str, rules: str) -> Iterator[tuple[str, float]]:
    prefixes, endings = _PREFIXED[rules]
    for least, suffixes in _ENDINGS[rules].items():
        for suffix in suffixes:
            if suffix != "al" or len(stem) >= SHORTEST_PLACE:
                yield stem + suffix, least
    if len(stem) >= SHORTEST_BARE:
        yield stem, OTHER
    yield from ((prefix + stem + ending, least) for prefix, least in prefixes.items() for ending in endings)


def _english(word: str) -> Iterator[tuple[str, float]]:
    for stem in sorted(_stems(word, "english")):
        if stem.endswith("t"):
            yield stem[:-1] + "cy", BEARING
            yield stem + "ism", BEARING
        if _ION.search(stem):
            yield stem.removesuffix("e") + "ion", BEARING


def _stems(word: str, rules: str) -> set[str]:
    bare = _spanish_bare(word) if rules == "spanish" else _english_bare(word)
    for suffixes in _ENDINGS[rules].values():
        for suffix in suffixes:
            if len(suffix) > 1 and word.endswith(suffix):
                stem = word[: -len(suffix)]
                bare |= {stem} if rules == "spanish" else {stem, stem + "e", re.sub(r"i$", "y", stem)}
    shifted = {re.sub(pattern, to, stem) for stem in bare for pattern, to in _SHIFTS[rules]}
    return {s for s in bare | shifted if len(s) >= SHORTEST}


def _spanish_bare(word: str) -> set[str]:
    bare = {word, re.sub(r"[aeo]$", "", word), re.sub(r"ia$", "", word)}
    return bare | ({word[:-4] + "c", word[:-4] + "t"} if word.endswith("cion") else set())


def _english_bare(word: str) -> set[str]:
    bare = {
        word,
        re.sub(r"e$", "", word),
        re.sub(r"y$", "", word),
        re.sub(r"(?<=[^aeiou])y$", "e", word),
        re.sub(r"er$", "r", word),
        re.sub(r"ion$", "", word),
        re.sub(r"ion$", "e", word),
    }
    return bare | {s + s[-1] for s in bare if re.search(r"[aeiou][bdgklmnprt]$", s) and len(s) < 5}
