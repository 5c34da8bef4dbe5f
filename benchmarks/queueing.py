"""A long queue, many small jobs one after the other, and thousands of requests that never end.

``python -m benchmarks.queueing [--queued 1000] [--in-a-row 500] [--half 3000]``
"""

from __future__ import annotations

import argparse
import json
import socket
import tempfile
import time
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from benchmarks import table
from benchmarks.server import request, running
from benchmarks.watching import Watch, held, ms, quantile, timed
from pipeline.settings import Settings
from web.guard.lines import HEADER_SECONDS


def measure_queue(queued: int, in_a_row: int) -> None:
    """A long queue, and many small jobs one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        library.mkdir()
        (library / "a.mp4").write_bytes(bytes(1000))
        settings = Settings(
            data_dir=Path(folder) / "data", temp_dir=Path(folder) / "t", rate_limit="off", log_level="ERROR", workers=1,
            media_source_enabled=True, media_source_path=library,
        )  # fmt: skip
        with running(settings) as (port, process):
            row = [_generated(port) for _ in range(20)]
            _until_done(port, row[-1])
            before = held(process)
            times = []
            for _ in range(in_a_row):
                task = _generated(port)
                times.append(timed(partial(_until_done, port, task)))
            after = held(process)
            with Watch(psutil.Process(process.pid), port) as watch:
                submitting = [timed(lambda: _generated(port)) for _ in range(queued)]
                listing = [timed(lambda: request(port, "GET", "/api/tasks?limit=100")) for _ in range(20)]
                last = _generated(port)
                begun = time.perf_counter()
                _until_done(port, last)
                drained = time.perf_counter() - begun
    print(f"\n## {queued:,} queued jobs, {in_a_row} small jobs in a row\n")
    rows = [
        ("a small job (50 ms of work), start to finish, p50/p95 ms", f"{ms(quantile(times, 0.5))}/{ms(quantile(times, 0.95))}"),
        (f"before {in_a_row} jobs in a row", before), ("after", after),
        (f"submitting {queued:,}, p50/p95 ms", f"{ms(quantile(submitting, 0.5))}/{ms(quantile(submitting, 0.95))}"),
        ("list of 100 tasks meanwhile, p95 ms", ms(quantile(listing, 0.95))),
        ("health meanwhile, p95/worst ms (wanted < 100)", f"{ms(quantile(watch.health, 0.95))}/{ms(quantile(watch.health, 1.0))}"),
        ("until the last of them was done, s", f"{drained:.0f}"),
    ]  # fmt: skip
    print(table(("", ""), rows))


def measure_half(n: int) -> None:
    """``n`` connections that send half a request and wait, and how the service is meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", temp_dir=Path(folder) / "t", log_level="ERROR")
        with running(settings) as (port, process):
            before = held(process)
            begun, lines = time.monotonic(), []
            with Watch(psutil.Process(process.pid), port) as watch:
                for _ in range(n):
                    lines.append(socket.create_connection(("127.0.0.1", port), 10))
                    lines[-1].sendall(b"GET /api/tasks HTTP/1.1\r\nHost: local")
                opened = time.monotonic() - begun
                most = _established(process, port)
                while (left := _established(process, port)) > 2 and time.monotonic() - begun < opened + 60:
                    time.sleep(0.5)
            closed = time.monotonic() - begun - opened
            for line in lines:
                line.close()
            after = held(process)
    print(f"\n## {n:,} half requests\n")
    rows = [
        (f"opening {n:,}, s", f"{opened:.1f}"), ("open then (wanted ≤ 1,024 and those being asked)", most),
        (f"until all were closed, s (wanted ≤ {HEADER_SECONDS:g} and what the machine takes)", f"{closed:.1f}; {left} left"),
        ("health meanwhile, p95/worst ms (wanted < 100)", f"{ms(quantile(watch.health, 0.95))}/{ms(quantile(watch.health, 1.0))}"),
        ("looks at health that were dropped", watch.dropped),
        ("before", before), ("after", after),
    ]  # fmt: skip
    print(table(("", ""), rows))


def _established(process: BaseProcess, port: int) -> int:
    """Connections that the service holds open, its own looks at itself included."""
    lines = psutil.Process(process.pid).net_connections("tcp")
    return sum(line.status == psutil.CONN_ESTABLISHED and line.laddr.port == port for line in lines)


def _generated(port: int) -> str:
    """A small job, queued: its task id."""
    answer = request(port, "POST", "/api/v1/generate-initial-clips", {"video_url": "a.mp4"}, Prefer="respond-async")
    return str(json.loads(answer[1])["task_id"])


def _until_done(port: int, task: str) -> None:
    while json.loads(request(port, "GET", f"/api/status/{task}")[1])["finished_at"] is None:
        time.sleep(0.02)


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, default=1000)
    parser.add_argument("--in-a-row", type=int, default=500)
    parser.add_argument("--half", type=int, default=3000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    measure_half(300 if options.quick else options.half)
    measure_queue(*((100, 50) if options.quick else (options.queued, options.in_a_row)))


if __name__ == "__main__":
    main()
