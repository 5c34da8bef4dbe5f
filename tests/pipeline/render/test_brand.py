"""A brand on a clip: the logo where it belongs, music that gives way to speech."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.captions.placing import Safe
from pipeline.media import ffmpeg
from pipeline.media.decode import video_blocks
from pipeline.media.probe import probe
from pipeline.render.brand import Logo, Music, gains
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.values import Cut, Span, Timeline


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight gray, silent seconds."""
    out = tmp_path_factory.mktemp("brand") / "film.mkv"
    ffmpeg.run(
        [
            "-f",
            "lavfi",
            "-i",
            "color=c=0x404040:s=320x180:r=10:d=8",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            ffmpeg.safe_output(out),
        ]
    )
    return out


@pytest.fixture(scope="module")
def tune(film: Path) -> Path:
    """Three seconds of a tone."""
    out = film.with_name("tune.wav")
    ffmpeg.run(["-f", "lavfi", "-i", "sine=f=440:d=3", ffmpeg.safe_output(out)])
    return out


@pytest.mark.parametrize("corner", ["top-left", "top-right", "bottom-left", "bottom-right"])
def test_a_logo_is_in_its_corner_clear_of_what_is_covered(corner: str, film: Path, tmp_path: Path) -> None:
    picture = tmp_path / "logo.png"
    Image.new("RGBA", (100, 50), (255, 0, 0, 255)).save(picture)
    options = RenderOptions(logo=Logo(picture, corner, 0.2, 0.5), safe=Safe(top=0.2, right=0.25), loudness=None)
    render(Timeline((Cut(str(film), Span(0.0, 1.0), 0.0),)), tmp_path / "out.mp4", options)
    (block,) = video_blocks(tmp_path / "out.mp4", width=320, height=180, colour=True, span=Span(0.4, 0.5))
    red = block.pixels[0][..., 0].astype(int) - block.pixels[0][..., 2] > 40
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert len(columns) == pytest.approx(64, abs=3)
    assert len(rows) == pytest.approx(32, abs=3)
    assert block.pixels[0][rows[10], columns[10]][0] == pytest.approx(0.5 * 255 + 0.5 * 64, abs=14), "half of each"
    top, left = (36, 11) if "top" in corner else (180 - 11 - 32, 11)
    left = 320 - 80 - 64 if "right" in corner else left
    assert (rows[0], columns[0]) == (pytest.approx(top, abs=3), pytest.approx(left, abs=3))


def test_music_goes_down_before_speech_and_comes_back() -> None:
    found = gains((Span(2.0, 3.0), Span(3.5, 4.0), Span(8.0, 9.0)), 10.0, 20.0)
    assert found == ((1.75, 1.0), (2.0, 0.1), (4.0, 0.1), (4.6, 1.0), (7.75, 1.0), (8.0, 0.1), (9.0, 0.1), (9.6, 1.0))
    assert gains((), 10.0, 20.0) == ((0.0, 1.0),)


def test_the_music_of_a_clip_is_quieter_while_somebody_speaks(film: Path, tune: Path, tmp_path: Path) -> None:
    music = Music(probe(tune), -6.0, 12.0, (Span(3.0, 5.0),))
    out = tmp_path / "out.mp4"
    checked = render(Timeline((Cut(str(film), Span(0.0, 8.0), 0.0),)), out, RenderOptions(music=music))
    assert checked.duration == pytest.approx(8.0, abs=0.1)

    def level(start: float, end: float) -> float:
        raw = tmp_path / "cut.f32"
        ffmpeg.run(
            [
                "-ss",
                str(start),
                "-t",
                str(end - start),
                *ffmpeg.safe_input(out),
                "-ac",
                "1",
                "-f",
                "f32le",
                "-y",
                ffmpeg.safe_output(raw),
            ]
        )
        return 20 * float(np.log10(np.sqrt((np.frombuffer(raw.read_bytes(), np.float32) ** 2).mean()) + 1e-9))

    assert level(2.0, 2.6) - level(3.3, 4.7) == pytest.approx(12.0, abs=1.0)
    assert level(5.8, 6.3) == pytest.approx(level(2.0, 2.6), abs=1.0), "it began again where it ended, and came back"
    assert replace(music, ducking=0.0).ducking == 0.0
