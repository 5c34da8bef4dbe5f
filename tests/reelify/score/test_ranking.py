"""The score adds up, orders what is clearly better, survives anything, and the list holds no twins. Mostly without models."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.engine import Engine
from pipeline.settings import Settings
from pipeline.text.inflection import fold
from pipeline.text.values import Facts, Keyword, Term, Token
from pipeline.values import Curve, Event, Sentence, Shot, Span
from reelify.fitted import learned
from reelify.score import ranking, semantics
from reelify.score.judging import score_clip, score_text
from reelify.score.ranking import Entry, rank
from reelify.score.semantics import Speech
from reelify.values import Evidence, ViralScore
from reelify.words import score_lines

PLAIN = "The forms are at the counter. The office opens at nine."
STRONG = "Nobody tells you this secret! I lost two million dollars in one night. What if you knew the truth about it? It was free."


def spoken(text: str, language: str = "en", confidence: float = 1.0, start: float = 0.0) -> Speech:
    """Sentences of two seconds; tokens without tags."""
    parts = [p for p in re.split(r"(?<=[.!?])\s+", text) if p]
    facts = []
    for part in parts:
        found = re.finditer(r"\w+|[^\w\s]", part)
        facts.append(
            Facts(
                part,
                language,
                tuple(Token(m.group(), fold(m.group()), index=i, start=m.start()) for i, m in enumerate(found)),
            )
        )
    sentences = [
        Sentence(start + 2.0 * i, start + 2.0 * i + 1.8, p, confidence=confidence) for i, p in enumerate(parts)
    ]
    return Speech(tuple(sentences), tuple(facts))


def plain_keywords(*words: str) -> list[Keyword]:
    return [Keyword(w, w, (Term(w, frozenset({w})),)) for w in words]


KNOWN = semantics.vocabulary(plain_keywords("free", "offer"), plain_keywords("hate", "love"), learned())


def adds_up(score: ViralScore) -> bool:
    return abs(sum(p.points for p in score.evidence) * score.confidence - score.total) < 1e-9


def test_points_add_up_on_random_text() -> None:
    rng = random.Random(3)
    pieces = [
        *STRONG.split(),
        *PLAIN.split(),
        "love",
        "¿",
        "?",
        "😂",
        "مرحبا",
        "!",
        "1000",
        "offer",
        "hate.",
        "But",
        "...",
    ]
    for _ in range(60):
        text = " ".join(rng.choices(pieces, k=rng.randrange(1, 60)))
        speech = spoken(text, confidence=rng.random())
        evidence = Evidence(300.0, events=(Event(1.0, 3.0, "laughter", rng.random()),))
        for score in (score_text(speech, KNOWN), score_clip(speech, KNOWN, evidence, Span(0.0, rng.uniform(1, 200)))):
            assert adds_up(score)
            assert 0.0 <= score.total <= 1.0
            assert all(0.0 <= v <= 1.0 for v in score.parts.values())
            assert all(p.points and p.start >= 0 for p in score.evidence)


@pytest.mark.models
def test_strong_over_plain_and_the_default_threshold_lies_between() -> None:
    strong, plain = score_lines(Engine(Settings.from_env()), [STRONG, PLAIN], "en")
    assert strong.total > Settings().min_viral_score > plain.total


def test_nothing_said() -> None:
    for text in ("", "...", "😂 !!!"):
        score = score_text(spoken(text), KNOWN)
        assert score.total == 0.0
        assert score.doubts


@pytest.mark.parametrize("extra", ["laughter", "applause", "cheering"])
def test_an_audience_that_reacts_adds(extra: str) -> None:
    speech = spoken(PLAIN)
    quiet = score_clip(speech, KNOWN, Evidence(60.0, events=(Event(40.0, 42.0, extra),)), Span(0.0, 30.0))
    loud = score_clip(speech, KNOWN, Evidence(60.0, events=(Event(2.0, 4.0, extra),)), Span(0.0, 30.0))
    assert loud.total > quiet.total
    assert next(p for p in loud.evidence if p.part == "delivery").start == 2.0


def test_points_are_on_the_clips_clock() -> None:
    score = score_clip(spoken(STRONG, start=100.0), KNOWN, Evidence(200.0), Span(100.0, 130.0))
    assert min(p.start for p in score.evidence) >= 0.0
    assert max(p.start for p in score.evidence) <= 30.0
    assert [round(k.start) for k in score.keywords] == [7]


def test_little_trust_lowers_and_is_told() -> None:
    sure, unsure = (score_text(spoken(STRONG, confidence=c), KNOWN) for c in (0.9, 0.3))
    assert sure.confidence == 1.0
    assert unsure.total == pytest.approx(sure.total * 0.4)
    assert unsure.doubts[0].code == "doubt.transcript_trust"


def test_denied_keywords_earn_nothing() -> None:
    yes, no = (
        score_text(spoken(t), KNOWN) for t in ("The tea is free today in town.", "The tea is not free today in town.")
    )
    assert yes.parts["commercial"] > 0 == no.parts["commercial"]
    assert [k.keyword for k in yes.keywords] == ["free"]
    assert no.keywords == ()


def test_without_speech_sound_and_picture_decide() -> None:
    rng = np.random.default_rng(1)
    loudness = Curve("loudness", np.where(np.arange(120) % 20 < 10, -50.0, -15.0).astype(np.float32), 0.5)
    lively = Evidence(
        60.0, {"loudness": loudness}, (Event(5.0, 9.0, "cheering"),), (Shot(0, 4), Shot(4, 8), Shot(8, 60))
    )
    flat = Evidence(60.0, {"loudness": Curve("loudness", rng.normal(-30, 0.1, 120).astype(np.float32), 0.5)})
    scores = [score_clip(Speech(), KNOWN, e, Span(0.0, 30.0)) for e in (lively, flat)]
    assert scores[0].total > scores[1].total
    assert all(adds_up(s) and s.doubts[0].code == "doubt.no_speech_score" and not s.keywords for s in scores)
    assert adds_up(score_clip(Speech(), KNOWN, Evidence(0.0, has_audio=False, has_video=False), Span(0.0, 0.0)))


def test_half_sentences_are_less_complete() -> None:
    whole, torn = (
        score_text(spoken(t), KNOWN).parts["completeness"] for t in ("The cat sleeps here.", "and it was because the")
    )
    assert whole == pytest.approx(1.0)
    assert torn < 0.3


def test_meaning_counts_at_most_half() -> None:
    axes = {w: np.eye(8, dtype=np.float32)[i] for i, w in enumerate(("free", "offer", "hate", "love", "gratis"))}
    axes["gratis"] = axes["free"]

    def embed(texts: Sequence[str]) -> np.ndarray:
        return (
            np.stack([axes.get(t, np.eye(8, dtype=np.float32)[7]) for t in texts]) if len(texts) else np.zeros((0, 8))
        )

    known = semantics.vocabulary(plain_keywords("free", "offer"), plain_keywords("hate", "love"), learned(), embed)
    parts = []
    for text in ("This tea is free", "This tea is gratis", "This tea is green"):
        bare = spoken(text)
        parts.append(score_text(semantics.speech(bare.sentences, bare.facts, embed), known).parts["commercial"])
    assert parts[0] > parts[1] > parts[2] == 0.0


def entry(name: str, total: float, angle: float | None = None, start: float = 0.0) -> Entry:
    vector = None if angle is None else np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    return Entry(name, ViralScore(total, {"hook": 0.0}), vector, start)


def test_best_first_and_twins_are_named() -> None:
    found = rank(
        [entry("a", 0.6, 0.0), entry("b", 0.8, 0.05), entry("c", 0.5, 1.5), entry("d", 0.1, 3.0)], min_score=0.3
    )
    assert [i.name for i in found.kept] == ["b", "c"]
    by_name = {i.name: i for i in found.items}
    assert by_name["a"].twin == "b"
    assert by_name["a"].reasons[0].code == "rank.duplicate"
    assert by_name["d"].reasons[0].code == "rank.below"
    assert len(found.items) == 4


def test_diversity_decides_who_gets_the_last_place() -> None:
    entries = [entry("a", 0.9, 0.0), entry("near", 0.7, 0.6), entry("far", 0.6, 1.57)]
    assert [i.name for i in rank(entries, min_score=0.3, limit=2).kept] == ["a", "far"]


def test_ties_and_order_given_do_not_matter() -> None:
    entries = [entry(n, 0.5, None, s) for n, s in (("b", 2.0), ("a", 2.0), ("c", 1.0))]
    assert [i.name for i in rank(entries, min_score=0.3).kept] == ["c", "a", "b"]
    assert [i.name for i in rank(entries[::-1], min_score=0.3).kept] == ["c", "a", "b"]


def test_nothing_passes_and_the_closest_is_told() -> None:
    found = rank([entry("x", 0.1), entry("y", 0.25)], min_score=0.3)
    assert found.kept == ()
    assert found.notes[0].code == "rank.none"
    assert found.notes[0].values["name"] == "y"
    assert rank([], min_score=0.3).notes == ()


def test_meaning_of_a_passage_has_length_one() -> None:
    speech = spoken(PLAIN)
    assert ranking.meaning(speech) is None
    vectors = np.array([[1, 0], [0, 1]], dtype=np.float32)
    whole = ranking.meaning(Speech(speech.sentences, speech.facts, vectors))
    assert whole is not None
    assert np.linalg.norm(whole) == pytest.approx(1.0)
