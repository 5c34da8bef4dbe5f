"""What a kept look puts around a clip."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine import Engine
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.settings import Settings
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript, Word
from reelify.cut.posting import Post, branded, render_post
from reelify.looks.kits import Kit, Kits
from reelify.requests import Clip, CompileRequest


def made(out: Path, colour: str, seconds: float, size: str) -> Path:
    sound = ["-f", "lavfi", "-i", f"sine=f=300:d={seconds}"]
    film = ["-f", "lavfi", "-i", f"color=c={colour}:s={size}:r=10:d={seconds}"]
    ffmpeg.run(
        [*film, *sound, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-shortest", ffmpeg.safe_output(out)]
    )
    return out


def test_intro_outro_and_card_are_around_the_clip_and_captions_move_with_it(tmp_path: Path) -> None:
    clip, intro = (
        made(tmp_path / "clip.mp4", "blue", 3.0, "320x180"),
        made(tmp_path / "intro.mp4", "red", 1.0, "180x320"),
    )
    engine = Engine(Settings(data_dir=tmp_path / "data", temp_dir=tmp_path / "temp"))
    kits = Kits.of(tmp_path, "")
    kit = kits.save(Kit("mía", intro=intro, outro=intro, end_card="Adiós", music=clip), engine.probe)
    words = (Word(1.0, 1.5, "hola"),)
    said = Transcript("es", 3.0, (Sentence(1.0, 1.5, "hola", words),))
    post = Post(Timeline((Cut(str(clip), Span(0.0, 3.0), 0.0),)), said, (Span(1.0, 1.5),))
    look = CompileRequest((Clip(clip),), kit=kit, captions=True, also="1:1")
    whole, options = branded(engine, post, look, tmp_path)
    assert [round(c.at, 1) for c in whole.plan.cuts] == [0.0, 1.0, 4.0, 5.0]
    assert whole.transcript.sentences[0].words[0].start == pytest.approx(2.0, abs=0.05)
    assert whole.keys[0].start == pytest.approx(2.0, abs=0.05)
    assert options.music is not None
    assert options.music.speech[0].start == pytest.approx(2.0, abs=0.05)
    posted = render_post(engine, post, tmp_path / "out.mp4", look)
    found = probe(tmp_path / "out.mp4")
    assert found.duration == pytest.approx(7.0, abs=0.2)
    assert found.video is not None
    assert (found.video.display_width, found.video.display_height) == (320, 180), "the clip's own size, not the intro's"
    square = probe(posted.shapes["1:1"])
    assert square.video is not None
    assert square.video.display_width == square.video.display_height
    assert branded(engine, post, CompileRequest((Clip(clip),)), tmp_path)[0] == post, (
        "nothing is added unless it is asked for"
    )
