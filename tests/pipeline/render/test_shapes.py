"""Shots that are shown in different ways: each frame drawn in its own way, none lost; what is spared where pictures are enlarged."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.framing.framing import CropPath
from pipeline.framing.layouts import Layout, Rect
from pipeline.media import ffmpeg
from pipeline.media.decode import video_blocks
from pipeline.media.probe import probe
from pipeline.render import graph, quality, shapes
from pipeline.render.graph import Canvas, Shape, Stretch
from pipeline.render.options import RenderOptions
from pipeline.render.work import Work
from pipeline.values import Cut, Span, Timeline

RATE = 24000 / 1001
SIZE = (9 / 16) / (16 / 9)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    out = tmp_path / "film.mkv"
    made = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=24000/1001:d=4", "-c:v", "libx264", "-qp", "2"]
    ffmpeg.run([*made, "-g", "12", ffmpeg.safe_output(out)])
    return out


def frames(film: Path, shape: Shape, seconds: float, start: float = 0.5) -> np.ndarray:
    """The pictures of a piece drawn as ``shape`` says."""
    import ffmpeg as graphs

    info = probe(film)
    piece, canvas = Stretch(str(film), start, seconds), Canvas(90, 160, graph.frame_rate(info))
    stream, offset = graph.Inputs({str(film): info}).open(piece, 1)
    shown = graph.picture(stream, piece, offset, info, canvas, shape)
    out = film.with_name("out.mkv")
    ffmpeg.run(graphs.output(shown, ffmpeg.safe_output(out), **{"c:v": "libx264", "qp": 0}).get_args())
    return np.concatenate([b.pixels for b in video_blocks(out, width=90, height=160)])


def test_every_frame_is_drawn_in_the_way_of_its_shot(film: Path) -> None:
    parts = (Rect(0.75, 0.5, 0.3, 0.8), Rect(0.25, 0.5, 0.3, 0.8))
    stack = Layout(Span(2.0, 2.5), "stack", "two_people", parts=parts)
    keys = ((0.5, 0.2), (1.0, 0.8), (1.0, 0.5), (3.0, 0.5))
    path = CropPath("x", SIZE, keys, (Span(1.0, 1.5),), layouts=(stack,))
    found = frames(film, shapes.along(path), 2.5)
    # The first frame at or after half a second, and after one and a half.
    edges = [0, 12, 24, 36, 48, round(2.5 * RATE)]
    ways = {
        "crop": frames(film, shapes.along(replace(path, bars=(), layouts=())), 2.5),
        "bars": frames(film, shapes.bars, 2.5),
        "parts": frames(film, shapes.stacked((stack,)), 2.5),
    }
    assert len(found) == edges[-1]
    for kind, (a, b) in zip(("crop", "bars", "crop", "parts", "crop"), itertools.pairwise(edges), strict=True):
        apart = {name: np.abs(found[a:b].astype(int) - way[a:b]).mean(axis=(1, 2)) for name, way in ways.items()}
        assert apart[kind].max() < 1.0, kind
        assert all(apart[name].min() > 3.0 for name in ways if name != kind)


def test_many_short_shots_lose_no_frame(film: Path) -> None:
    path = CropPath("x", SIZE, ((0.5, 0.5),), tuple(Span(0.5 + n / 5, 0.6 + n / 5) for n in range(15)))
    assert len(frames(film, shapes.along(path), 3.0)) == round(3.0 * RATE)


def test_a_piece_that_ends_with_the_film_is_as_long_as_it_should_be(film: Path) -> None:
    path = CropPath("x", SIZE, ((3.0, 0.5),), (Span(3.5, 4.5),))
    assert len(frames(film, shapes.along(path), 1.3, start=3.0)) == round(1.3 * RATE)


@pytest.mark.parametrize(
    ("options", "large"),
    [
        (RenderOptions(aspect="9:16"), True),
        (RenderOptions(aspect="9:16", framing="bars"), False),
        (RenderOptions(aspect="9:16", size=(90, 160)), False),
        (RenderOptions(), False),
    ],
)
def test_only_enlarged_pictures_are_encoded_with_less_search(options: RenderOptions, large: bool, film: Path) -> None:
    work = Work(Timeline((Cut(str(film), Span(0.0, 1.0), 0.0),)), {str(film): probe(film)}, options)
    assert bool(quality.effort(options.preset, work.enlargement)) is large
    assert not quality.effort(quality.QUALITIES["post"].preset, work.enlargement)
