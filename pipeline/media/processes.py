"""Children of this process: in a group of their own, gone when the work is cancelled, an exception flies or the application is killed.

They are started without copying this process (``vfork``): where Python runs code of ours between fork and exec, the C library first calls
what libraries wish to do before a fork, and OpenBLAS ends its threads then, which another job's product may be waiting for.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

GRACE = 3.0
"""Seconds between the polite and the final signal."""
PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def process(
    command: Sequence[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive this block; ``environment`` is all it knows, by default what we do."""
    guard = _guard()
    child = subprocess.Popen(
        [*guard, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=None if environment is None else dict(environment),
        start_new_session=True,
        preexec_fn=None if guard else _die_with_parent(),
    )
    try:
        yield child
    finally:
        _end(child)
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


@functools.cache
def _guard() -> tuple[str, ...]:
    """What stands before a command so that Linux kills it when the thread that waits for it is gone; the command keeps the process."""
    found = shutil.which("setpriv") if sys.platform == "linux" else None
    if found is None:
        return ()
    words = (found, "--pdeathsig", "KILL", "--")
    try:
        subprocess.run(
            [*words, found, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=GRACE
        )
    except (OSError, subprocess.SubprocessError):
        return ()  # older than 2018, or BusyBox's
    return words


@functools.cache
def _prctl() -> Any:
    return ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _die_with_parent() -> Callable[[], None] | None:
    """The same where the system has no ``setpriv``: what the child does before it becomes the command."""
    prctl, parent = _prctl(), os.getpid()
    if prctl is None:
        return None

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # died between fork and prctl
            os._exit(1)

    return ask
