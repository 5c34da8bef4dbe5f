"""Damaged media through the whole service: whatever is in a file, nobody crashes, hangs or leaves something behind.

``python -m benchmarks.fuzz [--n 1040] [--seed 1] [--seeds 2] [--limit 60] [--minutes M] [--quick]``

Small films and recordings in 13 containers are damaged in seeded ways. Each goes where an upload goes: the intake check,
then a highlights job of the real queue (decode, measure, cut, encode) in a process of its own with a time limit.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import multiprocessing
import random
import shutil
import struct
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from benchmarks import table
from pipeline.settings import Settings

LIMIT = 60.0
"""Seconds that one file may take; an intact one takes about one."""
SECONDS = 3
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p")
CONTAINERS: Mapping[str, tuple[str, ...]] = {
    "mp4": (*X264, "-c:a", "aac", "-movflags", "+faststart"),
    "mov": (*X264, "-c:a", "pcm_s16le"),
    "mkv": (*X264, "-c:a", "libvorbis"),
    "webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
    "avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "ts": (*X264, "-c:a", "ac3"),
    "flv": ("-c:v", "flv1", "-c:a", "libmp3lame", "-ar", "44100"),
    "wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
    "m4a": ("-c:a", "aac"),
    "mp3": ("-c:a", "libmp3lame"),
    "wav": ("-c:a", "pcm_s16le"),
    "flac": ("-c:a", "flac"),
    "ogg": ("-c:a", "libvorbis"),
}
SOUND_ONLY = frozenset({"m4a", "mp3", "wav", "flac", "ogg"})
HEADER = 1024
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
_log = logging.getLogger(__name__)
Damage = Callable[[bytearray, random.Random], None]


def make(container: str, folder: Path) -> bytes:
    """A few seconds of moving picture and changing sound (sound alone where that is usual) in this container."""
    from pipeline.media import ffmpeg

    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r=15:d={SECONDS}"]
    sound = ["-f", "lavfi", "-i", f"aevalsrc='0.3*sin(2*PI*t*(200+150*t))':s=44100:d={SECONDS}"]
    path = folder / f"made.{container}"
    inputs = sound if container in SOUND_ONLY else picture + sound
    ffmpeg.run([*inputs, *CONTAINERS[container], "-shortest", str(path)])
    return path.read_bytes()


def flip(data: bytearray, noise: random.Random) -> None:
    """Single bits anywhere."""
    for _ in range(noise.choice((1, 10, 100, 1000))):
        data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)


def flip_header(data: bytearray, noise: random.Random) -> None:
    """Bytes of the beginning or the end, where indices are."""
    at = 0 if noise.random() < 0.6 else max(0, len(data) - HEADER)
    for _ in range(noise.randint(1, 40)):
        data[min(len(data) - 1, at + noise.randrange(HEADER))] = noise.randrange(256)


def truncate(data: bytearray, noise: random.Random) -> None:
    """Only the beginning is left; sometimes next to nothing."""
    del data[int(len(data) * noise.choice((noise.random(), noise.random() ** 8))) :]


def behead(data: bytearray, noise: random.Random) -> None:
    """The beginning is missing."""
    del data[: noise.randint(1, len(data) // 2)]


def swap(data: bytearray, noise: random.Random) -> None:
    """Two stretches change places."""
    size = noise.randint(1, max(1, len(data) // 8))
    a, b = (noise.randrange(max(1, len(data) - size)) for _ in range(2))
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def repeat(data: bytearray, noise: random.Random) -> None:
    """A stretch comes several times."""
    at, size = noise.randrange(len(data)), noise.randint(1, len(data) // 4)
    data[at:at] = data[at : at + size] * noise.randint(1, 6)


def blank(data: bytearray, noise: random.Random) -> None:
    """A stretch of zeros or ones, as bad disks give."""
    at, size = noise.randrange(len(data)), noise.randint(1, len(data) // 3)
    size = min(size, len(data) - at)
    data[at : at + size] = bytes([noise.choice((0, 255))]) * size


def numbers(data: bytearray, noise: random.Random) -> None:
    """Sizes, counts and times become extreme: whole numbers of the header are overwritten."""
    for _ in range(noise.randint(1, 8)):
        width, code = noise.choice(((2, "H"), (4, "I"), (8, "Q")))
        value = noise.choice(EXTREMES) & (2 ** (8 * width) - 1)
        at = noise.randrange(max(1, min(len(data), 4 * HEADER) - width))
        data[at : at + width] = struct.pack(noise.choice("<>") + code, value)


def foreign(data: bytearray, noise: random.Random) -> None:
    """Something else in the middle: random bytes, a playlist, a script."""
    texts = (
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<script>",
        noise.randbytes(5000),
    )
    at = noise.choice((0, noise.randrange(len(data))))
    data[at:at] = noise.choice(texts)


DAMAGES: tuple[Damage, ...] = (flip, flip_header, truncate, behead, swap, repeat, blank, numbers, foreign)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one damaged file; ``left`` are files and processes that should be gone, ``held`` the service's bytes."""

    container: str
    damage: str
    seed: int
    result: str
    seconds: float = 0.0
    left: tuple[str, ...] = ()
    held: int = 0


