"""Fillers by their sound. A recogniser leaves most of them out of its text: what is left is a short, voiced, steady sound on its own.

Only what no word has a time for is looked at, between two pauses: "eh" and "um" hold one vowel or hum at one pitch, laughter and
coughs do not, words move. Where a filler runs into a word nothing is claimed.
"""

from __future__ import annotations

import numpy as np

from pipeline.values import Span, Word
from reelify.tighten.hearing import audible, spans_of
from reelify.tighten.pauses import kept
from reelify.tighten.values import STEP, Sound, Talk

SHORTEST, LONGEST = 0.12, 1.3
"""Seconds of a hesitation (Clark and Fox Tree 2002 measured 0.1 to 1.2)."""
ALONE = 0.1
"""Seconds of silence on both sides."""
TOUCHED = 0.3
"""Share of a sound for which words may have a time: their edges wander by some hundredths of a second."""
VOICED, VOICED_SHARE = 0.6, 0.55
"""How periodic a frame of a voice is, and how many frames of a hesitation are."""
STEADY = 0.078
"""Median change of its spectrum over a tenth of a second: nine of ten stretches of read speech have more."""
LOOSE = 0.11
"""… where no word is heard there, or one that is as good as none (:data:`NONE`)."""
DOUBTED, NONE = 0.65, 0.3
"""Mean probability under which words heard in a steady sound of its own are what a recogniser made of a hum."""
LOUD_ENOUGH = 26.0
"""dB under speech at which a hum is the room's."""


def hesitations(talk: Talk) -> list[Span]:
    """The sounds of a talk that are fillers nobody wrote down, in order."""
    loud = audible(talk.sound)
    if loud.all() or not loud.any():
        return []
    speech = float(np.percentile(talk.sound.level[loud], 75))
    islands = _islands(spans_of(talk.sound, loud))
    reactions = kept(talk.reactions)
    return [
        s for s in islands
        if SHORTEST <= s.duration <= LONGEST and not any(s.overlap(r) for r in reactions)
        and (limit := _limit(s, talk.words)) and is_hesitation(talk.sound, s, speech, limit)
    ]  # fmt: skip


def _islands(found: list[Span]) -> list[Span]:
    """Sounds that are nearer than :data:`ALONE` are one."""
    joined: list[Span] = []
    for span in found:
        if joined and span.start - joined[-1].end < ALONE:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


def _limit(span: Span, words: tuple[Word, ...]) -> float:
    """How much a sound may change to be a hesitation; 0 where a recogniser has written, and believes, what is said there, or a word
    reaches further."""
    inside = [w for w in words if span.overlap(Span(w.start, w.end)) > 0.0]
    if sum(span.overlap(Span(w.start, w.end)) for w in inside) <= TOUCHED * span.duration:
        return LOOSE
    sure = sum(w.probability for w in inside) / len(inside)
    if sure >= DOUBTED or any(w.start < span.start - ALONE or w.end > span.end + ALONE for w in inside):
        return 0.0
    return LOOSE if sure < NONE else STEADY


def is_hesitation(sound: Sound, span: Span, speech: float, limit: float = STEADY) -> bool:
    """Whether one voice holds one sound during ``span``, its spectrum changing by less than ``limit``; ``speech`` is the level of what
    is said, dBFS."""
    a, b = sound.index(span.start), sound.index(span.end)
    if b - a < SHORTEST / STEP or float(np.percentile(sound.level[a:b], 75)) < speech - LOUD_ENOUGH:
        return False
    voiced = sound.voiced[a:b] >= VOICED
    # Its own beginning and end are changes too.
    inner = sound.change[min(a + 8, b - 4) : max(b - 3, a + 9)]
    return float(voiced.mean()) >= VOICED_SHARE and float(np.median(inner)) <= limit
