"""A service in a process of its own for the service benchmarks: real routes and queue, work that takes no models."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pipeline.progress import Report
from pipeline.requests import Request
from pipeline.settings import Settings

CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Request):
    """What the jobs of the benchmarks are asked; ``of`` is the name of the kind, ``size`` that of a test picture."""

    of: str
    source: Path | None = None
    seconds: float = 0.0
    size: str = "640x360"
    n: int = 0
    log: str = ""

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.of


class AnyMedia:
    """An engine whose probe accepts everything, so that size alone is measured."""

    def probe(self, path: Path) -> None:
        """Nothing to say against it."""


def clips(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A job of 50 ms that writes one clip of 100 kB."""
    from pipeline.messages import message

    for step in range(5):
        report(step / 5, message("progress.rendering"))
        time.sleep(0.01)
    part = folder / "clip.mp4.part"
    part.write_bytes(bytes(100_000))
    path = part.rename(folder / "clip.mp4")
    return {"clips": [{"path": path, "start": 0.0, "end": 20.0, "duration": 20.0}]}


def sync(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A job that does nothing."""
    return {"verdict": "aligned"}


def encode(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A real ffmpeg process that writes ``request.seconds`` of test picture."""
    from pipeline.media import ffmpeg

    part, seconds = folder / "film.part.mkv", request.seconds
    source = ["-f", "lavfi", "-i", f"testsrc2=size={request.size}:rate=25:duration={seconds}"]
    ffmpeg.run(
        [*source, "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", str(part)], report=report, duration=seconds
    )
    return {"output": part.rename(folder / "film.mkv"), "seconds": seconds}


def read(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Reads its input, which may have vanished."""
    from pipeline.errors import NotFound

    source = request.source
    if not source.is_file():
        raise NotFound(name=source.name)
    return {"bytes": len(source.read_bytes())}


def crash(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A programming error."""
    raise RuntimeError("a bug")


def pause(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Waits for ``request.seconds`` in small steps."""
    from pipeline.messages import message

    until = time.monotonic() + request.seconds
    while time.monotonic() < until:
        report(0.5, message("progress.rendering"))
        time.sleep(0.02)
    (folder / "paused.txt").write_text("done")
    return {"output": folder / "paused.txt"}


def kinds() -> Mapping[str, Any]:
    """The kinds of job of the benchmarks."""
    from reelify.requests import HighlightsRequest
    from syncdub.requests import SyncRequest
    from web.jobs.kinds import Kind, by_name

    ours = by_name(Kind(HighlightsRequest, clips, "raw_clips"), Kind(SyncRequest, sync))
    return {**ours, **{work.__name__: Kind(Errand, work) for work in (encode, read, crash, pause)}}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(settings: Settings, port: int, page: bool = False) -> None:
    """Run the service, with the page where wanted; the child process's main function."""
    import uvicorn

    from web.application import create_app
    from web.guard import lines
    from web.runner import queue_of
    from web.studio import compose, prepare
    from web.watch import logs

    prepare()
    logs.configure(settings)
    engine = AnyMedia()
    app = (compose if page else create_app)(settings, engine, queue_of(settings, engine, kinds=kinds()))
    uvicorn.run(app, host="127.0.0.1", port=port, timeout_graceful_shutdown=3, **lines.options())


@contextmanager
def running(settings: Settings, page: bool = False) -> Iterator[tuple[int, BaseProcess]]:
    """A service that answers: its port and its process."""
    port = free_port()
    with started(serve, (settings, port, page), port) as process:
        yield port, process


@contextmanager
def started(main: Any, arguments: tuple[Any, ...], port: int, wait: bool = True) -> Iterator[BaseProcess]:
    """A process that runs ``main`` and answers on ``port`` (from the start where the block shall ``wait``), until the block ends."""
    process = CONTEXT.Process(target=main, args=arguments, daemon=True)
    process.start()
    try:
        if wait:
            until_ready(port)
        yield process
    finally:
        if process.is_alive() and process.pid:
            process.terminate()
            process.join(15)
        if process.is_alive():
            process.kill()


def request(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """One request; a ``body`` that is not bytes is sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def until_ready(port: int, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if request(port, "GET", "/api/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the service did not start")


def kill(process: BaseProcess) -> None:
    """``kill -9``."""
    if process.pid:
        import os

        os.kill(process.pid, signal.SIGKILL)
    process.join(10)
