"""Looks into files that go wrong in every way, for the tests of the fence around them."""

from __future__ import annotations

import os
import signal
import time
from typing import Any


def fine(path: str) -> dict[str, Any]:
    return {"path": path, "process": os.getpid()}


def misbehaves(path: str) -> dict[str, Any]:
    """As the last part of ``path`` says."""
    what = os.path.basename(path)
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "abort":
        os.abort()
    if what == "memory":
        return {"held": len(bytearray(3 * 1024**3))}
    if what == "spin":
        while True:
            pass
    if what == "sleep":
        time.sleep(3600)
    if what == "write":
        with open(path + ".written", "wb") as file:
            file.write(b"x" * 100)
    if what == "raise":
        raise RuntimeError("a bug")
    if what == "nonsense":
        os._exit(7)
    return {"fine": what}


def crashes(path: str) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def bug(path: str) -> dict[str, Any]:
    return {"bug": "RuntimeError()"}
