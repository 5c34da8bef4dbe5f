"""Probe and decode on the file's own clock: facts on files made with ffmpeg."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.errors import NoAudio, NotFound, NoVideo, UnreadableMedia, UnsupportedFormat
from pipeline.media import decode
from pipeline.media.decode import audio_blocks, load_audio, video_blocks
from pipeline.media.probe import probe
from pipeline.values import Span

RATE = 16000


def make(out: Path, *args: str) -> Path:
    """Runs ffmpeg with ``args`` into ``out``."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-loglevel",
        "error",
        "-nostdin",
        "-y",
        *args,
        f"file:{out}",
    ]
    subprocess.run(command, check=True)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def clicks(folder: Path) -> Path:
    """Six seconds: a click of 20 ms every second, the picture white for the same 40 ms; 25 frames/s, 48 kHz."""
    return make(
        folder / "clicks.mp4",
        "-f", "lavfi", "-i", "color=black:s=320x180:r=25:d=6,geq=lum='if(lt(mod(N,25),1),255,16)':cb=128:cr=128",
        "-f", "lavfi", "-i", "aevalsrc='if(lt(mod(t,1),0.02),0.8*sin(2*PI*1000*t),0)':s=48000:d=6",
        "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", "-shortest",
    )  # fmt: skip


def onsets(samples: np.ndarray, rate: int = RATE) -> list[float]:
    """Seconds at which the sound rises over half of its maximum after 0.3 s of quiet."""
    loud = np.flatnonzero(np.abs(samples) > 0.4 * np.abs(samples).max()) / rate
    return [float(t) for i, t in enumerate(loud) if i == 0 or t - loud[i - 1] > 0.3]


def test_probe_of_an_ordinary_file(clicks: Path) -> None:
    info = probe(clicks)
    assert info.video is not None
    assert (info.video.width, info.video.height, info.video.fps) == (320, 180, 25.0)
    assert info.duration == pytest.approx(6.0, abs=0.1)
    assert [a.codec for a in info.audio] == ["aac"]
    assert info.doubts == ()


def test_sound_is_where_the_container_puts_it(clicks: Path) -> None:
    """AAC delay must not show: a click at a full second is heard there."""
    audio = load_audio(clicks)
    assert audio.start == 0.0
    assert onsets(audio.samples) == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.003)


def test_blocks_are_contiguous_and_equal_to_the_whole(clicks: Path) -> None:
    blocks = list(audio_blocks(clicks, block=0.7))
    for before, after in itertools.pairwise(blocks):
        assert after.start == pytest.approx(before.end)
    joined = np.concatenate([b.samples for b in blocks])
    assert np.array_equal(joined, load_audio(clicks).samples)


def test_a_span_is_the_same_sound_as_in_the_whole(clicks: Path) -> None:
    part = load_audio(clicks, span=Span(2.5, 4.25))
    assert part.start == 2.5
    assert len(part.samples) == round(1.75 * RATE)
    assert [t + 2.5 for t in onsets(part.samples)] == pytest.approx([3, 4], abs=0.003)


def test_late_sound_begins_with_zeros(clicks: Path, folder: Path) -> None:
    late = make(
        folder / "late.mkv",
        "-i",
        str(clicks),
        "-itsoffset",
        "1.5",
        "-i",
        str(clicks),
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c",
        "copy",
    )
    audio = load_audio(late)
    assert np.abs(audio.samples[: int(1.45 * RATE)]).max() == 0.0
    assert onsets(audio.samples)[:3] == pytest.approx([1.5, 2.5, 3.5], abs=0.004)


def test_a_lone_late_track_keeps_its_delay(clicks: Path, folder: Path) -> None:
    late = make(folder / "lone.mka", "-itsoffset", "1.5", "-i", str(clicks), "-map", "0:a", "-c", "copy")
    assert onsets(load_audio(late).samples)[0] == pytest.approx(1.5, abs=0.004)


def test_transport_stream_counts_from_its_first_timestamp(clicks: Path, folder: Path) -> None:
    info = probe(
        make(folder / "clicks.ts", "-i", str(clicks), "-c", "copy", "-muxdelay", "0", "-output_ts_offset", "5000")
    )
    assert info.origin > 4999
    assert info.duration == pytest.approx(6.0, abs=0.15)
    assert onsets(load_audio(info.path).samples)[1] == pytest.approx(1.0, abs=0.05)