def examine(pipe: Connection, root: Path) -> None:
    """The process that may crash or hang: takes paths, answers what became of them, until it is told to stop."""
    from pipeline.engine import Engine
    from web.runner import queue_of

    logging.disable(logging.CRITICAL)  # failures are the point here
    settings = Settings(data_dir=root / "data", temp_dir=root / "temp", log_level="CRITICAL")
    engine = Engine(settings)
    jobs = queue_of(settings, engine)
    jobs.start()
    while (path := pipe.recv()) is not None:
        pipe.send((_through(engine, jobs, path), _left(root), psutil.Process().memory_info().rss))
    jobs.close()


def _through(engine: Any, jobs: Any, path: Path) -> str:
    from pipeline.errors import UserError
    from reelify.requests import HighlightsRequest
    from web.jobs.values import NOBODY

    try:
        engine.probe(path)
    except UserError as error:
        return f"refused: {error.short_code}"
    except Exception as error:  # noqa: BLE001 - anything else is what is looked for
        return f"BUG: {type(error).__name__} in the check"
    wanted = HighlightsRequest(path, clips=1, min_duration=1.0, max_duration=2.0, transcribe=False)
    job = jobs.wait(jobs.submit(wanted, NOBODY))
    result = job.state if job.state == "done" else str(job.error["error"])
    jobs.delete(job.id)
    return "done" if result == "done" else f"{'BUG' if result == 'internal' else 'failed'}: {result}"


def _left(root: Path) -> tuple[str, ...]:
    """Files that are not of the queue itself, and processes, that are still there."""
    kept = ("jobs.", "memory")
    files = [p.relative_to(root).as_posix() for top in ("data", "temp") for p in (root / top).rglob("*") if p.is_file()]
    children = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # looks into files come and go
            children += [process.name()] if process.status() != psutil.STATUS_ZOMBIE else []
    return (
        *(f for f in files if not f.removeprefix("data/").startswith(kept)),
        *(c for c in children if "ffmpeg" in c),
    )


@dataclass
class Examiner:
    """Keeps an examining process alive: a new one after each crash and hang."""

    root: Path
    limit: float
    _process: Any = None
    _pipe: Any = None
    n_started: int = field(default=0)

    def __call__(self, path: Path) -> tuple[str, tuple[str, ...], int]:
        """What became of the file; ``CRASH: signal`` or ``HANG`` where the process did not answer."""
        if self._process is None or not self._process.is_alive():
            self._start()
        self._pipe.send(path)
        try:
            if self._pipe.poll(self.limit):
                found: tuple[str, tuple[str, ...], int] = self._pipe.recv()
                return found
        except EOFError:
            self._process.join(10)
            return f"CRASH: exit {self._process.exitcode}", (), 0
        self.close(kill=True)
        return "HANG", (), 0

    def close(self, kill: bool = False) -> None:
        """End the process."""
        if self._process is not None and self._process.is_alive():
            if kill:
                self._process.kill()
            else:
                self._pipe.send(None)
            self._process.join(20)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        shutil.rmtree(self.root, ignore_errors=True)
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=examine, args=(there, self.root), daemon=True)
        self._process.start()
        there.close()
        self.n_started += 1


