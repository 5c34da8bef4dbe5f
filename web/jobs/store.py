"""The rows of the job queue in SQLite: one file, write-ahead log, every change one guarded statement."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import DiskFull, ToolError
from pipeline.messages import Message, neutral
from pipeline.requests import Request
from pipeline.settings import SettingsError
from web.jobs.values import STATES, Job, State, slug_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, slug TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, params TEXT NOT NULL, folder TEXT NOT NULL,
    owner TEXT NOT NULL, title TEXT NOT NULL, state TEXT NOT NULL, created REAL NOT NULL, started REAL, finished REAL,
    fraction REAL NOT NULL DEFAULT 0, message TEXT, stages TEXT NOT NULL DEFAULT '{}', result TEXT, error TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, stop INTEGER NOT NULL DEFAULT 0, trashed REAL
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
CREATE INDEX IF NOT EXISTS jobs_by_owner ON jobs (owner, number);
"""
PATIENT = 5.0
"""Seconds that a statement waits while something else holds the database."""
PATIENCE = 3
"""A job that was running in so many crashes lets the others go first: it may be what crashes."""
KNOWN = 4096
"""Requests that stay read: a row is asked for many times, and what it asks never changes."""
_CLAIM = f"""
UPDATE jobs SET state = 'running', started = ?, attempts = attempts + 1
WHERE number = (
    SELECT number FROM jobs WHERE state = 'queued' ORDER BY attempts / {PATIENCE}, number LIMIT 1
) AND state = 'queued' RETURNING *
"""
_NO_PARTS = """ AND NOT EXISTS (
    SELECT 1 FROM jobs AS whole WHERE whole.id = json_extract(jobs.params, '$.batch') AND whole.trashed IS NULL
)"""
_REQUEUE = "UPDATE jobs SET state = 'queued', started = NULL, fraction = 0, message = NULL"

Read = Callable[[str, Mapping[str, Any]], Request]
"""``read(kind, json) -> request``; never raises."""


