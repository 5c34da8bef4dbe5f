"""The named parts of the viral score, each a value in [0, 1] with the words or sounds that earned it.

A part saturates, ``1 − exp(−Σ strengths / scale)``: the first cue tells most, the tenth nothing. This is a heuristic ranking
from findings on what is shared, not a forecast of views.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evidence.sound_events import BY_LABEL
from pipeline.values import Event, Span
from reelify.score import wordlists
from reelify.score.lexicon import Found, spoken_at
from reelify.score.patterns import ENGAGEMENT, STORY, Cue
from reelify.score.semantics import COMMERCIAL, EMOTIONAL, Near, Speech, Vocabulary
from reelify.values import Evidence

HOOK_SECONDS = 3.0
HOOK_WORDS = 14
"""The hook is what starts in the first three seconds, or, where words carry no times, the first words."""
DENSITY_WORDS = 40
"""Shorter texts are counted as if they had this many words: one hit in a five-word text is no density."""
STIRRED_HOOK, STIRRED_STORY = 1.2, 1.8
"""Strength of a sentence whose whole meaning stirs, beside single words of 0.2 to 1."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """``text`` heard at ``start`` (transcript's clock, seconds) adds ``strength`` > 0 to a part."""

    text: str
    start: float
    strength: float


@dataclass(frozen=True, slots=True)
class PartScore:
    """``value`` in [0, 1] and what it is made of; contributions are shares of it, whatever their unit."""

    value: float
    contributions: tuple[Contribution, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A passage with everything found in it."""

    speech: Speech
    known: Vocabulary
    cues: tuple[Cue, ...]
    found: Mapping[str, tuple[Found, ...]]
    near: tuple[Near, ...]
    stirred: tuple[tuple[int, float], ...] = ()

    def time(self, sentence: int, token: int) -> float:
        """When a token is said; −1 is the sentence's start."""
        facts, said = self.speech.facts[sentence], self.speech.sentences[sentence]
        return said.start if token < 0 or not facts.tokens else spoken_at(facts.tokens[token], facts, said)

    def counted(self, category: str) -> tuple[Found, ...]:
        return tuple(f for f in self.found.get(category, ()) if not f.negated)


def saturated(contributions: Iterable[Contribution], scale: float) -> PartScore:
    """The part whose value is ``1 − exp(−Σ strength / scale)``."""
    kept = tuple(c for c in contributions if c.strength > 0)
    return PartScore(1.0 - math.exp(-sum(c.strength for c in kept) / scale), kept)


def keyword_part(reading: Reading, category: str) -> PartScore:
    """Hits per 100 words, near meanings at half, emotional ones by arousal; 4 per 100 words are as good as it gets."""
    weights = reading.known.weights.get(category)

    def weight(keyword: int) -> float:
        return float(weights[keyword]) if weights is not None and keyword < len(weights) else 1.0

    per_hit = 100.0 / max(DENSITY_WORDS, reading.speech.n_words)
    out = [
        Contribution(f.surface, reading.time(f.sentence, f.first), per_hit * weight(f.keyword))
        for f in reading.counted(category)
    ]
    out += [
        Contribution(_near_text(reading, n), reading.time(n.sentence, n.token), per_hit * weight(n.keyword) * n.worth)
        for n in reading.near
        if n.category == category
    ]
    return saturated(out, 2.2)


def _near_text(reading: Reading, item: Near) -> str:
    facts = reading.speech.facts[item.sentence]
    said = facts.tokens[item.token].text if item.token >= 0 else facts.text
    keyword = reading.known.lexicons[item.category].keywords[item.keyword].text
    return f"{said} ≈ {keyword}"


def variety_part(reading: Reading) -> PartScore:
    """How many different keywords, and whether both categories are there."""
    first: dict[tuple[str, int], Contribution] = {}
    for category in (COMMERCIAL, EMOTIONAL):
        for hit in reading.counted(category):
            first.setdefault(
                (category, hit.keyword), Contribution(hit.surface, reading.time(hit.sentence, hit.first), 1.0)
            )
    for item in reading.near:
        here = Contribution(_near_text(reading, item), reading.time(item.sentence, item.token), item.worth)
        first.setdefault((item.category, item.keyword), here)
    both = 1.5 if len({category for category, _ in first}) > 1 else 1.0
    return saturated([Contribution(c.text, c.start, c.strength * both) for c in first.values()], 2.5)


def _dulled(reading: Reading, kinds: Sequence[str]) -> float:
    """Share of the strength that stays: greetings, housekeeping and fillers take some away, in proportion to the length."""
    dull = sum(c.weight for c in reading.cues if c.kind in kinds)
    return math.exp(-1.1 * dull * 30 / max(30, reading.speech.n_words))


def hook_part(reading: Reading) -> PartScore:
    """Whether the first three seconds (or the first words) make one stay."""
    start = reading.speech.sentences[0].start
    inside = [c for c in reading.cues if _opens(reading, c.sentence, c.token, start)]
    out = [
        Contribution(c.text, reading.time(c.sentence, c.token), c.weight)
        for c in inside
        if c.kind in ENGAGEMENT | STORY
    ]
    for category in (COMMERCIAL, EMOTIONAL):
        out += [
            Contribution(f.surface, reading.time(f.sentence, f.first), 0.7)
            for f in reading.counted(category)
            if _opens(reading, f.sentence, f.first, start)
        ]
    out += [
        Contribution(_sentence(reading, n), reading.time(n, -1), STIRRED_HOOK * sure)
        for n, sure in reading.stirred
        if _opens(reading, n, 0, start)
    ]
    dull = math.exp(-1.2 * sum(c.weight for c in inside if c.kind in ("routine", "filler")))
    return saturated([Contribution(c.text, c.start, c.strength * dull) for c in out], 2.0)


def _opens(reading: Reading, sentence: int, token: int, start: float) -> bool:
    said = reading.speech.sentences[sentence]
    if said.words and reading.time(sentence, token) - start <= HOOK_SECONDS:
        return True
    before = sum(len(f.tokens) for f in reading.speech.facts[:sentence])
    return before + token < HOOK_WORDS


def engagement_part(reading: Reading) -> PartScore:
    """Questions, exclamations, the listener addressed, imperatives, calls to action (these once)."""
    out: list[Contribution] = []
    called = False
    keep = _dulled(reading, ("routine", "filler"))
    for cue in reading.cues:
        if cue.kind not in ENGAGEMENT or (cue.kind == "call" and called):
            continue
        called |= cue.kind == "call"
        out.append(
            Contribution(cue.text, reading.time(cue.sentence, cue.token), cue.weight * keep * _per_length(reading))
        )
    return saturated(out, 2.4)


def story_part(reading: Reading) -> PartScore:
    """Curiosity, stakes, people close, extremes, amounts, contrast, first person, punch lines."""
    keep = _dulled(reading, ("routine", "filler")) * _per_length(reading)
    out = [
        Contribution(c.text, reading.time(c.sentence, c.token), c.weight * keep)
        for c in reading.cues
        if c.kind in STORY
    ]
    out += [
        Contribution(_sentence(reading, n), reading.time(n, -1), STIRRED_STORY * sure * keep)
        for n, sure in reading.stirred
    ]
    return saturated(out, 2.6)


def _sentence(reading: Reading, number: int) -> str:
    return reading.speech.facts[number].text.strip()


def _per_length(reading: Reading) -> float:
    """Long passages hold more of everything; over 60 words strengths are counted per 60."""
    return 60.0 / max(60, reading.speech.n_words)


def length_part(reading: Reading) -> PartScore:
    """Full marks from 25 to 120 words, none under 4, a third from 400 on."""
    value = float(np.interp(reading.speech.n_words, (4, 25, 120, 400), (0.0, 1.0, 1.0, 0.3)))
    return _whole(reading, value, f"{reading.speech.n_words}")


def completeness_part(reading: Reading) -> PartScore:
    """Begins and ends on a sentence, hangs on no connector, refers to nothing said before."""
    words = [t for f in reading.speech.facts for t in f.tokens if t.folded[:1].isalnum()]
    if not words:
        return PartScore(0.0)
    text = reading.speech.text.strip()
    last = text.rstrip("\"'”»)] ")[-1:]
    start, end = reading.speech.sentences[0].start, reading.speech.sentences[-1].end
    marks = (
        (not words[0].text[:1].islower() and words[0].folded not in wordlists.CONNECTORS, 0.3, words[0].text, start),
        (words[0].folded not in wordlists.ANAPHORA, 0.15, words[0].text, start),
        (last in ".!?…。！？؟" or last == "", 0.35, words[-1].text, end),
        (words[-1].folded not in wordlists.DANGLING, 0.2, words[-1].text, end),
    )
    out = tuple(Contribution(said, at, worth) for good, worth, said, at in marks if good)
    return PartScore(sum(c.strength for c in out), out)


def duration_part(reading: Reading, duration: float) -> PartScore:
    """Plateau from 20 to 60 s, sloping to .4 at 15 and 180 s, to 0 at 0 and 600 s."""
    value = float(np.interp(duration, (0, 15, 20, 60, 180, 600), (0.0, 0.4, 1.0, 1.0, 0.4, 0.0)))
    return _whole(reading, value, f"{duration:.0f} s")


def _whole(reading: Reading, value: float, text: str) -> PartScore:
    start = reading.speech.sentences[0].start if reading.speech.sentences else 0.0
    return PartScore(value, (Contribution(text, start, value),) if value > 0 else ())


def delivery_part(reading: Reading, evidence: Evidence, span: Span) -> PartScore:
    """Laughter and applause, lively loudness, pace that changes."""
    out = reactions(evidence.events, span)
    out += loudness_range(evidence, span)
    rates = [
        (len(s.words) or len(s.text.split())) / max(0.3, s.end - s.start)
        for s in reading.speech.sentences
        if len(s.text) > 8
    ]
    if len(rates) > 1:
        lively = min(0.4, float(np.std(rates)) / max(0.5, float(np.mean(rates))))
        out.append(Contribution("♪", reading.speech.sentences[int(np.argmax(rates))].start, lively))
    return saturated(out, 1.0)


def reactions(events: Sequence[Event], span: Span) -> list[Contribution]:
    """The audience's reactions inside ``span`` (of the file's clock): one contribution for each burst."""
    return [
        Contribution(e.label, max(e.start, span.start), BY_LABEL[e.label].worth * (0.4 + 0.6 * e.score))
        for e in events
        if e.label in BY_LABEL and BY_LABEL[e.label].worth > 0 and span.overlap(e.span) >= min(0.5, e.end - e.start) > 0
    ]


def loudness_range(evidence: Evidence, span: Span) -> list[Contribution]:
    """How far loudness swings (10th to 90th percentile of what is not silence; 15 dB is lively), where it peaks."""
    curve = evidence.curves.get("loudness") or evidence.curves.get("energy")
    if curve is None or not len(curve.values):
        return []
    low, high = (
        int(np.clip(round((t - curve.start) / curve.step), 0, len(curve.values))) for t in (span.start, span.end)
    )
    part = curve.values[low:high]
    heard = part[part > np.max(part) - 30] if len(part) else part
    if len(heard) < 4:
        return []
    swing = float(np.percentile(heard, 90) - np.percentile(heard, 10))
    peak = curve.start + (low + int(np.argmax(part))) * curve.step
    return [Contribution("♪", peak, 0.5 * min(1.0, swing / 15.0))]
