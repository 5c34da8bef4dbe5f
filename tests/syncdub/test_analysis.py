"""The whole analysis on real media with known truth, and on inputs that must be refused or survived."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.errors import NoAudio
from pipeline.evidence.fingerprints import SoundPrint, sound_print
from pipeline.media.probe import probe
from pipeline.media.values import AudioStream, MediaInfo
from pipeline.progress import no_report
from pipeline.values import Sentence, Transcript
from syncdub.analysis import analyse, chosen_stream
from syncdub.making.plan import merged
from syncdub.meaning.coarse import coarse_lines, confirmed
from syncdub.meaning.meaning import Meaning, Support
from syncdub.reading.seeing import moments_of
from syncdub.requests import AnalyseRequest
from syncdub.values import Anchor, Segment, SyncPlan

RATE = 16000


class Listener:
    """An engine without models; ``said`` by file name."""

    class device:
        kind = "cpu"

    def __init__(self, said: dict[str, Transcript] | None = None) -> None:
        self.said = said or {}

    def probe(self, path: Path | str) -> MediaInfo:
        return probe(path)

    def transcript(self, path: Path | str, *_: Any, **__: Any) -> Transcript:
        return self.said.get(Path(path).name, Transcript("", 0.0))

    def sound_print(self, path: Path | str, stream: int = 0, report: Any = None) -> SoundPrint:
        return sound_print(path, stream=stream, report=report or no_report)

    def spoken(self, path: Path | str, stream: int = 0) -> tuple[str, float]:
        said = self.transcript(path)
        return said.language, said.language_probability

    def embed(self, texts: Any) -> Any:
        return np.eye(max(len(texts), 8), dtype=np.float32)[: len(texts)]


def quick(original: Path, dub: Path, **more: Any) -> SyncPlan:
    return analyse(Listener(), AnalyseRequest(original=original, dub=dub, quick=True, **more))


def music(seed: int, seconds: float) -> np.ndarray:
    """Notes and noises at random times: no two seeds are alike, no piece of one repeats."""
    rng = np.random.default_rng(seed)
    out = rng.standard_normal(int(seconds * RATE)).astype(np.float32) * 1e-3
    t = np.arange(RATE // 2) / RATE
    for start in rng.integers(0, max(1, len(out) - RATE), int(seconds * 5)):
        f = rng.uniform(100, 4000)
        tone = np.sin(2 * np.pi * f * t) if rng.random() < 0.6 else rng.standard_normal(len(t))
        length = len(out[start : start + len(t)])
        out[start : start + length] += (rng.uniform(0.02, 0.15) * tone * np.exp(-t * rng.uniform(4, 30)))[:length]
    return out


def wav(path: Path, samples: np.ndarray) -> Path:
    soundfile.write(path, samples.T, RATE, subtype="PCM_16")
    return path


def length(segment: Segment) -> float:
    return segment.dub_end - segment.dub_start


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        pytest.param("dub_es_v1_late_1.730s.m4a", "shift", marks=pytest.mark.slow),
        pytest.param("dub_es_v2_pal_25fps.m4a", "retime", marks=pytest.mark.slow),
        ("dub_es_v3_cut10s_at60_insert4s_at110.m4a", "edit"),
    ],
)
def test_the_spanish_dubs_lie_where_the_truth_says(media: Path, name: str, verdict: str) -> None:
    truth = json.loads((media / "dub" / "dub_truth.json").read_text())["tracks"][name]["map"]
    plan = quick(media / "dub" / "dub_film_en.mp4", media / "dub" / name)
    assert plan.verdict == verdict
    assert plan.rate == truth[0]["rate"]
    for line, piece in zip(merged(plan.segments), truth, strict=True):
        segment = max((s for s in plan.segments if line.dub_start <= s.dub_start < line.dub_end), key=length)
        middle = sum(piece["dub"]) / 2
        assert segment.at(middle) == pytest.approx(
            piece["film_start"] + (middle - piece["dub"][0]) * piece["rate"], abs=0.003
        )
        assert (line.dub_start, line.dub_end) == pytest.approx(tuple(piece["dub"]), abs=0.1)
        assert segment.error_ms < 10
        assert segment.confidence > 0.9
    assert plan.pitch == ("shifted" if verdict == "retime" else "unknown")


@pytest.mark.slow
def test_the_join_of_the_example_lies_where_the_dub_was_cut() -> None:
    folder = Path(__file__).parents[2] / "assets" / "examples"
    plan = quick(folder / "dubsync_1_film.mp4", folder / "dubsync_2_doblaje.m4a")
    lines = merged(plan.segments)
    assert [s.dub_start for s in lines] == pytest.approx([1.4, 33.9], abs=0.1)
    assert [s.offset_ms for s in lines] == pytest.approx([-1400, 2600], abs=20)


def test_the_languages_that_are_clearly_heard_go_with_the_plan(tmp_path: Path) -> None:
    both = [wav(tmp_path / name, music(3, 40)) for name in ("film.wav", "dub.wav")]
    said = {
        "film.wav": Transcript("en", 40.0, language_probability=0.5),
        "dub.wav": Transcript("es", 40.0, language_probability=0.95),
    }
    plan = analyse(Listener(said), AnalyseRequest(original=both[0], dub=both[1]))
    assert (plan.verdict, plan.languages) == ("aligned", ("", "es"))
    assert plan.to_json()["languages"] == {"original": "", "dub": "es"}
    assert analyse(Listener(said), AnalyseRequest(original=both[0], dub=both[1], quick=True)).languages == ("", "es")
    assert quick(*both).languages == ("", "")  # nobody speaks


def test_a_voice_without_music_is_not_placed_by_sound(media: Path) -> None:
    plan = quick(media / "dub" / "dub_film_en.mp4", media / "dub" / "dub_es_v4_voiceonly_early_0.850s.m4a")
    assert plan.verdict == "refuse"
    assert plan.doubts[0].code == "doubt.nothing_shared"


def test_identical_files_are_aligned_even_when_short(tmp_path: Path) -> None:
    for seconds in (1.2, 30.0):
        file = wav(tmp_path / f"{seconds}.wav", music(1, seconds))
        plan = quick(file, file)
        assert plan.verdict == "aligned"
        assert plan.segments[0].dub_end == pytest.approx(seconds, abs=0.05)


def test_silence_and_crumbs_are_refused(tmp_path: Path) -> None:
    own = wav(tmp_path / "film.wav", music(2, 40))
    for name, samples in (
        ("silence", np.zeros(40 * RATE)),
        ("crumb", music(2, 0.5)),
        ("noise", np.random.default_rng(0).standard_normal(40 * RATE) * 0.1),
    ):
        assert quick(own, wav(tmp_path / f"{name}.wav", samples)).verdict == "refuse"


def test_another_film_with_the_same_song_is_refused(tmp_path: Path) -> None:
    song = music(3, 40)
    film = wav(tmp_path / "film.wav", np.concatenate([song, music(4, 120)]))
    other = wav(tmp_path / "other.wav", np.concatenate([music(5, 10), song, music(6, 110)]))
    plan = quick(film, other)
    assert plan.verdict == "refuse"
    assert plan.doubts


def test_another_speed_is_shown_before_all_are_tried(tmp_path: Path) -> None:
    film = music(23, 75)
    places = np.arange(int(len(film) * 24 / 25) - 1) * 25 / 24
    fast = np.interp(places, np.arange(len(film)), film).astype(np.float32)
    shown: list[SyncPlan] = []
    request = AnalyseRequest(original=wav(tmp_path / "film.wav", film), dub=wav(tmp_path / "pal.wav", fast), quick=True)
    analyse(Listener(), request, on_plan=shown.append)
    assert [plan.rate for plan in shown] == pytest.approx([25 / 24] * 3)


def test_a_wrong_film_is_not_shown_at_a_glance_either(tmp_path: Path) -> None:
    shown: list[SyncPlan] = []
    pair = wav(tmp_path / "film.wav", music(21, 60)), wav(tmp_path / "other.wav", music(22, 60))
    analyse(Listener(), AnalyseRequest(original=pair[0], dub=pair[1], quick=True), on_plan=shown.append)
    assert shown == []


def test_a_part_of_the_film_is_placed(tmp_path: Path) -> None:
    film = music(7, 150)
    plan = quick(wav(tmp_path / "film.wav", film), wav(tmp_path / "disc2.wav", film[80 * RATE :]))
    assert plan.verdict == "shift"
    assert plan.segments[0].offset_ms == pytest.approx(80_000, abs=1)


def test_inverted_and_damaged_sound_is_placed(tmp_path: Path) -> None:
    film = music(8, 120)
    dub = -0.4 * film
    dub[50 * RATE : 60 * RATE] = 0
    plan = quick(wav(tmp_path / "film.wav", film), wav(tmp_path / "dub.wav", np.stack([dub, -dub])))
    assert plan.verdict in {"aligned", "edit"}
    assert all(abs(s.offset_ms) < 1 for s in plan.segments)
    assert plan.original_of(55.0) is None


def test_the_same_input_gives_the_same_plan(tmp_path: Path) -> None:
    film = music(9, 60)
    a, b = wav(tmp_path / "a.wav", film), wav(tmp_path / "b.wav", film[5 * RATE :])
    assert quick(a, b).to_json() == quick(a, b).to_json()


def test_the_map_is_shown_at_a_glance_and_before_speech_is_heard(tmp_path: Path) -> None:
    film = music(10, 60)
    a, b = wav(tmp_path / "a.wav", film), wav(tmp_path / "b.wav", film[5 * RATE :])
    shown: list[SyncPlan] = []
    heard: list[str] = []
    plan = analyse(
        Listener(), AnalyseRequest(original=a, dub=b), lambda _, m: heard.append(m.code), on_plan=shown.append
    )
    glance, by_sound, *_ = shown
    assert [s.offset_ms for s in glance.segments] == pytest.approx([5_000], abs=20)
    assert [s.offset_ms for s in by_sound.segments] == pytest.approx([s.offset_ms for s in plan.segments], abs=1)
    assert {"progress.listening", "progress.comparing_sound", "progress.comparing_meaning"} <= set(heard)


def tracks(*streams: AudioStream) -> MediaInfo:
    return MediaInfo("film.mkv", "matroska", 10.0, 1, audio=streams)


def test_the_right_track_is_chosen() -> None:
    info = tracks(
        AudioStream(1, "aac", 48000, 2, language="eng", default=True, commentary=True),
        AudioStream(2, "aac", 48000, 2, language="eng"),
        AudioStream(3, "aac", 48000, 2, language="spa"),
    )
    assert chosen_stream(info, None) == 1
    assert chosen_stream(info, None, avoid="eng") == 2
    assert chosen_stream(info, 0) == 0
    with pytest.raises(NoAudio):
        chosen_stream(info, 5)
    with pytest.raises(NoAudio):
        chosen_stream(tracks(), None)


def anchors(offset: float, n: int, start: float = 5.0) -> tuple[Anchor, ...]:
    rng = np.random.default_rng(n)
    times = start + 6.0 * np.arange(n)
    return tuple(Anchor(float(t), float(t + offset + rng.normal(0, 0.2)), 300.0, 0.9, "meaning") for t in times)


def test_meaning_alone_is_coarse_and_says_so() -> None:
    said = Meaning((), anchors(12.0, 20), Support(1e-9, 0.8))
    (only,) = coarse_lines(said, (150.0, 140.0))
    assert only.offset_ms == pytest.approx(12_000, abs=200)
    assert only.error_ms > 150
    assert only.confidence < 0.7
    assert coarse_lines(Meaning((), anchors(12.0, 20), Support(0.3, 0.8)), (150.0, 140.0)) == []


def test_meaning_confirms_but_does_not_move() -> None:
    exact = Segment(0.0, 130.0, 12.3, 1.0, 2.0, 0.9, {"sound": {}})
    (after,) = confirmed([exact], anchors(12.0, 20))
    assert after.original_start == exact.original_start
    assert after.evidence["meaning"]["anchors"] == 20
    assert after.confidence > exact.confidence
    assert confirmed([exact], anchors(90.0, 20)) == [exact]


def test_moments_lie_inside_segments() -> None:
    segments = [Segment(0, 50, 10, 1.0, 1, 1), Segment(50, 54, 70, 1.0, 1, 1), Segment(60, 160, 90, 1.0, 1, 1)]
    moments = moments_of(segments, 6, 8.0)
    assert len(moments) == 6
    assert all(any(s.dub_start + 4 <= d <= s.dub_end - 4 for s in segments) for d, _, _ in moments)


def test_sentences_are_passed_to_meaning(tmp_path: Path) -> None:
    film = music(11, 40)
    a, b = wav(tmp_path / "a.wav", film), wav(tmp_path / "b.wav", film)
    line = Transcript("en", 40.0, (Sentence(3.0, 5.0, "One line is not a story."),))
    plan = analyse(Listener({"a.wav": line, "b.wav": line}), AnalyseRequest(original=a, dub=b))
    assert plan.verdict == "aligned"
