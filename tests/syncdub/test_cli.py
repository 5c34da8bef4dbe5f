"""The command line's contract: exit codes, one JSON object, reports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import syncdub.analysis
from pipeline.media.probe import probe
from pipeline.messages import message
from pipeline.settings import Settings
from pipeline.values import Transcript
from syncdub.__main__ import main
from syncdub.values import SyncPlan
from tests.dubbing import RATE, Prober, film, plan, sound, write


class Fake(Prober):
    """An engine whose sentences are vectors of their first letters."""

    def embed(self, texts: list[str]) -> np.ndarray:
        out = np.eye(26, dtype=np.float32)[[ord(t[0].lower()) - 97 for t in texts]]
        return out

    def transcript(self, path: str, language: str | None = None, stream: int = 0) -> Transcript:
        return Transcript("es", 15.0)


def run(arguments: list[str], tmp_path: Path) -> int:
    return main(arguments, lambda settings: Fake(Settings(temp_dir=tmp_path / "work")))  # type: ignore[arg-type,return-value]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    whole = sound(16, 5)
    return film(tmp_path, whole), write(tmp_path / "dub.mka", whole[:, RATE:])


def analysed_as(monkeypatch: pytest.MonkeyPatch, given: SyncPlan) -> list[object]:
    asked: list[object] = []

    def analyse(engine: object, request: object, report: object = None) -> SyncPlan:
        asked.append(request)
        return given

    monkeypatch.setattr(syncdub.analysis, "analyse", analyse)
    return asked


def test_sync_answers_one_object_and_writes_the_report(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = analysed_as(monkeypatch, plan((0, 15, 1.0, 1.0)))
    out, report = tmp_path / "o.mkv", tmp_path / "r.json"
    options = ["-o", str(out), "--json", "--quick", "--follow", "picture", "--report", str(report), "--nudge-ms", "20"]
    assert run(["sync", *map(str, files), *options], tmp_path) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "shift"
    assert answer["output"] == str(out)
    assert answer["segments"][0]["offset_ms"] == pytest.approx(1020)
    assert answer["residual_ms"]["median"] == pytest.approx(20, abs=1)
    assert json.loads(report.read_text()) == answer
    assert asked[0].quick  # type: ignore[attr-defined]
    assert asked[0].follow == "picture"  # type: ignore[attr-defined]


def test_the_track_is_named_after_the_language_that_was_heard(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysed_as(monkeypatch, replace(plan((0, 15, 1.0, 1.0)), languages=("en", "es")))
    assert run(["sync", *map(str, files), "-o", str(tmp_path / "o.mkv"), "--default", "dub"], tmp_path) == 0
    tracks = probe(tmp_path / "o.mkv").audio
    assert [(a.language, a.default) for a in tracks] == [("eng", False), ("spa", True)]
    assert tracks[1].title.startswith("Español (")


def test_a_language_that_nobody_knows_is_asked_for_and_taken(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    analysed_as(monkeypatch, plan((0, 15, 1.0, 1.0)))
    for more, language, asked in (([], "", True), (["--language", "es-MX"], "es", False)):
        run(["sync", *map(str, files), "-o", str(tmp_path / "o.mkv"), "--json", *more], tmp_path)
        answer = json.loads(capsys.readouterr().out)
        assert answer["track"]["language"] == language
        assert any("--language" in doubt for doubt in answer["doubts"]) == asked


def test_a_refusal_is_four_and_says_why(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    analysed_as(monkeypatch, SyncPlan("refuse", 1.0, doubts=(message("doubt.pitch_unknown"),)))
    report = tmp_path / "r.json"
    assert (
        run(["sync", *map(str, files), "-o", str(tmp_path / "o.mkv"), "--json", "--report", str(report)], tmp_path) == 4
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["output"] is None
    assert json.loads(report.read_text())["doubts"]
    assert not (tmp_path / "o.mkv").exists()


def test_wrong_input_is_three_with_a_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "nothing.mkv", "none.mka", "-o", str(tmp_path / "o.mkv"), "--json"], tmp_path) == 3
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["error"]) == ("error", "not_found")


def test_the_output_may_not_be_an_input(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files[0].read_bytes()
    assert run(["sync", *map(str, files), "-o", str(files[0])], tmp_path) == 3
    assert files[0].read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [[], ["sync", "a", "b"], ["analyse", "a"], ["sync", "a", "b", "-o", "c.mkv", "--codec", "mp3"]]
)
def test_wrong_usage_is_two(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        run(arguments, tmp_path)
    assert caught.value.code == 2


def test_align_prints_links(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("alpha one two\nbeta three four\n\ncharlie five six\n")
    b.write_bytes("\ufeffalfa uno dos\nbeta tres cuatro\ncharlie cinco seis\n".encode())
    assert run(["align", str(a), str(b)], tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == ["[0]:[0]", "[1]:[1]", "[2]:[2]"]
