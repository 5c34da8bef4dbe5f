"""Rhetorical patterns in tagged sentences: what makes people stop, answer and retell, in Spanish and English.

Each pattern is a small rule that yields :class:`Cue` values; a new pattern is a new rule in :data:`RULES`. The rules read
tags (mood, person, degree) first and closed word lists second, never whole sentences.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.text.languages.known import language_of
from pipeline.text.values import Facts, Token
from reelify.score import wordlists as words
from reelify.score.lexicon import negated

ENGAGEMENT = frozenset({"question", "exclamation", "address", "imperative", "call"})
STORY = frozenset(
    {"curiosity", "stakes", "kin", "absolute", "extreme", "contrast", "number", "voice", "third", "punch", "told"}
)
DULL = frozenset({"routine", "filler"})


@dataclass(frozen=True, slots=True)
class Cue:
    """A pattern seen at token ``token`` of sentence ``sentence``; ``weight`` > 0 is its strength, ``text`` the words."""

    kind: str
    sentence: int
    token: int
    text: str
    weight: float


Rule = Callable[[int, Facts], Iterator[Cue]]


def cues(sentences: Sequence[Facts]) -> tuple[Cue, ...]:
    """Every pattern in every sentence, in order. A word tells only once for each kind of pattern."""
    found: dict[tuple[str, int, int], Cue] = {}
    for number, facts in enumerate(sentences):
        for rule in RULES:
            for cue in rule(number, facts):
                found.setdefault((cue.kind, cue.sentence, cue.token), cue)
    for cue in _punches(sentences):
        found.setdefault((cue.kind, cue.sentence, cue.token), cue)
    return tuple(sorted(found.values(), key=lambda c: (c.sentence, c.token, c.kind)))


def _names(token: Token) -> set[str]:
    return {token.folded, token.lemma, *token.lemmas}


def _is_content(token: Token) -> bool:
    return token.folded.isalpha()


def _questions(number: int, facts: Facts) -> Iterator[Cue]:
    """Questions of four words or more: a tag (¿verdad?, right?) asks nobody."""
    start = 0
    for index, token in enumerate(facts.tokens):
        if token.text.endswith("?"):
            asked = [t for t in facts.tokens[start:index] if _is_content(t)]
            opening = [t.index for t in facts.tokens[start:index] if t.text == "¿"]
            if opening:
                asked = [t for t in asked if t.index > opening[-1]]
            if len(asked) >= 3:
                first = facts.tokens.index(asked[0])
                yield Cue("question", number, first, _between(facts, first, index), 1.2)
        if token.text[-1:] in ".!?":
            start = index + 1


def _exclamations(number: int, facts: Facts) -> Iterator[Cue]:
    for index, token in enumerate(facts.tokens):
        if token.text.endswith("!"):
            first = next((i for i in range(index, -1, -1) if facts.tokens[i].text == "¡"), max(0, index - 1))
            yield Cue("exclamation", number, index, _between(facts, first, index), 0.7)


def _addresses(number: int, facts: Facts) -> Iterator[Cue]:
    for index, token in enumerate(facts.tokens):
        by_verb = (
            "Person=2" in token.morph
            and token.pos in ("VERB", "AUX")
            and language_of(facts.language).rules == "spanish"
        )
        if by_verb or token.folded in words.ADDRESS:
            yield Cue("address", number, index, token.text, 0.45)


def _imperatives(number: int, facts: Facts) -> Iterator[Cue]:
    for index, token in enumerate(facts.tokens):
        if token.pos not in ("VERB", "AUX"):
            continue
        opens = _opens_clause(facts.tokens, index)
        marked = "Mood=Imp" in token.morph
        third = (
            language_of(facts.language).rules == "spanish"
            and {"Mood=Ind", "Person=3", "Number=Sing", "Tense=Pres"} <= token.morph
        )
        base = language_of(facts.language).rules == "english" and (
            "VerbForm=Inf" in token.morph or ("Tense=Pres" in token.morph and "Person=3" not in token.morph)
        )
        negative = (
            index > 0 and facts.tokens[index - 1].lemma in ("not", "no") and {"Mood=Sub", "Person=2"} <= token.morph
        )
        if marked or negative or (opens and (third or base) and token.pos == "VERB"):
            yield Cue("imperative", number, index, token.text, 0.8)


def _opens_clause(tokens: Sequence[Token], index: int) -> bool:
    """Whether only conjunctions, negation and unstressed pronouns stand between the clause's beginning and ``index``."""
    for token in reversed(tokens[:index]):
        if token.pos == "PUNCT" or token.text[-1:] in ",.:;!?¡¿":
            return token.text != ","
        if token.pos not in ("CCONJ", "PART") and token.folded not in ("no", "do", "y", "and", "ahora", "now"):
            return False
    return True


