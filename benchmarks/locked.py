"""Somebody else holds the database for long, at every kind of write: no result is lost, and what waits goes on soon after.

``python -m benchmarks.locked [--seconds 30]``; a part of ``benchmarks.faults``.
"""

from __future__ import annotations

import argparse
import logging
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks import table
from benchmarks.server import AnyMedia, Errand, kinds
from pipeline.errors import StudioError
from pipeline.settings import Settings
from web.jobs.queue import Jobs
from web.jobs.values import NOBODY
from web.runner import queue_of

Row = tuple[object, ...]


def locked(seconds: float) -> list[Row]:
    """The database is locked for ``seconds`` at every kind of write; what waits goes on soon after."""
    rows: list[Row] = []
    for name, act in WRITES.items():
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data_dir=Path(folder) / "data", temp_dir=Path(folder) / "t", log_level="CRITICAL")
            lost, late = _while_locked(settings, act, seconds)
        rows.append(
            (
                f"database locked {seconds:g} s at: {name}",
                f"{lost} results lost, waiting job done {late:.1f} s after",
                "0, ≤ 5 s",
            )
        )
    return rows


Act = Callable[[Jobs, list[str]], object]
WRITES: dict[str, Act] = {
    "a job begins": lambda jobs, ids: None,
    "a job ends": lambda jobs, ids: time.sleep(0.3),
    "submit": lambda jobs, ids: jobs.submit(Errand(of="pause"), NOBODY),
    "stop a running job": lambda jobs, ids: jobs.cancel(ids[1]),
    "stop a waiting job": lambda jobs, ids: jobs.cancel(ids[2]),
    "delete": lambda jobs, ids: jobs.trash(ids[0]),
    "delete for good": lambda jobs, ids: jobs.delete(ids[0]),
}


def _while_locked(settings: Settings, act: Act, seconds: float) -> tuple[int, float]:
    """Finished results lost, and seconds from the end of the lock until the last waiting job was done."""
    jobs = queue_of(settings, AnyMedia(), kinds=kinds())
    jobs.start()
    ids = [jobs.submit(Errand(of="pause", seconds=s), NOBODY) for s in (0.01, 0.5, 0.01, 0.01)]
    first = jobs.wait(ids[0], 60)
    db = sqlite3.connect(settings.data_dir / "jobs.sqlite3", isolation_level=None, timeout=30)
    db.execute("BEGIN IMMEDIATE")
    thread = threading.Thread(target=lambda: _tried(act, jobs, ids), daemon=True)
    thread.start()
    time.sleep(seconds)
    db.execute("ROLLBACK")
    begun = time.monotonic()
    jobs.wait(ids[3], 120)
    late = time.monotonic() - begun
    thread.join(60)
    known = {job.id: job for job in [*jobs.list(limit=-1), *jobs.trashed()]}
    lost = int(ids[0] in known and (known[ids[0]].result != first.result or not first.folder.exists()))
    db.close()
    jobs.close()
    return lost, late


def _tried(act: Act, jobs: Jobs, ids: list[str]) -> None:
    with suppress(StudioError):
        act(jobs, ids)


def main() -> None:
    """One row for every kind of write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    logging.disable(logging.CRITICAL)
    print(table(("fault", "what happened", "wanted"), locked(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
