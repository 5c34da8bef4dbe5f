"""Whisper's encoder on a processor with 8-bit products: half the work of CTranslate2's, and nearer to single precision.

Weights are rounded column by column once, states row by row at every product; attention and norms stay in single precision. What varies
much from dimension to dimension is evened out before (SmoothQuant, Xiao et al. 2023). A whole window on one thread of an EPYC with VNNI:
0.59 s of processor against 0.94 s; distance from the states in single precision 6 % against 7 to 8 %.
"""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.graphs import MICROSOFT, graph, node, port, tensor
from pipeline.compute.prepared import prepared
from pipeline.errors import ModelUnavailable
from pipeline.speech.whisper.weights import Arrays, dimensions, read_variables, state_dict

LARGEST = 512 * 2**20
"""Bytes of a model's file over which it is left to CTranslate2: the encoder would lie in memory twice."""
LEVELS = 127
EVENED = 0.6
"""How much of a dimension's spread moves from the states to the weights; from .5 to .7 the distance stays the same."""
EPSILON = 1e-5
DRAWN = 1
"""Of graphs that were prepared; to be raised with every change of what is drawn here."""
Floats = NDArray[np.float32]


class RoundedEncoder:
    """The encoder of the Whisper in ``folder``; may be called by several threads at once.

    Raises:
        ModelUnavailable: the weights are quantised, too large or damaged, or this processor's 8-bit products overflow.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        file = folder / "model.bin"
        if file.stat().st_size > LARGEST:
            raise ModelUnavailable(name=folder.name, detail="too large to be kept twice")
        if not exact():
            raise ModelUnavailable(name=folder.name, detail="8-bit products overflow on this processor")
        made = _made(folder.name, file)
        self._positions = made["positions"]
        self._threads = threads
        self._session = session(made["graph"].tobytes())

    def __call__(self, features: Sequence[Floats]) -> Floats:
        """States (row, frame, width) of spectrograms (band, 2 · frame) of one length; a row never depends on those beside it."""
        if len(features) == 1 or self._threads == 1:
            return np.stack([self._one(mel) for mel in features])
        with ThreadPoolExecutor(min(self._threads, len(features))) as pool:
            return np.stack(list(pool.map(self._one, features)))

    def _one(self, mel: Floats) -> Floats:
        given = {"mel": mel[None], "at": self._positions[: mel.shape[1] // 2]}
        return np.asarray(self._session.run(None, given)[0][0], np.float32)


def _made(name: str, file: Path) -> Mapping[str, NDArray[Any]]:
    """The ``graph`` (bytes) of the encoder in ``file`` and the encodings of its ``positions``: prepared where that can be."""

    def written(part: Path) -> None:
        made = _read(file)
        with part.open("wb") as stream:
            np.savez(stream, graph=made["graph"], positions=made["positions"])

    kept = prepared.file(f"{name}-encoder{DRAWN}.npz", (file,), written)
    with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        if kept is not None:
            with kept.open("rb") as stream, np.load(stream) as found:
                return {part: found[part] for part in ("graph", "positions")}
    return _read(file)


def _read(file: Path) -> dict[str, NDArray[Any]]:
    arrays = read_variables(file)
    sizes = dimensions(arrays)
    weights = state_dict(arrays, ["encoder"])
    made = _encoder(weights, sizes["n_audio_layer"], sizes["n_audio_head"], sizes["n_mels"])
    return {"graph": np.frombuffer(made, np.uint8), "positions": weights["encoder.positional_embedding"]}


def session(model: bytes) -> Any:
    """An onnxruntime session of a graph that works on the thread that calls it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def exact() -> bool:
    """Whether this processor's 8-bit products are what they should be: without VNNI, sums of two large ones are cut off."""
    weights = np.full((64, 8), LEVELS, np.int8)
    tensors = [tensor("w", weights), tensor("step", np.ones(8, np.float32))]
    nodes = [node("DynamicQuantizeMatMul", ["x", "w", "step"], "y", MICROSOFT)]
    tried = session(graph(nodes, tensors, [port("x", ["row", 64])], [port("y", ["row", 8])]))
    found = tried.run(None, {"x": np.ones((8, 64), np.float32)})[0]
    return bool(np.allclose(found, 64 * LEVELS, rtol=0.01))


