"""What jobs take of a machine, each in a process of its own that remembers nothing: time beside the file's length, cores kept busy, memory,
and the floor, ffmpeg decoding the same file and doing nothing else. Then two jobs at once beside the same two one after the other.

    python -m benchmarks.laptop [--part evidence hour together] [--minutes 60]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ROOT, media, table
from pipeline.media.ffmpeg import executable, safe_input
from pipeline.media.probe import probe
from pipeline.settings import Settings

PARTS = ("evidence", "hour", "together")
EVIDENCE = """
import resource
import sys
from pathlib import Path
from benchmarks.costs import cost
from pipeline.compute import warm
from pipeline.compute.device import pick
from pipeline.evidence.gather import gather
from pipeline.media.probe import probe
from pipeline.settings import Settings
warm.load()
first, path = map(Path, sys.argv[1:])
gather(first, probe(first), settings=Settings(), device=pick("cpu"))
taken = cost(lambda: gather(path, probe(path), settings=Settings(), device=pick("cpu")))
print(taken.clock, taken.processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
"""
"""Sound and picture in a process that has its libraries, as a server has: the first file brings them."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the clock and of the processor, and the most memory held, MB."""

    clock: float
    processor: float
    memory: float

    @property
    def busy(self) -> float:
        """The share of all cores that was at work, percent."""
        return 100.0 * self.processor / self.clock / (os.cpu_count() or 1)


def spent(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> Spent:
    """What ``commands``, begun at once, take until the last has ended. Raises ``RuntimeError`` where one fails."""
    began = time.perf_counter()
    nowhere = subprocess.DEVNULL
    running = [subprocess.Popen(c, cwd=ROOT, env=environment, stdout=nowhere, stderr=nowhere) for c in commands]
    processor, memory = 0.0, 0.0
    for one in running:
        _, status, used = os.wait4(one.pid, 0)
        one.returncode = os.waitstatus_to_exitcode(status)
        if one.returncode:
            raise RuntimeError(f"{one.args!r} ended with {one.returncode}")
        processor += used.ru_utime + used.ru_stime
        memory = max(memory, used.ru_maxrss * 1024 / 1e6)
    return Spent(time.perf_counter() - began, processor, memory)


def floor(path: Path) -> list[str]:
    """ffmpeg decodes pictures and sound and throws them away."""
    return [executable(), "-v", "error", "-nostdin", *safe_input(path), "-f", "null", "-"]


def moments(path: Path) -> list[str]:
    """The product's command for moments, nothing rendered."""
    return [sys.executable, "-m", "reelify", "highlights", str(path), "--no-render"]


def said(command: Sequence[str]) -> Spent:
    """What a command says of its own time."""
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    clock, processor, memory = map(float, done.stdout.split()[-3:])
    return Spent(clock, processor, memory)


def row(name: str, path: Path, job: Spent) -> list[str]:
    """A line of the table: the job beside its floor."""
    length, bare = probe(path).duration, spent([floor(path)], os.environ)
    return [
        name,
        f"{length:.0f}",
        f"{job.clock:.1f}",
        f"{job.processor:.1f}",
        f"{length / job.clock:.1f}×",
        f"{job.busy:.0f}",
        f"{job.memory:.0f}",
        f"{bare.clock:.1f} / {bare.processor:.1f}",
    ]


def made(target: Path, *arguments: str) -> Path:
    """A file that ffmpeg makes."""
    subprocess.run([executable(), "-v", "error", "-y", "-nostdin", *arguments, str(target)], check=True)
    return target


def evidence(folder: Path) -> list[list[str]]:
    """Sound and picture of films in 480 lines and of one enlarged to 1080."""
    films = media() / "films"
    paths = {"480p": films / "bbb_480p_171s_5.1.mp4", "480p, a trailer": films / "sintel_trailer_480p_moviepy.mp4",
             "480p, a battle": films / "tears-of-steel-battle-clip-medium.webm"}  # fmt: skip
    large = ("-i", str(paths["480p"]), "-vf", "scale=1920:1080", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23")
    paths["1080p"] = made(folder / "large.mp4", *large, "-c:a", "aac", "-ac", "2")
    command = [sys.executable, "-c", EVIDENCE, str(ROOT / "assets" / "examples" / "viral_1.mp4")]
    return [row(f"evidence, {name}", path, said([*command, str(path)])) for name, path in paths.items()]


def talk(folder: Path, minutes: float) -> Path:
    """A talk of so many minutes: the one there is, again and again, not encoded anew."""
    once = media() / "highlights" / "talk_with_audience.mp4"
    looped = ("-stream_loop", "-1", "-i", str(once), "-t", f"{60 * minutes:g}", "-c", "copy")
    return made(folder / "talk.mp4", *looped)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", nargs="*", default=list(PARTS), choices=PARTS)
    parser.add_argument("--minutes", type=float, default=60.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, count = Path(place), 0

        def fresh() -> dict[str, str]:
            nonlocal count
            count += 1
            return {**os.environ, "DATA_DIR": str(folder / f"data{count}"), "MODELS_DIR": str(Settings().models_dir)}

        example = ROOT / "assets" / "examples" / "highlights_short_films.mp4"
        spent([moments(example)], fresh())  # libraries come from the disk, and what is prepared once is
        rows: list[list[str]] = []
        if "evidence" in chosen.part:
            rows += evidence(folder)
        if "hour" in chosen.part:
            path = talk(folder, chosen.minutes)
            name = f"moments, {chosen.minutes:.0f} min of talk, nothing rendered"
            rows.append(row(name, path, spent([moments(path)], fresh())))
        head = ["job", "file s", "s", "processor s", "of real time", "cores busy %", "peak MB", "floor s / processor s"]
        if rows:
            print(table(head, rows) + "\n", flush=True)
        if "together" in chosen.part:
            other = media() / "viral" / "viral_es_talk.mp4"
            single = [spent([moments(path)], fresh()) for path in (example, other)]
            both = spent([moments(example), moments(other)], fresh())
            shown = [("one after the other", sum(s.clock for s in single), sum(s.processor for s in single))]
            shown.append(("at once", both.clock, both.processor))
            busy = [[n, f"{c:.1f}", f"{p:.1f}", f"{100 * p / c / (os.cpu_count() or 1):.0f}"] for n, c, p in shown]
            print(table(["moments of two files", "s", "processor s", "cores busy %"], busy))


if __name__ == "__main__":
    main()
