"""Networks on a card: one at a time where it is small, the type their vectors allow, and the processor where it is full."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import stages
from pipeline.compute import device
from pipeline.compute.device import Device, in_batches, sparing
from pipeline.engine import Engine
from pipeline.errors import ModelUnavailable
from pipeline.messages import Message
from pipeline.settings import Settings
from pipeline.speech import backends, recognisers, transcriber
from pipeline.speech.backends import Place
from pipeline.speech.passages import Passage, Said
from pipeline.speech.recognisers import Recognisers
from pipeline.speech.values import Chunk, Heard, HeardWord
from pipeline.text import embedder
from pipeline.values import Span

GIB = 2**30
SMALL, LARGE = (Device("cuda", "Card", "float16", (), size * GIB) for size in (2, 24))
AMPERE = replace(LARGE, bfloat=True)
CPU = Device("cpu", "CPU", "int8")


class Network:
    """A model that holds itself in a circle, as torch's do; ``alive`` knows all that still take room."""

    alive: weakref.WeakSet[Network]
    loaded: list[str]
    together: int
    on_device = True
    pause: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, *_: Any, **__: Any) -> None:
        self.me = self
        Network.alive.add(self)
        Network.loaded.append(type(self).__name__)

    def work(self) -> None:
        Network.together = max(Network.together, len(Network.alive))
        Network.pause()

    def hear(self, passage: Passage) -> Said:
        self.work()
        return Said((), ())

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.work()
        return np.ones((len(texts), 2), np.float32)


class Ears(Network):
    pass


class Reader(Network):
    pass


@pytest.fixture
def engine_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Device], Engine]:
    gc.collect()
    monkeypatch.setattr(Network, "alive", weakref.WeakSet(), raising=False)
    monkeypatch.setattr(Network, "loaded", [], raising=False)
    monkeypatch.setattr(Network, "together", 0, raising=False)
    monkeypatch.setattr(transcriber, "Transcriber", Ears)
    monkeypatch.setattr(embedder, "Embedder", Reader)

    def make(chosen: Device) -> Engine:
        made = Engine(Settings(data_dir=tmp_path))
        made.here.__dict__["device"] = chosen
        return made

    return make


PASSAGE: Any = object()


def a_job(on: Engine) -> None:
    on.here.hear(PASSAGE)
    assert on.embed(["a", "b"]).shape == (2, 2)
    on.here.hear(PASSAGE)
    on.here.hear(PASSAGE)
    on.embed(["a"])


