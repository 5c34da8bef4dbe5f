"""The small, openly licensed files that ship with the product, for one-click examples."""

from __future__ import annotations

from pathlib import Path

from web.intake.sources import EXAMPLES


def example_files(kind: str) -> list[Path]:
    """Example files of one tab, sorted by name; ``assets/examples/<kind>*``."""
    return sorted(p for p in EXAMPLES.glob(f"{kind}*") if p.suffix.lower() in {".mp4", ".webm", ".mkv", ".m4a"})