def test_sound_and_picture_agree_after_a_variable_frame_rate(clicks: Path, folder: Path) -> None:
    vfr = make(
        folder / "vfr.mkv",
        "-i",
        str(clicks),
        "-vf",
        "select='not(between(mod(n,50),5,20))'",
        "-fps_mode",
        "vfr",
        "-c:v",
        "libx264",
        "-c:a",
        "copy",
    )
    frames = list(video_blocks(vfr, width=16, height=9))
    times = np.concatenate([f.times for f in frames])
    bright = np.concatenate([f.pixels.reshape(len(f.times), -1).mean(1) for f in frames]) > 128
    assert times[bright] == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.021)


def test_low_rate_takes_real_times(clicks: Path) -> None:
    times = np.concatenate([f.times for f in video_blocks(clicks, width=16, height=9, fps=2)])
    assert times == pytest.approx(np.arange(12) / 2, abs=0.041)


def test_a_span_of_pictures(clicks: Path) -> None:
    times = np.concatenate([f.times for f in video_blocks(clicks, width=16, height=9, span=Span(3.2, 4.0))])
    assert times[0] == pytest.approx(3.2, abs=0.021)
    assert times[-1] < 4.0
    assert len(times) == 20


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotated_pictures_come_upright(folder: Path, degrees: int) -> None:
    """A white upper half stays above whatever the display matrix says, as ffmpeg's own autorotation shows it."""
    plain = make(
        folder / "half.mp4",
        "-f",
        "lavfi",
        "-i",
        "color=black:s=320x180:d=1,drawbox=w=320:h=90:color=white:t=fill",
        "-pix_fmt",
        "yuv420p",
    )
    turned = make(folder / f"turned{degrees}.mp4", "-display_rotation", str(degrees), "-i", str(plain), "-c", "copy")
    reference = make(folder / f"reference{degrees}.mp4", "-i", str(turned), "-pix_fmt", "yuv420p")
    info, shown = probe(turned), probe(reference)
    assert info.video is not None
    assert shown.video is not None
    assert (info.video.display_width, info.video.display_height) == (shown.video.width, shown.video.height)
    ours = next(iter(video_blocks(turned, width=32, height=32))).pixels[0].astype(int)
    theirs = next(iter(video_blocks(reference, width=32, height=32))).pixels[0].astype(int)
    assert np.abs(ours - theirs).mean() < 12


def test_sample_aspect_ratio_shows_in_the_display_size(folder: Path) -> None:
    info = probe(
        make(
            folder / "sar.mp4", "-f", "lavfi", "-i", "testsrc=s=640x360:d=1", "-vf", "setsar=2/3", "-pix_fmt", "yuv420p"
        )
    )
    assert info.video is not None
    assert (info.video.display_width, info.video.display_height) == (427, 360)


def test_cover_art_is_no_picture(clicks: Path, folder: Path) -> None:
    art = make(folder / "cover.png", "-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-frames:v", "1")
    song = make(
        folder / "song.m4a",
        "-i",
        str(clicks),
        "-i",
        str(art),
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:a",
        "copy",
        "-c:v",
        "png",
        "-disposition:v:0",
        "attached_pic",
    )
    assert probe(song).video is None
    with pytest.raises(NoVideo):
        list(video_blocks(song, width=16, height=9))


def test_no_duration_is_counted(clicks: Path, folder: Path) -> None:
    with (folder / "live.webm").open("wb") as out:
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(clicks), "-c:v", "libvpx", "-c:a", "libvorbis", "-f", "webm", "-live", "1", "-"],
            check=True, stdout=out,
        )  # fmt: skip
    info = probe(folder / "live.webm")
    assert info.duration == pytest.approx(6.0, abs=0.1)
    assert [d.code for d in info.doubts] == ["media.no_duration"]


def test_cut_short_says_so_and_gives_what_is_there(clicks: Path, folder: Path) -> None:
    front = make(folder / "front.mp4", "-i", str(clicks), "-c", "copy", "-movflags", "+faststart")
    short = folder / "short.mp4"
    short.write_bytes(front.read_bytes()[: int(front.stat().st_size * 0.6)])
    info = probe(short)
    assert [d.code for d in info.doubts] == ["media.truncated"]
    assert 1.0 < info.duration < 5.0
    assert abs(load_audio(short).duration - info.duration) < 1.0


