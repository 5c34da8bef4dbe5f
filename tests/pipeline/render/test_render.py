"""Rendered files: the right frames, in sync, the right shape and loudness, never half a file."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image, ImageStat

from pipeline.captions.styles import CaptionStyle
from pipeline.errors import BadRequest, Cancelled, DiskFull, FFmpegFailed, NotFound, NoVideo, UnreadableMedia
from pipeline.media import ffmpeg
from pipeline.media.decode import load_audio, video_blocks
from pipeline.media.probe import probe
from pipeline.messages import Message
from pipeline.render import drawn, graph, loudness, previews, render
from pipeline.render.checks import check
from pipeline.render.options import RenderOptions
from pipeline.render.render import RenderJob
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript
from tests import odd_media

QUIET = RenderOptions(loudness=None)
FPS = 25


@pytest.fixture(scope="module")
def clapper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s: frame n has luma 20 + 2·(n mod 100); every second a beep of 40 ms begins with a white corner."""
    out = tmp_path_factory.mktemp("clapper") / "clapper.mp4"
    corner = "lt(X,40)*lt(Y,40)*lt(mod(N,25),1)"
    luma = f"geq=lum='if({corner},235,20+2*mod(N,100))':cb=128:cr=128"
    beep = "aevalsrc='0.5*lt(mod(t,1),0.04)*sin(2*PI*1000*t)':s=48000:d=12"
    ffmpeg.run(
        ["-f", "lavfi", "-i", f"color=c=black:s=160x90:r={FPS}:d=12,{luma}", "-f", "lavfi", "-i", beep, "-c:v", "libx264",
         "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p", "-g", "100", "-c:a", "aac", ffmpeg.safe_output(out)]
    )  # fmt: skip
    return out


def plan(source: Path, *spans: tuple[float, float], crossfade: float = 0.0) -> Timeline:
    cuts, at = [], 0.0
    for start, end in spans:
        cuts.append(Cut(str(source), Span(start, end), at))
        at = cuts[-1].end
    return Timeline(tuple(cuts), crossfade=crossfade)


def pictures(path: Path) -> tuple[np.ndarray, np.ndarray]:
    info = probe(path)
    assert info.video
    blocks = list(video_blocks(path, width=info.video.display_width, height=info.video.display_height))
    return np.concatenate([b.times for b in blocks]), np.concatenate([b.pixels for b in blocks])


def numbers(path: Path) -> np.ndarray:
    """The clapper's frame numbers (mod 100) seen in a result."""
    _, frames = pictures(path)
    level = np.median(frames[:, 50:, 50:].reshape(len(frames), -1), axis=1)
    # full-range gray from limited-range luma
    return np.round((level * 219 / 255 + 16 - 20) / 2).astype(int)


def beeps(path: Path) -> np.ndarray:
    sound = load_audio(path, rate=48000).samples
    loud = np.flatnonzero(np.abs(sound) > 0.1)
    return loud[np.flatnonzero(np.diff(np.concatenate([[-48000], loud])) > 12000)] / 48000


def flashes(path: Path) -> np.ndarray:
    times, frames = pictures(path)
    corner = frames[:, 5:30, 5:30].reshape(len(frames), -1).mean(axis=1)
    rest = frames[:, 50:, 50:].reshape(len(frames), -1).mean(axis=1)
    return times[(corner > 245) & (corner - rest > 10)]


