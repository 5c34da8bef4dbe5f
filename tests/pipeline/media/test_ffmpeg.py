"""Processes: what they may open, how they end, what is said when they fail."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import Cancelled, DiskFull, FFmpegFailed, NotFound
from pipeline.media import ffmpeg
from pipeline.messages import Message
from tests import odd_media

ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc=s=64x64", "-f", "null", "-"]


def children() -> set[int]:
    """Process ids of our ffmpeg children (zombies do not count)."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid() and state != "Z" and "ffmpeg" in name:
            found.add(int(stat.parent.name))
    return found


def test_progress_goes_from_none_to_all() -> None:
    seen: list[float] = []
    args = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=2", "-f", "null", "-"]
    ffmpeg.run(args, report=lambda f, _m: seen.append(f), duration=2.0)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_cancel_ends_the_process() -> None:
    def stop(_fraction: float, _said: Message) -> None:
        raise Cancelled

    before = children()
    with pytest.raises(Cancelled):
        ffmpeg.run(ENDLESS, report=stop)
    assert children() == before


def test_time_limit_ends_the_process() -> None:
    before = children()
    with pytest.raises(FFmpegFailed) as failure:
        ffmpeg.run(ENDLESS, time_limit=0.6)
    assert "time limit" in failure.value.detail
    with pytest.raises(FFmpegFailed):
        ffmpeg.capture([*ENDLESS[:-3], "-f", "rawvideo", "-"], time_limit=0.5)
    assert children() == before


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="the way without it has to fork")
def test_no_library_is_told_of_a_fork() -> None:
    """OpenBLAS would end its threads, which another job's product waits for."""
    code = (
        "import os\nfrom pipeline.media import ffmpeg\n"
        "os.register_at_fork(before=lambda: print('forked'))\n"
        f"ffmpeg.run({[*ENDLESS[1:5], '-t', '0.1', *ENDLESS[5:]]!r})\nprint('done')"
    )
    said = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said.split() == ["done"]


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
@pytest.mark.parametrize("guard", ["processes._guard()", "()"])
def test_a_killed_application_leaves_no_orphan(guard: str) -> None:
    code = (
        "import os, threading, time\nfrom pipeline.media import ffmpeg, processes\n"
        f"found = {guard}\nprocesses._guard = lambda: found\n"
        f"threading.Thread(target=lambda: ffmpeg.run({ENDLESS!r}), daemon=True).start()\n"
        "while True:\n"
        "    kids = open(f'/proc/self/task/{os.getpid()}/children').read().split()\n"
        "    for task in os.listdir('/proc/self/task'):\n"
        "        kids += open(f'/proc/self/task/{task}/children').read().split()\n"
        "    if kids: time.sleep(0.2); print(kids[0], flush=True); time.sleep(60)\n"
        "    time.sleep(0.05)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as application:
        assert application.stdout is not None
        orphan = int(application.stdout.readline())
        os.kill(application.pid, signal.SIGKILL)
    for _ in range(1200):
        state = Path(f"/proc/{orphan}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("ffmpeg lives on")


def test_failures_say_why(tmp_path: Path) -> None:
    text = odd_media.make("text", tmp_path)
    with pytest.raises(FFmpegFailed) as failure:
        ffmpeg.run([*ffmpeg.safe_input(text), "-f", "null", "-"])
    assert "Invalid data" in failure.value.detail


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_has_its_own_name() -> None:
    args = ["-f", "lavfi", "-i", "sine=d=5", "-f", "wav", "file:/dev/full"]
    with pytest.raises(DiskFull):
        ffmpeg.run(args)


def test_missing_input() -> None:
    with pytest.raises(NotFound):
        ffmpeg.safe_input("/no/such.mp4")


@pytest.mark.parametrize("kind", ["playlist", "concat_script"])
def test_playlists_are_not_followed(kind: str, tmp_path: Path) -> None:
    with pytest.raises(FFmpegFailed):
        ffmpeg.run([*ffmpeg.safe_input(odd_media.make(kind, tmp_path)), "-f", "null", "-"])


@pytest.mark.parametrize("kind", ["odd_name", "dash_name", "film_with_cover", "no_duration", "transport_stream"])
def test_odd_files_open(kind: str, tmp_path: Path) -> None:
    ffmpeg.run([*ffmpeg.safe_input(odd_media.make(kind, tmp_path)), "-t", "0.2", "-f", "null", "-"])


def test_capture_is_standard_output() -> None:
    args = ["-loglevel", "error", "-f", "lavfi", "-i", "sine=r=8000:d=1", "-f", "s16le", "-"]
    assert len(ffmpeg.capture(args)) == 16000


def test_encoder_is_one_that_encodes() -> None:
    name = ffmpeg.video_encoder()
    assert name in {"h264_nvenc", "libx264"}
    source = ["-f", "lavfi", "-i", "testsrc=s=320x240:d=0.2", "-pix_fmt", "yuv420p"]
    ffmpeg.run([*source, "-c:v", name, "-f", "null", "-"])
