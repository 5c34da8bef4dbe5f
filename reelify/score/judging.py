"""The viral score of a passage or clip, part by part.

Pure and deterministic. Parts add up in logits, ``z = Σ contributions``, and ``total = (σ(z₀ + z) − σ(z₀)) / (1 − σ(z₀))``, never under 0,
where z₀ is so low that a passage that earns nothing scores 0. Each contribution's points are its proportional share of the total, so
``total = confidence · Σ points``, and what costs has negative points. A ranking of what people choose, not a forecast of views.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pipeline.messages import Message, message
from pipeline.values import Span
from reelify.score import scoring, telling
from reelify.score.reading import Contribution, PartScore, Reading, read, saturated
from reelify.score.semantics import COMMERCIAL, EMOTIONAL, Speech, Vocabulary
from reelify.values import Evidence, KeywordHit, Point, ViralScore

PARTS = (
    "story", "hook", "curiosity", "choice", "engagement", COMMERCIAL, EMOTIONAL, "variety",
    "delivery", "completeness", "length", "duration", "routine",
)  # fmt: skip
"""The parts of what is said, the most telling first."""
FLOOR = -9.0
"""z₀: σ(−9) = .0001. Passages are told apart down to it."""
TRUSTED = 0.75
"""Mean word probability of a clean recording with the smallest models in use; only below it the score is lowered."""
NO_SPEECH_CEILING = 0.6
SILENT_WEIGHTS: Mapping[str, float] = {"reactions": 0.4, "sound": 0.25, "picture": 0.2, "duration": 0.15}
STRETCH = 1.8
"""Without words the weighted sum x becomes ``1 − exp(−stretch · x)``."""


def score_text(speech: Speech, known: Vocabulary) -> ViralScore:
    """The score of words alone: no delivery, no duration. Nothing said scores 0."""
    if not speech.n_words:
        return ViralScore(0.0, {}, doubts=(message("doubt.no_words"),))
    return score_reading(read(speech, known))


def score_reading(reading: Reading) -> ViralScore:
    """:func:`score_text` of what was read already; something must be said in it."""
    return _assemble(text_parts(reading), reading, _trust(reading.speech))


def score_clip(speech: Speech, known: Vocabulary, evidence: Evidence, span: Span) -> ViralScore:
    """The score of ``span`` of a file; ``speech`` holds its sentences on the file's clock, points are on the clip's clock.

    Without speech the clip is ranked by sound and picture, and a doubt says so.
    """
    if not speech.n_words:
        return _silent(evidence, span)
    reading = read(speech, known)
    parts = text_parts(reading)
    if evidence.has_audio and (evidence.curves or evidence.events):
        parts["delivery"] = _weighed("delivery", scoring.delivery_part(reading, evidence, span), reading)
    parts["duration"] = _weighed("duration", scoring.duration_part(reading, span.duration), reading)
    return _assemble(parts, reading, _trust(speech), span.start)


def counted(reading: Reading) -> dict[str, PartScore]:
    """The parts of a text that are counted, each with worth 1: what the fit sees beside :func:`reelify.score.telling.units`."""
    return {
        COMMERCIAL: scoring.keyword_part(reading, COMMERCIAL),
        EMOTIONAL: scoring.keyword_part(reading, EMOTIONAL),
        "variety": scoring.variety_part(reading),
        "completeness": scoring.completeness_part(reading),
        "length": scoring.length_part(reading),
    }


def text_parts(reading: Reading) -> dict[str, PartScore]:
    """The named parts of words alone; contributions are logits. What any passage begins with is shown with its length."""
    out = telling.parts(reading)
    for name, part in counted(reading).items():
        out[name] = _weighed(name, part, reading)
    length = out["length"]
    base = Contribution(f"{reading.speech.n_words}", reading.speech.sentences[0].start, reading.worth("base") - FLOOR)
    out["length"] = PartScore(length.value, (base, *length.contributions))
    return out


def _weighed(name: str, part: PartScore, reading: Reading) -> PartScore:
    """A counted part in logits: its value times its worth, divided as its contributions are."""
    whole = part.logits
    factor = reading.worth(name) * part.value / whole if whole else 0.0
    return PartScore(part.value, tuple(Contribution(c.text, c.start, c.strength * factor) for c in part.contributions))


def _trust(speech: Speech) -> float:
    """Trust in the transcript in [0, 1]: mean confidence by length, full from :data:`TRUSTED` on."""
    lengths = [max(1, len(s.text)) for s in speech.sentences]
    mean = float(np.average([s.confidence for s in speech.sentences], weights=lengths))
    return min(1.0, max(0.0, mean / TRUSTED))


def _assemble(parts: Mapping[str, PartScore], reading: Reading, confidence: float, clock: float = 0.0) -> ViralScore:
    logits = math.fsum(part.logits for part in parts.values())
    total = squashed(logits)
    keywords = tuple(
        KeywordHit(lexicon.keywords[f.keyword].text, f.surface, category, reading.time(f.sentence, f.first) - clock)
        for category, lexicon in reading.known.lexicons.items()
        for f in reading.counted(category)
    )
    doubts: tuple[Message, ...] = ()
    if confidence < 1.0:
        doubts = (message("doubt.transcript_trust", percent=round(confidence * 100)),)
    return ViralScore(
        total * confidence, {name: parts[name].value for name in PARTS if name in parts}, _points(parts, total, clock),
        tuple(sorted(keywords, key=lambda k: (k.start, k.category, k.keyword))), confidence, doubts,
    )  # fmt: skip


def squashed(logits: float) -> float:
    """The total in [0, 1) of a sum of contributions above the floor."""
    zero = 1.0 / (1.0 + math.exp(-FLOOR))
    return max(0.0, (1.0 / (1.0 + math.exp(-FLOOR - max(-700.0, logits))) - zero) / (1.0 - zero))


def _points(parts: Mapping[str, PartScore], total: float, clock: float) -> tuple[Point, ...]:
    """``total`` divided among all contributions in proportion. Where costs outweigh, they cost no more than there was."""
    items = [(name, c) for name, part in parts.items() for c in part.contributions if c.strength]
    gains = math.fsum(c.strength for _, c in items if c.strength > 0)
    costs = -math.fsum(c.strength for _, c in items if c.strength < 0)
    factor, cut = (total / (gains - costs), 1.0) if gains > costs else (1e-3, gains / costs if costs else 1.0)
    points = [
        Point(name, c.text, max(0.0, c.start - clock), factor * c.strength * (cut if c.strength < 0 else 1.0))
        for name, c in items
    ]
    return tuple(sorted(points, key=lambda p: (-abs(p.points), p.start, p.part, p.text)))


def _silent(evidence: Evidence, span: Span) -> ViralScore:
    """Sound and picture alone: bursts of the audience, swings of loudness, movement and cuts."""
    nothing = Reading(Speech(), Vocabulary({}))
    parts: dict[str, PartScore] = {"duration": scoring.duration_part(nothing, span.duration)}
    if evidence.has_audio:
        parts["reactions"] = saturated(scoring.reactions(evidence.events, span), 1.2)
        parts["sound"] = saturated(scoring.loudness_range(evidence, span), 0.4)
    if evidence.has_video:
        per_minute = 60.0 / max(5.0, span.duration)
        inside = [s.start for s in evidence.shots if span.start < s.start < span.end]
        parts["picture"] = saturated([Contribution("✂", at, per_minute / 10.0) for at in inside], 1.0)
    whole = sum(SILENT_WEIGHTS[name] for name in parts)
    plain = sum(SILENT_WEIGHTS[name] / whole * part.value for name, part in parts.items())
    total = 1.0 - math.exp(-STRETCH * plain)
    shares = {name: _share(part, SILENT_WEIGHTS[name] / whole) for name, part in parts.items()}
    values = {name: part.value for name, part in parts.items()}
    return ViralScore(
        total * NO_SPEECH_CEILING, values, _points(shares, total, span.start), (), NO_SPEECH_CEILING,
        (message("doubt.no_speech_score"),),
    )  # fmt: skip


def _share(part: PartScore, weight: float) -> PartScore:
    whole = part.logits
    factor = weight * part.value / whole if whole else 0.0
    return PartScore(part.value, tuple(Contribution(c.text, c.start, c.strength * factor) for c in part.contributions))
