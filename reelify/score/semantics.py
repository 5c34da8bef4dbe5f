"""What is near the person's keywords in meaning without naming them: synonyms, translations, and sentences about them.

Pure: the encoder comes in as a function, vectors stay in the values. Thresholds are for the Universal Sentence Encoder
multilingual v3 and were set on some dozens of Spanish and English sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.text.values import Facts, Keyword, Token
from pipeline.values import Sentence
from reelify.score.learned import Learned
from reelify.score.lexicon import Found, Lexicon, negated

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMMERCIAL, EMOTIONAL = "commercial", "emotional"

WORD_NEAR = 0.74
"""Cosine from which two words are synonyms or translations: gratis–free .96, increíble–amazing .86, feliz–contento .80 are over
it; antonyms (feliz–triste .50, gratis–caro .49) far under it."""
SENTENCE_NEAR = 0.2
"""Margin (cosine with the keyword less the mean cosine with :data:`NEUTRAL` words) from which a sentence is about a keyword:
of 17 neutral sentences × 15 keywords none exceeds .15; of 23 paraphrases 19 reach it."""
SENTENCE_SURE = 0.4
NEAR_WORTH = 0.5
"""A near meaning counts at most half of the word itself."""
NEUTRAL = _words(
    "mesa hora lunes calle número agua oficina documento tiempo casa color página table street number paper weather computer "
    "meeting door"
)
RITUAL = (
    "muchas gracias por venir", "bienvenidos al programa", "hasta la próxima semana", "muy bien, vale, de acuerdo", "buenos días a todos",
    "thanks for listening", "welcome to the show", "see you next week", "okay, all right", "good morning everyone",
)  # fmt: skip
"""Polite formulas are warm without meaning it: a sentence nearer to one of them than to a keyword says nothing about it."""
SHORTEST = 4
"""Words of a sentence that can be about something."""
HIGH_AROUSAL = _words("furioso aterrado entusiasmado eufórico indignado asombrado pánico rabia")
LOW_AROUSAL = _words("tranquilo aburrido cansado sereno melancólico relajado apático deprimido")
AROUSAL_SLOPE, AROUSAL_MIDDLE = 3.0, 0.75
"""Weight = middle + slope · (nearness to high arousal − to low arousal): emocionado .99, odio .92, triste .56, feliz .47."""
_CONTENT = frozenset({"NOUN", "VERB", "ADJ", "ADV", "PROPN", "INTJ", ""})


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The person's keywords: how to find them (``lexicons`` by category), what they mean (``vectors`` (k, d), rows in the
    lexicon's order) and how much each is worth (``weights`` (k,), 1 for commercial ones, arousal for emotional ones); and what was
    ``learned`` from readers, which judges all else."""

    lexicons: Mapping[str, Lexicon]
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    weights: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    neutral: NDArray[np.float32] | None = None
    ritual: NDArray[np.float32] | None = None
    learned: Learned = field(default_factory=Learned)


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What is said: sentences on one clock, their tokens, and (where an encoder was at hand) vectors of the sentences
    (n, d) and of single words by their folded lemma."""

    sentences: tuple[Sentence, ...] = ()
    facts: tuple[Facts, ...] = ()
    vectors: NDArray[np.float32] | None = None
    words: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def n_words(self) -> int:
        return sum(1 for f in self.facts for t in f.tokens if t.folded[:1].isalnum())

    @property
    def text(self) -> str:
        return " ".join(s.text.strip() for s in self.sentences)


def vocabulary(
    commercial: Sequence[Keyword], emotional: Sequence[Keyword], learned: Learned, embed: Embed | None = None
) -> Vocabulary:
    """The two categories, ready to be looked for; without ``embed`` only words count, and all the same."""
    lexicons = {COMMERCIAL: Lexicon(commercial), EMOTIONAL: Lexicon(emotional)}
    if embed is None:
        return Vocabulary(lexicons, learned=learned)
    vectors = {name: embed([k.text for k in lexicon.keywords]) for name, lexicon in lexicons.items()}
    weights = {COMMERCIAL: np.ones(len(commercial)), EMOTIONAL: _arousal(vectors[EMOTIONAL], embed)}
    return Vocabulary(lexicons, vectors, weights, embed(NEUTRAL), embed(RITUAL), learned)


def _arousal(vectors: NDArray[np.float32], embed: Embed) -> NDArray[np.float64]:
    """Weight in [0.4, 1] of every emotional keyword: agitation spreads, sadness does not (Berger & Milkman 2012)."""
    if not len(vectors):
        return np.zeros(0)
    high, low = (
        np.sort(vectors @ embed(words).T, axis=1)[:, -3:].mean(axis=1) for words in (HIGH_AROUSAL, LOW_AROUSAL)
    )
    weights: NDArray[np.float64] = np.clip(AROUSAL_MIDDLE + AROUSAL_SLOPE * (high - low).astype(np.float64), 0.4, 1.0)
    return weights


def speech(sentences: Sequence[Sentence], facts: Sequence[Facts], embed: Embed | None = None) -> Speech:
    """Sentences with their facts and, where ``embed`` is given, vectors of sentences and content words."""
    if embed is None or not sentences:
        return Speech(tuple(sentences), tuple(facts))
    lemmas = content_words(facts)
    both = embed([s.text for s in sentences] + lemmas)
    return Speech(
        tuple(sentences), tuple(facts), both[: len(sentences)], dict(zip(lemmas, both[len(sentences) :], strict=True))
    )


def content_words(facts: Sequence[Facts]) -> list[str]:
    """The words of sentences that have a meaning of their own, in lower case, sorted."""
    return sorted(
        {_key(t) for f in facts for t in f.tokens if t.pos in _CONTENT and len(t.text) > 2 and t.text.isalpha()}
    )


def _key(token: Token) -> str:
    return token.text.lower()


@dataclass(frozen=True, slots=True)
class Near:
    """Sentence ``sentence``, token ``token`` (−1: the whole sentence) is near keyword ``keyword``; ``worth`` in (0, 0.5]."""

    category: str
    keyword: int
    sentence: int
    token: int
    worth: float


def near(what: Speech, known: Vocabulary, found: Mapping[str, Sequence[Found]]) -> tuple[Near, ...]:
    """Near meanings of keywords that the sentence itself does not name (or denies); at most one for a keyword and sentence."""
    out: list[Near] = []
    for category, vectors in known.vectors.items():
        if not len(vectors) or what.vectors is None:
            continue
        named = {(f.sentence, f.keyword) for f in found.get(category, ())}
        taken = {f.sentence: set(range(f.first, f.last + 1)) for f in found.get(category, ())}
        best: dict[tuple[int, int], Near] = {}
        for item in (*_near_words(category, what, vectors, taken), *_near_sentences(category, what, known)):
            place = (item.sentence, item.keyword)
            if place not in named and (place not in best or item.worth > best[place].worth):
                best[place] = item
        strongest: dict[int, Near] = {}
        for item in best.values():
            rival = strongest.get(item.sentence)
            if rival is None or (item.worth, -item.keyword) > (rival.worth, -rival.keyword):
                strongest[item.sentence] = item
        out += strongest.values()
    return tuple(sorted(out, key=lambda n: (n.sentence, n.token, n.category, n.keyword)))


def _near_words(category: str, what: Speech, vectors: NDArray[np.float32], taken: Mapping[int, set[int]]) -> list[Near]:
    out: list[Near] = []
    for number, facts in enumerate(what.facts):
        for index, token in enumerate(facts.tokens):
            vector = what.words.get(_key(token))
            if vector is None or index in taken.get(number, ()):
                continue
            likeness = vectors @ vector
            keyword = int(np.argmax(likeness))
            if likeness[keyword] >= WORD_NEAR and not negated(facts.tokens, index, index):
                out.append(Near(category, keyword, number, index, NEAR_WORTH))
    return out


def _denied(facts: Facts, what: Speech, keyword: NDArray[np.float32]) -> bool:
    """Whether a sentence is near a keyword only by saying that it is not so: "it is not free"."""
    return any(
        float(vector @ keyword) >= WORD_NEAR and negated(facts.tokens, index, index)
        for index, token in enumerate(facts.tokens)
        if (vector := what.words.get(_key(token))) is not None
    )


def _near_sentences(category: str, what: Speech, known: Vocabulary) -> list[Near]:
    if known.neutral is None or known.ritual is None or what.vectors is None:
        return []
    likeness = what.vectors @ known.vectors[category].T
    margin = likeness - (what.vectors @ known.neutral.T).mean(axis=1, keepdims=True)
    polite = (what.vectors @ known.ritual.T).max(axis=1)
    out: list[Near] = []
    for number, facts in enumerate(what.facts):
        keyword = int(np.argmax(margin[number]))
        if _denied(facts, what, known.vectors[category][keyword]):
            continue
        sure = (float(margin[number, keyword]) - SENTENCE_NEAR) / (SENTENCE_SURE - SENTENCE_NEAR)
        n_words = sum(t.folded[:1].isalnum() for t in facts.tokens)
        if sure >= 0 and n_words >= SHORTEST and polite[number] < likeness[number, keyword]:
            out.append(Near(category, keyword, number, -1, NEAR_WORTH * (0.4 + 0.6 * min(1.0, sure))))
    return out
