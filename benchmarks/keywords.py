"""How many inflected forms of arbitrary keywords are found, and how many look-alikes are taken for them.

Forms: every spelling the two dictionaries list for lemmas drawn by seed from common words (none of them a default keyword),
homographs of other words included, and for Spanish those with enclitic pronouns, in capitals and without accents. Decoys:
words of other lemmas that share a prefix or lie one or two letters away. Beside exact match, folded match, the tagger's
lemma alone, simplemma alone.

Words of the same stem: ``benchmarks/data/keywords/derivations_*.txt`` name for a keyword what people also mean by it in other parts of
speech (felicidad of feliz) and what only looks like it (felpa); the thresholds of :mod:`pipeline.text.derivation` were set on them.

    python -m benchmarks.keywords [--lemmas 60] [--seed 1] [--show]
"""

from __future__ import annotations

import argparse
import difflib
import random
import re
from collections.abc import Callable, Sequence

from benchmarks import ROOT, table
from pipeline.settings import Settings
from pipeline.text import dictionaries
from pipeline.text.embedder import Embedder
from pipeline.text.inflection import fold
from pipeline.text.keywords import keywords
from pipeline.text.tagger import facts
from pipeline.text.values import Facts
from reelify.score.lexicon import Lexicon

FREQUENT = {
    "es": """casa gato libro mesa perro camino puerta ventana ciudad mujer hombre animal corazón canción razón luz voz pez
rápido lento barato caro bonito feo grande pequeño dulce amargo fuerte débil amable cruel nuevo viejo rico pobre ágil capaz
hablar cantar comprar vender correr beber vivir escribir abrir cerrar pensar contar volar jugar pedir servir dormir morir
buscar pagar llegar empezar cruzar conocer conducir traer decir hacer poner salir venir tener saber poder caber oír huir
coger seguir reír enviar actuar ganar perder regalar ahorrar probar recomendar sentir mentir elegir construir proteger
sorpresa premio milagro viaje secreto truco dinero negocio deseo miedo alegría pena vergüenza""",
    "en": """house cat city woman man child knife leaf story party box glass hero photo deal price gift mouse foot tooth
quick slow cheap happy sad big small hot thin easy noisy brave large nice good bad angry gentle simple early
talk sing buy sell run drink live write open shut think fly play ask sleep die seek pay begin bring teach catch fight
carry try stop plan admit offer refer travel panic lie tie agree free lose win choose break speak freeze eat see go take
give know grow throw draw swim ring hide ride rise drive wear tear bear save miss love hate want need share""",
}
CARRIER = {"es": "Entonces, {} otra vez.", "en": "Then, {} once again."}


def _forms(lemma: str, language: str) -> set[str]:
    """Listed spellings, homographs included, plus what speech adds."""
    listed = dictionaries.spellings([lemma], language).get(lemma, frozenset())
    own = {f for f in listed if f.isalpha()} | {lemma}
    if language != "es":
        return own
    if re.search(r"[aeií]r$", lemma):
        own |= {lemma + tail for tail in ("lo", "me", "te", "las", "selo", "noslo")}
        own |= {f + tail for f in own if f.endswith("ndo") for tail in ("lo", "te", "melo")}
    return own | {f.upper() for f in sorted(own)[:3]} | {fold(f) for f in own}


