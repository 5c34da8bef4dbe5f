"""Which moments of a file are worth sharing. Pure: evidence in, highlights out; the same evidence gives the same answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.evidence.sound_events import BY_LABEL, LAUGHTER
from pipeline.messages import Message
from pipeline.values import Curve, Sentence, Span
from reelify.moments import boundaries, candidates, spoken
from reelify.moments.boundaries import Boundaries
from reelify.moments.candidates import Moment
from reelify.values import Evidence, Highlight, Highlights, Labels

WEIGHTS = {
    "reactions": 0.85,
    "words": 0.85,
    "speech": 0.45,
    "loudness": 0.45,
    "sound": 0.25,
    "motion": 0.4,
    "cuts": 0.35,
}
"""How far each kind of evidence alone can lift a clip. Laughter and applause are people's own verdict; the rest are hints."""
OTHERS = {"replayed": 0.6, "chat": 0.45}
"""The same for what others did with the video, where files beside it tell."""
MAX_WEIGHT = 0.9
WEAK = 0.3
WORTH = 0.15
"""Under this a clip is noise."""
CORE = 0.5
"""Moments at least half as strong as a group's strongest decide its extent; the others only add to its score."""
MAX_COVERAGE, MAX_COVERAGE_TOLD = 0.5, 0.4
"""Highlights that are everything highlight nothing: together they take at most half of the file, less where words decide."""
MAX_OVERLAP = 0.1
ALIKE = 0.92
MOST_MOMENTS = 1500
PART_ORDER = tuple(WEIGHTS)


def find_highlights(evidence: Evidence, *, count: int, min_duration: float, max_duration: float) -> Highlights:
    """At most ``count`` moments, best first, each ``min_duration`` to ``max_duration`` seconds long.

    A file shorter than ``min_duration`` is one clip, with a doubt. Where nothing stands out there is no clip, and a doubt says so.
    """
    duration = evidence.duration
    if count < 1 or duration <= 0.0 or not (evidence.has_audio or evidence.has_video):
        return Highlights((), None, (Message("doubt.nothing_stands_out"),))
    kinds = candidates.excitement(evidence)
    fused = _fused(kinds)
    doubts = _doubts_of(evidence)
    if evidence.thoughts:
        # What is said is judged by its words; pace and signs stand in for them where they could not be.
        kinds = {name: curve for name, curve in kinds.items() if name != "speech"}
    if duration <= min_duration:
        doubt = Message(
            "doubt.shorter_than_minimum", {"duration": round(duration, 1), "minimum": round(min_duration, 1)}
        )
        found = candidates.moments(evidence, kinds)
        whole = _described(Span(0.0, duration), found, evidence, kinds)
        return Highlights((replace(whole, doubts=(doubt,)),), fused, doubts)
    found = _strongest(candidates.moments(evidence, kinds))
    limits = min_duration, min(max_duration, duration)
    pool = _pool(found, evidence, kinds, *limits)
    pool += [_described(span, found, evidence, kinds) for span in spoken.clips(evidence, *limits)]
    chosen = _chosen(pool, evidence, count)
    fewer = spoken.fewer(evidence, len(chosen), count)
    doubts += (fewer,) if fewer is not None and chosen else ()
    if not chosen:
        doubts += (Message("doubt.nothing_stands_out"),)
    elif max(h.score for h in chosen) < WEAK:
        doubts += (Message("doubt.weak_evidence"),)
    return Highlights(tuple(chosen), fused, doubts)


def _doubts_of(evidence: Evidence) -> tuple[Message, ...]:
    if not evidence.has_audio:
        return (Message("doubt.no_sound"),)
    if not evidence.has_video:
        return (Message("doubt.no_picture"),)
    loudness = evidence.curves.get("loudness")
    if loudness is not None and len(loudness.values) and float(np.max(loudness.values)) < -80.0:
        return (Message("doubt.silent"),)
    return ()


def _weights(kinds: Mapping[str, Curve]) -> dict[str, float]:
    """The weights of the kinds there are, raised so that a file without sound or picture can still score fully."""
    there = {name: WEIGHTS[name] for name in PART_ORDER if name in kinds and name != "words"}
    factor = sum(WEIGHTS.values()) / sum(there.values()) if there else 1.0
    raised = {name: min(MAX_WEIGHT, weight * min(factor, 2.0)) for name, weight in there.items()}
    return raised | {name: weight for name, weight in OTHERS.items() if name in kinds}


