"""Where the dub belongs: error of the sync engine on pairs with exact truth, beside one global cross-correlation and a peer.

``python -m benchmarks.dubsync [--quick] [--seeds N] [--only WORD]``. Within a row every pair is another seed: other music, voices, cuts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

from benchmarks import media as media_folder
from benchmarks import table
from benchmarks.dub_generator import Pair, Piece, Recipe, Studio
from pipeline import media
from syncdub.analysis import AnalyseRequest, analyse
from syncdub.values import SyncPlan

KINDS: dict[str, Callable[[np.random.Generator], Recipe]] = {
    "same cut, shifted": lambda r: Recipe(late=float(r.uniform(0.1, 9)), codec="aac96", bed_db=_bed(r)),
    "foreign intro and tail": lambda r: Recipe(
        intro=float(r.uniform(8, 60)), tail=20.0, codec="aac160", bed_db=_bed(r)
    ),
    "PAL, pitch up": lambda r: Recipe(rate=25025 / 24000, codec="aac96", bed_db=_bed(r)),
    "PAL 25/24, pitch kept": lambda r: Recipe(rate=25 / 24, pitch_kept=True, codec="aac96", bed_db=_bed(r)),
    "NTSC 1001/1000": lambda r: Recipe(rate=1001 / 1000, codec="ac3", bed_db=_bed(r)),
    "slower 24000/25025": lambda r: Recipe(rate=24000 / 25025, codec="opus", bed_db=_bed(r)),
    "free speed": lambda r: Recipe(rate=float(r.uniform(0.96, 1.04)), codec="aac96", bed_db=_bed(r)),
    "missing scenes": lambda r: Recipe(duration=360, cuts=3, codec="aac96", bed_db=_bed(r)),
    "advertisements": lambda r: Recipe(duration=360, ads=3, codec="aac96", bed_db=_bed(r)),
    "replaced, cut, ads, PAL": lambda r: Recipe(
        duration=420, cuts=1, ads=1, replaced=1, rate=25025 / 24000, intro=15, codec="aac96", bed_db=_bed(r)
    ),
    "bed −20 dB, mono, MP3 48": lambda r: Recipe(bed_db=-20, mono=True, codec="mp3_48", late=float(r.uniform(0.1, 9))),
    "bed −20 dB, cuts, mono": lambda r: Recipe(duration=360, bed_db=-20, mono=True, cuts=2, codec="aac96"),
    "inverted, noisy, mono": lambda r: Recipe(mono=True, invert=True, noise_db=-40, codec="opus", late=1.0),
}


def _bed(rng: np.random.Generator) -> float:
    return float(rng.uniform(-12, 3))


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


class PlainEngine:
    """What the analysis needs without speech."""

    class device:
        kind = "cpu"

    def probe(self, path: Path | str) -> Any:
        return media.probe(path)

    def transcript(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def embed(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError


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
    edges = sorted({round(e, 3) for p in truth for e in (p.dub_start, p.dub_end)})[1:-1]
    mine = np.array([e for s in plan.segments for e in (s.dub_start, s.dub_end)])
    joins = np.array([np.abs(mine - e).min() * 1000 for e in edges]) if len(mine) else np.array([np.inf] * len(edges))
    ppm = abs(plan.rate / truth[0].rate - 1) * 1e6
    return Outcome(off[off < 500], joins, covered, foreign, ppm, seconds, plan.verdict == "refuse")


def _true(truth: Sequence[Piece], dub: float) -> float:
    return next((p.at(dub) for p in truth if p.dub_start <= dub < p.dub_end), float("nan"))


def given(folder: Path) -> Iterator[tuple[str, Pair]]:
    """The dubs of the media folder with their truth file."""
    truth = json.loads((folder / "dub" / "dub_truth.json").read_text())
    for name, track in truth["tracks"].items():
        pieces = tuple(Piece(*m["dub"], m["film_start"], m["rate"]) for m in track["map"])
        yield name, Pair(folder / "dub" / truth["film"], folder / "dub" / name, pieces)


def measured(pair: Pair) -> Outcome:
    start = time.perf_counter()
    plan = analyse(PlainEngine(), AnalyseRequest(original=pair.original, dub=pair.dub, quick=True))
    return judged(plan, pair.pieces, time.perf_counter() - start)


def one_correlation(pair: Pair) -> Outcome:
    """The usual way: one cross-correlation of the whole waveforms, one offset."""
    start = time.perf_counter()
    a, b = (media.load_audio(p, rate=8000).samples for p in (pair.original, pair.dub))
    lags = signal.fftconvolve(a, b[::-1])
    offset = (int(np.abs(lags).argmax()) - len(b) + 1) / 8000
    return judged(_constant(offset, len(b) / 8000), pair.pieces, time.perf_counter() - start)


def peer(pair: Pair) -> Outcome:
    """BBC audio-offset-finder (MFCC cross-correlation, one offset)."""
    from audio_offset_finder.audio_offset_finder import find_offset_between_buffers

    start = time.perf_counter()
    a, b = (media.load_audio(p, rate=8000).samples for p in (pair.original, pair.dub))
    found = find_offset_between_buffers(a, b, 8000)
    return judged(_constant(float(found["time_offset"]), len(b) / 8000), pair.pieces, time.perf_counter() - start)


def _constant(offset: float, duration: float) -> SyncPlan:
    from syncdub.values import Segment

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
    out += [f"{np.mean([o.seconds for o in outcomes]):.1f}"]
    for other in baselines:
        out.append(
            f"{100 * float(np.mean([o.covered * np.mean(o.errors < 40) if len(o.errors) else 0 for o in other])):.0f}"
        )
    return out


HEAD = ("kind", "pairs", "refused", "error ms median / p95", "film covered %, worst", "foreign s, worst",
        "joins ms median / worst", "rate ppm, worst", "s a pair", "one correlation: % within 40 ms", "audio-offset-finder")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    options.add_argument("--seeds", type=int, default=4)
    options.add_argument("--only", default="")
    options.add_argument("--films", type=int, default=8, help="films whose dubs are exchanged: n·(n−1) wrong pairs")
    chosen = options.parse_args()
    folder = media_folder()
    rows = []
    for name, pair in given(folder):
        if chosen.only in name:
            rows.append(row(name, [measured(pair)], [[one_correlation(pair)], [peer(pair)]]))
            print(rows[-1], flush=True)
    studio = Studio(folder)
    n = 1 if chosen.quick else chosen.seeds
    for number, (name, recipe) in enumerate(KINDS.items()):
        if chosen.only not in name:
            continue
        outcomes, plain, other = [], [], []
        for k in range(n):
            seed = 1000 * number + k
            with tempfile.TemporaryDirectory() as work:
                pair = studio.pair(seed, _voiced(recipe, seed), Path(work))
                outcomes.append(measured(pair))
                plain.append(one_correlation(pair))
                other.append(peer(pair))
            if outcomes[-1].covered < 0.97 or outcomes[-1].foreign > 0.3:
                print("  look:", name, seed, outcomes[-1].covered, outcomes[-1].foreign, outcomes[-1].joins.round())
        rows.append(row(name, outcomes, [plain, other]))
        print(rows[-1], flush=True)
    print("\n" + table(HEAD, rows))
    if not chosen.only or chosen.only == "wrong":
        print("\n" + wrong_pairs(studio, 4 if chosen.quick else chosen.films))


def wrong_pairs(studio: Studio, n: int) -> str:
    """How many exchanged dubs are refused. The films are cut from the same few recordings, so many share music."""
    refused = []
    with tempfile.TemporaryDirectory() as work:
        kinds = list(KINDS.values())
        pairs = [
            studio.pair(
                90_000 + k, replace(_voiced(kinds[k % len(kinds)], 90_000 + k), duration=180.0), Path(work, str(k))
            )
            for k in range(n)
        ]
        right = [measured(pair).refused for pair in pairs]
        for i, first in enumerate(pairs):
            for j, second in enumerate(pairs):
                if i != j:
                    mixed = Pair(first.original, second.dub, second.pieces)
                    refused.append(measured(mixed).refused)
    return table(
        ("pairs", "number", "refused"),
        [("wrong (another film's dub)", len(refused), sum(refused)), ("right", len(right), sum(right))],
    )


def _voiced(recipe: Callable[[np.random.Generator], Recipe], seed: int) -> Recipe:
    rng = np.random.default_rng(seed + 77)
    languages = rng.permutation(["en", "es", "fr", "de", "it", "pt"])
    return replace(recipe(rng), voices=(str(languages[0]), str(languages[1])))


if __name__ == "__main__":
    main()
