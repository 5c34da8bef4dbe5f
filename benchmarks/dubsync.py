"""Where the dub belongs: error of the sync engine on pairs with exact truth, beside one global cross-correlation and a peer.

``python -m benchmarks.dubsync [--quick] [--seeds N] [--case WORD]``. Within a row every pair is another seed: other music, voices,
cuts. ``--case`` takes part of a row's name, or ``given``, ``meaning``, ``wrong``, ``odd`` or ``long``.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from scipy import signal

from benchmarks import ROOT, table
from benchmarks import media as media_folder
from benchmarks.dub_generator import KINDS, RATE, Pair, Piece, Recipe, Samples, Studio, write
from benchmarks.dub_oddities import ODDITIES
from pipeline.evidence import fingerprints
from pipeline.media import decode
from pipeline.media.probe import probe
from pipeline.settings import Settings
from syncdub.analysis import analyse
from syncdub.requests import AnalyseRequest
from syncdub.values import Segment, SyncPlan


@dataclass(frozen=True, slots=True)
class Outcome:
    """Errors in ms of every half second both truth and plan have; ``joins`` in ms; shares of the film and of the plan."""

    errors: np.ndarray[Any, Any]
    joins: np.ndarray[Any, Any]
    covered: float
    foreign: float
    rate_ppm: float
    seconds: float
    refused: bool
    held: float = 1.0
    """Share of the moments whose truth lies inside their error bar."""
    plain: bool = False
    """Whether a doubt says that only a part is shared."""
    named: float = 1.0
    """Share of the film's lost stretches (half a second or longer) that a doubt names."""


PLAIN = {"doubt.only_shared_placed", "doubt.only_part_shared", "doubt.much_unmatched"}
LOST = 0.5
"""Seconds from which a stretch without dub is one that must be told."""
SEAMLESS = 0.001
"""Seconds of a jump under which two pieces of the truth have no join."""
STRETCHED = 15.0
"""Seconds of foreign time that may be placed beside what is shared: the windows see no nearer."""


