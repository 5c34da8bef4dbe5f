"""``python -m benchmarks [name…]``: runs every benchmark (or those named) and writes their tables to ``BENCHMARKS.md``."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from datetime import date

from benchmarks import ROOT

ORDER = (
    "highlights",
    "shots",
    "analysis",
    "rendering",
    "captions",
    "speech",
    "keywords",
    "viral",
    "bitext",
    "dubsync",
    "muxing",
    "service",
)
LIMIT = 3600.0


def machine() -> str:
    """Cores, memory and system, in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def run(name: str, options: list[str]) -> str:
    """The output of one benchmark; a failure is part of it."""
    began = time.monotonic()
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
    return f"## {name}\n\n`python -m benchmarks.{name} {' '.join(options)}`\n\n{text.strip()}\n"


def main(arguments: list[str]) -> None:
    """Runs the benchmarks named, or all; ``--quick`` is passed on."""
    options = [a for a in arguments if a.startswith("-")]
    names = [a for a in arguments if not a.startswith("-")] or list(ORDER)
    head = f"# Benchmarks\n\nWritten by `make bench` on {date.today().isoformat()}; {machine()}.\nCompare rows, not runs.\n"
    body = "\n".join([head, *(run(name, options) for name in names)])
    (ROOT / "BENCHMARKS.md").write_text(body, encoding="utf-8")
    print(body)


if __name__ == "__main__":
    main(sys.argv[1:])
