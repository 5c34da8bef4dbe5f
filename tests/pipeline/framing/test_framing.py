"""The crop path: decisions on numbers, then on real pictures."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.framing import faces, framing, looking
from pipeline.framing.faces import Box
from pipeline.framing.framing import CropPath
from pipeline.framing.layouts import Frame, Hand
from pipeline.framing.looking import Look, Motion, look, motion_between
from pipeline.media.decode import video_blocks
from pipeline.media.probe import probe
from pipeline.render import shapes
from pipeline.render.graph import Stretch
from pipeline.values import Frames, Shot, Span

SIZE = (9 / 16) / (16 / 9)
TEN = Span(0.0, 10.0)
FRAME = Frame("x", SIZE, 16 / 9, 9 / 16)


def face(x: float, size: float = 0.1, y: float = 0.4) -> Box:
    return Box(x, y, size, size * 16 / 9, 0.9)


def looks(*places: float, step: float = 0.25, start: float = 0.0) -> list[Look]:
    return [Look(start + i * step, (face(x),)) for i, x in enumerate(places)]


def path(seen: list[Look], shots: tuple[Shot, ...] = (), span: Span = TEN) -> CropPath:
    return framing.decide(seen, span, shots, FRAME)


def centres(found: CropPath, span: Span = TEN) -> np.ndarray:
    return np.array([found.at(t) for t in np.arange(span.start, span.end, 0.04)])


def test_geometry() -> None:
    assert framing.geometry(16 / 9, 9 / 16) == ("x", pytest.approx(SIZE))
    assert framing.geometry(9 / 16, 16 / 9) == ("y", pytest.approx(SIZE))


def test_a_face_that_wobbles_is_held_still_and_centred() -> None:
    chance = np.random.default_rng(3)
    found = path(looks(*(0.7 + chance.normal(0, 0.008, 40))))
    assert np.ptp(centres(found)) == 0
    assert found.at(5) == pytest.approx(0.7, abs=0.02)
    assert found.bars == ()


def test_a_walk_is_followed_smoothly() -> None:
    places = np.concatenate([np.full(10, 0.3), np.linspace(0.3, 0.7, 20), np.full(10, 0.7)])
    found = path(looks(*places))
    way = centres(found)
    speed = np.abs(np.diff(way)) / 0.04
    assert speed.max() <= framing.TOP_SPEED * SIZE + 0.05
    assert np.abs(np.diff(speed)).max() < 0.1
    there = np.interp(np.arange(0, 10, 0.04), np.arange(40) * 0.25, places)
    assert np.abs(way - there).max() < SIZE / 2
    assert way[-1] == pytest.approx(0.7, abs=0.05)


def test_it_jumps_only_with_the_film() -> None:
    seen = looks(*([0.25] * 20 + [0.75] * 20))
    found = path(seen, (Shot(0, 5), Shot(5, 10)))
    assert found.at(4.99) == pytest.approx(0.25, abs=0.01)
    assert found.at(5.0) == pytest.approx(0.75, abs=0.01)


def test_it_never_leaves_the_picture() -> None:
    for place in (0.0, 0.02, 0.98, 1.0):
        way = centres(path(looks(*[place] * 40)))
        assert way.min() >= SIZE / 2 - 1e-9
        assert way.max() <= 1 - SIZE / 2 + 1e-9


def test_nothing_to_follow_shows_the_whole_picture() -> None:
    assert path([Look(i * 0.25) for i in range(40)]).bars == (TEN,)


def test_motion_everywhere_is_nothing_to_follow() -> None:
    seen = [Look(i * 0.25, (), Motion(0.5, 0.9, 0.3)) for i in range(40)]
    assert path(seen).bars == (TEN,)


def test_motion_in_one_place_is_followed() -> None:
    seen = [Look(i * 0.25, (), Motion(0.8, 0.1, 0.05)) for i in range(40)]
    found = path(seen)
    assert found.bars == ()
    assert found.at(5) == pytest.approx(0.8, abs=0.03)


def test_two_speakers_far_apart_are_stacked_and_a_group_is_shown_whole() -> None:
    seen = [Look(i * 0.25, (face(0.15), face(0.85))) for i in range(40)]
    (layout,) = path(seen).layouts
    assert (layout.kind, layout.reason, path(seen).bars) == ("stack", "two_people", ())
    assert [part.holds(box) for part in layout.parts for box in seen[0].faces] == [True, False, False, True]
    group = [Look(i * 0.25, (face(0.15), face(0.5), face(0.85))) for i in range(40)]
    assert path(group).bars == (TEN,)


def test_two_speakers_close_together_share_the_frame() -> None:
    seen = [Look(i * 0.25, (face(0.55, 0.08), face(0.68, 0.08))) for i in range(40)]
    found = path(seen)
    assert found.bars == ()
    assert found.at(5) == pytest.approx(0.615, abs=0.02)


def test_a_small_face_in_the_background_does_not_count() -> None:
    seen = [Look(i * 0.25, (face(0.3, 0.15), face(0.9, 0.03))) for i in range(40)]
    assert path(seen).at(5) == pytest.approx(0.3, abs=0.02)


def test_one_wrong_detection_does_not_move_the_frame() -> None:
    seen = looks(*[0.4] * 40)
    seen[17] = Look(seen[17].time, (face(0.9),))
    assert np.ptp(centres(path(seen))) == 0


def test_a_source_of_the_wanted_shape_is_left_alone() -> None:
    assert framing.decide([], TEN, (), replace(FRAME, size=1.0)).size == 1.0


def test_simplified_stays_close() -> None:
    times = np.arange(0, 20, 0.04)
    values = 0.5 + 0.2 * np.sin(times)
    keys = framing.simplified(times, values)
    assert len(keys) < len(times) / 4
    again = np.interp(times, [t for t, _ in keys], [v for _, v in keys])
    assert np.abs(again - values).max() <= framing.TOLERANCE + 1e-9


def evaluate(text: str, t: float) -> float:
    """ffmpeg's expression language, as far as used here."""
    names = {"t": t, "iff": lambda c, a, b: a if c else b, "lt": lambda a, b: a < b, "max": max, "min": min}
    return float(eval(re.sub(r"\bif\(", "iff(", text), {"__builtins__": {}}, names))


