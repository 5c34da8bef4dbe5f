"""What takes seconds to read out of an installed package is written once, beside the models, in a form that opens at once.

A prepared file carries the stamp of what it was made of, so that another version of a package makes its own, and the older one goes.
Where nothing can be written the caller reads the package itself: slower, with the same result.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

from pipeline.atomic import beside

FORM = 1
"""Of the files written here; another one makes all of them anew."""


def stamp(*sources: Path) -> str:
    """Identity of files by their names, sizes and times (whole seconds: layers of an image keep no more), 16 hexadecimal digits."""
    state = hashlib.blake2b(str(FORM).encode(), digest_size=8)
    for source in sources:
        known = source.stat()
        state.update(f"{source.name} {known.st_size} {int(known.st_mtime)}".encode())
    return state.hexdigest()


class Prepared:
    """Prepared files of this process, in one folder; without a folder there are none."""

    def __init__(self) -> None:
        self.folder: Path | None = None

    def use(self, folder: Path | None) -> None:
        """Where prepared files lie and are written."""
        self.folder = folder

    def file(self, name: str, sources: tuple[Path, ...], write: Callable[[Path], None]) -> Path | None:
        """The prepared file ``name`` (with its suffix) of ``sources``, which ``write`` fills where it is missing; whole or not there.

        ``None`` where there is no folder to write to, or no room in it.
        """
        if self.folder is None:
            return None
        stem, _, suffix = name.rpartition(".")
        target = self.folder / f"{stem}-{stamp(*sources)}.{suffix}"
        with contextlib.suppress(OSError):
            if not target.is_file():
                self.folder.mkdir(parents=True, exist_ok=True)
                with beside(target) as part:
                    write(part)
                self._drop_older(stem, suffix, target)
            return target
        return None

    def _drop_older(self, stem: str, suffix: str, target: Path) -> None:
        for other in target.parent.glob(f"{stem}-{'?' * 16}.{suffix}"):
            if other != target:
                other.unlink(missing_ok=True)


prepared = Prepared()
"""Of this process."""
