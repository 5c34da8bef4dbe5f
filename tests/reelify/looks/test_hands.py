"""Frames by hand: read from requests, checked, and given to the shots of their file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.cli import given
from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.framing.layouts import Hand
from pipeline.settings import Settings
from pipeline.values import Span
from reelify.__main__ import _parser
from reelify.compile_workflow import CompileResult, compile_clip
from reelify.looks.hands import HandPlace, hands_in
from reelify.requests import Clip, CompileRequest
from tests.striped import SHARE, SHIFT, edges, expected, striped_film


def asked(*frames: dict[str, object]) -> CompileRequest:
    return CompileRequest.from_json({"clips": (Clip(Path("/a.mp4")),), "frames": list(frames)})


def test_frames_are_for_their_file_or_for_every_file() -> None:
    found = asked({"start": 1, "end": 3, "middle": 0.7}, {"start": 4, "end": 5, "kind": "whole", "file": "/b.mp4"})
    assert hands_in(found.frames, ["/a.mp4", "/b.mp4", "/c.mp4"])["/a.mp4"] == (Hand(1.0, 3.0, "hand", 0.7),)
    assert hands_in(found.frames, ["/b.mp4"])["/b.mp4"][1] == Hand(4.0, 5.0, "whole", 0.5)
    assert hands_in((), ["/a.mp4"]) == {}
    assert CompileRequest.from_json(found.to_json()).frames == found.frames
    assert found.files() == ("/a.mp4",)


@pytest.mark.parametrize("wrong", [{"kind": "stack"}, {"middle": 1.2}, {"start": 3.0}, {"end": "x"}])
def test_what_cannot_be_shown_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        asked({"start": 1.0, "end": 2.0} | wrong)


def test_the_last_word_counts() -> None:
    both = (HandPlace(0.0, 2.0, "whole"), HandPlace(0.0, 2.0, "follow"))
    assert [h.kind for h in hands_in(both, ["/a.mp4"])["/a.mp4"]] == ["whole", "follow"]


def test_the_command_line_reads_them_from_a_file(tmp_path: Path) -> None:
    wanted = tmp_path / "frames.json"
    wanted.write_text('[{"start": 0, "end": 2, "kind": "hand", "middle": 0.25}]', encoding="utf-8")
    options = _parser().parse_args(["rank", "a.mp4", "--aspect", "9:16", "--frames", str(wanted)])
    found = CompileRequest.from_json({"clips": (Clip(Path("a.mp4")),), **given(options, CompileRequest)})
    assert found.frames == (HandPlace(0.0, 2.0, "hand", 0.25),)


@pytest.mark.parametrize("name", ["no.json", "broken.json"])
def test_a_file_that_cannot_be_read_is_wrong_usage(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.json").write_text("[{", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        _parser().parse_args(["rank", "a.mp4", "--frames", str(tmp_path / name)])
    assert stopped.value.code == 2
    assert name in capsys.readouterr().err


# --- measured on the picture


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return striped_film(tmp_path_factory.mktemp("hands") / "film.mp4")


def picture_of(path: Path, time: float) -> np.ndarray[Any, Any]:
    """The luma of a clip's frame (row, column)."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= time:
                return np.asarray(frame.to_ndarray(format="gray"), float)
    raise AssertionError("the clip is too short")


def rendered(film: Path, folder: Path, *frames: dict[str, object]) -> CompileResult:
    asked = {"clips": (Clip(film, Span(0.0, 4.0)),), "aspect": "9:16", "frames": list(frames), "listen": False}
    engine = Engine(Settings.from_env({"DATA_DIR": str(folder / "data"), "TEMP_DIR": str(folder / "temp")}))
    return compile_clip(engine, replace(CompileRequest.from_json(asked), out=folder))


def test_a_clip_shows_what_was_asked_of_each_shot(film: Path, tmp_path: Path) -> None:
    wanted = (0.25, 0.7)
    frames = [{"start": 2 * n, "end": 2 * n + 2, "kind": "hand", "middle": m} for n, m in enumerate(wanted)]
    found = rendered(film, tmp_path, *frames)
    assert [(one.kind, one.reason) for one in found.layouts] == [("hand", "hand"), ("hand", "hand")]
    for time, middle, shift in zip((1.0, 3.0), wanted, SHIFT, strict=True):
        picture = picture_of(found.path, time)
        assert picture.shape[1] / picture.shape[0] == pytest.approx(9 / 16, abs=0.01)
        assert edges(picture) == pytest.approx(expected(middle, SHARE, shift), abs=0.012)  # two pixels of the film
        assert float(picture.std(axis=0).max()) < 3.0, "no bars"


def test_the_whole_picture_and_its_centre(film: Path, tmp_path: Path) -> None:
    found = rendered(film, tmp_path, {"start": 0, "end": 2, "kind": "whole"}, {"start": 2, "end": 4, "kind": "centre"})
    assert [one.kind for one in found.layouts] == ["whole", "centre"]
    picture = picture_of(found.path, 1.0)
    middle = picture.shape[0] // 2
    assert edges(picture[middle - 20 : middle + 20]) == pytest.approx(expected(0.5, 1.0, SHIFT[0]), abs=0.005)
    assert edges(picture_of(found.path, 3.0)) == pytest.approx(expected(0.5, SHARE, SHIFT[1]), abs=0.012)
