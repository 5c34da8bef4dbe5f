"""A folder of videos: each done once, a broken one stops none, one that still grows is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadRequest, Cancelled, UnreadableMedia
from pipeline.files.growing import Folder
from pipeline.messages import Message
from pipeline.settings import Settings
from reelify.folder_workflow import Watched, each_file, watch
from reelify.requests import HighlightsRequest

ALLOWED = frozenset({"mp4"})


class Engine:
    settings = Settings()


@pytest.fixture
def asked(tmp_path: Path) -> Watched:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4", "deep/c.mp4", ".hidden.mp4", "notes.txt"):
        (folder / name).write_bytes(b"x" * 10)
    (tmp_path / "out").mkdir()
    return Watched(folder, HighlightsRequest(Path("none.mp4"), out=tmp_path / "out"))


class Done:
    def __init__(self, broken: str = "") -> None:
        self.broken, self.files = broken, []  # type: str, list[str]

    def __call__(self, engine: Any, request: HighlightsRequest, report: Any) -> dict[str, Any]:
        self.files.append(request.source.name)
        if request.source.name == self.broken:
            raise UnreadableMedia(name=self.broken)
        return {"clips": [1, 2]}


def test_each_file_is_done_once_and_a_broken_one_stops_none(asked: Watched, tmp_path: Path) -> None:
    do, engine = Done("a.mp4"), Engine()
    rows = each_file(engine, asked, do)  # type: ignore[arg-type]
    assert [(r["file"], r["status"], r["clips"]) for r in rows] == [
        ("a.mp4", "error", 0),
        ("b.mp4", "success", 2),
        ("deep/c.mp4", "success", 2),
    ]
    assert "a.mp4" in rows[0]["problem"]
    (asked.folder / "b.mp4").write_bytes(b"y" * 20)
    each_file(engine, asked, do)  # type: ignore[arg-type]
    assert do.files == ["a.mp4", "b.mp4", "c.mp4", "a.mp4", "b.mp4"]
    assert (tmp_path / "out" / "report.csv").read_text().count("\n") == 4


def test_what_grows_is_left_alone(tmp_path: Path) -> None:
    now = [0.0]
    film = tmp_path / "film.mp4"
    folder = Folder(tmp_path, ALLOWED, lambda: now[0], quiet=10)
    film.write_bytes(b"1")
    assert folder.settled() == ()
    now[0] = 9
    film.write_bytes(b"12")
    assert folder.settled() == ()
    now[0] = 18
    assert folder.settled() == ()
    now[0] = 20
    assert [p for p, _ in folder.settled()] == [film]
    film.unlink()
    assert folder.settled() == ()


def test_a_watched_folder_is_looked_at_until_somebody_stops_it(asked: Watched) -> None:
    do, looks = Done(), [0]

    def report(fraction: float, told: Message) -> None:
        if told.code == "progress.watching_folder":
            looks[0] += 1
            if looks[0] == 3:
                raise Cancelled

    with pytest.raises(Cancelled):
        watch(Engine(), asked, do, report, quiet=0.0, look=0.01)  # type: ignore[arg-type]
    assert do.files == ["a.mp4", "b.mp4", "c.mp4"]
    with pytest.raises(BadRequest):
        each_file(Engine(), Watched(asked.folder / "none", asked.each), do)  # type: ignore[arg-type]
