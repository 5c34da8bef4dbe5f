"""ffmpeg's words become words that say what to do, in both languages, and the command line keeps a log of them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.errors import FFmpegFailed
from pipeline.media import ffmpeg
from pipeline.media.failures import SIGNS, reason
from pipeline.messages import Message, languages, say
from pipeline.progress import Report
from pipeline.settings import Settings

LOGS = {
    "[mov,mp4 @ 0x1] moov atom not found\nError opening input: Invalid data found when processing input": "damaged",
    "[matroska @ 0x1] Can't write packet with unknown timestamp": "clock",
    "Unknown encoder 'libx264'": "incomplete",
    "[h264_nvenc @ 0x1] OpenEncodeSessionEx failed: out of memory (10)": "card",
    "x264 [error]: malloc of size 123 failed\nCannot allocate memory": "memory",
    "/media/usb/out.mkv: File too large": "file_size",
    "out.mkv: Permission denied": "not_writable",
    "av_interleaved_write_frame(): Input/output error": "disk",
    "Could not find tag for codec pcm_bluray in stream #1, codec not currently supported in container": "container",
    "[libx264 @ 0x1] width not divisible by 2 (853x480)": "picture_size",
    "file:/x.mkv: Too many open files": "many_files",
    "the result misses a stream: sound True, picture False": "unproven",
}


@pytest.mark.parametrize(("log", "name"), LOGS.items())
def test_known_words_are_recognised(log: str, name: str) -> None:
    assert reason(log) == f"error.ffmpeg.{name}"


def test_other_words_are_not_and_a_killed_process_ran_out_of_memory() -> None:
    assert reason("something new") == "error.ffmpeg_failed"
    assert reason("", -9) == "error.ffmpeg.memory"


def test_every_message_says_what_to_do_in_every_language() -> None:
    for key in {key for _, key in SIGNS}:
        words = {language: say(Message(key), language) for language in languages()}
        assert len(set(words.values())) == len(words)
        assert all(text.count(".") >= 2 and key not in text for text in words.values())


def test_a_real_failure_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(600))
    with pytest.raises(FFmpegFailed) as caught:
        ffmpeg.run([*ffmpeg.safe_input(broken), str(tmp_path / "out.mkv")])
    assert caught.value.message.code == "error.ffmpeg.damaged"
    assert caught.value.short_code == "ffmpeg_failed"


@pytest.mark.parametrize("verbose", [False, True])
def test_the_command_line_keeps_a_log_and_shows_it_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("APP_LANGUAGE", "en")

    def work(settings: Settings, report: Report) -> tuple[int, Mapping[str, Any]]:
        raise FFmpegFailed("error.ffmpeg.disk", detail="av_interleaved_write_frame(): Input/output error")

    assert cli.run(work, False, lambda result, language: "", Namespace(verbose=verbose, timings=False)) == cli.OURS
    said = capsys.readouterr().err
    assert "network drive" in said
    assert ("av_interleaved" in said) is verbose
    log = (tmp_path / cli.FAILURES).read_text("utf-8")
    assert "av_interleaved_write_frame" in log
    assert str(tmp_path / cli.FAILURES) in said or verbose