def _calls(number: int, facts: Facts) -> Iterator[Cue]:
    for index, token in enumerate(facts.tokens):
        if _names(token) & words.CALLS and token.pos in ("VERB", "NOUN", "PROPN", "AUX", "ADJ"):
            yield Cue("call", number, index, token.text, 0.5)


def _listed(kind: str, names: frozenset[str], weight: float, *, deniable: bool = False) -> Rule:
    """Words of a closed list; ``deniable`` ones tell nothing under a negation ("it is not a secret")."""

    def rule(number: int, facts: Facts) -> Iterator[Cue]:
        for index, token in enumerate(facts.tokens):
            if _names(token) & names and not (deniable and negated(facts.tokens, index, index)):
                yield Cue(kind, number, index, token.text, weight)

    return rule


def _extremes(number: int, facts: Facts) -> Iterator[Cue]:
    """Superlatives: best and worst, -ísimo, -est, el más …; not plain comparatives of an amount ("más o menos")."""
    for index, token in enumerate(facts.tokens):
        after_article = index > 0 and facts.tokens[index - 1].folded in ("el", "la", "lo", "los", "las", "the")
        degree = "Degree=Sup" in token.morph or re.search(r"isim[oa]s?$", token.folded)
        most = token.folded == "mas" and after_article
        if degree or most or (token.folded in words.EXTREME and not token.folded.startswith("may")):
            yield Cue("extreme", number, index, token.text, 0.9)


def _numbers(number: int, facts: Facts) -> Iterator[Cue]:
    """Amounts that impress: money, shares, hundreds and more; not times of day and not pages."""
    for index, token in enumerate(facts.tokens):
        if token.pos != "NUM" and not token.folded[:1].isdigit() and not _names(token) & words.GREAT:
            continue
        before = facts.tokens[index - 1].folded if index else ""
        if before in words.CLOCK_BEFORE:
            continue
        after = facts.tokens[index + 1 : index + 4]
        money = any(_names(t) & words.MONEY or t.text in "%€$" for t in after)
        digits = re.sub(r"\D", "", token.text)
        great = bool(_names(token) & words.GREAT) or (digits and int(digits[:12]) >= 100)
        yield Cue("number", number, index, token.text, 1.0 if money else 0.5 if great else 0.15)


def _phrases(kind: str, phrases: Sequence[str], weight: float) -> Rule:
    pattern = re.compile(
        r"(?<!\w)(?:" + "|".join(sorted(map(re.escape, phrases), key=lambda p: (-len(p), p))) + r")(?!\w)"
    )

    def rule(number: int, facts: Facts) -> Iterator[Cue]:
        kept = [(i, t) for i, t in enumerate(facts.tokens) if t.folded[:1].isalnum() or "'" in t.text]
        starts: dict[int, int] = {}
        length = 0
        for index, token in kept:
            starts[length] = index
            length += len(token.folded.replace("'", "").replace("’", "")) + 1
        flat = " ".join(t.folded.replace("'", "").replace("’", "") for _, t in kept)
        for match in pattern.finditer(flat):
            yield Cue(kind, number, starts.get(match.start(), 0), match.group(), weight)

    return rule