def test_a_small_card_holds_one_network_at_a_time(
    engine_on: Callable[[Device], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    released: list[int] = []
    monkeypatch.setattr(stages, "release", lambda: released.append(len(Network.alive)))
    small = engine_on(SMALL)
    a_job(small)
    assert Network.together == 1
    assert [name for name in Network.loaded if name == "Ears"] == ["Ears"] * 2
    # Given back when the other is gone and before the next one is there.
    assert released
    assert max(released) <= 1


@pytest.mark.parametrize("chosen", [CPU, LARGE], ids=lambda d: f"{d.kind}, {d.memory // GIB} GiB")
def test_elsewhere_all_stay_loaded(chosen: Device, engine_on: Callable[[Device], Engine]) -> None:
    a_job(engine_on(chosen))
    assert sorted(Network.loaded) == ["Ears", "Reader"]
    assert Network.together == 2


def test_a_network_on_the_processor_is_in_nobodys_way(
    engine_on: Callable[[Device], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reader, "on_device", False)
    a_job(engine_on(SMALL))
    assert sorted(Network.loaded) == ["Ears", "Reader"]


def test_two_jobs_on_a_small_card_wait_for_each_other(
    engine_on: Callable[[Device], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, inside, goes_on = engine_on(SMALL), threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        assert goes_on.wait(10)

    monkeypatch.setattr(Network, "pause", staticmethod(pause))
    listening = threading.Thread(target=small.here.hear, args=(PASSAGE,))
    listening.start()
    assert inside.wait(10)
    reading = threading.Thread(target=small.embed, args=(["a"],))
    reading.start()
    reading.join(0.2)
    assert reading.is_alive()
    assert Network.together == 1
    goes_on.set()
    listening.join(10)
    reading.join(10)
    assert Network.together == 1


@pytest.mark.parametrize(("chosen", "loaded"), [(SMALL, False), (LARGE, True), (CPU, True)])
def test_nothing_is_loaded_ahead_on_a_small_card(
    chosen: Device, loaded: bool, engine_on: Callable[[Device], Engine]
) -> None:
    done = threading.Event()
    engine_on(chosen).ahead(done.set)
    assert done.wait(0.5 if not loaded else 10) == loaded


def test_the_bundled_model_is_on_no_card(tmp_path: Path) -> None:
    settings = Settings(models_dir=tmp_path)
    assert not embedder.Embedder(settings, device=SMALL).on_device
    (tmp_path / "own").mkdir()
    named = replace(settings, sentence_model="own")
    assert embedder.Embedder(named, device=SMALL).on_device
    assert not embedder.Embedder(named).on_device
    assert embedder.Embedder(replace(settings, allow_hub=True), device=SMALL).on_device


def test_what_did_not_fit_is_gone_before_the_next_try() -> None:
    """The error that says so holds the frames it flew through, and they the arrays."""

    class Big:
        pass

    held: list[weakref.ref[Big]] = []
    left: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        gc.disable()
        left.append(sum(ref() is not None for ref in held))
        big = Big()
        held.append(weakref.ref(big))
        if len(items) > 1:
            raise RuntimeError("CUDA out of memory")
        return list(items)

    try:
        assert in_batches(range(4), 4, work) == [0, 1, 2, 3]
    finally:
        gc.enable()
    assert set(left) == {0}


def test_the_processor_helps_where_not_even_the_smallest_batch_fits() -> None:
    def work(kind: str) -> list[str]:
        def one(items: Sequence[int]) -> list[str]:
            if kind == "cuda":
                raise RuntimeError("CUDA out of memory")
            return [kind] * len(items)

        return in_batches(range(3), 2, one)

    assert sparing("cuda", work) == ["cpu"] * 3


def model(factor: float, room: int = 10**6, room_on: str = "") -> Any:
    """A sentence-transformers model of two multiplications by ``factor``; more than ``room`` sentences do not fit in the type
    ``room_on``."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.input_module import InputModule

    class Twice(InputModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = (torch.nn.Linear(8, 8, bias=False) for _ in range(2))
            for layer in (self.first, self.second):
                torch.nn.init.eye_(layer.weight)
                layer.weight.data *= factor
            self.types: list[tuple[str, int]] = []

        def preprocess(self, inputs: Sequence[str], prompt: str | None = None, **_: Any) -> dict[str, Any]:
            rows = [[float(ord(c) % 7 + 1) for c in text.ljust(8)[:8]] for text in inputs]
            return {"rows": torch.tensor(rows)}

        def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
            dtype = self.first.weight.dtype
            name = str(dtype).removeprefix("torch.")
            self.types.append((name, len(features["rows"])))
            if name == room_on and len(features["rows"]) > room:
                raise RuntimeError("CUDA out of memory. Tried to allocate 1.00 GiB")
            return {"sentence_embedding": self.second(self.first(features["rows"].to(dtype)))}

        def get_embedding_dimension(self) -> int:
            return 8

        def save(self, output_path: str, *_: Any, **__: Any) -> None:
            pass

    return SentenceTransformer(modules=[Twice()], device="cpu")


TEXTS = ["uno", "dos y tres", "cuatro", "cinco", "seis"]


def small_embedder(own: Any, chosen: Device, monkeypatch: pytest.MonkeyPatch) -> embedder.Embedder:
    """One whose model is ``own``, loaded in the first type of the device."""

    def named(settings: Settings, where: Device) -> tuple[Any, str, tuple[Message, ...]]:
        return embedder._cast(own, where.torch_dtypes[0]), "own", ()

    monkeypatch.setattr(embedder, "_named_model", named)
    monkeypatch.setattr(embedder, "wanted", lambda settings: "own")
    return embedder.Embedder(Settings(), device=chosen)


def types(own: Any) -> list[str]:
    return list(dict.fromkeys(name for name, _ in own[0].types))


@pytest.mark.models
@pytest.mark.parametrize(
    ("chosen", "factor", "expected"),
    [
        (CPU, 1000.0, ["float32"]),
        (replace(LARGE, dtype="float32"), 1000.0, ["float32"]),
        (AMPERE, 1.0, ["float16"]),
        (AMPERE, 1000.0, ["float16", "bfloat16"]),
        (LARGE, 1000.0, ["float16", "float32"]),
    ],
    ids=["processor", "old card", "range suffices", "out of range", "out of range without bfloat16"],
)
def test_the_type_is_the_first_whose_vectors_are_finite(
    chosen: Device, factor: float, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = model(factor)
    found = small_embedder(own, chosen, monkeypatch)
    vectors = found.encode(TEXTS)
    assert types(own) == expected
    own[0].types.clear()
    again = found.encode(TEXTS)
    assert types(own) == expected[-1:]
    np.testing.assert_array_equal(vectors, again)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(vectors, small_embedder(model(1.0), CPU, monkeypatch).encode(TEXTS), atol=4e-3)


@pytest.mark.models
def test_sentences_that_do_not_fit_go_in_smaller_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    own = model(1.0, room=2, room_on="float16")
    vectors = small_embedder(own, AMPERE, monkeypatch).encode(TEXTS)
    assert types(own) == ["float16"]
    assert [n for _, n in own[0].types] == [5, 2, 2, 1]
    np.testing.assert_allclose(vectors, small_embedder(model(1.0), CPU, monkeypatch).encode(TEXTS), atol=1e-3)


@pytest.mark.models
def test_a_model_that_fits_no_sentence_moves_to_the_processor_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    own = model(1.0, room=0, room_on="float16")
    found = small_embedder(own, AMPERE, monkeypatch)
    vectors = found.encode(TEXTS)
    assert types(own) == ["float16", "float32"]
    assert not found.on_device
    np.testing.assert_array_equal(vectors, small_embedder(model(1.0), CPU, monkeypatch).encode(TEXTS))


@pytest.mark.models
def test_a_model_that_does_not_load_on_the_card_loads_on_the_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sentence_transformers

    asked: list[str] = []
    own = model(1.0)

    def load(name: str, *, device: str, cache_folder: str) -> Any:
        asked.append(device)
        if device == "cuda":
            raise RuntimeError("CUDA out of memory")
        return own

    monkeypatch.setattr(sentence_transformers, "SentenceTransformer", load)
    (tmp_path / "own").mkdir()
    found = embedder.Embedder(replace(Settings(), sentence_model="own", models_dir=tmp_path), device=AMPERE)
    assert found.encode(TEXTS).shape == (5, 8)
    assert (found.name, found.doubts) == ("own", ())
    assert asked == ["cuda", "cpu"]
    assert types(own) == ["float32"]


class Voice:
    """A recogniser that says where it listens; without room it says so."""

    batch = 4

    def __init__(self, where: str, full: bool = False) -> None:
        self.where, self.full = where, full

    def languages(self, chunks: Sequence[Chunk]) -> list[dict[str, float]]:
        self.check()
        return [{self.where: 1.0} for _ in chunks]

    def within(self, chunk: Chunk, spans: Sequence[Span]) -> list[dict[str, float]]:
        return self.languages([chunk.part(span) for span in spans])

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        return [() for _ in chunks]

    def listen(
        self, chunks: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        self.check()
        return [Heard((), 0.0, 0.0) for _ in chunks]

    def check(self) -> None:
        if self.full:
            raise RuntimeError("CUDA failed with error out of memory")


def voices(monkeypatch: pytest.MonkeyPatch, ct2: str, torched: str) -> list[tuple[str, str, str]]:
    """Recognisers that are ``there``, ``full`` once loaded or do not load (``""``) on the card; always there on the processor."""
    asked: list[tuple[str, str, str]] = []

    def first(folder: Path, place: Place) -> Voice:
        asked.append(("ct2", place.kind, place.dtype))
        if place.kind == "cuda" and not ct2:
            raise ModelUnavailable(name="whisper", detail="CUDA failed with error out of memory")
        return Voice(f"ct2 {place.kind}", full=place.kind == "cuda" and ct2 == "full")

    def second(folder: Path, place: Place) -> Voice:
        asked.append(("torch", place.kind, ""))
        if place.kind == "cuda" and not torched:
            raise RuntimeError("CUDA out of memory")
        return Voice(f"torch {place.kind}", full=place.kind == "cuda" and torched == "full")

    known: dict[str, Any] = {"faster-whisper": first, "openai-whisper": second}
    replaced = {name: replace(backend, load=known[name]) for name, backend in backends.BACKENDS.items()}
    monkeypatch.setattr(backends, "BACKENDS", replaced)
    monkeypatch.setattr(recognisers, "BACKENDS", replaced)
    monkeypatch.setattr(Recognisers, "folder", Path("."))
    monkeypatch.setattr(recognisers, "tried", lambda recogniser: recogniser)
    return asked


def languages(chosen: Device, backend: str = "faster-whisper") -> list[str]:
    chunk: Any = None
    made = Recognisers(Settings(speech_backend=backend), chosen)  # type: ignore[arg-type]
    found = made.in_batches([chunk] * 3, lambda one, part: one.languages(part))
    return [next(iter(one)) for one in found]


def test_another_recogniser_on_the_card_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    voices(monkeypatch, "", "there")
    chunk: Any = None
    made = Recognisers(Settings(), LARGE)
    made.in_batches([chunk], lambda one, part: one.languages(part))
    assert [(d.code, d.values["wanted"]) for d in made.doubts] == [("doubt.other_recogniser", "faster-whisper")]


@pytest.mark.parametrize(
    ("ct2", "torched", "expected"),
    [
        ("there", "there", "ct2 cuda"),
        ("", "there", "torch cuda"),
        ("", "", "ct2 cpu"),
        ("full", "there", "ct2 cpu"),
        ("", "full", "ct2 cpu"),
    ],
)
def test_speech_is_heard_wherever_there_is_room(
    ct2: str, torched: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices(monkeypatch, ct2, torched)
    assert languages(LARGE) == [expected] * 3


def test_the_other_recogniser_finds_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    voices(monkeypatch, "there", "")
    assert languages(LARGE, "openai-whisper") == ["torch cpu"] * 3


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_whisper_runs_in_the_cards_type(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = voices(monkeypatch, "there", "there")
    languages(replace(LARGE, dtype=dtype))
    assert asked == [("ct2", "cuda", dtype)]


def test_small_is_said_of_cards_only() -> None:
    assert SMALL.small
    assert not LARGE.small
    assert not CPU.small
    assert not Device("cuda", "Card", "float16", (), device.SMALL).small
