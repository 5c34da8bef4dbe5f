"""A season in one go: are the right files paired, the wrong ones refused, and does it stay as fast and as small to the end?

``python -m benchmarks.season [--episodes 12] [--minutes 4] [--seed 7] [--plain] [--once] [--write]``. Every episode has the same song
twice; the names of the dubs say nothing (``rec_…``), or name another episode (exchanged); two dubs are of another show that has the song
too, one episode has none. ``--plain`` leaves out the others: one correlation of the whole sounds, and BBC audio-offset-finder; both pair
one to one from their highest score down to the one that they are trusted from. ``--once`` leaves out the exchanged names. ``--write``
also puts the table into ``BENCHMARKS.md``. A process of its own makes the season, so that the memory is the product's alone.

Not beside them: ``syncstart`` is one correlation (of the first seconds), ``audalign`` pins NumPy 1.26, ``ffsubsync`` moves subtitles.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import media, table
from benchmarks.__main__ import ORDER
from benchmarks.dub_generator import RATE, Pair, Recipe, Samples, Studio
from benchmarks.sections import put, section
from pipeline.engine import Engine
from pipeline.media import decode
from pipeline.settings import Settings
from syncdub.batch.season import Row
from syncdub.batch.workflow import SeasonResult, season
from syncdub.requests import BatchRequest

SONG_SECONDS = 40.0
N_WRONG = 2
LONG = 20.0
"""Minutes from which episodes have a section of their own."""
PEER_TRUSTS = 10.0
"""The standard score from which audio-offset-finder's page says an offset may be trusted; one correlation has the same."""
HEARD = 8000
"""Samples a second of what the others hear."""
HEAD = ("season", "right pairs", "wrong pairs", "right films", "wrong films", "stopped", "residual ms, median / worst", "s an episode",
        "processor s", "of the seconds pairing", "MiB after each episode")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A season on the disk: ``truth`` is the film of each right dub, by file name; ``pairs`` the generated pairs by film."""

    films: tuple[Path, ...]
    dubs: tuple[Path, ...]
    truth: dict[str, str]
    pairs: dict[str, Pair]


def made(studio: Studio, folder: Path, n: int, minutes: float, seed: int) -> Made:
    """``n`` episodes, ``n − 1`` dubs of them and :data:`N_WRONG` of another show, under names that say nothing."""
    rng = np.random.default_rng(seed)
    song = studio.bed(rng, int(SONG_SECONDS * RATE))
    originals, dubs = folder / "originals", folder / "dubs"
    originals.mkdir(parents=True)
    dubs.mkdir()
    truth, pairs = {}, {}
    for k in range(n + N_WRONG):
        pair = _episode(studio, seed * 1000 + k, minutes, folder / "work" / str(k), song)
        suffix = pair.dub.suffix
        if k < n:
            film = originals / f"Show S01E{k + 1:02}{pair.original.suffix}"
            shutil.move(pair.original, film)
            pairs[film.name] = dataclasses.replace(pair, original=film)
        if k == n - 1:
            continue  # the one without a dub
        name = f"rec_{rng.integers(1 << 31):08x}q{suffix}"
        shutil.move(pair.dub, dubs / name)
        if k < n:
            truth[name] = film.name
    shutil.rmtree(folder / "work")
    return Made(tuple(sorted(originals.iterdir())), tuple(sorted(dubs.iterdir())), truth, pairs)


def made_apart(folder: Path, n: int, minutes: float, seed: int) -> Made:
    """As :func:`made`, by a process that ends with it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_made, folder, n, minutes, seed).result()


def _made(folder: Path, n: int, minutes: float, seed: int) -> Made:
    return made(Studio(media()), folder, n, minutes, seed)


def exchanged(found: Made, seed: int) -> Made:
    """The same season with its dubs named as episodes that they are not, all different."""
    order = np.random.default_rng(seed).permutation(len(found.dubs))
    truth, dubs = {}, []
    for dub, number in zip(found.dubs, order, strict=True):
        name = f"Serie S01E{int(number) + 1:02}{dub.suffix}"
        dubs.append(dub.rename(dub.with_name(name)))
        if dub.name in found.truth:
            truth[name] = found.truth[dub.name]
    return dataclasses.replace(found, dubs=tuple(sorted(dubs)), truth=truth)