def test_expression_is_the_path() -> None:
    keys = [(0.0, 0.2), (2.0, 0.2), (4.0, 0.6), (4.0, 0.3), (7.0, 0.3), (9.0, 0.9)]
    found = CropPath("x", SIZE, tuple(keys))
    text = shapes.expression(keys)
    for t in np.arange(0, 10, 0.04):
        assert evaluate(text, float(t)) == pytest.approx(found.at(float(t) + 1e-9), abs=1e-3)


def test_a_slowed_piece_moves_the_path_with_it() -> None:
    piece = Stretch("a", 10.0, 8.0, rate=2.0)
    assert shapes.on_result(Span(11.0, 12.0), piece) == (2.0, pytest.approx(3.9995))


def test_motion_is_found_where_it_is_and_camera_moves_are_not_motion() -> None:
    chance = np.random.default_rng(1)
    before = np.kron(chance.integers(0, 255, (14, 24)), np.ones((8, 8))).astype(np.uint8)
    after = before.copy()
    after[40:70, 150:170] = 255 - after[40:70, 150:170]
    found = motion_between(before, after, "x")
    assert found is not None
    assert found.centre == pytest.approx(160 / 192, abs=0.03)
    panned = motion_between(before, np.roll(before, 4, axis=1), "x")
    assert panned is None or panned.strength < 0.15
    assert motion_between(before, before, "x") is None


def test_overlapping_boxes_are_one_face() -> None:
    assert len(faces.merged([face(0.5), face(0.51), face(0.9)])) == 2


def test_a_real_face_is_found_and_framed(media: Path) -> None:
    if faces.weights() is None:
        pytest.skip("no face weights")
    info = probe(media / "odd" / "4k_50fps_talking_head.mp4")
    seen, shots = look(info, Span(0.0, 1.0), "x", find_cuts=True)
    assert all(s.faces for s in seen)
    assert len(shots) == 1
    found = framing.decide(seen, Span(0, 1), shots, FRAME)
    assert found.bars == ()
    assert found.at(0.5) == pytest.approx(0.51, abs=0.04)


def test_one_thorough_look_tells_what_two_would(media: Path) -> None:
    find = faces.detector()
    if faces.weights() is None:
        pytest.skip("no face weights")
    (block, *_) = video_blocks(
        media / "odd" / "4k_50fps_talking_head.mp4", width=384, height=216, fps=1.0, colour=True, span=Span(0, 1)
    )
    picture = block.pixels[0]
    small = np.zeros_like(picture)
    small[60:114, 20:116] = picture[::4, ::4]  # a face too small for a look at the whole
    for shown in (picture, small, np.zeros_like(picture)):
        assert find.both(shown) == (find(shown, thorough=False), find(shown))
    assert len(find.both(small)[1]) > len(find.both(small)[0])


def test_the_same_stretch_is_looked_at_once(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info, asked = probe(media / "odd" / "4k_50fps_talking_head.mp4"), []

    def blocks(*args: Any, **options: Any) -> Iterator[Frames]:
        asked.append(options["span"])
        return video_blocks(*args, **options)

    monkeypatch.setattr(looking, "video_blocks", blocks)
    looking.forget()
    tall = framing.follow(info, Span(0.0, 0.8), 9 / 16, (Shot(0.0, 3.0),))
    framing.follow(info, Span(0.0, 0.8), 4 / 5, (Shot(0.0, 3.0),))
    by_hand = framing.follow(info, Span(0.0, 0.8), 9 / 16, (Shot(0.0, 3.0),), (Hand(0.0, 3.0, middle=0.3),))
    assert len(asked) == 1
    assert by_hand.at(0.4) == pytest.approx(0.3) != tall.at(0.4)
    framing.follow(info, Span(0.0, 0.9), 9 / 16)
    looking.forget()
    framing.follow(info, Span(0.0, 0.9), 9 / 16)
    assert len(asked) == 3


def test_cuts_are_found_to_the_frame(media: Path) -> None:
    _, shots = look(probe(media / "shots" / "montage_gold_cuts.mp4"), Span(0.0, 10.0), "x", find_cuts=True)
    for true in (2.32, 5.64, 8.92):
        assert min(abs(s.start - true) for s in shots) < 0.021
    assert all(a.end == b.start for a, b in itertools.pairwise(shots))
