"""The page's own files: what visitors upload to it and what it shows them, in one folder with a name nobody can guess for each.

An upload's folder is called ``up-<random>-<mark>``: the mark is a keyed digest (HMAC-SHA256) of the random part and the owner, so
that whose upload it is needs no list, survives a restart and cannot be made up.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import secrets
from pathlib import Path

from pipeline.files.received import shown_name
from pipeline.settings import Settings
from web.guard.security import secret_key
from web.guard.visitors import names_of

CALLED = ".called"
"""A file beside an upload: the name it was given. Nobody can ask for what begins with a dot."""
_FOLDER = re.compile(r"up-([0-9a-f]{32})-([0-9a-f]{32})")


class PageFiles:
    """The folder :attr:`pipeline.settings.Settings.page_files`."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.page_files
        self._key = secret_key(settings)

    def new_folder(self, owner: str) -> Path:
        """Where the next upload of ``owner`` (``""`` where nobody signs in) goes."""
        random = secrets.token_hex(16)
        return self.folder / f"up-{random}-{self._mark(random, owner)}"

    def upload(self, text: str, owner: str) -> Path | None:
        """The complete upload of ``owner`` at this path, ``None`` for any other path."""
        found = self.shown(text, owner)
        return found if found is not None and found.parent.parent == self.folder and _is_upload(found) else None

    def shown(self, text: str, owner: str) -> Path | None:
        """The file of the folder at this path that ``owner`` may see: not somebody else's upload, nothing unfinished."""
        if "\0" in text or not text.startswith(f"{self.folder}/"):
            return None
        path = Path(text)
        inside = path.relative_to(self.folder).parts
        if ".." in inside or len(inside) < 2 or any(part.startswith(".") for part in inside) or path.suffix == ".part":
            return None
        match = _FOLDER.fullmatch(inside[0])
        if match and not any(hmac.compare_digest(self._mark(match[1], o), match[2]) for o in names_of(owner)):
            return None
        return path if _is_plain(path, self.folder) else None

    def keep_name(self, path: Path, name: str) -> None:
        """Remembers what the owner of an upload calls it, where that is no name for a file here."""
        if name != path.name:
            with contextlib.suppress(OSError, ValueError):  # no room, or no text: it is called what it is stored as
                (path.parent / CALLED).write_text(name, encoding="utf-8")

    def called(self, path: Path) -> str:
        """What the owner of a file calls it: an upload by its own name, any other by that of the file."""
        if not _is_upload(path):
            return path.name
        try:
            return shown_name((path.parent / CALLED).read_text(encoding="utf-8"), path.name)
        except (OSError, ValueError):
            return path.name

    def size_of(self, owner: str) -> int:
        """Bytes of all uploads of ``owner``, finished or not."""
        sizes = 0
        for folder in self.folder.glob("up-*-*"):
            match = _FOLDER.fullmatch(folder.name)
            if match and hmac.compare_digest(self._mark(match[1], owner), match[2]):
                sizes += sum(file.lstat().st_blocks * 512 for file in folder.glob("*"))
        return sizes

    def _mark(self, random: str, owner: str) -> str:
        return hmac.new(self._key, f"page upload {random} {owner}".encode(), hashlib.sha256).hexdigest()[:32]


def _is_upload(path: Path) -> bool:
    return _FOLDER.fullmatch(path.parent.name) is not None


def _is_plain(path: Path, folder: Path) -> bool:
    """Whether this is a file that is reached without following links out of ``folder``."""
    try:
        return path.is_file() and path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError):
        return False
