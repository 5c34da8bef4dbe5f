"""Clocks that start again: the stretches follow one another for every reader, wherever it begins to read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import fftconvolve

from pipeline.media import decode, ffmpeg
from pipeline.media.clock import course
from pipeline.media.container import opened
from pipeline.media.probe import probe
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.settings import Settings
from pipeline.values import Cut, Span, Timeline
from syncdub.requests import SyncRequest
from syncdub.workflow import execute
from tests.dubbing import RATE, Prober, film, plan, sound, write

HALF = 16.0
KINDS = {"ts": ("mpegts", "mp2"), "vob": ("vob", "ac3"), "mpg": ("mpeg", "mp2"), "m2ts": ("mpegts", "ac3")}


def joined(folder: Path, samples: np.ndarray, kind: str, later: float = 0.0) -> Path:
    """Two recordings of half of ``samples`` each, one after the other; the clock of the second begins ``later`` seconds later."""
    form, codec = KINDS[kind]
    out = folder / f"joined.{kind}"
    n = round(HALF * RATE)
    with out.open("wb") as file:
        for k in range(2):
            half = write(folder / f"half{k}.mka", samples[:, k * n : (k + 1) * n])
            part = folder / f"part{k}.{kind}"
            picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x120:r=25:d={HALF}"]
            coded = ["-c:v", "mpeg2video", "-b:v", "400k", "-c:a", codec, "-b:a", "192k"]
            more = ["-mpegts_m2ts_mode", "1"] if kind == "m2ts" else []
            moved = ["-output_ts_offset", str(later * k)]
            ffmpeg.run(["-loglevel", "error", *picture, "-i", f"{half}", *coded, *more, *moved, "-f", form, f"{part}"])
            file.write(part.read_bytes())
    return out


def late(path: Path, samples: np.ndarray, at: float, seconds: float = 3.0) -> float:
    """How much later than in ``samples`` the sound of ``path`` around ``at`` is, seconds."""
    heard = decode.load_audio(path, rate=16000, span=Span(at, at + seconds)).samples
    mono = samples.mean(axis=0)[:: RATE // 16000]
    low = round((at - 1) * 16000)
    found = fftconvolve(mono[low : low + round((seconds + 2) * 16000)], heard[::-1])
    return 1 - (int(found.argmax()) - len(heard) + 1) / 16000


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return sound(2 * HALF, 11)


@pytest.mark.parametrize(("kind", "later"), [("ts", 0.0), ("vob", 0.0), ("mpg", 0.0), ("m2ts", 0.0), ("ts", 7200.0)])
def test_both_halves_are_read_one_after_the_other(tmp_path: Path, samples: np.ndarray, kind: str, later: float) -> None:
    path = joined(tmp_path, samples, kind, later)
    info = probe(path)
    assert abs(info.duration - 2 * HALF) < 0.2
    assert [d.code for d in info.doubts] == ["media.clock_restarts"]
    assert str(info.doubts[0].values["at"]) in {"0:15", "0:16"}
    # The decoders' own delay and the gap that players leave at the join are under 0.1 s.
    assert all(abs(late(path, samples, at)) < 0.1 for at in (4.0, 11.0, 18.0, 27.0))
    pictures = np.concatenate([b.times for b in decode.video_blocks(path, width=32, height=24)])
    assert len(pictures) == pytest.approx(2 * HALF * 25, abs=4)
    assert np.diff(pictures).max() < 0.2
    later_on = np.concatenate([b.times for b in decode.video_blocks(path, width=32, height=24, span=Span(22, 23))])
    assert len(later_on) == pytest.approx(25, abs=2)


def test_a_steady_clock_is_left_alone(tmp_path: Path, samples: np.ndarray) -> None:
    joined(tmp_path, samples, "ts")
    info = probe(tmp_path / "part0.ts")
    assert not info.doubts
    with opened(tmp_path / "part0.ts") as container:
        assert not course(container).broken


def test_an_original_with_a_broken_clock_is_written_whole(tmp_path: Path, samples: np.ndarray) -> None:
    base = joined(tmp_path, samples, "ts")
    dub = write(tmp_path / "dub.mka", samples[:, RATE:])
    ordered = plan((0, 2 * HALF - 1, 1.0, 1.0))
    order = SyncRequest(original=base, dub=dub, output=tmp_path / "o.mkv", language="es")
    result = execute(Prober(Settings(temp_dir=tmp_path / "w")), ordered, order)
    assert result.output is not None
    assert abs(probe(result.output).duration - 2 * HALF) < 0.3
    assert all(abs(late(result.output, samples, at)) < 0.1 for at in (4.0, 27.0))
    with opened(result.output) as container:
        assert sum(p.size > 0 for p in container.demux(video=0)) >= 2 * HALF * 25 - 4


def test_a_dub_with_a_broken_clock_is_heard_to_its_end(tmp_path: Path, samples: np.ndarray) -> None:
    base, dub = film(tmp_path, samples), joined(tmp_path, samples, "vob")
    order = SyncRequest(original=base, dub=dub, output=tmp_path / "o.mkv", language="es")
    result = execute(Prober(Settings(temp_dir=tmp_path / "w")), plan((0, 2 * HALF, 0.0, 1.0)), order)
    assert result.output is not None
    end = decode.load_audio(result.output, stream=1, span=Span(2 * HALF - 4, 2 * HALF - 1)).samples
    assert float(np.square(end).mean()) > 1e-4


def test_a_chained_ogg_file_is_one_recording(tmp_path: Path) -> None:
    out = tmp_path / "chained.ogg"
    with out.open("wb") as file:
        for k, pitch in enumerate((440, 880)):
            part = tmp_path / f"part{k}.ogg"
            ffmpeg.run(["-f", "lavfi", "-i", f"sine={pitch}:d={3 + k}:r=48000", "-c:a", "libopus", str(part)])
            file.write(part.read_bytes())
    info = probe(out)
    assert info.duration == pytest.approx(7.0, abs=0.02)
    assert [d.code for d in info.doubts] == ["media.clock_restarts"]
    for span, pitch in ((Span(1, 2), 440), (Span(3.5, 4.5), 880), (Span(5.5, 6.5), 880)):
        heard = decode.load_audio(out, rate=16000, span=span).samples
        assert len(heard) == 16000
        assert np.abs(np.fft.rfft(heard * np.hanning(16000))).argmax() == pytest.approx(pitch, abs=1)


def test_a_clip_over_a_restart_holds_what_a_player_plays(tmp_path: Path) -> None:
    samples = sound(2 * HALF, 31)
    source = joined(tmp_path, samples, "ts")
    span = Span(HALF - 3.0, HALF + 3.0)
    made = tmp_path / "clip.mp4"
    render(Timeline((Cut(str(source), span, 0.0),)), made, RenderOptions(loudness=None))
    assert probe(made).duration == pytest.approx(6.0, abs=0.1)
    heard = decode.load_audio(made, rate=16000).samples
    wanted = decode.load_audio(source, rate=16000, span=span).samples
    for second in (0, 2, 4):
        part = heard[second * 16000 : (second + 1) * 16000]
        around = fftconvolve(wanted, part[::-1])
        at = (int(np.abs(around).argmax()) - len(part) + 1) / 16000
        assert at == pytest.approx(second, abs=0.05)
