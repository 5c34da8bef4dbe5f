"""A clip's title, description and tags, all taken from its own words. Pure; nothing is invented."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.text.values import Facts, Token
from reelify.score import wordlists
from reelify.score.learned import CHOICE, CURIOSITY
from reelify.score.reading import Reading
from reelify.values import Labels

LONGEST_TITLE, LONGEST_DESCRIPTION = 60, 200
"""Characters; the first is what a phone shows of a title in a list."""
SHORTEST_TITLE = 3
"""Words; fewer are a title only where there is nothing longer."""
N_TAGS = 6
WHOLE = 0.4
"""Logits a whole sentence is ahead of a piece of one."""
TORN = 1.5
_CUT = re.compile(r"[,;:–—…]")
_NAMING = frozenset({"NOUN", "PROPN"})


def labels(reading: Reading) -> Labels:
    """Title, description and tags of a passage; empty where nothing is said."""
    if not reading.speech.n_words:
        return Labels()
    return Labels(_title(reading), _description(reading), _tags(reading))


def _title(reading: Reading) -> str:
    found = [
        (_appeal(reading, n, first, last), -n, -first, text)
        for n, facts in enumerate(reading.speech.facts)
        for first, last in _pieces(facts)
        if (text := _clean(facts, first, last)) and len(text) <= LONGEST_TITLE
    ]
    if found:
        return max(found)[3]
    return _shortened(reading.speech.facts[0].text.strip(), LONGEST_TITLE)


def _pieces(facts: Facts) -> Iterator[tuple[int, int]]:
    """Runs of clauses: first and last token of each."""
    edges = [0, *(i + 1 for i, t in enumerate(facts.tokens) if _CUT.fullmatch(t.text)), len(facts.tokens)]
    for i, low in enumerate(edges[:-1]):
        for high in edges[i + 1 :]:
            if high > low:
                yield low, high - 1


def _appeal(reading: Reading, number: int, first: int, last: int) -> float:
    """How much of what readers choose a piece holds; torn or tiny pieces lose."""
    tokens = reading.speech.facts[number].tokens
    inside = [t for t in tokens[first : last + 1] if t.folded[:1].isalnum()]
    if not inside:
        return -10.0
    words = sum(float(reading.verdicts[d].words[number][first : last + 1].sum()) for d in (CHOICE, CURIOSITY))
    told = 3.0 * float(reading.told[number])
    torn = TORN * (
        (inside[0].folded in wordlists.CONNECTORS | wordlists.ANAPHORA) + (inside[-1].folded in wordlists.DANGLING)
    )
    length = 2.0 * min(1.0, len(inside) / 7.0) - 3.0 * (len(inside) < SHORTEST_TITLE)
    return told + words + length - torn + WHOLE * (first == 0 and last == len(tokens) - 1)


def _clean(facts: Facts, first: int, last: int) -> str:
    text = facts.text[facts.tokens[first].start : facts.tokens[last].end].strip(" ,;:–—.")
    return text[:1].upper() + text[1:]


def _shortened(text: str, most: int) -> str:
    """The beginning of ``text`` up to a word's end, with an ellipsis where something is left out."""
    if len(text) <= most:
        return text
    words = text[: most - 1].rsplit(" ", 1)[0].split()
    while len(words) > 2 and words[-1].strip(",;:").lower() in wordlists.DANGLING:
        words.pop()
    return " ".join(words).rstrip(",;:") + "…"


def _description(reading: Reading) -> str:
    """The sentences that tell most, in their order, as many as fit."""
    order = np.argsort(-reading.told * np.sqrt(reading.shares), kind="stable")
    chosen: list[int] = []
    for n in order:
        texts = [reading.sentence(i) for i in sorted([*chosen, int(n)])]
        if len(" ".join(texts)) <= LONGEST_DESCRIPTION:
            chosen.append(int(n))
    if not chosen:
        return _shortened(reading.sentence(int(order[0])), LONGEST_DESCRIPTION)
    return " ".join(reading.sentence(i) for i in sorted(chosen))


def _tags(reading: Reading) -> tuple[str, ...]:
    """Its own nouns and names, the often said and the near to what it is about first."""
    counts: Counter[str] = Counter()
    order: dict[str, int] = {}
    for token in _naming(reading.speech.facts):
        word = token.text.lower()
        counts[word] += 1
        order.setdefault(word, len(order))
    about = _about(reading)

    def worth(word: str) -> tuple[float, int]:
        vector = reading.speech.words.get(word)
        near = float(vector @ about) if vector is not None and about is not None else 0.0
        return (counts[word] * 0.2 + near, -order[word])

    return tuple(sorted(counts, key=worth, reverse=True)[:N_TAGS])


def _about(reading: Reading) -> np.ndarray | None:
    vectors = reading.speech.vectors
    return None if vectors is None else np.asarray(reading.shares @ vectors)


def _naming(sentences: Sequence[Facts]) -> Iterator[Token]:
    for facts in sentences:
        for token in facts.tokens:
            if (
                token.pos in _NAMING
                and token.text.isalpha()
                and len(token.text) > 3
                and token.folded not in wordlists.FILLERS
            ):
                yield token
