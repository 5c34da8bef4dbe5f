"""Fillers by their sound. A recogniser leaves most of them out of its text: what is left is a short, voiced, steady sound on its own.

Only what lies between two pauses is looked at: "eh" and "um" hold one vowel or hum at one pitch, laughter and coughs do not, words
move. Where a filler runs into a word nothing is claimed. A recogniser that expects a sentence writes words into such a sound ("Embs,",
"we bought") and is sure of them; heard by itself, without the sentence, it no longer is: :func:`doubtful` says what to hear so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.text.languages.known import language_of
from pipeline.text.languages.values import Language
from pipeline.values import Span, Word
from reelify.tighten.hearing import audible, spans_of
from reelify.tighten.pauses import kept
from reelify.tighten.values import STEP, Sound, Talk
from reelify.tighten.wording import ALIKE, bare, likeness, short_of

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
HELD, HELD_SHARE, HELD_LONGEST = 0.05, 0.7, 0.65
"""Change, voicing and seconds of one vowel held, in which a recogniser heard two syllables: read speech in a room can be as steady for
longer ("y recordarás", .9 s)."""
CERTAIN, SAME = 0.2, 0.8
"""Mean probability from which words are believed that are heard again by themselves, and how alike what is heard then must be to be the
same words. Words said alone that are as steady had .39 and more ("Anna", "Amen"), what was written for a filler up to .19."""
HUMMED_CERTAIN = 0.35
"""… where one word is written that no dictionary has."""
SWALLOWED = 0.1
"""… where they begin with a filler, so that part of them is there."""
HUMMED, BEYOND = 2, 2
"""Letters of a hum that a word without meaning begins with, and how many more it may have ("Embs", "ummed")."""
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
    known = language_of(talk.language)
    return [s for s in _alone(talk, loud) if _goes(s, talk, known, speech)]


def _goes(span: Span, talk: Talk, known: Language, speech: float) -> bool:
    """Whether a sound is a filler: by what it sounds like, and, where words are written there that are doubted, heard by itself."""
    if span in talk.again and _first_filler(_inside(span, talk.words), known):
        return _is_reheard(span, talk, known)
    steady = is_hesitation(talk.sound, span, speech, _limit(span, talk, known))
    return steady or (span in talk.again and _is_reheard(span, talk, known))


def doubtful(talk: Talk) -> dict[Span, str]:
    """The sounds in which words were written that may be a filler, with these words; hearing them by themselves decides."""
    loud = audible(talk.sound)
    if loud.all() or not loud.any():
        return {}
    known = language_of(talk.language)
    return {
        s: " ".join(w.text for w in _inside(s, talk.words)) for s in _alone(talk, loud) if _is_doubtful(s, talk, known)
    }


def _alone(talk: Talk, loud: NDArray[np.bool_]) -> list[Span]:
    """The short sounds between two pauses in which no audience is heard."""
    reactions = kept(talk.reactions)
    found = (s for s in _islands(spans_of(talk.sound, loud)) if SHORTEST <= s.duration <= LONGEST)
    return [s for s in found if not any(s.overlap(r) for r in reactions)]


def _inside(span: Span, words: Iterable[Word]) -> list[Word]:
    return [w for w in words if span.overlap(Span(w.start, w.end)) > min(GLIMPSE, (w.end - w.start) / 2)]


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


def _is_doubtful(span: Span, talk: Talk, known: Language) -> bool:
    """Whether words lie in a sound, and no further, that holds one vowel, or that begin with a filler, or are none."""
    inside = _inside(span, talk.words)
    if not inside or any(w.start < span.start - ALONE or w.end > span.end + ALONE for w in inside):
        return False
    change, voiced = steadiness(talk.sound, span)
    held = change <= HELD and voiced >= HELD_SHARE and span.duration <= HELD_LONGEST and _syllables(inside) > 1
    return held or _first_filler(inside, known) != "" or (change <= LOOSE and _is_hummed(inside, talk, known))


def _is_reheard(span: Span, talk: Talk, known: Language) -> bool:
    """Whether a doubtful sound, heard by itself, is not what was written there but a filler."""
    inside, again = _inside(span, talk.words), talk.again[span]
    filler = _first_filler(inside, known)
    heard = "".join(bare(word) for word in again.text.split())
    written = "".join(bare(w.text) for w in inside)
    if filler:
        return again.sure < SWALLOWED and likeness(heard, filler) >= max(ALIKE, likeness(heard, written))
    if _is_hummed(inside, talk, known):
        return again.sure < HUMMED_CERTAIN
    return again.sure < CERTAIN and likeness(heard, written) < SAME


def _first_filler(inside: Sequence[Word], known: Language) -> str:
    """The filler that words begin with, if more follow, in one piece; empty for none."""
    said = [bare(w.text) for w in inside]
    fillers = known.padding | known.hesitant
    return next(("".join(said[:n]) for n in range(len(said) - 1, 0, -1) if " ".join(said[:n]) in fillers), "")


def _is_hummed(inside: Sequence[Word], talk: Talk, known: Language) -> bool:
    """Whether one word is written that no dictionary has and that begins as a hum does."""
    said = bare(inside[0].text)
    if len(inside) > 1 or said not in talk.unknown:
        return False
    short = short_of(said)
    return any(len(h) >= HUMMED and short.startswith(h) and len(short) - len(h) <= BEYOND for h in known.hesitations)


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
