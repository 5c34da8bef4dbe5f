"""A Dask cluster of real processes on this machine, started with the ordinary commands, whose parts can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import ROOT


class LocalCluster:
    """A scheduler and workers on 127.0.0.1. Workers are restarted when they end, as a service manager would."""

    def __init__(self, folder: Path, workers: int = 2, *, resources: tuple[str, ...] = (), threads: int = 1) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.folder, self.threads = folder, threads
        self.resources = [*resources, *[""] * (workers - len(resources))]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._scheduler()
        for number in range(workers):
            self.workers.append(self._worker(number))

    def wait(self, workers: int | None = None, timeout: float = 60.0) -> None:
        """Returns when so many workers have registered."""
        from distributed import Client

        with Client(self.address, timeout=timeout, set_as_default=False) as client:
            client.wait_for_workers(workers or len(self.workers), timeout=timeout)

    def busy_with(self, work: str) -> list[int]:
        """Numbers of the workers that are at a task of that name."""
        from distributed import Client

        with Client(self.address, timeout=10, set_as_default=False) as client:
            names = {a: str(w["name"]) for a, w in client.scheduler_info()["workers"].items()}
            at_work = [a for a, keys in client.processing().items() if any(str(k).startswith(work) for k in keys)]
        return [int(names[a].split("-")[1]) for a in at_work if a in names]

    def kill(self, number: int) -> None:
        """``kill -9`` of a worker."""
        self.workers[number].kill()
        self.workers[number].wait(10)

    def stop(self, number: int) -> None:
        """Ends a worker as a service manager does: it may tidy up."""
        self.workers[number].terminate()
        self.workers[number].wait(30)

    def start(self, number: int) -> None:
        """Starts a worker anew."""
        self.workers[number] = self._worker(number)

    def restart_scheduler(self, pause: float = 1.0) -> None:
        """``kill -9`` of the scheduler, then a new one; workers that end with it are started again."""
        self.scheduler.kill()
        self.scheduler.wait(10)
        time.sleep(pause)
        self.scheduler = self._scheduler()
        for number, worker in enumerate(self.workers):
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(20)
            if worker.poll() is None:
                self.kill(number)
            self.start(number)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    def _scheduler(self) -> subprocess.Popen[bytes]:
        return self._run("scheduler", "--host", "127.0.0.1", "--port", str(self.port), log="scheduler.log")

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        more = ["--resources", self.resources[number]] if self.resources[number] else []
        name = f"worker-{number}-{time.monotonic_ns()}"
        return self._run(
            "worker", self.address, "--nthreads", str(self.threads), "--no-nanny", "--memory-limit", "0", "--name", name,
            "--local-directory", str(self.folder / "dask"), *more, log=f"worker-{number}.log",
        )  # fmt: skip

    def _run(self, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TEMP_DIR": str(self.folder / "temp")}
        environment.setdefault("MAX_CPUS", "1")
        with (self.folder / log).open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
                cwd=ROOT, env=environment, stdout=out, stderr=out,
            )  # fmt: skip


@contextlib.contextmanager
def running(folder: Path, workers: int = 2, **options: object) -> Iterator[LocalCluster]:
    """A cluster for the length of a block."""
    cluster = LocalCluster(folder, workers, **options)  # type: ignore[arg-type]
    try:
        cluster.wait()
        yield cluster
    finally:
        cluster.close()
