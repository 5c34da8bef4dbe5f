"""A job's files where page and workers share no folder: its inputs go to a store, its results come back from there.

On the worker a job works on its own copies. What it writes of their paths, in its result and in the small text files of its folder
(edit lists name their source), is put back into the page's words before it leaves.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from pipeline.atomic import write_bytes
from pipeline.captions.subtitles import SUBTITLES
from pipeline.cluster.store import Given, Shared, Store, no_tick
from pipeline.editors.plans import PLANS
from pipeline.errors import ToolError
from pipeline.messages import Message
from pipeline.progress import Report, Tick
from pipeline.requests import Request
from syncdub.plan_file import PLAN
from web.jobs import reels

Asked = TypeVar("Asked", bound=Request)
TEXTS = frozenset({".json", ".csv", *(f".{form}" for form in (*SUBTITLES, *PLANS))})
EARLY = (reels.EARLY, PLAN)
LOOK = 2.0
"""Seconds between two looks at what a job shows before it has ended."""
MOST_TEXT = 2**26
"""Bytes up to which a file of results is looked through for paths."""


def given(request: Request, shared: Shared, tick: Tick = no_tick) -> dict[str, str | Given]:
    """What every input file of a request is called elsewhere, by its path here; a file that has gone is left out.

    Raises:
        ToolError: the store cannot be reached. Whatever ``tick`` raises.
    """
    return {path: shared.give(path, tick) for path in sorted(request.files()) if Path(path).is_file()}


def fetched(
    request: Asked, called: Mapping[str, str | Given], shared: Shared, names: dict[str, str], tick: Tick
) -> Asked:
    """``request`` with paths of this machine for the files that :func:`given` has ``called`` something; ``names`` gets the page's path
    for each of them.

    Raises:
        NotFound, ToolError: an input cannot be brought here. Whatever ``tick`` raises.
    """
    here: dict[str, Path] = {}
    for path, what in called.items():
        tick()
        here[path] = Path(shared.fetch(what, tick))
        names[str(here[path])] = path
    return request.with_files(lambda path: here.get(str(path), path))


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Plain JSON with every path that begins with a key of ``names`` in the page's words."""
    if isinstance(value, Mapping):
        return {key: renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    if isinstance(value, str):
        for here, there in names.items():
            if value == here or value.startswith(f"{here}/"):
                return there + value[len(here) :]
    return value


def rename_in_files(folder: Path, names: Mapping[str, str]) -> None:
    """:func:`renamed` for the text files of a folder: plain, as JSON writes it, and as an address."""
    forms = [(form(here).encode(), form(there).encode()) for here, there in names.items() for form in FORMS]
    for file in folder.rglob("*"):
        if file.suffix not in TEXTS or not file.is_file() or file.stat().st_size > MOST_TEXT:
            continue
        before = after = file.read_bytes()
        for here, there in forms:
            after = after.replace(here, there)
        if after != before:
            file.write_bytes(after)


class EarlySender:
    """A worker's report that also sends the files of ``folder`` that the page shows before a job has ended, when they change."""

    def __init__(self, report: Report, store: Store, folder: Path, place: str, names: Mapping[str, str]) -> None:
        self._report, self._store, self._folder, self._place, self._names = report, store, folder, place, names
        self._looked = time.monotonic()
        self._sent: dict[str, int] = {}

    def __call__(self, fraction: float, message: Message) -> None:
        self._report(fraction, message)
        if time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        for name in EARLY:
            with contextlib.suppress(OSError, ToolError):
                written = (self._folder / name).stat().st_mtime_ns
                if written != self._sent.get(name):
                    text = json.loads((self._folder / name).read_bytes())
                    self._store.save(f"{self._place}/{name}", json.dumps(renamed(text, self._names)).encode())
                    self._sent[name] = written


class EarlyReceiver:
    """The page's report that also brings what :class:`EarlySender` sent into the job's ``folder``."""

    def __init__(self, report: Report, store: Store, folder: Path, place: str) -> None:
        self._report, self._store, self._folder, self._place = report, store, folder, place
        self._looked = time.monotonic()

    def __call__(self, fraction: float, message: Message) -> None:
        self._report(fraction, message)
        if time.monotonic() - self._looked < LOOK:
            return
        for name in EARLY:
            with contextlib.suppress(OSError, ToolError):
                write_bytes(self._folder / name, self._store.load(f"{self._place}/{name}"))
        self._looked = time.monotonic()


def _plain(text: str) -> str:
    return text


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _in_json_with_letters(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


FORMS: tuple[Callable[[str], str], ...] = (_in_json, _in_json_with_letters, quote, _plain)