@pytest.mark.parametrize("start", [0.0, 0.4, 3.0, 4.36, 7.52])
def test_exactly_the_frames_that_were_asked_for(start: float, clapper: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    checked = render.render(plan(clapper, (start, start + 2.0)), out, QUIET)
    seen = numbers(out)
    first = round(start * FPS)
    assert list(seen) == [n % 100 for n in range(first, first + 50)]
    assert checked.duration == pytest.approx(2.0, abs=0.04)


@pytest.mark.parametrize("start", [0.52, 2.48, 5.113])
def test_sound_and_picture_stay_together(start: float, clapper: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    checked = render.render(plan(clapper, (start, start + 4.0)), out, QUIET)
    seen, heard = flashes(out), beeps(out)
    assert len(seen) == len(heard) == 4
    assert np.abs(seen - heard).max() < 0.040
    assert abs(checked.start_difference) < 0.040


def test_many_cuts_do_not_drift(clapper: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    spans = [(0.013 + 0.7 * i, 0.013 + 0.7 * i + 0.513) for i in range(15)]
    render.render(plan(clapper, *spans), out, QUIET)
    seen, heard = flashes(out), beeps(out)
    heard = np.array([h for h in heard if np.abs(seen - h).min() < 0.2])
    assert len(heard) >= 5
    assert max(np.abs(seen - h).min() for h in heard) < 0.040


def test_gaps_are_black_and_silent_and_speeds_keep_sync(clapper: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    timeline = Timeline((Cut(str(clapper), Span(0.5, 2.5), 1.0), Cut(str(clapper), Span(4.5, 6.5), 4.0, rate=1.5)))
    checked = render.render(timeline, out, QUIET)
    assert checked.duration == pytest.approx(timeline.duration, abs=0.05)
    times, frames = pictures(out)
    assert frames[times < 0.9].max() < 5
    assert frames[(times > 3.1) & (times < 3.9)].max() < 5
    assert np.abs(beeps(out)[:2] - np.array([1.5, 2.5])).max() < 0.03
    assert np.abs(flashes(out)[:2] - np.array([1.5, 2.5])).max() < 0.03
    slow_seen, slow_heard = flashes(out)[2], beeps(out)[2]
    assert slow_seen == pytest.approx(4.75, abs=0.05)
    assert slow_heard == pytest.approx(4.75, abs=0.05)


def test_touching_cuts_cross_fade_without_moving(clapper: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    checked = render.render(plan(clapper, (1.0, 3.0), (7.0, 9.0), crossfade=0.4), out, QUIET)
    assert checked.duration == pytest.approx(4.0, abs=0.04)
    seen = numbers(out)
    assert list(seen[:44]) == list(range(25, 69))
    assert list(seen[56:]) == [n % 100 for n in range(175 + 6, 225)]
    assert np.abs(beeps(out) - np.array([0.0, 1.0, 2.0, 3.0])).max() < 0.04


def test_overlapping_cuts_cross_fade_where_they_overlap() -> None:
    timeline = Timeline((Cut("a", Span(0, 4), 0.0), Cut("b", Span(0, 4), 3.0)))
    found = graph.pieces(timeline, {"a": 10, "b": 10}, Fraction(25))
    assert [(p.duration, p.lead) for p in found] == [(4.0, 0.0), (4.0, 1.0)]
    assert graph.total(found) == pytest.approx(timeline.duration)


def test_cross_fades_take_no_more_than_the_source_has() -> None:
    timeline = Timeline((Cut("a", Span(0, 10), 0.0), Cut("b", Span(0.04, 5), 10.0)), crossfade=1.0)
    found = graph.pieces(timeline, {"a": 10.2, "b": 5}, Fraction(25))
    assert found[1].lead == pytest.approx(0.08)
    assert graph.total(found) == pytest.approx(timeline.duration, abs=0.03)


@pytest.mark.parametrize("kind", sorted(set(odd_media.GOOD) - {"plain"}))
def test_odd_sources_become_ordinary_files(kind: str, tmp_path: Path) -> None:
    source = odd_media.make(kind, tmp_path / "in")
    info = probe(source)
    length = min(1.2, info.duration)
    out = tmp_path / "out.mp4"
    checked = render.render(plan(source, (0.0, length)), out, QUIET)
    made = probe(out)
    assert made.duration == pytest.approx(length, abs=0.1)
    assert abs(checked.start_difference) < 0.04
    assert (made.video is None) == (info.video is None)
    if made.video and info.video:
        assert (made.video.codec, made.video.pixel_format, made.video.rotation) == ("h264", "yuv420p", 0)
        assert abs(made.video.width - info.video.display_width) <= 1
        assert abs(made.video.height - info.video.display_height) <= 1
        assert (made.video.display_width, made.video.display_height) == (made.video.width, made.video.height)
        times, _ = pictures(out)
        assert np.ptp(np.diff(times)) < 0.002


@pytest.mark.parametrize("kind", sorted(odd_media.BROKEN))
def test_broken_sources_are_refused_without_a_trace(kind: str, tmp_path: Path) -> None:
    source = odd_media.make(kind, tmp_path / "in")
    with pytest.raises(UnreadableMedia):
        render.render(plan(source, (0.0, 1.0)), tmp_path / "out" / "x.mp4")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("kind", "offset"), [("delayed_audio", 0.5), ("delayed_video", 0.5)])
def test_a_late_stream_stays_late(kind: str, offset: float, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    render.render(plan(odd_media.make(kind, tmp_path), (0.0, 2.0)), out, QUIET)
    if kind == "delayed_audio":
        sound = load_audio(out, rate=16000).samples
        assert np.flatnonzero(np.abs(sound) > 0.01)[0] / 16000 == pytest.approx(offset, abs=0.04)
    else:
        _, frames = pictures(out)
        change = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=(1, 2))
        assert change[:11].max() < 0.5 < change[15:].mean()


def test_rotated_pictures_stand_upright(tmp_path: Path) -> None:
    source, out = odd_media.make("rotated", tmp_path), tmp_path / "out.mp4"
    render.render(plan(source, (0.0, 1.0)), out, QUIET)
    (expected,) = (b.pixels[0] for b in video_blocks(source, width=180, height=320, span=Span(0, 0.03)))
    _, frames = pictures(out)
    assert np.abs(frames[0].astype(int) - expected).mean() < 6


def test_hdr_is_not_washed_out(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    render.render(plan(odd_media.make("hdr", tmp_path), (0.0, 0.8)), out, QUIET)
    _, frames = pictures(out)
    assert np.percentile(frames, 1) < 20
    assert np.percentile(frames, 99) > 150


@pytest.mark.parametrize(("level", "crest"), [(0.04, 1.0), (0.6, 1.0), (0.07, 13.0)])
def test_loudness_reaches_the_target_under_the_ceiling(level: float, crest: float, tmp_path: Path) -> None:
    source, out = tmp_path / "in.wav", tmp_path / "out.m4a"
    voice = f"{level}*(1+{crest - 1}*lt(mod(t,0.5),0.01))*(0.6*sin(2*PI*220*t)+0.4*sin(2*PI*1330*t))"
    ffmpeg.run(["-f", "lavfi", "-i", f"aevalsrc='{voice}':s=48000:d=8", ffmpeg.safe_output(source)])
    render.render(plan(source, (0.0, 8.0)), out)
    found = loudness.measure_file(out)
    assert found.integrated == pytest.approx(-14.0, abs=0.7)
    assert found.peak <= -1.0


def test_silence_is_not_brought_up() -> None:
    assert loudness.gain_for(loudness.Loudness(-75.0, -60.0)) == loudness.Gain()
    assert loudness.gain_for(loudness.parse("no summary here")) == loudness.Gain()


def test_captions_are_seen_where_they_belong(clapper: Path, tmp_path: Path) -> None:
    said = Transcript("es", 2.0, (Sentence(0.4, 1.2, "¡Mañana, pingüino!"),))
    plain, out = tmp_path / "plain.mp4", tmp_path / "it's [a] b,c.mp4"
    style = RenderOptions(size=(360, 640), loudness=None)
    render.render(plan(clapper, (0.5, 2.5)), plain, style)
    render.render(plan(clapper, (0.5, 2.5)), out, replace(style, captions=said))
    times, with_text = pictures(out)
    difference = np.abs(with_text.astype(int) - pictures(plain)[1]).astype(int) > 40
    rows = difference[(times > 0.5) & (times < 1.1)].any(axis=(0, 2))
    assert rows.any()
    assert np.flatnonzero(rows)[0] / 640 > 0.5
    assert np.flatnonzero(rows)[-1] / 640 < 0.76
    assert not difference[times < 0.35].any()


@pytest.mark.parametrize("framing", ["follow", "bars", "centre"])
def test_upright_shape(framing: Literal["follow", "bars", "centre"], clapper: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    checked = render.render(
        plan(clapper, (1.0, 1.6)), out, RenderOptions(aspect="9:16", framing=framing, size=(180, 320), loudness=None)
    )
    assert (checked.width, checked.height) == (180, 320)


@pytest.mark.parametrize("said", ["Uno", "Dos líneas de texto que se leen bien"])
def test_captions_in_bars_stay_off_the_edge_of_the_picture(said: str, clapper: Path, tmp_path: Path) -> None:
    words = Transcript("es", 2.0, (Sentence(0.0, 2.0, said),))
    style = CaptionStyle(mark="none")
    options = RenderOptions(aspect="9:16", size=(360, 640), framing="bars", loudness=None, captions=words, style=style)
    render.render(plan(clapper, (0.2, 2.2)), tmp_path / "out.mp4", options)
    _, frames = pictures(tmp_path / "out.mp4")
    rows = np.flatnonzero((frames[10] > 230).any(axis=1))
    edge = (640 + 360 * 9 / 16) / 2
    assert len(rows)
    assert rows.min() > edge or rows.max() < edge
    assert rows.max() < 0.77 * 640


def test_sound_alone_gets_a_picture_when_it_is_to_be_seen(tmp_path: Path) -> None:
    source = odd_media.make("audio_only", tmp_path)
    checked = render.render(plan(source, (0.0, 1.5)), tmp_path / "out.mp4", RenderOptions(hook="Hola", size=(180, 320)))
    assert (checked.width, checked.height) == (180, 320)


def test_cancelled_work_leaves_nothing(clapper: Path, tmp_path: Path) -> None:
    def stop(fraction: float, _said: Message) -> None:
        if fraction > 0.2:
            raise Cancelled

    out = tmp_path / "out" / "x.mp4"
    with pytest.raises(Cancelled):
        render.render(plan(clapper, (0.0, 10.0)), out, RenderOptions(preset="veryslow", size=(1280, 720)), stop)
    assert list(out.parent.iterdir()) == []


def test_an_earlier_result_survives_a_failure(clapper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "x.mp4"
    out.write_bytes(b"earlier")

    def fail(*_args: object, **_options: object) -> str:
        raise FFmpegFailed(detail="made to fail")

    monkeypatch.setattr(ffmpeg, "run", fail)
    with pytest.raises(FFmpegFailed):
        render.render(plan(clapper, (0.0, 1.0)), out, QUIET)
    assert out.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [out]


def test_a_card_that_fails_falls_back(clapper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "video_encoder", lambda: "h264_none_such")
    assert render.render(plan(clapper, (0.0, 0.5)), tmp_path / "x.mp4", QUIET).n_frames > 10


def test_a_wrong_file_does_not_pass_the_check(clapper: Path, tmp_path: Path) -> None:
    with pytest.raises(FFmpegFailed):
        check(clapper, 11.0, audio=True, video=True)
    with pytest.raises(FFmpegFailed):
        check(odd_media.make("no_audio", tmp_path), 3.0, audio=True, video=True)
    with pytest.raises(FFmpegFailed):
        check(odd_media.make("noise", tmp_path), 3.0, audio=True, video=True)


def test_no_room_on_the_disk(clapper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr("pipeline.render.render.shutil.disk_usage", lambda _p: Usage)
    with pytest.raises(DiskFull):
        render.render(plan(clapper, (0.0, 1.0)), tmp_path / "x.mp4")


def test_nothing_to_render(clapper: Path, tmp_path: Path) -> None:
    for timeline in (Timeline(()), plan(clapper, (1.0, 1.0)), plan(clapper, (1.0, 1.013))):
        with pytest.raises(BadRequest):
            render.render(timeline, tmp_path / "x.mp4")
    with pytest.raises(NotFound):
        render.render(plan(tmp_path / "none.mp4", (0.0, 1.0)), tmp_path / "x.mp4")


def test_packet_copy_is_whole_and_starts_no_later(clapper: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.mp4"
    render.render(plan(clapper, (5.0, 7.0)), out, RenderOptions(fast_copy=True))
    assert numbers(out)[0] <= 125 % 100
    assert probe(out).duration >= 1.9


def test_many_are_the_same_as_one_by_one(clapper: Path, tmp_path: Path) -> None:
    jobs = [RenderJob(plan(clapper, (i, i + 1.0)), tmp_path / f"{i}.mp4", QUIET) for i in range(4)]
    seen: list[float] = []
    checked = render.render_many(jobs, lambda f, _m: seen.append(f))
    assert [Path(c.path).name for c in checked] == [f"{i}.mp4" for i in range(4)]
    for i, job in enumerate(jobs):
        assert numbers(job.out)[0] == (25 * i) % 100
    assert all(0 <= f <= 1 for f in seen)


def test_one_failure_stops_many(clapper: Path, tmp_path: Path) -> None:
    jobs = [
        RenderJob(plan(clapper, (0, 1.0)), tmp_path / "a.mp4", QUIET),
        RenderJob(plan(tmp_path / "no", (0, 1)), tmp_path / "b.mp4"),
    ]
    with pytest.raises(NotFound):
        render.render_many(jobs)
    assert not list(tmp_path.glob("*.part.*"))


def test_poster_and_preview(clapper: Path, tmp_path: Path) -> None:
    shot = previews.poster(clapper, 2.0, tmp_path / "p.jpg", width=80)
    assert shot.read_bytes()[:2] == b"\xff\xd8"
    assert previews.poster(clapper, 99.0, tmp_path / "late.jpg").is_file()
    with pytest.raises(NoVideo):
        previews.poster(odd_media.make("audio_only", tmp_path), 0.0, tmp_path / "n.jpg")
    assert previews.preview(clapper, tmp_path / "small.mp4", height=48).height == 48


def test_a_poster_is_not_a_black_frame(tmp_path: Path) -> None:
    dark = "color=black:s=160x90:r=10:d=2[a];testsrc=s=160x90:r=10:d=2[b];[a][b]concat"
    film, out = tmp_path / "film.mp4", tmp_path / "p.jpg"
    ffmpeg.run(["-filter_complex", dark, "-pix_fmt", "yuv420p", ffmpeg.safe_output(film)])
    with Image.open(previews.poster(film, 1.0, out)) as shown:
        assert ImageStat.Stat(shown.convert("L")).stddev[0] > previews.FLAT
    black = tmp_path / "black.mp4"
    ffmpeg.run(["-f", "lavfi", "-i", "color=black:s=160x90:r=10:d=1", "-pix_fmt", "yuv420p", ffmpeg.safe_output(black)])
    with Image.open(
        previews.poster(black, 0.5, out)
    ) as shown:  # nothing else is there, and what was there before is gone
        assert ImageStat.Stat(shown.convert("L")).stddev[0] < previews.FLAT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["black.mp4", "film.mp4", "p.jpg"]


def test_a_card_opens_a_compilation(clapper: Path, tmp_path: Path) -> None:
    card = drawn.title_card("Lo mejor de mañana", tmp_path / "card.mp4", (160, 90), fps=25, duration=1.0)
    timeline = Timeline((Cut(str(card), Span(0, 1), 0.0), Cut(str(clapper), Span(2.0, 3.0), 1.0)))
    out = tmp_path / "out.mp4"
    assert render.render(timeline, out, QUIET).duration == pytest.approx(2.0, abs=0.04)
    times, frames = pictures(out)
    assert frames[(times > 0.4) & (times < 0.6)].max() > 180
    assert frames[0].max() < 60
    assert list(numbers(out)[25:]) == list(range(50, 75))


def test_frame_rates() -> None:
    from pipeline.media.values import MediaInfo, VideoStream

    def rate(fps: float, variable: bool = False) -> Fraction:
        picture = VideoStream(0, "h264", 640, 360, 640, 360, fps, variable_rate=variable)
        return graph.frame_rate(MediaInfo("x", "mp4", 1.0, 1, picture))

    assert rate(29.97002997) == Fraction(30000, 1001)
    assert rate(23.976) == Fraction(24000, 1001)
    assert rate(25.0) == 25
    assert rate(17.3, variable=True) == 24
    assert rate(120.0) == 60
    assert rate(0.0) == rate(float("nan")) == 25


def test_tempo_steps_multiply_to_the_tempo() -> None:
    for tempo in (0.1, 0.3, 0.96, 1.5, 5.0):
        steps = graph.tempo_steps(tempo)
        assert np.prod(steps) == pytest.approx(tempo)
        assert all(0.5 <= s <= 2 for s in steps)
    assert graph.tempo_steps(1.0) == []
