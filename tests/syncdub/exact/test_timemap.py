"""Topology, lines and boundaries on made-up evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from syncdub.exact.boundaries import bounded, silent
from syncdub.exact.findings import support_of
from syncdub.exact.likeness import Sounds
from syncdub.exact.soundmatch import Agreement
from syncdub.exact.speed import Speed
from syncdub.exact.timemap import Candidates, Line, best_path, fit, lines, merged
from syncdub.values import Segment
from syncdub.verdict import WindowSupport, balance, carried, verdict_of


def candidates(rows: list[tuple[float, float, float]]) -> Candidates:
    """From (u, offset, gain)."""
    u, offset, gain = (np.array(c, float) for c in zip(*sorted(rows), strict=True))
    n = len(u)
    return Candidates(u, u + offset, gain, np.full(n, 0.002), np.full(n, 20.0), np.zeros(n, np.int64))


def line_offsets(rows: list[tuple[float, float, float]]) -> list[float]:
    found = candidates(rows)
    return [round(line.offset, 3) for line in lines(found, best_path(found))]


def test_one_offset_is_one_line() -> None:
    assert line_offsets([(5.0 * k, 3.2, 10.0) for k in range(20)]) == [3.2]


@pytest.mark.parametrize("jump", [0.2, 10.0, 480.0])
def test_a_cut_of_any_size_is_two_lines(jump: float) -> None:
    rows = [(5.0 * k, 0.0 if k < 20 else jump, 10.0) for k in range(40)]
    assert line_offsets(rows) == [0.0, jump]


def test_repeated_music_does_not_beat_order() -> None:
    rows = [(5.0 * k, 1.0, 10.0) for k in range(40)]
    rows += [(5.0 * k, 90.0, 14.0) for k in (12, 13)] + [(5.0 * k, -60.0, 14.0) for k in (30,)]
    assert line_offsets(rows) == [1.0]


def test_nothing_runs_backwards() -> None:
    rows = [(5.0 * k, 0.0, 10.0) for k in range(20)] + [(100 + 5.0 * k, -95.0, 10.0) for k in range(12)]
    rows += [(160 + 5.0 * k, 0.0, 10.0) for k in range(20)]
    assert line_offsets(rows) == [0.0]


def test_chance_hits_are_no_line() -> None:
    rng = np.random.default_rng(3)
    assert line_offsets([(5.0 * k, float(rng.uniform(-2000, 2000)), 2.3) for k in range(200)]) == []


def test_an_outlier_does_not_move_a_line() -> None:
    rows = [(5.0 * k, 1.0 + 0.001 * (k % 3 - 1), 10.0) for k in range(30)] + [(151.0, 1.024, 30.0)]
    line = fit(candidates(rows))
    assert abs(line.offset - 1.0) < 0.0015
    assert len(merged([line, line])) == 1


def sounds(pieces: list[tuple[int, int]], n: int = 12000, seed: int = 0) -> Sounds:
    """A dub made of (first, end) frames of the original with other voices over it; negative first: foreign sound."""
    rng = np.random.default_rng(seed)
    bed = rng.standard_normal((n, 24)).astype(np.float32)
    parts = [bed[a:b] if a >= 0 else rng.standard_normal((b, 24)).astype(np.float32) for a, b in pieces]
    voices = [1.5 * rng.standard_normal((size, 24)).astype(np.float32) for size in (n, sum(len(p) for p in parts))]
    original, dub = (bed + voices[0]) / 1.8, (np.concatenate(parts) + voices[1]) / 1.8
    level = np.full(len(dub), -20.0, np.float32)
    features, always = (original.astype(np.float16), dub.astype(np.float16)), np.ones(n, np.bool_)
    return Sounds(*features, level, np.full(n, -20.0, np.float32), np.ones(len(dub), np.bool_), always, 0.01)


def rough(offset: float, start: float, end: float) -> Candidates:
    return candidates([(float(u), offset, 15.0) for u in np.arange(start, end, 5.0)])


def bounded_lines(heard: Sounds, parts: list[Candidates]) -> list[tuple[float, float]]:
    found = bounded([fit(p) for p in parts], heard, 120.0)
    return [(round(x.start, 2), round(x.end, 2)) for x in found]


def test_the_ends_reach_as_far_as_both_files_go() -> None:
    heard = sounds([(0, 12000)])
    assert bounded_lines(heard, [rough(0.0, 20, 100)]) == [(0.0, 120.0)]


def test_a_foreign_intro_and_tail_are_left_out() -> None:
    heard = sounds([(-1, 2000), (0, 9000), (-1, 1500)])
    (found,) = bounded_lines(heard, [rough(-20.0, 35, 100)])
    assert found == pytest.approx((20.0, 110.0), abs=0.05)


def test_a_missing_scene_is_cut_where_it_is_missing() -> None:
    heard = sounds([(0, 5000), (7000, 12000)])
    a, b = bounded_lines(heard, [rough(0.0, 10, 45), rough(20.0, 60, 95)])
    assert a == pytest.approx((0.0, 50.0), abs=0.05)
    assert b == pytest.approx((50.0, 100.0), abs=0.05)


def test_an_advertisement_is_left_out() -> None:
    heard = sounds([(0, 5000), (-1, 3000), (5000, 12000)])
    a, b = bounded_lines(heard, [rough(0.0, 10, 45), rough(-30.0, 90, 140)])
    assert a == pytest.approx((0.0, 50.0), abs=0.05)
    assert b == pytest.approx((80.0, 150.0), abs=0.05)


def test_a_replaced_scene_of_the_same_length_is_a_hole() -> None:
    heard = sounds([(0, 5000), (-1, 1500), (6500, 12000)])
    a, b = bounded_lines(heard, [rough(0.0, 10, 110)])
    assert a[1] == pytest.approx(50.0, abs=0.3)
    assert b[0] == pytest.approx(65.0, abs=0.3)


def test_silences_of_a_level() -> None:
    level = np.full(100, -20.0, np.float32)
    level[30:60] = -90
    (only,) = silent(level, 0.1, -60, 1.0)
    assert (only.start, only.end) == (3.0, pytest.approx(6.0))
    assert silent(level, 0.1, -60, 4.0) == []


def segment(dub_start: float, dub_end: float, original_start: float, rate: float = 1.0) -> Segment:
    return Segment(dub_start, dub_end, original_start, rate, 1.0, 1.0)


@pytest.mark.parametrize(
    ("segments", "word"),
    [
        ([], "refuse"),
        ([segment(0, 100, 0.015)], "aligned"),
        ([segment(0, 100, 1.7)], "shift"),
        ([segment(0, 100, 0, 25 / 24)], "retime"),
        ([segment(0, 50, 0), segment(50, 100, 60)], "edit"),
    ],
)
def test_words_for_plans(segments: list[Segment], word: str) -> None:
    assert verdict_of(segments) == word


def test_missing_scenes_and_advertisements_do_not_contradict_but_another_episode_does() -> None:
    cut = balance([segment(0, 60, 0), segment(90, 150, 100)], 160, 150)
    assert cut.contradicted == pytest.approx(30)
    assert cut.missing == pytest.approx(10)
    half = balance([segment(0, 1500, 1500)], 3000, 1500)
    assert half.agreement == 1.0
    song = balance([segment(30, 120, 20)], 1400, 1380)
    assert carried(500.0, WindowSupport(1.0, 1, 0.9, True), song)
    assert not carried(500.0, WindowSupport(1.0, 1, 0.9, True), half)


def test_one_shared_song_is_not_enough_but_music_between_dialogue_is() -> None:
    assert not WindowSupport(0.3, 1, 0.2, True).enough
    assert WindowSupport(0.3, 6, 0.9, True).enough
    assert not WindowSupport(0.55, 1, 0.5, False).enough


def test_a_part_at_a_speed_no_release_has_is_another_films() -> None:
    quarter = balance([segment(131.0, 187.0, 0.0)], 180.0, 187.0)
    assert carried(150.0, WindowSupport(1.0, 1, 0.2, False), quarter)
    assert not carried(150.0, WindowSupport(1.0, 1, 0.2, True), quarter), (
        "the second disc of a film begins in the middle"
    )
    whole = balance([segment(0.0, 180.0, 5.0)], 190.0, 182.0)
    assert not carried(500.0, WindowSupport(1.0, 1, 0.9, False), whole)


def test_windows_that_find_another_place_do_not_speak_for_the_line_they_lie_in() -> None:
    """Two hits of a shared song, and a path that wanders everywhere else, are not a line of two minutes."""
    rows = [(float(u), 5.0 if u in (20, 25) else 7.0 * u, 15.0) for u in range(10, 130, 5)]
    found = candidates(rows)
    heard = sounds([(0, 12000)])
    whole = Agreement(Speed(1.0, 0.0, True), (), found, np.arange(len(found)), heard, ("mix", "mix"), 1.0, {})
    line = Line(0.0, 140.0, 5.0, 70.0, 0.001, 0.001, 2, 30.0)
    assert support_of(whole, [line]).share == pytest.approx(2 / 24)
    assert support_of(whole, [replace(line, start=10.0, end=35.0)]).share == 1.0
