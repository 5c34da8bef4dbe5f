"""What can be said of a spoken language. Words are folded (:func:`pipeline.text.inflection.fold`) unless their field says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NONE: frozenset[str] = frozenset()


def words(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


def phrases(text: str) -> frozenset[str]:
    """The phrases of ``text``, which stand between bars."""
    return frozenset(p for piece in text.split("|") if (p := " ".join(piece.split())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflection:
    """How words change their shape beyond what dictionaries list: data of the rules in :mod:`pipeline.text.inflection`.

    ``rules`` names them (``spanish``, ``english``). ``endings`` are those of verbs by class; ``reflexive`` is the ending of a
    reflexive infinitive, ``clitics`` the pattern of pronouns written at the end of a verb, ``diphthongs`` are pairs of what stands in
    a noun and in its verb. ``participles`` gives for the end of a verb that of its participle where no rule makes it.
    """

    rules: str
    reflexive: str = ""
    clitics: str = ""
    endings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    diphthongs: tuple[tuple[str, str], ...] = ()
    participles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A spoken language. Everything but ``code`` (ISO 639-1, or 639-3 where there is no other) may be unknown.

    ``spaced``: words are written apart. ``tagger``: the spaCy package. ``abbreviations`` stand before something and end no sentence,
    ``numbered`` ones only before a number ("núm."), ``trailing`` ones may end a sentence ("etc."); all three as written, in lower case,
    with the point. ``phantoms`` is what recognisers write where nobody speaks, ``credits`` are parts of credits from subtitle files
    (both without punctuation).

    Small closed lists of what words do in speech: ``negators`` deny, ``raising`` words after them make stronger ("no solo"),
    ``undoing`` verbs affirm when denied ("no te pierdas"), ``clause_openers`` end a denial's reach, ``address`` speaks to the
    listener, ``connectors`` begin what goes on, ``anaphora`` point back, ``dangling`` words leave a sentence unfinished,
    ``greetings`` and ``fillers`` say nothing, ``hesitations`` are sounds that fill a pause (each letter once: "m" is "mmm"), ``padding``
    phrases fill one where commas or pauses set them apart, ``hesitant`` ones where pauses do; ``emphatic`` words are said twice on
    purpose, ``asking`` words ask, also where no question mark was written (in lower case with their accents), ``starts`` are words that a
    sentence is begun with, ``amounts`` are numbers written as words that impress, ``money``
    names currencies, ``clock_before`` words make the number after them a time or a place in a list.
    """

    code: str
    spaced: bool = True
    tagger: str = ""
    inflection: Inflection | None = None
    abbreviations: frozenset[str] = NONE
    numbered: frozenset[str] = NONE
    trailing: frozenset[str] = NONE
    phantoms: frozenset[str] = NONE
    credits: tuple[str, ...] = ()
    negators: frozenset[str] = NONE
    raising: frozenset[str] = NONE
    undoing: frozenset[str] = NONE
    clause_openers: frozenset[str] = NONE
    address: frozenset[str] = NONE
    connectors: frozenset[str] = NONE
    anaphora: frozenset[str] = NONE
    dangling: frozenset[str] = NONE
    greetings: frozenset[str] = NONE
    fillers: frozenset[str] = NONE
    hesitations: frozenset[str] = NONE
    padding: frozenset[str] = NONE
    hesitant: frozenset[str] = NONE
    emphatic: frozenset[str] = NONE
    asking: frozenset[str] = NONE
    starts: frozenset[str] = NONE
    amounts: frozenset[str] = NONE
    money: frozenset[str] = NONE
    clock_before: frozenset[str] = NONE

    @property
    def gap(self) -> str:
        """What stands between two words."""
        return " " if self.spaced else ""

    @property
    def rules(self) -> str:
        """The name of its inflection rules; empty where dictionaries are all there is."""
        return self.inflection.rules if self.inflection else ""
