"""What is lost in pieces and what wanders is followed to a millisecond, and where nobody can know, the error bar says so."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from pipeline.values import Span
from syncdub.exact.phase import RATE
from syncdub.exact.tracing import Course, believed, most_likely, smooth_course, stretches
from syncdub.reading.polish import polished
from syncdub.reading.support import held_by_phase
from syncdub.reading.tracing import traced
from syncdub.reading.tracks import Tracks, heard
from syncdub.values import Segment

Samples = NDArray[np.float32]


def noise(seed: int, seconds: float, level: float = 0.05) -> Samples:
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    out = np.convolve(rng.standard_normal(n + 4), [0.5, 1.0, 0.5, -0.25, 0.1], "valid")[:n]
    return (level * out).astype(np.float32)


def voices(seed: int, seconds: float) -> Samples:
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    syllables = np.repeat(rng.choice([0.0, 0.3, 1.0], n // 3200 + 1), 3200)[:n]
    return (0.1 * syllables * rng.standard_normal(n)).astype(np.float32)


def tracks(folder: Path, own: Samples, dub: Samples) -> Tracks:
    for name, samples in (("own", own), ("dub", dub)):
        soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="PCM_16")
    return Tracks((folder / "own.wav", folder / "dub.wav"), (0, 0))


def segment(start: float, end: float, at: float, bar: float = 6.0) -> Segment:
    return Segment(start, end, at, 1.0, bar, 0.9, {"sound": {"anchors": 9}})


def placed(found: tuple[Segment, ...], dub: float) -> Segment:
    return next(s for s in found if s.dub_start <= dub <= s.dub_end)


def test_a_course_moves_a_little_or_jumps_but_not_for_one_window() -> None:
    high = np.zeros((30, 200), np.float32)
    high[np.arange(15), 100 + np.arange(15)] = 20.0
    high[np.arange(15, 30), 40] = 20.0
    high[7] = 0.0
    high[7, 10] = 30.0  # repeats by chance
    path = most_likely(high, np.zeros(30, np.int64), 1.0)
    assert abs(int(path[7]) - 107) <= 2
    assert list(path[:7]) == [100 + k for k in range(7)]
    assert list(path[15:]) == [40] * 15


def test_a_course_does_not_jump_where_only_its_reference_does() -> None:
    high = np.zeros((10, 100), np.float32)
    high[:5, 50] = high[5:, 70] = 8.0
    moved = np.zeros(10, np.int64)
    moved[5] = 20
    assert list(most_likely(high, moved, 1.0)) == [50] * 5 + [70] * 5


def test_steps_become_levels_and_wander_becomes_slopes() -> None:
    u = np.arange(1.5, 60.0, 1.0)
    steps = Course(u, np.where(u < 30, 0.0, 0.0167), 1.0, 1.0, 3.0, 1.0)
    found = stretches(steps, 0.0, 60.0, 1.0)
    assert [(round(s.start), round(s.end), s.before, s.after) for s in found] == [
        (0, 30, 0.0, 0.0),
        (30, 60, 0.0167, 0.0167),
    ]
    wander = Course(u, 0.03 * np.sin(2 * np.pi * u / 60), 1.0, 1.0, 3.0, 1.0)
    pieces = stretches(wander, 0.0, 60.0, 1.0)
    assert 4 <= len(pieces) <= 20
    for t in np.arange(2.0, 58.0, 1.7):
        piece = next(s for s in pieces if s.start <= t <= s.end)
        late = np.interp(t, [piece.start, piece.end], [piece.before, piece.after])
        assert abs(late - 0.03 * np.sin(2 * np.pi * t / 60)) <= 0.001 * piece.error_ms + 5e-4
    assert np.abs(smooth_course(wander, u) - wander.late).max() < 0.002


def test_a_stretch_without_known_places_has_a_wider_bar() -> None:
    u = np.concatenate([np.arange(1.0, 20.0), np.arange(45.0, 60.0)])
    (only,) = stretches(Course(u, np.zeros(len(u)), 1.0, 1.0, 3.0, 1.0), 0.0, 60.0, 1.0)
    assert only.error_ms > 15
    alone = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.0, 0.1, 0.0])
    assert list(believed(*alone)) == [True, True, False, True]


def test_a_tape_goes_on_through_silence_as_it_came() -> None:
    u = np.concatenate([np.arange(0.6, 22.0, 0.5), np.arange(40.0, 90.0, 0.5)])
    pieces = stretches(Course(u, 0.035 * np.sin(2 * np.pi * u / 60), 1.0, 0.8, 1.2, 0.5), 0.0, 90.0, 0.5)
    for t in np.arange(22.5, 39.5, 0.5):
        piece = next(s for s in pieces if s.start <= t <= s.end)
        error = abs(
            np.interp(t, [piece.start, piece.end], [piece.before, piece.after]) - 0.035 * np.sin(2 * np.pi * t / 60)
        )
        assert error < 0.004
        assert 1000 * error <= piece.error_ms
        assert piece.error_ms > 5  # nobody heard it


def lost(samples: Samples, at: float, seconds: float) -> Samples:
    return np.concatenate([samples[: round(at * RATE)], samples[round((at + seconds) * RATE) :]])


def test_a_loss_under_loud_voices_is_found_by_what_is_not_in_the_middle(tmp_path: Path) -> None:
    """Voices 40 dB over the bed, all the time: both mixes share nothing that could be heard."""
    bed, talk = noise(41, 60, 0.001), [0.1 * noise(k, 60, 1.0) for k in (42, 43)]
    own = np.stack([talk[0] + bed, talk[0] - bed], axis=1)
    dub = lost(np.stack([talk[1] + bed, talk[1] - bed], axis=1), 33.0, 0.1)
    for name, samples in (("own", own), ("dub", dub)):
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE, subtype="FLOAT")
    pair = Tracks((tmp_path / "own.wav", tmp_path / "dub.wav"), (0, 0))
    found = polished([segment(0.0, 25.0, 0.03), segment(25.0, 59.9, 25.1)], pair, (60.0, 59.9))
    for moment, late in ((5.0, 0.0), (32.8, 0.0), (33.2, 0.1), (59.0, 0.1)):
        here = placed(found, moment)
        assert here.at(moment) - moment == pytest.approx(late, abs=0.0012)


def test_what_lies_beside_the_middle_is_silent_where_there_is_none(tmp_path: Path) -> None:
    pair = tracks(tmp_path, noise(61, 4), noise(61, 4)).aside
    for span in (Span(1.0, 2.0), Span(3.5, 5.0), Span(90.0, 91.0)):
        samples = pair.own(span)
        assert len(samples) == round(span.duration * RATE)
        assert not samples.any()


@pytest.mark.parametrize("after", [[(70.0, 89.8, 70.1), (89.8, 119.8, 90.0)], [(55.0, 60.0, 55.11)]])
def test_a_chain_that_is_followed_to_the_next_goes_on_with_it(
    tmp_path: Path, after: list[tuple[float, float, float]]
) -> None:
    """The onsets found its beginning and, after a pause, more of it or only five seconds."""
    bed = noise(51, 120)
    dub = bed + voices(53, 120)
    for at in (90.0, 12.0):
        dub = lost(dub, at, 0.1)
    pair = tracks(tmp_path, bed + voices(52, 120), dub)
    lines = [segment(*x) for x in ((0.0, 11.9, 0.0), (11.9, 22.0, 12.0), *after)]
    found = [x.segment for x in traced(lines, pair, 1.0, (120.0, 119.8))]
    assert all(b.dub_start >= a.dub_end > a.dub_start for a, b in itertools.pairwise(found))
    assert sum(s.dub_end - s.dub_start for s in found) == pytest.approx(119.8, abs=1.0)


def test_a_capture_that_lost_pictures_is_followed_to_a_millisecond(tmp_path: Path) -> None:
    bed = noise(1, 75)
    losses = [(20.0, 0.1), (45.0, 0.05)]
    keep = np.ones(len(bed), bool)
    for at, seconds in losses:
        keep[round(at * RATE) : round((at + seconds) * RATE)] = False
    dub = (bed + voices(3, 75))[keep]
    pair = tracks(tmp_path, bed + voices(2, 75), dub)
    found = polished([segment(0.0, 40.0, 0.03), segment(40.0, 74.8, 40.13)], pair, (75.0, 74.85))
    for moment, late in ((5.0, 0.0), (19.5, 0.0), (20.5, 0.1), (40.0, 0.1), (44.5, 0.1), (45.5, 0.15), (74.0, 0.15)):
        here = placed(found, moment)
        assert here.at(moment) - moment == pytest.approx(late, abs=0.0012)
        assert here.error_ms < 5


def test_a_step_that_nothing_shows_is_told_by_its_bar(tmp_path: Path) -> None:
    """Between 18 and 26 s only voices: the loss at 22 s may be anywhere there."""
    bed = noise(4, 60)
    bed[18 * RATE : 26 * RATE] = 0.0
    whole = bed + voices(6, 60)
    dub = np.concatenate([whole[: 22 * RATE], whole[round(22.08 * RATE) :]])
    pair = tracks(tmp_path, bed + voices(5, 60), dub)
    found = polished([segment(0.0, 30.0, 0.0), segment(30.0, 59.9, 30.08)], pair, (60.0, 59.92))
    for moment in np.arange(2.0, 58.0, 0.5):
        truth = moment if moment < 22 else moment + 0.08
        here = placed(found, float(moment))
        assert abs(here.at(float(moment)) - truth) * 1000 <= here.error_ms + 0.3
    step = next(s.dub_start for s in found if s.original_start - s.dub_start > 0.07)
    assert 20.5 < step < 23.5  # in the middle: whatever is true, little is wrong


def test_a_tape_that_wanders_is_followed(tmp_path: Path) -> None:
    bed = noise(7, 80)
    film, spoken = bed + voices(8, 80), bed + voices(9, 80)
    t = np.arange(len(bed)) / RATE
    dub = np.interp(t + 0.02 * np.sin(2 * np.pi * t / 70), t, spoken).astype(np.float32)
    found = polished([segment(0.0, 80.0, 0.0, 19.0)], tracks(tmp_path, film, dub), (80.0, 80.0))
    inside = []
    for moment in np.arange(1.0, 79.0, 0.5):
        here = placed(found, float(moment))
        error = abs(here.at(float(moment)) - (moment + 0.02 * np.sin(2 * np.pi * moment / 70))) * 1000
        inside.append(error <= here.error_ms + 0.1)
        assert error < 4
    assert np.mean(inside) >= 0.95


def test_a_steady_dub_stays_one_line(tmp_path: Path) -> None:
    bed = noise(10, 40)
    pair = tracks(tmp_path, bed + voices(11, 40), bed + voices(12, 40))
    (only,) = polished([segment(0.0, 40.0, 0.004)], pair, (40.0, 40.0))
    assert (only.rate, only.error_ms) == (1.0, 1.0)
    assert only.original_start == pytest.approx(0.0, abs=0.0005)


def test_a_line_that_only_a_song_holds_is_cut_to_it(tmp_path: Path) -> None:
    """Two episodes share a song of 40 s; the line reaches over talk on either side."""
    song = noise(20, 40)
    own = np.concatenate([voices(21, 70), song + voices(22, 40), voices(23, 70)])
    dub = np.concatenate([voices(24, 70), song + voices(25, 40), voices(26, 70)])
    pair = tracks(tmp_path, own, dub)
    locked = Segment(0.0, 180.0, 0.0, 1.0, 1.0, 0.9, {"sound": {"phase": 40.0}})
    parts = held_by_phase([locked], pair, (180.0, 180.0))
    assert parts is not None
    (part,) = parts
    assert (part.dub_start, part.dub_end) == (pytest.approx(70, abs=5), pytest.approx(110, abs=5))
    right = Segment(72.0, 108.0, 72.0, 1.0, 1.0, 0.9, {"sound": {"phase": 40.0}})
    assert held_by_phase([right], pair, (180.0, 180.0)) is None


def test_windows_that_overlap_are_read_together(tmp_path: Path) -> None:
    """At a film's rate on television, where a window is no round number of samples: 60 windows of 4 s every 2 s."""
    song, rate, seconds = noise(27, 60), 25025 / 24000, 120.0
    own = np.concatenate([voices(28, 70 * rate), song, voices(29, 20)])
    dub = np.concatenate([voices(21, 70), soxr.resample(song, RATE * rate, RATE)])
    read: list[Span] = []

    def listen(path: Path, stream: int, span: Span) -> Samples:
        read.append(span)
        return heard(path, stream, span)

    pair = replace(tracks(tmp_path, own, dub), listen=listen)
    locked = Segment(0.0, seconds, 0.0, rate, 1.0, 0.9, {"sound": {"phase": 40.0}})
    parts = held_by_phase([locked], pair, (seconds * rate, seconds))
    assert parts is not None
    assert [(round(p.dub_start, -1), round(p.dub_end, -1)) for p in parts] == [(70, 120)]
    assert len(read) < 60


