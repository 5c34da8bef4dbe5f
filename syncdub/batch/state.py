"""What was finished of a season, beside its films: a run that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pipeline.atomic import write_text
from pipeline.messages import Message, neutral
from syncdub.batch.season import Episode, Row
from syncdub.making.review import Place
from syncdub.requests import SyncRequest

FILE = "syncdub-season.json"
VERSION = 1
ASIDE = frozenset({"interface", "names", "notify", "fetch"})
"""Fields of a request that make no other film: a season that goes on in another language is not made again."""


class Ledger:
    """The finished rows of ``folder``, by what was asked and of which files as they were."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._rows = self._read()

    def known(self, asked: SyncRequest, episode: Episode) -> Row | None:
        """The finished row for exactly this, if its film is still there."""
        body = self._rows.get(_identity(asked))
        if body is None:
            return None
        row = _row(body, episode)
        there = row.state == "refused" or (asked.output.parent / row.output).is_file()
        return row if row.finished and there else None

    def keep(self, asked: SyncRequest, row: Row) -> None:
        """Remembers ``row``, before anything else begins."""
        self._rows[_identity(asked)] = _body(row)
        write_text(self._file, json.dumps({"version": VERSION, "rows": self._rows}, ensure_ascii=False, indent=1))

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            rows = found["rows"] if found["version"] == VERSION else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return dict(rows) if isinstance(rows, dict) else {}


def _identity(asked: SyncRequest) -> str:
    """Everything that makes another film: the request, its output's name, and the files' sizes and times."""
    facts = [(f, *_stamp(Path(f))) for f in asked.files()]
    body = {name: value for name, value in asked.to_json().items() if name not in ASIDE}
    text = json.dumps([body, asked.output.name, facts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_size, state.st_mtime_ns


def _body(row: Row) -> dict[str, Any]:
    return {
        "original": row.episode.film.name,
        "output": row.output,
        "state": row.state,
        "verdict": row.verdict,
        "figures": dict(row.figures),
        "doubts": [neutral(d) for d in row.doubts],
        "places": [p.to_json() for p in row.places],
        "problem": None if row.problem is None else neutral(row.problem),
        "seconds": round(row.seconds, 1),
    }


def _row(body: dict[str, Any], episode: Episode) -> Row:
    """The row of a stored body; one of another form counts as not finished."""
    try:
        return Row(
            episode,
            output=str(body["output"]),
            state=body["state"],
            verdict=str(body["verdict"]),
            figures=dict(body["figures"]),
            doubts=tuple(_told(d) for d in body["doubts"]),
            places=tuple(Place.from_json(p) for p in body["places"]),
            problem=None if body["problem"] is None else _told(body["problem"]),
            seconds=float(body["seconds"]),
        )
    except (KeyError, TypeError, ValueError):
        return Row(episode)


def _told(body: dict[str, Any]) -> Message:
    return Message(str(body["$message"]), dict(body["values"]))