def _decoys(lemma: str, forms: set[str], vocabulary: Sequence[str], rng: random.Random, language: str) -> list[str]:
    """Up to eight words of other lemmas that look like this one."""
    own = {fold(f) for f in forms}
    stem = fold(lemma)[: max(3, len(lemma) - 2)]
    near = [w for w in vocabulary if fold(w).startswith(stem) and fold(w) not in own]
    sample = rng.sample(list(vocabulary), min(4000, len(vocabulary)))
    near += difflib.get_close_matches(lemma, sample, 8, 0.7)
    clean = [w for w in near if w.isalpha() and not _same_word(fold(w), lemma, language)]
    return sorted(set(clean))[:: max(1, len(set(clean)) // 8)][:8]


def _same_word(form: str, lemma: str, language: str) -> bool:
    """Also an irregular participle's gender and number, which dictionaries list under the participle, are the verb's."""
    own = dictionaries.readings(form, language)
    participles = {x for x in own if re.search(r"(?:[aei]d|[srt]t|ch)o$", x)}
    return fold(lemma) in own | {y for x in participles for y in dictionaries.readings(x, language)}


def _methods(words: Sequence[str], language: str) -> dict[str, Callable[[Sequence[str]], list[set[str]]]]:
    """Each takes sentences and gives the keywords it finds in every one of them."""
    import simplemma

    lexicon = Lexicon(keywords(words, language, Embedder(Settings()).encode))
    plain = {w.lower(): w for w in words}
    folded = {fold(w): w for w in words}
    tagged: dict[str, Facts] = {}

    def facts_of(texts: Sequence[str]) -> list[Facts]:
        new = [t for t in texts if t not in tagged]
        tagged.update(zip(new, facts(new, language), strict=True))
        return [tagged[t] for t in texts]

    def ours(texts: Sequence[str]) -> list[set[str]]:
        out: list[set[str]] = [set() for _ in texts]
        for hit in lexicon.find(facts_of(texts)):
            out[hit.sentence] |= set() if hit.negated else {lexicon.keywords[hit.keyword].text}
        return out

    def by(key: Callable[[str], str], index: dict[str, str]) -> Callable[[Sequence[str]], list[set[str]]]:
        return lambda texts: [{index[key(w)] for w in re.findall(r"\w+", t) if key(w) in index} for t in texts]

    return {
        "exact": by(lambda w: w, plain),
        "folded": by(fold, folded),
        "spaCy lemma": lambda texts: [
            {folded[t.lemma] for t in f.tokens if t.lemma in folded} for f in facts_of(texts)
        ],
        "simplemma": by(lambda w: fold(simplemma.lemmatize(w.lower(), language)), folded),
        "ours": ours,
    }


def measure(language: str, n_lemmas: int, seed: int) -> tuple[list[list[object]], list[str], list[str]]:
    """Rows of the table, and the forms missed and decoys taken by ours."""
    rng = random.Random(seed)
    words = sorted(set(FREQUENT[language].split()))
    words = rng.sample(words, min(n_lemmas, len(words)))
    vocabulary = _vocabulary(language)
    forms = [(w, form) for w in words for form in sorted(_forms(w, language))]
    decoys = [(w, d) for w in words for d in _decoys(w, _forms(w, language), vocabulary, rng, language)]
    rows: list[list[object]] = []
    missed: list[str] = []
    taken: list[str] = []
    for name, method in _methods(words, language).items():
        found = method([CARRIER[language].format(x) for _, x in forms + decoys])
        right = [w in said for (w, _), said in zip(forms, found, strict=False)]
        wrong = [w in said for (w, _), said in zip(decoys, found[len(forms) :], strict=True)]
        each = [[ok for (owner, _), ok in zip(forms, right, strict=True) if owner == w] for w in words]
        mean = sum(sum(oks) / len(oks) for oks in each) / len(each)
        rows.append(
            [
                language,
                name,
                f"{sum(right) / len(right):.1%}",
                f"{mean:.1%}",
                len(forms),
                f"{sum(wrong)} of {len(wrong)}",
            ]
        )
        missed = [f"{w}:{f}" for (w, f), ok in zip(forms, right, strict=True) if not ok]
        taken = [f"{w}:{d}" for (w, d), bad in zip(decoys, wrong, strict=True) if bad]
    return rows, missed, taken


def derivations(language: str) -> tuple[list[list[object]], list[str]]:
    """Rows of the table for words of the same stem, and what ours missed or took wrongly."""
    path = ROOT / "benchmarks" / "data" / "keywords" / f"derivations_{language}.txt"
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [[(key, word) for key, *columns in lines for word in columns[n].split()] for n in (0, 1)]
    rows: list[list[object]] = []
    wrong: list[str] = []
    for name, method in _methods([line[0] for line in lines], language).items():
        found = [method([CARRIER[language].format(word) for _, word in items]) for items in pairs]
        hit = [
            [key in said for (key, _), said in zip(items, sets, strict=True)]
            for items, sets in zip(pairs, found, strict=True)
        ]
        share = f"{sum(hit[0]) / len(hit[0]):.1%}"
        rows.append([language, name, share, len(hit[0]), f"{sum(hit[1])} of {len(hit[1])}"])
        wrong = [
            f"{key}:{word}"
            for items, hits, good in zip(pairs, hit, (True, False), strict=True)
            for (key, word), is_hit in zip(items, hits, strict=True)
            if is_hit is not good
        ]
    return rows, wrong


def _vocabulary(language: str) -> list[str]:
    """Single words the dictionaries list, sorted."""
    return sorted(w for w in dictionaries.vocabulary(language) if w.islower() and w.isalpha() and len(w) > 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lemmas", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="list what was missed and what was wrongly taken")
    options = parser.parse_args()
    rows: list[list[object]] = []
    stems: list[list[object]] = []
    for language in ("es", "en"):
        found, missed, taken = measure(language, options.lemmas, options.seed)
        rows += found
        derived, wrong = derivations(language)
        stems += derived
        if options.show:
            print(language, "missed:", " ".join(missed), "\n", language, "taken:", " ".join(taken), "\n")
            print(language, "of the same stem, wrong:", " ".join(wrong), "\n")
    print(
        table(["language", "method", "recall (forms)", "recall (mean of keywords)", "forms", "look-alikes taken"], rows)
    )

    print("\n" + table(["language", "method", "same stem, other part of speech", "words", "look-alikes taken"], stems))


if __name__ == "__main__":
    main()