class _Drawing:
    """A graph as it grows."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []
        self._count = 0
        self._last = self.keep(np.array([-1], np.int64))
        self._least = self.keep(np.array([1e-9], np.float32))

    def keep(self, array: NDArray[Any]) -> str:
        """The name of a weight."""
        self._count += 1
        self.tensors.append(tensor(f"w{self._count}", array))
        return f"w{self._count}"

    def add(self, operation: str, *inputs: str, domain: str = "", **attributes: float | int | Sequence[int]) -> str:
        """The name of what an operation gives."""
        self._count += 1
        self.nodes.append(node(operation, inputs, f"x{self._count}", domain, **attributes))
        return f"x{self._count}"

    def norm(self, x: str, gain: Floats, bias: Floats) -> str:
        """Layer norm over the last axis."""
        return self.add("LayerNormalization", x, self.keep(gain), self.keep(bias), axis=-1, epsilon=EPSILON)

    def product(self, x: str, weight: Floats, bias: Floats | None) -> str:
        """``x @ weight.T + bias`` with both rounded to 8 bits: each row of ``x`` is brought to a greatest of one before."""
        step = np.maximum(np.abs(weight).max(axis=1) / LEVELS, 1e-9).astype(np.float32)
        rounded = np.ascontiguousarray(np.round(weight / step[:, None]).astype(np.int8).T)
        greatest = self.add("Max", self.add("ReduceMax", self.add("Abs", x), self._last, keepdims=1), self._least)
        even = self.add("Div", x, greatest)
        found = self.add("DynamicQuantizeMatMul", even, self.keep(rounded), self.keep(step), domain=MICROSOFT)
        whole = self.add("Mul", found, greatest)
        return whole if bias is None else self.add("Add", whole, self.keep(bias))

    def gelu(self, x: str) -> str:
        return self.add("Gelu", x, domain=MICROSOFT)


def _encoder(weights: Arrays, layers: int, heads: int, mels: int) -> bytes:
    """The graph from ``mel`` (1, band, 2 · frame) and ``at`` (frame, width), the places' encodings, to states (1, frame, width)."""
    drawing = _Drawing()
    x = "mel"
    for number, stride in ((1, 1), (2, 2)):
        kernel = [drawing.keep(weights[f"encoder.conv{number}.{part}"]) for part in ("weight", "bias")]
        x = drawing.gelu(drawing.add("Conv", x, *kernel, pads=[1, 1], strides=[stride]))
    x = drawing.add("Add", drawing.add("Transpose", x, perm=[0, 2, 1]), "at")
    for number in range(layers):
        prefix = f"encoder.blocks.{number}."
        x = _block(drawing, x, {n.removeprefix(prefix): a for n, a in weights.items() if n.startswith(prefix)}, heads)
    out = drawing.norm(x, weights["encoder.ln_post.weight"], weights["encoder.ln_post.bias"])
    width = weights["encoder.positional_embedding"].shape[1]
    inputs = [port("mel", [1, mels, "sound"]), port("at", ["frame", width])]
    return graph(drawing.nodes, drawing.tensors, inputs, [port(out, [1, "frame", width])])


def _block(drawing: _Drawing, x: str, block: Arrays, heads: int) -> str:
    names = [f"attn.{part}" for part in ("query", "key", "value")]
    gain, bias, parts = _evened(block, "attn_ln", names)
    before = drawing.norm(x, gain, bias)
    asked = [drawing.product(before, w, block.get(f"{n}.bias")) for n, w in zip(names, parts, strict=True)]
    seen = drawing.add("MultiHeadAttention", *asked, domain=MICROSOFT, num_heads=heads)
    x = drawing.add("Add", x, drawing.product(seen, block["attn.out.weight"], block["attn.out.bias"]))
    gain, bias, parts = _evened(block, "mlp_ln", ["mlp.0"])
    wide = drawing.gelu(drawing.product(drawing.norm(x, gain, bias), parts[0], block["mlp.0.bias"]))
    return drawing.add("Add", x, drawing.product(wide, block["mlp.2.weight"], block["mlp.2.bias"]))


def _evened(block: Arrays, norm: str, names: Sequence[str]) -> tuple[Floats, Floats, list[Floats]]:
    """A norm and the weights behind it so that no dimension of its output varies much more than the others: the same product."""
    gain, bias = block[f"{norm}.weight"], block[f"{norm}.bias"]
    weights = [block[f"{name}.weight"] for name in names]
    spread = 3 * np.abs(gain) + np.abs(bias)
    widest = np.max([np.abs(w).max(axis=0) for w in weights], axis=0)
    even = np.maximum(spread**EVENED / np.maximum(widest, 1e-9) ** (1 - EVENED), 1e-6).astype(np.float32)
    return gain / even, bias / even, [w * even for w in weights]