class PlainEngine:
    """What the analysis needs without speech."""

    class device:
        kind = "cpu"

    def probe(self, path: Path | str) -> Any:
        return probe(path)

    def transcript(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def spoken(self, *_: Any) -> tuple[str, float]:
        return "", 0.0

    def embed(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError

    def sound_print(self, path: Path | str, stream: int = 0, report: Any = None) -> Any:
        return fingerprints.sound_print(path, stream=stream)


def judged(plan: SyncPlan, truth: Sequence[Piece], seconds: float) -> Outcome:
    """``plan`` beside the truth."""
    end = max(p.dub_end for p in truth)
    moments = np.arange(0.0, max(end, plan.dub_duration), 0.05)
    told = np.array([np.nan if (x := plan.original_of(float(t))) is None else x for t in moments])
    true = np.array([_true(truth, float(t)) for t in moments])
    both = np.isfinite(told) & np.isfinite(true)
    off = np.abs(told - true)[both] * 1000
    covered = float((off < 500).sum() / max(np.isfinite(true).sum(), 1))
    foreign = float((np.isfinite(told) & ~np.isfinite(true)).sum() * 0.05)
    jumps = [(p, q) for p, q in itertools.pairwise(truth) if not _goes_on(p, q)]
    edges = sorted({round(e, 3) for p, q in jumps for e in (p.dub_end, q.dub_start)})
    mine = np.array(_edges(plan.segments))
    joins = np.array([np.abs(mine - e).min() * 1000 for e in edges]) if len(mine) else np.array([np.inf] * len(edges))
    ppm = abs(plan.rate / truth[0].rate - 1) * 1e6
    bars = np.array([_bar(plan, float(t)) for t in moments])[both]
    held = float((off <= bars + 0.1).mean()) if len(off) else 1.0
    plain = bool({d.code for d in plan.doubts} & PLAIN)
    refused = plan.verdict == "refuse"
    return Outcome(off[off < 500], joins, covered, foreign, ppm, seconds, refused, held, plain, _named(plan, truth))


def _edges(segments: Sequence[Segment]) -> list[float]:
    """Moments of the dub at which the plan begins, ends or jumps; a piece with another error bar on the same line is no edge."""
    out = [segments[0].dub_start, segments[-1].dub_end] if segments else []
    for a, b in itertools.pairwise(segments):
        if abs(b.dub_start - a.dub_end) > SEAMLESS or abs(b.original_start - a.at(b.dub_start)) > SEAMLESS:
            out += [a.dub_end, b.dub_start]
    return out


def _goes_on(p: Piece, q: Piece) -> bool:
    """Whether ``q`` is the straight continuation of ``p``: only its speed is another, as on a tape that wanders."""
    return abs(q.dub_start - p.dub_end) < SEAMLESS and abs(q.original_start - p.at(p.dub_end)) < SEAMLESS


def _named(plan: SyncPlan, truth: Sequence[Piece]) -> float:
    """How much of what truth and plan both leave without dub is told, to the second that doubts are told in."""
    length = plan.original_duration
    lost = []
    edges = [0.0, *(t for p in truth for t in (p.original_start, p.at(p.dub_end))), length]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= LOST:
            lost.append((start, end))
    if not lost or plan.verdict == "refuse":
        return 1.0
    told = [_clocks(str(d.values["spans"])) for d in plan.doubts if d.code.startswith("doubt.without_dub.")]
    spans = [span for some in told for span in some]
    return float(np.mean([any(a <= end and b + 1.0 >= start for a, b in spans) for start, end in lost]))


def _clocks(spans: str) -> list[tuple[float, float]]:
    """``1:05–1:20, 2:00–2:03`` in seconds."""

    def seconds(clock: str) -> float:
        return float(sum(float(part) * 60.0**k for k, part in enumerate(reversed(clock.split(":")))))

    return [(seconds(a), seconds(b)) for a, b in (one.split("–") for one in spans.split(", "))]


def _bar(plan: SyncPlan, dub: float) -> float:
    return next((s.error_ms for s in plan.segments if s.dub_start <= dub <= s.dub_end), 0.0)


def _true(truth: Sequence[Piece], dub: float) -> float:
    return next((p.at(dub) for p in truth if p.dub_start <= dub < p.dub_end), float("nan"))


def given(folder: Path) -> Iterator[tuple[str, Pair]]:
    """The dubs of the media folder with their truth file."""
    truth = json.loads((folder / "dub" / "dub_truth.json").read_text())
    for name, track in truth["tracks"].items():
        pieces = tuple(Piece(m["dub"][0], m["dub"][1], m["film_start"], m["rate"]) for m in track["map"])
        yield name, Pair(folder / "dub" / truth["film"], folder / "dub" / name, pieces)


def measured(pair: Pair) -> Outcome:
    start = time.perf_counter()
    plan = analyse(PlainEngine(), AnalyseRequest(original=pair.original, dub=pair.dub, quick=True))
    return judged(plan, pair.pieces, time.perf_counter() - start)


def one_correlation(pair: Pair) -> Outcome:
    """The usual way: one cross-correlation of the whole waveforms, one offset."""
    start = time.perf_counter()
    a, b = (decode.load_audio(p, rate=8000).samples for p in (pair.original, pair.dub))
    lags = signal.fftconvolve(a, b[::-1])
    offset = (int(np.abs(lags).argmax()) - len(b) + 1) / 8000
    return judged(_constant(offset, len(b) / 8000), pair.pieces, time.perf_counter() - start)


def peer(pair: Pair) -> Outcome:
    """BBC audio-offset-finder (MFCC cross-correlation, one offset)."""
    from audio_offset_finder.audio_offset_finder import find_offset_between_buffers

    start = time.perf_counter()
    a, b = (decode.load_audio(p, rate=8000).samples for p in (pair.original, pair.dub))
    found = find_offset_between_buffers(a, b, 8000)
    return judged(_constant(float(found["time_offset"]), len(b) / 8000), pair.pieces, time.perf_counter() - start)


def _constant(offset: float, duration: float) -> SyncPlan:
    return SyncPlan("shift", 1.0, (Segment(0.0, duration, offset, 1.0, 0.0, 1.0),), dub_duration=duration)


def row(name: str, outcomes: Sequence[Outcome], baselines: Sequence[Sequence[Outcome]]) -> list[object]:
    """One line of the table: medians and p95 over all pairs of a kind."""
    errors = np.concatenate([o.errors for o in outcomes])
    joins = np.concatenate([o.joins for o in outcomes])
    out: list[object] = [name, len(outcomes), sum(o.refused for o in outcomes)]
    out += [f"{np.median(errors):.1f} / {np.quantile(errors, 0.95):.1f}" if len(errors) else "–"]
    out += [f"{100 * min(o.covered for o in outcomes):.1f}", f"{max(o.foreign for o in outcomes):.2f}"]
    out += [f"{np.median(joins):.0f} / {joins.max():.0f}" if len(joins) else "–"]
    out += [
        f"{max(o.rate_ppm for o in outcomes if not o.refused):.1f}" if not all(o.refused for o in outcomes) else "–"
    ]
    told = [o.held for o in outcomes if not o.refused]
    out += [f"{100 * float(np.mean(told)):.1f}" if told else "–"]
    out += [f"{np.mean([o.seconds for o in outcomes]):.1f}"]
    for other in baselines:
        out.append(
            f"{100 * float(np.mean([o.covered * np.mean(o.errors < 40) if len(o.errors) else 0 for o in other])):.0f}"
        )
    return out


HEAD = ("kind", "pairs", "refused", "error ms median / p95", "film covered %, worst", "foreign s, worst",
        "joins ms median / worst", "rate ppm, worst", "bar holds the truth %", "s a pair",
        "one correlation: % within 40 ms", "audio-offset-finder")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true", help="one pair a row, 12 wrong pairs, no long film")
    options.add_argument("--seeds", type=int, default=4)
    options.add_argument("--case", default="")
    options.add_argument(
        "--seed", type=int, default=0, help="another beginning of the seeds: other pairs of the same kinds"
    )
    options.add_argument("--films", type=int, default=8, help="films whose dubs are exchanged: n·(n−1) wrong pairs")
    options.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        print(alone(*chosen.one))
        return
    folder = media_folder()
    n = 1 if chosen.quick else chosen.seeds
    pairs = [(name, p) for name, p in given(folder) if chosen.case in ("", "given") or chosen.case in name]
    rows = [_said(row(name, [measured(p)], [[one_correlation(p)], [peer(p)]])) for name, p in pairs]
    names = [name for name in KINDS if chosen.case in name]
    extra = [
        x for x in ("meaning", "wrong", "odd", "long") if chosen.case in ("", x) and not (x == "long" and chosen.quick)
    ]
    studio = Studio(folder) if names or {"wrong", "odd", "long"} & set(extra) else None
    if studio is not None:
        rows += [_said(generated(studio, name, n, chosen.seed)) for name in names]
    print(table(HEAD, rows))
    if "meaning" in extra:
        print("\n" + by_meaning(folder, n))
    if studio is not None and "wrong" in extra:
        print("\n" + wrong_pairs(studio, 4 if chosen.quick else chosen.films))
    if studio is not None and "odd" in extra:
        print("\n" + oddities(studio, n, chosen.seed))
    if studio is not None and "long" in extra:
        print("\n" + long_films(studio))


def _said(made: list[object]) -> list[object]:
    print(*made, sep=" | ", file=sys.stderr, flush=True)
    return made


def generated(studio: Studio, name: str, n: int, first: int = 0) -> list[object]:
    """The row of one kind: ``n`` pairs from seeds."""
    outcomes, plain, other = [], [], []
    for k in range(n):
        seed = first + 1000 * list(KINDS).index(name) + k
        with tempfile.TemporaryDirectory() as work:
            pair = studio.pair(seed, voiced(KINDS[name], seed), Path(work))
            outcomes.append(measured(pair))
            plain.append(one_correlation(pair))
            other.append(peer(pair))
        if outcomes[-1].covered < 0.97 or outcomes[-1].foreign > 0.3:
            print("  look:", name, seed, outcomes[-1].covered, outcomes[-1].foreign, file=sys.stderr)
    return row(name, outcomes, [plain, other])


def oddities(studio: Studio, n: int, seed: int) -> str:
    """Pairs that are nearly right: whether bars hold the truth, and whether a next episode is refused or told plainly."""
    rows = []
    for k, (name, make) in enumerate(ODDITIES.items()):
        outcomes = []
        for i in range(n):
            with tempfile.TemporaryDirectory() as work:
                outcomes.append(measured(make(studio, seed + 70_000 + 1000 * k + i, Path(work))))
        honest = [o.refused or (o.plain and o.foreign <= STRETCHED) for o in outcomes]
        errors = np.concatenate([o.errors for o in outcomes])
        said = f"{np.median(errors):.1f} / {np.quantile(errors, 0.95):.1f}" if len(errors) else "–"
        held = [o.held for o in outcomes if not o.refused]
        figures = f"{max(o.foreign for o in outcomes):.1f}", f"{100 * float(np.mean(held)):.1f}" if held else "–"
        plainly = sum(honest) if name == "next episode" else "–"
        rows.append((name, n, sum(o.refused for o in outcomes), said, *figures, plainly))
    head = (
        "nearly right",
        "pairs",
        "refused",
        "error ms median / p95",
        "foreign s, worst",
        "bar holds the truth %",
        "honest",
    )
    return table(head, rows)


def wrong_pairs(studio: Studio, n: int) -> str:
    """How many exchanged dubs are refused. The films are cut from the same few recordings, so many share music."""
    kinds = list(KINDS.values())
    heard = functools.cache(fingerprints.sound_print)

    def once(path: Any, *, stream: int = 0, **_: Any) -> Any:
        return heard(str(path), stream=stream)

    with tempfile.TemporaryDirectory() as work, mock.patch.object(fingerprints, "sound_print", once):
        pairs = []
        for k in range(n):
            recipe = replace(voiced(kinds[k % len(kinds)], 90_000 + k), duration=180.0)
            pairs.append(studio.pair(90_000 + k, recipe, Path(work, str(k))))
        right = [measured(pair).refused for pair in pairs]
        mixed = [Pair(a.original, b.dub, b.pieces) for a in pairs for b in pairs if a is not b]
        refused = [measured(pair).refused for pair in mixed]
    rows = [("wrong (another film's dub)", len(refused), sum(refused)), ("right", len(right), sum(right))]
    return table(("pairs", "number", "refused"), rows)


def by_meaning(folder: Path, n: int) -> str:
    """Errors where nothing but meaning is shared: the voices of the given dub alone, beginning later, without a stretch between
    two phrases, at another level."""
    from pipeline.engine import Engine

    name, pair = next((name, pair) for name, pair in given(folder) if "voiceonly" in name)
    (piece,) = pair.pieces
    voice, rows = decode.load_audio(pair.dub, rate=RATE).samples, []
    with tempfile.TemporaryDirectory() as work:
        engine = Engine(replace(Settings.from_env(), data_dir=Path(work)))
        for k in range(n):
            made, truth = (voice, (piece,)) if k == 0 else _edited_voice(voice, piece, np.random.default_rng(k))
            dub = write(made[None], Path(work, f"dub{k}"), "aac96")
            plan = analyse(engine, AnalyseRequest(original=pair.original, dub=dub))
            found = judged(plan, truth, 0.0)
            error = (
                f"{np.median(found.errors):.0f} / {np.quantile(found.errors, 0.95):.0f}" if len(found.errors) else "–"
            )
            coarse = any(d.code == "doubt.coarse" for d in plan.doubts)
            said = (plan.verdict, error, f"{100 * found.covered:.0f}", "yes" if coarse else "NO")
            rows.append((name if k == 0 else f"late, a stretch missing, seed {k}", *said))
    head = ("nothing shared but meaning", "verdict", "error ms median / p95", "within 500 ms %", "labelled coarse")
    return table(head, rows)


def _edited_voice(voice: Samples, piece: Piece, rng: np.random.Generator) -> tuple[Samples, tuple[Piece, ...]]:
    """The voices with another beginning, and without a stretch of 6–15 s between two silent moments."""
    size = RATE // 5
    quiet = np.flatnonzero(np.abs(voice[: len(voice) // size * size]).reshape(-1, size).max(axis=1) < 0.003) * size
    first = int(rng.choice(quiet[(quiet > 50 * RATE) & (quiet < 100 * RATE)]))
    second = int(rng.choice(quiet[(quiet > first + 6 * RATE) & (quiet < first + 15 * RATE)]))
    lead = np.zeros(int(rng.uniform(1, 20) * RATE), np.float32)
    at, cut, back = len(lead) / RATE, first / RATE, second / RATE
    truth = (
        Piece(at, at + cut, piece.at(0.0), 1.0),
        Piece(at + cut, at + cut + (len(voice) - second) / RATE, piece.at(back), 1.0),
    )
    made = np.concatenate([lead, voice[:first], voice[second:]]) * 10 ** (rng.uniform(-12, 0) / 20)
    return made.astype(np.float32), truth


def alone(original: Path, dub: Path) -> str:
    """Time, memory and map of one pair in a process of its own, as JSON."""
    start = time.perf_counter()
    plan = analyse(PlainEngine(), AnalyseRequest(original=original, dub=dub, quick=True))
    seconds = time.perf_counter() - start
    # ru_maxrss would count the process that started this one.
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
    lines = [(s.dub_start, s.dub_end, s.original_start, s.rate) for s in plan.segments]
    return json.dumps({"seconds": seconds, "mib": peak, "plan": lines})


def long_films(studio: Studio) -> str:
    """A film of 45 minutes and one of half that: time and peak memory of the whole process, libraries included."""
    rows = []
    for minutes in (22.5, 45.0):
        recipe = Recipe(60 * minutes, cuts=2, ads=2, intro=20.0, rate=25025 / 24000, codec="aac96", bed_db=-6.0)
        with tempfile.TemporaryDirectory() as work:
            pair = studio.pair(95_000, recipe, Path(work))
            command = [sys.executable, "-m", "benchmarks.dubsync", "--one", str(pair.original), str(pair.dub)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        told = json.loads(done.stdout.splitlines()[-1])
        lines = tuple(Segment(start, end, at, rate, 1.0, 1.0) for start, end, at, rate in told["plan"])
        found = judged(SyncPlan("edit", lines[0].rate, lines), pair.pieces, told["seconds"])
        said = (f"{told['seconds']:.0f}", told["mib"], f"{np.median(found.errors):.1f}", f"{100 * found.covered:.1f}")
        rows.append((f"{minutes:g} min, PAL, 2 cuts, 2 advertisements", *said, f"{found.joins.max():.0f}"))
    return table(("film, without speech", "s", "peak MiB", "median ms", "film covered %", "worst join ms"), rows)


def voiced(recipe: Callable[[np.random.Generator], Recipe], seed: int) -> Recipe:
    rng = np.random.default_rng(seed + 77)
    languages = rng.permutation(["en", "es", "fr", "de", "it", "pt"])
    return replace(recipe(rng), voices=(str(languages[0]), str(languages[1])))


if __name__ == "__main__":
    main()
