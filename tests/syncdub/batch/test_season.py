"""A season through the workflow, with films that are made by a stand-in."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.errors import BadRequest, Cancelled, NotFound, UnreadableMedia
from pipeline.evidence.fingerprints import SoundPrint
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings
from pipeline.values import Span
from syncdub.__main__ import main
from syncdub.batch.planning import items, media_in, paired
from syncdub.batch.report import measured
from syncdub.batch.season import Episode, Season
from syncdub.batch.table import read_table, write_table
from syncdub.batch.workflow import season
from syncdub.requests import BatchRequest, SyncRequest
from syncdub.values import Segment, SyncPlan
from syncdub.workflow import SyncResult
from tests.syncdub.test_analysis import RATE, Listener, music


class Heard(Listener):
    """Knows nothing of languages."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.settings = Settings(data_dir=folder / "data", temp_dir=folder / "temp")
        self.heard: list[str] = []

    def sound_print(self, path: Path | str, stream: int = 0, report: Any = None) -> SoundPrint:
        self.heard.append(Path(path).name)
        return super().sound_print(path, stream)


def Engine(folder: Path) -> Any:
    """An engine without models."""
    return Heard(folder)


class Maker:
    """Makes films as its ``plans`` say by the dub's name, and counts them."""

    def __init__(self, plans: dict[str, SyncPlan | Exception]) -> None:
        self.plans = plans
        self.made: list[str] = []

    def __call__(self, engine: Any, request: SyncRequest, report: Report) -> SyncResult:
        self.made.append(request.dub.name)
        plan = self.plans.get(request.dub.name, PLAN)
        if isinstance(plan, Exception):
            raise plan
        if plan.verdict == "refuse":
            return SyncResult(plan)
        request.output.write_bytes(b"film")
        return SyncResult(plan, request.output)


PLAN = SyncPlan(
    "edit", 1.0,
    (Segment(0, 10, 1.0, 1.0, 4.0, 0.95), Segment(10, 20, 15.0, 1.0, 60.0, 0.6)), original_duration=30.0, dub_duration=20.0,
)  # fmt: skip
REFUSED = SyncPlan("refuse", 1.0, doubts=(message("doubt.nothing_shared"),))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    films, dubs = tmp_path / "films", tmp_path / "dubs"
    for folder, names in ((films, ["S01E01", "S01E02", "S01E03", "S01E04"]), (dubs, ["1x01", "1x02", "1x03", "odd"])):
        folder.mkdir()
        for n, name in enumerate(names):
            soundfile.write(folder / f"{name}.wav", music(n, 2.0), RATE)
    return films, dubs


def asked(folders: tuple[Path, Path], out: Path, **more: Any) -> BatchRequest:
    films, dubs = (media_in(f, frozenset({"wav"})) for f in folders)
    return BatchRequest(films=films, dubs=(dubs,), by="names", out=out, **more)


def test_a_refused_and_a_broken_pair_stop_nothing(folders: tuple[Path, Path], tmp_path: Path) -> None:
    make = Maker({"1x01.wav": REFUSED, "1x02.wav": UnreadableMedia(name="1x02.wav")})
    result = season(Engine(tmp_path), asked(folders, tmp_path / "out"), make=make)
    assert [r.state for r in result.rows] == ["refused", "failed", "done", "failed"]
    assert result.rows[2].figures["without_dub_s"] == pytest.approx(10.0)
    assert [p.kind for p in result.rows[2].places][:1] == ["join"]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["counts"] == {"done": 1, "refused": 1, "failed": 2}
    assert report["left"] == ["odd.wav"]
    assert report["places"] == sorted(report["places"], key=lambda p: -p["doubt"])
    assert len(list(csv.DictReader((tmp_path / "out" / "report.csv").read_text().splitlines()))) == 4
    assert "S01E03.wav" in (tmp_path / "out" / "report.html").read_text()


def test_what_is_finished_is_not_made_again_until_something_changes(folders: tuple[Path, Path], tmp_path: Path) -> None:
    make, out = Maker({"1x01.wav": REFUSED, "1x02.wav": UnreadableMedia(name="1x02.wav")}), tmp_path / "out"
    first = season(Engine(tmp_path), asked(folders, out), make=make)
    again = season(Engine(tmp_path), asked(folders, out), make=make)
    assert make.made == ["1x01.wav", "1x02.wav", "1x03.wav", "1x02.wav"]  # what failed is tried anew
    told = [(r.state, r.output, r.figures, r.doubts, [p.key for p in r.places]) for r in (again.rows[2], first.rows[2])]
    assert told[0] == told[1]
    season(Engine(tmp_path), asked(folders, out, interface="es"), make=make)
    assert make.made[4:] == ["1x02.wav"]
    (out / again.rows[2].output).unlink()
    season(Engine(tmp_path), asked(folders, out), make=make)
    assert make.made[-1] == "1x03.wav"
    season(Engine(tmp_path), asked(folders, out, asks={"codec": "aac"}), make=make)
    assert make.made[-3:] == ["1x01.wav", "1x02.wav", "1x03.wav"]


def test_a_film_that_was_made_shorter_is_called_so_and_found_again(folders: tuple[Path, Path], tmp_path: Path) -> None:
    class Shorter(Maker):
        def __call__(self, engine: Any, request: SyncRequest, report: Report) -> SyncResult:
            assert request.cut_gaps
            return replace(super().__call__(engine, request, report), gone=(Span(10, 15), Span(25, 30)))

    make, out = Shorter({}), tmp_path / "out"
    request = asked(folders, out, asks={"cut_gaps": True})
    first = season(Engine(tmp_path), request, make=make)
    assert [r.output for r in first.rows[:3]] == [f"S01E0{n} (shorter).mkv" for n in (1, 2, 3)]
    assert all((out / r.output).is_file() for r in first.rows[:3])
    assert first.rows[0].figures["cut_s"] == 10.0
    season(Engine(tmp_path), request, make=make)
    assert len(make.made) == 3


