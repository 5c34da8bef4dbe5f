"""Finds the person's keywords in what was said: every inflected form, no false friend, nothing that is negated.

Pure: the keywords' forms (:class:`pipeline.text.values.Keyword`) and the tagged tokens (:class:`pipeline.text.values.Facts`) come in
as values, so a test needs neither a dictionary nor a tagger.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.text.languages.es import INFLECTION
from pipeline.text.values import Facts, Keyword, Term, Token
from pipeline.values import Sentence, Word
from reelify.score.wordlists import BELOVED, CLAUSE_END, LITTLE, NEGATORS, RAISING, UNDOING
from reelify.values import KeywordHit

SCOPE = 3
"""Tokens before a keyword in which a negation still reaches it; pronouns and articles are not counted."""
_LIGHT = frozenset({"PRON", "DET", "ADP", "PART"})
_SMALL_SENTENCE = 2
_WORDLIKE = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Found:
    """A keyword at tokens ``first``…``last`` of sentence ``sentence``; ``negated`` ones (and those of another sense) do not count."""

    keyword: int
    sentence: int
    first: int
    last: int
    surface: str
    negated: bool = False


class Lexicon:
    """Keywords of one category, indexed by form: looking a token up costs the same for five keywords as for five hundred."""

    def __init__(self, keywords: Sequence[Keyword]) -> None:
        self.keywords = tuple(keywords)
        self._starts: defaultdict[str, list[int]] = defaultdict(list)
        self._hosts: defaultdict[str, list[int]] = defaultdict(list)
        self._literal: list[int] = []
        for index, keyword in enumerate(self.keywords):
            if not keyword.terms:
                self._literal.append(index)
                continue
            first = keyword.terms[0]
            for form in first.forms | first.verbal | first.nominal:
                self._starts[form].append(index)
            for host in first.hosts:
                self._hosts[host].append(index)

    def find(self, sentences: Sequence[Facts]) -> tuple[Found, ...]:
        """Every occurrence in order of time, negated ones marked; the longest keyword wins where several overlap."""
        found: list[Found] = []
        for number, facts in enumerate(sentences):
            here = sorted({*self._in_words(number, facts), *self._in_signs(number, facts)}, key=_longest_first)
            taken: set[int] = set()
            for hit in here:
                cells = set(range(hit.first, hit.last + 1))
                if not cells & taken:
                    taken |= cells
                    found.append(hit)
        return tuple(sorted(found, key=lambda hit: (hit.sentence, hit.first, hit.keyword)))

    def _in_words(self, number: int, facts: Facts) -> Iterator[Found]:
        tokens = facts.tokens
        words = [i for i, t in enumerate(tokens) if _WORDLIKE.search(t.text)]
        for place, start in enumerate(words):
            for index in self._candidates(tokens[start]):
                terms = self.keywords[index].terms
                picked = words[place : place + len(terms)]
                if len(picked) == len(terms) and all(
                    matches(term, tokens[i], len(words)) for term, i in zip(terms, picked, strict=True)
                ):
                    yield self._found(index, number, facts, picked[0], picked[-1])

    def _candidates(self, token: Token) -> Iterator[int]:
        seen = {*self._starts.get(token.folded, ())}
        for host in _hosts(token):
            seen.update(self._hosts.get(host, ()))
        return iter(sorted(seen))

    def _in_signs(self, number: int, facts: Facts) -> Iterator[Found]:
        """Keywords without words of their own (``50%``, ``c++``, emoji) are found letter by letter."""
        if not self._literal:
            return
        folded = _folded_text(facts)
        for index in self._literal:
            literal = self.keywords[index].literal
            for match in re.finditer(_bounded(literal), folded):
                covered = [i for i, t in enumerate(facts.tokens) if t.end > match.start() and t.start < match.end()]
                if covered:
                    yield self._found(
                        index, number, facts, covered[0], covered[-1], facts.text[match.start() : match.end()]
                    )

    def _found(self, index: int, number: int, facts: Facts, first: int, last: int, surface: str = "") -> Found:
        said = surface or facts.text[facts.tokens[first].start : facts.tokens[last].end]
        terms = self.keywords[index].terms
        other = len(terms) == 1 and "querer" in terms[0].lemmas and of_love(facts.tokens, first)
        return Found(index, number, first, last, said, other or negated(facts.tokens, first, last))


def _longest_first(hit: Found) -> tuple[int, int, int]:
    return (hit.first - hit.last, hit.first, hit.keyword)


def _bounded(literal: str) -> str:
    before = r"(?<!\w)" if literal[:1].isalnum() else ""
    after = r"(?!\w)" if literal[-1:].isalnum() else ""
    return before + re.escape(literal) + after


def _folded_text(facts: Facts) -> str:
    out = list(facts.text.lower()) if len(facts.text.lower()) == len(facts.text) else list(facts.text)
    for token in facts.tokens:
        if len(token.folded) == len(token.text):
            out[token.start : token.end] = token.folded
    return "".join(out)


def matches(term: Term, token: Token, n_words: int = 99) -> bool:
    """Whether ``token`` is a form of ``term``. ``n_words`` is the sentence's length: very short ones are no context for a
    tagger, so there a form shared with another word counts."""
    form = token.folded
    if form in term.forms:
        return not _other_accent(term, token)
    lenient = n_words <= _SMALL_SENTENCE or token.lemma in term.lemmas
    lenient |= term.lemmas.issuperset(
        token.lemmas
    )  # also where no dictionary knows the spelling: its accent is missing
    if form in term.verbal:
        return lenient or token.pos in ("VERB", "AUX")
    if form in term.nominal:
        return lenient or token.pos not in ("VERB", "AUX")
    return any(host in term.hosts for host in _hosts(token))


def of_love(tokens: Sequence[Token], index: int) -> bool:
    """Whether a form of *querer* is love and not a wish: "te quiero", "os quiero mucho", "quiero a mi madre"; not "te quiero contar"."""
    after = [t for t in tokens[index + 1 : index + 5] if t.pos != "ADV" and t.folded not in LITTLE]
    follows = after[0] if after else None
    if follows is not None and "VerbForm=Inf" in follows.morph:
        return False
    if index and tokens[index - 1].folded in BELOVED:
        return True
    return (
        follows is not None
        and follows.folded in ("a", "al")
        and "VerbForm=Inf" not in (after[1].morph if len(after) > 1 else ())
    )


def _other_accent(term: Term, token: Token) -> bool:
    """``papá`` is not a form of the keyword ``papa``: its own accent makes it another word of the dictionary. Adverbs and
    superlatives and augmentatives are listed as words of their own and keep their adjective's accent."""
    return (
        not re.search(r"mente$|isim[oa]s?$|on$", token.folded)
        and token.text.lower() != term.text
        and token.folded != token.text.lower()
        and bool(token.lemmas and not term.lemmas & set(token.lemmas))
    )


