"""The meaning witness on made-up films: shifts, speeds, cuts, advertisements, mishearing, other films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from pipeline.values import Sentence, Transcript
from syncdub.meaning.drift import course_of
from syncdub.meaning.meaning import SAME_STORY, Meaning, Support, meaning, meaning_evidence, order_p_value
from tests.syncdub.meaning.test_sentences import Concepts, story


@dataclass(frozen=True)
class Edit:
    rate: float = 1.0
    shift: float = 0.0
    cut: tuple[float, float] = (0.0, 0.0)
    ad_at: float = -1.0
    ad_length: float = 0.0
    lost_words: float = 0.0
    jitter: float = 0.1

    def dub_time(self, original: float) -> float | None:
        if self.cut[0] <= original < self.cut[1]:
            return None
        time = original - (self.cut[1] - self.cut[0] if original >= self.cut[1] else 0.0)
        time += self.ad_length if 0.0 <= self.ad_at <= original else 0.0
        return time / self.rate + self.shift


def transcript(sentences: list[Sentence]) -> Transcript:
    return Transcript("xx", max((s.end for s in sentences), default=0.0) + 5, tuple(sentences))


def film(n: int, edit: Edit, seed: int = 0) -> tuple[Transcript, Transcript]:
    """A film of ``n`` phrases and its dub, edited."""
    random = np.random.default_rng(seed)
    ours, theirs = story(n, seed + 1)
    starts = 2.0 + np.cumsum(3.0 + random.exponential(2.0, n))
    original = [Sentence(float(t), float(t) + 2.5, text) for t, text in zip(starts, ours, strict=True)]
    dub = []
    for t, text in zip(starts, theirs, strict=True):
        at = edit.dub_time(float(t))
        if at is not None:
            words = [w for w in text.split() if random.random() >= edit.lost_words] or text.split()
            begin = at + random.normal(0.0, edit.jitter)
            dub.append(Sentence(begin, begin + 2.5 / edit.rate, " ".join(words)))
    if edit.ad_length:
        at = edit.dub_time(edit.ad_at - 1e-6) or 0.0
        gaps = np.linspace(0.0, edit.ad_length, 20, endpoint=False)
        dub += [Sentence(at + g, at + g + 2.0, x) for g, x in zip(gaps, story(20, seed + 50)[1], strict=True)]
    return transcript(original), transcript(sorted(dub, key=lambda s: s.start))


def errors(found: Meaning, edit: Edit) -> np.ndarray:
    expected = [edit.dub_time(m.original.start) for m in found.matches]
    return np.array([99.0 if e is None else abs(e - m.dub.start) for e, m in zip(expected, found.matches, strict=True)])


EDITS = {
    "aligned": Edit(),
    "late": Edit(shift=37.0),
    "film to PAL": Edit(rate=25025 / 24000),
    "slower": Edit(rate=0.96, shift=-4.0),
    "cut of three minutes": Edit(cut=(100.0, 280.0), shift=5.0),
    "advertisement": Edit(ad_at=200.0, ad_length=150.0),
    "misheard": Edit(lost_words=0.3, jitter=0.25),
    "everything": Edit(1.0416, 12.0, (90.0, 150.0), 300.0, 120.0, 0.2, 0.2),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("seed", [0, 1])
def test_phrases_are_found_where_they_are(edit: Edit, seed: int) -> None:
    original, dub = film(90, edit, seed)
    found = meaning(original, dub, Concepts())
    told = len(dub.sentences) - (20 if edit.ad_length else 0)
    off = errors(found, edit)
    assert len(off) > 0.85 * told
    assert np.mean(off > 1.5) < 0.05
    assert found.support.p_value < 1e-6
    assert found.rate == pytest.approx(edit.rate, abs=0.003)


def test_anchors_are_beginnings_and_ends_with_honest_errors() -> None:
    original, dub = film(90, Edit(shift=8.0, jitter=0.3))
    matches, anchors = meaning_evidence(original, dub, Concepts())
    assert len(anchors) == 2 * len(matches)
    assert all(a.witness == "meaning" and 0 <= a.weight <= 1 for a in anchors)
    residual = 1000 * np.array([a.offset + 8.0 for a in anchors[::2]])
    assert 0.5 * anchors[0].sigma_ms < np.std(residual) < 2.0 * anchors[0].sigma_ms


@pytest.mark.parametrize("seed", range(4))
def test_another_film_gives_no_links(seed: int) -> None:
    original, _ = film(60, Edit(), seed)
    _, dub = film(60, Edit(), seed + 100)
    found = meaning(original, dub, Concepts())
    assert found.support.p_value > 0.001
    assert len(found.matches) <= 2


def test_the_same_sentences_in_random_order_are_not_the_same_story() -> None:
    low = 0
    for seed in range(10):
        original, dub = film(30, Edit(), seed)
        order = np.random.default_rng(seed).permutation(len(dub.sentences))
        texts = [dub.sentences[k].text for k in order]
        mixed = [Sentence(s.start, s.end, t) for s, t in zip(dub.sentences, texts, strict=True)]
        low += meaning(original, transcript(mixed), Concepts()).support.p_value < 0.05
    assert low <= 3


def test_repeated_lines_weigh_little() -> None:
    original, dub = film(40, Edit())
    ours, theirs = list(original.sentences), list(dub.sentences)
    for k in range(0, 40, 4):
        ours[k] = Sentence(ours[k].start, ours[k].end, "a7 a8 a9 a10")
        theirs[k] = Sentence(theirs[k].start, theirs[k].end, "b7 b8 b9 b10")
    found = meaning(transcript(ours), transcript(theirs), Concepts())
    weights = {m.dub.start: a.weight for m, a in zip(found.matches, found.anchors[::2], strict=True)}
    repeated = [w for k, s in enumerate(theirs) if k % 4 == 0 and (w := weights.get(s.start)) is not None]
    others = [w for k, s in enumerate(theirs) if k % 4 and (w := weights.get(s.start)) is not None]
    assert np.median(others) > 3 * max(repeated, default=0.0)


def test_silence_and_strange_transcripts() -> None:
    empty = Transcript("", 60.0)
    original, _ = film(10, Edit())
    for left, right in ((empty, original), (original, empty), (empty, empty)):
        assert meaning_evidence(left, right, Concepts()) == ((), ())
    blank = Transcript("xx", 9.0, (Sentence(1.0, 2.0, "  "), Sentence(3.0, 3.0, "")))
    assert meaning(original, blank, Concepts()).support.p_value == 1.0
    one = transcript([Sentence(1.0, 2.0, "b1 b2 b3 b4 b5 b6")])
    assert meaning(original, one, Concepts()).support.p_value > 0.01


def test_a_single_wrong_point_does_not_bend_the_course() -> None:
    dub = np.arange(0.0, 200.0, 5.0)
    original = dub + 3.0
    original[20] += 40.0
    course = course_of(np.stack([dub, dub + 2], axis=1), np.stack([original, original + 2], axis=1), np.ones(len(dub)))
    assert course.rate == 1.0
    assert course.levels == pytest.approx(np.full(len(dub), 3.0), abs=1e-6)
    assert course.trust[20] < 0.1
    assert course.expected(np.array([52.5])) == pytest.approx([55.5])


def test_another_story_is_known_from_its_order_and_the_same_one_is_not_called_so() -> None:
    same = film(40, Edit(shift=3.0, lost_words=0.2))
    assert not meaning(*same, Concepts()).another_story
    next_one = transcript(list(film(40, Edit(), seed=90)[1].sentences))
    told = meaning(same[0], next_one, Concepts())
    assert told.another_story
    assert told.support.p_value > 0.2
    assert not told.matches


@pytest.mark.parametrize(
    ("sentences", "chance"), [(16, 0.2), (23, 0.2), (24, 0.05), (39, 0.05), (40, SAME_STORY), (400, SAME_STORY)]
)
def test_the_more_is_said_the_less_an_order_by_chance_is_believed(sentences: int, chance: float) -> None:
    def told(p_value: float, spoken: tuple[int, int]) -> bool:
        return Meaning((), (), Support(p_value, 0.0), spoken=spoken).another_story

    assert told(chance * 1.01, (sentences, sentences + 50))
    assert told(chance * 1.01, (sentences + 50, sentences))
    assert not told(chance * 0.99, (sentences, sentences))
    assert not told(1.0, (15, 400))


def test_the_order_of_other_films_is_hardly_ever_believed() -> None:
    encode = Concepts()

    def chance(ours: list[str], theirs: list[str]) -> float:
        return order_p_value((encode(ours), encode(theirs)), (ours, theirs))

    others = [chance(story(40, k)[0], story(40, k + 500)[1]) for k in range(12)]
    assert sum(p > SAME_STORY for p in others) >= 11
    assert max(chance(*story(40, k)) for k in range(4)) < SAME_STORY / 100


def test_a_few_sentences_are_not_enough_to_call_it_another_story() -> None:
    few = film(10, Edit())[0], film(10, Edit(), seed=90)[1]
    assert not meaning(*few, Concepts()).another_story