class JobStore:
    """Jobs as rows of ``<folder>/jobs.sqlite3``. Safe from any thread; one process at a time. ``read`` makes requests of stored JSON.

    Raises:
        SettingsError: another process uses ``folder``.
        DiskFull, ToolError: from every method, when SQLite cannot write or read.
    """

    def __init__(self, folder: Path, read: Read) -> None:
        self._read = lru_cache(KNOWN)(lambda kind, text: read(kind, json.loads(text)))
        folder.mkdir(parents=True, exist_ok=True)
        self._guard = (folder / "jobs.lock").open("a")
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._guard.close()
            raise SettingsError(f"DATA_DIR={str(folder)!r}: another process of this service uses it") from error
        self._lock, self._reading = threading.RLock(), threading.RLock()
        self._writes = 0
        self._counted: dict[str | None, tuple[int, dict[State, int]]] = {}
        self._db = _connected(folder / "jobs.sqlite3")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        if "trashed" not in {row["name"] for row in self._db.execute("PRAGMA table_info(jobs)")}:
            self._db.execute("ALTER TABLE jobs ADD COLUMN trashed REAL")
        # Reading has a connection of its own: in this journal mode it never waits for a write that waits.
        self._reader = _connected(folder / "jobs.sqlite3")

    def close(self) -> None:
        with self._lock, self._reading:
            self._db.close()
            self._reader.close()
            self._guard.close()

    def insert(self, job: Job) -> None:
        row = (
            job.id,
            slug_of(job.id),
            job.kind,
            json.dumps(job.request.to_json()),
            str(job.folder),
            job.owner,
            job.title,
            job.created,
        )
        self._write(
            "INSERT INTO jobs (id, slug, kind, params, folder, owner, title, created, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued')",
            row,
        )

    def recover(self, max_attempts: int, live: Sequence[str] = ()) -> None:
        """Put what is called running, and is not among ``live``, back into the queue; end it where it was stopped or
        crashes each time."""
        now, others = time.time(), f"state = 'running' AND id NOT IN ({', '.join('?' * len(live))})"
        if not self._look_up(f"SELECT id FROM jobs WHERE {others} LIMIT 1", tuple(live)):
            return
        error = {"error": "crashed", "kind": "ToolError", "message": neutral(Message("error.crashed"))}
        self._write(f"UPDATE jobs SET state = 'cancelled', finished = ? WHERE {others} AND stop = 1", (now, *live))
        self._write(
            f"UPDATE jobs SET state = 'failed', finished = ?, error = ? WHERE {others} AND attempts >= ?",
            (now, json.dumps(error), *live, max_attempts),
        )
        self._write(_REQUEUE + f" WHERE {others}", tuple(live))

    def claim(self) -> Job | None:
        """The oldest queued job, now running; ``None`` when nothing waits."""
        rows = self._write(_CLAIM, (time.time(),))
        return _job(rows[0], self._read) if rows else None

    def finish(self, job: Job) -> bool:
        """Write the end of a running job (its state and what belongs to it); ``False`` when it was not running."""
        return self._changed(
            "UPDATE jobs SET state = ?, finished = ?, fraction = ?, message = ?, stages = ?, result = ?, error = ?,"
            " stop = 0 WHERE id = ? AND state = 'running'",
            (
                job.state, job.finished, job.fraction, _text(job.message and neutral(job.message)), _text(job.stages),
                _text(job.result), _text(job.error), job.id,
            ),
        )  # fmt: skip

    def requeue(self, job_id: str) -> bool:
        """Give a running job back as if it had not been started (the service stops)."""
        return self._changed(
            _REQUEUE + ", attempts = attempts - 1 WHERE id = ? AND state = 'running' AND stop = 0", (job_id,)
        )

    def cancel_queued(self, job_id: str) -> bool:
        return self._changed(
            "UPDATE jobs SET state = 'cancelled', finished = ? WHERE id = ? AND state = 'queued'", (time.time(), job_id)
        )

    def mark_stop(self, job_id: str) -> bool:
        """Remember that a running job is to stop, so that a crash meanwhile does not revive it."""
        return self._changed("UPDATE jobs SET stop = 1 WHERE id = ? AND state = 'running'", (job_id,))

    def is_stopped(self, job_id: str) -> bool:
        """Whether a running job is to stop."""
        return bool(self._look_up("SELECT id FROM jobs WHERE id = ? AND stop = 1", (job_id,)))

    def retry(self, job_id: str) -> bool:
        return self._changed(
            _REQUEUE + ", finished = NULL, result = NULL, error = NULL, stages = '{}', attempts = 0, stop = 0"
            " WHERE id = ? AND state IN ('failed', 'cancelled') AND trashed IS NULL",
            (job_id,),
        )

    def rename(self, job_id: str, title: str) -> bool:
        return self._changed("UPDATE jobs SET title = ? WHERE id = ?", (title, job_id))

    def delete(self, job_id: str) -> bool:
        return self._changed("DELETE FROM jobs WHERE id = ? AND state IN ('done', 'failed', 'cancelled')", (job_id,))

    def trash(self, job_id: str, when: float | None) -> bool:
        """Put a finished job into the trash, with a time, or take it out of it."""
        return self._changed(
            "UPDATE jobs SET trashed = ? WHERE id = ? AND state IN ('done', 'failed', 'cancelled')"
            " AND (trashed IS NULL) = (? IS NOT NULL)",
            (when, job_id, when),
        )

    def trashed(self, owner: str | None) -> list[Job]:
        """Jobs in the trash, newest first; ``owner=None`` means everybody's."""
        rows = self._look_up(
            "SELECT * FROM jobs WHERE trashed IS NOT NULL AND (? IS NULL OR owner = ?) ORDER BY number DESC",
            (owner, owner),
        )
        return [_job(row, self._read) for row in rows]

    def get(self, job_id: str) -> Job | None:
        rows = self._look_up("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return _job(rows[0], self._read) if rows else None

    def by_slug(self, slug: str) -> Job | None:
        rows = self._look_up("SELECT * FROM jobs WHERE slug = ?", (slug,))
        return _job(rows[0], self._read) if rows else None

    def select(
        self, owner: str | None, states: Sequence[State], limit: int, offset: int, *, parts: bool = True
    ) -> list[Job]:
        """Jobs newest first; ``owner=None`` means everybody's. Without ``parts`` none whose batch is there."""
        marks = ", ".join("?" * len(states or STATES))
        rows = self._look_up(
            f"SELECT * FROM jobs WHERE state IN ({marks}) AND (? IS NULL OR owner = ?) AND trashed IS NULL"
            f"{'' if parts else _NO_PARTS} ORDER BY number DESC LIMIT ? OFFSET ?",
            (*(states or STATES), owner, owner, limit, offset),
        )
        return [_job(row, self._read) for row in rows]

    def children(self, job_id: str) -> list[Job]:
        """Jobs whose request names ``job_id`` as their batch, oldest first; none in the trash."""
        rows = self._look_up(
            "SELECT * FROM jobs WHERE json_extract(params, '$.batch') = ? AND trashed IS NULL ORDER BY number",
            (job_id,),
        )
        return [_job(row, self._read) for row in rows]

    def ahead(self, job_id: str) -> int:
        """How many queued jobs are before this one."""
        rows = self._look_up(
            f"SELECT COUNT(*) AS n FROM jobs WHERE state = 'queued' AND (attempts / {PATIENCE}, number)"
            f" < (SELECT attempts / {PATIENCE}, number FROM jobs WHERE id = ?)",
            (job_id,),
        )
        return int(rows[0]["n"])

    def counts(self, owner: str | None = None) -> dict[State, int]:
        """Number of jobs by state; every state is present. Counted once between two writes."""
        writes, known = self._writes, self._counted.get(owner)
        if known is not None and known[0] == writes:
            return dict(known[1])
        rows = self._look_up(
            "SELECT state, COUNT(*) AS n FROM jobs WHERE (? IS NULL OR owner = ?) AND trashed IS NULL GROUP BY state",
            (owner, owner),
        )
        found = {str(row["state"]): int(row["n"]) for row in rows}
        counts = {state: found.get(state, 0) for state in STATES}
        self._counted[owner] = writes, counts
        return dict(counts)

    def requests(self, states: Sequence[State] = ()) -> list[Request]:
        """What every job of these ``states``, or of all, asks; also those in the trash."""
        marks = ", ".join("?" * len(states or STATES))
        rows = self._look_up(f"SELECT kind, params FROM jobs WHERE state IN ({marks})", tuple(states or STATES))
        return [self._read(row["kind"], row["params"]) for row in rows]

    def _write(self, statement: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return _executed(self._db, statement, values)
            finally:
                self._writes += 1
                self._counted.clear()

    def _look_up(self, statement: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        with self._reading:
            return _executed(self._reader, statement, values)

    def _changed(self, statement: str, values: tuple[Any, ...]) -> bool:
        return bool(self._write(statement + " RETURNING id", values))


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=PATIENT)
    db.row_factory = sqlite3.Row
    return db


def _executed(db: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
    """The border where SQLite's errors become ours."""
    try:
        return db.execute(statement, values).fetchall()
    except sqlite3.Error as error:
        if "full" in str(error):
            raise DiskFull(detail=str(error), needed="?", free=0) from error
        raise ToolError(detail=f"job store: {error}") from error


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _job(row: sqlite3.Row, read: Callable[[str, str], Request]) -> Job:
    told = _value(row["message"])
    return Job(
        id=row["id"],
        kind=row["kind"],
        request=read(row["kind"], row["params"]),
        folder=Path(row["folder"]),
        owner=row["owner"],
        title=row["title"],
        state=row["state"],
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        fraction=row["fraction"],
        message=None if told is None else Message(told["$message"], told["values"]),
        stages=_value(row["stages"]),
        result=_value(row["result"]),
        error=_value(row["error"]),
        attempts=row["attempts"],
        stopping=row["state"] == "running" and bool(row["stop"]),
        trashed=row["trashed"],
    )
