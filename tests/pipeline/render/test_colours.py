"""Fields and colours: no combs, the same green on every player, tags that say what the numbers mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.captions.styles import CaptionStyle
from pipeline.media import ffmpeg
from pipeline.media.decode import video_blocks
from pipeline.media.probe import probe
from pipeline.render import colours
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript
from tests import odd_media

GREEN = np.array([0, 193, 0])
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"]


def clip(source: Path, out: Path, size: tuple[int, int] | None = None) -> Path:
    render(Timeline((Cut(str(source), Span(0.0, probe(source).duration), 0.0),)), out, RenderOptions(size=size))
    return out


def combing(path: Path) -> float:
    """How much more a line differs from the next one than from the one after it: over 1 where two moments are woven together."""
    info = probe(path).video
    assert info
    frames = np.concatenate([b.pixels for b in video_blocks(path, width=info.width, height=info.height)]).astype(float)
    near, far = np.abs(np.diff(frames, axis=1)).mean(), np.abs(frames[:, 2:] - frames[:, :-2]).mean()
    return float(near / far)


def interlaced(out: Path, *codec: str) -> Path:
    fields = ["-vf", "tinterlace=interleave_top,fieldorder=tff,setfield=tff", "-flags", "+ilme+ildct"]
    # A pattern that moves sideways by some pixels each field.
    moving = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=50:d=1,scroll=h=0.02"]
    ffmpeg.run([*moving, *odd_media.sound(1), *fields, *codec, ffmpeg.safe_output(out)])
    return out


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("camera.mp4", [*X264, "-c:a", "aac"]),
        ("disc.mpg", ["-c:v", "mpeg2video", "-q:v", "2", "-c:a", "mp2"]),
        ("tape.mov", ["-c:v", "prores_ks", "-c:a", "pcm_s16le"]),
    ],
)
def test_fields_are_put_together(name: str, codec: list[str], tmp_path: Path) -> None:
    source = interlaced(tmp_path / name, *codec)
    video = probe(source).video
    assert video
    assert video.interlaced
    assert combing(source) > 1.2
    assert combing(clip(source, tmp_path / "clip.mp4")) < 1.0


def test_whole_moments_are_not_taken_for_fields(tmp_path: Path) -> None:
    video = probe(odd_media.make("plain", tmp_path)).video
    assert video
    assert not video.interlaced


def numbers_of(colour: np.ndarray, matrix: str, *, full: bool = False) -> np.ndarray:
    """Y′CbCr in 8 bit of R′G′B′ (ITU-R BT.601 and BT.709)."""
    red, blue = {"601": (0.299, 0.114), "709": (0.2126, 0.0722)}[matrix]
    r, g, b = colour / 255
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = np.array([(b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)])
    return np.round([luma * 255, *(128 + 255 * chroma)] if full else [16 + 219 * luma, *(128 + 224 * chroma)])


def seen_as(path: Path) -> np.ndarray:
    """Y′CbCr in the middle of a file, as it is stored."""
    video = probe(path).video
    assert video
    raw = ffmpeg.capture([*ffmpeg.safe_input(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"])
    n, data = video.width * video.height, np.frombuffer(raw, np.uint8).astype(int)
    return np.array([data[n // 2], data[n + n // 8], data[n + n // 4 + n // 8]])


def green(out: Path, size: tuple[int, int], matrix: str, tags: str = "", *, full: bool = False) -> Path:
    """Half a second of :data:`GREEN`; red, green and blue themselves where there is no ``matrix``."""
    raw, n = out.with_suffix(".raw"), size[0] * size[1]
    planes = zip(numbers_of(GREEN, matrix, full=full), (n, n // 4, n // 4), strict=True) if matrix else ()
    picture = b"".join(bytes([int(v)]) * k for v, k in planes) or bytes([0, 193, 0, 0]) * n
    raw.write_bytes(picture * 10)
    kind = ["-pix_fmt", "yuv420p" if matrix else "bgr0", "-s", f"{size[0]}x{size[1]}", "-r", "25"]
    said = ["-vf", f"setparams={tags}"] if tags else []
    codec = X264 if matrix else ["-c:v", "ffv1"]
    ffmpeg.run(["-f", "rawvideo", *kind, "-i", str(raw), *said, *codec, ffmpeg.safe_output(out)])
    return out


@pytest.mark.parametrize("size", [(720, 1280), (360, 288)])
@pytest.mark.parametrize(
    ("name", "source", "matrix", "tags"),
    [
        ("sd.mp4", (720, 576), "601", ""),
        ("hd.mp4", (1280, 720), "709", ""),
        ("hd_as_601.mp4", (1280, 720), "601", "colorspace=smpte170m"),
        ("full.mp4", (1280, 720), "709", "colorspace=bt709:range=pc"),
        ("screen.mkv", (640, 360), "", ""),
    ],
)
def test_the_same_green_on_every_player(
    name: str, source: tuple[int, int], matrix: str, tags: str, size: tuple[int, int], tmp_path: Path
) -> None:
    made = green(tmp_path / name, source, matrix, tags, full="range=pc" in tags)
    made = clip(made, tmp_path / "clip.mp4", size)
    video = probe(made).video
    assert video
    # What the tags say and what a player guesses from the size are the same.
    assert video.matrix == colours.guessed(*size) == {720: "709", 360: "170m"}[size[0]]
    assert not video.full_range
    wanted = numbers_of(GREEN, {"709": "709", "170m": "601"}[video.matrix])
    assert np.abs(seen_as(made) - wanted).max() <= 2


def test_what_players_take_for_granted() -> None:
    sizes = [(640, 360), (720, 480), (720, 576), (1024, 576), (1280, 536), (720, 1280), (1920, 1080)]
    assert [colours.guessed(*s) for s in sizes] == ["170m"] * 4 + ["709"] * 3


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_captions_have_the_colours_they_are_given(size: tuple[int, int], tmp_path: Path) -> None:
    source = tmp_path / "gray.mkv"
    gray = f"color=c=0x606060:s={size[0]}x{size[1]}:r=5:d=1"
    ffmpeg.run(
        ["-f", "lavfi", "-i", gray, "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", ffmpeg.safe_output(source)]
    )
    said = Transcript("en", 1.0, (Sentence(0.0, 1.0, "MMMM"),))
    style = CaptionStyle(mark="none", colour="#40c080", scale=3.0, outline=0.0, shadow=0.0)
    out = tmp_path / "out.mp4"
    render(Timeline((Cut(str(source), Span(0.0, 1.0), 0.0),)), out, RenderOptions(captions=said, style=style, crf=1))
    raw = tmp_path / "out.yuv"
    ffmpeg.run(["-ss", "0.4", *ffmpeg.safe_input(out), "-frames:v", "1", "-f", "rawvideo", ffmpeg.safe_output(raw)])
    luma = np.frombuffer(raw.read_bytes(), np.uint8)[: size[0] * size[1]]
    shares = colours.LUMA[colours.guessed(*size)]
    expected = 16 + 219 / 255 * sum(share * value for share, value in zip(shares, (0x40, 0xC0, 0x80), strict=True))
    assert np.median(luma[luma > 125]) == pytest.approx(expected, abs=4)


def test_colours_are_changed_where_there_are_fewer_pixels(tmp_path: Path) -> None:
    import ffmpeg as graphs

    small = probe(green(tmp_path / "sd.mp4", (640, 360), "601")).video
    screen = probe(green(tmp_path / "screen.mkv", (640, 360), "")).video
    assert small
    assert screen
    stream = graphs.input("any")
    assert colours.before(stream, small, (720, 1280))[1]
    for video, size in ((small, (360, 288)), (small, (640, 480)), (screen, (720, 1280))):
        assert colours.before(stream, video, size) == (stream, False)
