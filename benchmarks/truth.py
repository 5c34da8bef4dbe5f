"""Does the score agree with people? Headlines readers chose, teasers annotators judged, passages never fitted on; beside baselines.

The directions and worths are fitted anew on folds (whole experiments, whole countries) and judged on what they have not seen, beside
chance, length, a linear model on words and one on runs of two to five letters, fitted on the same pairs. The passages of
``benchmarks/data/passages.json`` and of the talks were written apart from those the score is fitted on, and are judged by the score as it
is shipped.

    python -m benchmarks.truth [--quick]          --quick: only the passages
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from benchmarks import ROOT, readers, table, talks
from benchmarks.fit_score import BELIEVED, N_FOLDS, Data, Unseen, load, tasks_of, unseen, worth
from benchmarks.fitting import STRENGTH_CURIOSITY, Interval, auc, folds, interval, labelled, logistic, says
from benchmarks.readers import LEANING, SURE, Labels, Pairs
from benchmarks.viral import known, spoken
from pipeline.text.tagger import facts
from reelify.score.judging import score_text
from reelify.score.semantics import speech
from reelify.score.wording import BUCKETS

Numbers = NDArray[np.float64]
STRENGTH = 1.0


def plain(pairs: Pairs, columns: sp.csr_matrix) -> Numbers:
    """1 where a linear model on ``columns`` alone, fitted on the sure pairs of the other experiments, puts the winner first."""
    fold = folds(pairs.test, N_FOLDS)
    sure = np.flatnonzero(pairs.sure >= SURE)
    right = np.zeros(len(sure))
    for k in range(N_FOLDS):
        use = sure[fold[sure] != k]
        flip = np.where(np.arange(len(use)) % 2, 1.0, -1.0)
        rows = sp.diags_array(flip) @ (columns[pairs.winner[use]] - columns[pairs.loser[use]])
        w, _ = logistic(rows.tocsr(), (flip > 0).astype(int), STRENGTH, bias=False)
        here = fold[sure] == k
        ahead = (columns[pairs.winner[sure[here]]] - columns[pairs.loser[sure[here]]]) @ w
        right[here] = (ahead > 0) + 0.5 * (ahead == 0)
    return right


def headlines(data: Data, seen: Unseen) -> list[list[object]]:
    """The share of sure pairs whose winner is first, by method, with the paired difference of ours to each."""
    pairs, sure = data.pairs, data.pairs.sure >= SURE
    group = pairs.test[sure]
    ours = np.zeros(len(pairs.winner))
    for k in range(N_FOLDS):
        w = worth(tasks_of(data, seen, k))
        score = seen.pairs @ np.array([w[name] for name in BELIEVED])
        here = seen.pair_fold == k
        ours[here] = score[pairs.winner[here]] > score[pairs.loser[here]]
    wording = pairs.texts.wording
    length = np.array([len(t) for t in pairs.texts.texts])
    others = {
        "linear model on words": plain(pairs, wording[:, BUCKETS : 2 * BUCKETS]),
        "linear model on runs of 2–5 letters": plain(pairs, wording[:, 2 * BUCKETS :]),
        "the longer one": (length[pairs.winner[sure]] > length[pairs.loser[sure]]).astype(float),
        "chance": np.full(int(sure.sum()), 0.5),
    }
    rows: list[list[object]] = [["this product", str(interval(ours[sure], group)), ""]]
    for name, right in others.items():
        rows.append([name, str(interval(right, group)), str(interval(ours[sure] - right, group))])
    return rows


def teasers(data: Data, seen: Unseen) -> list[list[object]]:
    """Area under the curve with its interval: on whole countries left out, and on the second part of the data by the first."""
    teased, label, places = data.teasers, data.teasers.label, list(BELIEVED)
    score = np.zeros(len(label))
    for k in range(N_FOLDS):
        w = worth(tasks_of(data, seen, k))
        rows = seen.teaser_fold == k
        score[rows] = seen.teasers[rows] @ np.array([w[name] for name in places])
    first = np.arange(len(label)) < data.n_first
    part = says(labelled(teased, first, STRENGTH_CURIOSITY, words=True), teased.texts)
    words, letters = teased.texts.wording[:, BUCKETS : 2 * BUCKETS], teased.texts.wording[:, 2 * BUCKETS :]
    rows_of = {
        "curiosity": (seen.teasers[:, places.index("curiosity.es")], part),
        "linear model on words": _plain_labels(words, teased, seen.teaser_fold, first),
        "linear model on runs of 2–5 letters": _plain_labels(letters, teased, seen.teaser_fold, first),
        "whole score": (score, None),
        "length": (_lengths(teased.texts.texts), _lengths(teased.texts.texts)),
        "chance": (np.zeros(len(label)), np.zeros(len(label))),
    }
    return [
        [name, str(area(out, label)), "" if own is None else str(area(own[~first], label[~first]))]
        for name, (out, own) in rows_of.items()
    ]


def _lengths(texts: tuple[str, ...]) -> Numbers:
    return np.array([len(t) for t in texts], float)


def _plain_labels(
    columns: sp.csr_matrix, data: Labels, fold: NDArray[np.int64], first: NDArray[np.bool_]
) -> tuple[Numbers, Numbers]:
    """Logits of a linear model on ``columns`` alone: by fold, and of all by the ``first`` part."""

    def says_of(train: NDArray[np.bool_]) -> Numbers:
        w, bias = logistic(columns[train], data.label[train], STRENGTH)
        return np.asarray(columns @ w + bias)

    by_fold = np.zeros(len(data.label))
    for k in range(N_FOLDS):
        by_fold[fold == k] = says_of(fold != k)[fold == k]
    return by_fold, says_of(first)


def area(score: Numbers, label: NDArray[np.int64], seed: int = 1) -> Interval:
    """:func:`benchmarks.fitting.auc` with its 95 % interval from texts drawn again 400 times."""
    rng = np.random.default_rng(seed)
    drawn = [auc(score[rows], label[rows]) for rows in rng.integers(len(label), size=(400, len(label)))]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(auc(score, label), float(low), float(high))


def total(text: str, language: str) -> float:
    """The shipped score of one passage."""
    sentences = spoken(text)
    said = speech(sentences, facts([s.text for s in sentences], language), readers.embed)
    return score_text(said, known(language)).total


def passages() -> list[list[object]]:
    """Pairs of a strong and a dull passage ordered right, and what is on the wrong side of the threshold."""
    rows = json.loads((ROOT / "benchmarks" / "data" / "passages.json").read_text(encoding="utf-8"))
    sets: dict[str, list[tuple[float, int]]] = {}
    for row in rows:
        sets.setdefault(f"passages {row['language']}", []).append(
            (total(row["text"], row["language"]), int(row["label"] >= 2))
        )
    for language in ("es", "en"):
        for kind, found in talks.passages(language).items():
            told = int(kind in talks.MOMENTS)
            sets.setdefault(f"of the talks {language}", []).extend((total(t, language), told) for t in found)
    return [_judged(name, items) for name, items in sets.items()]


def _judged(name: str, items: list[tuple[float, int]]) -> list[object]:
    score, label = np.array([s for s, _ in items]), np.array([told for _, told in items])

    def side(told: int) -> str:
        return f"{int((score[label == told] >= 0.3).sum())} of {int((label == told).sum())}"

    return [name, len(items), str(area(score, label)), side(0), side(1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    print(table(["set", "n", "strong before dull", "dull over 0.3", "strong over 0.3"], passages()))
    if parser.parse_args().quick:
        return
    data = load()
    seen = unseen(data)
    n = int((data.pairs.sure >= SURE).sum())
    print(
        f"\nHeadlines, {n} sure pairs of unseen experiments (fitted on {int((data.pairs.sure >= LEANING).sum())} leaning ones)\n"
    )
    print(table(["method", "winner first", "this product is better by"], headlines(data, seen)))
    print(
        f"\n{len(data.teasers.label)} teasers, area under the curve: countries left out, and the {len(data.teasers.label) - data.n_first} "
        "of the second part by a fit on the first\n"
    )
    print(table(["", "countries left out", "second part by the first"], teasers(data, seen)))


if __name__ == "__main__":
    main()
