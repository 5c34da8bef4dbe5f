"""Benchmarks: each prints a table against a baseline or a peer measured in the same run. ``python -m benchmarks.<name>``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def media() -> Path:
    """The folder of real media: ``TEST_MEDIA``, default ``../shared/media``."""
    return Path(os.environ.get("TEST_MEDIA", ROOT.parent / "shared" / "media"))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]
    return "\n".join(lines)
