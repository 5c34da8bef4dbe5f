"""Libraries that take seconds to load are loaded before somebody waits for them."""

from __future__ import annotations

import contextlib
import importlib
import threading

AFTER = 10.0
"""Seconds after the start: the first page goes first."""
LIBRARIES = ("av", "torch", "onnxruntime", "scipy.signal", "librosa.onset", "librosa.beat", "faster_whisper")


def load() -> None:
    """Imports :data:`LIBRARIES`; one that is missing is found missing by who needs it."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def soon(after: float = AFTER) -> threading.Timer:
    """Starts :func:`load` in the background ``after`` seconds from now; the timer can be cancelled and holds up no exit."""
    timer = threading.Timer(after, load)
    timer.daemon = True
    timer.start()
    return timer
