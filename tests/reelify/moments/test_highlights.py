"""Which moments are chosen: planted ones are, nothing is invented, lengths and words are respected, always the same."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from pipeline.compute.device import Device
from pipeline.evidence.gather import RawEvidence, gather
from pipeline.media.probe import probe
from pipeline.messages import languages, say
from pipeline.settings import Settings
from pipeline.values import Curve, Event, Sentence, Shot, Span, Transcript
from reelify.moments.highlights import find_highlights
from reelify.values import Evidence, Highlights

STEP = 0.5


def quiet(duration: float, seed: int = 1) -> Evidence:
    """A file in which nothing happens, with the fluctuations of any recording."""
    rng, n = np.random.default_rng(seed), int(duration / STEP)
    usual = {
        "loudness": (-23, 1.5), "reaction": (-26, 1.5), "centroid": (900, 120), "zcr": (0.1, 0.01), "flux": (0.3, 0.03),
        "motion": (0.01, 0.001), "speech": (0.0, 0.0),
    }  # fmt: skip
    curves = {k: Curve(k, rng.normal(m, s, n).astype(np.float32), STEP) for k, (m, s) in usual.items()}
    return Evidence(duration, MappingProxyType(curves), shots=(Shot(0, duration),))


def louder(evidence: Evidence, name: str, start: float, end: float, by: float) -> Evidence:
    values = np.array(evidence.curves[name].values)
    values[int(start / STEP) : int(end / STEP)] += by
    return replace(evidence, curves={**evidence.curves, name: Curve(name, values, STEP)})


def found(evidence: Evidence, count: int = 6, low: float = 15, high: float = 60) -> Highlights:
    return find_highlights(evidence, count=count, min_duration=low, max_duration=high)


def codes(result: Highlights) -> list[str]:
    return [d.code for d in result.doubts]


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_happens_nothing_is_proposed(seed: int) -> None:
    result = found(quiet(600, seed))
    assert result.clips == ()
    assert "doubt.nothing_stands_out" in codes(result)


def test_planted_reactions_are_found_with_reasons() -> None:
    events = (Event(100, 105, "laughter", 0.8), Event(300, 306, "applause", 0.9), Event(450, 452, "cheering", 0.7))
    result = found(replace(quiet(600), events=events))
    assert len(result.clips) == 3
    for event in events:
        clip = next(c for c in result.clips if c.start <= event.start and event.end <= c.end)
        assert f"reason.{event.label}" in [r.code for r in clip.reasons]
        assert clip.reasons[0].values["at"] == event.start
        assert all(0.0 <= v <= 1.0 for v in clip.parts.values())
        assert 0.0 < clip.score <= 1.0


def test_silent_action_is_not_lost_in_a_mean() -> None:
    result = found(louder(quiet(600), "motion", 200, 206, 0.15))
    assert len(result.clips) == 1
    assert result.clips[0].span.contains(203)
    assert result.clips[0].reasons[0].code == "reason.motion"


def test_the_loudest_moment_is_named() -> None:
    result = found(louder(quiet(600), "loudness", 400, 404, 15))
    assert [c.span.contains(402) for c in result.clips] == [True]
    assert result.clips[0].reasons[0].code == "reason.loudest"


def test_many_cuts_are_counted() -> None:
    edges = [0.0, *np.arange(20, 300, 40.0), 300.0, 301.0, 302.5, 304.0, 305.0, *np.arange(345, 600, 40.0), 600.0]
    shots = tuple(Shot(a, b) for a, b in itertools.pairwise(edges))
    result = found(replace(quiet(600), shots=shots))
    cuts = [r for c in result.clips for r in c.reasons if r.code == "reason.cuts"]
    assert cuts[0].values["n"] == 5
    assert result.clips[0].span.contains(303)


def test_without_sound_the_picture_decides_and_a_doubt_says_so() -> None:
    evidence = replace(louder(quiet(600), "motion", 200, 206, 0.15), has_audio=False)
    result = found(replace(evidence, curves={"motion": evidence.curves["motion"]}))
    assert len(result.clips) == 1
    assert codes(result) == ["doubt.no_sound"]
    assert set(result.clips[0].parts) == {"motion"}


def test_a_short_file_is_one_flagged_clip() -> None:
    result = found(quiet(8))
    assert [(c.start, c.end) for c in result.clips] == [(0.0, 8.0)]
    assert [d.code for d in result.clips[0].doubts] == ["doubt.shorter_than_minimum"]


def test_nothing_to_judge_or_to_give() -> None:
    assert found(Evidence(0.0)).clips == ()
    assert found(Evidence(100.0, has_audio=False, has_video=False)).clips == ()
    assert found(Evidence(100.0)).clips == ()
    assert found(replace(quiet(100), events=(Event(50, 55, "laughter"),)), count=0).clips == ()


def busy(seed: int) -> Evidence:
    rng = np.random.default_rng(seed)
    evidence = quiet(float(rng.uniform(40, 900)), seed)
    starts = np.sort(rng.uniform(0, evidence.duration - 5, int(rng.integers(1, 30))))
    labels = ("laughter", "applause", "scream", "crowd")
    events = tuple(Event(float(s), float(s + rng.uniform(1, 5)), str(rng.choice(labels)), 0.8) for s in starts)
    times = np.arange(1.0, evidence.duration - 5, 4.0)
    sentences = tuple(
        Sentence(float(t), float(t) + 3.0, f"sentence number {t} says something else {t * 7}") for t in times
    )
    silences = tuple(Span(float(t) + 3.1, float(t) + 3.9) for t in times)
    return replace(
        evidence, events=events, silences=silences, transcript=Transcript("en", evidence.duration, sentences)
    )


@pytest.mark.parametrize("seed", range(12))
def test_what_always_holds(seed: int) -> None:
    evidence = busy(seed)
    low, high = (15.0, 60.0) if seed % 2 else (8.0, 20.0)
    result = found(evidence, 5, low, high)
    assert 1 <= len(result.clips) <= 5
    assert [c.score for c in result.clips] == sorted((c.score for c in result.clips), reverse=True)
    for clip in result.clips:
        assert 0 <= clip.start < clip.end <= evidence.duration + 1e-3
        assert low - 2e-3 <= clip.duration <= high + 2e-3
        assert clip.reasons
    for i, one in enumerate(result.clips):
        for other in result.clips[:i]:
            assert one.span.overlap(other.span) <= 0.1 * min(one.duration, other.duration) + 1e-6
    if len(result.clips) > 1:
        assert sum(c.duration for c in result.clips) <= 0.5 * evidence.duration + 1e-6
    again = found(busy(seed), 5, low, high)
    assert again.clips == result.clips


def test_a_repeat_is_shown_once() -> None:
    rng = np.random.default_rng(4)
    curves = {}
    for name, (mean, spread) in {"loudness": (-23, 3), "centroid": (900, 200), "motion": (0.02, 0.008)}.items():
        once = rng.normal(mean, spread, 240)
        curves[name] = Curve(name, np.tile(once, 4).astype(np.float32), STEP)
    events = tuple(Event(60.0 + k * 120, 64.0 + k * 120, "laughter", 0.9) for k in range(4))
    result = found(Evidence(480.0, curves, events))
    assert sum(any(r.code == "reason.laughter" for r in c.reasons) for c in result.clips) == 1


def test_every_reason_and_doubt_has_words() -> None:
    results = [found(busy(s)) for s in range(4)] + [
        found(quiet(8)),
        found(quiet(600)),
        found(Evidence(9, has_audio=False)),
    ]
    for result in results:
        messages = [*result.doubts, *(m for c in result.clips for m in (*c.reasons, *c.doubts))]
        for what in messages:
            assert all(what.code not in say(what, language) for language in languages())


def of_file(path: Path, models: Path) -> tuple[Evidence, RawEvidence]:
    raw = gather(path, probe(path), settings=Settings(models_dir=models), device=Device("cpu", "cpu", "int8"))
    curves = {c.name: c for c in raw.curves}
    return (
        Evidence(
            raw.duration, curves, raw.events, raw.shots, raw.silences, raw.beats, None, raw.has_audio, raw.has_video
        ),
        raw,
    )


@pytest.mark.models
def test_a_rotating_globe_is_no_highlight(media: Path, tmp_path: Path) -> None:
    evidence, _ = of_file(media / "films" / "gradio_world.mp4", tmp_path)
    assert found(evidence).clips == ()


@pytest.mark.models
@pytest.mark.slow
def test_the_audience_of_a_talk(media: Path, tmp_path: Path) -> None:
    import json

    truth = json.loads((media / "highlights" / "talk_with_audience.json").read_text())["events"]
    evidence, raw = of_file(media / "highlights" / "talk_with_audience.mp4", tmp_path)
    assert raw.exact_shots
    clips = found(evidence).clips
    for event in truth:
        assert any(c.start <= event["start"] + 0.2 and event["end"] - 0.2 <= c.end for c in clips)
    assert sum(c.duration for c in clips) <= 0.5 * evidence.duration