def test_damage_in_the_middle_keeps_the_clock(clicks: Path, folder: Path) -> None:
    whole = make(folder / "whole.mkv", "-i", str(clicks), "-c", "copy")
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 12] = b"\xa5" * (len(data) // 12)
    broken = folder / "broken.mkv"
    broken.write_bytes(bytes(data))
    heard = onsets(load_audio(broken).samples)
    assert len(heard) >= 3
    assert all(abs(t - round(t)) < 0.005 for t in heard if t > 0.5)


@pytest.mark.parametrize("name", ["ñ 'quote' & $x.mp4", "-leading dash.mp4", "a:b|c%03d.mp4", "emoji 🎬.mp4"])
def test_odd_names(clicks: Path, folder: Path, name: str) -> None:
    odd = folder / name
    odd.write_bytes(clicks.read_bytes())
    assert probe(odd).duration == pytest.approx(6.0, abs=0.1)


def test_what_is_no_media(folder: Path) -> None:
    text = folder / "text.mp4"
    text.write_text("not a video\n" * 500)
    empty = folder / "empty.mp4"
    empty.touch()
    playlist = folder / "playlist.mp4"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n")
    concat = folder / "concat.mp4"
    concat.write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    for file in (text, empty, playlist, concat):
        with pytest.raises((UnreadableMedia, UnsupportedFormat)):
            probe(file)
    with pytest.raises(NotFound):
        probe(folder / "nowhere.mp4")


def test_no_sound(folder: Path) -> None:
    mute = make(folder / "mute.mp4", "-f", "lavfi", "-i", "testsrc=s=64x64:d=2", "-pix_fmt", "yuv420p")
    assert probe(mute).audio == ()
    with pytest.raises(NoAudio):
        list(audio_blocks(mute))


def test_layouts(folder: Path) -> None:
    surround = make(
        folder / "surround.mka",
        "-f",
        "lavfi",
        "-i",
        "aevalsrc='0.1|0.2|0.3|0|0.1|0.2':c=5.1:s=48000:d=1",
        "-c:a",
        "flac",
    )
    assert load_audio(surround, layout="source", rate=0).samples.shape == (6, 48000)
    assert load_audio(surround, layout="stereo").samples.shape == (2, 16000)
    assert load_audio(surround).samples.shape == (16000,)


def test_eight_channels(folder: Path) -> None:
    values = "|".join(str(n / 10) for n in range(8))
    surround = make(folder / "eight.mka", "-f", "lavfi", "-i", f"aevalsrc='{values}':c=7.1:s=48000:d=1", "-c:a", "flac")
    samples = load_audio(surround, layout="source", rate=0).samples
    assert samples.shape == (8, 48000)
    assert samples[:, 1000].tolist() == pytest.approx([n / 10 for n in range(8)], abs=1e-3)


def test_a_camcorder_tape_is_read_at_its_own_rate(tmp_path: Path) -> None:
    chart = ("-f", "lavfi", "-i", "testsrc2=s=720x576:r=25:d=1", "-f", "lavfi", "-i", "sine=r=48000:d=1")
    tape = make(tmp_path / "tape.dv", *chart, "-c:v", "dvvideo", "-pix_fmt", "yuv420p", "-ac", "2")
    video = probe(tape).video
    assert video
    assert video.fps == 25.0
    assert not video.variable_rate
    assert video.interlaced


def test_one_scaler_makes_of_every_picture_what_its_own_would() -> None:
    rng = np.random.default_rng(3)
    shrink, gray = decode._Shrinker(96, 54, colour=True), decode._Shrinker(32, 18, colour=False)
    for size, name in [
        ((360, 640), "yuv420p"),
        ((1080, 1920), "yuv420p10le"),
        ((54, 96), "rgb24"),
        ((360, 640), "nv12"),
    ]:
        for _ in range(2):
            pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=name)
            alone = frame.reformat(96, 54, "rgb24", interpolation="AREA").to_ndarray()
            np.testing.assert_array_equal(shrink(frame), alone)
            np.testing.assert_array_equal(
                gray(frame), frame.reformat(32, 18, "gray", interpolation="AREA").to_ndarray()
            )


def test_a_sparse_look_shows_pictures_of_the_film_at_their_times(tmp_path: Path) -> None:
    film = tmp_path / "b.mp4"
    made = ["-f", "lavfi", "-i", "testsrc2=s=96x54:r=25:d=4", "-c:v", "libx264", "-bf", "2"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *made, str(film)], check=True)
    every = {
        float(t): p for b in video_blocks(film, width=96, height=54) for t, p in zip(b.times, b.pixels, strict=True)
    }
    found = [
        (float(t), p)
        for b in video_blocks(film, width=96, height=54, sparse=True)
        for t, p in zip(b.times, b.pixels, strict=True)
    ]
    assert len(found) < 0.75 * len(every)
    assert all((every[t] == p).all() for t, p in found)
    looks = np.concatenate([b.times for b in video_blocks(film, width=96, height=54, sparse=True, fps=3)])
    assert len(looks) == 12
    assert np.abs(looks - np.arange(12) / 3).max() < 0.15