def _voices(number: int, facts: Facts) -> Iterator[Cue]:
    """Somebody tells what happened to them: first person in the past."""
    for index, token in enumerate(facts.tokens):
        spanish = {"Person=1", "Tense=Past"} <= token.morph and token.pos in ("VERB", "AUX")
        english = token.folded == "i" and any("Tense=Past" in t.morph for t in facts.tokens[index + 1 : index + 4])
        possessive = token.folded in ("mi", "mis", "my") and any(
            _names(t) & words.KIN for t in facts.tokens[index : index + 3]
        )
        if spanish or english or possessive:
            yield Cue("voice", number, index, token.text, 0.4)


def _thirds(number: int, facts: Facts) -> Iterator[Cue]:
    """Somebody else whom it happens to: he and she, and in Spanish the third person in the past."""
    for index, token in enumerate(facts.tokens):
        past = (
            {"Person=3", "Number=Sing", "Tense=Past"} <= token.morph
            and token.pos == "VERB"
            and language_of(facts.language).rules == "spanish"
        )
        if past or token.folded in words.THIRD:
            yield Cue("third", number, index, token.text, 0.3)


def _told(number: int, facts: Facts) -> Iterator[Cue]:
    """An announcement: a verb of telling near its listener, or words before a colon."""
    for index, token in enumerate(facts.tokens):
        if token.text == ":" and index and len(facts.tokens) - index > 2:
            yield Cue("told", number, index, _between(facts, max(0, index - 3), index), 0.6)


def _punches(sentences: Sequence[Facts]) -> Iterator[Cue]:
    """A sentence of one to four words that takes up a word of the one before ("¡Un castigo!", "Mucho mejor.")."""
    pieces = [(number, first, tokens) for number, facts in enumerate(sentences) for first, tokens in _pieces(facts)]
    for (_, _, before), (number, first, now) in itertools.pairwise(pieces):
        spoken = [t for t in now if _is_content(t)]
        earlier = {t.lemma or t.folded for t in before if len(t.folded) > 3}
        if 1 <= len(spoken) <= 4 and len(before) > len(spoken):
            echoes = any((t.lemma or t.folded) in earlier for t in spoken if len(t.folded) > 3)
            yield Cue("punch", number, first, " ".join(t.text for t in spoken), 0.9 if echoes else 0.3)


def _pieces(facts: Facts) -> Iterator[tuple[int, tuple[Token, ...]]]:
    """A sentence split at its own full stops: recognisers put several into one."""
    start = 0
    for index, token in enumerate(facts.tokens):
        if token.text[-1:] in ".!?…" or index == len(facts.tokens) - 1:
            yield start, facts.tokens[start : index + 1]
            start = index + 1


def _between(facts: Facts, first: int, last: int) -> str:
    return facts.text[facts.tokens[first].start : facts.tokens[last].end]


RULES: tuple[Rule, ...] = (
    _questions,
    _exclamations,
    _addresses,
    _imperatives,
    _calls,
    _extremes,
    _numbers,
    _voices,
    _thirds,
    _told,
    _phrases("curiosity", words.PHRASES_CURIOSITY, 1.0),
    _listed("curiosity", words.CURIOSITY, 0.9, deniable=True),
    _listed("stakes", words.STAKES, 0.8, deniable=True),
    _listed("kin", words.KIN, 0.5),
    _listed("absolute", words.ABSOLUTE, 0.5),
    _listed("contrast", words.CONTRAST, 0.25),
    _phrases("routine", words.PHRASES_HOUSEKEEPING, 1.0),
    _listed("routine", words.GREETING, 1.0),
    _phrases("filler", words.PHRASES_FILLER, 1.0),
    _listed("filler", words.FILLERS, 1.0),
)
