"""Where something stands out in a file, and which stretches around it make a clip. Pure arithmetic on :class:`Evidence`.

Nothing is absolute: each kind of evidence is compared with the minute before and after it (rolling median and MAD), because a
whisper recorded loudly and a stadium recorded quietly have no decibels in common. Only the *unit of surprise* has a floor, a
difference people notice at all, so that the noise of a constant signal does not become excitement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.evidence.sound_events import BY_LABEL
from pipeline.values import Curve, Event, Sentence, Span, runs
from reelify.values import Evidence

Values = NDArray[np.float32]

AROUND = 60.0
"""Seconds each side that a moment is compared with."""
MAD_TO_SIGMA = 1.4826
Z_MIN, Z_FULL = 1.5, 4.5
"""Below the first nothing stands out; from the second on it could not stand out more."""
SMOOTHING = 2.5
CUT_WINDOW = 6.0
QUIET_DB = 30.0
"""Steps this far below the loud parts are not heard; they have no pitch and are not compared with."""
EDGE = 30.0
EDGE_PART = 0.03
"""Logos, fades and credits: unlabelled evidence counts gradually over 3 % of the file at each end, at most 30 s."""
LEAST = 0.25
"""A peak under this is no moment: z of 2.25, one in a hundred steps of noise."""
GAP = 30.0
"""Moments farther apart than this are two stories. Sixty seconds is known to swallow moments."""
SIGMA_FLOORS = {
    "loudness": 3.0,
    "reaction": 3.0,
    "centroid": 250.0,
    "zcr": 0.03,
    "flux": 0.05,
    "motion": 0.35,
    "cuts": 0.8,
}
"""The least spread taken as one sigma: dB, dB, Hz, crossings a sample, onset strength, natural logarithm, cuts in 6 s."""
LEAST_REPLAYED, LEAST_CHAT = 0.1, 0.2
"""Spread of a heat map (of 1) and messages a second under which nothing stands out."""
STILL = 0.004
"""Mean change of a pixel (of full scale) that is noise of the camera or the codec."""
SETUP_SPEECH, SETUP_OTHER = 2.0, 4.0
"""Seconds before a moment that are needed to understand it, where it is no sound event."""
TAIL = 1.5
COMFORTABLE = 45.0


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """Something that stands out: when, in which kind of evidence, how much (0 to 1)."""

    start: float
    end: float
    kind: str
    strength: float

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def excitement(evidence: Evidence) -> Mapping[str, Curve]:
    """How much each kind stands out over time, 0 to 1, on one grid; kinds the file does not have are left out."""
    step, n = grid(evidence)
    if n == 0:
        return {}
    found: dict[str, Values] = {}
    curves = {name: _on_grid(curve, step, n) for name, curve in evidence.curves.items() if len(curve.values)}
    found.update(_heard(evidence, curves, step))
    if evidence.has_video:
        found.update(_seen(evidence, curves, step, n))
    found.update(_of_others(curves, step))
    guard = _edge_guard(n, step)
    found = {name: values * guard for name, values in found.items()}
    if evidence.has_audio:
        found["reactions"] = _labelled(evidence.events, step, n)
    if evidence.transcript and evidence.transcript.sentences:
        found["speech"] = _spoken(evidence.transcript.sentences, step, n)
    return {name: Curve(name, values.astype(np.float32), step) for name, values in found.items()}


def grid(evidence: Evidence) -> tuple[float, int]:
    """(step in seconds, number of steps) all curves are brought to."""
    step = next((c.step for c in evidence.curves.values() if c.step > 0), 0.5)
    return step, int(np.ceil(max(0.0, evidence.duration) / step - 1e-6))


def standing_out(values: Values, step: float, floor: float, heard: NDArray[np.bool_] | None = None) -> Values:
    """0 to 1 from the robust z of ``values`` beside the minute around; ``floor`` is the least sigma.

    Steps not ``heard`` neither stand out nor are compared with. A constant curve gives zeros.
    """
    mask = np.ones(len(values), bool) if heard is None else heard
    if not mask.any():
        return np.zeros(len(values), np.float32)
    # Only what is heard is compared: the rest is closed up before the rolling window runs.
    kept = smoothed(np.where(mask, values, np.median(values[mask])), step)[mask]
    size = min(len(kept) // 2 * 2 + 1, 2 * round(AROUND / step) + 1)
    middle = _rolling_median(kept, size)
    sigma = np.maximum(MAD_TO_SIGMA * _rolling_median(np.abs(kept - middle), size), floor)
    out = np.zeros(len(values), np.float32)
    out[mask] = np.clip(((kept - middle) / sigma - Z_MIN) / (Z_FULL - Z_MIN), 0.0, 1.0)
    return out


def smoothed(values: Values, step: float) -> Values:
    """Moving mean over :data:`SMOOTHING` seconds."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(values.astype(np.float32), max(1, round(SMOOTHING / step)), mode="nearest"))