def damaged(n: int, seed: int, folder: Path) -> Iterator[tuple[str, str, int, bytes]]:
    """``n`` damaged files: container, kind of damage, its own seed, content. Every kind for every container in turn."""
    made = {container: make(container, folder) for container in CONTAINERS}
    for i in range(n):
        container = list(CONTAINERS)[i % len(CONTAINERS)]
        noise = random.Random(seed * 1_000_003 + i)
        data = bytearray(made[container])
        damages = [DAMAGES[(i // len(CONTAINERS)) % len(DAMAGES)], *noise.sample(DAMAGES, noise.choice((0, 0, 1)))]
        for damage in damages:
            if len(data) > 16:
                damage(data, noise)
        yield container, "+".join(d.__name__ for d in damages), i, bytes(data)


def run(n: int, seed: int, limit: float = LIMIT, minutes: float = math.inf) -> list[Outcome]:
    """Examine ``n`` damaged files, or as many as fit in ``minutes``."""
    outcomes: list[Outcome] = []
    until = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        examiner = Examiner(folder / "service", limit)
        for container, damage, number, data in damaged(n, seed, folder):
            if time.monotonic() > until:
                break
            path = folder / f"damaged.{container}"
            path.write_bytes(data)
            begun = time.perf_counter()
            result, left, held = examiner(path)
            seconds = time.perf_counter() - begun
            outcomes.append(Outcome(container, damage, number, result, seconds, left, held))
            if seconds > limit / 4 or result.startswith(("CRASH", "HANG", "BUG")):
                _log.warning("%s %s, number %d: %s after %.1f s", container, damage, number, result, seconds)
        examiner.close()
    return outcomes


def main() -> None:
    """One table by container, and every file that was not survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=80 * len(CONTAINERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2, help="so many seeds, one after the other")
    parser.add_argument("--limit", type=float, default=LIMIT)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="of each seed at most; then what was done is told"
    )
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    n = 60 if options.quick else options.n
    for seed in range(options.seed, options.seed + options.seeds):
        _report(run(n, seed, options.limit, options.minutes), seed, options.limit)


def _report(outcomes: list[Outcome], seed: int, limit: float) -> None:
    groups = [[o for o in outcomes if o.container == c] for c in CONTAINERS]
    rows = [_row(c, group) for c, group in zip(CONTAINERS, groups, strict=True)]
    print(f"\n## {len(outcomes)} damaged files (seed {seed}, {limit:g} s each)\n")
    head = (
        "container",
        "files",
        "refused",
        "worked",
        "failed, with reason",
        "crash",
        "hang",
        "bug",
        "left",
        "slowest, s",
    )
    print(table(head, [*rows, _row("all", outcomes)]))
    print(f"\nmemory of the service: {_memory(outcomes)} (wanted: flat)")
    reasons = Counter(o.result for o in outcomes)
    print("\n" + ", ".join(f"{n} {reason}" for reason, n in reasons.most_common()))
    for o in outcomes:
        if o.result.startswith(("CRASH", "HANG", "BUG")) or o.left:
            print(f"NOT SURVIVED: {o.container} {o.damage}, number {o.seed}: {o.result} {o.left}")


def _memory(outcomes: list[Outcome]) -> str:
    """The largest in each quarter of the run; the first file loads the libraries."""
    held = [o.held / 1e6 for o in outcomes if o.held][1:]
    size = max(1, len(held) // 4)
    return ", ".join(f"{max(held[at : at + size]):.0f} MB" for at in range(0, size * min(4, len(held)), size))


def _row(name: str, group: list[Outcome]) -> tuple[object, ...]:
    def n(*beginnings: str) -> int:
        return sum(o.result.startswith(beginnings) for o in group)

    slowest = max((o.seconds for o in group), default=0.0)
    left = sum(bool(o.left) for o in group)
    return (
        name, len(group), n("refused"), n("done"), n("failed"), n("CRASH"), n("HANG"), n("BUG"), left, f"{slowest:.1f}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
