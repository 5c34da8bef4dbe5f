"""From what a client names to a local file: an address, a clip of ours, an upload of theirs, a file of the library.

The one gate for media: whatever names a file in a request of the page, of REST, of a Gradio client or of an MCP tool becomes a file
here or nowhere. A path of this machine is none of these, unless this visitor's upload or an example of ours lies there.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from starlette.concurrency import run_in_threadpool

from pipeline import places
from pipeline.errors import BadRequest, NotFound, StudioError
from pipeline.files import downloads
from pipeline.files.given_names import names_of, tell
from pipeline.files.received import Stored
from pipeline.links import fetching
from pipeline.settings import Settings
from web.intake.library import Library
from web.intake.page_files import PageFiles
from web.intake.resumable import Resumable
from web.jobs import clips
from web.jobs.queue import Jobs

EXAMPLES = places.brought("assets", "examples")
"""Ours, for everybody."""
LOOKS = 64
"""Addresses looked at at the same time; a look takes :data:`pipeline.files.downloads.PATIENCE` seconds at most."""
LOOKS_AT_ONE = 8
"""Of them at the same host: others do not wait behind one that is slow."""
MOST_IN_FOLDER, DEPTH = 500, 2
"""Files of a season, and folders below its own (one for each of its seasons, one more for parts)."""
UPLOADS = "/api/upload/resumable/"
CLIPS = ("/clips/raw/", "/clips/viral/")
FILES = "/gradio_api/file="
"""Before the path of an upload of the page, in its address."""


class Sources:
    """Finds the files that a request names."""

    def __init__(self, settings: Settings, engine: Any, jobs: Jobs, library: Library, resumable: Resumable) -> None:
        self._settings, self._engine, self._jobs = settings, engine, jobs
        self._library, self._resumable = library, resumable
        self.page_files = PageFiles(settings)
        self._looks = ThreadPoolExecutor(LOOKS, thread_name_prefix="look")
        self._doors: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @property
    def has_library(self) -> bool:
        """Whether there is a media library to pick from."""
        return self._library.enabled

    def close(self) -> None:
        self._looks.shutdown(wait=False, cancel_futures=True)

    async def find(self, text: str, owner: str, host: str = "") -> Stored:
        """The file that ``text`` names, checked to be media; ``host`` is the name this service was called by.

        What an address leads to is looked at, not downloaded: that is a part of the job, with progress and a way to stop it.

        Raises:
            UserError: there is no such thing, it is not allowed, or it is not media.
        """
        where, remote = _meant(text, host)
        if remote:
            async with self._door(urlsplit(where).hostname or ""):
                return await asyncio.get_running_loop().run_in_executor(self._looks, self._remote, where)
        return await run_in_threadpool(self._local, where, owner)

    def find_now(self, text: str, owner: str, host: str = "", *, probe: bool = True) -> Stored:
        """As :meth:`find`, for a thread that may wait; without ``probe`` a local file is not looked into."""
        where, remote = _meant(text, host)
        return self._remote(where) if remote else self._local(where, owner, probe)

    def folder(self, text: str) -> list[Stored]:
        """The media files below a folder of the library, called by where they lie in it, in order; at most :data:`MOST_IN_FOLDER`.

        Raises:
            NotFound, Forbidden, BadGateway: as :meth:`web.intake.library.Library.page`. BadRequest: there are too many.
        """
        found: list[Stored] = []
        waiting = [(text, 0)]
        while waiting:
            path, depth = waiting.pop(0)
            listing = self._library.page(path, limit=MOST_IN_FOLDER + 1)
            files = [e for e in listing.entries if not e.is_folder]
            found += [Stored(self._library.file(e.path), e.path, e.size) for e in files]
            waiting += [(e.path, depth + 1) for e in listing.entries if e.is_folder and depth < DEPTH]
            if len(found) > MOST_IN_FOLDER or listing.total > MOST_IN_FOLDER:
                raise BadRequest("error.too_many_files", limit=MOST_IN_FOLDER)
        return found

    def _door(self, host: str) -> asyncio.Semaphore:
        """Lets :data:`LOOKS_AT_ONE` looks at a host through at a time; who waits takes no thread."""
        door = self._doors.get(host)
        if door is None:
            self._doors[host] = door = asyncio.Semaphore(LOOKS_AT_ONE)
        return door

    def _remote(self, url: str) -> Stored:
        found = fetching.look(url, self._settings, self._engine.probe)
        return Stored(downloads.new_file(found.name, self._settings), found.name, found.size or 0, url)

    def _local(self, text: str, owner: str, probe: bool = True) -> Stored:
        if text.startswith(CLIPS):
            return self.clip(unquote(text))
        resumed = text.startswith(UPLOADS)
        stored = self._resumed(text, owner) if resumed else self._found(text, owner)
        if probe:
            try:
                self._engine.probe(stored.path)
            except StudioError as error:
                tell(error, names_of({str(stored.path): stored.name}))
                raise
        return stored

    def _resumed(self, text: str, owner: str) -> Stored:
        return self._resumable.complete(self._resumable.find(text.removeprefix(UPLOADS), owner))

    def _found(self, text: str, owner: str) -> Stored:
        path = self._named(text, owner)
        return Stored(path, self.page_files.called(path), path.stat().st_size)

    def _named(self, text: str, owner: str) -> Path:
        """The file at a path: an upload of the page, an example, or in the library."""
        path = unquote(text.removeprefix(FILES)) if text.startswith(FILES) else text
        if (given := self.page_files.upload(path, owner) or example(path)) is not None:
            return given
        if text.startswith(FILES) or not self._library.enabled:
            raise NotFound("error.not_yours")
        return self._library.file(text)

    def clip(self, text: str) -> Stored:
        """The file behind a public clip address. Raises NotFound."""
        folder, _, name = text.rpartition("/")
        match = clips.CLIP_NAME.fullmatch(name)
        if match is None:
            raise NotFound(name=name)
        job = self._jobs.by_slug(match[2])
        if clips.LISTS.get(job.kind, ("", "", ""))[1] != folder + "/":
            raise NotFound(name=name)
        path = clips.clip_file(job, name)
        return Stored(path, name, path.stat().st_size)


def example(text: str) -> Path | None:
    """The file of :data:`EXAMPLES` at this path, ``None`` for anything else."""
    path = Path(text)
    return path if path.parent == EXAMPLES and path.name in _examples() else None


@cache
def _examples() -> frozenset[str]:
    return frozenset(p.name for p in EXAMPLES.glob("*") if p.is_file())


def _meant(text: str, host: str) -> tuple[str, bool]:
    """What ``text`` names without the name of this service, and whether that is somewhere else."""
    text = text.strip()
    parts = urlsplit(downloads.checked(text)) if "://" in text else None
    if parts is not None and parts.netloc == host and parts.path.startswith((*CLIPS, UPLOADS, FILES)):
        return parts.path, False
    return text, parts is not None or text.lower().startswith(("file:", "data:", "ftp:", "javascript:"))
