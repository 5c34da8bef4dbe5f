"""What the encoder made of chunks, kept until their words are asked for: the vote on a language and the words take the same states."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from pipeline.speech.values import Chunk

ROOM = 96 * 2**20
"""Bytes of states kept on a processor: four batches of Whisper base, one of large."""


class States:
    """States (chunk, frame, width) of groups of chunks as CTranslate2 takes them, encoded by ``encode`` once.

    On a processor (``host``) they are arrays, kept chunk by chunk, so that other groups of the same chunks find them too, for as long as
    somebody holds the chunk; on a GPU the last group is kept as it is.
    """

    def __init__(self, encode: Callable[[Sequence[Chunk], int], Any], *, host: bool) -> None:
        self._encode, self._host, self._lock = encode, host, Lock()
        self._last: tuple[Sequence[Chunk], int, Any] = ((), 0, None)
        self._kept: OrderedDict[tuple[int, int], tuple[ref[Chunk], NDArray[np.float32]]] = OrderedDict()

    def prepare(self, chunks: Sequence[Chunk], frames: int) -> None:
        """On a processor, encodes what is missing of ``chunks``, so that parts of them may be asked for from several threads."""
        if self._host:
            self._encoded(chunks, frames)

    def __call__(self, chunks: Sequence[Chunk], frames: int) -> Any:
        """The states of ``chunks``, each given ``frames``."""
        if self._host:
            return self._joined(chunks, frames)
        known, wide, view = self._last
        if wide == frames and len(known) == len(chunks) and all(a is b for a, b in zip(known, chunks, strict=True)):
            return view
        view = self._encode(chunks, frames)
        self._last = (tuple(chunks), frames, view)
        return view

    def _joined(self, chunks: Sequence[Chunk], frames: int) -> Any:
        """The states of chunks on a processor; only those that are not kept are encoded."""
        return view(np.stack(self._encoded(chunks, frames)))

    def _encoded(self, chunks: Sequence[Chunk], frames: int) -> list[NDArray[np.float32]]:
        with self._lock:
            self._forget()
            missing = [c for c in chunks if (id(c), frames) not in self._kept]
            for chunk, states in zip(
                missing, np.asarray(self._encode(missing, frames)) if missing else (), strict=True
            ):
                self._kept[id(chunk), frames] = (ref(chunk), states)
            found = [self._kept[id(chunk), frames][1] for chunk in chunks]
            self._forget()
        return found

    def _forget(self) -> None:
        """Those whose chunk nobody holds go, and the oldest where there is no more room."""
        for key in [key for key, (chunk, _) in self._kept.items() if chunk() is None]:
            del self._kept[key]
        size = sum(states.nbytes for _, states in self._kept.values())
        while size > ROOM and len(self._kept) > 1:
            size -= self._kept.popitem(last=False)[1][1].nbytes


def view(states: NDArray[np.float32]) -> Any:
    """States (chunk, frame, width) on a processor as CTranslate2 takes them."""
    from ctranslate2 import StorageView

    return StorageView.from_array(np.ascontiguousarray(states))
