"""What goes wrong in the world, on purpose: kill -9, full and read-only disks, vanished files, hostile requests.

``python -m benchmarks.faults [--kills 100] [--quick]``; mounts small tmpfs file systems where it may (root).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psutil

from benchmarks import table
from benchmarks.locked import locked
from benchmarks.server import CONTEXT, AnyMedia, Errand, kill, kinds, request, running
from pipeline.errors import StudioError
from pipeline.settings import Settings
from web.intake.allowance import Allowance
from web.intake.resumable import Resumable
from web.jobs.queue import Job, Jobs
from web.jobs.values import NOBODY
from web.runner import queue_of
from web.watch.housekeeping import Janitor

Row = tuple[object, ...]
UPLOADED = 200_000
"""Bytes of each upload in pieces."""


def worker(settings: Settings, ready: Event) -> None:
    """The process that is killed: the queue, a janitor that never rests, uploads in pieces, jobs that come and go."""
    jobs = queue_of(settings, AnyMedia(), kinds=kinds())
    janitor = Janitor(settings, jobs)
    janitor.clean_start()
    ready.set()
    jobs.start()
    threading.Thread(target=lambda: asyncio.run(_uploads(settings, jobs)), daemon=True).start()
    while True:
        janitor.clean()
        made = jobs.submit(Errand(of="pause", seconds=0.05), NOBODY)
        jobs.wait(made, 5)
        with suppress(StudioError):
            jobs.trash(made)
        time.sleep(0.05)


async def _uploads(settings: Settings, jobs: Jobs) -> None:
    """Uploads in pieces, one after the other; every second one is given up."""
    resumable = Resumable(settings, Allowance(settings, jobs))

    async def piece() -> AsyncIterator[bytes]:
        yield bytes(UPLOADED // 4)

    for number in count():
        made = resumable.create("a.mkv", UPLOADED, "")
        for at in range(0, UPLOADED, UPLOADED // 4):
            await resumable.append(made, at, piece())
        if number % 2:
            resumable.remove(made)
        await asyncio.sleep(0.05)


def _half_uploads(settings: Settings) -> int:
    """Uploads under their final name that are not whole."""
    return sum(p.stat().st_size != UPLOADED for p in settings.uploads.glob("*.mkv"))


def kill_at_random(kills: int) -> list[Row]:
    """Kill -9 at random moments over a mixed queue of ten jobs, then let it finish."""
    noise = random.Random(7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(data_dir=folder / "data", temp_dir=folder / "t", workers=2, log_level="CRITICAL")
        (folder / "input.bin").write_bytes(b"input" * 1000)
        ids = _queue_of_ten(settings, folder, noise)
        lost, orphans, partial = 0, 0, 0
        finished: dict[str, tuple[str, Any]] = {}
        for _ in range(kills):
            ready = CONTEXT.Event()
            process = CONTEXT.Process(target=worker, args=(settings, ready))
            process.start()
            ready.wait(60)
            time.sleep(noise.uniform(0.0, 2.0))
            kill(process)
            time.sleep(0.3)
            orphans += len(_ffmpegs(folder))
            now = _states(settings, ids)
            lost += sum(now[i] != before for i, before in finished.items())
            finished = {i: s for i, s in now.items() if s[0] in {"done", "failed", "cancelled"}}
            partial += _partial(settings) + _half_uploads(settings)
        survived = len(finished)
        end = _finish(settings, ids)
        partial += _partial(settings)
        inputs_intact = (folder / "input.bin").read_bytes() == b"input" * 1000
    wanted = ["done"] * 6 + ["done", "failed", "failed", "cancelled"]
    states = [end[i].state for i in ids]
    return [
        (
            "kill -9",
            f"{kills} times over jobs, uploads in pieces and the janitor",
            f"{survived} finished between the kills",
        ),
        ("… right end states", f"{sum(a == b for a, b in zip(states, wanted, strict=True))} of 10", "10 of 10"),
        ("… finished jobs changed or lost", lost, 0),
        ("… partial files under a final name", partial, 0),
        ("… ffmpeg processes left", orphans, 0),
        ("… input intact", inputs_intact, True),
    ]


def _queue_of_ten(settings: Settings, folder: Path, noise: random.Random) -> list[str]:
    jobs = queue_of(settings, AnyMedia(), kinds=kinds())
    ids = [jobs.submit(Errand(of="encode", seconds=noise.uniform(10, 30)), NOBODY) for _ in range(6)]
    ids.append(jobs.submit(Errand(of="read", source=folder / "input.bin"), NOBODY))
    ids.append(jobs.submit(Errand(of="crash"), NOBODY))
    ids.append(jobs.submit(Errand(of="read", source=folder / "vanished.bin"), NOBODY))
    ids.append(jobs.submit(Errand(of="encode", seconds=3600), NOBODY))
    jobs.cancel(ids[-1])
    jobs.close()
    return ids


def _states(settings: Settings, ids: list[str]) -> dict[str, tuple[str, Any]]:
    jobs = queue_of(settings, AnyMedia(), kinds=kinds())
    found: dict[str, tuple[str, Any]] = {i: (jobs.get(i).state, jobs.get(i).result) for i in ids}
    jobs.close()
    return found


def _finish(settings: Settings, ids: list[str]) -> dict[str, Job]:
    jobs = queue_of(settings, AnyMedia(), kinds=kinds())
    jobs.start()
    ended = {i: jobs.wait(i, 300) for i in ids}
    jobs.close()
    return ended


def _partial(settings: Settings) -> int:
    """Files under a final name that are not whole: too short for what they should be, or of a job that is not done."""
    from pipeline.media.probe import probe

    bad = 0
    for film in settings.outputs.glob("*/film.mkv"):
        try:
            bad += probe(film).duration < 9.9
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not whole
            bad += 1
    return bad


def _ffmpegs(folder: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(folder) in line and "ffmpeg" in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.info["pid"])
    return found


@contextmanager
def small_disk(megabytes: int, *, read_only: bool = False) -> Iterator[Path | None]:
    """A file system of its own of that size; ``None`` where this process may not mount."""
    with tempfile.TemporaryDirectory() as name:
        kind = f"size={megabytes}m" + (",ro" if read_only else "")
        mounted = (
            subprocess.run(["mount", "-t", "tmpfs", "-o", kind, "tmpfs", name], capture_output=True).returncode == 0
        )
        try:
            yield Path(name) if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", "-l", name], check=False)


def disks() -> list[Row]:
    """A disk that fills up, and one that cannot be written."""
    return [_full_disk(), _read_only(), _upload_to_full_disk()]


def _one_after_another(settings: Settings, first: Errand) -> tuple[Job, Job, list[str]]:
    jobs = queue_of(settings, AnyMedia(), kinds=kinds())
    jobs.start()
    source = settings.data_dir / "small.bin"
    source.write_bytes(b"x")
    bad = jobs.wait(jobs.submit(first, NOBODY), 120)
    good = jobs.wait(jobs.submit(Errand(of="read", source=source), NOBODY), 120)
    left = [p.name for p in settings.outputs.rglob("*.mkv")]
    jobs.close()
    return bad, good, left


def _full_disk() -> Row:
    with tempfile.TemporaryDirectory() as data, small_disk(2) as disk:
        if disk is None:
            return ("full disk", "not run (may not mount)", "")
        settings = Settings(data_dir=Path(data), temp_dir=Path(data) / "t", output_dir=disk)
        bad, good, left = _one_after_another(settings, Errand(of="encode", seconds=600, size="1280x720"))
    error = (bad.error or {}).get("error")
    return (
        "full disk",
        f"{bad.state}: {error}; next job {good.state}; left: {left}",
        "failed: disk_full; next job done; []",
    )


def _read_only() -> Row:
    with tempfile.TemporaryDirectory() as data, small_disk(2, read_only=True) as disk:
        if disk is None:
            return ("read-only results folder", "not run (may not mount)", "")
        settings = Settings(data_dir=Path(data), temp_dir=Path(data) / "t", output_dir=disk)
        bad, good, _ = _one_after_another(settings, Errand(of="encode", seconds=5))
        code = (bad.error or {}).get("message", {}).get("$message")
    return (
        "read-only results folder",
        f"{bad.state}: {code}; next job {good.state}",
        "failed: error.results_not_writable; …",
    )


def _upload_to_full_disk() -> Row:
    with tempfile.TemporaryDirectory() as data, small_disk(1) as disk:
        if disk is None:
            return ("upload to a full disk", "not run (may not mount)", "")
        settings = Settings(data_dir=Path(data), temp_dir=Path(data) / "t", uploads_dir=disk, log_level="CRITICAL")
        with running(settings) as (port, _):
            status, body = request(port, "POST", "/api/upload/resumable", {"name": "a.mkv", "size": 10**9})
    return ("upload to a full disk", f"{status} {json.loads(body)['error']}", "507 disk_full")


ATTACKS = (
    "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/", "http://127.0.0.1:{port}/api/health",
    "http://localhost:{port}/api/tasks", "http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://metadata.google.internal/",
    "http://100.100.100.200/", "http://10.0.0.1/", "http://192.168.0.1/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://0.0.0.0:{port}/", "http://user@127.0.0.1:{port}/", "/etc/passwd", "../../etc/passwd", "..%2f..%2fetc%2fpasswd",
    "/clips/raw/../../jobs.sqlite3", "/clips/raw/clip_1_000000000000.mp4", "/api/upload/resumable/../../jobs",
    "data:video/mp4;base64,AAAA", "concat:/etc/passwd|/etc/hosts", "-i", "$(touch /tmp/owned)", "\u0000", "http://",
    "secret/s.mp4", "link.mp4", "films\\..\\..\\x",
)  # fmt: skip
PATHS = (
    "/clips/raw/..%2f..%2fjobs.sqlite3", "/clips/viral/%2e%2e%2f%2e%2e%2fsecret.key", "/api/files/x/..%2f..%2fsecret.key",
    "/api/media/list?path=..%2f", "/api/media/list?path=%2fetc", "/api/media/list?path=secret", "/api/download/..%2fsecret.key",
    "/../../../etc/passwd", "/api/status/%00", "/api/media/list?path=%00", "/api/media/list?path=%ff%fe", "//etc/passwd",
)  # fmt: skip


def attacks(examples: int) -> list[Row]:
    """Requests for what is not theirs, and requests made up from the OpenAPI description."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "library").mkdir()
        (folder / "secret").mkdir()
        (folder / "secret" / "s.mp4").write_bytes(b"secret")
        (folder / "library" / "a.mp4").write_bytes(b"film" * 100)
        (folder / "library" / "link.mp4").symlink_to(folder / "secret" / "s.mp4")
        (folder / "library" / "secret").symlink_to(folder / "secret")
        settings = Settings(
            data_dir=folder / "data", temp_dir=folder / "t", rate_limit="off", log_level="CRITICAL",
            media_source_enabled=True, media_source_path=folder / "library",
        )  # fmt: skip
        with running(settings) as (port, process):
            urls = [(u, _attack(port, u)) for u in ATTACKS]
            paths = [(p, request(port, "GET", p)[0]) for p in PATHS]
            refused = [s for _, s in urls + paths if 400 <= s < 500]
            for what, status in urls + paths:
                if not 400 <= status < 500:
                    print(f"NOT REFUSED: {what!r} answered {status}")
            fuzzed = _schemathesis(port, examples)
            shutil.rmtree(folder / "library")
            gone = request(port, "GET", "/api/media/list")[0]
            time.sleep(5.5)
            health = json.loads(request(port, "GET", "/api/health")[1])["status"]
            alive = process.is_alive()
        left = (
            [p.name for p in (folder / "data" / "uploads").glob("*")] if (folder / "data" / "uploads").exists() else []
        )
    return [
        ("addresses and paths that are not theirs", f"{len(refused)} of {len(urls) + len(paths)} refused (4xx)", "all"),
        ("… files left behind", len(left), 0),
        ("requests made up from OpenAPI", fuzzed, "no 5xx"),
        ("media library vanishes", f"list {gone}, health {health}", "404, degraded"),
        ("the service is still there", alive, True),
    ]


