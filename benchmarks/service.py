"""The service under weight: one very large upload, and many clients at once.

``python -m benchmarks.service [--gb 5] [--seconds 60] [--clients 300] [--quick]``
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks import table
from benchmarks.server import request, running
from benchmarks.watching import Watch, held, ms, quantile
from pipeline.settings import GIB, Settings

PIECE = bytes(1024 * 1024)
BOUNDARY = "studio-benchmark"
LIBRARY = 10_000
THINK = 0.5
"""Mean seconds between two requests of one client; the page asks about as often."""
Client = http.client.HTTPConnection


@dataclass(frozen=True)
class Way:
    """A way to upload: its route and the fields of its form; the large file is in the first, a small one in the second."""

    name: str
    path: str
    fields: tuple[str, str]
    folder: str
    """Where it puts the files, below the data folder."""


REST = Way("REST", "/api/upload", ("original", "dubbed"), "uploads")
PAGE = Way("page", "/gradio_api/upload?upload_id=benchmark", ("files", "files"), "t/gradio")


def form(size: int, fields: tuple[str, str] = REST.fields) -> Iterator[bytes]:
    """A multipart form with one file of ``size`` bytes, made on the fly, and one small file."""
    head = '--{b}\r\nContent-Disposition: form-data; name="{n}"; filename="{f}.mkv"\r\n\r\n'
    yield head.format(b=BOUNDARY, n=fields[0], f="large").encode()
    for at in range(0, size, len(PIECE)):
        yield PIECE[: min(len(PIECE), size - at)]
    yield ("\r\n" + head.format(b=BOUNDARY, n=fields[1], f="small") + f"small\r\n--{BOUNDARY}--\r\n").encode()


def upload(port: int, size: int, way: Way = REST) -> tuple[int, float]:
    """Status and seconds of an upload of ``size`` bytes."""
    length = sum(len(p) for p in form(0, way.fields)) + size
    connection = Client("127.0.0.1", port, timeout=600)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    begun = time.perf_counter()
    headers = {"Content-Type": kind, "Content-Length": str(length)}
    connection.request("POST", way.path, body=form(size, way.fields), headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status, time.perf_counter() - begun


def broken_upload(port: int, size: int, way: Way) -> None:
    """Send half of what was announced and go away."""
    connection = Client("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", way.path)
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    for sent, piece in enumerate(form(size, way.fields)):
        if sent > size / len(PIECE) / 2:
            break
        connection.send(piece)
    connection.close()


def measure_upload(gb: float) -> None:
    """A large upload by each way: speed, memory over idle, health meanwhile; then one that breaks off."""
    columns = [_measured(way, int(gb * GIB)) for way in (REST, PAGE)]
    rows = [(name, wanted, *(c[name] for c in columns)) for name, wanted in WANTED.items()]
    print(f"\n## Upload of {gb:g} GiB\n")
    print(table(("", "wanted", REST.name, PAGE.name), rows))


WANTED = {
    "status": "200", "speed, MB/s": "", "writing such a file alone, MB/s": "", "idle memory, MB": "",
    "memory over idle, MB": "≤ 200", "health p50, ms (idle)": "", "health p95, ms (idle)": "< 100",
    "health worst, ms (idle)": "< 100", "pieces left by a broken upload": "0",
}  # fmt: skip


def _measured(way: Way, size: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), temp_dir=Path(folder) / "t", rate_limit="off", log_level="ERROR")
        alone = _write_alone(Path(folder) / "alone", size)
        with running(settings, page=way is PAGE) as (port, process):
            request(port, "GET", "/config")  # the page is there when it has been asked for once
            own = psutil.Process(process.pid)
            with Watch(own, port) as idle:
                time.sleep(5)
            with Watch(own, port) as watch:
                status, seconds = upload(port, size, way)
            where = Path(folder) / way.folder
            broken_upload(port, 256 * 1024**2, way)
            left = _settled(lambda: sum(1 for _ in where.rglob("*.part")), 0)
    before = max(idle.memory)
    return {
        "status": status,
        "speed, MB/s": f"{size / seconds / 1e6:.0f}",
        "writing such a file alone, MB/s": f"{alone / 1e6:.0f}",
        "idle memory, MB": f"{before / 1e6:.0f}",
        "memory over idle, MB": f"{(max(watch.memory) - before) / 1e6:.0f}",
        "health p50, ms (idle)": _beside(watch, idle, 0.5),
        "health p95, ms (idle)": _beside(watch, idle, 0.95),
        "health worst, ms (idle)": _beside(watch, idle, 1.0),
        "pieces left by a broken upload": left,
    }


def _write_alone(path: Path, size: int) -> float:
    """Bytes per second of writing a file of ``size`` to the same disk, with nothing else."""
    begun = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(size // len(PIECE)):
            file.write(PIECE)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    return size / (time.perf_counter() - begun)


def _beside(during: Watch, idle: Watch, share: float) -> str:
    return f"{ms(quantile(during.health, share))} ({ms(quantile(idle.health, share))})"


def _settled(value: Callable[[], int], wanted: int) -> int:
    for _ in range(50):
        if value() == wanted:
            break
        time.sleep(0.1)
    return value()


@dataclass
class Visitor:
    """One client: asks at random for what clients ask, and remembers how long it took."""

    port: int
    seed: int
    until: float
    times: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    def __call__(self) -> None:
        self._random = random.Random(self.seed)
        self._connection = Client("127.0.0.1", self.port, timeout=60)
        self._tasks: list[str] = []
        self._clips: list[str] = []
        steps = [
            self._status,
            self._tasks_list,
            self._health,
            self._system,
            self._library,
            self._generate,
            self._upload,
            self._clip,
        ]
        time.sleep(self._random.uniform(0, THINK))
        while time.monotonic() < self.until:
            self._random.choices(steps, (50, 12, 10, 4, 6, 6, 6, 6))[0]()
            time.sleep(self._random.expovariate(1 / THINK))
        self._connection.close()

    def _ask(self, name: str, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        begun = time.perf_counter()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        self.times.setdefault(name, []).append(time.perf_counter() - begun)
        self.statuses[answer.status] += 1
        return data

    def _status(self) -> None:
        task = self._random.choice(self._tasks) if self._tasks else "unknown"
        body = json.loads(self._ask("status", "GET", f"/api/status/{task}"))
        for clip in (body.get("result") or {}).get("clips", ()):
            self._clips.append(clip["url"])

    def _tasks_list(self) -> None:
        self._ask("tasks", "GET", "/api/tasks?limit=20")

    def _health(self) -> None:
        self._ask("health", "GET", "/api/health")

    def _system(self) -> None:
        self._ask("system-info", "GET", "/api/system-info")

    def _library(self) -> None:
        self._ask("library", "GET", "/api/media/list")

    def _generate(self) -> None:
        body = json.dumps({"video_url": "a.mp4"}).encode()
        headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
        self._tasks.append(
            json.loads(self._ask("generate", "POST", "/api/v1/generate-initial-clips", body, **headers))["task_id"]
        )

    def _upload(self) -> None:
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        self._tasks.append(
            json.loads(self._ask("upload 1 MB", "POST", "/api/upload", b"".join(form(10**6)), **kind))["task_id"]
        )

    def _clip(self) -> None:
        if self._clips:
            self._ask("clip (range)", "GET", self._random.choice(self._clips), Range="bytes=1000-50000")


def measure_crowd(clients: int, seconds: float) -> None:
    """Many clients at once, against one alone."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        library.mkdir()
        for n in range(LIBRARY):
            (library / f"{n:05}.mp4").touch()
        (library / "a.mp4").write_bytes(bytes(1000))
        settings = Settings(
            data_dir=Path(folder) / "data", temp_dir=Path(folder) / "t", rate_limit="off", log_level="ERROR", workers=2,
            media_source_enabled=True, media_source_path=library,
        )  # fmt: skip
        with running(settings) as (port, process):
            alone = _crowd(port, 1, min(10.0, seconds))
            before = held(process)
            crowd = _crowd(port, clients, seconds)
            overhead = _overhead(port)
            after = held(process)
    statuses = sum((v.statuses for v in crowd), Counter[int]())
    names = sorted({n for v in crowd for n in v.times})
    rows = []
    for name in names:
        many, one = ([t for v in group for t in v.times.get(name, [])] for group in (crowd, alone))
        rows.append(
            (
                name,
                len(many),
                ms(statistics.median(many)),
                ms(quantile(many, 0.95)),
                ms(quantile(one, 0.95)) if one else "–",
            )
        )
    print(f"\n## {clients} clients for {seconds:g} s\n")
    print(table(("request", "n", "median, ms", "p95, ms", "p95 of one client alone, ms"), rows))
    print(
        f"\nanswers: {dict(sorted(statuses.items()))}; 5xx: {sum(n for s, n in statuses.items() if s >= 500)} (wanted 0)"
    )
    refused = {s: n for s, n in statuses.items() if s == 424}
    print(f"424: {sum(refused.values())} (wanted 0); {LIBRARY:,} files in the library")
    print(f"before: {before}\nafter:  {after} (wanted: handles and threads the same)")
    print(f"a job that does nothing, submitted to finished: {ms(overhead)} ms median (wanted ≤ 150)")


def _crowd(port: int, clients: int, seconds: float) -> list[Visitor]:
    until = time.monotonic() + seconds
    visitors = [Visitor(port, seed, until) for seed in range(clients)]
    threads = [threading.Thread(target=v) for v in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return visitors


def _overhead(port: int) -> float:
    """Seconds from created to finished of a job that takes no time, by the service's own clock; median of 15."""
    from datetime import datetime

    found = []
    for _ in range(15):
        body = {"original": "a.mp4", "dubbed": "a.mp4"}
        task = json.loads(request(port, "POST", "/api/upload", body)[1])["task_id"]
        state: dict[str, Any] = {"finished_at": None}
        while state["finished_at"] is None:
            time.sleep(0.05)
            state = json.loads(request(port, "GET", f"/api/status/{task}")[1])
        begun, ended = (datetime.fromisoformat(state[k]) for k in ("created_at", "finished_at"))
        found.append((ended - begun).total_seconds())
    return statistics.median(found)


def main() -> None:
    """All measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    measure_upload(0.5 if options.quick else options.gb)
    measure_crowd(options.clients, 10.0 if options.quick else options.seconds)


if __name__ == "__main__":
    main()
