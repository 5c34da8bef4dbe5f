"""The witness that listens to what is said: phrases of both files that mean the same, and where that puts the dub.

The transcripts are aligned by meaning alone first; clocks are not compared, so cuts, advertisements and a different speed
do no harm. Where the links then agree on a line through time, the alignment is done again with that line as one more
voice, which settles repeated and doubtful phrases. How sure it is that both files tell the same story is measured against
the same sentences in random order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.values import Sentence, Transcript
from syncdub.meaning.alignment import Link, Times
from syncdub.meaning.bands import heaviest_chain
from syncdub.meaning.drift import Drift, course_of
from syncdub.meaning.sentences import align
from syncdub.meaning.similarity import Embed, Vectors, best_partners, encode_once, likely_pairs, measure_scale
from syncdub.values import Anchor, Match, Phrase

SAME_STORY = 0.01
"""Chance, for unrelated files, of support as strong: above it only unmistakable links are believed."""
_ACCEPTED, _ACCEPTED_ON_TIME = 0.45, 0.2
"""Lowest score of a link that is believed: on its meaning alone, and when it is said when expected."""
_TELLING_STORY = ((40, SAME_STORY), (24, 0.05), (16, 0.2))
"""Sentences a side, and the chance of their order above which they tell another story. Another story stays below the chance as often
as the chance says; with these sentences, some of them lost on either side, the same story seldom exceeds it (bitext, German and French)."""
_UNMISTAKABLE = 0.8
"""The same where the order does not speak for the same story: too few phrases, or another film."""
_ENOUGH = 8
"""Sentences a side with which the order of the same story always speaks: if it does not, no link is believed."""
_TELLING_LENGTH = 15.0
"""Characters from which a phrase says something of its own; shorter ones count in proportion."""
_COMMON = 0.4
"""Similarity to another phrase of the same file from which a phrase is generic (alass, too, discards lines that are 40 % alike)."""
_LEAST = 0.05
_SHUFFLES = 48
_MANY = 6000
"""Pairs from which a quarter of the random orders is enough: nothing is close then."""
_TAIL = 2.33 / 2.49
"""Standard deviations to the 1 % point: of the normal law, of Tracy and Widom's."""


@dataclass(frozen=True, slots=True)
class Support:
    """How well the texts bear out that both files tell the same story.

    ``p_value`` is the chance that as heavy a chain of matching phrases would be in order if their order were random; ``strength``
    is its -log10, ``coverage`` the share of the dub's characters with a believed counterpart.
    """

    p_value: float
    coverage: float

    @property
    def strength(self) -> float:
        return -math.log10(max(self.p_value, 1e-300))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What this witness says; ``rate`` is seconds of original a second of dub as far as the phrases show it, ``spoken`` how
    many sentences original and dub have."""

    matches: tuple[Match, ...]
    anchors: tuple[Anchor, ...]
    support: Support
    rate: float = 1.0
    spoken: tuple[int, int] = (0, 0)

    @property
    def another_story(self) -> bool:
        """Whether both files speak enough to know that they do not tell the same."""
        few = min(self.spoken)
        limit = next((chance for sentences, chance in _TELLING_STORY if few >= sentences), 1.0)
        return self.support.p_value > limit


def meaning_evidence(
    original: Transcript, dub: Transcript, embed: Embed
) -> tuple[tuple[Match, ...], tuple[Anchor, ...]]:
    """Matching phrases in order, and two anchors (beginning and end) for each of them; see :func:`meaning`."""
    found = meaning(original, dub, embed)
    return found.matches, found.anchors


def meaning(original: Transcript, dub: Transcript, embed: Embed) -> Meaning:
    """Compare what is said in both files. ``embed`` may be called several times; no text is sent twice."""
    ours, theirs = _spoken(original), _spoken(dub)
    if not ours or not theirs:
        return Meaning((), (), Support(1.0, 0.0))
    remembered = _Remembered(embed)
    texts = [s.text for s in ours], [s.text for s in theirs]
    vectors = encode_once(texts[0], remembered), encode_once(texts[1], remembered)
    p_value = order_p_value(vectors, texts)
    distinct = _distinctness(texts[0], vectors[0]), _distinctness(texts[1], vectors[1])
    links = _joined(align(*texts, remembered))
    course = course_of(*_points(links, ours, theirs), _weights(links, texts, distinct))
    if course.known:
        links = _joined(align(*texts, remembered, times=_times(ours, theirs, course)))
        course = course_of(*_points(links, ours, theirs), _weights(links, texts, distinct))
    strange = p_value > SAME_STORY and min(len(ours), len(theirs)) >= _ENOUGH
    indices = range(0 if strange else len(links))
    believed = [k for k in indices if _believed(links[k], course.off(k), p_value, texts[1])]
    weights = _weights(links, texts, distinct) * course.trust
    return _testimony(
        [links[k] for k in believed], weights[np.array(believed, dtype=np.int64)], (ours, theirs), course, p_value
    )


class _Remembered:
    """An :data:`Embed` that sends no text twice."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._vectors: dict[str, Vectors] = {}

    def __call__(self, texts: list[str]) -> Vectors:
        new = [t for t in dict.fromkeys(texts) if t not in self._vectors]
        if new:
            self._vectors.update(zip(new, np.asarray(self._embed(new), dtype=np.float32), strict=True))
        return np.stack([self._vectors[t] for t in texts])


def _spoken(transcript: Transcript) -> list[Sentence]:
    """Sentences with text and sane times, in order of time."""
    said = [s for s in transcript.sentences if s.text.strip() and math.isfinite(s.start) and s.end >= s.start]
    return sorted(said, key=lambda s: (s.start, s.end))