def _attack(port: int, url: str) -> int:
    return request(port, "POST", "/api/v1/generate-initial-clips", {"video_url": url.format(port=port)})[0]


def _schemathesis(port: int, examples: int) -> str:
    """Schemathesis over the whole description, only for answers that blame the server."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{port}/openapi.json",
        "--checks", "not_a_server_error", "--max-examples", str(examples), "--request-timeout", "20", "--no-color",
        "--generation-deterministic", "--exclude-path", "/api/health",
    ]  # fmt: skip
    if not os.access(command[0], os.X_OK):
        return "not run (schemathesis is not installed)"
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, cwd=tempfile.gettempdir())
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    if done.returncode:
        print("\n".join(lines[-60:]), done.stderr[-2000:])
    summary = next((line for line in reversed(lines) if "generated" in line), lines[-1] if lines else "")
    return f"exit {done.returncode}; {summary}"


def main() -> None:
    """All faults, one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--examples", type=int, default=60, help="made-up requests for each operation")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    parts: list[Callable[[], list[Row]]] = [
        lambda: kill_at_random(4 if options.quick else options.kills),
        disks,
        lambda: locked(3.0 if options.quick else 30.0),
        lambda: attacks(10 if options.quick else options.examples),
    ]
    rows: list[Row] = []
    logging.disable(logging.CRITICAL)  # failures are the point here
    with suppress(KeyboardInterrupt):
        for part in parts:
            rows += part()
    print(table(("fault", "what happened", "wanted"), rows))


if __name__ == "__main__":
    main()
