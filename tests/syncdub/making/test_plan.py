"""The audio edit as a value: what is copied, what is cut, where joins fall; and plans moved by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import BadRequest, Refused
from pipeline.values import Curve, Span
from syncdub.making.nudge import nudge
from syncdub.making.plan import JOIN_REACH, audio_plan, holes, joins, merged, placed
from syncdub.values import Pitch, Segment, SyncPlan
from syncdub.verdict import verdict_of


def seg(dub_start: float, dub_end: float, original_start: float, rate: float = 1.0) -> Segment:
    return Segment(dub_start, dub_end, original_start, rate, 5.0, 1.0)


def plan(*segments: Segment, pitch: Pitch = "unknown", original: float = 100.0, dub: float = 100.0) -> SyncPlan:
    return SyncPlan(
        verdict_of(segments),
        segments[0].rate if segments else 1.0,
        segments,
        pitch=pitch,
        original_duration=original,
        dub_duration=dub,
    )


def test_a_shift_is_copied_and_its_head_left_out() -> None:
    audio = audio_plan(placed(plan(seg(1.73, 100, 0.0))))
    assert audio.copy
    assert audio.delay == pytest.approx(-1.73)
    assert audio.kept == Span(1.73, 100)


def test_a_late_dub_is_copied_unless_its_gap_is_filled() -> None:
    late = plan(seg(0, 90, 10.0))
    assert audio_plan(placed(late)).copy
    filled = audio_plan(placed(late), "original")
    assert not filled.copy
    assert [(c.source, c.at) for c in filled.timeline] == [("original", 0.0), ("dub", 10.0)]


def test_clock_drift_too_small_to_matter_is_still_copied() -> None:
    assert audio_plan(placed(plan(seg(0, 90, 0.0, 1 + 2e-5)))).copy
    assert not audio_plan(placed(plan(seg(0, 90, 0.0, 1 + 2e-4)))).copy


@pytest.mark.parametrize(
    ("rate", "pitch", "method"),
    [
        (25 / 24, "shifted", "resample"),
        (25 / 24, "unknown", "resample"),
        (25 / 24, "kept", "stretch"),
        (1.001, "kept", "resample"),
    ],
)
def test_how_the_speed_is_changed(rate: float, pitch: Pitch, method: str) -> None:
    audio = audio_plan(placed(plan(seg(0, 90, 0.0, rate), pitch=pitch)))
    assert (audio.copy, audio.method) == (False, method)
    said = [d.code for d in audio.doubts if not d.code.startswith("doubt.filled.")]
    assert said == (["doubt.pitch_unknown"] if pitch == "unknown" else [])


def test_gaps_are_found_and_the_estimate_is_called_one() -> None:
    audio = audio_plan(placed(plan(seg(0, 40, 0.0), seg(40, 90, 50.0))), "bed")
    assert audio.gaps == (Span(40, 50),)
    assert [c.source for c in audio.timeline] == ["dub", "bed", "dub"]
    assert "doubt.bed_is_estimate" in [d.code for d in audio.doubts]


def test_segments_of_one_line_are_one_and_others_are_not() -> None:
    assert len(merged([seg(0, 40, 5.0), seg(40.5, 80, 45.5)])) == 1
    assert len(merged([seg(0, 40, 5.0), seg(40.5, 80, 45.52)])) == 2
    assert len(merged([seg(0, 40, 5.0), seg(45, 80, 50.0)])) == 2
    unsure = [seg(0, 40, 5.0), replace(seg(40, 42, 45.0), error_ms=9000.0), seg(42, 80, 56.0)]
    assert len(merged(unsure)) == 2
    assert [s.error_ms for s in merged(unsure, by_bars=True)] == [unsure[0].error_ms, 9000.0, unsure[2].error_ms]


def test_what_lies_outside_the_original_is_clipped_and_near_edges_are_reached() -> None:
    (only,) = placed(plan(seg(0.6, 99.5, -2.0), original=90.0)).segments
    assert only.original_start == pytest.approx(0.0)
    assert only.dub_start == pytest.approx(2.6)
    assert only.original_end == pytest.approx(90.0)
    (near,) = placed(plan(seg(0.6, 99.5, 3.6), original=200.0)).segments
    assert (near.dub_start, near.dub_end) == (0.0, 100.0)


def test_nothing_inside_the_original_is_refused() -> None:
    with pytest.raises(Refused):
        audio_plan(placed(plan(seg(0, 10, 200.0))))


def level(quiet: float, around: float) -> Curve:
    values = np.full(200, -20.0, np.float32)
    values[round((quiet - around + 0.5) / 0.005) - 3 : round((quiet - around + 0.5) / 0.005) + 3] = -60.0
    return Curve("level", values, 0.005, around - 0.5)


def test_a_join_moves_to_the_quiet_place_nearby_and_the_cut_keeps_its_length() -> None:
    audio = audio_plan(placed(plan(seg(0, 40, 0.0), seg(40, 90, 50.0))), levels=[level(40.08, 40.0)])
    first, second = audio.timeline.cuts
    assert first.span.end == pytest.approx(40.08, abs=0.01)
    assert second.span.start == first.span.end
    assert second.at - first.end == pytest.approx(10.0)


def test_a_join_stays_where_nothing_is_gained_or_the_quiet_is_too_far() -> None:
    far = audio_plan(placed(plan(seg(0, 40, 0.0), seg(40, 90, 50.0))), levels=[level(40.0 + 2 * JOIN_REACH, 40.0)])
    assert far.timeline.cuts[0].span.end == 40.0
    assert joins(placed(plan(seg(0, 40, 0.0), seg(44, 90, 40.0)))) == (40.0, 44.0)


@pytest.mark.parametrize("seed", range(20))
def test_random_plans_give_cuts_in_order_inside_both_files(seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.uniform(0, 3000, 12))
    starts = np.sort(rng.uniform(-50, 3000, 6))
    segments = tuple(
        seg(float(edges[2 * i]), float(edges[2 * i + 1]), float(starts[i]), float(rng.uniform(0.95, 1.05)))
        for i in range(6)
    )
    given = plan(*segments, original=2800.0, dub=2900.0)
    cuts = audio_plan(placed(given), "original").timeline.cuts
    assert all(a.end <= b.at + 1e-6 for a, b in itertools.pairwise(cuts))
    assert cuts[0].at >= -1e-9
    assert cuts[-1].end <= 2800 + 1e-6
    covered = sum(c.end - c.at for c in cuts)
    assert 2800 - covered <= 0.05 * len(cuts)
    for cut in cuts:
        if cut.source == "dub":
            here = next(
                s
                for s in segments
                if s.dub_start - 1 <= cut.span.start <= s.dub_end + 1 and abs(s.at(cut.span.start) - cut.at) < 1e-6
            )
            assert cut.rate == here.rate


def test_holes_ignore_what_nobody_hears() -> None:
    assert holes([seg(0, 10, 0.0), seg(10, 20, 10.04)], 20.04) == ()


def test_nudging_everything_moves_everything() -> None:
    moved = nudge(plan(seg(0, 40, 0.0), seg(40, 90, 50.0)), 250)
    assert [s.original_start for s in moved.segments] == [0.25, 50.25]
    assert nudge(nudge(plan(seg(0, 90, 0.0)), 250), -100).segments[0].evidence["nudged_ms"] == 150


def test_a_nudged_aligned_dub_becomes_a_shift() -> None:
    assert nudge(plan(seg(0, 90, 0.0)), 300).verdict == "shift"


def test_nudging_one_segment_trims_the_end_of_the_earlier() -> None:
    given = plan(seg(0, 40, 0.0), seg(44, 90, 40.0))
    later = nudge(given, 500, 0)
    assert later.segments[0].original_end == pytest.approx(40.0)
    earlier = nudge(given, -500, 1)
    assert earlier.segments[0].dub_end == pytest.approx(39.5)


def test_nudging_past_a_neighbour_or_a_segment_that_is_not_there_is_an_error() -> None:
    given = plan(seg(0, 40, 0.0), seg(44, 90, 40.0))
    with pytest.raises(BadRequest):
        nudge(given, -45_000, 1)
    with pytest.raises(BadRequest):
        nudge(given, 10, 2)
    with pytest.raises(BadRequest):
        nudge(given, float("nan"))
