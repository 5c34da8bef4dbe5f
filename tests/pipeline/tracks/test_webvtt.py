"""Subtitles that Matroska holds and FFmpeg cannot read come into the finished film all the same."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.tracks.carriage import carriage, said
from pipeline.tracks.mux import Mux, NewTrack, mux
from pipeline.tracks.webvtt import cues, text_tracks

LINES = """WEBVTT

00:00:00.500 --> 00:00:01.500
Hello <i>there</i>

second
00:00:02.000 --> 00:00:02.750 line:10% align:start
¿Qué tal?
"""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    out = tmp_path / "plain.mkv"
    made = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=4:r=10", "-f", "lavfi", "-i", "sine=d=4"]
    ffmpeg.run([*made, "-map", "0", "-map", "1", "-c:v", "mpeg4", "-c:a", "flac", str(out)])
    return out


@pytest.fixture
def film(plain: Path, tmp_path: Path) -> Path:
    """What FFmpeg writes, under Matroska's own codec id: the same bytes, an empty line or two before the words."""
    lines, out = tmp_path / "lines.vtt", tmp_path / "film.mkv"
    lines.write_text(LINES.replace(" line:10% align:start", "").replace("second\n", ""), encoding="utf-8")
    sides = ["-map", "0", "-map", "1", "-c", "copy", "-metadata:s:s", "language=spa", "-metadata:s:s", "title=Letreros"]
    ffmpeg.run(["-i", str(plain), "-i", str(lines), *sides, str(out)])
    data = out.read_bytes()
    assert data.count(b"D_WEBVTT/SUBTITLES") == 1
    out.write_bytes(data.replace(b"D_WEBVTT/SUBTITLES", b"S_TEXT/WEBVTT\0\0\0\0\0"))
    return out


def test_cues_are_read_from_the_blocks(film: Path, plain: Path) -> None:
    (track,) = text_tracks(film)
    assert (track.language, track.title) == ("spa", "Letreros")
    read = [(round(c.start, 3), round(c.end, 3), c.text) for c in cues(film, track)]
    assert read == [(0.5, 1.5, "Hello <i>there</i>"), (2.0, 2.75, "¿Qué tal?")]
    assert not text_tracks(plain)
    assert not text_tracks(plain.parent / "missing.mkv")


def test_the_finished_film_has_them(film: Path, tmp_path: Path) -> None:
    assert [c.how for c in carriage(film)] == ["copied", "copied", "rescued"]
    assert not said(carriage(film))
    dub, out = tmp_path / "dub.mka", tmp_path / "out.mkv"
    ffmpeg.run(["-f", "lavfi", "-i", "sine=500:d=4", "-c:a", "flac", str(dub)])
    assert not mux(Mux(film, out, NewTrack(dub, "a", "es", "Español")))
    with opened(out) as container:
        (stream,) = [s for s in container.streams if s.type == "subtitle"]
        assert (stream.codec_context.name, stream.language) == ("webvtt", "spa")
        times = [round(float((p.pts or 0) * p.time_base), 2) for p in container.demux(stream) if p.size]
    assert times == [0.5, 2.0]


@pytest.mark.skipif(shutil.which("mkvmerge") is None, reason="mkvmerge is not installed")
def test_settings_and_names_of_mkvmerge_are_read(plain: Path, tmp_path: Path) -> None:
    lines, made = tmp_path / "lines.vtt", tmp_path / "made.mkv"
    lines.write_text(LINES, encoding="utf-8")
    subprocess.run(["mkvmerge", "-q", "-o", made, plain, "--language", "0:es-419", lines], check=True)
    (track,) = text_tracks(made)
    assert track.language == "es-419"
    first, second = cues(made, track)
    assert (first.text, second.settings, second.name) == ("Hello <i>there</i>", "line:10% align:start", "second")
