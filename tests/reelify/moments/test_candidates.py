"""What stands out and how moments are grouped, on arrays written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.values import Curve, Event, Sentence, Shot, Span, Transcript, Word
from reelify.moments import boundaries, candidates
from reelify.moments.boundaries import Boundaries
from reelify.moments.candidates import Moment
from reelify.values import Evidence

STEP = 0.5


def curve(name: str, values: object) -> Curve:
    return Curve(name, np.asarray(values, np.float32), STEP)


def test_a_constant_signal_does_not_stand_out() -> None:
    for value in (-100.0, 0.0, 30.0):
        assert candidates.standing_out(np.full(400, value, np.float32), STEP, 3.0).max() == 0.0


def test_noise_under_the_floor_is_not_excitement() -> None:
    noise = np.random.default_rng(1).normal(-23, 0.5, 2000).astype(np.float32)
    assert candidates.standing_out(noise, STEP, 3.0).max() == 0.0


@pytest.mark.parametrize("level", [-60.0, -23.0, -6.0])
def test_a_burst_stands_out_at_any_level(level: float) -> None:
    values = np.random.default_rng(2).normal(level, 2, 600).astype(np.float32)
    values[300:308] += 14
    found = candidates.standing_out(values, STEP, 3.0)
    assert found[300:308].max() > 0.5
    assert found[:290].max() < candidates.LEAST > found[320:].max()


def test_what_is_loud_for_minutes_becomes_usual() -> None:
    values = np.concatenate([np.full(1200, -40.0), np.full(1200, -10.0)]).astype(np.float32)
    assert candidates.standing_out(values, STEP, 3.0)[1600:].max() == 0.0


def test_silence_around_a_word_does_not_make_it_exciting() -> None:
    level = np.full(120, -100.0, np.float32)
    level[60:64] = -20.0
    found = candidates.excitement(Evidence(60.0, {"loudness": curve("loudness", level)}, has_video=False))
    assert found["loudness"].values.max() == 0.0


def test_missing_kinds_are_left_out() -> None:
    evidence = Evidence(100.0, {"motion": curve("motion", np.zeros(200))}, has_audio=False)
    assert set(candidates.excitement(evidence)) == {"motion"}
    assert candidates.excitement(Evidence(0.0)) == {}


def test_cut_density_counts() -> None:
    density = candidates.cut_density(np.array([10.0, 11.0, 12.0]), STEP, 40)
    assert density[22] == 3
    assert density[0] == density[39] == 0


def test_near_moments_join_and_far_ones_do_not() -> None:
    found = [Moment(10, 12, "motion", 1), Moment(18, 20, "cuts", 1), Moment(80, 82, "motion", 1)]
    groups = candidates.clusters(found, 35.0)
    assert [[m.start for m in g] for g in groups] == [[10, 18], [80]]


def test_groups_never_grow_over_a_clip() -> None:
    found = [Moment(float(t), t + 1.0, "motion", 1) for t in range(0, 600, 5)]
    groups = candidates.clusters(found, 35.0)
    assert sum(len(g) for g in groups) == len(found)
    assert all(max(m.end for m in g) - g[0].start <= 35.0 for g in groups)


def test_laughter_brings_its_setup() -> None:
    span = candidates.wanted([Moment(100, 104, "laughter", 1)], 10, 60, 500)
    assert span.start <= 90
    assert 105 <= span.end <= 107


def spoken() -> Evidence:
    """Words of 0.4 s each half second, sentences of eight words, a pause of a second between."""
    sentences = []
    for i in range(30):
        start = i * 5.0
        words = tuple(Word(start + k * 0.5, start + k * 0.5 + 0.4, f"word{i}{k}") for k in range(8))
        sentences.append(Sentence(start, words[-1].end, " ".join(w.text for w in words), words))
    return Evidence(150.0, transcript=Transcript("en", 150.0, tuple(sentences)), shots=(Shot(0, 52.2), Shot(52.2, 150)))


def test_clips_begin_and_end_at_sentences() -> None:
    places = Boundaries(spoken())
    span = boundaries.fitted(Span(41.3, 63.2), Span(50, 60), places, 15, 60)
    assert span.start == pytest.approx(40.0 - boundaries.LEAD_IN)
    assert (span.end - boundaries.FADE_OUT) % 5.0 == pytest.approx(3.9)
    assert not places.in_word(span.start)
    assert not places.in_word(span.end)


def test_no_boundary_ever_lies_in_a_word() -> None:
    places = Boundaries(spoken())
    rng = np.random.default_rng(3)
    for _ in range(300):
        low, high = sorted(rng.uniform(0, 150, 2))
        shortest = float(rng.uniform(5, 30))
        middle = (low + high) / 2
        core = Span(middle, min(150.0, middle + 2))
        span = boundaries.fitted(Span(low, high), core, places, shortest, shortest + 30)
        assert 0 <= span.start < span.end <= 150
        assert shortest - 1e-6 <= span.duration <= shortest + 30 + 1e-6
        assert not places.in_word(span.start)
        assert not places.in_word(span.end)


def test_without_words_pauses_are_used_while_someone_speaks() -> None:
    pauses = tuple(Span(t, t + 0.5) for t in np.arange(3.0, 200.0, 7.0))
    evidence = Evidence(
        200.0, {"speech": curve("speech", np.ones(400))}, silences=pauses, shots=(Shot(0, 60), Shot(60, 200))
    )
    places = Boundaries(evidence)
    span = boundaries.fitted(Span(61, 90), Span(70, 80), places, 15, 60)
    assert places.in_silence(span.start)
    assert places.in_silence(span.end)
    assert 60.0 not in [p.time for p in places.starts]


def test_questions_calls_and_pace_are_interest() -> None:
    texts = ["this is a plain sentence of words"] * 20
    texts[5] = "is this a question of some words?"
    sentences = tuple(Sentence(i * 5.0, i * 5.0 + 4.0, t) for i, t in enumerate(texts))
    evidence = Evidence(100.0, transcript=Transcript("en", 100.0, sentences), has_video=False)
    speech = candidates.excitement(evidence)["speech"].values
    assert speech[52] > 0.3
    assert speech[20] == 0.0


def test_unknown_labels_are_no_reaction() -> None:
    evidence = Evidence(60.0, {"loudness": curve("loudness", np.full(120, -20))}, (Event(10, 12, "cough", 1.0),))
    assert candidates.moments(evidence, candidates.excitement(evidence)) == []
