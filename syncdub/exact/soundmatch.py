"""From what two files sound (or look) like over time to the dub's speed and the lines it follows in the original.

A *layer* is a (n, bands) array of levels at a fixed step: band power in dB for sound, brightness of parts of the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.lanes import in_lanes
from syncdub.exact.correlation import (
    PIECE,
    Array,
    Array16,
    Hits,
    Levels,
    Search,
    changes,
    levels_of,
    onsets,
    search,
    stretched,
    whitener,
)
from syncdub.exact.likeness import Sounds, anything
from syncdub.exact.speed import (
    KNOWN,
    Gains,
    Speed,
    common_slope,
    everywhere,
    grid_gains,
    known_gains,
    settled,
    slope_of,
    winner,
)
from syncdub.exact.timemap import Candidates, Line, best_path, from_hits, joined, lines

WINDOW_SECONDS, HOP_SECONDS, N_BEST = 20.0, 5.0, 4
LONG_SECONDS, LONG_HOP = 60.0, 15.0
"""Weak beds need longer windows: four times the first ones."""
SUPPORTED = 0.85
"""Long windows are tried when fewer of the short ones than this lie on the path."""
N_FIRST = 120
"""The slope is first measured on about this many windows spread over the dub."""
Layers = Mapping[str, Levels]
MIXES, BEDS = ("mix", "mix"), ("bed", "bed")
AROUND_VOICES = 1.02
"""What surrounds the voices is the better witness of two that gain the same: where it is silent the mixes differ by their voices."""
LOSSES, CLEARER = 0.012, 1.05
"""A capture may lose this share of its time in small pieces; without them its windows are this much clearer."""
LINE_SECONDS = 300.0
"""Only lines this long may have a slope of their own …"""
OWN_DRIFT = 0.012
"""… and only where it amounts to this much over their length, seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """``lines`` at the original's pace (``u = rate · dub``), all ``candidates`` and the indices of those on the ``path``, the
    ``sounds`` that were compared, the share of windows on the path, and what each speed gained."""

    speed: Speed
    lines: tuple[Line, ...]
    candidates: Candidates
    path: NDArray[np.int64]
    sounds: Sounds
    layers: tuple[str, str]
    support: float
    gains: Mapping[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """The original's features and loudness, the dub's levels at its own pace, and what both are whitened with."""

    features: Array16
    loud: Array
    heard: NDArray[np.bool_]
    levels: Levels
    dub_loud: Array
    dub_heard: NDArray[np.bool_]
    white: Array
    step: float


OnFirst = Callable[[Agreement], object]


def match(
    original: Layers,
    dub: Layers,
    step: float,
    kind: int = 0,
    on_first: OnFirst | None = None,
    find: Search = search,
) -> Agreement:
    """The speed of the dub and the lines it follows; layers are arrays of levels, any pair of them may be the best.

    ``kind`` marks the candidates (see :class:`~syncdub.exact.timemap.Candidates`); ``on_first`` gets what a few windows show at the
    best of the exact rates, before all others are tried. ``find`` looks for windows, on whatever device.
    """
    tell = None if on_first is None else (lambda pair, rate: on_first(glance(original, dub, step, rate, pair, find)))
    pair, rate, gains = _choose_layers(original, dub, step, tell, find)
    base = _base(original, dub, pair, step)
    rate = _refined(base, rate, find)
    sounds = _paced(base, rate)
    found = _candidates(sounds, find)
    path = best_path(found)
    speed = _speed(found, path, rate)
    if speed.rate != rate:
        sounds = _paced(base, speed.rate)
        found = replace(found, u=found.u * (speed.rate / rate))
        path = best_path(found)
    stepped = _stepped(base, speed, found.pick(path), find)
    if stepped is not None:
        speed, sounds, found = stepped
        path = best_path(found)
    fitted = lines(found, path)
    if pair != MIXES and MIXES[0] in original and MIXES[1] in dub:
        sounds = replace(sounds, second=_second(original, dub, speed.rate, step))
    marked = replace(found, kind=np.full(len(found), kind, np.int64))
    return Agreement(speed, tuple(fitted), marked, path, sounds, pair, _support(found, path), gains)


def glance(
    original: Layers,
    dub: Layers,
    step: float,
    rate: float = 1.0,
    pair: tuple[str, str] = MIXES,
    find: Search = search,
) -> Agreement:
    """What about :data:`N_FIRST` windows of one pair of layers show at one rate: a small part of the work of :func:`match`."""
    speed = Speed(rate, 0.0, True)
    sounds = _paced(_base(original, dub, pair, step), rate)
    found = _hits(sounds, WINDOW_SECONDS, max(HOP_SECONDS, sounds.end / N_FIRST), find, 2)
    path = best_path(found)
    return Agreement(speed, tuple(lines(found, path)), found, path, sounds, pair, _support(found, path), {})


def _second(original: Layers, dub: Layers, rate: float, step: float) -> tuple[Array16, Array16]:
    """The whole mixes, where another layer is the better witness: some of the bed is only there."""
    features, levels, white = _parts(original, dub, MIXES, step)
    return features, onsets(levels, step, white, rate)


def _parts(original: Layers, dub: Layers, pair: tuple[str, str], step: float) -> tuple[Array16, Levels, Array]:
    """The original's features, the dub's layer, and what both are whitened with."""
    own, theirs = original[pair[0]], dub[pair[1]]
    white = whitener(_sample(own, step), _sample(theirs, step))
    return onsets(own, step, white), theirs, white


def _sample(layer: Levels, step: float) -> Array:
    """Changes of up to 32 evenly spread pieces of 10 s: enough to know how bands go together."""
    size = round(10.0 / step)
    starts = np.unique(np.linspace(0, max(0, len(layer) - size), 32).astype(np.int64))
    return np.concatenate([changes(layer[s : s + size], step) for s in starts])


def _base(original: Layers, dub: Layers, pair: tuple[str, str], step: float) -> _Base:
    features, levels, white = _parts(original, dub, pair, step)
    sides = zip((original, dub), pair, strict=True)
    louds, heard = zip(*in_lanes(lambda side: _loudness(side[0], side[1], step), sides), strict=True)
    return _Base(features, louds[0], heard[0], levels, louds[1], heard[1], white, step)


def _loudness(layers: Layers, of: str, step: float) -> tuple[Array, NDArray[np.bool_]]:
    """(n,) the level in dB of the loudest layer, and where the layer ``of`` holds anything."""
    each = {name: loudness(layer) for name, layer in layers.items()}
    most = np.max(list(each.values()), axis=0)
    return most, anything(each[of], most, step)


def _choose_layers(
    original: Layers, dub: Layers, step: float, tell: Callable[[tuple[str, str], float], object] | None, find: Search
) -> tuple[tuple[str, str], float, Mapping[float, float]]:
    """The pair of layers in which the two files have most in common, and the rate at which they have it.

    The exact rates are tried on all pairs; all rates on the best, and on the next where none of the exact ones fits everywhere.
    ``tell`` is called once, with the first pair that one of the exact rates fits everywhere, else with the best.
    """
    pairs = [(a, b) for a in sorted(original, reverse=True) for b in sorted(dub, reverse=True)]

    def known(pair: tuple[str, str]) -> Gains:
        return known_gains(*_parts(original, dub, pair, step), step, find)

    # Nobody waits for the first of them, and the processor has room for several: a card has not.
    at_once = pairs if tell is None and find is search else []
    found = dict(zip(at_once, in_lanes(known, at_once), strict=True))
    for pair in pairs:
        if pair not in found:
            found[pair] = known(pair)
        if tell is not None and everywhere(found[pair]):
            tell(pair, winner(_sums(found[pair])))
            tell = None
    ranked = sorted(pairs, key=lambda p: -_most(found[p]) * (AROUND_VOICES if p == BEDS else 1.0))
    if tell is not None:
        tell(ranked[0], winner(_sums(found[ranked[0]])))
    tried = ranked[: 1 if everywhere(found[ranked[0]]) else 2]
    for pair in tried:
        found[pair] = grid_gains(*_parts(original, dub, pair, step), step, find)
    best = max(tried, key=lambda p: _most(found[p]) * (AROUND_VOICES if p == BEDS else 1.0))
    sums = _sums(found[best])
    return best, winner(sums), sums


def _sums(gains: Gains) -> dict[float, float]:
    return {rate: float(g.sum()) for rate, g in gains.items()}


def _most(gains: Gains) -> float:
    return max(_sums(gains).values())


def _paced(base: _Base, rate: float) -> Sounds:
    dub = onsets(base.levels, base.step, base.white, rate)
    level = levels_of(stretched(base.dub_loud[:, None], rate))[:, 0]
    heard = base.dub_heard[np.minimum(np.rint(np.arange(len(dub)) / rate).astype(np.int64), len(base.dub_heard) - 1)]
    return Sounds(base.features, dub, level, base.loud, heard, base.heard, base.step)


def loudness(layer: Levels) -> Array:
    """(n,) level in dB of all bands together."""
    out = np.empty(len(layer), np.float32)
    for a in range(0, len(layer), PIECE):
        total = np.power(10.0, levels_of(layer[a : a + PIECE]) / 10).sum(axis=1)
        out[a : a + PIECE] = 10.0 * np.log10(np.maximum(total, 1e-10))
    return out


def _windows(sounds: Sounds, size_s: float, hop_s: float) -> tuple[NDArray[np.int64], int]:
    size = min(round(size_s / sounds.step), len(sounds.dub))
    last = len(sounds.dub) - size
    starts = np.arange(0, last + 1, max(1, round(hop_s / sounds.step)))
    if last > starts[-1]:
        starts = np.append(starts, last)
    return starts.astype(np.int64), size


def _hits(sounds: Sounds, size_s: float, hop_s: float, find: Search, k: int = N_BEST) -> Candidates:
    starts, size = _windows(sounds, size_s, hop_s)
    found: Hits = find(sounds.original, sounds.dub, starts, size, k, sounds.step)
    width = size * sounds.step
    return from_hits(found.centre, found.at, found.z, step=sounds.step, width=width, hop=hop_s)


def _refined(base: _Base, rate: float, find: Search) -> float:
    """``rate`` with the slope of a first pass put into it, repeated once where the first correction was large."""
    for _ in range(2):
        sounds = _paced(base, rate)
        first = _hits(sounds, WINDOW_SECONDS, max(HOP_SECONDS, sounds.end / N_FIRST), find, 2)
        slope = slope_of(first)
        rate *= 1.0 + slope
        if abs(slope) * WINDOW_SECONDS < 0.002:
            break
    return rate


def _candidates(sounds: Sounds, find: Search) -> Candidates:
    found = _hits(sounds, WINDOW_SECONDS, HOP_SECONDS, find)
    if sounds.end > LONG_SECONDS and _support(found, best_path(found)) < SUPPORTED:
        found = joined([found, _hits(sounds, LONG_SECONDS, LONG_HOP, find)])
    return found


def _support(found: Candidates, path: NDArray[np.int64]) -> float:
    """Share of the dub's windows whose candidate lies on the path."""
    return len(np.unique(found.u[path])) / max(len(np.unique(found.u)), 1)


def _speed(found: Candidates, path: NDArray[np.int64], rate: float) -> Speed:
    """The rate with the slope shared by all lines, taken as exact where it cannot be told from an exact one."""
    on = found.pick(path)
    fitted = lines(found, path)
    groups = np.array([_line_of(fitted, u, off) for u, off in zip(on.u, on.offset, strict=True)], np.int64)
    kept = groups >= 0
    slope, sigma = common_slope(on.pick(kept), groups[kept])
    longest = max((line.end - line.start for line in fitted), default=0.0)
    if not kept.any() or not np.isfinite(sigma):
        return settled(rate, 1e-3, longest)
    return settled(rate * (1.0 + slope), sigma, longest)


def _stepped(base: _Base, speed: Speed, on: Candidates, find: Search) -> tuple[Speed, Sounds, Candidates] | None:
    """The exact rate with what it finds, where small losses only looked like another speed: there each window is clearer, though
    the line jumps a little now and then."""
    if speed.exact:
        return None
    best: tuple[Speed, Sounds, Candidates] | None = None
    clear = CLEARER * _clearness(on)
    near = [float(k) for k in KNOWN if abs(speed.rate / float(k) - 1.0) <= LOSSES]
    for rate in sorted(near, key=lambda k: abs(k - 1.0)):
        sounds = _paced(base, rate)
        found = _candidates(sounds, find)
        other = found.pick(best_path(found))
        if len(other) >= len(on) * SUPPORTED and _clearness(other) > clear:
            best, clear = (Speed(rate, 0.0, True), sounds, found), CLEARER * _clearness(other)
    return best


def _clearness(on: Candidates) -> float:
    """Median height of the windows' scores over chance; see :func:`syncdub.exact.timemap.from_hits`."""
    return float(np.median(1.0 / on.sigma)) if len(on) else 0.0


def _line_of(fitted: list[Line], u: float, offset: float) -> int:
    near = [k for k, line in enumerate(fitted) if line.start <= u <= line.end and abs(line.offset - offset) < 0.1]
    return min(near, key=lambda k: abs(fitted[k].offset - offset), default=-1)


def with_slopes(found: Agreement) -> tuple[Line, ...]:
    """The lines; those over :data:`LINE_SECONDS` may drift on their own where that is far beyond the error of the slope."""
    on = found.candidates.pick(found.path)
    out = []
    for line in found.lines:
        near = (on.u >= line.start) & (on.u <= line.end) & (np.abs(on.offset - line.offset) < 0.1)
        if line.end - line.start >= LINE_SECONDS and near.sum() >= 20:
            slope, sigma = common_slope(on.pick(near), np.zeros(int(near.sum()), np.int64))
            length = line.end - line.start
            if abs(slope) * length > OWN_DRIFT and abs(slope) > 5 * sigma:
                middle = float(np.average(on.u[near], weights=on.gain[near]))
                line = replace(line, slope=slope, middle=middle)
        out.append(line)
    return tuple(out)
