"""Pairs that are nearly right, with exact truth: the next episode of a series, captures that lose pictures, tapes that wander."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.dub_generator import RATE, Pair, Piece, Samples, Studio, write

Odd = Callable[[Studio, int, Path], Pair]


def next_episode(studio: Studio, seed: int, folder: Path) -> Pair:
    """Another episode with the same opening, ending and some cues (10–60 % of its time in all) at other places; the rest are its
    own scenes, of voices alone or over music of their own."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    total, share = float(rng.uniform(300, 420)), float(rng.uniform(0.1, 0.6))
    lengths = rng.dirichlet(np.ones(int(rng.integers(2, 6)))) * share * total
    songs = [studio.bed(rng, round(s * RATE)) for s in lengths if s > 5]
    first = _episode(studio, rng, songs, total, "en")
    order = [0, *(1 + rng.permutation(len(songs) - 2)), len(songs) - 1] if len(songs) > 2 else list(range(len(songs)))
    second = _episode(studio, rng, [songs[k] for k in order], total, "es")
    own = dict(zip(range(len(songs)), _places(first), strict=True))
    pieces = tuple(
        Piece(at / RATE, (at + songs[k].shape[1]) / RATE, own[k] / RATE, 1.0)
        for k, at in zip(order, _places(second), strict=True)
    )
    original = write(_laid(first), folder / "original.flac", "flac")
    return Pair(original, write(_laid(second), folder / "dub", "aac96"), pieces)


Scenes = list[tuple[bool, Samples]]


def _episode(studio: Studio, rng: np.random.Generator, songs: list[Samples], total: float, language: str) -> Scenes:
    """(is a song, samples) in order: songs with scenes between them."""
    rest = max(10.0, total - sum(s.shape[1] for s in songs) / RATE)
    scenes = rng.dirichlet(np.full(len(songs) + 1, 3.0)) * rest
    out: Scenes = []
    for k, seconds in enumerate(scenes):
        n = round(float(seconds) * RATE)
        music = (
            studio.bed(rng, n) * 10 ** (rng.uniform(-9, 0) / 20) if rng.random() < 0.3 else np.zeros((2, n), np.float32)
        )
        out.append((False, music + studio.speech(rng, n, language)))
        if k < len(songs):
            out.append((True, songs[k] + 0.5 * studio.speech(rng, songs[k].shape[1], language)))
    return out


def _places(scenes: Scenes) -> list[int]:
    """Samples at which the songs begin."""
    starts = np.cumsum([0, *(s.shape[1] for _, s in scenes)])
    return [int(at) for at, (song, _) in zip(starts, scenes, strict=False) if song]


def _laid(scenes: Scenes) -> Samples:
    return np.concatenate([s for _, s in scenes], axis=1).astype(np.float32)


def small_losses(studio: Studio, seed: int, folder: Path) -> Pair:
    """A capture that lost 33–133 ms every ten to thirty seconds."""
    rng, original, dub = _film(studio, seed, folder)
    pieces, kept, at, dub_at = [], [], 0, 0
    while at < dub.shape[1]:
        n = min(round(rng.uniform(10, 30) * RATE), dub.shape[1] - at)
        pieces.append(Piece(dub_at / RATE, (dub_at + n) / RATE, at / RATE, 1.0))
        kept.append(dub[:, at : at + n])
        at, dub_at = at + n + round(int(rng.integers(1, 5)) * 1001 / 30000 * RATE), dub_at + n
    return Pair(original, write(np.concatenate(kept, axis=1), folder / "dub", "aac96"), tuple(pieces))


def wandering(studio: Studio, seed: int, folder: Path) -> Pair:
    """A tape that wanders by 20–45 ms over 50–90 s."""
    rng, original, dub = _film(studio, seed, folder)
    width, period = rng.uniform(0.02, 0.045), rng.uniform(50, 90)
    t = np.arange(dub.shape[1]) / RATE
    place = t + width * np.sin(2 * np.pi * t / period)
    out = np.stack([np.interp(place, t, channel) for channel in dub]).astype(np.float32)
    knots = np.append(np.arange(0, t[-1], 0.5), t[-1])
    at = knots + width * np.sin(2 * np.pi * knots / period)
    pieces = tuple(
        Piece(float(a), float(b), float(x), float((y - x) / (b - a)))
        for a, b, x, y in zip(knots, knots[1:], at, at[1:], strict=False)
    )
    return Pair(original, write(out, folder / "dub", "aac96"), pieces)


def _film(studio: Studio, seed: int, folder: Path) -> tuple[np.random.Generator, Path, Samples]:
    """A film's file, and its dub as samples."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    n = 240 * RATE
    bed = studio.bed(rng, n) * 10 ** (rng.uniform(-12, 0) / 20)
    original = write(bed + studio.speech(rng, n, "en"), folder / "original.flac", "flac")
    return rng, original, bed * 10 ** (rng.uniform(-3, 3) / 20) + studio.speech(rng, n, "es")


ODDITIES: dict[str, Odd] = {"small losses": small_losses, "slow wander": wandering, "next episode": next_episode}
