"""Fingerprints of sound that stay on the disk: a film compared with ten dubs, a season paired and then placed, is heard once."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.atomic import write_bytes
from pipeline.compute.remembered import digest
from pipeline.evidence.fingerprints import SoundPrint

STAGE = "prints"
VERSION = 1
"""Counts up when :func:`pipeline.evidence.fingerprints.sound_print` makes other prints of the same sound."""


def kept_print(folder: Path, path: Path | str, stream: int, make: Callable[[], SoundPrint]) -> SoundPrint:
    """The print of audio track ``stream`` that ``folder`` keeps by the file's content, else ``make()``, kept from now on.

    Its arrays are read from the disk as they are looked at: 50 MB a film that need not be in memory.
    """
    name = hashlib.blake2b(repr((VERSION, digest(path), stream)).encode(), digest_size=20).hexdigest()
    home = folder / STAGE
    found = _read(home, name)
    if found is None:
        found = make()
        with contextlib.suppress(OSError):  # a full disk costs the memory, not the job
            home.mkdir(parents=True, exist_ok=True)
            _write(home, name, found)
    return found


def _read(home: Path, name: str) -> SoundPrint | None:
    try:
        known = json.loads((home / f"{name}.json").read_text())
        files = {layer: home / f"{name}.{layer}.npy" for layer in known["layers"]}
        layers = {layer: np.load(file, mmap_mode="r", allow_pickle=False) for layer, file in files.items()}
        for file in (home / f"{name}.json", *files.values()):
            os.utime(file)
        return SoundPrint(layers["mix"], layers.get("bed"), float(known["duration"]))
    except (OSError, ValueError, EOFError, KeyError):
        return None


def _write(home: Path, name: str, print_: SoundPrint) -> None:
    """What is known of them comes last: without it the rest does not count."""
    for layer, values in print_.layers.items():
        buffer = io.BytesIO()
        np.save(buffer, values)
        write_bytes(home / f"{name}.{layer}.npy", buffer.getvalue())
    known = {"duration": print_.duration, "layers": sorted(print_.layers)}
    write_bytes(home / f"{name}.json", json.dumps(known).encode())
