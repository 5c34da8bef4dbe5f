"""When words are really heard: a recogniser's times put on the edges of sound.

Attention times wander by a few tenths of a second where speech meets a pause: a word begins in the silence before it or
stops before its last sound. Pauses are measurable, so every word is given to a run of sound between two pauses; the first
of a run begins where the sound begins and the last ends where it ends. Pure functions on arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.speech.values import RATE, Chunk, HeardWord
from pipeline.values import Span, Word, runs

HOP = 160
"""10 ms: an envelope finer than any pause we look for."""
SECONDS = HOP / RATE
LOUD, QUIET = 95.0, 10.0
"""Percentiles of the envelope that stand for speech and for the pauses of a chunk."""
RANGE_DB = 12.0
"""Under this distance between the two, pauses are filled (music, a crowd) and the voice detector draws the edges."""
SHARE = 0.35
"""The border lies this far from quiet to loud, and not further from loud than :data:`DEEPEST_DB`."""
DEEPEST_DB = 38.0
PAUSE = 0.18
"""A stop consonant closes the mouth for up to 0.15 s; anything longer is a pause."""
CLICK = 0.03
EARLY, LATE = 0.4, 0.5
"""How far a word may be stretched to the beginning and to the end of its run, seconds."""
BASE_SECONDS, LETTER_SECONDS = 0.35, 0.14
"""A word lasts at most the one plus the other for each letter; longer, something was left out."""
SHORTEST = 0.04
HOLE, UTTERANCE = 1.5, 0.3
VOICED, CLEAR = 0.6, 0.75
REACH, MARGIN = 0.2, 0.2
"""A word covers this much on both sides of it; a hole is heard with this much around it."""


def envelope(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Loudness in dBFS of every :data:`HOP` samples, floored at −100."""
    count = len(samples) // HOP
    frames = samples[: count * HOP].astype(np.float64).reshape(count, HOP)
    frames = frames - (frames.mean() if count else 0.0)
    power = (frames**2).mean(axis=1) if count else np.zeros(0)
    smooth = np.convolve(power, np.ones(3) / 3, mode="same") if count >= 3 else power
    return np.asarray(10.0 * np.log10(np.maximum(smooth, 1e-10)))


def sound_runs(chunk: Chunk) -> list[Span]:
    """The runs of sound in ``chunk`` (its own seconds) between pauses of at least :data:`PAUSE`."""
    level = envelope(chunk.samples)
    if not len(level):
        return []
    loud, quiet = (float(np.percentile(level, q)) for q in (LOUD, QUIET))
    if loud - quiet >= RANGE_DB:
        active = level > max(quiet + SHARE * (loud - quiet), loud - DEEPEST_DB)
    else:
        index = np.minimum((np.arange(len(level)) * SECONDS / chunk.voice_step).astype(int), len(chunk.voice) - 1)
        active = chunk.voice[index] >= 0.35
    joints = [p.offset for p in chunk.pieces[1:]]
    return _split(_runs(active), joints)


def _runs(active: NDArray[np.bool_]) -> list[Span]:
    joined: list[Span] = []
    for low, high in (runs(active) * SECONDS).tolist():
        if high - low < CLICK:
            continue
        if joined and low - joined[-1].end < PAUSE:
            joined[-1] = Span(joined[-1].start, high)
        else:
            joined.append(Span(low, high))
    return joined


def _split(runs: list[Span], joints: Sequence[float]) -> list[Span]:
    """``runs`` cut at the seams of a chunk: what lies on either side is far apart in the file."""
    for joint in joints:
        runs = [
            part
            for run in runs
            for part in ([Span(run.start, joint), Span(joint, run.end)] if run.start < joint < run.end else [run])
        ]
    return [run for run in runs if run.duration >= CLICK]


def snapped(words: Sequence[HeardWord], runs: Sequence[Span]) -> tuple[HeardWord, ...]:
    """``words`` with their times on the edges of ``runs``; in order, none overlapping another.

    A word that touches no run (only silence) keeps its times: the guards decide about it.
    """
    if not runs or not words:
        return tuple(words)
    homes = _homes(words, runs)
    fitted = [_into(word, None if home is None else runs[home]) for word, home in zip(words, homes, strict=True)]
    for index, home in enumerate(homes):
        if home is None:
            continue
        run, word = runs[home], fitted[index]
        if home not in homes[:index] and 0 < word.start - run.start <= EARLY:
            word = replace(word, start=run.start)
        if home not in homes[index + 1 :] and 0 < run.end - word.end <= LATE:
            word = replace(word, end=run.end)
        fitted[index] = word
    return in_order([_not_endless(word) for word in fitted])


