"""Words of written lines put where they are heard: each line's words share its stretches of sound, longer words longer.

A line is on screen while it is said, a little more or less: its words begin where sound begins in it and pauses go between words, at
the comma nearest to where they must be. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.text.languages.known import language_of
from pipeline.values import Span, Word
from pipeline.written.reading import Line

STEP = 0.032
"""Seconds between two probabilities of a voice (the detector's own)."""
VOICED = 0.4
SHORTEST_RUN, PAUSE = 0.08, 0.2
SHORTEST = 0.02
"""Seconds that a word lasts at least."""
EARLY, LATE = 0.25, 0.35
"""Seconds that are said before a line is seen, and after it has gone."""
SLOWEST = 0.16
"""Seconds a letter lasts at most: what is left of a line's sound is somebody else's or nobody's."""
WEIGHT = 1.5
"""Letters that a word counts beside its own: every word takes a moment."""
STOP = re.compile(r"[.,;:!?…]+[\"'”’»)\]]*$")
LAGS = 40.0
"""Seconds within which a file of subtitles is looked for at another time."""


def voice_runs(voice: NDArray[np.float32], span: Span) -> list[Span]:
    """The stretches of ``span`` in which somebody speaks, short pauses bridged."""
    low = max(0, int(span.start / STEP))
    mask = voice[low : int(span.end / STEP) + 1] >= VOICED
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))).reshape(-1, 2)
    out: list[Span] = []
    for a, b in (edges + low) * STEP:
        if out and a - out[-1].end < PAUSE:
            out[-1] = Span(out[-1].start, float(b))
        else:
            out.append(Span(float(a), float(b)))
    return [Span(max(s.start, span.start), min(s.end, span.end)) for s in out if s.duration >= SHORTEST_RUN]


def words_of_lines(
    lines: Sequence[Line], voice: NDArray[np.float32], language: str, known: Mapping[int, Sequence[Word]] | None = None
) -> list[Word]:
    """Every word of ``lines`` with its leading space and its time; of some lines, by number, they are ``known``."""
    found: list[Word] = []
    for number, line in enumerate(lines):
        if known and number in known:
            found += in_order(known[number], found[-1].end if found else 0.0)
            continue
        before = lines[number - 1].end if number else 0.0
        after = lines[number + 1].start if number + 1 < len(lines) else line.end + LATE
        low = max(line.start - EARLY, before, found[-1].end if found else 0.0)
        heard = voice_runs(voice, Span(min(low, line.start), max(line.end, min(line.end + LATE, after))))
        found += placed(line, heard or [Span(line.start, line.end)], language)
    return found


def in_order(words: Sequence[Word], least: float) -> Iterator[Word]:
    """``words`` none of which begins before ``least`` or the end of the one before it, each at least :data:`SHORTEST` long."""
    for word in words:
        start = max(word.start, least)
        least = max(word.end, start + SHORTEST)
        yield replace(word, start=round(start, 3), end=round(least, 3))


def pieces_of(text: str, language: str) -> list[str]:
    """What is timed of a text: its words, its letters where a language has no spaces."""
    return text.split() if language_of(language).gap else [c for c in text if not c.isspace()]


def placed(line: Line, runs: Sequence[Span], language: str) -> list[Word]:
    """The words of a line over the sound it has."""
    gap = language_of(language).gap
    pieces = pieces_of(line.text, language)
    weights = np.array([sum(c.isalnum() for c in p) + WEIGHT for p in pieces])
    total = min(sum(r.duration for r in runs), float(weights.sum()) * SLOWEST)
    shares = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()]) * total
    edges = _on_pauses(shares, pieces, _joints(runs))
    out = []
    for n, piece in enumerate(pieces):
        start, end = _at(runs, edges[n], after=True), _at(runs, edges[n + 1], after=False)
        out.append(Word(round(start, 3), round(max(end, start + SHORTEST), 3), gap + piece, 1.0))
    return out


def _joints(runs: Sequence[Span]) -> list[float]:
    """Seconds of sound after which each pause lies."""
    return list(np.cumsum([r.duration for r in runs])[:-1])


def _on_pauses(shares: NDArray[np.float64], pieces: Sequence[str], joints: Sequence[float]) -> NDArray[np.float64]:
    """Borders of words moved onto the pauses: each pause goes between two words, best after a sign, near where it would be."""
    out, last = shares.copy(), 0
    for joint in joints:
        inner = [n for n in range(last + 1, len(pieces))]
        if not inner or joint > shares[-1]:
            break
        cost = {n: abs(shares[n] - joint) - (0.35 if STOP.search(pieces[n - 1]) else 0.0) for n in inner}
        best = min(inner, key=lambda n: (cost[n], n))
        if abs(shares[best] - joint) < 0.8:
            begin, end = out[last], shares[-1]
            left, right = shares[last : best + 1], shares[best:]
            out[last : best + 1] = begin + (left - left[0]) * (joint - begin) / max(left[-1] - left[0], 1e-6)
            out[best:] = joint + (right - right[0]) * (end - joint) / max(right[-1] - right[0], 1e-6)
            last = best
    return out


def _at(runs: Sequence[Span], heard: float, *, after: bool) -> float:
    """The time at which so many seconds of sound have passed; on a pause, its end where something begins ``after`` it."""
    for number, run in enumerate(runs):
        if heard < run.duration - 1e-6 or number == len(runs) - 1 or (not after and heard <= run.duration + 1e-6):
            return min(run.start + heard, run.end)
        heard -= run.duration
    return runs[-1].end


def agreement(lines: Sequence[Line], voice: NDArray[np.float32]) -> tuple[float, float]:
    """(how well lines lie on speech, in [−1, 1]; seconds by which they would have to be later to lie best).

    The correlation of when something is written with when somebody speaks, at the lag 0 and at the best one.
    """
    count = len(voice)
    if count < 30 or not lines:
        return 0.0, 0.0
    shown = np.zeros(count)
    for line in lines:
        shown[int(line.start / STEP) : int(line.end / STEP) + 1] = 1.0
    heard = (voice >= VOICED).astype(float)
    if shown.std() < 1e-6 or heard.std() < 1e-6:
        return (1.0 if shown.mean() > 0.9 and heard.mean() > 0.5 else 0.0), 0.0
    a, b = (shown - shown.mean()) / shown.std(), (heard - heard.mean()) / heard.std()
    size = 1 << (2 * count - 1).bit_length()
    values = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size) / count
    reach = min(count - 1, int(LAGS / STEP))
    lags = np.concatenate([values[-reach:], values[: reach + 1]])
    best = int(np.argmax(lags)) - reach
    return float(values[0]), best * STEP
