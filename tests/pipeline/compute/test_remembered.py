"""Stage results are remembered by content; failures are not."""

from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

from pipeline.compute.remembered import Remembered, digest
from pipeline.values import Curve, Sentence, Transcript, Word


def test_the_same_content_elsewhere_is_remembered(tmp_path: Path) -> None:
    one, other = tmp_path / "a.bin", tmp_path / "ñ b.bin"
    one.write_bytes(b"x" * 10_000_000)
    other.write_bytes(one.read_bytes())
    memory, calls = Remembered(tmp_path / "memory"), []
    wanted = Transcript("es", 3.0, (Sentence(0.5, 1.0, "hola", (Word(0.5, 1.0, "hola", 0.9),)),))

    def compute() -> Transcript:
        calls.append(1)
        return wanted

    assert memory.recall("t", one, (1,), Transcript, compute) == wanted
    assert Remembered(tmp_path / "memory").recall("t", other, (1,), Transcript, compute) == wanted
    assert len(calls) == 1
    memory.recall("t", one, (2,), Transcript, compute)
    assert len(calls) == 2


def test_another_content_of_the_same_size_differs(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"x" * 9_000_000)
    b.write_bytes(b"x" * 8_999_999 + b"y")
    assert digest(a) != digest(b)


def test_arrays_survive(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"1")
    memory = Remembered(tmp_path / "m")
    memory.recall("c", file, (), Curve, lambda: Curve("rms", np.array([1.5, -2.25], np.float32), 0.5))
    again = memory.recall("c", file, (), Curve, lambda: pytest.fail("computed twice"))
    assert again.values.dtype == np.float32
    assert again.values.tolist() == [1.5, -2.25]


def test_failures_and_torn_files_are_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"1")
    memory = Remembered(tmp_path / "m")
    with pytest.raises(ZeroDivisionError):
        memory.recall("t", file, (), Transcript, lambda: Transcript("", 1 / 0))
    memory.recall("t", file, (), Transcript, lambda: Transcript("en", 1.0))
    (stored,) = (tmp_path / "m" / "t").iterdir()
    stored.write_bytes(stored.read_bytes()[:-3])
    assert memory.recall("t", file, (), Transcript, lambda: Transcript("es", 2.0)).language == "es"


def test_two_threads_compute_once(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"1")
    memory, calls, gate = Remembered(tmp_path / "m"), list[int](), threading.Barrier(2)

    def compute() -> Transcript:
        calls.append(1)
        return Transcript("en", 1.0)

    def work() -> None:
        gate.wait()
        memory.recall("t", file, (), Transcript, compute)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(calls) == 1


@pytest.mark.parametrize(
    "old",
    [
        b'{"language": "en", "seconds": 1.0, "sentences": []}',  # a field had another name
        b'{"language": "en", "duration": 1.0, "sentences": [], "mood": "calm"}',  # a field is gone
        b'{"language": "en", "duration": 1.0, "sentences": [{"start": 0, "end": 1, "words": "hello"}]}',
        pickle.dumps({"language": "en", "duration": 1.0}),
        b"cpipeline.values_of_old\nTranscript\n.",  # a pickle of a class that has moved away
    ],
)
def test_what_an_older_layout_left_is_made_anew(tmp_path: Path, old: bytes) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"1")
    memory = Remembered(tmp_path / "m")
    memory.recall("t", file, (), Transcript, lambda: Transcript("en", 1.0))
    (stored,) = (tmp_path / "m" / "t").iterdir()
    stored.write_bytes(old)
    assert memory.recall("t", file, (), Transcript, lambda: Transcript("es", 2.0)).language == "es"
    assert memory.recall("t", file, (), Transcript, lambda: pytest.fail("computed twice")).language == "es"


def test_what_is_remembered_names_no_module(tmp_path: Path) -> None:
    """A class may move to another room: its results stay."""
    file = tmp_path / "f"
    file.write_bytes(b"1")
    memory = Remembered(tmp_path / "m")
    wanted = Transcript("es", 3.0, (Sentence(0.5, 1.0, "hola", (Word(0.5, 1.0, "hola", 0.9),)),))
    memory.recall("t", file, (), Transcript, lambda: wanted)
    (stored,) = (tmp_path / "m" / "t").iterdir()
    text = stored.read_text(encoding="utf-8")
    assert json.loads(text)["language"] == "es"
    assert "pipeline" not in text
    assert "Transcript" not in text
