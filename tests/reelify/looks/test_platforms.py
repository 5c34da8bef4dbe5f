"""Where clips are posted: what each place takes, and what becomes of a request that names one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import BadRequest
from pipeline.media import ffmpeg
from pipeline.messages import catalogue
from pipeline.render.options import RenderOptions
from pipeline.render.quality import QUALITIES, estimated, picture_rate
from pipeline.render.render import render
from pipeline.render.shapes import ASPECTS
from pipeline.values import Cut, Sentence, Span, Timeline
from reelify.looks.platforms import PLATFORMS, Platform, best_cut, post_name, too_long
from reelify.requests import Clip, CompileRequest

CLIPS = (Clip(Path("/x/a.mp4")),)


@pytest.mark.parametrize("place", PLATFORMS.values(), ids=lambda p: p.name)
def test_every_place_says_what_it_takes(place: Platform) -> None:
    assert place.aspect in ASPECTS
    assert 0 < place.shortest < place.longest
    assert place.largest >= 16 * 1024 * 1024
    assert all(0 <= share < 0.4 for share in (place.safe.left, place.safe.top, place.safe.right, place.safe.bottom))
    assert f"ui.platform.{place.name}" in catalogue("en")
    request = CompileRequest(CLIPS, platform=place.name)
    assert request.aspect == place.aspect
    assert CompileRequest(CLIPS, platform=place.name, aspect="16:9").aspect == "16:9"


def test_more_shapes_in_one_job() -> None:
    assert CompileRequest(CLIPS, aspect="9:16", also="4:5, 1:1,4:5,9:16").more_shapes == ("4:5", "1:1")
    assert CompileRequest(CLIPS).more_shapes == ()
    for wrong in ("4:3", "4:5;1:1"):
        with pytest.raises(BadRequest):
            CompileRequest(CLIPS, also=wrong)


def test_a_clip_too_long_says_so_and_names_its_best_part() -> None:
    place = PLATFORMS["whatsapp"]
    sentences = tuple(Sentence(i * 10.0, i * 10.0 + 9.0, "x") for i in range(10))
    worth = [0.0, 0.0, 0.0, 5.0, 6.0, 5.0, 0.0, 0.0, 0.0, 0.0]
    cut = best_cut(place, sentences, worth, 100.0)
    assert cut is not None
    assert cut.start <= 30.0 < 59.0 <= cut.end
    assert cut.duration <= place.longest
    (said,) = too_long(place, 100.0, cut)
    assert said.values["start"] == cut.start
    assert too_long(place, 60.0, None) == ()
    assert too_long(place, 0.3, None)[0].code == "doubt.too_short_for"
    assert best_cut(place, (Sentence(0.0, 90.0, "x"),), [1.0], 100.0) is None
    assert too_long(place, 100.0, None)[0].code == "doubt.too_long_for"


def test_names_of_files() -> None:
    assert post_name("tiktok", "mi charla.mov", "9:16") == "tiktok_mi charla_9x16.mp4"
    assert post_name("", "a/b: c", "source") == "b_ c.mp4"


def test_a_file_stays_under_its_limit(tmp_path: Path) -> None:
    noisy = tmp_path / "noise.mkv"
    noise = "color=c=gray:s=320x240:r=25:d=4,noise=alls=60:allf=t"
    ffmpeg.run(
        ["-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", ffmpeg.safe_output(noisy)]
    )
    plan = Timeline((Cut(str(noisy), Span(0.0, 4.0), 0.0),))
    render(plan, tmp_path / "free.mp4", RenderOptions(loudness=None))
    limit = 300_000
    assert (tmp_path / "free.mp4").stat().st_size > 2 * limit
    render(plan, tmp_path / "kept.mp4", RenderOptions(loudness=None, largest=limit))
    assert (tmp_path / "kept.mp4").stat().st_size <= limit


def test_sizes_before_rendering() -> None:
    draft, post = (estimated(q, (1080, 1920), 30.0, 30.0) for q in QUALITIES.values())
    assert 5e6 < draft < post < 60e6
    assert estimated(QUALITIES["post"], (1080, 1920), 30.0, 60.0, 16_000_000) == 16_000_000
    assert picture_rate(16_000_000, 60.0, 160_000) < 16_000_000 * 8 / 60
