"""What the dub's own picture says of its sound: agreed, late in its own release, late in a part of it only; and telecined pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media import ffmpeg
from syncdub.analysis import analyse
from syncdub.exact.pictures import Spot
from syncdub.reading.seeing import checked, moments_in
from syncdub.requests import AnalyseRequest
from syncdub.values import Segment, SyncPlan
from tests.syncdub.test_analysis import Listener, music, wav

SECONDS, RATE = 60.0, 16000
FILM_RATE = 24000 / 1001


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return music(21, SECONDS + 10.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, sound: np.ndarray) -> Path:
    """A film of 23.976 pictures a second whose shots last one to three seconds."""
    folder = tmp_path_factory.mktemp("film")
    return with_sound(picture(folder / "silent.mkv"), sound[: int(SECONDS * RATE)], folder / "film.mkv")


def picture(path: Path) -> Path:
    rng = np.random.default_rng(5)
    cuts = np.cumsum(rng.uniform(1.0, 3.0, 80))
    shots, drifts = rng.uniform(30, 220, (81, 9, 16)), rng.uniform(-25, 25, (81, 9, 16))
    raw = path.with_suffix(".gray")
    with raw.open("wb") as out:
        for t in np.arange(0, SECONDS, 1 / FILM_RATE):
            k = int(np.searchsorted(cuts, t, side="right"))
            shot = np.clip(shots[k] + drifts[k] * np.sin(2.5 * t), 0, 255).astype(np.uint8)
            out.write(np.kron(shot, np.ones((8, 8), np.uint8)).tobytes())
    given = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "128x72", "-r", "24000/1001", "-i", str(raw)]
    ffmpeg.run([*given, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", str(path)])
    return path


def with_sound(silent: Path, samples: np.ndarray, path: Path) -> Path:
    given = [*ffmpeg.safe_input(silent), *ffmpeg.safe_input(wav(path.with_suffix(".wav"), samples))]
    ffmpeg.run([*given, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "flac", str(path)])
    return path


def late(sound: np.ndarray, seconds: float) -> np.ndarray:
    """The film's sound that begins ``seconds`` after its picture."""
    return np.concatenate([music(22, seconds), sound])[: int(SECONDS * RATE)]


def placed(film: Path, dub: Path, follow: str = "sound") -> SyncPlan:
    return analyse(Listener(), AnalyseRequest(original=film, dub=dub, quick=True, follow=follow))


def test_a_telecined_picture_says_what_its_sound_says(film: Path, sound: np.ndarray, tmp_path: Path) -> None:
    made = ["-vf", "telecine=pattern=23", "-c:v", "libx264", "-preset", "ultrafast", "-flags", "+ilme+ildct", "-an"]
    ffmpeg.run([*ffmpeg.safe_input(film), *made, str(tmp_path / "telecined.mkv")])
    dub = with_sound(tmp_path / "telecined.mkv", sound[: int(SECONDS * RATE)], tmp_path / "dub.mkv")
    engine = Listener()
    rates = [engine.probe(file).video.fps for file in (film, dub)]  # type: ignore[union-attr]
    assert rates == pytest.approx([FILM_RATE, 30000 / 1001], abs=0.01)
    plan = placed(film, dub)
    assert plan.verdict == "aligned"
    figures = plan.segments[0].evidence["picture"]
    assert figures["spots"] >= 3
    assert abs(figures["difference_ms"]) < 20
    assert not [d for d in plan.doubts if d.code.startswith("doubt.picture")]


def test_sound_that_was_late_in_its_own_release_is_told_and_the_picture_can_be_followed(
    film: Path, sound: np.ndarray, tmp_path: Path
) -> None:
    dub = with_sound(film.with_name("silent.mkv"), late(sound, 0.18), tmp_path / "dub.mkv")
    by_sound, by_picture = placed(film, dub), placed(film, dub, "picture")
    assert by_sound.segments[0].offset_ms == pytest.approx(-180, abs=2)
    (told,) = [d for d in by_sound.doubts if d.code == "doubt.picture_disagrees"]
    assert told.values["difference_ms"] == pytest.approx(180, abs=20)
    assert by_picture.segments[0].offset_ms == pytest.approx(0, abs=20)
    assert by_picture.segments[0].error_ms >= 10  # as exact as a picture can say
    assert "doubt.picture_followed" in {d.code for d in by_picture.doubts}


def segment(start: float, end: float, at: float) -> Segment:
    return Segment(start, end, at, 1.0, 1.0, 0.9, {"sound": {"phase": 20.0}})


def spots(first: float, difference: float) -> list[Spot]:
    return [Spot(first + 10 * k, difference + 0.004 * k, 0.8) for k in range(3)]


def test_a_part_alone_is_told_and_moved_alone() -> None:
    segments = [segment(0.0, 40.0, 0.0), segment(40.0, 90.0, 55.0)]
    seen = [*spots(8.0, 0.0), *spots(50.0, 0.15)]
    kept, (told,) = checked(segments, seen, "sound")
    assert [s.original_start for s in kept] == [0.0, 55.0]
    assert told.code == "doubt.picture_disagrees.parts"
    assert told.values["parts"] == "0:55–1:45: +154 ms"
    moved, (said,) = checked(segments, seen, "picture")
    assert [s.original_start for s in moved] == pytest.approx([0.0, 55.154])
    assert said.code == "doubt.picture_followed.parts"
    assert moved[0].evidence["picture"]["spots"] == 3


def test_a_difference_within_both_bars_is_none() -> None:
    wide = [Segment(0.0, 60.0, 0.0, 1.0, 200.0, 0.6)]
    kept, told = checked(wide, spots(10.0, 0.12), "picture")
    assert kept[0].original_start == 0.0
    assert told == []
    assert checked(wide, [], "picture") == (wide, [])


def test_each_long_segment_is_looked_at() -> None:
    segments = [segment(0.0, 300.0, 0.0), segment(300.0, 340.0, 320.0), segment(340.0, 345.0, 400.0)]
    times = [dub for dub, _, _ in moments_in(segments)]
    assert sum(t < 300 for t in times) >= 3
    assert sum(300 <= t < 340 for t in times) == 3
    assert times == sorted(times)
