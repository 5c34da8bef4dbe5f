"""Results of expensive stages, remembered on disk by what the file contains, not by where it lies.

A job that starts again after a crash, a second job on the same film, the same film uploaded under another name: each finds
the stages that were finished. Only results are remembered, never failures.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pipeline.atomic import write_bytes
from pipeline.errors import StudioError
from pipeline.progress import turn

T = TypeVar("T")
N_SAMPLES = 64
SAMPLE = 64 * 1024
VERSION = 1


def digest(path: Path | str) -> str:
    """Identity of a file's content: its size and 64 samples of 64 KiB spread over it (all of it when under 4 MiB), hex.

    Reading 20 GB to name it would cost minutes; two different films do not agree in size and in every sample.
    """
    file = Path(path)
    size = file.stat().st_size
    state = hashlib.blake2b(str(size).encode(), digest_size=16)
    with file.open("rb") as stream:
        for i in range(N_SAMPLES):
            if size > N_SAMPLES * SAMPLE:
                stream.seek((size - SAMPLE) * i // (N_SAMPLES - 1))
            block = stream.read(SAMPLE)
            if not block:
                break
            state.update(block)
    return state.hexdigest()


class Far(Protocol):
    """Where results are kept for other machines too."""

    def save(self, name: str, data: bytes) -> None: ...

    def load(self, name: str) -> bytes: ...


class Remembered:
    """Remembered stage results below ``folder``, one JSON file each; safe for several threads and processes.

    What is not there is looked for in ``far``, and what is new is kept there too.
    """

    def __init__(self, folder: Path, far: Far | None = None) -> None:
        self.folder = folder
        self._far = far
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def recall(
        self, stage: str, path: Path | str, params: tuple[Any, ...], kind: type[T], compute: Callable[[], T]
    ) -> T:
        """The remembered result of ``stage`` on ``path`` with ``params``, else ``compute()``, which is then remembered.

        ``kind`` is a frozen dataclass pydantic can write and read. Two threads that want the same wait for one computation.
        What is returned went through the remembered form, so that the first asker gets what all later ones get.
        """
        return self.recall_of(stage, digest(path), params, kind, compute)

    def recall_of(
        self, stage: str, identity: str, params: tuple[Any, ...], kind: type[T], compute: Callable[[], T]
    ) -> T:
        """:meth:`recall` for the file whose :func:`digest` is ``identity``."""
        name = hashlib.blake2b(repr((VERSION, identity, params)).encode(), digest_size=20).hexdigest()
        file = self.folder / stage / f"{name}.json"
        with turn(self._lock(f"{stage}/{name}")):
            found = self._read(file, kind)
            if found is None:
                found = self._fetched(file, kind)
            if found is None:
                found = self._write(file, compute(), kind)
            return found

    def forget(self, older_than: float) -> int:
        """Removes results not used for ``older_than`` seconds; returns how many."""
        limit = time.time() - older_than
        n = 0
        for file in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                if file.stat().st_mtime < limit:
                    file.unlink()
                    n += 1
        return n

    def _lock(self, name: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())

    def _read(self, file: Path, kind: type[T]) -> T | None:
        """What is there, if it is whole and has the fields of today: an older version's is computed anew, not guessed at."""
        from pydantic import TypeAdapter

        try:
            found = TypeAdapter(kind).validate_json(file.read_bytes(), extra="forbid")
            os.utime(file)
        except (OSError, ValueError):
            return None
        return found

    def _fetched(self, file: Path, kind: type[T]) -> T | None:
        """What another machine has remembered, from now on remembered here too."""
        if self._far is None:
            return None
        with contextlib.suppress(OSError, StudioError):
            self._keep(file, self._far.load(_far_name(file)))
        return self._read(file, kind)

    def _write(self, file: Path, value: T, kind: type[T]) -> T:
        from pydantic import TypeAdapter

        adapter = TypeAdapter(kind)
        data = adapter.dump_json(value)
        self._keep(file, data)
        if self._far is not None:
            with contextlib.suppress(OSError, StudioError):
                self._far.save(_far_name(file), data)
        return adapter.validate_json(data)

    @staticmethod
    def _keep(file: Path, data: bytes) -> None:
        # A full or read-only disk costs the memory, not the job.
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(file, data)


def _far_name(file: Path) -> str:
    return f"memory/{file.parent.name}/{file.name}"
