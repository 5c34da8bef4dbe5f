"""A visit to a link: yt-dlp in a process of its own (:mod:`pipeline.links.visitor`) behind a gate, watched several times a second."""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from pipeline.errors import BadGateway, BadRequest, DiskFull, TooLarge
from pipeline.files.pace import LONGEST, TICK
from pipeline.files.received import RESERVE, shown_name
from pipeline.links.gate import Gate, gate
from pipeline.media.processes import process
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings

PATIENCE = 60.0
"""Seconds that a look at a link may take: a site is asked for several pages."""
PAGES = 64 * 1024**2
"""Bytes of a site's pages beside its film."""
LOOKS = 4
"""Looks at a time; downloads are jobs, which wait for their turn as jobs do."""
MOST_TITLE = 150
LONGEST_LINE = 64 * 1024**2
_ROOM = threading.BoundedSemaphore(LOOKS)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visited:
    """What a link leads to: what its site tells, the suffix, bytes where known, and the ``files`` in the visit's folder."""

    info: Mapping[str, Any]
    suffix: str
    size: int | None
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What the video is called, as a file."""
        title = str(self.info.get("title") or self.info.get("id") or "video")
        return shown_name(re.sub(r"[/\\]+", "-", title)[:MOST_TITLE] + self.suffix)


@contextmanager
def visit(url: str, settings: Settings, report: Report = no_report, *, download: bool) -> Iterator[Visited | None]:
    """What a link leads to, with its files where ``download`` asks for them; ``None`` where no allowed site knows it. The files are gone
    after the block.

    Raises:
        BadRequest: several videos, or one that is on air. BadGateway: the site does not deliver. TooLarge, DiskFull.
        Whatever ``report`` raises.
    """
    settings.temp_dir.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="look-", dir=settings.temp_dir) as name,
        nullcontext() if download else _ROOM,
    ):
        folder = Path(os.path.realpath(name))
        most = settings.max_download if download else 0
        with gate(most + PAGES, allow_private=settings.allow_private_urls) as door:
            order = {
                "url": url, "sites": list(settings.link_sites), "proxy": door.address, "port": door.port, "folder": str(folder),
                "most": settings.max_download, "download": download,
            }  # fmt: skip
            answer = _asked(order, door, settings, report, LONGEST if download else PATIENCE)
        yield _visited(answer, door, url, settings, folder)


def _asked(
    order: Mapping[str, Any], door: Gate, settings: Settings, report: Report, seconds: float
) -> Mapping[str, Any]:
    """The last thing the process says."""
    name, until = _host(order["url"]), time.monotonic() + seconds
    fraction = 0.0
    told_in = Path(order["folder"], "order.json")
    told_in.write_text(json.dumps(order), encoding="utf-8")  # the folder is ours alone; arguments are everybody's
    with process([sys.executable, "-m", "pipeline.links.visitor", str(told_in)], None, _environment(order)) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        lines = _lines(child.stdout)
        threading.Thread(target=child.stderr.read, daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=TICK)
            except queue.Empty:
                line = b"{}"
            if line is None:
                return {"error": "failed", "detail": "no answer"}
            told = json.loads(line)
            if "found" in told or "error" in told:
                return dict(told)
            fraction = max(fraction, told.get("fraction", 0.0))
            report(fraction, message("progress.downloading", name=name))
            _limits(door, settings, name, until)


def _limits(door: Gate, settings: Settings, name: str, until: float) -> None:
    if door.spent:
        raise TooLarge("error.upload_too_large", name=name, limit=settings.max_download, actual=settings.max_download)
    if time.monotonic() > until:
        raise BadGateway("error.url_slow", name=name)
    state = os.statvfs(settings.temp_dir)
    if (free := state.f_bavail * state.f_frsize) < RESERVE:
        raise DiskFull(needed=RESERVE, free=free)


def _environment(order: Mapping[str, Any]) -> dict[str, str]:
    """All that the process knows: no proxies, keys and settings of ours."""
    paths = os.pathsep.join(path for path in sys.path if path)
    home = order["folder"]
    plain = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home}
    return {**plain, "PYTHONPATH": paths, "YTDLP_NO_PLUGINS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _lines(stream: IO[bytes]) -> queue.Queue[bytes | None]:
    found: queue.Queue[bytes | None] = queue.Queue()

    def read() -> None:
        try:
            while line := stream.readline(LONGEST_LINE):
                found.put(line)
        except ValueError:
            pass  # closed
        found.put(None)

    threading.Thread(target=read, daemon=True, name="visit").start()
    return found


def _visited(answer: Mapping[str, Any], door: Gate, url: str, settings: Settings, folder: Path) -> Visited | None:
    """The answer believed as far as a process may be that has read what strangers wrote: its files are those in ``folder``."""
    if "found" in answer:
        found = answer["found"]
        named = [file for file in found["files"] if file]  # nothing is named for what was not loaded
        files = tuple(path for file in named if (path := Path(file).resolve()).is_relative_to(folder))
        return Visited(found["info"], _suffix(str(found["ext"])), found["size"], tuple(f for f in files if f.is_file()))
    code, name = answer["error"], _host(url)
    if code == "unknown":
        return None
    _log.info("link not fetched", extra={"host": name, "detail": answer["detail"], "refused": str(door.refused[:5])})
    if door.spent:
        raise TooLarge("error.upload_too_large", name=name, limit=settings.max_download, actual=settings.max_download)
    if code != "failed":
        raise BadRequest(code, name=url[:200])
    raise BadGateway("error.link_failed", name=name)


def _suffix(text: str) -> str:
    return f".{text}" if text.isalnum() and len(text) <= 5 else ".media"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url[:100]
