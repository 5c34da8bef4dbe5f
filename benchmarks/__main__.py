"""``python -m benchmarks [name…]``: runs every benchmark (or those named) and writes their tables to ``BENCHMARKS.md``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date

from benchmarks import ROOT
from benchmarks.sections import machine, put, section

ORDER = (
    "start",
    "highlights",
    "reactions",
    "shots",
    "analysis",
    "laptop",
    "rendering",
    "tightening",
    "layouts",
    "quality",
    "captions",
    "preview",
    "speech",
    "subtitle_times",
    "peers",
    "keywords",
    "searching",
    "viral",
    "truth",
    "talks",
    "spoken_talks",
    "bitext",
    "separation",
    "dubsync",
    "honesty",
    "season",
    "muxing",
    "page",
    "returning",
    "screenshots",
    "service",
    "queueing",
    "attacks",
    "stopping",
    "faults",
    "fuzz",
    "cluster",
    "scale",
)
LIMIT = 3600.0


def run(name: str, options: list[str]) -> str:
    """The output of one benchmark; a failure is part of it."""
    began, load = time.monotonic(), os.getloadavg()[0]
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
        text = (
            done.stdout
            if done.returncode == 0
            else f"{done.stdout}\nfailed with {done.returncode}: {done.stderr[-800:]}"
        )
    except subprocess.TimeoutExpired:
        text = f"not finished in {LIMIT:.0f} s"
    seconds = time.monotonic() - began
    sys.stderr.write(f"{name}: {seconds:.0f} s\n")
    return section(name, options, load, text)


def write(name: str, command: str, text: str) -> None:
    """Puts the section ``name`` into ``BENCHMARKS.md``, in the place of an earlier one or in its own; all others stay."""
    when = f"{date.today().isoformat()}, {machine()}, load after: {os.getloadavg()[0]:.1f}"
    put(name, f"## {name}\n\n`{command}` · {when}\n\n{text.strip()}\n", ORDER)


def main(arguments: list[str]) -> None:
    """Runs the benchmarks named, or all, and puts each in its place of the file; ``--quick`` is passed on."""
    options = [a for a in arguments if a.startswith("-")]
    if {"-h", "--help"} & set(options):
        print(__doc__, f"\nThe benchmarks: {', '.join(ORDER)}.")
        return
    names = [a for a in arguments if not a.startswith("-")] or list(ORDER)
    for name in names:
        done = run(name, options)
        print(done, flush=True)
        put(name, done, ORDER)


if __name__ == "__main__":
    main(sys.argv[1:])
