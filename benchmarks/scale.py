"""What an hour of film costs by stage, measured here, and what a queue of 100,000 films on 100 GPUs would do with that.

Measured: processor seconds and bytes, on this machine, so that what else runs hardly matters. Assumed: everything about GPUs,
disks and networks that are not here; each assumption is printed beside what follows from it. The queue is simulated event by
event: films hold a place in the service and pass storage, processors and a GPU in turn, first come, first served.

    python -m benchmarks.scale [--quick] [--films 100000] [--gpus 100]
"""

from __future__ import annotations

import argparse
import heapq
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import media, table

HOUR = 3600.0
RATE_MB = 64_000 / 1e6
"""Megabytes a second of sound as it is handed out: 16 kHz, four bytes."""


@dataclass(frozen=True)
class Assumed:
    """What is not measured here. A film is ``megabits`` a second; a GPU machine has ``cores``; ``disk`` is what the shared
    storage gives to all together, MB/s; ``whisper`` is how many times faster than speech a GPU transcribes (base, half
    precision, batches of 24); ``places`` is the page's ``WORKERS``; ``reads`` is how often a film passes the network where nothing
    is cached (packets, sound for evidence, pictures, sound for the transcript)."""

    hours: float = 1.5
    spread: float = 0.5
    megabits: float = 8.0
    gpus: int = 100
    cores: int = 16
    disk: float = 5000.0
    whisper: float = 200.0
    places: int = 64
    reads: int = 4


def excerpt(target: Path, seconds: float, height: int) -> Path:
    """Real speech with a moving picture of that height, 25 a second."""
    from pipeline.media.ffmpeg import executable

    scale = ["-vf", f"scale=-2:{height},fps=25", "-c:v", "libx264", "-preset", "veryfast", "-g", "125"]
    source = [
        "-i",
        str(media() / "highlights/talk_with_audience.mp4"),
        "-i",
        str(media() / "films/bbb_480p_171s_5.1.mp4"),
    ]
    tracks = ["-map", "1:v", "-map", "0:a", "-c:a", "aac", "-t", f"{seconds:g}"]
    subprocess.run([executable(), "-v", "error", "-y", "-nostdin", *source, *tracks, *scale, str(target)], check=True)
    return target


def per_hour(work: Callable[[], object], seconds: float) -> float:
    """Processor seconds that ``work`` on ``seconds`` of film takes, for an hour of it."""
    before = time.process_time()
    work()
    return (time.process_time() - before) / seconds * HOUR


def measure(folder: Path, seconds: float) -> dict[str, float]:
    """Processor seconds an hour of film, by stage."""
    from pipeline.compute.device import pick
    from pipeline.evidence import fingerprints, pieces
    from pipeline.evidence.gather import Sight
    from pipeline.media import decode as source
    from pipeline.media.probe import probe
    from pipeline.settings import Settings
    from pipeline.speech.transcriber import Transcriber
    from pipeline.speech.voice import VoiceDetector, chunks

    settings, device = Settings.from_env(), pick("cpu")
    film = excerpt(folder / "film.mp4", seconds, 1080)
    transcriber = Transcriber(settings, device)
    transcriber.votes(list(chunks(source.audio_blocks(media() / "speech/en/jfk.flac"), VoiceDetector())))

    def sound_pieces() -> list[Any]:
        info = probe(film)
        return list(pieces.Ear(info, 48, settings, device).pieces(film, 120.0))

    def pictures(keyframes: bool) -> None:
        sight = Sight(25.0, device, keyframes)
        for block in sight.blocks(film):
            sight.feed(block)

    given = sound_pieces()
    decode = per_hour(sound_pieces, seconds)
    blocks = list(source.audio_blocks(film))
    voice = per_hour(lambda: list(chunks(blocks, VoiceDetector())), seconds)
    return {
        "decode the sound": decode,
        "find the voice": voice,
        "write down speech (Whisper base, 8 bit)": per_hour(lambda: transcriber.transcribe(blocks), seconds) - voice,
        "measure the sound": per_hour(lambda: [pieces.measure(p, settings, device) for p in given], seconds),
        "watch every picture (1080p)": per_hour(lambda: pictures(False), seconds),
        "watch keyframes (1080p)": per_hour(lambda: pictures(True), seconds),
        "fingerprint for a dub": per_hour(lambda: fingerprints.sound_print(film, duration=seconds), seconds),
        "render ten clips of 30 s (1080p)": encode(film, folder, min(20.0, seconds)),
    }


