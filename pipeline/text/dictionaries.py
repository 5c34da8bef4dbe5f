"""Which dictionary forms a spelling may have, and which spellings a dictionary form has: two free dictionaries together.

simplemma knows about fifty languages, spacy-lookups-data some of them better; each gives one lemma a spelling, so both are
asked. Their tables are prepared as sorted lines once (:mod:`pipeline.text.lines`); where that cannot be, they are read on first use and
stay (about 250 MB for Spanish, the largest).
"""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.compute.prepared import prepared
from pipeline.compute.weights import package_file
from pipeline.text.inflection import accented, fold
from pipeline.text.languages.known import language_of
from pipeline.text.lines import Lines, write_lines

_SIMPLEMMA, _LOOKUPS = "simplemma", "spacy_lookups_data"
_BETWEEN = "\x1f"
_FILES = {
    _SIMPLEMMA: "strategies/dictionaries/data/{language}.plzma",
    _LOOKUPS: "data/{language}_lemma_lookup.json.gz",
}


@functools.lru_cache(maxsize=8)
def _tables(language: str) -> Mapping[str, Mapping[str, str]]:
    """The dictionaries of a language, by their packages."""
    if not language.isalpha():
        return {}
    found = ((package, _table(package, language)) for package in _FILES)
    return {package: table for package, table in found if table}


def _table(package: str, language: str) -> Mapping[str, str]:
    """One dictionary of a language; empty where the package has none."""
    published = _published(package, language)
    if published is None:
        return {}
    read = functools.partial(_simplemma, language) if package == _SIMPLEMMA else functools.partial(_lookups, published)
    file = prepared.file(f"{package}-{language}.tsv", (published,), lambda part: write_lines(read(), part))
    return read() if file is None else Lines(file)


@functools.lru_cache(maxsize=8)
def _listed(language: str) -> tuple[Mapping[str, str], ...]:
    """The same dictionaries read backwards: the spellings of a lemma, between :data:`_BETWEEN`."""
    found = []
    for package, table in _tables(language).items():
        published = _published(package, language)
        write = functools.partial(_write_backwards, table)
        file = published and prepared.file(f"{package}-{language}-forms.tsv", (published,), write)
        found.append(Lines(file) if file else _backwards(table))
    return tuple(found)


def _published(package: str, language: str) -> Path | None:
    """Where a package has its dictionary of a language."""
    return package_file(package, _FILES[package].format(language=language))


def _write_backwards(table: Mapping[str, str], part: Path) -> None:
    write_lines(_backwards(table), part)


def _backwards(table: Mapping[str, str]) -> Mapping[str, str]:
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for spelling, lemma in table.pairs() if isinstance(table, Lines) else table.items():
        spellings[lemma].append(spelling)
    return {lemma: _BETWEEN.join(found) for lemma, found in spellings.items()}


def _simplemma(language: str) -> Mapping[str, str]:
    from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

    table: Mapping[str, str] = DefaultDictionaryFactory(cache_max_size=1).get_dictionary(language)
    return table


def _lookups(path: Path) -> Mapping[str, str]:
    """The lookup table; where it names several lemmas (French does) the first stays, the table's own order of preference."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        table: dict[str, str | list[str]] = json.load(stream)
    return {form: lemma if isinstance(lemma, str) else lemma[0] for form, lemma in table.items() if lemma}


def _reflexive(language: str) -> str:
    """The ending of reflexive infinitives in ``-r``; empty where there are none."""
    inflection = language_of(language).inflection
    return inflection.reflexive if inflection else ""


def known(language: str) -> bool:
    """Whether there is any dictionary of ``language``."""
    return bool(_tables(language))


def lemmas(spelling: str, language: str) -> tuple[str, ...]:
    """Every dictionary form of exactly this spelling, accents included, sorted; empty where it is unknown."""
    low = spelling.lower()
    found = {
        table.get(low) or (table.get(spelling) if spelling != low else None) for table in _tables(language).values()
    }
    return tuple(sorted(lemma.lower() for lemma in found if lemma))


@functools.lru_cache(maxsize=1 << 16)
def folded_lemmas(spelling: str, language: str) -> tuple[str, ...]:
    """:func:`lemmas`, folded; Spanish reflexive infinitives as the plain verb (irse → ir)."""
    found = map(fold, lemmas(spelling, language))
    ending = _reflexive(language)
    return tuple(dict.fromkeys(re.sub(f"(?<=[aei]r){ending}$", "", x) if ending else x for x in found))


def readings(folded: str, language: str) -> frozenset[str]:
    """Folded dictionary forms of a folded spelling, whatever its accents were."""
    return frozenset(lemma for spelling in accented(folded) for lemma in folded_lemmas(spelling, language))


def dictionary_form(spelling: str, language: str) -> bool:
    """Whether a spelling, accents included, is a dictionary form of its own."""
    return spelling in lemmas(spelling, language)


def spellings(wanted: Iterable[str], language: str) -> Mapping[str, frozenset[str]]:
    """For each dictionary form in ``wanted`` the spellings both dictionaries list for it; a reflexive verb's are the plain one's too."""
    names = {name: name for name in wanted}
    ending = _reflexive(language)
    names |= {name + ending: name for name in names if ending and name.endswith("r")}
    out: defaultdict[str, set[str]] = defaultdict(set)
    for table in _listed(language):
        for lemma, name in names.items():
            if listed := table.get(lemma):
                out[name].update(listed.split(_BETWEEN))
    return {lemma: frozenset(forms) for lemma, forms in out.items()}


def forget() -> None:
    """Lets go of all tables; they are opened again when they are asked for."""
    _tables.cache_clear()
    _listed.cache_clear()
    folded_lemmas.cache_clear()


def vocabulary(language: str) -> Iterator[str]:
    """Every spelling the last dictionary of ``language`` lists, in no order that means anything."""
    tables = list(_tables(language).values())
    return iter(tables[-1] if tables else ())
