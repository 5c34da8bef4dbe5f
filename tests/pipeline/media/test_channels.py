"""Microphones on one ear and channels that cancel each other: recognised, heard in full, rendered for both ears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media import channels, ffmpeg
from pipeline.media.channels import Channels
from pipeline.media.decode import load_audio
from pipeline.media.probe import probe
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.values import Cut, Span, Timeline

VOICE = "aevalsrc='0.3*sin(2*PI*(200+80*sin(3*t))*t)*gt(sin(1.3*t),-0.5)':s=48000:d=8"
KINDS = {
    "left": ("pan=stereo|c0=c0|c1=0*c0", Channels.LEFT_ONLY),
    "right": ("pan=stereo|c0=0.002*c0|c1=c0", Channels.RIGHT_ONLY),
    "opposed": ("pan=stereo|c0=c0|c1=-1*c0", Channels.OPPOSED),
    "both": ("pan=stereo|c0=c0|c1=c0", Channels.FINE),
    "leaning": ("pan=stereo|c0=c0|c1=0.1*c0", Channels.FINE),
    "mono": ("anull", Channels.FINE),
    "silent": ("volume=0,pan=stereo|c0=c0|c1=c0", Channels.FINE),
}


def made(kind: str, folder: Path, suffix: str = ".m4a") -> Path:
    out = folder / f"{kind}{suffix}"
    ffmpeg.run(["-f", "lavfi", "-i", VOICE, "-af", KINDS[kind][0], "-b:a", "128k", ffmpeg.safe_output(out)])
    return out


def level(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples))) + 1e-9))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".m4a", ".flac"])
def test_what_two_channels_are(kind: str, suffix: str, tmp_path: Path) -> None:
    assert channels.channels_of(probe(made(kind, tmp_path, suffix))) is KINDS[kind][1]


@pytest.mark.parametrize("kind", ["left", "right", "opposed", "both"])
def test_all_of_it_is_heard_and_both_ears_get_it(kind: str, tmp_path: Path) -> None:
    source = made(kind, tmp_path)
    info = probe(source)
    whole = np.concatenate([b.samples for b in channels.heard(info, rate=16000)])
    voice = level(load_audio(made("mono", tmp_path), rate=16000).samples)
    assert level(whole) > voice - 0.5
    out = tmp_path / "clip.mp4"
    render(Timeline((Cut(str(source), Span(0.5, 6.0), 0.0),)), out, RenderOptions(loudness=None))
    ears = load_audio(out, rate=16000, layout="stereo").samples
    assert level(ears[0]) == pytest.approx(level(ears[1]), abs=0.5)
    assert level(ears.mean(axis=0)) == pytest.approx(level(ears[0]), abs=0.5)
    assert [m.code for m in channels.notes(info)] == {
        "left": ["doubt.one_channel"], "right": ["doubt.one_channel"], "opposed": ["doubt.opposed_channels"], "both": [],
    }[kind]  # fmt: skip


def test_wide_stereo_is_left_alone() -> None:
    rng = np.random.default_rng(5)
    middle, side = rng.standard_normal((2, 16000)).astype(np.float32) * 0.1
    for share in (0.0, 0.3, 1.0, 1.6):
        assert channels.judged(np.stack([middle + share * side, middle - share * side])) is Channels.FINE
    assert channels.judged(np.zeros((2, 16000), np.float32)) is None


def test_a_film_that_is_one_eared_for_a_while_is_not_mended(tmp_path: Path) -> None:
    out = tmp_path / "partly.flac"
    halves = "asplit[a][b];[a]atrim=0:4,pan=stereo|c0=c0|c1=0*c0[l];[b]atrim=4:8,asetpts=N/SR/TB,pan=stereo|c0=c0|c1=c0[r];[l][r]concat=v=0:a=1"
    ffmpeg.run(["-f", "lavfi", "-i", VOICE, "-filter_complex", halves, ffmpeg.safe_output(out)])
    assert channels.channels_of(probe(out)) is Channels.FINE
