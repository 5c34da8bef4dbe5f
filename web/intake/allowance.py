"""What each owner may still send: decided before anything is written, and counted while it arrives.

An upload counts against whoever sends it (``KEEP_BYTES_EACH``): what is here of it, what waits for a job, what a queued or
running job needs, and what is announced of a transfer that is under way. Results do not: they give way to it, the owner's
own oldest first (:mod:`web.watch.quotas`).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from pathlib import Path

from pipeline.errors import TooLarge
from pipeline.files.received import CHUNK, part_of
from pipeline.settings import Settings
from web.intake.announced import announced
from web.intake.page_files import PageFiles
from web.intake.uploads import on_disk
from web.jobs.folders import is_inside
from web.jobs.queue import Jobs

FRESH = 1.0
"""Seconds for which a look at the disk is believed; what has arrived since is added to it."""


def uploads_of(settings: Settings, jobs: Jobs) -> Counter[str]:
    """Bytes by owner of what arrives in pieces, what waits for a job, and what a queued or running job needs."""
    sizes: Counter[str] = Counter()
    for job in jobs.list(states=("queued", "running"), limit=-1):
        for text in job.request.files():
            if is_inside(text, settings.uploads):
                sizes[job.owner] += on_disk_size(Path(text)) + on_disk_size(part_of(Path(text)))
    for payer, size in announced(settings, jobs.files_in_use()):
        sizes[payer] += size
    return sizes


def on_disk_size(path: Path) -> int:
    """Bytes that a file takes on the disk; 0 when it is gone."""
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0


class Allowance:
    """Counts what each owner has here and what is on its way. Everything may be called from any thread."""

    def __init__(self, settings: Settings, jobs: Jobs) -> None:
        self._settings, self._jobs, self._pages = settings, jobs, PageFiles(settings)
        self._lock = threading.Lock()
        self._here: Counter[str] = Counter()
        self._coming: Counter[str] = Counter()
        self._looked = -FRESH

    def check(self, owner: str, size: int) -> None:
        """Raises TooLarge: with ``size`` more bytes this owner has more than the quota."""
        with self._lock:
            self._check(owner, size)

    async def metered(
        self, owner: str, length: int | None, stream: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes, None]:
        """``stream`` of ``length`` bytes (``None``: nobody knows), counted against ``owner`` from its first byte on.

        Raises:
            TooLarge: the quota does not suffice; at once where the length is known.
        """
        coming = Coming(self, owner)
        try:
            await on_disk(lambda: coming.announce(length or 0))
            async for chunk in stream:
                if (missing := len(chunk) - coming.left) > 0:
                    await on_disk(partial(coming.announce, max(missing, CHUNK)))
                coming.arrived(len(chunk))
                yield chunk
        finally:
            coming.end()

    def move(self, owner: str, size: int, *, here: bool) -> None:
        """So many of the bytes on their way are ``here`` now, or do not come."""
        with self._lock:
            self._coming[owner] -= size
            self._here[owner] += size if here else 0
            if self._coming[owner] <= 0:
                del self._coming[owner]

    def announce(self, owner: str, size: int) -> None:
        """So many bytes more are on their way. Raises TooLarge."""
        with self._lock:
            self._check(owner, size)
            self._coming[owner] += size

    def _check(self, owner: str, size: int) -> None:
        if time.monotonic() - self._looked >= FRESH:
            self._here = uploads_of(self._settings, self._jobs)
            self._looked = time.monotonic()
        held = self._here[owner] + self._coming[owner]
        if (
            held + size > self._settings.quota // 2
        ):  # only near the limit is it worth a look into every folder of the page
            held += self._pages.size_of(owner)
        if held + size > self._settings.quota:
            raise TooLarge("error.quota", limit=self._settings.quota, actual=held + size)


class Coming:
    """One transfer's share of what is on its way; ``left`` bytes of it have not arrived."""

    def __init__(self, allowance: Allowance, owner: str) -> None:
        self._allowance, self._owner, self.left = allowance, owner, 0

    def announce(self, size: int) -> None:
        """So many more. Raises TooLarge."""
        self._allowance.announce(self._owner, size)
        self.left += size

    def arrived(self, size: int) -> None:
        """So many of them are here."""
        self.left -= size
        self._allowance.move(self._owner, size, here=True)

    def end(self) -> None:
        """What has not arrived does not come."""
        self._allowance.move(self._owner, self.left, here=False)
        self.left = 0
