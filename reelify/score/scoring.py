"""The parts that are counted rather than judged: the person's keywords, completeness, length, duration, delivery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.evidence.sound_events import BY_LABEL
from pipeline.values import Event, Span
from reelify.score import wordlists
from reelify.score.reading import Contribution, PartScore, Reading, saturated
from reelify.score.semantics import COMMERCIAL, EMOTIONAL, Near
from reelify.values import Evidence

DENSITY_WORDS = 40
"""Shorter texts are counted as if they had this many words: one hit in a five-word text is no density."""


def keyword_part(reading: Reading, category: str) -> PartScore:
    """Hits per 100 words, near meanings at half, emotional ones by arousal; 4 per 100 words are as good as it gets."""
    weights = reading.known.weights.get(category)

    def weight(keyword: int) -> float:
        return float(weights[keyword]) if weights is not None and keyword < len(weights) else 1.0

    per_hit = 100.0 / max(DENSITY_WORDS, reading.speech.n_words)
    hits = [(f.surface, f.sentence, f.first, weight(f.keyword)) for f in reading.counted(category)]
    hits += [
        (_near_text(reading, n), n.sentence, n.token, weight(n.keyword) * n.worth * _told(reading, n))
        for n in reading.near
        if n.category == category
    ]
    return saturated(
        (Contribution(text, reading.time(n, token), per_hit * worth) for text, n, token, worth in hits), 2.2
    )


def _told(reading: Reading, item: Near) -> float:
    """Warm words in a greeting or a sponsor's text are near everything and mean nothing."""
    return float(reading.told[item.sentence]) if len(reading.told) else 1.0


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
        here = Contribution(
            _near_text(reading, item), reading.time(item.sentence, item.token), item.worth * _told(reading, item)
        )
        first.setdefault((item.category, item.keyword), here)
    both = 1.5 if len({category for category, _ in first}) > 1 else 1.0
    return saturated([Contribution(c.text, c.start, c.strength * both) for c in first.values()], 2.5)


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
