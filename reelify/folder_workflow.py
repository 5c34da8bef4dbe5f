"""Every video of a folder, one after the other: its moments, or all of them ranked as clips; a folder may also be watched.

What is finished is not done again, what fails stops nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.atomic import write_text
from pipeline.engine import Engine
from pipeline.errors import BadRequest, Cancelled, StudioError
from pipeline.files.growing import QUIET, Folder, Stamp, stamps
from pipeline.messages import Message, localise, message
from pipeline.progress import Report, no_report, part_of
from pipeline.render.exports import to_csv
from reelify.requests import HighlightsRequest

FILE = "reelify-folder.json"
LOOK = 5.0
"""Seconds between two looks at a watched folder."""
Do = Callable[[Engine, HighlightsRequest, Report], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Watched:
    """What is done with a folder: every file as ``each`` says, with the results below ``each.out``."""

    folder: Path
    each: HighlightsRequest

    @property
    def out(self) -> Path:
        """The folder of all results."""
        return self.each.out or Path("reelify-out")


def each_file(engine: Engine, asked: Watched, do: Do, report: Report = no_report) -> list[dict[str, Any]]:
    """The moments of every file of the folder as it is now; a row for each file.

    Raises:
        BadRequest: it is no folder. Cancelled: somebody stopped it; what was finished is found again.
    """
    files = list(stamps(_checked(asked.folder), _allowed(engine)).items())
    rows = []
    for n, (path, stamp) in enumerate(files):
        part = part_of(report, n / len(files), (n + 1) / len(files))
        rows.append(_one(engine, asked, (path, stamp), do, part))
    return rows


def watch(
    engine: Engine, asked: Watched, do: Do, report: Report = no_report, quiet: float = QUIET, look: float = LOOK
) -> None:
    """:func:`each_file` for every file that appears and has stopped growing, until somebody stops it.

    Raises:
        BadRequest: it is no folder. Cancelled, KeyboardInterrupt: the end.
    """
    seen = Folder(_checked(asked.folder), _allowed(engine), time.monotonic, quiet)
    done: set[tuple[Path, Stamp]] = set()
    while True:
        for found in seen.settled():
            if found not in done:
                done.add(found)
                _one(engine, asked, found, do, report)
        report(0.0, message("progress.watching_folder", name=asked.folder.name))
        time.sleep(look)


def _checked(folder: Path) -> Path:
    if not folder.is_dir():
        raise BadRequest("error.not_a_folder", name=str(folder))
    return folder


def _allowed(engine: Engine) -> frozenset[str]:
    return frozenset(engine.settings.allowed_extensions)


def _one(engine: Engine, asked: Watched, found: tuple[Path, Stamp], do: Do, report: Report) -> dict[str, Any]:
    """What became of one file, remembered in the folder of the results."""
    path, stamp = found
    name = path.relative_to(asked.folder).as_posix()
    state = _state(asked.out)
    known = state.get(name)
    key = _key(asked.each, stamp)
    if known is not None and known.get("key") == key and known.get("status") == "success":
        report(1.0, message("progress.found_finished"))
        return dict(known)
    folder = asked.out / path.relative_to(asked.folder).with_suffix("")
    row: dict[str, Any] = {"file": name, "key": key}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        result = do(engine, replace(asked.each, source=path, out=folder), report)
        row |= {"status": "success", "clips": len(result["clips"]), "folder": str(folder), "problem": ""}
    except Cancelled:
        raise
    except StudioError as error:
        row |= {"status": "error", "clips": 0, "folder": "", "problem": _words(error.message, asked.each.interface)}
    state[name] = row
    write_text(asked.out / FILE, json.dumps(state, ensure_ascii=False, indent=1))
    write_text(asked.out / "report.csv", to_csv([{k: v for k, v in r.items() if k != "key"} for r in state.values()]))
    return row


def _key(each: HighlightsRequest, stamp: Stamp) -> str:
    """What was asked, of which state of the file."""
    body = {k: v for k, v in each.to_json().items() if k not in {"source", "names"}}
    return json.dumps([list(stamp), body], sort_keys=True, default=str)


def _state(out: Path) -> dict[str, Any]:
    try:
        found = json.loads((out / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(told: Message, language: str) -> str:
    return str(localise(told, language))
