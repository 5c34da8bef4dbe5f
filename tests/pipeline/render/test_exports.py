"""Tables, archives and edit lists."""

from __future__ import annotations

import io
import json
import random
import zipfile
from fractions import Fraction
from pathlib import Path

import pandas
import pytest

from pipeline.errors import NotFound
from pipeline.render import exports
from pipeline.values import Cut, Span, Timeline

PLAN = Timeline((Cut("/m/a ñ.mp4", Span(10.0, 12.0), 0.0), Cut("/m/b.mp4", Span(5.0, 7.0), 3.0, 1.5)), name="Lo mejor")


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


@pytest.mark.parametrize(
    ("frame", "expected"),
    # SMPTE 12M: 29.97 skips numbers 00 and 01 of every minute that is no tenth one.
    [(0, "00:00:00;00"), (1799, "00:00:59;29"), (1800, "00:01:00;02"), (17981, "00:09:59;29"), (17982, "00:10:00;00"),
     (107892, "01:00:00;00")],
)  # fmt: skip
def test_drop_frame(frame: int, expected: str) -> None:
    assert exports.timecode(frame * 1001 / 30000, Fraction(30000, 1001)) == expected


def test_drop_frame_counts_every_frame_once() -> None:
    fps = Fraction(30000, 1001)
    seen = [exports.timecode(float(n / fps), fps) for n in range(0, 40000)]
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen)


def test_other_rates_are_not_drop_frame() -> None:
    assert exports.timecode(3600.0, Fraction(25)) == "01:00:00:00"
    assert exports.timecode(1001 / 24000 * 24, Fraction(24000, 1001)) == "00:00:01:00"


def test_edl_says_what_comes_from_where() -> None:
    lines = exports.to_edl(PLAN, Fraction(25)).splitlines()
    assert lines[:2] == ["TITLE: Lo mejor", "FCM: NON-DROP FRAME"]
    assert lines[2].split() == ["001", "AX", "AA/V", "C", "00:00:10:00", "00:00:12:00", "00:00:00:00", "00:00:02:00"]
    assert "* FROM CLIP NAME: a n.mp4" in lines
    assert any(line.startswith("M2") and "016.7" in line for line in lines)


def test_otio_keeps_gaps_speeds_and_times() -> None:
    otio = pytest.importorskip("opentimelineio")
    text = exports.to_otio(PLAN, Fraction(25), {"/m/b.mp4": 60.0})
    assert text == exports.to_otio(PLAN, Fraction(25), {"/m/b.mp4": 60.0})
    read = otio.adapters.read_from_string(text, "otio_json")
    for track in read.tracks:
        clip, gap, slow = list(track)
        assert clip.source_range.start_time.to_seconds() == pytest.approx(10.0)
        assert gap.source_range.duration.to_seconds() == pytest.approx(1.0)
        assert slow.trimmed_range_in_parent().start_time.to_seconds() == pytest.approx(3.0)
        assert slow.effects[0].time_scalar == pytest.approx(1 / 1.5)
    assert len(read.tracks) == 2


def test_otio_of_random_plans_is_as_long_as_the_plan() -> None:
    otio = pytest.importorskip("opentimelineio")
    chance = random.Random(7)
    for _ in range(20):
        at, cuts = 0.0, []
        for number in range(chance.randint(1, 8)):
            at += chance.choice([0.0, chance.uniform(0, 2)])
            start = chance.uniform(0, 100)
            cuts.append(Cut(f"/m/{number}.mp4", Span(start, start + chance.uniform(0.5, 9)), at))
            at = cuts[-1].end
        plan = Timeline(tuple(cuts))
        read = otio.adapters.read_from_string(exports.to_otio(plan), "otio_json")
        assert read.duration().to_seconds() == pytest.approx(plan.duration, abs=0.021)