@pytest.mark.parametrize("seconds", [3.0, 5.0, 7.0])
def test_a_piece_of_a_window_or_two_is_held_as_a_whole_or_not_at_all(tmp_path: Path, seconds: float) -> None:
    song = noise(20, 40)
    own = np.concatenate([voices(21, 70), song + voices(22, 40), voices(23, 70)])
    dub = np.concatenate([voices(24, 70), song + voices(25, 40), voices(26, 70)])
    pair = tracks(tmp_path, own, dub)
    evidence = {"sound": {"phase": 40.0}}
    edges = (0.0, 80.0, 80.0 + seconds, 180.0 - seconds, 180.0)
    pieces = [Segment(a, b, a, 1.0, 1.0, 0.9, evidence) for a, b in itertools.pairwise(edges)]
    parts = held_by_phase(pieces, pair, (180.0, 180.0))
    assert parts is not None
    assert any(p.dub_start == pytest.approx(80.0) and p.dub_end == pytest.approx(80.0 + seconds) for p in parts)
    if seconds > 4.0:  # long enough to be asked
        assert not any(p.dub_start >= 180.0 - seconds for p in parts)


def talk(rhythm: int, voice: int, seconds: float) -> Samples:
    """Sentences and pauses in one rhythm, said by another voice."""
    rng = np.random.default_rng(rhythm)
    n = round(seconds * RATE)
    loud = np.repeat(rng.choice([0.0, 0.2, 1.0], n // 12800 + 1, p=[0.4, 0.2, 0.4]), 12800)[:n]
    return (0.1 * loud * np.random.default_rng(voice).standard_normal(n)).astype(np.float32)


@pytest.mark.parametrize("same", [True, False])
def test_talk_between_songs_stays_where_it_is_dubbed_in_rhythm(tmp_path: Path, same: bool) -> None:
    songs = noise(30, 40), noise(31, 40)
    own = np.concatenate([songs[0], talk(32, 33, 70), songs[1]])
    dub = np.concatenate([songs[0], talk(32 if same else 35, 34, 70), songs[1]])
    pair = tracks(tmp_path, own, dub)
    parts = held_by_phase([Segment(0.0, 150.0, 0.0, 1.0, 1.0, 0.9, {"sound": {"phase": 40.0}})], pair, (150.0, 150.0))
    if same:
        assert parts is None
    else:
        assert parts is not None
        assert [(round(p.dub_start, -1), round(p.dub_end, -1)) for p in parts] == [(0, 40), (110, 150)]
