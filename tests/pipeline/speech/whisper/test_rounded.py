"""The encoder in 8 bits beside the one in single precision, and what happens where it cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.compute.graphs import MICROSOFT, graph, node, port, tensor
from pipeline.compute.models import whisper_folder
from pipeline.compute.prepared import prepared
from pipeline.errors import ModelUnavailable
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.values import RATE, Chunk, ChunkPiece
from pipeline.speech.whisper import rounded
from pipeline.speech.whisper.on_ctranslate2 import FasterWhisper
from pipeline.speech.whisper.rounded import RoundedEncoder, exact, session
from pipeline.values import Span


def test_a_graph_computes_what_was_drawn() -> None:
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    nodes = [node("MatMul", ["x", "w"], "xw"), node("Softmax", ["xw"], "y", axis=-1)]
    made = session(graph(nodes, [tensor("w", weight)], [port("x", ["row", 2])], [port("y", ["row", 3])]))
    x = np.array([[1.0, -0.25], [0.0, 0.5]], np.float32)
    likely = np.exp(x @ weight)
    np.testing.assert_allclose(made.run(None, {"x": x})[0], likely / likely.sum(1, keepdims=True), rtol=1e-5)


def test_lists_and_fractions_are_attributes_too() -> None:
    nodes = [node("Transpose", ["x"], "t", perm=[1, 0]), node("LeakyRelu", ["t"], "y", alpha=0.5)]
    made = session(graph(nodes, [], [port("x", ["a", "b"])], [port("y", ["b", "a"])]))
    x = np.array([[1.0, -2.0, 3.0]], np.float32)
    assert made.run(None, {"x": x})[0].tolist() == [[1.0], [-1.0], [3.0]]
    assert MICROSOFT == "com.microsoft"


@pytest.mark.models
def test_states_lie_near_those_of_single_precision(media: Path, tmp_path: Path) -> None:
    from faster_whisper import WhisperModel

    if not exact():
        pytest.skip("a processor without 8-bit products")
    folder = whisper_folder(Settings())
    plain = WhisperModel(str(folder), device="cpu", compute_type="float32", cpu_threads=1)
    samples = load_audio(media / "speech" / "es" / "azure_audio2.flac", span=Span(0.0, 8.0)).samples
    mel = plain.feature_extractor(samples)[..., :800].astype(np.float32)
    quick = RoundedEncoder(folder, 2)
    alone = quick([mel])[0]
    wanted = np.asarray(plain.encode(mel[None]))[0]
    assert alone.shape == (400, 512)
    assert np.linalg.norm(alone - wanted) < 0.1 * np.linalg.norm(wanted)
    np.testing.assert_array_equal(quick([mel, 3 * mel])[0], alone)
    before = prepared.folder
    prepared.use(tmp_path)
    for _ in ("makes the file", "reads it"):
        np.testing.assert_array_equal(RoundedEncoder(folder, 2)([mel])[0], alone)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    np.testing.assert_array_equal(RoundedEncoder(folder, 2)([mel])[0], alone)
    prepared.use(before)


@pytest.mark.models
def test_without_it_ctranslate2_encodes_and_hears_the_same(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = whisper_folder(Settings())
    monkeypatch.setattr(rounded, "LARGEST", 1000)
    with pytest.raises(ModelUnavailable):
        RoundedEncoder(folder, 1)
    slower = FasterWhisper(folder, "cpu", "int8", 2)
    monkeypatch.undo()
    quicker = FasterWhisper(folder, "cpu", "int8", 2)
    audio = load_audio(media / "speech" / "es" / "azure_audio2.flac", span=Span(0.0, 9.0))
    said = [
        Chunk(s, (ChunkPiece(0.0, 0.0, len(s) / RATE),), np.ones(len(s) // 512 + 1, np.float32), 0.032)
        for s in (audio.samples, audio.samples[: 6 * RATE])
    ]
    first, second = (["".join(w.text for w in h.words) for h in one.listen(said, "es")] for one in (slower, quicker))
    assert len(first[0].split()) > 8
    assert [t.split()[:4] for t in first] == [t.split()[:4] for t in second]
