"""What the mixes leave in doubt is asked of music and effects alone; what they say themselves is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelUnavailable
from pipeline.values import Span
from syncdub.exact.findings import Finding
from syncdub.exact.phase import RATE
from syncdub.reading import beds
from syncdub.reading.bridging import as_one, bending, bridged, is_known, straightened
from syncdub.reading.finishing import finished
from syncdub.reading.polish import settled
from syncdub.reading.tracks import Tracks, heard
from syncdub.values import Segment
from tests.syncdub.exact.test_tracing import Samples, noise, segment, tracks

KNOWN = {"sound": {"anchors": 5, "phase": 20.0}}


def known(start: float, end: float, at: float) -> Segment:
    return Segment(start, end, at, 1.0, 1.0, 0.9, KNOWN)


def unknown(start: float, end: float, at: float, rate: float = 1.0) -> Segment:
    return Segment(start, end, at, rate, 16.0, 0.8, {"sound": {"anchors": 2}})


def test_what_onsets_moved_off_the_line_of_its_neighbours_is_put_back_with_an_honest_bar() -> None:
    found = bridged([known(0, 30, 0.2), unknown(30, 40, 30.22, 1.001), unknown(40, 50, 40.23), known(50, 80, 50.2)])
    assert [is_known(s) for s in found] == [True, False, True]
    line = found[1]
    assert (line.dub_start, line.dub_end) == (30, 50)
    assert line.at(44.0) == pytest.approx(44.2)
    assert line.error_ms == pytest.approx(30.0, abs=0.1)


def test_what_lies_elsewhere_or_between_two_lines_stays() -> None:
    far = [known(0, 30, 0.0), unknown(30, 40, 30.5), known(40, 80, 40.0)]
    between = [known(0, 30, 0.0), unknown(30, 40, 30.02), known(40, 80, 40.04)]
    assert list(bridged(far)) == far
    assert list(bridged(between)) == between
    assert list(bridged([unknown(0, 9, 0.0)])) == [unknown(0, 9, 0.0)]


def test_at_an_end_only_the_bar_grows() -> None:
    first, _ = bridged([unknown(0, 10, 0.03), known(10, 40, 10.0)])
    assert first.original_start == 0.03
    assert first.error_ms == pytest.approx(30.0)


def test_pieces_that_bend_by_a_millisecond_are_one_line_and_a_wander_is_none() -> None:
    bent = [known(0, 20, 0.2), replace(known(20, 40, 20.1992), rate=1.00008), known(40, 60, 40.2005)]
    (group,) = straightened(bent, 1.0)
    line = as_one(group, 1.0)
    assert (line.dub_start, line.dub_end, line.rate) == (0, 60, 1.0)
    assert line.at(30.0) == pytest.approx(30.2, abs=4e-4)
    assert line.evidence["sound"]["anchors"] == 15
    wander = [known(0, 20, 0.0), known(20, 40, 20.0015), known(40, 60, 40.003)]
    assert [len(g) for g in straightened(wander, 1.0)] == [2, 1]
    assert [len(g) for g in straightened([known(0, 20, 0.0), known(21, 40, 21.0)], 1.0)] == [1, 1]


class Bare:
    """Stands for the stem: reads the bed's file instead of the mix's."""

    def __init__(self, source: beds._Mono, device: str, keep: int) -> None:
        self.path, self.seconds = source.path.with_name(f"bed_{source.path.name}"), 0.0

    def read(self, start: int, n: int) -> Samples:
        self.seconds += n / RATE
        return heard(self.path, 0, Span(start / RATE, (start + n) / RATE))[None]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beds, "Accompaniment", Bare)


def files(folder: Path, own: tuple[Samples, Samples], dub: tuple[Samples, Samples]) -> Tracks:
    """Tracks of (bed, voices) of both files, and their beds beside them."""
    tracks(folder, own[0], dub[0])
    for name in ("own", "dub"):
        (folder / f"{name}.wav").rename(folder / f"bed_{name}.wav")
    return tracks(folder, own[0] + own[1], dub[0] + dub[1])


def test_a_line_that_the_voices_hide_is_found_without_them(tmp_path: Path, bare: None) -> None:
    bed = noise(1, 60, 0.002)
    talk = [30 * noise(seed, 60, 0.01) for seed in (2, 3)]
    pair = files(tmp_path, (bed, talk[0]), (bed[RATE:], talk[1][RATE:]))
    mixed = settled([segment(0.0, 58.0, 1.02, 16.0)], pair)
    assert not is_known(mixed[0])
    (found,), layer = beds.asked(mixed, pair, "cpu")
    assert found.at(10.0) == pytest.approx(11.0, abs=1e-3)
    assert found.error_ms <= 1.0
    assert found.evidence["sound"]["stems"] is True
    assert layer is not None
    assert (layer.asked, layer.known) == (58.0, 58.0)
    assert layer.separated > 0.0


def test_nothing_is_separated_where_nothing_is_in_doubt(tmp_path: Path, bare: None) -> None:
    bed = noise(7, 60)
    pair = files(tmp_path, (bed, 0 * bed), (np.concatenate([bed[: 20 * RATE], bed[35 * RATE :]]),) * 2)
    before = [known(0.0, 20.0, 0.0), known(20.0, 45.0, 35.0)]
    assert beds.asked(before, pair, "cpu") == (tuple(before), None)


def test_a_missing_model_is_a_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> object:
        raise ModelUnavailable(name="spleeter")

    monkeypatch.setattr(beds.Beds, "__call__", nothing)
    pair = tracks(tmp_path, noise(1, 40), noise(2, 40))
    placed = segment(0.0, 40.0, 0.0)
    done = finished(Finding("sound", 1.0, (placed,), (), (), (40.0, 40.0)), pair, "cpu")
    assert [s.dub_end for s in done.segments] == [40.0]
    assert "doubt.no_beds" in {d.code for d in done.doubts}


def test_pieces_of_a_line_that_bends_have_bars_that_hold_it_and_straight_ones_keep_theirs() -> None:
    width, period, lengths = 0.04, 60.0, np.array([5.0, 7.0, 9.0, 6.0, 20.0, 5.0, 8.0])
    knots = np.concatenate([[0.0], np.cumsum(lengths)])
    at = knots + width * np.sin(2 * np.pi * knots / period)
    pieces = [
        Segment(a, b, x, float((y - x) / (b - a)), 1.0, 0.9, KNOWN if b - a < 20 else {"sound": {"anchors": 2}})
        for a, b, x, y in zip(knots, knots[1:], at, at[1:], strict=False)
    ]
    for s in bending(pieces):
        t = np.linspace(s.dub_start, s.dub_end, 50)
        away = np.abs(s.original_start + s.rate * (t - s.dub_start) - t - width * np.sin(2 * np.pi * t / period))
        assert 1000 * away.max() <= s.error_ms <= 1.0 + 6 * max(1000 * away.max(), 1.0)
    straight = tuple(known(10.0 * k, 10.0 * (k + 1), 10.0 * k + 3) for k in range(6))
    assert bending(straight) == straight
    losses = tuple(known(10.0 * k, 10.0 * (k + 1), 10.0 * k + 0.1 * k) for k in range(6))
    assert bending(losses) == losses
