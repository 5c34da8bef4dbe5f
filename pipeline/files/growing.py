"""Which files of a folder are whole: those that have not changed for a while. What is still being copied is left alone. Pure but for
the looks themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

QUIET = 20.0
"""Seconds without a change after which a file counts as whole: longer than a copy over a slow line pauses between two writes."""
Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""


def stamps(folder: Path, allowed: frozenset[str]) -> Mapping[Path, Stamp]:
    """The files below ``folder`` with one of the ``allowed`` endings as they are now; hidden and half-written ones left out."""
    out: dict[Path, Stamp] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower().lstrip(".") not in allowed or any(
            p.startswith(".") for p in path.relative_to(folder).parts
        ):
            continue
        try:
            state = path.stat()
        except OSError:  # gone between two looks
            continue
        if path.is_file() and state.st_size:
            out[path] = (state.st_size, state.st_mtime_ns)
    return out


class Folder:
    """Looks at a folder now and then; ``clock`` gives seconds."""

    def __init__(self, folder: Path, allowed: frozenset[str], clock: Callable[[], float], quiet: float = QUIET) -> None:
        self._folder, self._allowed, self._clock, self._quiet = folder, allowed, clock, quiet
        self._seen: dict[Path, tuple[Stamp, float]] = {}

    def settled(self) -> tuple[tuple[Path, Stamp], ...]:
        """The files that have been as they are for long enough, in order of their names."""
        now, found = self._clock(), stamps(self._folder, self._allowed)
        self._seen = {
            path: (stamp, self._seen[path][1] if path in self._seen and self._seen[path][0] == stamp else now)
            for path, stamp in found.items()
        }
        return tuple((path, stamp) for path, (stamp, since) in self._seen.items() if now - since >= self._quiet)
