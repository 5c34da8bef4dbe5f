"""A shorter version: what goes is what the dub lacks, to the frame; what stays is in sync, chapters and subtitles too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media.container import opened
from pipeline.media.decode import load_audio
from pipeline.media.probe import probe
from pipeline.settings import Settings
from pipeline.tracks.ebml import master, nodes, number, unsigned
from pipeline.tracks.shorten import kept_of, moment, whole_frames
from pipeline.tracks.tags import CHAPTER, CHAPTER_END, CHAPTER_START, EDITION, moved_chapters
from pipeline.values import Span
from syncdub.making.plan import placed
from syncdub.making.shorter import gone_of, moved_plan
from syncdub.requests import SyncRequest
from syncdub.values import PlacedPlan, SyncPlan
from syncdub.workflow import Planned, SyncResult, execute_all
from tests.dubbing import RATE, Prober, film, packets, pictures, plan, sound, with_pictures, write

SECONDS = 24.0
PARTS = ((0.0, 8.0, 0.0), (8.0, 14.0, 12.0), (14.0, 17.49, 19.51))
"""Dub from, until, film from: the dub lacks 8–12 s, 18–19.51 s and the last second."""


def parted(duration: float = SECONDS, dub: float = 17.49) -> PlacedPlan:
    ordered = plan(*((a, b, at, 1.0) for a, b, at in PARTS))
    return placed(
        SyncPlan(
            **{
                **{n: getattr(ordered, n) for n in ordered.__slots__},
                "original_duration": duration,
                "dub_duration": dub,
            }
        )
    )


def test_what_no_plan_has_goes_in_whole_frames() -> None:
    times = np.arange(0, 24, 0.04)
    gone = gone_of([parted()], SECONDS, times)
    assert [(round(s.start, 3), round(s.end, 3)) for s in gone] == [(8.0, 12.0), (18.0, 19.48), (23.0, 24.0)]
    other = placed(SyncPlan("edit", 1.0, plan((0, 4, 10.0, 1.0)).segments, original_duration=SECONDS, dub_duration=4.0))
    assert [(round(s.start, 3), round(s.end, 3)) for s in gone_of([parted(), other], SECONDS, times)] == [
        (8.0, 10.0), (18.0, 19.48), (23.0, 24.0)]  # fmt: skip
    assert whole_frames([Span(1.01, 1.03)], times, SECONDS) == ()
    assert whole_frames([Span(1.01, 1.5)], np.zeros(0), SECONDS) == (Span(1.01, 1.5),)


def test_moments_follow_and_a_plan_without_its_gaps_is_one_line() -> None:
    kept = kept_of([Span(0, 2), Span(8, 12)], 20.0)
    assert [moment(kept, t) for t in (0, 1, 2, 8, 10, 12, 20, 21)] == [0, 0, 0, 6, 6, 6, 14, 14]
    moved = moved_plan(parted(), kept_of([Span(8, 12), Span(18, 19.51), Span(23, 24)], SECONDS))
    assert [(round(s.dub_start, 3), round(s.dub_end, 3), round(s.original_start, 3)) for s in moved.segments] == [
        (0, 17.49, 0)
    ]
    assert moved.original_duration == pytest.approx(17.49)


def test_nested_chapters_follow_and_empty_ones_go() -> None:
    def chapter(start: float, end: float, *inside: bytes) -> bytes:
        parts = [*nodes(_times(start, end)), *(nodes(i)[0] for i in inside)]
        return master(CHAPTER, parts, checked=False)

    edition = master(
        EDITION,
        [n for c in (chapter(0, 10, chapter(2, 3), chapter(8, 10)), chapter(10, 20)) for n in nodes(c)],
        checked=False,
    )
    kept = kept_of([Span(2, 4)], 20.0)
    found = moved_chapters(edition, lambda time: moment(kept, time))
    top = nodes(nodes(found)[0].payload)
    assert [_read(n.payload) for n in top] == [(0.0, 8.0), (8.0, 18.0)]
    assert [_read(n.payload) for n in nodes(top[0].payload) if n.id == CHAPTER] == [(6.0, 8.0)]


def _times(start: float, end: float) -> bytes:
    from pipeline.tracks.ebml import written

    return b"".join(written(i, number(round(t * 1e9))) for i, t in ((CHAPTER_START, start), (CHAPTER_END, end)))


def _read(payload: bytes) -> tuple[float, ...]:
    return tuple(unsigned(n.payload) / 1e9 for n in nodes(payload) if n.id in {CHAPTER_START, CHAPTER_END})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, SyncResult]:
    """(film, shorter film, what was told)."""
    folder = tmp_path_factory.mktemp("shorter")
    whole = sound(SECONDS, 7)
    original = with_pictures(
        film(folder, whole), pictures(folder / "p.sup", [(0, 1), (9, 11), (20, 21)]), folder / "both.mkv"
    )
    heard = np.concatenate([whole[:, round(at * RATE) : round((at + b - a) * RATE)] for a, b, at in PARTS], axis=1)
    dub, out = write(folder / "dub.mka", heard), folder / "out.mkv"
    asked = SyncRequest(
        original=original, dub=dub, output=out, language="es", cut_gaps=True, interface="es", name="Film"
    )
    ordered = plan(*((a, b, at, 1.0) for a, b, at in PARTS))
    result = execute_all(Prober(Settings(temp_dir=folder / "work")), [Planned(ordered, asked)])
    return original, out, result


def test_the_length_is_as_told_and_the_name_says_it(made: tuple[Path, Path, SyncResult]) -> None:
    _, out, result = made
    told = result.to_json()["cut"]
    assert told["spans"] == [[8.0, 12.0], [18.0, 19.48], [23.0, 24.0]]
    assert told["seconds"] == pytest.approx(6.48)
    assert told["duration"] == pytest.approx(17.52)
    assert "doubt.shorter" in {d.code for d in result.doubts}
    assert [s.original_start for s in result.plan.segments] == [0.0, 12.0, 19.51]  # the map stays the film's
    with opened(out) as container:
        assert container.metadata["title"] == "Film (versión corta)"
    assert len(packets(out, "video")) == round(17.52 * 25)
    for track in (0, 1):
        assert load_audio(out, stream=track).duration == pytest.approx(17.52, abs=0.01)


def test_every_frame_is_the_films_own_at_its_moment(made: tuple[Path, Path, SyncResult]) -> None:
    original, out, result = made
    film_frames, frames = _frames(original), _frames(out)
    kept = kept_of(result.gone, SECONDS)
    expected = [t for t, _ in film_frames if not any(s.start - 1e-6 <= t < s.end - 1e-6 for s in result.gone)]
    assert [round(t, 3) for t, _ in frames] == [round(moment(kept, t), 3) for t in expected]
    stack = np.stack([f for _, f in film_frames])
    for (_, frame), t in list(zip(frames, expected, strict=True))[::7]:
        nearest = int(np.square(stack - frame).mean(axis=(1, 2)).argmin())
        assert film_frames[nearest][0] == pytest.approx(t)


def _frames(path: Path) -> list[tuple[float, np.ndarray]]:
    with opened(path) as container:
        return [
            (float(f.time or 0.0), f.to_ndarray(format="gray").astype(np.float32)) for f in container.decode(video=0)
        ]


def test_both_sounds_are_the_films_at_its_moments(made: tuple[Path, Path, SyncResult]) -> None:
    original, out, result = made
    own = load_audio(original, rate=RATE, layout="stereo").samples
    gone = [(round(s.start * RATE), round(s.end * RATE)) for s in result.gone]
    at = [x for n in (0, 1) for x in [gone[n][0] - sum(b - a for a, b in gone[:n])]]
    kept = np.delete(own, np.concatenate([np.arange(a, min(b, own.shape[1])) for a, b in gone]), axis=1)
    for track in (0, 1):
        heard = load_audio(out, rate=RATE, layout="stereo", stream=track).samples
        n = min(heard.shape[1], kept.shape[1])
        apart = np.abs(heard[:, :n] - kept[:, :n]).max(axis=0)
        for join in at:  # the crossfade; and the dub's join, which lies in a quiet place near by
            apart[join - RATE // 6 : join + RATE // 6] = 0
        assert apart[: 17 * RATE].max() < 2e-3
    assert result.residual is not None
    assert result.residual.p95 is not None
    assert result.residual.p95 < 1.0


def test_chapters_and_subtitles_follow(made: tuple[Path, Path, SyncResult]) -> None:
    _, out, _ = made
    with opened(out) as container:
        chapters = [
            tuple(float(c[edge] * (c["time_base"] or 0)) for edge in ("start", "end")) for c in container.chapters()
        ]
    assert chapters == [
        (0.0, pytest.approx(8.0, abs=1e-3)),
        (pytest.approx(8.0, abs=1e-3), pytest.approx(17.52, abs=2e-3)),
    ]
    assert [(t, d.decode().strip()) for t, d in packets(out, "subtitles", 0)] == [(2.0, "hello")]
    shown = [t for t, d in packets(out, "subtitles", 1) if len(d) > 60]
    assert shown == [0.0, pytest.approx(20 - 4 - 1.48, abs=0.041)]
    info = probe(out)
    assert [a.language for a in info.audio] == ["eng", "spa"]
    assert [o.kind for o in info.others] == ["subtitle", "subtitle", "attachment"]


def test_without_being_asked_nothing_is_cut_and_without_gaps_neither(tmp_path: Path) -> None:
    original = film(tmp_path, sound(8, 3))
    dub = write(tmp_path / "dub.mka", sound(8, 3)[:, : 5 * RATE])
    for n, (seconds, cut) in enumerate(((5.0, False), (5.0, True))):
        asked = SyncRequest(original=original, dub=dub, output=tmp_path / f"{n}.mkv", cut_gaps=cut)
        result = execute_all(Prober(Settings(temp_dir=tmp_path / "w")), [Planned(plan((0, seconds, 0.0, 1.0)), asked)])
        assert bool(result.gone) is cut
        assert probe(tmp_path / f"{n}.mkv").duration == pytest.approx(5.0 if cut else 8.0, abs=0.05)
    whole = write(tmp_path / "whole.mka", sound(8, 3))
    asked = SyncRequest(original=original, dub=whole, output=tmp_path / "3.mkv", cut_gaps=True)
    result = execute_all(Prober(Settings(temp_dir=tmp_path / "w")), [Planned(plan((0, 8.0, 0.0, 1.0)), asked)])
    assert result.gone == ()
    assert packets(tmp_path / "3.mkv", "video") == packets(original, "video")
