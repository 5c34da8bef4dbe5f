"""Whisper's weights from a CTranslate2 file as the state dict that openai-whisper expects.

The file: version, specification name, revision; then for each variable name, rank, dimensions, type and bytes; then
aliases. Little-endian; names are length-prefixed and end in a zero byte. CTranslate2 keeps query, key and value as one
matrix (``linear_0`` of self-attention) and key and value as one (``linear_1`` of cross-attention); openai-whisper keeps
them apart and has no bias on the key, which is zero in the file.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelUnavailable

TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
HEAD_WIDTH = 64
"""Every published Whisper has attention heads of this width."""
PARTS = ("encoder", "decoder")
Arrays = dict[str, NDArray[Any]]


def read_variables(path: Path) -> Arrays:
    """Every variable of a CTranslate2 ``model.bin`` by name, aliases included, in the type it is stored in.

    Raises:
        ModelUnavailable: the file is cut short or of a type that is not known.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, struct.error, KeyError, ValueError, UnicodeDecodeError) as error:
        raise ModelUnavailable("error.model_damaged", name=path.parent.name, detail=repr(error)) from error


def _read(file: BinaryIO) -> Arrays:
    _number(file, "<I")
    _text(file)
    _number(file, "<I")
    arrays: Arrays = {}
    for _ in range(_number(file, "<I")):
        name = _text(file)
        shape = [_number(file, "<I") for _ in range(_number(file, "<B"))]
        kind = TYPES[_number(file, "<B")]
        data = file.read(_number(file, "<I"))
        arrays[name] = np.frombuffer(data, dtype=kind).reshape(shape)
    for _ in range(_number(file, "<I")):
        alias = _text(file)
        arrays[alias] = arrays[_text(file)]
    return arrays


def _number(file: BinaryIO, layout: str) -> int:
    return int(struct.unpack(layout, file.read(struct.calcsize(layout)))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "<H")).rstrip(b"\0").decode("utf-8")


def dimensions(arrays: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """The sizes openai-whisper's ``ModelDimensions`` wants, read off the shapes."""
    n_vocab, n_state = arrays["decoder/embeddings/weight"].shape
    heads = n_state // HEAD_WIDTH
    return {
        "n_mels": int(arrays["encoder/conv1/weight"].shape[1]),
        "n_audio_ctx": int(arrays["encoder/position_encodings/encodings"].shape[0]),
        "n_audio_state": n_state,
        "n_audio_head": heads,
        "n_audio_layer": _layers(arrays, "encoder"),
        "n_vocab": n_vocab,
        "n_text_ctx": int(arrays["decoder/position_encodings/encodings"].shape[0]),
        "n_text_state": n_state,
        "n_text_head": heads,
        "n_text_layer": _layers(arrays, "decoder"),
    }


def _layers(arrays: Mapping[str, NDArray[Any]], part: str) -> int:
    blocks = {name.split("/")[1] for name in arrays if name.startswith(f"{part}/layer_")}
    return len(blocks - {"layer_norm"})


def alignment_heads(folder: Path) -> list[tuple[int, int]]:
    """The (layer, head) pairs of cross-attention that follow the sound; empty where the folder does not name them."""
    config = folder / "config.json"
    if not config.is_file():
        return []
    pairs = json.loads(config.read_text(encoding="utf-8")).get("alignment_heads") or []
    return [(int(layer), int(head)) for layer, head in pairs]


def state_dict(arrays: Mapping[str, NDArray[Any]], parts: Sequence[str] = PARTS) -> Arrays:
    """openai-whisper's state dict, float32, from the variables of :func:`read_variables`; of some ``parts`` only, if wished.

    Raises:
        ModelUnavailable: the weights are quantised, or a variable is missing.
    """
    if any(name.endswith("weight_scale") for name in arrays):
        raise ModelUnavailable(name="whisper", detail="quantised weights cannot run on torch")
    try:
        return {name: np.asarray(array, np.float32) for name, array in _mapped(arrays, parts)}
    except KeyError as error:
        raise ModelUnavailable("error.model_damaged", name="whisper", detail=f"no variable {error}") from error


def _mapped(arrays: Mapping[str, NDArray[Any]], parts: Sequence[str]) -> Iterator[tuple[str, NDArray[Any]]]:
    for part in parts:
        yield f"{part}.positional_embedding", arrays[f"{part}/position_encodings/encodings"]
        yield from _norm(arrays, f"{part}/layer_norm", "encoder.ln_post" if part == "encoder" else "decoder.ln")
        for number in range(_layers(arrays, part)):
            yield from _block(arrays, f"{part}/layer_{number}", f"{part}.blocks.{number}", cross=part == "decoder")
    if "encoder" in parts:
        for number in (1, 2):
            yield from _linear(arrays, f"encoder/conv{number}", f"encoder.conv{number}")
    if "decoder" in parts:
        yield "decoder.token_embedding.weight", arrays["decoder/embeddings/weight"]


def _block(
    arrays: Mapping[str, NDArray[Any]], source: str, target: str, *, cross: bool
) -> Iterator[tuple[str, NDArray[Any]]]:
    own = "self_attention"
    yield from _split(arrays, f"{source}/{own}/linear_0", [f"{target}.attn.{n}" for n in ("query", "key", "value")])
    yield from _linear(arrays, f"{source}/{own}/linear_1", f"{target}.attn.out")
    yield from _norm(arrays, f"{source}/{own}/layer_norm", f"{target}.attn_ln")
    if cross:
        yield from _linear(arrays, f"{source}/attention/linear_0", f"{target}.cross_attn.query")
        yield from _split(
            arrays, f"{source}/attention/linear_1", [f"{target}.cross_attn.{n}" for n in ("key", "value")]
        )
        yield from _linear(arrays, f"{source}/attention/linear_2", f"{target}.cross_attn.out")
        yield from _norm(arrays, f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
    yield from _linear(arrays, f"{source}/ffn/linear_0", f"{target}.mlp.0")
    yield from _linear(arrays, f"{source}/ffn/linear_1", f"{target}.mlp.2")
    yield from _norm(arrays, f"{source}/ffn/layer_norm", f"{target}.mlp_ln")


def _linear(arrays: Mapping[str, NDArray[Any]], source: str, target: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield f"{target}.weight", arrays[f"{source}/weight"]
    yield f"{target}.bias", arrays[f"{source}/bias"]


def _norm(arrays: Mapping[str, NDArray[Any]], source: str, target: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield f"{target}.weight", arrays[f"{source}/gamma"]
    yield f"{target}.bias", arrays[f"{source}/beta"]


def _split(arrays: Mapping[str, NDArray[Any]], source: str, targets: list[str]) -> Iterator[tuple[str, NDArray[Any]]]:
    weights = np.split(arrays[f"{source}/weight"], len(targets))
    biases = np.split(arrays[f"{source}/bias"], len(targets))
    for target, weight, bias in zip(targets, weights, biases, strict=True):
        yield f"{target}.weight", weight
        if not target.endswith(".key"):
            yield f"{target}.bias", bias
