"""Where a clip may begin and end: at sentences, pauses, cuts and beats, never inside a word. Pure."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.values import Span
from reelify.values import Evidence

LEAD_IN, FADE_OUT = 0.15, 0.35
"""Silence left before the first and after the last word, seconds."""
BACK, FORTH = 8.0, 4.0
"""How far a boundary may move outwards and inwards to a better place."""
FAR = 15.0
LONG_PAUSE = 0.8
SPEAKING = 0.5
COSTS = {"sentence": 0.0, "pause": 0.3, "cut": 0.35, "beat": 0.7, "edge": 0.1}
"""What a place is worth beside distance: 1 is as bad as the farthest allowed. A pause's cost falls with its length."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A time a clip may begin or end at; ``cost`` 0 is the best kind."""

    time: float
    cost: float


class Boundaries:
    """All places of one file."""

    def __init__(self, evidence: Evidence) -> None:
        self.duration = evidence.duration
        self._words = _word_spans(evidence)
        self._word_starts = [w.start for w in self._words]
        self._silences = sorted(evidence.silences)
        self._silence_starts = [s.start for s in self._silences]
        self._speech = evidence.curves.get("speech") if evidence.has_audio else None
        self.starts = self._places(evidence, beginning=True)
        self.ends = self._places(evidence, beginning=False)

    def start_near(self, time: float, latest: float) -> float:
        """The best beginning around ``time``, at most ``latest``."""
        time = min(time, latest)
        return self._best(self.starts, time, (time - BACK, min(time + FORTH, latest)), (time - FAR, latest))

    def end_near(self, time: float, earliest: float) -> float:
        """The best end around ``time``, at least ``earliest``."""
        time = max(time, earliest)
        return self._best(self.ends, time, (max(time - FORTH, earliest), time + BACK), (earliest, time + FAR))

    def start_within(self, low: float, high: float, near: float) -> float:
        """The best beginning in [low, high], whatever there is."""
        return self._best(self.starts, near, (low, high), (low, high))

    def end_within(self, low: float, high: float, near: float) -> float:
        """The best end in [low, high], whatever there is."""
        return self._best(self.ends, near, (low, high), (low, high))

    def in_word(self, time: float) -> bool:
        """Whether a cut at ``time`` would split a word."""
        i = bisect.bisect_right(self._word_starts, time) - 1
        return i >= 0 and self._words[i].start < time < self._words[i].end

    def in_silence(self, time: float) -> bool:
        """Whether nothing is heard at ``time``."""
        i = bisect.bisect_right(self._silence_starts, time) - 1
        return i >= 0 and time <= self._silences[i].end

    def free(self, time: float) -> bool:
        """Whether a cut at ``time`` splits nothing that is said, as far as is known."""
        if self._words:
            return not self.in_word(time)
        return self.in_silence(time) or not self._spoken(time)

    def _best(self, places: Sequence[Place], time: float, near: tuple[float, float], far: tuple[float, float]) -> float:
        for low, high in (near, far):
            low, high = max(0.0, low), min(self.duration, high)
            i, j = bisect.bisect_left(places, Place(low, -1.0)), bisect.bisect_right(places, Place(high, 9.0))
            if i < j:
                width = max(high - time, time - low, 1e-6)
                return min(places[i:j], key=lambda p: (p.cost + abs(p.time - time) / width, p.time)).time
        return self._out_of_word(min(max(time, far[0], 0.0), far[1], self.duration), far)

    def _out_of_word(self, time: float, allowed: tuple[float, float]) -> float:
        """``time``, or the nearest edge of the word it would split."""
        if not self.in_word(time):
            return time
        word = self._words[bisect.bisect_right(self._word_starts, time) - 1]
        edges = [t for t in (word.start, word.end) if allowed[0] <= t <= allowed[1]]
        return min(edges, key=lambda t: (abs(t - time), t)) if edges else time

    def _spoken(self, time: float) -> bool:
        if self._speech is None or not len(self._speech.values):
            return False
        i = int((time - self._speech.start) / self._speech.step)
        around = self._speech.values[max(0, i - 1) : i + 2]
        return bool(len(around)) and float(np.max(around)) > SPEAKING

    def _places(self, evidence: Evidence, *, beginning: bool) -> list[Place]:
        places = [Place(0.0 if beginning else self.duration, COSTS["edge"])]
        places += self._sentence_places(evidence, beginning=beginning)
        for pause in self._silences:
            # A long pause keeps only a breath beside what is said; a short one is halved.
            half = pause.duration / 2
            time = pause.end - min(half, LEAD_IN) if beginning else pause.start + min(half, FADE_OUT)
            places.append(Place(time, COSTS["pause"] * (2.0 - min(1.0, pause.duration / LONG_PAUSE))))
        places += [Place(s.start, COSTS["cut"]) for s in evidence.shots[1:]]
        places += [Place(b, COSTS["beat"]) for b in evidence.beats]
        inside = (p for p in places if 0.0 <= p.time <= self.duration)
        return sorted(p for p in inside if p.cost == COSTS["edge"] or self.free(p.time))

    def _sentence_places(self, evidence: Evidence, *, beginning: bool) -> list[Place]:
        if not evidence.transcript:
            return []
        sentences = evidence.transcript.sentences
        places = []
        for i, sentence in enumerate(sentences):
            if beginning:
                gap = sentence.start - (sentences[i - 1].end if i else 0.0)
                time = sentence.start - min(LEAD_IN, max(0.0, gap) / 2)
            else:
                gap = (sentences[i + 1].start if i + 1 < len(sentences) else self.duration) - sentence.end
                time = sentence.end + min(FADE_OUT, max(0.0, gap) / 2)
            places.append(Place(time, COSTS["sentence"]))
        return places


def _word_spans(evidence: Evidence) -> list[Span]:
    """Words (or whole sentences where words are unknown) in order of time."""
    if not evidence.transcript:
        return []
    spans: list[Span] = []
    for sentence in evidence.transcript.sentences:
        spans += [Span(w.start, w.end) for w in sentence.words] or [sentence.span]
    return sorted(s for s in spans if s.end > s.start)


def fitted(want: Span, core: Span, places: Boundaries, min_duration: float, max_duration: float) -> Span:
    """``want`` moved to good places: it still holds ``core`` where lengths allow, and is ``min_duration`` to ``max_duration`` long.

    The file must be at least ``min_duration`` long.
    """
    start = places.start_near(want.start, max(0.0, min(core.start, places.duration - min_duration)))
    end = places.end_near(want.end, min(places.duration, max(core.end, start + min_duration)))
    if end - start > max_duration:
        low = max(start + min_duration, min(core.end, start + max_duration))
        end = places.end_within(low, start + max_duration, start + max_duration)
        if places.in_word(end):
            # Better to lose the last of the moments than to stop in a word.
            end = places.end_within(start + min_duration, start + max_duration, start + max_duration)
    if end - start < min_duration:
        start = places.start_within(max(0.0, end - max_duration), end - min_duration, end - min_duration)
    return Span(start, end)