def _rolling_median(values: Values, size: int) -> Values:
    from scipy.ndimage import median_filter

    if size >= len(values):
        return np.full(len(values), np.median(values), np.float32)
    return np.asarray(median_filter(values, size, mode="reflect"), np.float32)


def _on_grid(curve: Curve, step: float, n: int) -> Values:
    """``curve`` at the grid's steps; beyond its ends its last value holds."""
    times = (np.arange(n) + 0.5) * step
    own = curve.start + (np.arange(len(curve.values)) + 0.5) * curve.step
    values = np.nan_to_num(np.asarray(curve.values, np.float32), nan=0.0, posinf=0.0, neginf=-100.0)
    if abs(curve.step - step) < 1e-9 and abs(curve.start) < 1e-9 and len(values) >= n:
        return values[:n]
    return np.asarray(np.interp(times, own, values), np.float32)


def _edge_guard(n: int, step: float) -> Values:
    ramp = min(EDGE, EDGE_PART * n * step)
    times = (np.arange(n) + 0.5) * step
    nearest = np.minimum(times, n * step - times)
    return np.asarray(np.clip(nearest / ramp, 0.0, 1.0), np.float32) if ramp > 0 else np.ones(n, np.float32)


def _heard(evidence: Evidence, curves: Mapping[str, Values], step: float) -> dict[str, Values]:
    if not evidence.has_audio or "loudness" not in curves:
        return {}
    level = curves["loudness"]
    loud = float(np.percentile(level, 95))
    heard = level > max(loud - QUIET_DB, -90.0)
    found = {"loudness": standing_out(level, step, SIGMA_FLOORS["loudness"], heard)}
    if "reaction" in curves:
        burst = standing_out(curves["reaction"], step, SIGMA_FLOORS["reaction"], heard)
        found["loudness"] = np.maximum(found["loudness"], burst)
    colour = [standing_out(curves[k], step, SIGMA_FLOORS[k], heard) for k in ("flux", "centroid", "zcr") if k in curves]
    if colour:
        # One alone is mostly an "s" or a chord; two that agree are a change of what is heard.
        found["sound"] = np.sort(np.stack(colour), axis=0)[-min(2, len(colour))]
    return found


def _seen(evidence: Evidence, curves: Mapping[str, Values], step: float, n: int) -> dict[str, Values]:
    found: dict[str, Values] = {}
    if "motion" in curves:
        motion = np.maximum(curves["motion"], 0.0)
        still = max(STILL, 0.1 * float(np.percentile(motion, 90)))
        found["motion"] = standing_out(np.log(motion + still).astype(np.float32), step, SIGMA_FLOORS["motion"])
    if len(evidence.shots) > 1:
        cuts = np.array([s.start for s in evidence.shots[1:]])
        found["cuts"] = standing_out(cut_density(cuts, step, n), step, SIGMA_FLOORS["cuts"])
    return found


def _of_others(curves: Mapping[str, Values], step: float) -> dict[str, Values]:
    """What others replayed, beside what they usually do of this video, and where a chat is busier than in the minute around."""
    found: dict[str, Values] = {}
    if "replayed" in curves:
        values = curves["replayed"].copy()
        usual = float(np.median(values))
        # The first seconds are seen by everybody who leaves again.
        values[: round(min(EDGE, EDGE_PART * len(values) * step) / step)] = usual
        spread = float(values.max(initial=0.0)) - usual
        if spread >= LEAST_REPLAYED:
            found["replayed"] = np.asarray(np.clip((values - usual) / spread, 0.0, 1.0) ** 2, np.float32)
    if "chat" in curves:
        found["chat"] = standing_out(curves["chat"], step, LEAST_CHAT)
    return found


def cut_density(cuts: NDArray[np.float64], step: float, n: int) -> Values:
    """Cuts in the :data:`CUT_WINDOW` seconds around each step."""
    times = (np.arange(n) + 0.5) * step
    low, high = np.searchsorted(cuts, times - CUT_WINDOW / 2), np.searchsorted(cuts, times + CUT_WINDOW / 2)
    return (high - low).astype(np.float32)


def _labelled(events: Sequence[Event], step: float, n: int) -> Values:
    """Detected reactions of an audience over time."""
    out = np.zeros(n, np.float32)
    for event in events:
        if event.label in BY_LABEL:
            low, high = int(event.start / step), max(int(event.start / step) + 1, int(np.ceil(event.end / step)))
            out[low:high] = np.maximum(out[low:high], _strength(event))
    return out


