"""Sentences as vectors (sentence-transformers, whose only home this is, for named models).

They come from the encoder that arrives with the installation (:mod:`pipeline.text.encoder`), which is asked directly: loading
sentence-transformers takes longer than most texts. Another model is used where the settings name a local folder, or a hub may be
asked. Such a model runs on the GPU, in half precision where its vectors allow it; the bundled one is small, written for numpy, and
stays on the processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import Device, in_batches, sparing
from pipeline.messages import Message
from pipeline.settings import Settings
from pipeline.text import encoder
from pipeline.text.inflection import readable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PROCESSOR = Device("cpu", "CPU", "int8")

BUNDLED = encoder.NAME

BATCH = 512
"""Sentences a call of the encoder; it splits them further by tokens, so this only bounds memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """A model with its name: a ``named`` one, or where there is none the ``bundled`` one, and why it is another than the wanted one."""

    named: SentenceTransformer | None
    name: str
    doubts: tuple[Message, ...] = ()
    bundled: encoder.Encode = encoder.nothing


class Embedder:
    """Sentences → unit vectors, nearby where the meaning is near, across languages. The model is loaded on first use."""

    def __init__(self, settings: Settings, *, device: Device | None = None) -> None:
        self._settings = settings
        self._device = device or PROCESSOR
        self._dtypes = self._device.torch_dtypes
        self._loaded: _Loaded | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, dimension), ``float32``, length 1; equal texts are computed once; ``n`` may be 0.

        Raises:
            ModelUnavailable: the bundled weights are missing.
        """
        unique = {text: index for index, text in enumerate(dict.fromkeys(readable(t) for t in texts))}
        if not unique:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = sparing(self._device.kind if self.on_device else "cpu", lambda kind: self._finite(list(unique), kind))
        order = [unique[readable(t)] for t in texts]
        return np.ascontiguousarray(vectors[order])

    @property
    def on_device(self) -> bool:
        """Whether its model is, or would be, on a GPU: the bundled one stays on the processor."""
        named = wanted(self._settings) is not None if self._loaded is None else self._loaded.named is not None
        return self._device.is_card and named

    def _finite(self, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
        """Vectors in the first type of the device in which all are finite: some networks leave the range of half precision.
        Model and type stay where they were moved to."""
        model = self._load().named
        if model is None:
            return self._load().bundled(texts)
        if kind == "cpu" and self.on_device:
            self._device, self._dtypes = PROCESSOR, ("float32",)
            model.to("cpu")
            _cast(model, "float32")
        vectors = _encoded(model, texts)
        while len(self._dtypes) > 1 and not np.isfinite(vectors).all():
            self._dtypes = self._dtypes[1:]
            vectors = _encoded(_cast(model, self._dtypes[0]), texts)
        return vectors if self._dtypes[0] == "float32" else _unit(vectors)

    @property
    def name(self) -> str:
        """The model in use."""
        return self._load().name

    @property
    def doubts(self) -> tuple[Message, ...]:
        """Why another model than the one asked for is used, if so."""
        return self._load().doubts

    @property
    def dimension(self) -> int:
        """Columns of the vectors: 512 for the bundled model."""
        model = self._load().named
        return int((model.get_embedding_dimension() if model else 0) or encoder.DIMENSION)

    def _load(self) -> _Loaded:
        if self._loaded is None:
            named = _named_model(self._settings, self._device)
            self._loaded = _Loaded(*named) if named else _Loaded(None, BUNDLED, self._excuse(), encoder.load())
            self._dtypes = self._dtypes if self.on_device else ("float32",)
        return self._loaded

    def _excuse(self) -> tuple[Message, ...]:
        wanted = self._settings.sentence_model
        if wanted in ("", BUNDLED, Settings().sentence_model):
            return ()
        return (Message("doubt.sentence_model", {"wanted": wanted, "used": BUNDLED}),)


def _encoded(model: SentenceTransformer, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors (n, dimension), in as many batches as memory makes necessary.

    Raises:
        OutOfMemory: one sentence alone does not fit.
    """

    def work(part: Sequence[str]) -> NDArray[np.float32]:
        size = min(BATCH, len(part))
        found = model.encode(
            list(part), batch_size=size, show_progress_bar=False, convert_to_numpy=True, normalize_embeddings=True
        )
        return np.asarray(found, np.float32)

    return np.stack(in_batches(texts, len(texts), work))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length 1 in single precision: networks in half precision leave it off by a thousandth."""
    out: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return out


def wanted(settings: Settings) -> str | None:
    """Where the model of the settings may come from: a local folder, or its name at a hub that may be asked."""
    name = settings.sentence_model
    folder = next((p for p in (Path(name), settings.models_dir / name) if name and p.is_dir()), None)
    at_hub = settings.allow_hub and name and name != BUNDLED
    return str(folder) if folder is not None else name if at_hub else None


def _named_model(settings: Settings, device: Device) -> tuple[SentenceTransformer, str, tuple[Message, ...]] | None:
    """The model of the settings in the device's type, where it is a local folder or a hub may be asked and answers."""
    where = wanted(settings)
    if where is None:
        return None
    from sentence_transformers import SentenceTransformer

    def load(kind: str) -> SentenceTransformer:
        model = SentenceTransformer(where, device=kind, cache_folder=str(settings.models_dir / "hub"))
        return _cast(model, device.torch_dtypes[0] if kind == device.kind else "float32")

    try:
        model = sparing(device.kind, load)
    except (OSError, ValueError, RuntimeError, ImportError):
        return None
    return model, settings.sentence_model, ()


def _cast(model: SentenceTransformer, dtype: str) -> SentenceTransformer:
    import torch

    return model.to(getattr(torch, dtype))
