"""The distributed engine on one machine: same results as one process, what it costs, and what survives being killed.

Processes are real: ``dask scheduler`` and ``dask worker`` on 127.0.0.1, killed with ``kill -9``. A film of the wanted length is
joined from media with real speech. On one machine two workers share the cores that a single process uses alone, so the
speed-up to look at is that of two workers over one; seconds of processor time tell the overhead.

    python -m benchmarks.cluster [--quick] [--minutes 40] [--workers 1,2] [--only 1,2,3,4]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import media, table
from benchmarks.local_cluster import LocalCluster, running
from benchmarks.server import Errand
from pipeline.requests import Request
from pipeline.settings import Settings
from reelify.requests import HighlightsRequest, TranscribeRequest
from syncdub.requests import AnalyseRequest, SyncRequest
from web.jobs.kinds import KINDS, Kind
from web.jobs.queue import Job, Jobs
from web.jobs.values import NOBODY
from web.runner import queue_of

SPEECH = (
    "highlights/talk_with_audience.mp4", "viral/viral_es_talk.mp4", "dub/dub_film_en.mp4", "films/auto-editor_example.mp4",
    "films/sintel_trailer_480p_moviepy.mp4",
)  # fmt: skip
WAIT = 3000.0
STAGES = ("progress.evidence", "progress.transcribing", "progress.clips")
DUB_STAGES = ("progress.placing", "progress.editing_audio", "progress.muxing", "progress.measuring")
VICTIMS = ("the job's", "the other")


def build(target: Path, seconds: float) -> Path:
    """A film of that length from the speech media, in turn, 640 × 360, every part encoded once."""
    from pipeline.media.ffmpeg import executable

    quiet = [executable(), "-v", "error", "-y", "-nostdin"]
    parts = []
    for number, name in enumerate(SPEECH):
        part = target.with_name(f"part{number}.mkv")
        scale = "scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:-1:-1,setsar=1,fps=25"
        sound = ["-ac", "2", "-ar", "48000", "-c:a", "aac", "-b:a", "128k"]
        picture = ["-vf", scale, "-c:v", "libx264", "-preset", "veryfast", "-g", "125", "-pix_fmt", "yuv420p"]
        subprocess.run([*quiet, "-i", str(media() / name), *picture, *sound, "-shortest", str(part)], check=True)
        parts.append(part)
    listing = target.with_suffix(".txt")
    listing.write_text("".join(f"file '{p}'\n" for _ in range(int(seconds / 500) + 2) for p in parts))
    join = ["-f", "concat", "-safe", "0", "-i", str(listing), "-t", f"{seconds:g}", "-c", "copy", str(target)]
    subprocess.run([*quiet, *join], check=True)
    for part in parts:
        part.unlink()
    return target


def small(engine: Any, request: Errand, folder: Path, report: Any) -> dict[str, Any]:
    """A job of a twentieth of a second that leaves a line in a file for each time it was finished."""
    time.sleep(0.05)
    (folder / "result.txt").write_text(str(request.n))
    with Path(request.log).open("a") as log:
        log.write(f"{request.n}\n")
    return {"n": request.n}


SMALL = {"small": Kind(Errand, small)}


@dataclass(frozen=True)
class Done:
    """A finished job with its folder's name taken out of its result, and what it cost."""

    job: Job
    result: Any
    seconds: float
    processor: float


def tree_seconds(pids: list[int]) -> float:
    """Processor seconds of processes and of the children they have waited for."""
    import psutil

    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


def do(jobs: Jobs, wanted: Request, pids: list[int], watch: Callable[[Job], None] | None = None) -> Done:
    """Runs one job to its end; ``watch`` sees it about ten times a second."""
    before, began = tree_seconds(pids) if pids else 0.0, time.monotonic()
    job_id = jobs.submit(wanted, NOBODY)
    while not jobs.wait(job_id, 0.1).is_finished and time.monotonic() - began < WAIT:
        if watch is not None:
            watch(jobs.get(job_id))
    job = jobs.get(job_id)
    text = json.dumps(job.result, sort_keys=True).replace(str(job.folder), "")
    seconds = time.monotonic() - began
    return Done(job, json.loads(text), seconds, (tree_seconds(pids) - before) if pids else 0.0)


