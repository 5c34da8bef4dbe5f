"""Sound without a picture, made to be seen: its cover or its waveform, and captions under them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media import ffmpeg
from pipeline.media.decode import video_blocks
from pipeline.media.probe import probe
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript
from tests import odd_media

SIZE = (360, 640)
RED = np.array([200, 30, 40])


def podcast(out: Path, *codec: str, cover: bool = True) -> Path:
    picture = ["-f", "lavfi", "-i", "color=c=0xC81E28:s=300x300", "-frames:v", "1"]
    jpeg = out.with_suffix(".jpg")
    ffmpeg.run([*picture, "-update", "1", ffmpeg.safe_output(jpeg)])
    attached = ["-i", str(jpeg), "-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-disposition:v:0", "attached_pic"]
    ffmpeg.run([*odd_media.sound(3), *(attached if cover else []), *codec, ffmpeg.safe_output(out)])
    return out


def seen(path: Path) -> np.ndarray:
    """The colours (height, width, 3) in the middle of a clip."""
    span = Span(1.5, 1.55)
    (block,) = video_blocks(path, width=SIZE[0], height=SIZE[1], colour=True, span=span)
    return block.pixels[0].astype(int)


def clip(source: Path, out: Path, said: bool = True) -> np.ndarray:
    words = Transcript("es", 3.0, (Sentence(0.2, 2.8, "Hola, esto se oye"),) if said else ())
    plan = Timeline((Cut(str(source), Span(0.0, 3.0), 0.0),))
    checked = render(plan, out, RenderOptions(size=SIZE, captions=words))
    assert (checked.width, checked.height) == SIZE
    assert checked.duration == pytest.approx(3.0, abs=0.06)
    return seen(out)


@pytest.mark.parametrize(
    ("name", "codec"), [("show.mp3", ["-c:a", "libmp3lame"]), ("show.m4a", ["-c:a", "aac"]), ("show.flac", [])]
)
def test_a_podcast_shows_its_cover_and_what_is_said(name: str, codec: list[str], tmp_path: Path) -> None:
    assert probe(podcast(tmp_path / name, *codec)).cover is not None
    picture = clip(tmp_path / name, tmp_path / "clip.mp4")
    cover = np.abs(picture - RED).max(axis=-1) < 25
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    assert abs((columns[0] + columns[-1]) / 2 - SIZE[0] / 2) < 4
    assert abs((rows[-1] - rows[0]) - (columns[-1] - columns[0])) < 4  # still a square
    white = np.asarray((picture > 200).all(axis=-1))
    assert white.sum() > 300
    assert np.flatnonzero(white.any(axis=1)).min() > rows[-1]
    blue = picture[..., 2] - picture[..., 0] > 60
    assert blue.sum() > 200  # the waveform


def test_without_a_cover_there_is_a_waveform(tmp_path: Path) -> None:
    source = podcast(tmp_path / "plain.mp3", cover=False)
    assert probe(source).cover is None
    picture = clip(source, tmp_path / "clip.mp4", said=False)
    drawn = picture[SIZE[1] // 2 - 3 : SIZE[1] // 2 + 3]
    assert (drawn[..., 2] > 150).mean() > 0.5


def test_a_broken_cover_is_passed_over(tmp_path: Path) -> None:
    source = podcast(tmp_path / "show.mp3", "-c:a", "libmp3lame")
    data = bytearray(source.read_bytes())
    at = data.index(b"\xff\xd8\xff")
    data[at + 2 : at + 600] = bytes(598)
    source.write_bytes(data)
    assert clip(source, tmp_path / "clip.mp4", said=False).max() > 150
