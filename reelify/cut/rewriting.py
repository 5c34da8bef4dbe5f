"""A sentence as somebody corrected it, each new word at the time of the word whose place it takes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.values import Sentence, Transcript

LATE = 0.01
"""Seconds by which a sentence's time may be rounded."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The sentence of ``source`` that is heard as ``heard`` at ``start`` (seconds in the file) shall read ``text``."""

    source: Path
    start: float
    heard: str
    text: str


def rewritten_in(transcript: Transcript, source: str, rewrites: Sequence[Rewrite]) -> Transcript:
    """``transcript`` of the file ``source`` with its sentences as ``rewrites`` say; those that are not found change nothing."""
    mine = {(r.heard, r.start): r.text for r in rewrites if r.source == Path(source)}

    def corrected(sentence: Sentence) -> Sentence:
        for (heard, start), text in mine.items():
            if heard == sentence.text and sentence.start - LATE <= start <= sentence.end + LATE:
                return rewritten(sentence, text)
        return sentence

    return replace(transcript, sentences=tuple(corrected(s) for s in transcript.sentences)) if mine else transcript


def rewritten(sentence: Sentence, text: str) -> Sentence:
    """``sentence`` that reads ``text``. A word that is gone loses its time; added words share that of the one before them."""
    texts = matched([w.text.strip() for w in sentence.words], text.split())
    words = tuple(replace(w, text=new) for w, new in zip(sentence.words, texts, strict=True) if new)
    return replace(sentence, text=" ".join(text.split()), words=words)


def matched(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """For each word of ``old`` what takes its place (one word, several or none), in order; together they are ``new``.

    Words that were added go with the word before them, or after, at the beginning.
    """
    out: list[list[str]] = [[] for _ in old]
    matcher = difflib.SequenceMatcher(None, [_bare(w) for w in old], [_bare(w) for w in new], autojunk=False)
    for _, i, j, k, m in matcher.get_opcodes():
        if i == j and out:
            out[max(0, i - 1)] += new[k:m]
        else:
            for x, words in enumerate(_nearest(old[i:j], new[k:m])):
                out[i + x] += words
    return [" ".join(words) for words in out]


def _nearest(old: Sequence[str], new: Sequence[str]) -> list[list[str]]:
    """For each old word the new words that take its place: the most alike go together, in order; the rest joins what is before it."""
    best: dict[tuple[int, int], tuple[float, tuple[tuple[int, int], ...]]] = {}
    for i in range(len(old), -1, -1):
        for k in range(len(new), -1, -1):
            if i == len(old) or k == len(new):
                best[i, k] = (0.0, ())
                continue
            alike = difflib.SequenceMatcher(None, _bare(old[i]).lower(), _bare(new[k]).lower()).ratio() + 0.01
            worth, after = best[i + 1, k + 1]
            both = (worth + alike, ((i, k), *after))
            best[i, k] = max(both, best[i + 1, k], best[i, k + 1], key=lambda found: found[0])
    out: list[list[str]] = [[] for _ in old]
    homes = dict((k, i) for i, k in best[0, 0][1])
    at = min(homes.values(), default=0)
    for k, word in enumerate(new):
        at = homes.get(k, at)
        out[at].append(word)
    return out


def _bare(word: str) -> str:
    return word.strip('.,;:!?¡¿…"«»“”()')
