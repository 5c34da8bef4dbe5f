"""A job's files where page and workers share no folder: its inputs go to a store, its results come back from there.

On the worker a job works on its own copies. What it writes of their paths, in its result and in the small text files of its folder
(edit lists name their source), is put back into the page's words before it leaves.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.atomic import write_bytes
from pipeline.cluster.store import Given, Shared, Store, Tick, no_tick
from pipeline.errors import ToolError
from pipeline.messages import Message
from pipeline.progress import Report
from web.jobs import dubs, reels

INPUTS = frozenset({"source", "path", "original", "dub", "plan", "subtitles"})
"""Parameters that name files."""
TEXTS = frozenset({".json", ".otio", ".edl", ".csv", ".txt", ".srt", ".vtt"})
EARLY = (reels.EARLY, dubs.PLAN)
LOOK = 2.0
"""Seconds between two looks at what a job shows before it has ended."""
MOST_TEXT = 2**26
"""Bytes up to which a file of results is looked through for paths."""


def given(params: Any, shared: Shared, tick: Tick = no_tick, key: str = "") -> Any:
    """``params`` with every input file as :class:`Input`.

    Raises:
        ToolError: the store cannot be reached. Whatever ``tick`` raises.
    """
    if isinstance(params, Mapping):
        return {name: given(value, shared, tick, name) for name, value in params.items()}
    if isinstance(params, list | tuple):
        return [given(value, shared, tick, key) for value in params]
    if key in INPUTS and isinstance(params, str) and Path(params).is_absolute() and Path(params).is_file():
        return Input(params, shared.give(params, tick))
    return params


@dataclass(frozen=True, slots=True)
class Input:
    """An input file: its path on the page's machine and what it is called elsewhere."""

    path: str
    called: str | Given


def fetched(params: Any, shared: Shared, names: dict[str, str], tick: Tick) -> Any:
    """``params`` of :func:`given` with paths of this machine; ``names`` gets the page's path for each of them.

    Raises:
        NotFound, ToolError: an input cannot be brought here. Whatever ``tick`` raises.
    """
    if isinstance(params, Mapping):
        return {name: fetched(value, shared, names, tick) for name, value in params.items()}
    if isinstance(params, list):
        return [fetched(value, shared, names, tick) for value in params]
    if isinstance(params, Input):
        tick()
        here = str(shared.fetch(params.called, tick))
        names[here] = params.path
        return here
    return params


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
