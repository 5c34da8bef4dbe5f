"""Names and brands as their owner writes them, in place of what a recogniser made of them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from pipeline.values import Sentence, Transcript, Word

LONGEST = 4
"""Words that a name may have been heard as."""
ALIKE, EXACT = 0.8, 0.999
CERTAIN = 0.97
"""Probability from which a recogniser is believed where the words are only alike."""
SHORTEST = 4
"""Letters under which only what sounds the same is replaced: short words are alike by chance."""
SOUNDS = (
    ("ph", "f"), ("qu", "k"), ("ck", "k"), ("ch", "x"), ("h", ""), ("c(?=[ei])", "s"), ("c", "k"), ("z", "s"), ("v", "b"), ("w", "u"),
    ("y", "i"), ("ll", "i"), ("g(?=[ei])", "j"), (r"(.)\1+", r"\1"),
)  # fmt: skip
"""Letters that Spanish and English ears confuse; in order."""
EDGES = re.compile(r"^(\W*)(.*?)((?:['’]s)?\W*)$", re.DOTALL)


def sounded(text: str) -> str:
    """How letters sound, roughly, without spaces and accents: ``Kubernetes`` and ``cubernetis`` are one letter apart."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if c.isalnum())
    for pattern, sound in SOUNDS:
        plain = re.sub(pattern, sound, plain)
    return plain


def spelled(transcript: Transcript, names: Sequence[str]) -> Transcript:
    """``transcript`` with every run of words that sounds like one of ``names`` written so, at the same time."""
    known = [(" ".join(n.split()), sounded(n)) for n in names]
    known = [(name, sound) for name, sound in known if sound]
    if not known:
        return transcript
    return replace(transcript, sentences=tuple(_sentence(s, known) for s in transcript.sentences))


def _sentence(sentence: Sentence, known: Sequence[tuple[str, str]]) -> Sentence:
    words, out, at = sentence.words, [], 0
    while at < len(words):
        length, name = _match(words, at, known)
        if not length:
            out.append(words[at])
            at += 1
            continue
        first, last = EDGES.match(words[at].text), EDGES.match(words[at + length - 1].text)
        text = f"{first[1] if first else ''}{name}{last[3] if last else ''}"
        out.append(replace(words[at], end=words[at + length - 1].end, text=text))
        at += length
    if out == list(words):
        return sentence
    return replace(sentence, words=tuple(out), text=" ".join(w.text.strip() for w in out))


def _match(words: Sequence[Word], at: int, known: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """(how many words from ``at`` on are a name, which); the closest wins, then the longest."""
    best = (0.0, 0, "")
    for length in range(1, min(LONGEST, len(words) - at) + 1):
        run = words[at : at + length]
        heard = sounded("".join(w.text for w in run))
        sure = min(w.probability for w in run)
        for name, sound in known:
            if abs(len(heard) - len(sound)) > max(2, len(sound) // 3):
                continue
            alike = SequenceMatcher(None, heard, sound, autojunk=False).ratio()
            enough = EXACT if len(sound) < SHORTEST or sure >= CERTAIN else ALIKE
            if alike >= enough and "".join(w.text for w in run).strip() != name:
                best = max(best, (alike, length, name))
    return best[1], best[2]