def encode(film: Path, folder: Path, seconds: float) -> float:
    """Processor seconds that five minutes of finished clips take."""
    import resource

    from pipeline.media.ffmpeg import executable

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    args = ["-t", f"{seconds:g}", "-c:v", "libx264", "-crf", "20", "-c:a", "aac", str(folder / "clip.mp4")]
    subprocess.run([executable(), "-v", "error", "-y", "-nostdin", "-i", str(film), *args], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / seconds * 300.0


def scheduler_rate(folder: Path, n_tasks: int) -> float:
    """Tasks that one scheduler hands out and takes back in a second of its processor."""
    from distributed import Client

    from benchmarks.cluster import tree_seconds
    from benchmarks.local_cluster import running

    with running(folder / "dask", 1) as cluster, Client(cluster.address, set_as_default=False) as client:
        client.gather(client.map(abs, range(50), pure=False))
        before = tree_seconds([cluster.scheduler.pid])
        client.gather(client.map(abs, range(n_tasks), pure=False))
        return n_tasks / (tree_seconds([cluster.scheduler.pid]) - before)


def row_rate(folder: Path, n_jobs: int) -> float:
    """Jobs that the queue takes, starts and finishes in a second of its processor when there is nothing to do."""
    from pipeline.settings import Settings
    from reelify.requests import TranscribeRequest
    from web.jobs.kinds import KINDS
    from web.jobs.queue import Jobs
    from web.jobs.values import NOBODY

    jobs = Jobs(Settings(data_dir=folder / "rows"), KINDS, lambda *_: {})
    began = time.process_time()
    jobs.start()
    ids = [jobs.submit(TranscribeRequest(Path("talk.mp4")), NOBODY) for _ in range(n_jobs)]
    for job_id in ids:
        jobs.wait(job_id, 60)
    rate = n_jobs / (time.process_time() - began)
    jobs.close()
    return rate


@dataclass
class Pool:
    """``n`` servers of one kind with a queue before them; ``busy`` is their time at work."""

    name: str
    n: int
    taken: int = 0
    busy: float = 0.0
    waited: float = 0.0
    line: deque[tuple[float, int]] = field(default_factory=deque)


Stage = tuple[Pool, float]


def simulate(films: Iterable[list[Stage]], places: int) -> float:
    """Seconds until the last film is done; the pools know how busy they were."""
    waiting, events, order = deque(films), list[tuple[float, int, int]](), count()
    under_way: dict[int, deque[Stage]] = {}
    now = 0.0

    def begin(pool: Pool, film: int) -> None:
        pool.taken += 1
        seconds = under_way[film][0][1]
        pool.busy += seconds
        heapq.heappush(events, (now + seconds, next(order), film))

    def ask(film: int) -> None:
        pool = under_way[film][0][0]
        if pool.taken < pool.n:
            begin(pool, film)
        else:
            pool.line.append((now, film))

    def admit() -> None:
        while waiting and len(under_way) < places:
            film = next(order)
            under_way[film] = deque(waiting.popleft())
            ask(film)

    admit()
    while events:
        now, _, film = heapq.heappop(events)
        pool, _ = under_way[film].popleft()
        pool.taken -= 1
        if pool.line:
            since, following = pool.line.popleft()
            pool.waited += now - since
            begin(pool, following)
        if under_way[film]:
            ask(film)
        else:
            del under_way[film]
            admit()
    return now


def fleet(costs: Mapping[str, float], world: Assumed, n_films: int) -> tuple[float, list[Pool], float]:
    """Runs the queue; seconds, the pools, hours of film."""
    rng = np.random.default_rng(1)
    mean = np.log(world.hours) - world.spread**2 / 2
    hours = rng.lognormal(mean, world.spread, n_films)
    # A stream is what one worker reads at most; pieces of one film use four processors at a time.
    storage, cpu, gpu = (
        Pool("storage", 40),
        Pool("processors, by four", world.gpus * world.cores // 4),
        Pool("GPUs", world.gpus),
    )
    stream = world.disk / storage.n
    megabytes = world.megabits / 8 * HOUR * world.reads + 2 * RATE_MB * HOUR
    names = ("decode the sound", "find the voice", "measure the sound", "watch keyframes (1080p)")
    before, after = sum(costs[n] for n in names) / 4, costs["render ten clips of 30 s (1080p)"] / 4
    films = (
        [(storage, h * megabytes / stream), (cpu, h * before), (gpu, h * HOUR / world.whisper), (cpu, after)]
        for h in hours
    )
    return simulate(films, world.places), [storage, cpu, gpu], float(hours.sum())


def report_costs(costs: Mapping[str, float], megabits: float) -> None:
    rows = [[name, f"{seconds:.0f}", f"{HOUR / seconds:.0f}"] for name, seconds in costs.items()]
    print("### An hour of film, measured on one processor core of this machine\n")
    print(table(("stage", "processor s", "times real time"), rows))
    print(
        f"\nBytes: {megabits / 8 * 3.6:.1f} GB of film at {megabits:g} Mbit/s (assumed), {RATE_MB * 3.6:.2f} GB of handed-out sound.\n"
    )


def report_queue(costs: Mapping[str, float], world: Assumed, n_films: int) -> None:
    variants = {
        "as it is (64 places)": world,
        "no limit of places": replace(world, places=10**6),
        "… and half the processors": replace(world, places=10**6, cores=world.cores // 2),
        "… and storage of 1 GB/s": replace(world, places=10**6, disk=1000.0),
        "… and a GPU four times slower": replace(world, places=10**6, whisper=world.whisper / 4),
        "… and a GPU no faster than 10 × real time": replace(world, places=10**6, whisper=10.0),
    }
    rows = []
    for name, this in variants.items():
        seconds, pools, hours = fleet(costs, this, n_films)
        shares = [p.busy / (seconds * p.n) for p in pools]
        first = pools[int(np.argmax(shares))].name if max(shares) > 0.9 else "places"
        rows.append([name, f"{seconds / HOUR:.1f}", f"{n_films / seconds * HOUR:.0f}", f"{hours * HOUR / seconds:.0f}",
                     *(f"{100 * s:.0f} %" for s in shares), first])  # fmt: skip
    print(f"### Simulated: {n_films} films of {world.hours:g} h on {world.gpus} GPUs with {world.cores} cores each\n")
    print(f"Assumed: {world}\n")
    head = (
        "",
        "hours",
        "films an hour",
        "times real time",
        "storage busy",
        "processors busy",
        "GPUs busy",
        "full first",
    )
    print(table(head, rows) + "\n")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--films", type=int, default=None)
    parser.add_argument("--gpus", type=int, default=100)
    options = parser.parse_args()
    n_films = options.films or (10_000 if options.quick else 100_000)
    world = Assumed(gpus=options.gpus)
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        costs = measure(Path(name), 60.0 if options.quick else 170.0)
        report_costs(costs, world.megabits)
        tasks, rows = scheduler_rate(Path(name), 1000), row_rate(Path(name), 300)
    report_queue(costs, world, n_films)
    per_film = world.hours * HOUR / 240 * 2 + world.hours * 15 + 1
    limits = [
        ["scheduler, tasks a processor second", f"{tasks:.0f}", f"{per_film:.0f}", f"{tasks / per_film * HOUR:.0f}"],
        ["queue (SQLite, one process), jobs a processor second", f"{rows:.0f}", "1", f"{rows * HOUR:.0f}"],
    ]
    print("### One of a kind, measured here\n")
    print(table(("", "rate", "a film needs", "films an hour at most"), limits))


if __name__ == "__main__":
    main()
