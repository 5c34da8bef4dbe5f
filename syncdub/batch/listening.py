"""What pairing by content asks of files and devices: every file is fingerprinted once, every film is gone through once a speed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Cancelled, StudioError
from pipeline.evidence.fingerprints import STEP, SoundPrint
from pipeline.messages import message
from pipeline.progress import Report, no_report, part_of
from syncdub.batch.content import on_the_path, telling
from syncdub.exact.correlation import Array, Array16, Levels, Search, changes, onsets, search, whitener

PrintOf = Callable[[Path, Report], SoundPrint]
"""The fingerprint of a file's sound; raises StudioError where it has none."""
WINDOW = round(20.0 / STEP)
N_WINDOWS = 24
N_PLACES = 2
PLENTY = 200.0
"""Nats of :data:`N_WINDOWS` windows: a third of what a dub of the film's own cut reaches, more than other episodes that use some of
the same music did (up to 140)."""
RATES = (1.0, 1.0422, 1 / 1.0422)
"""Film's pace, and faster and slower by what lies between 25/24 and 25025/24000: a window of 20 s survives 0.05 %."""
LAYERS = ("bed", "mix")
"""What surrounds the voices is asked first; the whole mix only for dubs that it does not place."""
GROUP = 12
"""Dubs looked for together: bounds the memory whatever the season's length."""
SAMPLES, SAMPLE = 16, round(10.0 / STEP)


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Windows of one dub, end to end, as features; ``centre`` are their middles on the dub's (stretched) clock, frames."""

    dub: int
    features: Array16
    centre: NDArray[np.float64]


def evidence(
    films: Sequence[Path], dubs: Sequence[Path], print_of: PrintOf, find: Search = search, report: Report = no_report
) -> NDArray[np.float64]:
    """(films, dubs) nats that each film alone explains of each dub, as of :data:`N_WINDOWS` windows; 0 for files that cannot be heard."""
    out = np.zeros((len(films), len(dubs)))
    prints = _Prints(print_of, [*films, *dubs], part_of(report, 0.0, 0.7))
    ways = [(layer, rate) for rate in RATES for layer in LAYERS]
    # One dub alone first: what places it is what places the others, who then need not try the rest.
    groups = [[j] for j in range(min(1, len(dubs)))]
    groups += [list(range(k, min(k + GROUP, len(dubs)))) for k in range(1, len(dubs), GROUP)]
    for n, group in enumerate(groups):
        for way in tuple(ways):
            open_ = [j for j in group if not clear(out[:, j])]
            _round(out, prints, open_, way, find)
            if any(clear(out[:, j]) for j in open_):
                ways.remove(way)
                ways.insert(0, way)
        report(0.7 + 0.3 * (n + 1) / len(groups), message("progress.comparing_sound"))
    return out


def clear(nats: NDArray[np.float64]) -> bool:
    """Whether one film holds so much of a dub, and no other near as much, that nothing else need be tried."""
    best = np.sort(nats)[::-1]
    return bool(len(best) and best[0] >= PLENTY and (len(best) == 1 or best[0] >= 3 * best[1]))


class _Prints:
    """Fingerprints by place. Kept ones are read from the disk as they are looked at, so that none need be in memory."""

    def __init__(self, print_of: PrintOf, paths: Sequence[Path], report: Report) -> None:
        n = len(paths)
        self._all = [_heard(print_of, path, part_of(report, k / n, (k + 1) / n)) for k, path in enumerate(paths)]
        self._whiteners: dict[str, Array | None] = {}

    def layer(self, n: int, name: str) -> Levels | None:
        """A layer of file ``n``, ``None`` where it has none."""
        found = self._all[n]
        return None if found is None else found.layers.get(name)

    def whitener(self, name: str) -> Array | None:
        """One for all files, so that no film's features depend on which dub is looked for."""
        if name not in self._whiteners:
            some = range(0, len(self._all), max(1, len(self._all) // 8))
            parts = [_sample(found) for n in some if (found := self.layer(n, name)) is not None]
            self._whiteners[name] = whitener(*parts) if parts else None
        return self._whiteners[name]


def _heard(print_of: PrintOf, path: Path, report: Report) -> SoundPrint | None:
    """The print of a file, ``None`` where it cannot be heard or is too short to say anything."""
    try:
        found = print_of(path, report)
    except Cancelled:
        raise
    except StudioError:
        return None
    return found if len(found.mix) > WINDOW else None


def _round(
    out: NDArray[np.float64], prints: _Prints, group: Sequence[int], way: tuple[str, float], find: Search
) -> None:
    """Looks for the ``group`` of dubs in every film at one speed by one layer, and keeps what is more than before."""
    if not group:
        return
    layer, rate = way
    n_films = out.shape[0]
    white = prints.whitener(layer)
    windows = [w for j in group if (w := _windows(prints.layer(n_films + j, layer), j, white, rate)) is not None]
    if not windows or white is None:
        return
    joined = np.concatenate([w.features for w in windows])
    told: list[list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = [[] for _ in windows]
    for i in range(n_films):
        for k, one in enumerate(_in_film(prints.layer(i, layer), joined, windows, white, find)):
            told[k].append(one)
    for w, films in zip(windows, told, strict=True):
        told_of = telling([x for x, _ in films], [x for _, x in films]) * (N_WINDOWS / len(w.centre))
        out[:, w.dub] = np.maximum(out[:, w.dub], told_of)


def _sample(layer: Levels) -> Array:
    starts = np.unique(np.linspace(0, max(0, len(layer) - SAMPLE), SAMPLES).astype(np.int64))
    return np.concatenate([changes(layer[s : s + SAMPLE], STEP) for s in starts])


def _windows(layer: Levels | None, dub: int, white: Array | None, rate: float) -> _Windows | None:
    if layer is None or white is None:
        return None
    features = onsets(layer, STEP, white, rate)
    last = len(features) - WINDOW
    if last < 0:
        return None
    starts = np.unique(np.linspace(0, last, min(N_WINDOWS, last // (WINDOW // 2) + 1)).astype(np.int64))
    return _Windows(
        dub, np.concatenate([features[s : s + WINDOW] for s in starts]), (starts + WINDOW / 2.0).astype(np.float64)
    )


def _in_film(
    layer: Levels | None, joined: Array16, windows: Sequence[_Windows], white: Array, find: Search
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """For each dub (nats, likeness) of its windows in one film."""
    counts = [len(w.centre) for w in windows]
    if layer is None:
        return [(np.zeros(n), np.zeros(n)) for n in counts]
    film = onsets(layer, STEP, white)
    starts = np.arange(sum(counts), dtype=np.int64) * WINDOW
    hits = find(film, joined, starts, WINDOW, N_PLACES, STEP)
    out, first = [], 0
    for w, n in zip(windows, counts, strict=True):
        rows = slice(first, first + n)
        own = type(hits)(w.centre, hits.at[rows], hits.score[rows], hits.z[rows])
        out.append(on_the_path(own, STEP, len(film)))
        first += n
    return out