def _strength(event: Event) -> float:
    """0 to 1; a detector's 0.5 is its threshold, and already an event."""
    return BY_LABEL[event.label].trust * min(1.0, 0.3 + 0.7 * event.score)


def _spoken(sentences: Sequence[Sentence], step: float, n: int) -> Values:
    """Interest of what is said: pace beside the speaker's own, questions, exclamations."""
    paces = np.array([pace(s) for s in sentences], np.float32)
    usual = float(np.median(paces))
    sigma = max(MAD_TO_SIGMA * float(np.median(np.abs(paces - usual))), 0.15 * usual, 1e-6)
    out = np.zeros(n, np.float32)
    for sentence, own in zip(sentences, paces, strict=True):
        quick = float(np.clip(((own - usual) / sigma - Z_MIN) / (Z_FULL - Z_MIN), 0.0, 1.0))
        marked = 0.4 * ("?" in sentence.text) + 0.45 * ("!" in sentence.text)
        value = min(1.0, (0.5 * quick + marked) * sentence.confidence)
        low, high = int(sentence.start / step), int(np.ceil(sentence.end / step))
        out[low:high] = np.maximum(out[low:high], value)
    return out


def pace(sentence: Sentence) -> float:
    """Letters a second, comparable over languages better than words; short sentences are left at a usual pace of 0."""
    letters = sum(c.isalnum() for c in sentence.text)
    length = sentence.end - sentence.start
    return letters / length if length >= 1.0 and letters >= 12 else 0.0


def moments(evidence: Evidence, kinds: Mapping[str, Curve]) -> list[Moment]:
    """Every event of an audience and every peak of any other kind of evidence, in order of time.

    Each kind is searched for itself: in a mean, silent action and a quiet question would both disappear.
    """
    found = [
        Moment(e.start, min(e.end, evidence.duration), e.label, _strength(e))
        for e in evidence.events
        if evidence.has_audio and e.label in BY_LABEL and e.start < evidence.duration
    ]
    for name, curve in kinds.items():
        if name != "reactions":
            found += _peaks(curve, evidence.duration)
    return sorted(found)


def _peaks(curve: Curve, duration: float) -> list[Moment]:
    """Stretches over half of their own peak, for peaks of at least :data:`LEAST`."""
    values, step = np.asarray(curve.values), curve.step
    hot = values >= LEAST
    found = []
    for low, high in runs(hot):
        top = float(values[low:high].max())
        strong = low + np.flatnonzero(values[low:high] >= top / 2)
        start, end = strong[0] * step, (strong[-1] + 1) * step
        found.append(Moment(float(start), float(min(end, duration)), curve.name, top))
    return [m for m in found if m.end > m.start]


def clusters(found: Sequence[Moment], longest: float) -> list[tuple[Moment, ...]]:
    """Moments that belong together: 1-D agglomeration, nearest first, while gaps are at most :data:`GAP` and the whole ≤ ``longest``."""
    groups = [[m] for m in _split_long(found, longest)]
    while True:
        joins = []
        for i in range(len(groups) - 1):
            left, right = groups[i], groups[i + 1]
            gap = right[0].start - max(m.end for m in left)
            whole = max(m.end for m in left + right) - left[0].start
            if gap <= GAP and whole <= longest:
                joins.append((max(gap, 0.0), i))
        if not joins:
            return [tuple(g) for g in groups]
        _, i = min(joins)
        groups[i : i + 2] = [sorted(groups[i] + groups[i + 1])]


def _split_long(found: Sequence[Moment], longest: float) -> list[Moment]:
    """A moment longer than a clip is taken by its beginning, where it surprises."""
    return sorted(
        m if m.end - m.start <= longest else Moment(m.start, m.start + longest, m.kind, m.strength) for m in found
    )


def setup(kind: str) -> float:
    """Seconds before a moment of ``kind`` that are needed to understand it."""
    if kind in BY_LABEL:
        return BY_LABEL[kind].setup
    return SETUP_SPEECH if kind == "speech" else SETUP_OTHER


def wanted(group: Sequence[Moment], min_duration: float, max_duration: float, duration: float) -> Span:
    """The clip a group asks for before it is fitted to sentences: set-up, the moments, a breath after."""
    start = min(m.start - setup(m.kind) for m in group)
    end = max(m.end for m in group) + TAIL
    lacking = min_duration + 1.0 - (end - start)
    if lacking > 0:
        # What came before explains a moment better than what follows it.
        start, end = start - 0.65 * lacking, end + 0.35 * lacking
    end = min(end, duration)
    start = max(0.0, min(start, end - min_duration))
    end = min(duration, max(end, start + min_duration))
    return Span(max(start, end - max_duration), end)
