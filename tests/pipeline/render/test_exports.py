"""Tables, archives and edit lists."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pandas
import pytest

from pipeline.errors import NotFound
from pipeline.render import exports


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "..\\..\\x.mp4", "a\x00b.mp4", "", ".", "..", "-rf.mp4", "CON.mp4", "a" * 400],
)
def test_safe_name_is_one_plain_file_name(name: str) -> None:
    safe = exports.safe_name(name)
    assert safe
    assert safe not in {".", ".."}
    assert not set(safe) & set('/\\\x00<>:"|?*')
    assert not safe.startswith("-")
    assert len(safe.encode()) <= 100
    assert safe.partition(".")[0].lower() not in exports.RESERVED


def test_safe_name_keeps_what_is_fine() -> None:
    assert exports.safe_name("El pingüino (ñ) 2.mp4") == "El pingüino (ñ) 2.mp4"


def test_csv_round_trip_and_no_formula() -> None:
    rows = [
        {"text": "=HYPERLINK(1)", "n": 1.5, "words": ["a", "b"]},
        {"text": 'coma, "cita"\nñ', "n": -2.0, "words": []},
    ]
    frame = pandas.read_csv(io.StringIO(exports.to_csv(rows)), keep_default_na=False)
    assert frame["text"][0] == "'=HYPERLINK(1)"
    assert frame["text"][1] == 'coma, "cita"\nñ'
    assert list(frame["n"]) == [1.5, -2.0]
    assert frame["words"][0] == "a; b"


def test_json_rows() -> None:
    assert json.loads(exports.to_json([{"a": "ñ", "b": 0.5}])) == [{"a": "ñ", "b": 0.5}]
    assert json.loads(exports.to_json([])) == []


def test_zip_has_flat_unique_names_and_is_deterministic(tmp_path: Path) -> None:
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "clip.mp4")
        files[-1].write_bytes(folder.encode() * 10)
    first = exports.to_zip(files, tmp_path / "one.zip").read_bytes()
    second = exports.to_zip(files, tmp_path / "two.zip").read_bytes()
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["clip.mp4", "clip (2).mp4"]
        assert archive.read("clip (2).mp4") == b"b" * 10


def test_zip_of_a_missing_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        exports.to_zip([tmp_path / "no.mp4"], tmp_path / "out.zip")
    assert list(tmp_path.iterdir()) == []
