"""``BENCHMARKS.md`` and its sections: a benchmark's own is put in its place, all others stay where somebody put them."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks import ROOT

FILE = ROOT / "BENCHMARKS.md"
HEAD = """# Benchmarks

Written by `make bench`; each section says when and where. Compare rows, not runs: every baseline ran beside the product, in the same
process or right after it.
"""
_BEGINS = re.compile(r"^## (?=\w+$)", re.MULTILINE)
"""A heading of one word; a benchmark's own headings have more."""


def machine() -> str:
    """Cores, memory and system, in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def section(name: str, options: Sequence[str], load: float, text: str) -> str:
    """The section of a run of ``benchmarks.<name>`` that began at this ``load``."""
    command = " ".join(["python -m", f"benchmarks.{name}", *options])
    when = f"{date.today().isoformat()}, {machine()}, load before: {load:.1f}"
    return f"## {name}\n\n`{command}` · {when}\n\n{text.strip()}\n"


def sections(text: str) -> list[tuple[str, str]]:
    """(name, section) of a file in their order."""
    parts = _BEGINS.split(text)[1:]
    return [(part.partition("\n")[0], f"## {part.strip()}\n") for part in parts]


def placed(text: str, name: str, made: str, order: Sequence[str] = ()) -> str:
    """``text`` with the section ``name`` in its old place; a new one behind the last of those before it in ``order``, else at the end."""
    head = _BEGINS.split(text)[0].strip() if text.strip() else HEAD.strip()
    parts = sections(text)
    names = [known for known, _ in parts]
    if name in names:
        parts[names.index(name)] = (name, made)
    else:
        before = order[: order.index(name)] if name in order else ()
        at = max((k + 1 for k, known in enumerate(names) if known in before), default=len(names))
        parts.insert(at, (name, made))
    return "\n".join([head + "\n", *(part.strip() + "\n" for _, part in parts)])


def put(name: str, made: str, order: Sequence[str] = (), file: Path = FILE) -> None:
    """Writes the section into ``file``."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    file.write_text(placed(text, name, made, order), encoding="utf-8")