def order_p_value(vectors: tuple[Vectors, Vectors], texts: tuple[Sequence[str], Sequence[str]]) -> float:
    """Chance that sentences in random order would chain up as well as these do.

    The heaviest rising chain of pairs that stand out is compared with the chains of random orders of the dub's sentences. Their
    weights follow the law of Tracy and Widom (Baik, Deift and Johansson 1999 for the unweighted chain), which is nearly
    normal; :data:`_TAIL` matches its 1 % point. With three or four sentences no order can be convincing.
    """
    lengths = np.array([len(t) for t in texts[0]], float), np.array([len(t) for t in texts[1]], float)
    scale = measure_scale(*vectors, lengths)
    cells, margins = likely_pairs(*vectors, scale)
    if not cells:
        return 1.0
    weights = [m * min(lengths[1][j] / _TELLING_LENGTH, 1.0) for (_, j), m in zip(cells, margins, strict=True)]
    random = np.random.default_rng(len(cells))
    null = []
    for _ in range(_SHUFFLES if len(cells) < _MANY else _SHUFFLES // 4):
        order = random.permutation(len(vectors[1]))
        null.append(_chain_weight([(i, int(order[j])) for i, j in cells], weights))
    spread = max(float(np.std(null)), 0.25 * float(np.mean(weights)))
    excess = (_chain_weight(cells, weights) - float(np.mean(null))) / spread
    return 0.5 * math.erfc(_TAIL * excess / math.sqrt(2.0))


def _chain_weight(cells: list[tuple[int, int]], weights: list[float]) -> float:
    return sum(weights[c] for c in heaviest_chain(cells, weights))


def _distinctness(texts: Sequence[str], vectors: Vectors) -> NDArray[np.float64]:
    """In (0, 1]: 1 for a phrase unlike any other of its file, little for a repeated one."""
    if len(texts) < 2:
        return np.ones(len(texts))
    _, cosines = best_partners(vectors, vectors, 2)
    alike = np.clip((cosines[:, 1].astype(np.float64) - _COMMON) / (1.0 - _COMMON), 0.0, 1.0)
    length = np.minimum(np.array([len(t) for t in texts]) / _TELLING_LENGTH, 1.0)
    return np.asarray(np.maximum((1.0 - alike) * length, _LEAST))


def _joined(links: list[Link]) -> list[Link]:
    return [link for link in links if link.source and link.target]


def _weights(
    links: list[Link], texts: tuple[list[str], list[str]], distinct: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """How much each link counts: its score, times how distinct the more generic of its two runs is."""
    sides = [[_of_run(link.source, texts[0], distinct[0]) for link in links]]
    sides.append([_of_run(link.target, texts[1], distinct[1]) for link in links])
    scores = np.clip([link.score for link in links], 0.0, 1.0)
    return np.asarray(scores * np.array(sides).min(axis=0), dtype=np.float64)


def _of_run(run: tuple[int, ...], texts: list[str], distinct: NDArray[np.float64]) -> float:
    return float(np.average(distinct[list(run)], weights=[len(texts[i]) for i in run]))


def _points(
    links: list[Link], ours: list[Sentence], theirs: list[Sentence]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Beginnings and ends of the links on either clock, each (n, 2): dub, original."""
    dub = [(theirs[k.target[0]].start, theirs[k.target[-1]].end) for k in links]
    original = [(ours[k.source[0]].start, ours[k.source[-1]].end) for k in links]
    return np.array(dub, float).reshape(-1, 2), np.array(original, float).reshape(-1, 2)


def _times(ours: list[Sentence], theirs: list[Sentence], course: Drift) -> Times:
    starts, ends = np.array([s.start for s in theirs]), np.array([s.end for s in theirs])
    left = np.array([s.start for s in ours]), np.array([s.end for s in ours])
    return Times(*left, course.expected(starts), course.expected(ends))


def _believed(link: Link, off: float, p_value: float, texts: list[str]) -> bool:
    """Whether a link counts; ``off`` is seconds from where its neighbours put it, ``nan`` where they say nothing."""
    if p_value > SAME_STORY:
        return link.score >= _UNMISTAKABLE and sum(len(texts[j]) for j in link.target) >= _TELLING_LENGTH
    on_time = abs(off) <= 1.5
    return link.score >= (_ACCEPTED_ON_TIME if on_time else _ACCEPTED)


def _testimony(
    links: list[Link],
    weights: NDArray[np.float64],
    spoken: tuple[list[Sentence], list[Sentence]],
    course: Drift,
    p_value: float,
) -> Meaning:
    ours, theirs = spoken
    doubt = 1.0 if p_value <= SAME_STORY else 0.25
    matches, anchors = [], []
    for link, weight in zip(links, weights, strict=True):
        left, right = [ours[i] for i in link.source], [theirs[j] for j in link.target]
        said = Match(_line(left), _line(right), round(link.similarity, 4))
        matches.append(said)
        worth, text = round(float(weight) * doubt, 4), f"{said.original.text} ↔ {said.dub.text}"
        for dub, original, sigma in (
            (right[0].start, left[0].start, course.start_sigma_ms),
            (right[-1].end, left[-1].end, course.end_sigma_ms),
        ):
            anchors.append(Anchor(dub, original, sigma, worth, "meaning", text=text))
    total = sum(len(s.text) for s in theirs)
    covered = sum(len(theirs[j].text) for link in links for j in link.target)
    support = Support(p_value, covered / max(total, 1))
    return Meaning(tuple(matches), tuple(anchors), support, course.rate, (len(ours), len(theirs)))


def _line(sentences: list[Sentence]) -> Phrase:
    return Phrase(sentences[0].start, sentences[-1].end, " ".join(s.text.strip() for s in sentences))
