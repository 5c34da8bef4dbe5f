"""Words of the same stem in other parts of speech: felicidad of feliz, emocionante of emoción, happiness of happy. Pure.

Only spellings are made here, by the suffixes of the Nueva gramática de la lengua española (§ 5–8) and their English counterparts;
which of them exist, and which of those still mean the same, dictionaries and sentence vectors decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.inflection import fold
from pipeline.text.languages.known import language_of


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SURE = {
    "es": _split("idad edad dad eza ez oso osa mente amente uitamente aleza"),
    "en": _split("ness iness ful ly ily fully edly ingly ously ity dom ment ement"),
}
_OTHERS = {
    "es": _split("""ura ante ente iente able ible ado ido ar er ir ear ecer izar ificar itar cion acion icion miento amiento imiento
    ista ero era or ador edor idor al ico ivo ia io e uito"""),
    "en": _split("y ation ing ed er or able ous ic al ence ance hood ship en ish ify ize e"),
}  # fmt: skip
_PREFIXED = {
    "es": (("en", "em", "a"), ("ar", "ecer", "ado")),
    "en": (("en", "be"), ("", "ed", "ing")),
}
_SPANISH_SHIFTS = (
    (r"z$", "c"), (r"c$", "qu"), (r"[uü]e(?=[^aeiou]+$)", "o"), (r"ie(?=[^aeiou]+$)", "e"), (r"pres$", "prend"), (r"ens$", "end"),
    (r"is$", ""), (r"vent$", "vend"),
)  # fmt: skip
SHORTEST = 3
"""Letters of a stem: less is shared by anything."""
_ION = re.compile(r"(?:at|ct|pt|ss|it|ut)e?$")


def candidates(word: str, language: str) -> Iterator[tuple[str, bool]]:
    """Spellings that may be relatives of a word (most of them do not exist), and whether the ending alone says that only the part of
    speech changes. Spanish accents fall on the ending where it asks for one, else where the word has its own."""
    for spelling, sure in _folded(fold(word), language) if language in _SURE else ():
        yield spelling, sure
        if language_of(language).rules == "spanish":
            kept = (
                "".join(a if fold(a) == b else b for a, b in zip(word, spelling, strict=False)) + spelling[len(word) :]
            )
            ended = re.sub(r"cion$", "ción", re.sub(r"ia$", "ía", spelling))
            yield from ((other, sure) for other in {kept, ended} - {spelling})


def _folded(folded: str, language: str) -> Iterator[tuple[str, bool]]:
    stems = sorted(_spanish_stems(folded) if language_of(language).rules == "spanish" else _english_stems(folded))
    prefixes, endings = _PREFIXED[language]
    for stem in stems:
        yield from ((stem + suffix, False) for suffix in ("", *_OTHERS[language]))
        yield from ((prefix + stem + ending, False) for prefix in prefixes for ending in endings)
        if language_of(language).rules == "english" and stem.endswith("t"):
            yield stem[:-1] + "cy", False
        if language_of(language).rules == "english" and _ION.search(stem):
            yield stem.removesuffix("e") + "ion", False
    yield from ((stem + suffix, True) for stem in stems for suffix in _SURE[language])


def _spanish_stems(word: str) -> set[str]:
    bare = {word, re.sub(r"[aeo]$", "", word), re.sub(r"ia$", "", word)}
    bare |= {word[:-4] + "c"} if word.endswith("cion") else set()
    for suffix in (*_SURE["es"], *_OTHERS["es"]):
        if len(suffix) > 1 and word.endswith(suffix):
            bare.add(word[: -len(suffix)])
    shifted = {re.sub(pattern, to, stem) for stem in bare for pattern, to in _SPANISH_SHIFTS}
    return {s for s in bare | shifted if len(s) >= SHORTEST}


def _english_stems(word: str) -> set[str]:
    bare = {word, re.sub(r"e$", "", word), re.sub(r"y$", "i", word), re.sub(r"y$", "", word), re.sub(r"er$", "r", word)}
    for suffix in (*_SURE["en"], *_OTHERS["en"]):
        if len(suffix) > 1 and word.endswith(suffix):
            stem = word[: -len(suffix)]
            bare |= {stem, stem + "e", re.sub(r"i$", "y", stem)}
    bare |= {s + s[-1] for s in bare if re.search(r"[aeiou][bdgklmnprt]$", s) and len(s) < 5}
    return {s for s in bare if len(s) >= SHORTEST}
