"""Cuts fall between sentences, inside the limits, in the pause; joining and nudging keep the clock."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from pipeline.errors import BadRequest
from pipeline.values import Sentence, Span
from reelify.cut.compilation import best_run, compile_moments, cut_by_text, join, key_moments, nudge, worth_of
from reelify.values import Point


def sentences(*lengths: float, gap: float = 0.5) -> list[Sentence]:
    out, at = [], 1.0
    for i, length in enumerate(lengths):
        out.append(Sentence(at, at + length, f"s{i}"))
        at += length + gap
    return out


def test_points_go_to_their_sentence() -> None:
    said = sentences(2, 2, 2)
    points = [
        Point("hook", "a", 0.0, 0.2),
        Point("story", "b", 2.6, 0.3),
        Point("story", "c", 99.0, 0.1),
        Point("length", "", 0.0, 9.0),
    ]
    assert worth_of(said, points, clock=1.0).tolist() == pytest.approx([0.2, 0.3, 0.1])


def test_the_best_run_is_found_and_fits() -> None:
    said = sentences(4, 4, 4, 4, 4, 4)
    run = best_run(said, [0, 0, 5, 5, 0, 0], 8, 12)
    assert run is not None
    assert (run.first, run.last) == (2, 3)
    longer = best_run(said, [0, 0, 5, 5, 0, 0], 12, 14)
    assert longer is not None
    assert 12 <= longer.span.duration <= 14
    assert longer.first <= 2 < 3 <= longer.last


def test_runs_too_short_or_too_long() -> None:
    said = sentences(2, 2)
    run = best_run(said, [1, 1], 60, 90)
    assert run is not None
    assert (run.first, run.last) == (0, 1)
    assert best_run(sentences(50), [1], 5, 10) is None
    assert best_run([], [], 5, 10) is None


def test_key_moments_best_first() -> None:
    moments = key_moments(sentences(3, 3, 3, 3, 3), [4, 0, 0, 9, 8])
    assert [(m.first, m.last) for m in moments] == [(3, 4), (0, 0)]
    assert key_moments(sentences(3, 3), [0, 0]) == ()
    assert key_moments([], []) == ()


def test_compilations_keep_limits_and_order() -> None:
    rng = random.Random(5)
    for _ in range(60):
        said = sentences(*(rng.uniform(1, 8) for _ in range(rng.randrange(1, 25))), gap=rng.choice([0.05, 0.4, 2.0]))
        worth = np.array([rng.choice([0.0, 0.0, 0.1, 0.5]) for _ in said])
        plan = compile_moments("v.mp4", said, worth, (15.0, 40.0))
        assert plan.duration <= 40.0 + 1e-6
        starts = [c.span.start for c in plan]
        assert starts == sorted(starts)
        for one, other in pairwise(plan.cuts):
            assert other.at == pytest.approx(one.end)
            assert other.span.start >= one.span.end - 1e-9
        for cut in plan:
            assert not any(s.start + 1e-6 < t < s.end - 1e-6 for s in said for t in (cut.span.start, cut.span.end))
        if sum(s.end - s.start for s in said) >= 80 and max(s.end - s.start for s in said) < 8:
            assert plan.duration >= 15.0


def test_two_moments_become_one_clip() -> None:
    plan = compile_moments("v.mp4", sentences(8, 20, 8, gap=2.0), [5, 0, 5], (10.0, 20.0))
    assert len(plan.cuts) == 2
    assert 0 < plan.crossfade <= 0.1
    assert 16.0 <= plan.duration <= 18.0


def test_cut_by_text_merges_neighbours_and_keeps_the_order_given() -> None:
    said = sentences(2, 2, 2, 2)
    assert len(cut_by_text("v", said, [0, 1, 2]).cuts) == 1
    plan = cut_by_text("v", said, [3, 0])
    assert [c.span.start for c in plan] == pytest.approx([8.5 - 0.15, 0.85])
    assert plan.cuts[1].at == pytest.approx(plan.cuts[0].end)
    assert cut_by_text("v", said, []).cuts == ()


def test_padding_stays_in_the_pause_and_in_the_file() -> None:
    said = [Sentence(0.05, 2.0, "a"), Sentence(2.1, 3.0, "b"), Sentence(3.0, 4.0, "c")]
    (first,) = cut_by_text("v", said, [0]).cuts
    assert first.span.start == pytest.approx(0.0)
    assert first.span.end == pytest.approx(2.05)
    (middle,) = cut_by_text("v", said, [1]).cuts
    assert (middle.span.start, middle.span.end) == (pytest.approx(2.05), 3.0)
    (last,) = cut_by_text("v", said, [2], duration=4.1).cuts
    assert last.span.end <= 4.1


@pytest.mark.parametrize("index", [-1, 4])
def test_sentences_that_do_not_exist(index: int) -> None:
    with pytest.raises(BadRequest):
        cut_by_text("v", sentences(1, 1), [index])


def test_nudging_moves_what_follows() -> None:
    plan = join("v", [Span(1, 3), Span(5, 8)])
    moved = nudge(plan, 0, start=-0.5, end=0.25)
    assert moved.cuts[0].span == Span(0.5, 3.25)
    assert moved.cuts[1].at == pytest.approx(2.75)
    assert nudge(plan, 0, start=-9).cuts[0].span.start == 0.0
    assert nudge(plan, 1, end=9, duration=8.5).cuts[1].span.end == 8.5
    assert nudge(plan, 1, start=99).cuts[1].span.duration == pytest.approx(0.1)
    with pytest.raises(BadRequest):
        nudge(plan, 2)


def test_joining_leaves_empty_spans_out() -> None:
    plan = join("v", [Span(1, 1), Span(2, 3)])
    assert len(plan.cuts) == 1
    assert plan.crossfade == 0.0
