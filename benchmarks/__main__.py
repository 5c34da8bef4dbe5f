"""``python -m benchmarks [name…]``: runs every benchmark (or those named) and writes their tables to ``BENCHMARKS.md``."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from datetime import date

from benchmarks import ROOT

ORDER = (
    "start",
    "highlights",
    "reactions",
    "shots",
    "analysis",
    "rendering",
    "tightening",
    "layouts",
    "quality",
    "captions",
    "preview",
    "speech",
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
    "muxing",
    "page",
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
HEAD = """# Benchmarks

Written by `make bench`; each section says when and where. Compare rows, not runs: every baseline ran beside the product, in the same
process or right after it.
"""


def machine() -> str:
    """Cores, memory and system, in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


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
    command_line = " ".join(["python -m", f"benchmarks.{name}", *options])
    when = f"{date.today().isoformat()}, {machine()}, load before: {load:.1f}"
    return f"## {name}\n\n`{command_line}` · {when}\n\n{text.strip()}\n"


def sections(text: str) -> dict[str, str]:
    """The parts of an earlier ``BENCHMARKS.md`` by name."""
    parts = re.split(r"^## (?=\w+$)", text, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: f"## {part}" for part in parts}


def write(name: str, command: str, text: str) -> None:
    """Puts the section ``name`` into ``BENCHMARKS.md``, in the place of an earlier one or at the end; all others stay."""
    file = ROOT / "BENCHMARKS.md"
    whole = file.read_text(encoding="utf-8")
    load = os.getloadavg()[0]
    made = f"## {name}\n\n`{command}` · {date.today().isoformat()}, {machine()}, load after: {load:.1f}\n\n{text.strip()}\n"
    before = sections(whole).get(name)
    file.write_text(
        whole.replace(before.strip() + "\n", made) if before else f"{whole.strip()}\n\n{made}", encoding="utf-8"
    )


def main(arguments: list[str]) -> None:
    """Runs the benchmarks named, or all, and puts each in its place of the file; ``--quick`` is passed on."""
    options = [a for a in arguments if a.startswith("-")]
    if {"-h", "--help"} & set(options):
        print(__doc__, f"\nThe benchmarks: {', '.join(ORDER)}.")
        return
    names = [a for a in arguments if not a.startswith("-")] or list(ORDER)
    file = ROOT / "BENCHMARKS.md"
    for name in names:
        done = run(name, options)
        print(done, flush=True)
        known = sections(file.read_text(encoding="utf-8")) if file.is_file() else {}
        known[name] = done
        order = [*(n for n in ORDER if n in known), *(n for n in known if n not in ORDER)]
        file.write_text("\n".join([HEAD, *(known[n].strip() + "\n" for n in order)]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
