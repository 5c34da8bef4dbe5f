"""A look into a file that may be hostile, in a process of its own whose limits the kernel keeps.

Demuxers and decoders are a million lines that read what anybody made. So the first look at a file happens in a child that
may use so much memory and processor time and no more, may write nothing, and is killed when its time is over: whatever it
does, the service stays up and has an answer. Loading the libraries costs half a second, so one process, the warden, has
loaded them; each look is a fork of it (some milliseconds), and nothing that a file does outlives its look.

Only plain JSON comes back: what a broken child says is never more than data.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ToolError

MIB = 1024**2
BEGUN = b"!"
"""The first byte of an answer: the look has begun, what follows is its own affair."""
MOST = 16 * MIB
"""Bytes of an answer."""
GRACE = 5.0
"""Seconds more than the kernel's own limit before the warden is thought to be broken."""
START = 60.0
"""Seconds that a warden may take to load its libraries on a busy machine."""
LOADED = ("av", "av.codec.hwaccel", "av.error", "av.stream")
"""What a look needs and :mod:`pipeline.media` imports when it is used."""
Work = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one look may use: seconds by the clock and of the processor, bytes of memory beyond what the warden holds."""

    seconds: float = 20.0
    cpu_seconds: int = 15
    memory: int = 1536 * MIB


class Broken(Exception):
    """The look ended without an answer: it crashed, or the kernel ended it at a limit."""


class Warden:
    """The process whose forks look into files; ``work`` is ``module:function``, called with a path, its answer plain JSON.

    Safe from any thread; looks of several threads run beside each other. It ends when its owner is gone.
    """

    def __init__(self, work: str) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def look(self, path: Path, limits: Limits) -> Any:
        """What ``work`` answers.

        Raises:
            Broken: it crashed or went over a limit. ToolError: no process could be had.
        """
        for _ in range(2):
            found = self._asked(path, limits)
            if found.startswith(BEGUN):
                return _plain(found[len(BEGUN) :])
            self.close()  # the warden itself is gone: the next one answers
        raise ToolError(detail="no process to look into files")

    def close(self) -> None:
        """End the warden; looks under way end by their own limits."""
        with self._lock:
            if self._line is not None:
                self._line.close()
            if self._process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.2)
                self._process.kill()
                self._process.wait()
            self._line = self._process = None

    def _asked(self, path: Path, limits: Limits) -> bytes:
        answer, there = os.pipe()
        try:
            try:
                self._send(json.dumps({"path": os.fspath(path), "limits": asdict(limits)}).encode(), there)
            except OSError:
                return b""
            finally:
                os.close(there)
            return _read(answer, limits.seconds + GRACE + START)
        finally:
            os.close(answer)

    def _send(self, asked: bytes, answer: int) -> None:
        with self._lock:
            if self._line is None:
                self._start()
            assert self._line is not None
            socket.send_fds(self._line, [len(asked).to_bytes(4, "big")], [answer])
            self._line.sendall(asked)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            program = (
                f"import sys; sys.path[:] = {sys.path!r}; from pipeline.media.fenced import serve; "
                f"serve({theirs.fileno()}, {self._work!r})"
            )
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._line = ours


@functools.cache
def warden(work: str) -> Warden:
    """The one warden of this process for ``work``; it ends with the process."""
    made = Warden(work)
    atexit.register(made.close)
    return made


def _read(answer: int, seconds: float) -> bytes:
    """All of an answer, as far as it comes in time."""
    found, deadline = bytearray(), time.monotonic() + seconds
    ready = select.poll()
    ready.register(answer, select.POLLIN)
    while len(found) <= MOST and (left := deadline - time.monotonic()) > 0:
        if not ready.poll(left * 1000):
            break
        piece = os.read(answer, 65536)
        if not piece:
            break
        found += piece
    return bytes(found)


def _plain(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Broken from error


def serve(number: int, work: str) -> None:
    """The warden's life: a fork for every request that comes through descriptor ``number``, until its other end is closed."""
    module, _, name = work.partition(":")
    function: Work = getattr(importlib.import_module(module), name)
    for library in LOADED:
        importlib.import_module(library)
    gc.freeze()  # or every fork would write into all of its pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a look ended
    warnings.simplefilter("ignore")  # numerical libraries have threads, which do nothing here
    with socket.socket(fileno=number) as line:
        while (asked := _request(line)) is not None:
            wanted, answer = asked
            if os.fork() == 0:
                line.close()
                _look(function, wanted, answer)
            os.close(answer)


def _request(line: socket.socket) -> tuple[dict[str, Any], int] | None:
    head, descriptors, _, _ = socket.recv_fds(line, 4, 1)
    if not head:
        return None
    size, body = int.from_bytes(head + line.recv(4 - len(head), socket.MSG_WAITALL), "big"), b""
    while len(body) < size:
        if not (piece := line.recv(size - len(body))):
            return None
        body += piece
    return json.loads(body), descriptors[0]


def _look(function: Work, wanted: Mapping[str, Any], answer: int) -> None:
    """The child: under its limits it looks, answers and ends; nothing of the warden's runs on."""
    try:
        os.write(answer, BEGUN)
        _confine(Limits(**wanted["limits"]))
        text = json.dumps(function(wanted["path"])).encode()
        with os.fdopen(answer, "wb") as file:
            file.write(text)
    finally:
        os._exit(0)


def _confine(limits: Limits) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    if (held := _address_space()) is not None:
        resource.setrlimit(resource.RLIMIT_AS, (held + limits.memory,) * 2)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + limits.cpu_seconds
    for kind, most in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (most, most))


def _address_space() -> int | None:
    """Bytes of addresses that this process has; ``None`` where the system does not say (and keeps no such limit)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return None
