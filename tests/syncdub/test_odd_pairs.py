"""Pairs that go wrong in other programs: containers that lie about time, damage, odd channels, repeats, partial overlap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media import ffmpeg
from syncdub.analysis import analyse
from syncdub.requests import AnalyseRequest
from syncdub.values import SyncPlan
from tests.syncdub.test_analysis import RATE, Listener, music, quick, wav


def coded(source: Path, name: str, *options: str, before: tuple[str, ...] = ()) -> Path:
    out = source.with_name(name)
    ffmpeg.run([*before, "-i", f"file:{source}", *options, f"file:{out}"])
    return out


def only(plan: SyncPlan) -> float:
    """The offset in milliseconds of a plan of one segment."""
    assert len(plan.segments) == 1, plan.segments
    return plan.segments[0].offset_ms


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wav(tmp_path_factory.mktemp("odd") / "film.wav", music(31, 60))


@pytest.fixture(scope="module")
def late(film: Path) -> Path:
    """The film from its third second on."""
    return wav(film.with_name("late.wav"), music(31, 60)[3 * RATE :])


@pytest.mark.slow
def test_a_corrupt_middle_costs_only_itself(tmp_path: Path) -> None:
    sound = music(34, 130)
    film = wav(tmp_path / "film.wav", sound)
    dub = wav(tmp_path / "late.wav", sound[3 * RATE :])
    data = bytearray(coded(dub, "whole.mp3", "-c:a", "libmp3lame", "-b:a", "96k").read_bytes())
    half = len(data) // 2
    data[half : half + 40_000] = np.random.default_rng(1).bytes(40_000)
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(bytes(data))
    plan = quick(film, broken)
    assert plan.verdict in {"shift", "edit"}
    assert plan.original_of(20.0) == pytest.approx(23.0, abs=0.06)
    # What was lost may shorten the file; behind it the map must follow.
    assert plan.segments[-1].original_end == pytest.approx(130.0, abs=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("aac.m4a", ("-c:a", "aac", "-b:a", "128k"), 2.0),
        ("aac.mkv", ("-c:a", "aac", "-b:a", "128k"), 2.0),
        ("tagged.mp3", ("-c:a", "libmp3lame", "-b:a", "96k"), 2.0),
        ("stream.ts", ("-c:a", "ac3", "-b:a", "192k", "-ar", "48000"), 7.0),
        ("speech.opus", ("-c:a", "libopus", "-b:a", "48k"), 2.0),
    ],
)
def test_priming_and_start_times_do_not_move_the_dub(
    film: Path, late: Path, name: str, options: tuple[str, ...], tolerance: float
) -> None:
    # A transport stream begins at 1.4 s on its own clock; ours begins where the file's first packet is.
    assert only(quick(film, coded(late, name, *options))) == pytest.approx(3000, abs=tolerance)


@pytest.mark.slow
def test_a_track_that_starts_late_in_its_container_is_placed_on_the_files_clock(film: Path, late: Path) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=24:d=60", "-itsoffset", "2.5")
    dub = coded(late, "later.mkv", "-map", "0", "-map", "1", "-c:a", "flac", before=picture)
    assert only(quick(film, dub)) == pytest.approx(500, abs=2)


@pytest.mark.slow
def test_a_variable_frame_rate_changes_nothing(film: Path, late: Path) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=30:d=57")
    vary = ("-vf", "select='not(mod(n,3))+gt(mod(n,90),40)'", "-fps_mode", "vfr", "-map", "0", "-map", "1")
    dub = coded(late, "vfr.mkv", *vary, "-c:a", "flac", before=source)
    assert only(quick(film, dub)) == pytest.approx(3000, abs=2)
    assert quick(film, dub).rate == 1.0


@pytest.mark.slow
def test_mono_finds_its_place_in_surround_with_a_foreign_centre(film: Path, tmp_path: Path) -> None:
    bed, other = music(31, 60), music(32, 60)
    six = np.stack([bed, 0.7 * bed, other, np.zeros_like(bed), 0.5 * bed, 0.4 * bed])
    surround = coded(wav(tmp_path / "six.wav", six), "six.mka", "-c:a", "ac3", "-b:a", "448k", "-ar", "48000")
    assert only(quick(surround, wav(tmp_path / "mono.wav", bed[4 * RATE :] + music(33, 56)))) == pytest.approx(
        4000, abs=8
    )


@pytest.mark.slow
def test_a_dub_longer_than_the_film_keeps_nothing_of_its_own(film: Path, tmp_path: Path) -> None:
    dub = np.concatenate([music(41, 25), music(31, 60), music(42, 40)])
    plan = quick(film, wav(tmp_path / "longer.wav", dub))
    assert only(plan) == pytest.approx(-25_000, abs=2)
    assert plan.segments[0].dub_start == pytest.approx(25, abs=0.1)
    assert plan.segments[0].dub_end == pytest.approx(85, abs=0.1)
    assert plan.original_of(10.0) is None
    assert plan.original_of(100.0) is None


@pytest.mark.slow
def test_a_theme_that_comes_again_and_again_does_not_win_over_order(tmp_path: Path) -> None:
    theme = music(51, 15)
    parts = [music(52, 30), theme, music(53, 30), theme, music(54, 30), theme, music(55, 20)]
    film, dub = np.concatenate(parts), np.concatenate(parts[1:2] + parts[2:])
    plan = quick(wav(tmp_path / "film.wav", film), wav(tmp_path / "dub.wav", dub))
    assert only(plan) == pytest.approx(30_000, abs=2)
    assert plan.segments[0].dub_end == pytest.approx(len(dub) / RATE, abs=0.1)


@pytest.mark.slow
def test_songs_alone_in_both_are_placed_by_their_music(film: Path, late: Path) -> None:
    """A musical or a silent film: nobody speaks, and that is no reason to refuse, nor to call the result coarse."""
    plan = analyse(Listener(), AnalyseRequest(original=film, dub=late))
    assert only(plan) == pytest.approx(3000, abs=2)
    assert not plan.matches
    assert not {d.code for d in plan.doubts} & {"doubt.coarse", "doubt.meaning_does_not_help"}


def test_songs_of_another_band_are_refused_though_nobody_speaks(film: Path, tmp_path: Path) -> None:
    plan = analyse(Listener(), AnalyseRequest(original=film, dub=wav(tmp_path / "other.wav", music(77, 60))))
    assert plan.verdict == "refuse"


def test_a_replaced_distributor_logo_does_not_move_what_follows(tmp_path: Path) -> None:
    scene = music(61, 80)
    film = wav(tmp_path / "film.wav", np.concatenate([music(62, 9), scene]))
    dub = wav(tmp_path / "dub.wav", np.concatenate([music(63, 14.5), scene]))
    plan = quick(film, dub)
    assert only(plan) == pytest.approx(-5500, abs=2)
    assert plan.segments[0].dub_start == pytest.approx(14.5, abs=0.1)