def service(folder: Path, cluster: LocalCluster | None = None, workers: int = 1, kinds: Any = KINDS) -> Jobs:
    """A queue with a data folder of its own, in this process or on ``cluster``."""
    from pipeline.engine import Engine

    settings = Settings(
        data_dir=folder, temp_dir=folder / "temp", models_dir=Settings.from_env().models_dir, workers=workers,
        scheduler_address=cluster.address if cluster else "",
    )  # fmt: skip
    jobs = queue_of(settings, Engine(settings), kinds=kinds)
    jobs.start()
    return jobs


def works(film: Path, quick: bool) -> list[tuple[str, Request]]:
    """Name of what is compared, and what is asked."""
    original, dub = media() / "dub/dub_film_en.mp4", media() / "dub/dub_es_v1_late_1.730s.m4a"
    return [
        ("transcript", TranscribeRequest(film)),
        ("clips (transcript remembered)", HighlightsRequest(film, clips=5)),
        ("map of a dub", AnalyseRequest(original=original, dub=dub, quick=quick)),
    ]


def same_results(root: Path, minutes: float, quick: bool, counts: list[int]) -> None:
    """Figure 1."""
    film = build(root / "film.mkv", minutes * 60)
    runs: dict[str, list[Done]] = {}
    jobs = service(root / "alone")
    runs["1 process"] = [do(jobs, wanted, [os.getpid()]) for _, wanted in works(film, quick)]
    jobs.close()
    for count in counts:
        with running(root / f"cluster{count}", count) as cluster:
            jobs = service(root / f"data{count}", cluster)
            pids = [p.pid for p in (*cluster.workers, cluster.scheduler)]
            for _ in range(2):  # models are loaded before anything is timed, as in a service that runs
                do(jobs, TranscribeRequest(media() / "films/auto-editor_example.mp4"), pids)
            runs[f"{count} worker(s)"] = [do(jobs, wanted, pids) for _, wanted in works(film, quick)]
            jobs.close()
    alone = runs["1 process"]
    rows = []
    for number, (name, _) in enumerate(works(film, quick)):
        for run, found in runs.items():
            this = found[number]
            rows.append([
                name, run, this.job.state, f"{this.seconds:.1f}", f"{alone[number].seconds / this.seconds:.2f}",
                f"{this.processor:.1f}", f"{100 * (this.processor / alone[number].processor - 1):+.0f} %",
                "yes" if this.result == alone[number].result else "NO",
            ])  # fmt: skip
    head = ("result", "run", "state", "s", "speed-up", "processor s", "overhead", "same as 1 process")
    print(f"### 1 · {minutes:g} minutes of film\n\n{table(head, rows)}\n")


def killed(root: Path, quick: bool) -> None:
    """Figure 2: the worker that does the job, then one that only helps, dies in each stage."""
    film = build(root / "short.mkv", 60.0 if quick else 400.0)
    original, dub = media() / "dub/dub_film_en.mp4", media() / "dub/dub_es_v2_pal_25fps.m4a"
    works: list[tuple[Request, tuple[str, ...], tuple[str, ...]]] = [
        (HighlightsRequest(film, clips=3, min_duration=8.0), STAGES, VICTIMS[: 1 if quick else 2]),
        (SyncRequest(original=original, dub=dub), DUB_STAGES, VICTIMS[:1]),
    ]
    rows: list[list[object]] = []
    with running(root / "killing") as cluster:
        for wanted, stages, victims in works:
            kind = wanted.kind
            jobs = service(root / f"whole-{kind}")
            truth = do(jobs, wanted, [])
            jobs.close()
            rows.append([kind, "none", "–", truth.job.state, f"{truth.seconds:.1f}", "1 process", "–"])
            for number, (stage, victim) in enumerate(product(stages, victims)):
                jobs = service(root / f"{kind}-{number}", cluster)
                killer = Killer(cluster, stage, victim)
                found = do(jobs, wanted, [], killer)
                jobs.close()
                same = "yes" if found.result == truth.result else "NO"
                rows.append([kind, stage, victim, found.job.state, f"{found.seconds:.1f}", same, killer.fraction])
                cluster.wait()
    head = ("job", "killed in", "which worker", "state", "s", "same result", "done when killed")
    print(f"### 2 · kill -9 of a worker in each stage of a job\n\n{table(head, rows)}\n")


