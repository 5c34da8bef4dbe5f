"""Libraries that take seconds to load are loaded before somebody waits for them."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import threading
from collections.abc import Callable, Sequence

from pipeline.settings import keep_quiet

AFTER = 10.0
"""Seconds after the start: the first page goes first."""
SMALL = ("av", "scipy.ndimage")
"""Part of a second; loaded as soon as somebody is there."""
LIBRARIES = (
    *(*SMALL, "torch", "scipy.signal", "onnxruntime", "faster_whisper"),
    *("scipy.stats", "numba", "librosa.beat"),
)
"""In the order in which the first minute needs them; one that has begun to load is loaded to its end."""
PAUSE = 3.0
"""Seconds between the small ones and the others: who clicks at once has the processor for his job."""


def load(enough: Callable[[], bool] = lambda: False, names: Sequence[str] = LIBRARIES) -> None:
    """Imports ``names`` until ``enough``; one that is missing is found missing by who needs it."""
    keep_quiet()
    for name in itertools.takewhile(lambda _: not enough(), names):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class Warming:
    """Loads in the background: :data:`AFTER` the start, or as soon as :meth:`hurry` is called. It holds up no exit."""

    def __init__(self) -> None:
        self._wanted, self._enough = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._wait, name="warm", daemon=True)

    def start(self, after: float = AFTER) -> None:
        """Begins to wait."""
        self._after = after
        self.thread.start()

    def hurry(self) -> None:
        """Somebody is there. Nothing happens where nobody waits."""
        self._wanted.set()

    def stop(self) -> None:
        """A job has begun that loads what it needs; the rest would only be in its way."""
        self._enough.set()

    def _wait(self) -> None:
        self._wanted.wait(self._after)
        load(self._enough.is_set, SMALL)
        self._enough.wait(PAUSE)
        load(self._enough.is_set)


warming = Warming()
"""Of this process; a server that does not work itself never starts it."""
