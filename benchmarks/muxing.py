"""The finished file from a known map: offset between its tracks, untouched picture, time and memory, beside plain
ffmpeg.

``python -m benchmarks.muxing [--quick]``. The maps are true, so what is measured is the making alone. Plain ffmpeg is
what a person types: ``-itsoffset`` and ``-c copy`` for a shift, ``atempo`` for another speed; it has nothing for cuts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import media, table
from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.settings import Settings
from syncdub.making.measure import Residual
from syncdub.making.plan import placed
from syncdub.making.soundtrack import Pair, with_durations
from syncdub.requests import SyncRequest
from syncdub.values import Pitch, Segment, SyncPlan
from syncdub.verdict import verdict_of
from syncdub.workflow import execute, measured

QUICK = ("v1", "v2", "v3")


@dataclass(frozen=True)
class Case:
    name: str
    film: Path
    dub: Path
    plan: SyncPlan


@dataclass(frozen=True)
class Prober:
    settings: Settings

    def probe(self, path: Path | str) -> MediaInfo:
        return probe(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    head = (
        "case",
        "track",
        "measured by",
        "n",
        "median ms",
        "p95 ms",
        "picture identical",
        "s",
        "plain ffmpeg: p95 ms",
        "its picture",
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            if not quick or case.name[:2] in QUICK:
                rows.append(row(case, Path(folder)))
                print(" | ".join(map(str, rows[-1])), flush=True)
    print()
    print(table(head, rows))
    print(f"\npeak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


def row(case: Case, folder: Path) -> tuple[object, ...]:
    out, plain = folder / "out.mkv", folder / "plain.mkv"
    started = time.perf_counter()
    result = execute(
        Prober(Settings(temp_dir=folder)), case.plan, SyncRequest(original=case.film, dub=case.dub, output=out)
    )
    seconds = time.perf_counter() - started
    residual = result.residual or Residual("none")
    figures = (residual.method, f"{residual.n}/{residual.asked}", number(residual.median), number(residual.p95))
    same = picture(out) == picture(case.film)
    theirs = ("–", "–")
    if naive(case, plain):
        other, _ = measured(placed(with_durations(case.plan, pair(case))), pair(case), plain)
        theirs = (
            number(other.p95) + f" ({other.method})",
            "same times" if times(plain) == times(case.film) else "moved",
        )
    return (
        case.name,
        "copied" if result.copied else result.codec,
        *figures,
        "yes" if same else "NO",
        f"{seconds:.1f}",
        *theirs,
    )


def pair(case: Case) -> Pair:
    return Pair(probe(case.film), probe(case.dub))


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def naive(case: Case, out: Path) -> bool:
    """What people type; ``False`` where plain ffmpeg has no answer (cuts)."""
    segments = placed(with_durations(case.plan, pair(case))).segments
    if len(segments) > 1:
        return False
    only = segments[0]
    at_zero = only.at(0.0)
    sound = (
        ["-c", "copy"]
        if only.rate == 1
        else ["-c:v", "copy", "-c:a:0", "copy", "-filter:a:1", f"atempo={1 / only.rate:.9f}", "-c:a:1", "flac"]
    )
    inputs = [*ffmpeg.safe_input(case.film), "-itsoffset", f"{at_zero:.6f}", *ffmpeg.safe_input(case.dub)]
    ffmpeg.run([*inputs, "-map", "0:v", "-map", "0:a", "-map", "1:a:0", *sound, ffmpeg.safe_output(out)])
    return True


def picture(path: Path) -> str:
    """Digest of every picture packet with its time to the millisecond."""
    state = hashlib.blake2b()
    with opened(path) as container:
        for packet in container.demux(video=0):
            if packet.size and packet.pts is not None and packet.time_base is not None:
                state.update(str(round(float(packet.pts * packet.time_base), 3)).encode())
                state.update(bytes(packet))
    return state.hexdigest()


def times(path: Path) -> list[float]:
    with opened(path) as container:
        packets = (p for p in container.demux(video=0) if p.pts is not None and p.time_base is not None)
        return [round(float((p.pts or 0) * (p.time_base or 1)), 3) for p in packets]


def cases(folder: Path) -> Iterator[Case]:
    """The five dubs with known maps, then made ones: PAL with the pitch kept, a longer cut, film speed in 5.1."""
    dubs = media() / "dub"
    truth = json.loads((dubs / "dub_truth.json").read_text())
    film = dubs / truth["film"]
    for name, track in truth["tracks"].items():
        parts = [(m["dub"][0], m["dub"][1], m["film_start"], m["rate"]) for m in track["map"]]
        yield Case(name[7:].removesuffix(".m4a"), film, dubs / name, plan(parts, "shifted"))
    aligned = dubs / "dub_es_v0_aligned.m4a"
    kept = made(folder / "kept.mka", aligned, f"rubberband=tempo={25 / 24}:channels=together")
    yield Case("PAL, pitch kept", film, kept, plan([(0, 170.88 * 24 / 25, 0.0, 25 / 24)], "kept"))
    ntsc = made(folder / "ntsc.mka", aligned, "asetrate=48048,aresample=48000:resampler=soxr")
    yield Case("24 to 23.976", film, ntsc, plan([(0, 170.88 * 1000 / 1001, 0.0, 1.001)], "shifted"))
    surround = media() / "films" / "bbb_480p_171s_5.1.mp4"
    pal = made(folder / "pal51.mka", surround, "asetrate=50000,aresample=48000:resampler=soxr")
    yield Case("5.1, PAL", surround, pal, plan([(0, 170.88 * 24 / 25, 0.0, 25 / 24)], "shifted"))
    # aselect takes whole frames: of one millisecond, so that the cuts are exact.
    cut = "asetnsamples=48,aselect='not(gte(t,40)*lt(t,47)+gte(t,120)*lt(t,121.5))',asetpts=N/SR/TB"
    parts = [(0.0, 40.0, 0.0, 1.0), (40.0, 113.0, 47.0, 1.0), (113.0, 162.38, 121.5, 1.0)]
    yield Case("5.1, two cuts", surround, made(folder / "cut51.mka", surround, cut), plan(parts, "unknown"))


def plan(parts: list[tuple[float, float, float, float]], pitch: Pitch) -> SyncPlan:
    segments = tuple(Segment(*p, 5.0, 1.0) for p in parts)
    return SyncPlan(verdict_of(segments), segments[0].rate, segments, pitch=pitch)


def made(path: Path, source: Path, filters: str) -> Path:
    ffmpeg.run([*ffmpeg.safe_input(source), "-map", "0:a:0", "-af", filters, "-c:a", "flac", ffmpeg.safe_output(path)])
    return path


if __name__ == "__main__":
    main()