def _together(parts: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Noisy-or: one strong part is enough, several agreeing are better, weak ones never pull a strong one down."""
    missing = 1.0
    for name, weight in weights.items():
        missing *= 1.0 - weight * parts.get(name, 0.0)
    return 1.0 - missing


def _fused(kinds: Mapping[str, Curve]) -> Curve | None:
    if not kinds:
        return None
    missing = np.ones(len(next(iter(kinds.values())).values), np.float32)
    for name, weight in _weights(kinds).items():
        missing *= 1.0 - np.float32(weight) * kinds[name].values
    return Curve("excitement", (1.0 - missing).astype(np.float32), next(iter(kinds.values())).step)


def _strongest(found: Sequence[Moment]) -> list[Moment]:
    """The strongest of very many, in order of time."""
    best = sorted(found, key=lambda m: (-m.strength * (WEIGHTS | OTHERS).get(m.kind, WEIGHTS["reactions"]), m.start))
    return sorted(best[:MOST_MOMENTS])


def _pool(
    found: Sequence[Moment], evidence: Evidence, kinds: Mapping[str, Curve], low: float, high: float
) -> list[Highlight]:
    """One clip for each group of moments, fitted to sentences, pauses and cuts."""
    places = Boundaries(evidence)
    longest = max(1.0, min(high, candidates.COMFORTABLE) - LAUGHTER.setup)
    pool = []
    for group in candidates.clusters(found, longest):
        top = max(_worth(m) for m in group)
        core = [m for m in group if _worth(m) >= CORE * top]
        inner = Span(core[0].start, max(m.end for m in core))
        want = candidates.wanted(core, low, high, evidence.duration)
        span = boundaries.fitted(want, inner, places, low, high)
        pool.append(_described(span, found, evidence, kinds))
    return pool


def _worth(moment: Moment) -> float:
    return moment.strength * (WEIGHTS | OTHERS).get(moment.kind, WEIGHTS["reactions"])


def _described(span: Span, found: Sequence[Moment], evidence: Evidence, kinds: Mapping[str, Curve]) -> Highlight:
    """``span`` with its parts, score and reasons. What is mostly gone through loses most of its score, whatever is heard with it."""
    parts = {name: _part(kinds[name], span) for name in (*PART_ORDER, *OTHERS) if name in kinds}
    weights = _weights(kinds)
    kept = 1.0
    if evidence.thoughts:
        parts["words"], weights["words"] = round(spoken.words_part(evidence, span), 4), WEIGHTS["words"]
        routine = spoken.routine_part(evidence, span)
        kept = 1.0 - routine if routine > spoken.GONE_THROUGH else 1.0
    inside = [m for m in found if m.span.overlap(span) >= 0.5 * (m.end - m.start)]
    reasons = _reasons(inside, span, evidence)
    score = round(kept * _together(parts, weights), 4)
    told = spoken.best(evidence, span)
    return Highlight(
        round(span.start, 3), round(span.end, 3), score, parts, tuple(reasons), (), told.labels if told else Labels()
    )


def _part(curve: Curve, span: Span) -> float:
    """Mean of the best two seconds of ``curve`` in ``span``: a flicker does not count fully."""
    low, high = int(span.start / curve.step), max(int(span.start / curve.step) + 1, int(np.ceil(span.end / curve.step)))
    inside = np.sort(curve.values[low:high])[::-1]
    best = inside[: max(1, round(2.0 / curve.step))]
    return round(float(best.mean()), 4) if len(best) else 0.0


def _chosen(pool: Sequence[Highlight], evidence: Evidence, count: int) -> list[Highlight]:
    """Best first; none overlaps or repeats a better one; together at most half of the file (one clip always may)."""
    most = (MAX_COVERAGE_TOLD if evidence.thoughts else MAX_COVERAGE) * evidence.duration
    chosen: list[Highlight] = []
    covered = 0.0
    for clip in sorted(pool, key=lambda h: (-h.score, h.start)):
        if len(chosen) == count:
            break
        if not _worthwhile(clip, evidence):
            continue
        if any(clip.span.overlap(c.span) > MAX_OVERLAP * min(clip.duration, c.duration) for c in chosen):
            continue
        if chosen and covered + clip.duration > most:
            continue
        if any(_alike(clip, c, evidence) for c in chosen):
            continue
        chosen.append(clip)
        covered += clip.duration
    return chosen


def _worthwhile(clip: Highlight, evidence: Evidence) -> bool:
    """Where words were judged, sound and picture alone must be strong to speak against them."""
    if not evidence.thoughts:
        return clip.score >= WORTH
    return clip.parts.get("words", 0.0) > 0.0 or clip.parts.get("reactions", 0.0) >= WEAK or clip.score >= WEAK


def _alike(one: Highlight, other: Highlight, evidence: Evidence) -> bool:
    """Whether two clips show the same thing: the same words, or the same course of sound and picture (a repeat)."""
    a, b = _words(one, evidence), _words(other, evidence)
    if min(len(a), len(b)) >= 8:
        return len(a & b) / len(a | b) > 0.7
    return _same_course(one, other, evidence)


def _words(clip: Highlight, evidence: Evidence) -> set[str]:
    if not evidence.transcript:
        return set()
    text = " ".join(s.text for s in evidence.transcript.sentences if s.span.overlap(clip.span) > 0)
    return {word for word in "".join(c if c.isalnum() else " " for c in text.casefold()).split() if len(word) > 2}


def _same_course(one: Highlight, other: Highlight, evidence: Evidence) -> bool:
    """Whether every curve runs alike at the best shift of up to 4 s; a repeat does, two laughs do not."""
    curves = [c for name, c in evidence.curves.items() if name in {"loudness", "centroid", "flux", "motion"}]
    curves = [c for c in curves if len(c.values) and float(np.std(c.values)) > 0]
    if len(curves) < 2:
        return False
    length = min(one.duration, other.duration)
    best = 0.0
    for shift in np.arange(-4.0, 4.01, curves[0].step):
        pairs = [(_course(c, one.start, length), _course(c, other.start + float(shift), length)) for c in curves]
        best = max(best, min(_correlation(x, y) for x, y in pairs))
    return best > ALIKE


def _course(curve: Curve, start: float, length: float) -> NDArray[np.float32]:
    low = max(0, round((start - curve.start) / curve.step))
    return np.asarray(curve.values[low : low + max(2, int(length / curve.step))], np.float32)


def _correlation(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    n = min(len(x), len(y))
    x, y = x[:n] - x[:n].mean() if n else x, y[:n] - y[:n].mean() if n else y
    scale = float(np.sqrt((x**2).sum() * (y**2).sum())) if n > 4 else 0.0
    return float((x * y).sum()) / scale if scale > 0 else 0.0


def _reasons(inside: Sequence[Moment], span: Span, evidence: Evidence) -> list[Message]:
    """What a person would say is there, the most telling first."""
    ranked = sorted(inside, key=lambda m: (-_worth(m), m.start))
    reasons: list[tuple[float, Message]] = []
    seen: set[str] = set()
    for moment in ranked:
        if moment.kind in seen or moment.kind in {"speech", "cuts"}:
            continue
        seen.add(moment.kind)
        reasons.append((_worth(moment), _reason(moment, span, evidence)))
    reasons += _cut_reasons(inside, span, evidence)
    told = spoken.reason(evidence, span)
    reasons += _speech_reasons(span, evidence) if told is None else [told]
    return [message for _, message in sorted(reasons, key=lambda r: -r[0])]


def _reason(moment: Moment, span: Span, evidence: Evidence) -> Message:
    loudness = evidence.curves.get("loudness")
    if moment.kind == "loudness" and loudness is not None:
        peak = float(loudness.start + (int(np.argmax(loudness.values)) + 0.5) * loudness.step)
        if span.contains(peak):
            return Message("reason.loudest", {"at": peak})
    event = BY_LABEL.get(moment.kind)
    return Message(event.reason if event else f"reason.{moment.kind}", {"at": moment.start})


def _cut_reasons(inside: Sequence[Moment], span: Span, evidence: Evidence) -> list[tuple[float, Message]]:
    moment = max((m for m in inside if m.kind == "cuts"), key=lambda m: (m.strength, -m.start), default=None)
    if moment is None:
        return []
    times = [s.start for s in evidence.shots[1:] if span.contains(s.start)]
    window = candidates.CUT_WINDOW
    n = max((sum(t <= other < t + window for other in times) for t in times), default=0)
    return (
        [(_worth(moment), Message("reason.cuts", {"n": n, "seconds": round(window), "at": moment.start}))]
        if n > 1
        else []
    )


def _speech_reasons(span: Span, evidence: Evidence) -> list[tuple[float, Message]]:
    if not evidence.transcript:
        return []
    inside = [s for s in evidence.transcript.sentences if span.contains((s.start + s.end) / 2)]
    question = next((s for s in inside if "?" in s.text), None)
    call = next((s for s in inside if "!" in s.text), None)
    quick = _quickest(inside, evidence)
    found = [("question", question, 0.2), ("exclamation", call, 0.22), ("fast_speech", quick, 0.25)]
    return [(worth, Message(f"reason.{code}", {"at": s.start})) for code, s, worth in found if s is not None]


def _quickest(inside: Sequence[Sentence], evidence: Evidence) -> Sentence | None:
    """The sentence said clearly faster than this speaker's own middle, if there is one."""
    everything = evidence.transcript.sentences if evidence.transcript else ()
    paces = [p for p in map(candidates.pace, everything) if p > 0]
    quick = [s for s in inside if paces and candidates.pace(s) > 1.4 * float(np.median(paces))]
    return max(quick, key=lambda s: (candidates.pace(s), -s.start), default=None)
