"""A passage with everything found in it, and how much each finding tells: the values the named parts are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reelify.score.learned import CHOICE, CURIOSITY, SUBSTANCE, Verdict
from reelify.score.lexicon import Found, spoken_at
from reelify.score.patterns import Cue, cues
from reelify.score.semantics import Near, Speech, Vocabulary, near

HOOK_SECONDS = 3.0
CONTEXT = 0.5
"""How far what surrounds a sentence says what it is: a passage is of one kind, "he paid" may be anything. Set on folds of the passages."""
HOOK_WORDS = 14
"""The hook is what starts in the first three seconds, or, where words carry no times, the first words."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """``text`` heard at ``start`` (transcript's clock, seconds) adds ``strength`` to a part, or takes it away where negative."""

    text: str
    start: float
    strength: float


@dataclass(frozen=True, slots=True)
class PartScore:
    """``value`` in [0, 1], how much of the part there is, and the logits it adds to the score, by what earned or cost them."""

    value: float
    contributions: tuple[Contribution, ...] = ()

    @property
    def logits(self) -> float:
        return math.fsum(c.strength for c in self.contributions)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A passage with everything found in it. ``shares`` (n,) are the sentences' shares of its length; ``told`` (n,) in [0, 1] how
    surely each one tells something rather than being gone through (a greeting, an agenda); ``kinds`` name what each one is."""

    speech: Speech
    known: Vocabulary
    cues: tuple[Cue, ...] = ()
    found: Mapping[str, tuple[Found, ...]] = field(default_factory=dict)
    near: tuple[Near, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    shares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    told: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def time(self, sentence: int, token: int) -> float:
        """When a token is said; −1 is the sentence's start."""
        facts, said = self.speech.facts[sentence], self.speech.sentences[sentence]
        return said.start if token < 0 or not facts.tokens else spoken_at(facts.tokens[token], facts, said)

    def worth(self, name: str) -> float:
        """The fitted worth of a cue or part, logits; where one was fitted for the language, that."""
        worth = self.known.learned.worth
        language = self.speech.facts[0].language if self.speech.facts else ""
        return worth.get(f"{name}.{language}", worth.get(name, 0.0))

    def counted(self, category: str) -> tuple[Found, ...]:
        return tuple(f for f in self.found.get(category, ()) if not f.negated)

    def sentence(self, number: int) -> str:
        """The text of sentence ``number``."""
        return self.speech.facts[number].text.strip()

    def opens(self, sentence: int, token: int) -> bool:
        """Whether a token is part of the hook."""
        said = self.speech.sentences[sentence]
        if said.words and self.time(sentence, token) - self.speech.sentences[0].start <= HOOK_SECONDS:
            return True
        before = sum(len(f.tokens) for f in self.speech.facts[:sentence])
        return before + token < HOOK_WORDS


def read(speech: Speech, known: Vocabulary, context: float = CONTEXT) -> Reading:
    """Everything that is found in a passage. What a sentence is depends by ``context`` in [0, 1] on the whole passage; 0 where the
    sentences are about many things."""
    learned = known.learned
    found = {category: lexicon.find(speech.facts) for category, lexicon in known.lexicons.items()}
    verdicts = {name: learned.judge(name, speech.facts, speech.vectors) for name in (CHOICE, CURIOSITY)}
    lengths = np.array([max(1, len(f.text)) for f in speech.facts], np.float64)
    shares = lengths / max(1.0, lengths.sum())
    placed = speech.vectors
    if placed is not None and context:
        placed = ((1.0 - context) * placed + context * (shares @ placed)).astype(np.float32)
    verdicts[SUBSTANCE] = learned.genre(speech.facts, placed)
    told = 1.0 / (1.0 + np.exp(-verdicts[SUBSTANCE].total))
    return Reading(
        speech, known, cues(speech.facts), found, near(speech, known, found), verdicts,
        learned.kind_of(placed) or ("",) * len(speech.facts), shares, told,
    )  # fmt: skip


def saturated(contributions: Iterable[Contribution], scale: float, worth: float = 1.0) -> PartScore:
    """The part whose value is ``1 − exp(−Σ strength / scale)``, adding ``worth`` · value logits: the first cue tells most, the tenth
    nothing. ``worth`` may be negative."""
    kept = [c for c in contributions if c.strength > 0]
    strengths = math.fsum(c.strength for c in kept)
    value = 1.0 - math.exp(-strengths / scale)
    return PartScore(value, tuple(_times(kept, worth * value / strengths if strengths else 0.0)))


def together(parts: Sequence[PartScore]) -> PartScore:
    """Several findings as one named part; its value grows with what they add, and is 0 where they cost."""
    contributions = tuple(c for part in parts for c in part.contributions if c.strength)
    return PartScore(1.0 - math.exp(-max(0.0, math.fsum(c.strength for c in contributions))), contributions)


def _times(contributions: Iterable[Contribution], factor: float) -> Iterable[Contribution]:
    return (Contribution(c.text, c.start, c.strength * factor) for c in contributions)
