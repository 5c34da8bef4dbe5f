"""How soon a stop takes effect: real jobs are stopped at random moments, and the longest silence of each stage is told.

``python -m benchmarks.stopping [--minutes 6] [--stops 40] [--only highlights,sync] [--quick]``

A job stops when it next reports or breathes, so the time between two of them is the time a stop may take. One whole run of every kind
prints the longest silence of every stage, with the place in the code; then jobs are stopped at random moments, through the
real queue, and the seconds until each was over are told.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import ROOT, table
from benchmarks.watching import quantile
from pipeline.engine import Engine
from pipeline.media import ffmpeg
from pipeline.messages import Message
from pipeline.progress import Report, heeding
from pipeline.requests import Request
from pipeline.settings import Settings
from reelify.requests import CompileRequest, HighlightsRequest, RankRequest, TranscribeRequest
from syncdub.requests import AnalyseRequest, SyncRequest
from web.jobs.kinds import KINDS, run_job
from web.jobs.queue import Jobs
from web.jobs.values import NOBODY

WANTED_P95, WANTED_WORST = 2.0, 5.0
LONG = 0.7
"""Seconds of silence after which the place is looked up."""
EXAMPLES = ROOT / "assets" / "examples"


def looped(source: str, minutes: float, folder: Path) -> Path:
    """An example repeated until it is so long."""
    target = folder / f"{Path(source).stem}_{minutes:g}{Path(source).suffix}"
    length = ["-t", f"{60 * minutes:g}", "-c", "copy"]
    ffmpeg.run(["-stream_loop", "-1", *ffmpeg.safe_input(EXAMPLES / source), *length, str(target)])
    return target


def works(folder: Path, minutes: float) -> dict[str, Request]:
    """Requests that go through every stage there is."""
    talk = looped("highlights_short_films.mp4", minutes, folder)
    film, dub = looped("dubsync_1_film.mp4", minutes, folder), looped("dubsync_2_doblaje.m4a", minutes, folder)
    pair = {"original": str(film), "dub": str(dub)}
    clips = [{"source": str(talk), "start": 20.0 * n, "end": 20.0 * n + 18.0} for n in range(3)]
    return {
        "highlights": HighlightsRequest.from_json({"source": str(talk), "min_duration": 10, "max_duration": 40}),
        "rank": RankRequest.from_json(
            {"clips": [{"source": str(talk)}], "all": True, "captions": True, "aspect": "9:16"}
        ),
        "transcribe": TranscribeRequest.from_json({"source": str(talk)}),
        "compile": CompileRequest.from_json({"clips": clips, "aspect": "9:16", "captions": True, "card": "A title"}),
        "analyse": AnalyseRequest.from_json(pair),
        "sync": SyncRequest.from_json({**pair, "codec": "eac3"}),
    }


@dataclass
class Silences:
    """A report that remembers the longest silence in every stage, and where in the code it was."""

    thread: int = field(default_factory=threading.get_ident)
    worst: dict[str, tuple[float, str]] = field(default_factory=dict)
    n: int = 0
    longest: float = 0.0
    stage: str = "start"
    at: float = field(default_factory=time.monotonic)
    place: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def __call__(self, fraction: float, what: Message) -> None:
        self.breathe()
        self.stage = what.code

    def breathe(self) -> None:
        """What :func:`pipeline.progress.breathe` calls between two reports."""
        if threading.get_ident() != self.thread:
            return  # beside the thread that the job waits for
        now = time.monotonic()
        gap = now - self.at
        self.n, self.longest = self.n + 1, max(self.longest, gap)
        if gap > self.worst.get(self.stage, (-1.0, ""))[0]:
            self.worst[self.stage] = (gap, self.place)
        self.at, self.place = now, ""

    def watch(self) -> None:
        """Looks where the silent thread is, in a thread of its own."""
        while not self.over.wait(0.1):
            frame = sys._current_frames().get(self.thread)
            if time.monotonic() - self.at > LONG and not self.place and frame is not None:
                own = [
                    f for f in traceback.extract_stack(frame) if str(ROOT) in f.filename and ".venv" not in f.filename
                ]
                self.place = " < ".join(f"{Path(f.filename).stem}.{f.name}:{f.lineno}" for f in own[:-5:-1])


def listened(engine: Any, request: Request, folder: Path) -> Silences:
    """One whole run of a job, listened to."""
    silences = Silences()
    thread = threading.Thread(target=silences.watch, daemon=True)
    thread.start()
    folder.mkdir(parents=True)
    try:
        with heeding(silences.breathe):
            run_job(request, folder, silences, engine)
    finally:
        silences(1.0, Message("end"))
        silences.over.set()
        thread.join()
    return silences


def stopped(jobs: Jobs, request: Request, after: float) -> tuple[float, str] | None:
    """Seconds that a stop ``after`` so many seconds took, and the stage; ``None`` where the job was over before."""
    job_id = jobs.submit(request, NOBODY)
    while jobs.get(job_id).state == "queued":
        time.sleep(0.01)
    job = jobs.wait(job_id, after)
    if job.is_finished:
        return None
    begun = time.monotonic()
    jobs.cancel(job_id)
    ended = jobs.wait(job_id, 120)
    return (
        (time.monotonic() - begun, job.message.code if job.message else "start") if ended.state == "cancelled" else None
    )


def engine_of(folder: Path) -> Engine:
    """An engine that remembers nothing of other runs."""
    return Engine(Settings(data_dir=folder / "data", temp_dir=folder / "temp", models_dir=ROOT / "data" / "models"))


def measure_silences(folder: Path, wanted: Mapping[str, Request]) -> dict[str, float]:
    """Prints the longest silences; the seconds each job took."""
    rows, seconds, n, longest = [], {}, 0, 0.0
    for name, request in wanted.items():
        begun = time.monotonic()
        silences = listened(engine_of(folder / name), request, folder / name / "job")
        seconds[name] = time.monotonic() - begun
        n, longest = n + silences.n, max(longest, silences.longest)
        rows += [(name, stage, f"{gap:.2f}", place) for stage, (gap, place) in silences.worst.items() if gap > LONG]
    print("\n## Longest silences of whole jobs (over 0.7 s)\n")
    print(table(("job", "stage", "longest, s", "where"), rows))
    print(f"\nworst of {n:,}: {longest:.2f} s (wanted ≤ {WANTED_WORST:g})")
    return seconds


def measure_stops(folder: Path, wanted: Mapping[str, Request], seconds: Mapping[str, float], n: int) -> None:
    """Prints how long stops at random moments took."""
    noise, found = random.Random(5), []
    for i in range(n):
        name = list(wanted)[i % len(wanted)]
        place = folder / f"stop{i}"
        engine = engine_of(place)

        def run(request: Request, where: Path, report: Report, engine: Any = engine) -> dict[str, Any]:
            return run_job(request, where, report, engine)

        jobs = Jobs(engine.settings, KINDS, run)
        jobs.start()
        if (one := stopped(jobs, wanted[name], noise.uniform(0.0, seconds[name]))) is not None:
            found.append((name, *one))
        jobs.close()
    times = [seconds for _, seconds, _ in found]
    print(f"\n## {len(found)} stops at random moments\n")
    slowest = sorted(found, key=lambda f: -f[1])[:8]
    print(table(("job", "seconds", "stage"), [(name, f"{s:.2f}", stage) for name, s, stage in slowest]))
    print(f"\nmedian {quantile(times, 0.5):.2f} s, p95 {quantile(times, 0.95):.2f} s (wanted ≤ {WANTED_P95:g}), "
          f"worst {max(times, default=0.0):.2f} s (wanted ≤ {WANTED_WORST:g})")  # fmt: skip


def main() -> None:
    """Both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--stops", type=int, default=40)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = works(folder, 1.0 if options.quick else options.minutes)
        if options.only:
            wanted = {k: v for k, v in wanted.items() if k in options.only.split(",")}
        seconds = measure_silences(folder, wanted)
        if options.stops:
            measure_stops(folder, wanted, seconds, 6 if options.quick else options.stops)


if __name__ == "__main__":
    main()
