"""How the service is: ready or not and why, what the machine is, and figures for Prometheus.

Nothing here works on the event loop for long: what takes time is computed in a thread and kept for some seconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from importlib import metadata
from pathlib import Path
from typing import Any, Generic, TypeVar

import psutil
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.compute.device import Device
from pipeline.errors import ToolError
from pipeline.messages import Message as Text
from pipeline.settings import GIB, Settings
from web.intake.library import Library
from web.jobs.queue import Job, Jobs
from web.watch import gpu

LOW_DISK = GIB
KEEP = 5.0
"""Seconds a computed state is good for."""
PATIENCE = 0.05
"""Seconds that an answer waits for a new state before it gives the last one."""
STUCK = 60.0
"""After so many seconds without a new state something (a dead volume) holds its computation up."""
PACKAGES = (
    "gradio", "torch", "openai-whisper", "faster-whisper", "ctranslate2", "sentence-transformers", "spacy", "librosa",
    "moviepy", "ffmpeg-python", "pandas", "av", "numpy", "fastapi", "onnxruntime",
)  # fmt: skip
SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
_log = logging.getLogger("web.access")
T = TypeVar("T")


class Kept(Generic[T]):
    """A value computed at most once in ``seconds``, in a thread of its own, so that nobody has to wait for it."""

    def __init__(self, compute: Callable[[], T], seconds: float = KEEP) -> None:
        self._compute, self._seconds = compute, seconds
        self._lock = threading.Lock()
        self._running: Future[T] | None = None
        self._at = float("-inf")
        self._value: T | None = None

    @property
    def age(self) -> float:
        """Seconds since the value was computed."""
        return time.monotonic() - self._at

    async def soon(self, patience: float = PATIENCE) -> T:
        """The value; an old one where a new one takes longer than ``patience`` seconds. Waits only where there is none.

        Who asks often never waits: up to twice its time the last value is given at once, and a new one is begun.
        """
        value = self._value
        if value is not None and self.age < self._seconds:
            return value
        begun = self._begun()
        if value is not None and self.age < 2 * self._seconds:
            return value
        running = asyncio.wrap_future(begun)
        if value is None:
            return await running
        done, _ = await asyncio.wait({running}, timeout=patience)
        return running.result() if done else value

    def get(self) -> T:
        """The value, computed now if need be."""
        value = self._value
        return value if value is not None and self.age < self._seconds else self._begun().result()

    def _begun(self) -> Future[T]:
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                self._running.set_running_or_notify_cancel()
                # A daemon: a volume that never answers must not hold up the end of the service.
                threading.Thread(target=self._work, args=(self._running,), daemon=True, name="monitor").start()
            return self._running

    def _work(self, running: Future[T]) -> None:
        try:
            value = self._compute()
        except BaseException as error:
            running.set_exception(error)
            raise
        self._value, self._at = value, time.monotonic()
        running.set_result(value)


class Monitor:
    """Health, system information and metrics of one service; ``device`` is what it computes on, where it does so itself."""

    def __init__(
        self, settings: Settings, jobs: Jobs, library: Library, device: Callable[[], Device | None] = lambda: None
    ) -> None:
        self._settings, self._jobs, self._library, self._device = settings, jobs, library, device
        self._begun = time.time()
        self.health = Kept(self._health)
        self.system = Kept(self._system)
        self.registry = CollectorRegistry()
        self.registry.register(_Now(jobs))  # type: ignore[arg-type]
        own = self.registry
        self.bytes = Counter("studio_bytes", "Bytes received and sent", ["direction"], registry=own)
        self.requests = Counter("studio_requests", "Answers by method and status", ["method", "status"], registry=own)
        self.ended = Counter("studio_jobs_ended", "Finished jobs", ["kind", "state"], registry=own)
        self.job_seconds = Histogram("studio_job_seconds", "Duration of jobs", ["kind"], buckets=SECONDS, registry=own)
        self.stages = Histogram("studio_stage_seconds", "Duration of stages", ["stage"], buckets=SECONDS, registry=own)

    def observe(self, job: Job) -> None:
        """Count a finished job."""
        self.ended.labels(job.kind, job.state).inc()
        if job.started and job.finished:
            self.job_seconds.labels(job.kind).observe(job.finished - job.started)
        for stage, seconds in job.stages.items():
            self.stages.labels(stage.removeprefix("progress.")).observe(seconds)

    def metrics(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)

    async def state(self) -> dict[str, Any]:
        """``{"status": "ready" | "degraded", "reasons", "uptime"}``, within moments whatever the disks do."""
        found = await self.health.soon()
        if self.health.age < STUCK:
            return found
        return found | {"status": "degraded", "reasons": [*found["reasons"], Text("health.stuck")]}

    def _health(self) -> dict[str, Any]:
        reasons = [reason for check in (self._store, self._disks, self._tools, self._volume) for reason in check()]
        state = "degraded" if reasons else "ready"
        return {"status": state, "reasons": reasons, "uptime": round(time.time() - self._begun, 1)}

    def _store(self) -> Iterator[Text]:
        try:
            self._jobs.counts()
        except ToolError:
            yield Text("health.store")

    def _disks(self) -> Iterator[Text]:
        for path in sorted({self._settings.data_dir, self._settings.uploads, self._settings.outputs}):
            there = _existing(path)
            free = shutil.disk_usage(there).free
            if free < LOW_DISK:
                yield Text("health.disk_low", {"name": path.name, "free": free})
            if not os.access(there, os.W_OK | os.X_OK):
                yield Text("health.not_writable", {"name": path.name})

    def _tools(self) -> Iterator[Text]:
        from pipeline.media.ffmpeg import executable

        try:
            found = Path(executable()).is_file()
        except (RuntimeError, OSError):
            found = False
        if not found:
            yield Text("health.ffmpeg")

    def _volume(self) -> Iterator[Text]:
        if self._library.enabled and not self._library.status()["available"]:
            yield Text("health.library")

    def _system(self) -> dict[str, Any]:
        memory = psutil.virtual_memory()
        disk = shutil.disk_usage(_existing(self._settings.data_dir))
        settings = self._settings
        return {
            "cpu": {
                "count": os.cpu_count(),
                "percent": psutil.cpu_percent(),
                "architecture": platform.machine(),
                "load": [round(x, 2) for x in os.getloadavg()],
            },
            "memory": {
                "total": memory.total,
                "available": memory.available,
                "process": psutil.Process().memory_info().rss,
            },
            "disk": {"total": disk.total, "free": disk.free},
            "gpu": [
                {"name": c.name, "memory_total": c.memory_total, "memory_used": c.memory_used, "percent": c.utilisation}
                for c in gpu.cards()
            ],
            "device": _described(self._device()),
            "models": {
                "whisper": settings.whisper_model,
                "speech_backend": settings.speech_backend,
                "sentences": settings.sentence_model,
                "device": settings.device,
            },
            "versions": {"python": platform.python_version()} | {n: v for n in PACKAGES if (v := _version(n))},
            "jobs": self._jobs.counts(),
            "workers": settings.workers,
        }


def _described(device: Device | None) -> dict[str, Any] | None:
    """What computes, by a first calculation on it, and why it is no other."""
    if device is None:
        return None
    return {
        "kind": device.kind,
        "name": device.name,
        "memory": device.memory,
        "precision": device.dtype,
        "beside": list(device.beside),
        "doubts": list(device.doubts),
    }


class _Now:
    """Figures that are read when somebody asks."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        counts = self._jobs.counts()
        states = GaugeMetricFamily("studio_jobs", "Jobs by state", labels=["state"])
        for state, number in counts.items():
            states.add_metric([state], number)
        yield states
        yield GaugeMetricFamily("studio_queue_length", "Jobs that wait", value=counts["queued"])
        yield GaugeMetricFamily("studio_memory_bytes", "Resident memory", value=psutil.Process().memory_info().rss)
        used = GaugeMetricFamily("studio_gpu_memory_bytes", "GPU memory in use", labels=["card"])
        for number, card in enumerate(gpu.cards()):
            used.add_metric([str(number)], card.memory_used)
        yield used


class Watch:
    """Counts answers and bytes, and writes the access log of the API."""

    def __init__(self, app: ASGIApp, monitor: Monitor) -> None:
        self.app, self.monitor = app, monitor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status, counted = time.monotonic(), 500, self.monitor.bytes
        received, sent = counted.labels("received"), counted.labels("sent")

        async def hear() -> Message:
            message = await receive()
            received.inc(len(message.get("body", b"")))
            return message

        async def say(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            sent.inc(len(message.get("body", b"")))
            await send(message)

        try:
            await self.app(scope, hear, say)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.monitor.requests.labels(method, str(status)).inc()
            if scope["path"].startswith(("/api/", "/clips/")) and scope["path"] != "/api/health":
                level = logging.DEBUG if method == "GET" and status < 400 else logging.INFO  # progress is read a lot
                seconds = round(time.monotonic() - begun, 3)
                told = {"method": method, "path": scope["path"], "status": status, "seconds": seconds}
                _log.log(level, "request", extra=told)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _existing(path: Path) -> Path:
    """The nearest folder that exists."""
    return next(p for p in (path, *path.parents) if p.is_dir())


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
