"""How a shot is shown: the decision on numbers, the picture in a corner, and the graph that draws it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import layouts as drawn
from pipeline.framing import faces, framing
from pipeline.framing.faces import Box
from pipeline.framing.framing import CropPath, decide
from pipeline.framing.layouts import Frame, Hand, Layout, Rect, layout_of
from pipeline.framing.looking import Inset, Look, Motion, inset_of, mouth_of
from pipeline.media import ffmpeg
from pipeline.media.decode import video_blocks
from pipeline.media.probe import probe
from pipeline.messages import catalogue
from pipeline.render import graph, shapes
from pipeline.render.graph import Canvas, Stretch
from pipeline.values import Shot, Span

PHONE = Frame("x", (9 / 16) / (16 / 9), 16 / 9, 9 / 16)
SQUARE = Frame("x", 9 / 16, 16 / 9, 1.0)
TEN = Span(0.0, 10.0)


def face(x: float, size: float = 0.09, y: float = 0.45, mouth: float | None = None) -> Box:
    return Box(x, y, size, size * 16 / 9, 0.9, mouth)


def seen(*boxes: Box, motion: Motion | None = None, n: int = 30) -> list[Look]:
    return [Look(i / 3, boxes, motion) for i in range(n)]


@pytest.mark.parametrize(
    ("looks", "kind", "reason"),
    [
        (seen(face(0.3)), "follow", "one_face"),
        (seen(face(0.3), face(0.9, 0.03)), "follow", "one_face"),
        (seen(face(0.45, 0.07), face(0.55, 0.07)), "together", "faces_fit"),
        (seen(face(0.2), face(0.8)), "stack", "two_people"),
        (seen(face(0.15), face(0.5), face(0.85)), "whole", "group"),
        (seen(face(0.2))[:15] + [Look(5 + i / 3, (face(0.8),)) for i in range(15)], "whole", "too_wide"),
        (seen(motion=Motion(0.8, 0.1, 0.05)), "follow", "motion"),
        (seen(motion=Motion(0.5, 0.9, 0.3)), "whole", "wide_motion"),
        (seen(), "whole", "nothing"),
    ],
)
def test_what_is_seen_decides(looks: list[Look], kind: str, reason: str) -> None:
    found = layout_of(looks, TEN, PHONE)
    assert (found.kind, found.reason) == (kind, reason)
    assert f"layout.{reason}" in catalogue("en")
    assert f"ui.layout.{kind}" in catalogue("en")


def test_who_speaks_is_above_else_who_is_on_the_left() -> None:
    quiet = layout_of(seen(face(0.8), face(0.2)), TEN, PHONE)
    assert quiet.parts[0].x < 0.5 < quiet.parts[1].x
    loud = layout_of(seen(face(0.2, mouth=1.0), face(0.8, mouth=4.0)), TEN, PHONE)
    assert loud.reason == "two_people_mouth"
    assert loud.parts[0].x > 0.5 > loud.parts[1].x
    assert layout_of(seen(face(0.2), face(0.8)), TEN, SQUARE).kind == "whole", "half a square is a slit"


def test_each_part_shows_its_own_head_and_keeps_the_shape() -> None:
    for left, right, size in ((0.2, 0.8, 0.09), (0.3, 0.72, 0.12), (0.12, 0.6, 0.07)):
        boxes = face(left, size), face(right, size)
        found = layout_of(seen(*boxes), TEN, PHONE)
        for n, part in enumerate(found.parts):
            assert [part.holds(b) for b in boxes] == [n == 0, n == 1]
            assert part.width * PHONE.source / part.height == pytest.approx(PHONE.target * 2, rel=0.01)
            assert part.x - part.width / 2 >= 0
            assert part.x + part.width / 2 <= 1 + 1e-9
        assert all(0.0 < low < high < 1.0 for low, high in found.heads)
        assert found.heads[0][1] < found.split < found.heads[1][0]


def test_a_camera_in_a_corner_is_below_the_screen() -> None:
    inset = Inset(0.88, 0.84, 0.24, 0.32)
    found = layout_of(seen(face(0.88, 0.05, 0.84), motion=Motion(0.5, 0.9, 0.3)), TEN, PHONE, inset)
    assert (found.kind, found.reason) == ("inset", "camera_in_corner")
    assert found.parts[1].holds(face(0.88, 0.05, 0.84))
    assert found.parts[1].width <= inset.width + 1e-9
    assert found.parts[0].x < 0.5, "the screen's part looks away from the camera"
    outside = layout_of(seen(face(0.5, 0.05, 0.84)), TEN, PHONE, inset)
    assert outside.kind == "follow"


def test_a_picture_in_a_corner_is_found_by_its_borders() -> None:
    chance = np.random.default_rng(2)
    looks = []
    for i in range(6):
        gray = chance.integers(0, 255, (108, 192)).astype(np.uint8)
        gray[66:108, 140:192] = 90
        looks.append(Look(i / 3, (), None, gray))
    found = inset_of(looks, face(0.87, 0.06, 0.8))
    assert found is not None
    assert (found.x, found.y) == (pytest.approx(166 / 192, abs=0.02), pytest.approx(87 / 108, abs=0.02))
    assert (found.width, found.height) == (pytest.approx(52 / 192, abs=0.02), pytest.approx(42 / 108, abs=0.02))
    assert inset_of([Look(i / 3, (), None, np.full((108, 192), 90, np.uint8)) for i in range(6)], face(0.87)) is None


def test_a_mouth_that_moves_is_told_from_a_head_that_moves() -> None:
    before = np.full((108, 192), 100, np.uint8)
    speaking, turning = before.copy(), before.copy()
    speaking[50:60, 90:102] = 180
    turning[30:60, 80:110] = 180
    assert mouth_of(before, speaking, face(0.5)) > 5
    assert mouth_of(before, turning, face(0.5)) < mouth_of(before, speaking, face(0.5))


def test_a_hand_rules_its_shot_and_no_other() -> None:
    shots = (Shot(0, 5), Shot(5, 10))
    found = decide(seen(face(0.3)), TEN, shots, PHONE, (Hand(0.0, 5.0, middle=0.7),))
    assert [one.kind for one in found.layouts] == ["hand", "follow"]
    assert found.at(2.0) == pytest.approx(0.7)
    assert found.at(7.0) == pytest.approx(0.3, abs=0.02)
    assert decide(seen(face(0.3)), TEN, shots, PHONE, (Hand(5.0, 10.0, "whole"),)).bars == (Span(5, 10),)


def test_the_same_shot_looks_the_same_in_a_short_clip_of_it() -> None:
    looks = [Look(i / 3, (face(0.3),) if i % 5 else ()) for i in range(60)]
    shots = (Shot(0.0, 20.0),)
    long = decide(looks, Span(0.0, 20.0), shots, PHONE)
    short = decide(looks, Span(9.9, 10.4), shots, PHONE)
    assert short.layouts[0].kind == long.layouts[0].kind == "follow"
    assert short.at(10.1) == pytest.approx(long.at(10.1), abs=0.01)


def test_parts_are_drawn_above_each_other(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    half = "color=c=red:s=320x360:r=10:d=2[a];color=c=blue:s=320x360:r=10:d=2[b];[a][b]hstack"
    ffmpeg.run(
        ["-f", "lavfi", "-i", half, "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", ffmpeg.safe_output(film)]
    )
    info = probe(film)
    parts = (Rect(0.75, 0.5, 0.3, 0.8), Rect(0.25, 0.5, 0.3, 0.8))
    path = CropPath(
        "x", PHONE.size, ((0.0, 0.5),), layouts=(Layout(Span(0.0, 1.0), "stack", "two_people", parts=parts),)
    )
    piece, canvas = Stretch(str(film), 0.0, 2.0), Canvas(90, 160, graph.frame_rate(info))
    stream, offset = graph.Inputs({str(film): info}).open(piece, 1)
    import ffmpeg as graphs

    shown = graph.picture(stream, piece, offset, info, canvas, shapes.along(path))
    out = tmp_path / "out.mkv"
    ffmpeg.run(graphs.output(shown, ffmpeg.safe_output(out), **{"c:v": "libx264", "qp": 0}).get_args())
    (block,) = video_blocks(out, width=90, height=160, colour=True, span=Span(0.4, 0.5))
    top, bottom = block.pixels[0][40].mean(axis=0), block.pixels[0][120].mean(axis=0)
    assert top[2] > 150 > 90 > top[0]
    assert bottom[0] > 150 > 90 > bottom[2]
    (later,) = video_blocks(out, width=90, height=160, colour=True, span=Span(1.5, 1.6))
    row = later.pixels[0][80]
    assert row[5][0] > 150
    assert row[85][2] > 150


@pytest.mark.slow
@pytest.mark.skipif(faces.weights() is None, reason="no face weights")
@pytest.mark.parametrize("kind", ["stack", "inset"])
def test_drawn_scenes_are_told_apart(kind: str, tmp_path: Path) -> None:
    parts = drawn.scenes(kind, np.random.default_rng((5, 5)))
    drawn.film(parts, tmp_path / "clip.mp4")
    row = drawn.judged(kind, parts, tmp_path / "clip.mp4")
    assert (row.right, row.heads_in, row.jumps) == (1, row.heads, 0)
    assert framing.AROUND > 0
