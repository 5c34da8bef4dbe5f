"""Joins by what both files share in single cells, where the dub breaks off, and what is said where nobody can know."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from syncdub.exact.boundaries import breaks
from syncdub.exact.cells import cells, shared, transfer
from syncdub.exact.findings import Finding
from syncdub.exact.phase import RATE, Samples
from syncdub.reading.bridging import line_beside
from syncdub.reading.ends import from_earlier, until_later
from syncdub.reading.finishing import finished
from syncdub.reading.joining import joined, rejoined
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment
from tests.syncdub.exact.test_phase import bed, tracks, voices


def known(start: float, end: float, at: float) -> Segment:
    return Segment(start, end, at, 1.0, 1.0, 0.9, {"sound": {"anchors": 9, "phase": 20.0}})


def cut(samples: Samples, start: float, end: float) -> Samples:
    return np.concatenate([samples[: int(start * RATE)], samples[int(end * RATE) :]])


@pytest.fixture
def pair(tmp_path: Path) -> Tracks:
    """A bed 20 dB under the voices; the dub lacks second 40 to 52."""
    music = bed(4, 100)
    return tracks(tmp_path, music + voices(5, 100), cut(music + voices(6, 100), 40, 52))


def test_unlike_sounds_share_no_cell_and_a_bed_under_two_voices_many() -> None:
    music = bed(1, 30)
    own, dub, other = (cells(x) for x in (music + voices(2, 30), -0.5 * music + voices(3, 30), bed(7, 30)))
    learnt = transfer(own, dub)
    assert learnt.clear > 15
    assert np.median(np.abs(learnt.factors[20:200])) == pytest.approx(0.5, rel=0.15)
    assert np.median(np.cos(np.angle(learnt.factors[20:200]))) < -0.95  # its polarity is turned
    assert shared(own, dub, learnt).sum() > 500
    assert shared(other, dub, learnt).sum() < 1
    assert shared(np.roll(own, 77, axis=0), dub, learnt).sum() < 1
    assert len(cells(music[:100])) == 0


def test_a_join_seconds_off_comes_to_where_the_dub_was_cut(pair: Tracks) -> None:
    for wrong in (34.0, 46.5):
        a, b = joined(known(0.0, wrong, 0.0), known(wrong, 88.0, wrong + 12), pair)
        assert (a.dub_end, b.original_start) == pytest.approx((40.0, 52.0), abs=0.1)


def test_an_end_in_a_gap_goes_back_to_where_its_line_is_last_heard(tmp_path: Path) -> None:
    """Voices alone follow the join: the first line was carried two seconds into them, the next is heard again later."""
    music = bed(4, 110)
    music[52 * RATE : 66 * RATE] = 0
    files = tracks(tmp_path, music + voices(5, 110), cut(music + voices(6, 110), 40, 52))
    a, b = joined(known(0.0, 42.0, 0.0), known(54.0, 98.0, 66.0), files, whole=False)
    assert a.dub_end == pytest.approx(40.0, abs=0.1)
    assert 40.0 <= b.dub_start <= 54.0


def test_a_piece_too_short_to_be_known_is_heard_on_the_line_beside_it(pair: Tracks) -> None:
    short = Segment(37.0, 41.0, 49.004, 1.0, 2.0, 0.9, {"sound": {"anchors": 3}})
    found, _ = rejoined([known(0.0, 37.0, 0.0), short, known(41.0, 88.0, 53.0)], pair)
    jumps = [a.dub_end for a, b in itertools.pairwise(found) if abs(a.at(b.dub_start) - b.original_start) > 1.0]
    assert jumps == [pytest.approx(40.0, abs=0.1)]
    assert all(a.dub_end == pytest.approx(b.dub_start) for a, b in itertools.pairwise(found))


def test_a_gap_in_both_closes_where_both_lines_are_heard(pair: Tracks) -> None:
    a, b = joined(known(0.0, 33.0, 0.0), known(47.0, 88.0, 59.0), pair)
    assert (a.dub_end, b.dub_start) == pytest.approx((40.0, 40.0), abs=0.1)


def test_what_was_replaced_stays_a_gap(tmp_path: Path) -> None:
    music = bed(4, 100)
    other = music.copy()
    other[40 * RATE : 50 * RATE] = 5 * bed(8, 10)
    foreign = tracks(tmp_path, music + voices(5, 100), other + voices(6, 100))
    a, b = joined(known(0.0, 38.0, 0.0), known(53.0, 100.0, 53.0), foreign)
    assert (a.dub_end, b.dub_start) == pytest.approx((40.0, 50.0), abs=0.5)


def test_a_scene_of_the_dubs_own_at_a_join_is_a_gap_whatever_lines_reach_over_it(tmp_path: Path) -> None:
    music = bed(4, 100)
    before, after = music[: 40 * RATE], music[52 * RATE :]
    dub = np.concatenate([before, 5 * bed(8, 20), after])
    own = tracks(tmp_path, music + voices(5, 100), dub + voices(6, 108))
    a, b = joined(known(0.0, 48.0, 0.0), known(48.0, 108.0, 40.0), own)
    assert (a.dub_end, b.dub_start) == pytest.approx((40.0, 60.0), abs=0.5)
    assert b.original_start == pytest.approx(52.0, abs=0.5)


@pytest.fixture
def hidden(tmp_path: Path) -> Tracks:
    """The same, but nothing is heard of the bed between second 37 and 43 of the dub."""
    music = bed(4, 100)
    dub = cut(music + voices(6, 100), 40, 52)
    dub[37 * RATE : 43 * RATE] = cut(voices(6, 100), 40, 52)[37 * RATE : 43 * RATE]
    return tracks(tmp_path, music + voices(5, 100), dub)


def test_a_join_that_may_lie_anywhere_has_a_bar_that_holds_both_lines(hidden: Tracks) -> None:
    found, (span,) = rejoined([known(0.0, 39.0, 0.0), known(39.0, 88.0, 51.0)], hidden)
    assert (span.start, span.end) == pytest.approx((37.0, 43.0), abs=0.4)
    assert [s.error_ms for s in found] == [1.0, 12000.0, 12000.0, 1.0]
    assert found[0].dub_end == pytest.approx(37.0, abs=0.4)
    assert found[-1].dub_start == pytest.approx(43.0, abs=0.4)
    done = finished(
        Finding("sound", 1.0, (known(0.0, 39.0, 0.0), known(39.0, 88.0, 51.0)), (), (), (100.0, 88.0)), hidden, "cpu"
    )
    (told,) = [d for d in done.doubts if d.code == "doubt.joins_unsure"]
    assert told.values["spans"] == "0:37–0:43"


def test_a_sure_join_is_one_piece_and_an_unknown_one_is_left(pair: Tracks) -> None:
    found, spans = rejoined([known(0.0, 42.0, 0.0), known(42.0, 88.0, 54.0)], pair)
    assert (len(found), spans) == (2, [])
    unknown = [replace(s, evidence={}) for s in (known(0.0, 42.0, 0.0), known(42.0, 88.0, 54.0))]
    assert rejoined(unknown, pair) == (tuple(unknown), [])


@pytest.fixture
def hushed() -> tuple[Samples, Samples]:
    """A film whose music is silent from second 60 to 80, and its dub that lacks second 40 to 65: voices alone follow the join."""
    music = bed(4, 140)
    music[60 * RATE : 80 * RATE] = 0
    return music + voices(5, 140), cut(music + voices(6, 140), 40, 65)


def test_a_silent_film_is_no_gap_however_long(tmp_path: Path, hushed: tuple[Samples, Samples]) -> None:
    files = tracks(tmp_path, *hushed)
    a, b = joined(known(0.0, 38.0, 0.0), known(56.0, 115.0, 81.0), files)
    assert a.dub_end == pytest.approx(b.dub_start, abs=0.02)
    assert a.dub_end == pytest.approx(40.0, abs=0.5)  # the film goes on to be loud on the line before: it ends at once


def test_what_is_quieter_than_the_film_ever_is_belongs_to_no_line(
    tmp_path: Path, hushed: tuple[Samples, Samples]
) -> None:
    _, dub = hushed
    loud = bed(4, 140) + voices(5, 140)
    dub = dub.copy()
    dub[42 * RATE : 44 * RATE] = 0
    a, b = joined(known(0.0, 38.0, 0.0), known(56.0, 115.0, 81.0), tracks(tmp_path, loud, dub))
    assert b.dub_start - a.dub_end > 2.0


def test_the_doubt_about_a_join_is_as_long_as_the_silence(tmp_path: Path) -> None:
    music = bed(4, 140)
    music[30 * RATE : 80 * RATE] = 0
    files = tracks(tmp_path, music + voices(9, 140), cut(music + voices(10, 140), 45, 65))
    for at in (34.0, 58.0):
        _, (span,) = rejoined([known(0.0, at, 0.0), known(at, 120.0, at + 20)], files)
        assert (span.start, span.end) == pytest.approx((30.0, 60.0), abs=1.0)


def test_ends_reach_as_far_as_the_bed_is_heard(pair: Tracks) -> None:
    assert from_earlier(known(12.0, 39.0, 12.0), pair).dub_start == 0.0
    assert until_later(known(41.0, 70.0, 53.0), pair, (100.0, 88.0)).dub_end == pytest.approx(88.0, abs=0.05)


def test_a_break_is_where_two_sounds_are_put_side_by_side() -> None:
    rng = np.random.default_rng(1)
    n = np.arange(RATE)
    k = np.arange(1, 20)[:, None]
    first, second = ((np.sin(2 * np.pi * f * k * n / RATE) / k).sum(axis=0) for f in (110.0, 171.0))
    both = np.concatenate([first[: RATE // 2], second[RATE // 2 :]]) + 0.01 * rng.standard_normal(RATE)
    found = breaks(both.astype(np.float32), 32)
    assert len(found) == RATE // 32
    assert abs(32 * int(found[20:-20].argmax()) + 20 * 32 - RATE // 2) <= 64
    assert np.median(found) < 0.3


def test_the_line_beside_a_join_is_not_taken_from_where_it_has_bent_away() -> None:
    """A tape that wanders: its next long straight piece is 40 s on, where its speed is another."""
    evidence = {"sound": {"phase": 30.0}}
    pieces: list[Segment] = []
    at = 100.0
    for k, rate in enumerate((1.0035, 1.0035, 1.003, 1.001, 1.0, 0.999, 1.0, 1.0)):
        seconds = 12.0 if k == 7 else 5.0
        start = pieces[-1].dub_end if pieces else 100.0
        pieces.append(Segment(start, start + seconds, at, rate, 1.0, 0.9, evidence))
        at = pieces[-1].original_end
    line = line_beside(pieces, last=False)
    assert abs(line.at(100.0) - 100.0) < 0.016
