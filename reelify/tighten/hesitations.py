"""Fillers by their sound. A recogniser leaves most of them out of its text: what is left is a short, voiced, steady sound on its own.

Only what no word has a time for is looked at, between two pauses: "eh" and "um" hold one vowel or hum at one pitch, laughter and
coughs do not, words move. Where a filler runs into a word nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from pipeline.text.languages.known import language_of
from pipeline.text.languages.values import Language
from pipeline.values import Span, Word
from reelify.tighten.hearing import audible, spans_of
from reelify.tighten.pauses import kept
from reelify.tighten.values import STEP, Sound, Talk
from reelify.tighten.wording import bare

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
FAINT = 0.135
"""… where none is believed at all, or a filler is followed by one that is doubted: it belongs to the sound after the pause."""
SYLLABLES, SMOOTH = 3, 0.06
"""So many are no hum, if a recogniser hears them at all (:data:`NONE`), unless its spectrum changes even less."""
HELD, HELD_SHARE = 0.045, 0.9
"""Change and voicing of one vowel held: nobody says two syllables in it, however sure a recogniser is of them."""
GLIMPSE = 0.06
"""Seconds of a word under which its time says nothing: it belongs to the sound after the pause."""
VOWELS = re.compile(r"[aeiouy]+")
NO_WORD = 0.5
"""Probability under which a word that no dictionary has is none; names are heard more surely."""
DOUBTED, UNSURE, NONE = 0.55, 0.65, 0.3
"""Probability of a word from which it is believed, whatever its sound (behind a filler it must be surer); of all under which none is."""
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
    known = language_of(talk.language)
    return [
        s for s in islands
        if SHORTEST <= s.duration <= LONGEST and not any(s.overlap(r) for r in reactions)
        and (is_hesitation(talk.sound, s, speech, _limit(s, talk, known)) or _is_held(talk.sound, s, talk.words))
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


def _limit(span: Span, talk: Talk, known: Language) -> float:
    """How much a sound may change to be a hesitation; 0 where a recogniser has written, and believes, what is said there, or a word
    reaches further."""
    inside = [w for w in talk.words if span.overlap(Span(w.start, w.end)) > 0.0 and w.end - w.start >= GLIMPSE]
    if sum(span.overlap(Span(w.start, w.end)) for w in inside) <= TOUCHED * span.duration:
        return LOOSE
    if any(w.start < span.start - ALONE or w.end > span.end + ALONE for w in inside):
        return 0.0
    filler = len(inside) > 1 and bare(inside[0].text) in known.padding | known.hesitant
    sure = sum(w.probability for w in inside) / len(inside)
    if max((w.probability for w in inside[filler:]), default=sure) >= (UNSURE if filler else DOUBTED):
        return 0.0
    if sure < NONE or filler or all(w.probability < NO_WORD and bare(w.text) in talk.unknown for w in inside):
        return FAINT
    return STEADY if _syllables(inside) < SYLLABLES else SMOOTH


def _syllables(words: Iterable[Word]) -> int:
    return sum(len(VOWELS.findall(bare(w.text))) for w in words)


def _is_held(sound: Sound, span: Span, words: tuple[Word, ...]) -> bool:
    """Whether one vowel is held where a recogniser has written more than one syllable."""
    inside = [w for w in words if span.overlap(Span(w.start, w.end)) > 0.0]
    if _syllables(inside) < 2 or any(w.start < span.start - ALONE or w.end > span.end + ALONE for w in inside):
        return False
    change, voiced = steadiness(sound, span)
    return change <= HELD and voiced >= HELD_SHARE


def steadiness(sound: Sound, span: Span) -> tuple[float, float]:
    """The median change of what is heard during ``span``, and how much of it is voiced."""
    a, b = sound.index(span.start), sound.index(span.end)
    # Its own beginning and end are changes too.
    inner = sound.change[min(a + 8, b - 4) : max(b - 3, a + 9)]
    return float(np.median(inner)), float((sound.voiced[a:b] >= VOICED).mean())


def is_hesitation(sound: Sound, span: Span, speech: float, limit: float) -> bool:
    """Whether one voice holds one sound during ``span``, its spectrum changing by less than ``limit``; ``speech`` is the level of what
    is said, dBFS."""
    a, b = sound.index(span.start), sound.index(span.end)
    if b - a < SHORTEST / STEP or float(np.percentile(sound.level[a:b], 75)) < speech - LOUD_ENOUGH:
        return False
    change, voiced = steadiness(sound, span)
    return voiced >= VOICED_SHARE and change <= limit