def _homes(words: Sequence[HeardWord], runs: Sequence[Span]) -> list[int | None]:
    """For each word the run it shares most time with, never before the run of an earlier word."""
    homes: list[int | None] = []
    least = 0
    for word in words:
        span = Span(word.start, max(word.end, word.start + SHORTEST))
        shares = [(run.overlap(span), -index) for index, run in enumerate(runs) if index >= least]
        best = max(shares, default=(0.0, 0))
        home = -best[1] if best[0] > 0 else _near(span, runs, least)
        homes.append(home)
        least = home if home is not None else least
    return homes


def _near(span: Span, runs: Sequence[Span], least: int) -> int | None:
    """The nearest run for a word heard in a pause, within :data:`EARLY`."""
    distances = [(max(run.start - span.end, span.start - run.end), i) for i, run in enumerate(runs) if i >= least]
    best = min(distances, default=(EARLY + 1, 0))
    return best[1] if best[0] <= EARLY else None


def _into(word: HeardWord, run: Span | None) -> HeardWord:
    if run is None:
        return word
    start = min(max(word.start, run.start), run.end - SHORTEST)
    start = max(start, run.start)
    return replace(word, start=start, end=max(min(word.end, run.end), min(start + SHORTEST, run.end)))


def _not_endless(word: HeardWord) -> HeardWord:
    letters = sum(c.isalnum() for c in word.text)
    return replace(word, end=min(word.end, word.start + BASE_SECONDS + LETTER_SECONDS * max(letters, 2)))


def in_order(words: Sequence[HeardWord]) -> tuple[HeardWord, ...]:
    """``words`` so that each begins when or after the one before it ends; an overlap is halved."""
    ordered = list(words)
    for index, (before, after) in enumerate(pairwise(words)):
        before = ordered[index]
        if after.start < before.end:
            border = min(max((after.start + before.end) / 2, before.start), max(after.end, before.start))
            ordered[index] = replace(before, end=border)
            ordered[index + 1] = replace(after, start=border, end=max(after.end, border))
    return tuple(ordered)


def on_file_clock(words: Sequence[HeardWord], chunk: Chunk) -> tuple[Word, ...]:
    """``words`` on the file's timeline, each inside the piece of sound that holds its middle."""
    placed = []
    for word in words:
        piece = chunk.piece_at((word.start + word.end) / 2)
        start, end = (min(max(t - piece.offset + piece.start, piece.start), piece.end) for t in (word.start, word.end))
        placed.append(Word(round(start, 3), round(end, 3), word.text, word.probability))
    return tuple(placed)


def holes(words: Sequence[HeardWord], chunk: Chunk) -> list[Span]:
    """Stretches of voice in ``chunk`` that no word covers: text that was left out.

    Either at least :data:`HOLE` seconds, or a whole utterance between two pauses, however short, with a clear voice.
    """
    step = chunk.voice_step
    covered = np.zeros(len(chunk.voice), bool)
    for word in words:
        covered[int(max(0.0, word.start - REACH) / step) : int((word.end + REACH) / step) + 1] = True
    found = []
    for low, high in _joined(np.flatnonzero((chunk.voice >= VOICED) & ~covered), round(0.6 / step), covered):
        alone = not covered[max(0, low - 1) : high + 1].any()
        clear = float(chunk.voice[low:high].mean()) >= CLEAR
        if (high - low) * step >= (UTTERANCE if alone and clear else HOLE):
            found.append(Span(max(0.0, low * step - MARGIN), min(chunk.duration, high * step + MARGIN)))
    return found


def _joined(indices: NDArray[np.intp], gap: int, covered: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs ``[low, high)`` of ``indices``; those at most ``gap`` apart are one unless something ``covered`` lies between."""
    runs: list[tuple[int, int]] = []
    for index in indices.tolist():
        if runs and index - runs[-1][1] <= gap and not covered[runs[-1][1] : index].any():
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs
