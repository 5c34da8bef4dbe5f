"""The viral score of a passage or clip, part by part, and the order of many.

Pure and deterministic. The invariant: the points of :class:`reelify.values.ViralScore.evidence` add up to the score before
trust, so ``total = confidence · Σ points``; nothing is earned that cannot be shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.messages import Message, message
from pipeline.values import Span
from reelify.score import scoring
from reelify.score.patterns import cues
from reelify.score.scoring import PartScore, Reading
from reelify.score.semantics import COMMERCIAL, EMOTIONAL, Speech, Vocabulary, near, stirred
from reelify.values import Evidence, KeywordHit, Point, ViralScore

WEIGHTS: Mapping[str, float] = {
    "hook": 0.17, "story": 0.25, "engagement": 0.12, "commercial": 0.12, "emotional": 0.11, "variety": 0.06,
    "completeness": 0.04, "length": 0.03, "delivery": 0.07, "duration": 0.03,
}  # fmt: skip
"""Shares of the parts; what cannot be known (delivery and duration of a bare text) is left out and the rest weighs more."""
STRETCH = 1.8
"""The weighted sum x becomes ``1 − exp(−stretch · x)``: several strong parts out of ten already make a strong clip."""
TRUSTED = 0.75
"""Mean word probability of a clean recording with the smallest models in use; only below it the score is lowered."""
NO_SPEECH_CEILING = 0.6
SILENT_WEIGHTS: Mapping[str, float] = {"reactions": 0.4, "sound": 0.25, "picture": 0.2, "duration": 0.15}
DUPLICATE = 0.85
"""Cosine of two clips' meanings from which the second says the same again."""


def read(speech: Speech, known: Vocabulary) -> Reading:
    """Everything that is found in a passage."""
    found = {category: lexicon.find(speech.facts) for category, lexicon in known.lexicons.items()}
    return Reading(speech, known, cues(speech.facts), found, near(speech, known, found), stirred(speech, known))


def score_text(speech: Speech, known: Vocabulary) -> ViralScore:
    """The score of words alone: no delivery, no duration. Nothing said scores 0."""
    if not speech.n_words:
        return ViralScore(0.0, {}, doubts=(message("doubt.no_words"),))
    reading = read(speech, known)
    return _assemble(_text_parts(reading), reading, _trust(speech))


def score_clip(speech: Speech, known: Vocabulary, evidence: Evidence, span: Span) -> ViralScore:
    """The score of ``span`` of a file; ``speech`` holds its sentences on the file's clock, points are on the clip's clock.

    Without speech the clip is ranked by sound and picture, and a doubt says so.
    """
    if not speech.n_words:
        return _silent(evidence, span)
    reading = read(speech, known)
    parts = _text_parts(reading)
    if evidence.has_audio and (evidence.curves or evidence.events):
        parts["delivery"] = scoring.delivery_part(reading, evidence, span)
    parts["duration"] = scoring.duration_part(reading, span.duration)
    return _assemble(parts, reading, _trust(speech), span.start)


def _text_parts(reading: Reading) -> dict[str, PartScore]:
    return {
        "hook": scoring.hook_part(reading),
        "story": scoring.story_part(reading),
        "engagement": scoring.engagement_part(reading),
        COMMERCIAL: scoring.keyword_part(reading, COMMERCIAL),
        EMOTIONAL: scoring.keyword_part(reading, EMOTIONAL),
        "variety": scoring.variety_part(reading),
        "completeness": scoring.completeness_part(reading),
        "length": scoring.length_part(reading),
    }


def _trust(speech: Speech) -> float:
    """Trust in the transcript in [0, 1]: mean confidence by length, full from :data:`TRUSTED` on."""
    lengths = [max(1, len(s.text)) for s in speech.sentences]
    mean = float(np.average([s.confidence for s in speech.sentences], weights=lengths))
    return min(1.0, max(0.0, mean / TRUSTED))


def _assemble(parts: Mapping[str, PartScore], reading: Reading, confidence: float, clock: float = 0.0) -> ViralScore:
    stretched, points = _points(parts, WEIGHTS, clock)
    keywords = tuple(
        KeywordHit(lexicon.keywords[f.keyword].text, f.surface, category, reading.time(f.sentence, f.first) - clock)
        for category, lexicon in reading.known.lexicons.items()
        for f in reading.counted(category)
    )
    doubts: list[Message] = []
    if confidence < 1.0:
        doubts.append(message("doubt.transcript_trust", percent=round(confidence * 100)))
    return ViralScore(
        stretched * confidence, {name: part.value for name, part in parts.items()}, points,
        tuple(sorted(keywords, key=lambda k: (k.start, k.category, k.keyword))), confidence, tuple(doubts),
    )  # fmt: skip


def _points(
    parts: Mapping[str, PartScore], weights: Mapping[str, float], clock: float
) -> tuple[float, tuple[Point, ...]]:
    """The stretched score and its division among all contributions, in proportion."""
    whole = sum(weights[name] for name in parts)
    plain = sum(weights[name] / whole * part.value for name, part in parts.items())
    stretched = 1.0 - math.exp(-STRETCH * plain)
    factor = stretched / plain if plain > 0 else 0.0
    points: list[Point] = []
    for name, part in parts.items():
        strengths = sum(c.strength for c in part.contributions)
        for c in part.contributions:
            share = factor * weights[name] / whole * part.value * c.strength / strengths
            points.append(Point(name, c.text, max(0.0, c.start - clock), share))
    return stretched, tuple(sorted(points, key=lambda p: (-p.points, p.start, p.part, p.text)))


def _silent(evidence: Evidence, span: Span) -> ViralScore:
    """Sound and picture alone: bursts of the audience, swings of loudness, movement and cuts."""
    nothing = Reading(Speech(), Vocabulary({}), (), {}, ())
    parts: dict[str, PartScore] = {"duration": scoring.duration_part(nothing, span.duration)}
    if evidence.has_audio:
        parts["reactions"] = scoring.saturated(scoring.reactions(evidence.events, span), 1.2)
        parts["sound"] = scoring.saturated(scoring.loudness_range(evidence, span), 0.4)
    if evidence.has_video:
        per_minute = 60.0 / max(5.0, span.duration)
        inside = [s.start for s in evidence.shots if span.start < s.start < span.end]
        parts["picture"] = scoring.saturated([scoring.Contribution("✂", at, per_minute / 10.0) for at in inside], 1.0)
    stretched, points = _points(parts, SILENT_WEIGHTS, span.start)
    values = {name: part.value for name, part in parts.items()}
    return ViralScore(
        stretched * NO_SPEECH_CEILING, values, points, (), NO_SPEECH_CEILING, (message("doubt.no_speech_score"),)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A clip to be ranked: ``name`` tells it apart, ``vector`` is its meaning (unit length), ``None`` where nothing is said."""

    name: str
    score: ViralScore
    vector: NDArray[np.float32] | None = None
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """Place in the list: ``index`` into the entries given, ``kept`` whether it is in the selection, ``reasons`` why not;
    ``twin`` names the better clip that says the same."""

    index: int
    name: str
    total: float
    kept: bool
    reasons: tuple[Message, ...] = ()
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Best first; those left out follow. ``notes`` explain an empty selection."""

    items: tuple[Ranked, ...]
    notes: tuple[Message, ...] = ()

    @property
    def kept(self) -> tuple[Ranked, ...]:
        return tuple(item for item in self.items if item.kept)


def rank(entries: Sequence[Entry], *, min_score: float, limit: int | None = None, diversity: float = 0.3) -> Ranking:
    """Selects by maximal marginal relevance (score less ``diversity`` · likeness to what is chosen); near-doubles are left out.

    Ties go to the earlier start, then the name, then the order given. Under ``min_score`` nothing is kept.
    """
    waiting = sorted(range(len(entries)), key=lambda i: _order(entries[i], i))
    chosen, twins = _select(entries, [i for i in waiting if entries[i].score.total >= min_score], diversity)
    kept = set(chosen if limit is None else chosen[:limit])
    places = [i for i in waiting if i in kept] + [i for i in waiting if i not in kept]
    items = tuple(_ranked(entries[i], i, i in kept, twins.get(i, ""), min_score) for i in places)
    return Ranking(items, () if kept or not entries else _closest(items, min_score))


def _select(entries: Sequence[Entry], passing: Sequence[int], diversity: float) -> tuple[list[int], dict[int, str]]:
    """Indices in the order they are chosen, and for near-doubles the name of the one that says the same."""
    chosen: list[int] = []
    twins: dict[int, str] = {}
    nearest: dict[int, tuple[float, int]] = dict.fromkeys(passing, (0.0, -1))
    while nearest:
        best = max(nearest, key=lambda i: round(entries[i].score.total - diversity * nearest[i][0], 9))
        alike, other = nearest.pop(best)
        if alike >= DUPLICATE:
            twins[best] = entries[other].name
            continue
        chosen.append(best)
        for i in nearest:
            nearest[i] = max(nearest[i], (likeness(entries[i], entries[best]), best), key=lambda pair: pair[0])
    return chosen, twins


def _order(entry: Entry, index: int) -> tuple[float, float, str, int]:
    return (-round(entry.score.total, 9), entry.start, entry.name, index)


def likeness(one: Entry, other: Entry) -> float:
    """Cosine of two clips' meanings; 0 where one of them says nothing."""
    if one.vector is None or other.vector is None:
        return 0.0
    return float(one.vector @ other.vector)


def _ranked(entry: Entry, index: int, kept: bool, twin: str, min_score: float) -> Ranked:
    reasons: tuple[Message, ...] = ()
    if twin:
        reasons = (message("rank.duplicate", name=twin),)
    elif entry.score.total < min_score:
        reasons = (message("rank.below", score=round(entry.score.total, 2), limit=min_score), *_missing(entry.score))
    elif not kept:
        reasons = (message("rank.over_limit"),)
    return Ranked(index, entry.name, entry.score.total, kept, reasons, twin)


def _missing(score: ViralScore) -> tuple[Message, ...]:
    """The heaviest parts that earned next to nothing, at most two."""
    poor = [name for name in WEIGHTS if score.parts.get(name, 1.0) < 0.15]
    return tuple(message(f"rank.lacks.{name}") for name in sorted(poor, key=lambda n: -WEIGHTS[n])[:2])


def _closest(items: Sequence[Ranked], min_score: float) -> tuple[Message, ...]:
    best = items[0]
    return (message("rank.none", limit=min_score, name=best.name, score=round(best.total, 2)), *best.reasons[1:])


def meaning(speech: Speech) -> NDArray[np.float32] | None:
    """One unit vector for a whole passage: its sentences' vectors by length; ``None`` without vectors."""
    if speech.vectors is None or not len(speech.vectors):
        return None
    lengths = np.array([max(1, len(s.text)) for s in speech.sentences], dtype=np.float32)
    total: NDArray[np.float32] = (speech.vectors * lengths[:, None]).sum(axis=0)
    norm = float(np.linalg.norm(total))
    return (total / norm).astype(np.float32) if norm > 0 else None