class Killer:
    """Kills a worker once, when a job has reached a stage, and starts another."""

    def __init__(self, cluster: LocalCluster, stage: str, victim: str) -> None:
        self._cluster, self._stage, self._victim = cluster, stage, victim
        self.fraction = "never"

    def __call__(self, job: Job) -> None:
        if self.fraction != "never" or job.message is None or job.message.code != self._stage:
            return
        time.sleep(0.5)
        busy = self._cluster.busy_with("do_job")
        if not busy:
            return
        number = busy[0] if self._victim == "the job's" else 1 - busy[0]
        self.fraction = f"{100 * job.fraction:.0f} %"
        self._cluster.kill(number)
        self._cluster.start(number)


def queue(root: Path, n_jobs: int) -> None:
    """Figure 3."""
    log = root / "small.log"
    log.touch()
    with running(root / "queue") as cluster:
        jobs = service(root / "rows", cluster, workers=8, kinds=SMALL)
        began = time.monotonic()
        ids = [jobs.submit(Errand(of="small", n=n, log=str(log)), NOBODY) for n in range(n_jobs)]

        def finished(share: float) -> None:
            while jobs.counts()["done"] < share * n_jobs and time.monotonic() - began < 300:
                time.sleep(0.02)

        finished(0.25)
        cluster.kill(0)
        cluster.start(0)
        finished(0.6)
        cluster.restart_scheduler()
        states = Counter(jobs.wait(i, 300).state for i in ids)
        results = Counter(
            int((jobs.get(i).folder / "result.txt").read_text()) for i in ids if jobs.get(i).state == "done"
        )
        runs = Counter(int(line) for line in log.read_text().split())
        seconds = time.monotonic() - began
        jobs.close()
    rows: list[list[object]] = [
        ["jobs queued", n_jobs], ["done", states["done"]], ["lost", n_jobs - states["done"]],
        ["results", len(results)], ["results held twice", sum(c - 1 for c in results.values())],
        ["work begun anew after a kill and finished twice", sum(c - 1 for c in runs.values())],
        ["seconds, a worker and the scheduler killed meanwhile", f"{seconds:.1f}"],
    ]  # fmt: skip
    print(f"### 3 · queue over two workers\n\n{table(('', 'n'), rows)}\n")


def overhead(root: Path, n_jobs: int) -> None:
    """Figure 4."""
    empty = {"nothing": Kind(Errand, nothing)}
    rows = []
    began = time.perf_counter()
    for _ in range(n_jobs):
        nothing_at_all()
    rows.append(["the function alone", f"{1000 * (time.perf_counter() - began) / n_jobs:.3f}", ""])
    jobs = service(root / "near", kinds=empty)
    rows.append(["job in this process (limit 150)", *_each(jobs, n_jobs)])
    jobs.close()
    with running(root / "far") as cluster:
        jobs = service(root / "far-data", cluster, kinds=empty)
        _each(jobs, 3)
        rows.append(["job on a worker", *_each(jobs, n_jobs)])
        jobs.close()
    print(f"### 4 · overhead of a job that does nothing, ms\n\n{table(('', 'median', 'most'), rows)}\n")


def _each(jobs: Jobs, n_jobs: int) -> tuple[str, str]:
    times = []
    for _ in range(n_jobs):
        began, done = time.perf_counter(), threading.Event()
        jobs.when_finished(jobs.submit(Errand(of="nothing"), NOBODY), done.set)
        done.wait(60)
        times.append(1000 * (time.perf_counter() - began))
    return f"{sorted(times)[len(times) // 2]:.1f}", f"{max(times):.1f}"


def nothing(engine: Any, request: Errand, folder: Path, report: Any) -> dict[str, Any]:
    """A job that does nothing."""
    return nothing_at_all()


def nothing_at_all() -> dict[str, Any]:
    """Nothing."""
    return {}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--only", default="1,2,3,4")
    options = parser.parse_args()
    wanted = set(options.only.split(","))
    minutes = options.minutes or (6.0 if options.quick else 40.0)
    root = Path(tempfile.mkdtemp(prefix="cluster-"))
    try:
        if "4" in wanted:
            overhead(root, 50)
        if "3" in wanted:
            queue(root, 200)
        if "1" in wanted:
            same_results(root, minutes, options.quick, [int(n) for n in options.workers.split(",")])
        if "2" in wanted:
            killed(root, options.quick)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
