"""Model files made from the data of installed packages: found without importing, written whole or not at all, checked.

Every file is written beside its final name and renamed, so that several processes may do it at the same time, and its
SHA-256 is compared with the published one; the comparison is remembered, so that it costs nothing at the next start.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import importlib.util
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.atomic import beside, write_text
from pipeline.errors import DiskFull, ModelUnavailable

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Weight:
    """One file of a model: its name, size in bytes, SHA-256, and the data files of installed packages it is made of."""

    name: str
    size: int
    digest: str
    parts: tuple[tuple[str, str], ...]
    member: str = ""


def package_folder(package: str) -> Path | None:
    """The folder of an installed top-level ``package``, found without importing it; ``None`` where it is missing."""
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(package)
        if spec is None:  # it may have come since somebody looked last
            importlib.invalidate_caches()
            spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).parent
    return None


def package_file(package: str, name: str) -> Path | None:
    """The data file ``name`` of an installed ``package``; ``None`` where there is none."""
    folder = package_folder(package)
    path = folder / name if folder else None
    return path if path is not None and path.is_file() else None


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            state.update(block)
    return state.hexdigest()


def assembled(folder: Path, weights: tuple[Weight, ...], model: str) -> Path:
    """``folder`` with every file of ``weights`` in it, made from the installed packages where missing or damaged.

    Raises:
        ModelUnavailable: a package is missing, or what it holds has the wrong digest.
        DiskFull: no room to write.
    """
    for weight in weights:
        path = folder / weight.name
        if not _known_good(path, weight):
            _write(path, weight, model)
    return folder


def _known_good(path: Path, weight: Weight) -> bool:
    """Whether ``path`` is intact; a digest is computed once and remembered with the file's size and time."""
    try:
        state = path.stat()
    except OSError:
        return False
    if state.st_size != weight.size:
        return False
    stamp = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": weight.digest}
    note = path.with_name(path.name + ".checked")
    with contextlib.suppress(OSError, ValueError):
        if json.loads(note.read_text(encoding="utf-8")) == stamp:
            return True
    if digest_of(path) != weight.digest:
        return False
    with contextlib.suppress(OSError):  # a read-only folder is checked anew each time
        write_text(note, json.dumps(stamp))
    return True


def _write(path: Path, weight: Weight, model: str) -> None:
    found = [package_file(package, name) for package, name in weight.parts]
    sources = [source for source in found if source is not None]
    if len(sources) < len(found):
        raise ModelUnavailable(name=model, detail=f"{weight.parts} not installed, no intact {path}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as part, part.open("wb") as file:
            _pour(sources, weight, file)
    except (OSError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            free = shutil.disk_usage(path.parent).free
            raise DiskFull(needed=weight.size, free=free) from error
        raise ModelUnavailable(name=model, detail=str(error)) from error
    if not _known_good(path, weight):
        path.unlink(missing_ok=True)
        raise ModelUnavailable("error.model_damaged", name=model, detail=f"digest of {path}")


def _pour(sources: list[Path], weight: Weight, file: BinaryIO) -> None:
    for source in sources:
        if not weight.member:
            with source.open("rb") as part:
                shutil.copyfileobj(part, file, BLOCK)
            continue
        with zipfile.ZipFile(source) as archive:
            inner = next((n for n in archive.namelist() if n.rsplit("/", 1)[-1] == weight.member), None)
            if inner is None:
                raise zipfile.BadZipFile(f"no {weight.member} in {source}")
            with archive.open(inner) as part:
                shutil.copyfileobj(part, file, BLOCK)
