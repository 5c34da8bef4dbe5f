"""The recognisers there are: one entry a backend, read by the settings, the transcriber and the workers of a cluster.

A new one is one entry here and the module that does the work. That module is imported by the entry's ``load`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.speech.values import Recogniser
from pipeline.speech.whisper.fixed import rows_by_weights


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recogniser computes: ``kind`` of device (``cpu``, or torch's name of a card), its number type, threads of the
    processor, chunks heard at once where a card's ``memory`` (bytes; 0: not known, or the processor) does not allow more."""

    kind: str
    dtype: str
    threads: int
    batch: int
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Backend:
    """``few`` and ``many``: chunks heard at once by a processor and by a card. ``on_torch`` ones compute wherever torch does; the first
    of them takes over where another cannot use the GPU. ``load`` makes one of the weights in a folder.

    Raises (``load``):
        ModelUnavailable: the folder does not hold a model, or the device cannot run it.
    """

    name: str
    few: int
    many: int
    on_torch: bool
    load: Callable[[Path, Place], Recogniser]

    def batch(self, kind: str) -> int:
        """Chunks heard at once on this kind of device."""
        return self.few if kind == "cpu" else self.many


def _faster_whisper(folder: Path, place: Place) -> Recogniser:
    from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper

    dtype = "int8" if place.kind == "cpu" else place.dtype
    batch = max(place.batch, rows_by_weights(place.memory, (folder / "model.bin").stat().st_size))
    return FasterWhisper(folder, place.kind, dtype, place.threads, batch)


def _openai_whisper(folder: Path, place: Place) -> Recogniser:
    from pipeline.speech.whisper.on_torch import OpenAIWhisper

    return OpenAIWhisper(folder, place.kind, place.batch)


BACKENDS: Mapping[str, Backend] = {
    backend.name: backend
    for backend in (
        Backend("faster-whisper", 8, 24, on_torch=False, load=_faster_whisper),
        Backend("openai-whisper", 8, 32, on_torch=True, load=_openai_whisper),
    )
}
DEFAULT = "faster-whisper"


def on_torch() -> Backend:
    """The backend for a GPU that the wanted one cannot use."""
    return next(backend for backend in BACKENDS.values() if backend.on_torch)
