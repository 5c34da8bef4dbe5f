"""The first look at a file happens in a process of its own: whatever it does there is an answer here."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.errors import NotFound, ToolError, UnreadableMedia, UnsupportedFormat
from pipeline.media import ffmpeg
from pipeline.media import probe as probing
from pipeline.media.container import MAX_PIXELS, MAX_STREAMS
from pipeline.media.fenced import Broken, Limits, Warden
from pipeline.media.probe import examine, probe

WORK = "tests.pipeline.media.hostile_looks:"


@pytest.fixture
def hostile() -> Iterator[Warden]:
    made = Warden(WORK + "misbehaves")
    yield made
    made.close()


@pytest.mark.parametrize("what", ["crash", "abort", "memory", "write", "raise", "nonsense"])
def test_whatever_a_look_does_the_next_one_is_answered(hostile: Warden, tmp_path: Path, what: str) -> None:
    with pytest.raises(Broken):
        hostile.look(tmp_path / what, Limits(memory=512 * 1024**2))
    assert hostile.look(tmp_path / "good", Limits()) == {"fine": "good"}
    assert [p.stat().st_size for p in tmp_path.iterdir()] in ([], [0])


@pytest.mark.parametrize("what", ["spin", "sleep"])
def test_a_look_without_an_end_has_one(hostile: Warden, tmp_path: Path, what: str) -> None:
    with pytest.raises(Broken):
        hostile.look(tmp_path / what, Limits(seconds=1.0, cpu_seconds=1))
    assert hostile.look(tmp_path / "good", Limits()) == {"fine": "good"}


def test_processor_time_is_limited_apart_from_the_clock(hostile: Warden, tmp_path: Path) -> None:
    with pytest.raises(Broken):
        hostile.look(tmp_path / "spin", Limits(seconds=120.0, cpu_seconds=1))


def test_a_slow_look_does_not_hold_up_others(hostile: Warden, tmp_path: Path) -> None:
    ended = threading.Event()

    def slow() -> None:
        with pytest.raises(Broken):
            hostile.look(tmp_path / "sleep", Limits(seconds=3.0))
        ended.set()

    hostile.look(tmp_path / "good", Limits())
    thread = threading.Thread(target=slow)
    thread.start()
    assert hostile.look(tmp_path / "good", Limits()) == {"fine": "good"}
    assert not ended.is_set()
    thread.join(30)
    assert ended.is_set()


def test_a_warden_that_is_killed_is_replaced(tmp_path: Path) -> None:
    warden = Warden(WORK + "fine")
    first = warden.look(tmp_path / "a", Limits())
    assert warden._process is not None
    warden._process.kill()
    warden._process.wait()
    second = warden.look(tmp_path / "ñ\n", Limits())
    assert second["path"] == str(tmp_path / "ñ\n")
    assert len({first["process"], second["process"], os.getpid()}) == 3
    pid = warden._process.pid
    warden.close()
    assert not psutil.pid_exists(pid)


def test_looks_leave_no_processes(hostile: Warden, tmp_path: Path) -> None:
    for what in ("crash", "good", "raise", "good"):
        with contextlib.suppress(Broken):
            hostile.look(tmp_path / what, Limits())
    assert hostile._process is not None
    owner = psutil.Process(hostile._process.pid)
    deadline = time.monotonic() + 20
    while owner.children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert owner.children() == []


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    picture, sound = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1"], ["-f", "lavfi", "-i", "sine=d=1"]
    words = ["-metadata:s:a:0", "language=spa", "-metadata:s:a:0", "title=Versión"]
    ffmpeg.run([*picture, *sound, "-c:v", "libx264", "-c:a", "aac", *words, str(path)])
    return path


def test_the_fence_changes_nothing_about_a_good_file(film: Path, tmp_path: Path) -> None:
    assert probe(film) == examine(film)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size * 2 // 3])
    assert probe(cut) == examine(cut)


def test_errors_come_through_the_fence_as_they_are(tmp_path: Path) -> None:
    text, playlist = tmp_path / "text.mp4", tmp_path / "list.mp4"
    text.write_text("no film")
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n")
    for file in (text, playlist):
        with pytest.raises((UnreadableMedia, UnsupportedFormat)) as inside:
            examine(file)
        with pytest.raises(type(inside.value)) as outside:
            probe(file)
        assert outside.value.message == inside.value.message
    with pytest.raises(NotFound):
        probe(tmp_path / "nothing.mp4")


def test_a_crash_is_an_answer_and_a_bug_is_not_the_visitors_fault(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "LOOK", "tests.pipeline.media.hostile_looks:crashes")
    with pytest.raises(UnreadableMedia):
        probe(film)
    monkeypatch.setattr(probing, "LOOK", "tests.pipeline.media.hostile_looks:bug")
    with pytest.raises(ToolError):
        probe(film)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "large.mkv"
    side = 2 * int(MAX_PIXELS**0.5)
    source = ["-f", "lavfi", "-i", f"color=c=red:s={side}x{side // 2}:r=1:d=1", "-frames:v", "1"]
    ffmpeg.run([*source, "-c:v", "mjpeg", "-q:v", "31", str(path)])
    with pytest.raises(UnsupportedFormat) as caught:
        probe(path)
    assert caught.value.message.code == "error.picture_size"


def test_a_file_of_hundreds_of_streams_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.mkv"
    ffmpeg.run(
        ["-f", "lavfi", "-i", "sine=d=0.1", *["-map", "0:a"] * (MAX_STREAMS + 5), "-c:a", "pcm_s16le", str(path)]
    )
    with pytest.raises(UnsupportedFormat) as caught:
        probe(path)
    assert caught.value.message.code == "error.too_many_streams"
