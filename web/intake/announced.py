"""What clients said they would send in pieces, as the notes beside their uploads have it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pipeline.files.received import part_of
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Announced:
    """What a client said it would send: ``size`` bytes, which count against ``payer``; ``owner`` may go on with it."""

    id: str
    name: str
    suffix: str
    size: int
    owner: str
    payer: str = ""


def notes(settings: Settings) -> Iterator[Announced]:
    """What was announced and not given up yet."""
    for path in settings.uploads.glob("*.json") if settings.uploads.is_dir() else ():
        with contextlib.suppress(OSError, ValueError, TypeError):
            yield Announced(**json.loads(path.read_text()))


def announced(settings: Settings, used: Collection[str]) -> Iterator[tuple[str, int]]:
    """(payer, bytes that are here) of every upload whose file no job names."""
    for upload in notes(settings):
        target = settings.uploads / (upload.id + upload.suffix)
        if str(target) not in used:
            yield upload.payer or upload.owner, sum(p.stat().st_size for p in (target, part_of(target)) if p.exists())