def _episode(studio: Studio, seed: int, minutes: float, folder: Path, song: Samples) -> Pair:
    rng = np.random.default_rng(seed)
    recipe = Recipe(
        60 * minutes, cuts=int(rng.integers(0, 2)), ads=int(rng.integers(0, 3)), intro=float(rng.uniform(0, 15)),
        bed_db=float(rng.uniform(-10, 2)), rate=float(rng.choice([1.0, 25025 / 24000])), codec="aac96",
    )  # fmt: skip
    return studio.pair(seed, recipe, folder, song)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a season took: seconds by the clock and of the processors (tools included), and the memory (MiB) after each episode."""

    seconds: float
    processor: float
    memory: list[float]


def ours(found: Made, folder: Path) -> tuple[SeasonResult, Cost]:
    """What the product makes of it, and at what cost."""
    settings = Settings(data_dir=folder / "data", temp_dir=folder / "temp")
    engine = Engine(settings)
    memory: list[float] = []

    def seen(row: Row) -> None:
        memory.append(_resident())
        told = (row.episode.film.name, row.state, f"{row.seconds:.1f} s", f"{_processor() - spent:.0f} s processor")
        print(*told, f"{memory[-1]:.0f} MiB", file=sys.stderr, flush=True)

    request = BatchRequest(films=found.films, dubs=(found.dubs,), asks={"quick": True}, out=folder / "out")
    begun, spent = time.perf_counter(), _processor()
    result = season(engine, request, on_row=seen)
    return result, Cost(time.perf_counter() - begun, _processor() - spent, memory)


def _processor() -> float:
    used = [resource.getrusage(x) for x in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def judged(result: SeasonResult, found: Made) -> tuple[int, int, int, int]:
    """(right pairs, wrong pairs made, right ones made into films, wrong dubs made into films)."""
    right = wrong = films = foreign = 0
    for row in result.rows:
        for dub in row.episode.dubs:
            good = found.truth.get(dub.parts[0].name) == row.episode.film.name
            right, wrong = right + good, wrong + (not good)
            films += good and row.state == "done"
            foreign += (not good) and row.state == "done"
    return right, wrong, films, foreign


Score = Callable[[Samples, Samples], float]


def by_offset_finder(film: Samples, dub: Samples) -> float:
    """The standard score of BBC audio-offset-finder."""
    from audio_offset_finder.audio_offset_finder import find_offset_between_buffers

    return float(find_offset_between_buffers(film, dub, HEARD)["standard_score"])


def by_one_correlation(film: Samples, dub: Samples) -> float:
    """The highest of all correlations of the whole sounds over their standard deviation."""
    from scipy import signal

    lags = np.abs(signal.fftconvolve(film, dub[::-1]))
    return float(lags.max() / max(float(lags.std()), 1e-12))


def other(found: Made, score: Score) -> tuple[int, int, float]:
    """Pairs by another's score, one to one from the highest down: (right, wrong, seconds)."""
    begun = time.perf_counter()
    heard = {p: decode.load_audio(p, rate=HEARD).samples for p in (*found.films, *found.dubs)}
    scores = [(score(heard[f], heard[d]), f.name, d.name) for f in found.films for d in found.dubs]
    taken: set[str] = set()
    right = wrong = 0
    for value, film, dub in sorted(scores, reverse=True):
        if value >= PEER_TRUSTS and not {film, dub} & taken:
            taken |= {film, dub}
            good = found.truth.get(dub) == film
            right, wrong = right + good, wrong + (not good)
    return right, wrong, time.perf_counter() - begun


def _told(name: str, found: Made, work: Path) -> tuple[object, ...]:
    """A row of the table; what became of each episode is told beside it."""
    result, cost = ours(found, work)
    for row in result.rows:
        pairs = [f"{d.how} {d.sure:.2f}" for d in row.episode.dubs]
        said = (row.episode.film.name, pairs, row.state, dict(row.figures), row.problem or "", f"{row.seconds:.1f} s")
        print(*said, file=sys.stderr, flush=True)
    right, wrong, films, foreign = judged(result, found)
    stopped = sum(r.state == "failed" and bool(r.episode.dubs) for r in result.rows)
    residuals = [r.figures["residual_ms"] for r in result.rows if "residual_ms" in r.figures]
    away = f"{np.median(residuals):.2f} / {max(residuals):.2f}" if residuals else "–"
    memory = ", ".join(f"{m:.0f}" for m in cost.memory)
    pairing = cost.seconds - sum(r.seconds for r in result.rows)
    of, n = len(found.truth), len(found.films)
    return (name, f"{right} of {of}", wrong, f"{films} of {of}", foreign, stopped, away, f"{cost.seconds / n:.1f}",
            f"{cost.processor / n:.1f}", f"{pairing / n:.1f}", memory)  # fmt: skip


def _rows(options: argparse.Namespace, work: Path) -> Iterable[tuple[object, ...]]:
    found = made_apart(work, options.episodes, options.minutes, options.seed)
    yield _told("ours, names say nothing", found, work)
    scores = {"one correlation": by_one_correlation, "audio-offset-finder": by_offset_finder}
    for name, score in {} if options.plain else scores.items():
        right, wrong, seconds = other(found, score)
        rest = ["–"] * 4
        yield (
            name,
            f"{right} of {len(found.truth)}",
            wrong,
            *rest,
            "–",
            f"{seconds / options.episodes:.1f}",
            "–",
            "–",
            "–",
        )
    if options.once:
        return
    found = exchanged(found, options.seed)
    shutil.rmtree(work / "out")
    yield _told("ours, names exchanged, prints kept", found, work)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--plain", action="store_true", help="without the others")
    parser.add_argument("--once", action="store_true", help="without the season of exchanged names")
    parser.add_argument("--write", action="store_true", help="also into BENCHMARKS.md")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options, load = parser.parse_args(given), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="season-") as work:
        done = table(HEAD, list(_rows(options, Path(work))))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text = f"{done}\n\nMost memory at any time: {most:.0f} MiB; load at the end {os.getloadavg()[0]:.1f}."
    print(text)
    if options.write:
        written = section("season", [a for a in given if a != "--write"], load, text)
        name = "season_long" if options.minutes >= LONG else "season"
        put(
            name,
            written.replace("## season", f"## {name}", 1),
            [x for o in ORDER for x in ((o, "season_long") if o == "season" else (o,))],
        )


if __name__ == "__main__":
    main()