_TAIL = re.compile(INFLECTION.clitics)


def _hosts(token: Token) -> Iterator[str]:
    """The verb under enclitic pronouns, where the token was read as one (or by no dictionary at all); a noun of the dictionary that a
    tagger takes for a verb has none (banquete is no form of bancar)."""
    form = token.folded
    if len(form) < 4 or (token.lemmas and (token.pos not in ("VERB", "AUX") or token.lemmas == (form,))):
        return
    for size in range(2, min(7, len(form) - 1)):
        host, tail = form[:-size], form[-size:]
        if _TAIL.fullmatch(tail):
            yield host
            if tail.startswith("os"):
                yield host + "d"
            if host.endswith("mo"):
                yield host + "s"


def negated(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether a negation reaches the tokens ``first``…``last``: one of their clause, at most :data:`SCOPE` words before.

    Undoing verbs ("no te pierdas") and raising words ("no solo", "never so") affirm; a finite verb in between shields
    another finite verb ("nunca me dijo te quiero").
    """
    left = SCOPE
    verb_between = False
    for token in reversed(tokens[:first]):
        if token.folded in CLAUSE_END or token.folded in RAISING or {token.lemma, *token.lemmas} & UNDOING:
            return False
        if token.folded in NEGATORS:
            return not (verb_between and any("VerbForm=Fin" in t.morph for t in tokens[first : last + 1]))
        verb_between |= token.pos == "VERB" and "VerbForm=Fin" in token.morph
        left -= token.pos not in _LIGHT
        if left < 0:
            return False
    return False


def spoken_at(token: Token, facts: Facts, sentence: Sentence) -> float:
    """When ``token`` of ``sentence`` is said, seconds on the transcript's clock: its word's start, or by its place in the text."""
    word = _word_at(token, facts, sentence.words)
    if word is not None:
        return word.start
    share = token.start / max(1, len(facts.text))
    return sentence.start + (sentence.end - sentence.start) * share


def _word_at(token: Token, facts: Facts, words: Sequence[Word]) -> Word | None:
    """The word in which ``token`` starts; words are taken to follow one another in the text."""
    cursor = 0
    for word in words:
        bare = word.text.strip()
        place = facts.text.find(bare, cursor) if bare else -1
        if place < 0:
            continue
        cursor = place + len(bare)
        if token.start < cursor:
            return word
    return None


def hits(
    lexicons: Mapping[str, Lexicon], facts: Sequence[Facts], sentences: Sequence[Sentence]
) -> tuple[KeywordHit, ...]:
    """What counts, by category name, in order of time; negated occurrences are left out."""
    out: list[KeywordHit] = []
    for category, lexicon in lexicons.items():
        for found in lexicon.find(facts):
            if not found.negated:
                here = facts[found.sentence]
                when = spoken_at(here.tokens[found.first], here, sentences[found.sentence])
                out.append(KeywordHit(lexicon.keywords[found.keyword].text, found.surface, category, when))
    return tuple(sorted(out, key=lambda hit: (hit.start, hit.category, hit.keyword)))