def test_a_stop_is_a_stop(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        season(Engine(tmp_path), asked(folders, tmp_path / "out"), make=Maker({"1x02.wav": Cancelled()}))
    make = Maker({})
    season(Engine(tmp_path), asked(folders, tmp_path / "out"), make=make)
    assert make.made == ["1x02.wav", "1x03.wav"]


def test_wrong_options_are_told_before_anything_is_paired(folders: tuple[Path, Path], tmp_path: Path) -> None:
    wrong: tuple[dict[str, Any], ...] = ({"asks": {"codec": "mp3"}}, {"naming": "{nothing}"}, {"films": ()})
    for more in wrong:
        with pytest.raises(BadRequest):
            season(Engine(tmp_path), replace(asked(folders, tmp_path), **more), make=Maker({}))


def test_two_films_of_one_name_are_numbered(folders: tuple[Path, Path], tmp_path: Path) -> None:
    result = season(Engine(tmp_path), asked(folders, tmp_path / "out", naming="Same"), make=Maker({}))
    assert [r.output for r in result.rows[:3]] == ["Same.mkv", "Same (2).mkv", "Same (3).mkv"]


def test_parts_of_one_dub_are_one_and_in_order(tmp_path: Path) -> None:
    found = items([Path("/d/Film CD2.avi"), Path("/d/Film CD1.avi"), Path("/d/Other.avi")])
    assert [[p.name for p in i.parts] for i in found] == [["Film CD1.avi", "Film CD2.avi"], ["Other.avi"]]


def test_the_table_is_read_as_it_was_written_and_edited(folders: tuple[Path, Path], tmp_path: Path) -> None:
    films, dubs = folders
    plan = paired(Engine(tmp_path), media_in(films, frozenset({"wav"})), media_in(dubs, frozenset({"wav"})), "names")
    for name in ("pairs.csv", "pairs.json"):
        write_table(plan, tmp_path / name, "en", folders)
        read = read_table(tmp_path / name, folders)
        assert [(e.film, e.dubs[0].parts) for e in read.episodes] == [
            (e.film, e.dubs[0].parts) for e in plan.episodes if e.dubs
        ]
    (tmp_path / "own.csv").write_text("original;dub\nS01E04.wav;odd.wav\nS01E01.wav;\n", encoding="utf-8-sig")
    assert read_table(tmp_path / "own.csv", folders).episodes[0].dubs[0].parts == (dubs / "odd.wav",)


def test_a_list_that_is_none_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    wrong = {"a.csv": "x,y\n1,2\n", "b.json": "{}", "c.csv": "original,dub\nS01E01.wav,odd.wav\nS01E02.wav,odd.wav\n"}
    for name, text in wrong.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(BadRequest):
            read_table(tmp_path / name, folders)
    (tmp_path / "d.csv").write_text("original,dub\nS01E01.wav,no.wav\n")
    with pytest.raises(NotFound):
        read_table(tmp_path / "d.csv", folders)


def test_the_command_shows_the_pairs_and_writes_the_list(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["batch", *map(str, folders), "-o", str(tmp_path / "out"), "--dry-run", "--by", "names", "--json",
                 "--table", str(tmp_path / "t.csv")]  # fmt: skip
    assert main(arguments, lambda settings: Engine(tmp_path)) == 0
    pairs = json.loads(capsys.readouterr().out)["pairs"]
    assert [(p["original"], p["dub"]) for p in pairs[:2]] == [("S01E01.wav", "1x01.wav"), ("S01E02.wav", "1x02.wav")]
    assert (tmp_path / "t.csv").is_file()
    assert not (tmp_path / "out").exists()


def test_content_pairs_what_no_name_does_and_leaves_what_only_shares_the_song(tmp_path: Path) -> None:
    song, films, dubs = music(99, 20.0), [], []
    for n in range(3):
        own = music(n, 50.0)
        soundfile.write(tmp_path / f"film{'abc'[n]}.wav", np.concatenate([song, own]), RATE)
        films.append(tmp_path / f"film{'abc'[n]}.wav")
    for name, seed in (("x", 2), ("y", 0), ("z", 55)):
        soundfile.write(tmp_path / f"dub{name}.wav", np.concatenate([song, music(seed, 50.0)]), RATE)
        dubs.append(tmp_path / f"dub{name}.wav")
    engine = Engine(tmp_path)
    found = paired(engine, films, dubs, "auto", no_report)
    assert sorted(engine.heard) == sorted(p.name for p in (*films, *dubs))  # each once
    assert [[d.parts[0].name for d in e.dubs] for e in found.episodes] == [["duby.wav"], [], ["dubx.wav"]]
    assert found.left == (tmp_path / "dubz.wav",)
    assert min(e.sure for e in (found.episodes[0], found.episodes[2])) > 0.8


def test_an_empty_season_has_no_pairs() -> None:
    assert Season((Episode(Path("a.mkv")),)).episodes[0].sure == 0.0


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1.0, "ms", "1 ms"),
        (0.27, "ms", "0,27 ms"),
        (12.34, "ms", "12,3 ms"),
        (10000.1, "ms", "10,0 s"),
        (10.0, "s", "10 s"),
    ],
)
def test_a_figure_is_said_as_people_say_it(value: float, unit: str, said: str) -> None:
    assert measured(value, unit, "es") == said
