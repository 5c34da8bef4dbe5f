"""Fits the score on people's choices and labelled passages, and writes ``assets/learned/score.npz`` with what it reached unseen.

First, each alone: which of two headlines readers clicked, where annotators saw a gap, and of which kind a passage is.
Then the worth of every finding, one number each, on all three together: headline pairs (whole experiments left out of the
directions that judge them), teasers (whole countries left out), passages (whole thoughts left out). Worths are held near what
they are believed to be before the data speaks, and those of the person's own keywords may not turn.

    python -m benchmarks.fit_score [--dry]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks import readers, table
from benchmarks.fitting import (
    STRENGTH_CURIOSITY,
    auc,
    choice,
    folds,
    interval,
    kinds,
    labelled,
    logistic,
)  # fmt: skip
from benchmarks.readers import GONE_THROUGH, LEANING, SURE, TOLD, Labels, Pairs, Texts, embed
from pipeline.settings import Settings
from pipeline.text.keywords import keywords
from reelify.fitted import FILE
from reelify.moments.thoughts import FINDINGS, gaps
from reelify.score import judging, telling
from reelify.score.learned import CHOICE, CURIOSITY, Learned, to_arrays
from reelify.score.patterns import DULL, ENGAGEMENT, STORY
from reelify.score.reading import read
from reelify.score.semantics import Speech, Vocabulary, vocabulary
from reelify.thoughts_workflow import course_of

N_FOLDS = 5
RARER = 0.8
Numbers = NDArray[np.float64]
BELIEVED: dict[str, float] = {
    "base": -1.0, "base.es": -1.0, "base.en": -1.0,
    "story": 0.8, "routine": 0.8, "choice": 3.0, "choice.en": 3.0, "curiosity": 0.1, "curiosity.es": 0.3, "curiosity.en": 0.0,
    "hook.story": 0.2,
    "commercial": 0.6, "emotional": 0.6, "variety": 0.2, "completeness": 0.3, "length": 0.3, "delivery": 1.4, "duration": 0.4,
} | {f"cue.{k}": 0.0 for k in sorted(STORY | ENGAGEMENT)} | {f"cue.{k}": -0.5 for k in sorted(DULL)}  # fmt: skip
"""Worth before the data speaks, logits; delivery and duration have no data and stay."""
LEAST = {
    "commercial": 0.4,
    "emotional": 0.4,
    "variety": 0.1,
    "completeness": 0.1,
    "story": 0.3,
    "routine": 0.3,
    "hook.story": 0.1,
}
BELIEF, BELIEF_CUES = 0.004, 0.02
"""How dear it is to move a worth from what is believed, against the mean losses of the tasks; a cue is rare, so what the data says of it
is mostly chance."""
EMPHASIS = {"headlines": 6.0}
"""How much a task counts beside the others: the headlines are what people chose, and their differences are the smallest."""
WARMTH = 4.0
"""Logits of the score that are one logit of a click: passages lie much farther apart than two headlines of one story."""
MARGIN = -1.6
"""Where the border between told and gone through lies, logits: under the threshold 0.3 (−0.85), so that what is gone through stays
under it with room to spare."""


@dataclass(frozen=True, eq=False)
class Task:
    """Findings (n, k) of texts; ``pairs`` (m, 2) are (better, worse), or ``label`` (n,) 0/1 of texts judged alone."""

    name: str
    findings: Numbers
    language: str
    pairs: NDArray[np.int64] | None = None
    weight: Numbers | None = None
    label: NDArray[np.int64] | None = None
    margin: float = 0.0


@dataclass(frozen=True, eq=False)
class Data:
    """Everything that is fitted on; of the teasers the first ``n_first`` are the first part of their own split."""

    pairs: Pairs
    teasers: Labels
    passages: Mapping[str, Labels]
    n_first: int = 0


Rows = NDArray[np.bool_]


KINDS = (*TOLD, *GONE_THROUGH)


def learnt(data: Data, pairs: Rows, teasers: Rows, passages: Rows) -> Learned:
    """The directions and kinds from the rows that are True; for languages without data of their own from meaning alone."""
    lean = pairs & (data.pairs.sure >= LEANING)
    ways = {
        CHOICE: {"en": choice(data.pairs, lean, words=True), "": choice(data.pairs, lean, words=False)},
        CURIOSITY: {
            "es": labelled(data.teasers, teasers, STRENGTH_CURIOSITY, words=True),
            "": labelled(data.teasers, teasers, STRENGTH_CURIOSITY, words=False),
        },
    }
    return Learned(ways, **kinds_of(data.passages, passages))


def kinds_of(passages: Mapping[str, Labels], rows: Rows) -> dict[str, Any]:
    """What :class:`Learned` holds of the kinds, from the rows of both languages that are True."""
    found = kinds([passages[k] for k in ("es", "en")], rows, KINDS, TOLD).astype(np.float32)
    return {"kinds": KINDS, "telling": frozenset(TOLD), "kind_vectors": found[:, :-1], "kind_bias": found[:, -1]}


def findings(texts: Texts, rows: Sequence[int], model: Learned, known: Vocabulary) -> Numbers:
    """What the product finds in texts, each with worth 1, (n, k) in the order of :data:`BELIEVED`."""
    out = np.zeros((len(rows), len(BELIEVED)))
    place = {name: i for i, name in enumerate(BELIEVED)}
    seen: dict[str, Numbers] = {}
    for i, row in enumerate(rows):
        text = texts.texts[row]
        if text not in seen:
            seen[text] = _findings(texts.speeches[row], model, known, place)
        out[i] = seen[text]
    return out


def _findings(said: Speech, model: Learned, known: Vocabulary, place: Mapping[str, int]) -> Numbers:
    reading = read(said, Vocabulary(known.lexicons, known.vectors, known.weights, known.neutral, known.ritual, model))
    language = said.facts[0].language
    row = np.zeros(len(place))
    row[place[f"base.{language}"]] = 1.0
    for name, part in telling.units(reading).items():
        own = f"{name}.{language}"
        row[place[own if own in place else name]] = part.logits
    for name, part in judging.counted(reading).items():
        row[place[name]] = part.value if part.contributions else 0.0
    return row


def worth(tasks: Sequence[Task], believed: Mapping[str, float] = BELIEVED) -> dict[str, float]:
    """The worth of every finding: mean losses of the tasks added, held near what is believed."""
    prior = np.array(list(believed.values()))
    low = np.array([LEAST.get(name, -np.inf) for name in believed])
    stiff = np.array([BELIEF_CUES if name.startswith("cue.") else BELIEF for name in believed])
    free = np.zeros(len(tasks))

    prepared = [(*_rows(t), _mass(t), t.margin) for t in tasks]

    def loss(x: Numbers) -> tuple[float, Numbers]:
        w, own = x[: len(prior)], x[len(prior) :]
        value, slope, own_slope = float(stiff @ (w - prior) ** 2), 2 * stiff * (w - prior), np.zeros(len(tasks))
        for n, (rows, sign, offset, mass, shift) in enumerate(prepared):
            margin = sign * (rows @ w - shift + (own[n] if offset else 0.0))
            value += float(mass @ np.logaddexp(0.0, -margin))
            back = -sign * mass / (1.0 + np.exp(np.clip(margin, -50, 50)))
            slope = slope + back @ rows
            own_slope[n] = back.sum() if offset else 0.0
        return value, np.concatenate([slope, own_slope])

    start = np.concatenate([np.maximum(prior, low), free])
    bounds = [(a, None) for a in low] + [(None, None)] * len(tasks)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    out = dict(zip(believed, (round(float(v), 4) for v in found.x), strict=False))
    return out | {"base": round((out["base.es"] + out["base.en"]) / 2, 4)}


def _rows(task: Task) -> tuple[Numbers, Numbers, bool]:
    """Rows to be judged with their signs, and whether the task has a border of its own (teasers: a gap is no worth by itself)."""
    if task.pairs is not None:
        return (
            (task.findings[task.pairs[:, 0]] - task.findings[task.pairs[:, 1]]) / WARMTH,
            np.ones(len(task.pairs)),
            False,
        )
    assert task.label is not None
    return task.findings, np.where(task.label > 0, 1.0, -1.0), task.name == "teasers"


def _mass(task: Task) -> Numbers:
    """What each row counts; a task's rows count :data:`EMPHASIS` together."""
    n = len(task.pairs) if task.pairs is not None else len(task.findings)
    whole = EMPHASIS.get(task.name, 1.0)
    return np.full(n, whole / n) if task.weight is None else whole * task.weight / task.weight.sum()


def known_words(language: str) -> Vocabulary:
    """The default keywords in a language, without what is learned."""
    settings = Settings()
    one, two = (keywords(k, language, embed) for k in (settings.viral_keywords, settings.emotion_keywords))
    return vocabulary(one, two, Learned(), embed)


@dataclass(frozen=True, eq=False)
class Unseen:
    """Findings of every text by directions that have not seen it."""

    pairs: Numbers
    teasers: Numbers
    passages: Mapping[str, Numbers]
    pair_fold: NDArray[np.int64]
    teaser_fold: NDArray[np.int64]
    passage_fold: NDArray[np.int64]


def unseen(data: Data) -> Unseen:
    """Each text's findings with the directions of the fold it is not in."""
    known = {k: known_words(k) for k in ("es", "en")}
    fold = (
        folds(data.pairs.test, N_FOLDS),
        folds(data.teasers.group, N_FOLDS),
        folds(data.passages["es"].group, N_FOLDS),
    )
    heads = np.zeros((len(data.pairs.texts.texts), len(BELIEVED)))
    teased = np.zeros((len(data.teasers.label), len(BELIEVED)))
    said = {k: np.zeros((len(p.label), len(BELIEVED))) for k, p in data.passages.items()}
    for k in range(N_FOLDS):
        model = learnt(data, fold[0] != k, fold[1] != k, fold[2] != k)
        here = np.flatnonzero(fold[0] == k)
        rows = np.unique(np.concatenate([data.pairs.winner[here], data.pairs.loser[here]]))
        heads[rows] = findings(data.pairs.texts, list(rows), model, known["en"])
        rows = np.flatnonzero(fold[1] == k)
        teased[rows] = findings(data.teasers.texts, list(rows), model, known["es"])
        rows = np.flatnonzero(fold[2] == k)
        for language, labels in data.passages.items():
            said[language][rows] = findings(labels.texts, list(rows), model, known[language])
    return Unseen(heads, teased, said, *fold)


def tasks_of(data: Data, seen: Unseen, leave: int = -1) -> list[Task]:
    """The three tasks without the folds numbered ``leave``."""
    lean = (data.pairs.sure >= LEANING) & (seen.pair_fold != leave)
    both = np.column_stack([data.pairs.winner, data.pairs.loser])[lean]
    rows, teased = seen.passage_fold != leave, seen.teaser_fold != leave
    said = [
        Task(f"passages {k}", seen.passages[k][rows], k, label=data.passages[k].label[rows], margin=MARGIN)
        for k in ("es", "en")
    ]
    return [
        Task("headlines", seen.pairs, "en", pairs=both, weight=data.pairs.sure[lean]),
        Task("teasers", seen.teasers[teased], "es", label=data.teasers.label[teased]),
        *said,
    ]


def held_out(data: Data, seen: Unseen) -> dict[str, str]:
    """What the whole score reaches on folds neither directions nor worths have seen."""
    places = list(BELIEVED)
    heads, right = np.zeros(len(seen.pairs)), np.zeros(len(data.pairs.winner))
    teased = np.zeros(len(seen.teasers))
    said = {k: np.zeros(len(v)) for k, v in seen.passages.items()}
    for k in range(N_FOLDS):
        w = np.array([worth(tasks_of(data, seen, k))[name] for name in places])
        heads = seen.pairs @ w
        here = seen.pair_fold == k
        right[here] = (heads[data.pairs.winner[here]] > heads[data.pairs.loser[here]]).astype(float)
        teased[seen.teaser_fold == k] = seen.teasers[seen.teaser_fold == k] @ w
        for language in said:
            rows = seen.passage_fold == k
            said[language][rows] = seen.passages[language][rows] @ w
    sure = data.pairs.sure >= SURE
    out = {
        "headline pairs, unseen experiments": str(interval(right[sure], data.pairs.test[sure])),
        "teasers, unseen countries, area of the score": f"{auc(teased, data.teasers.label):.3f}",
        "teasers, unseen countries, area of curiosity": f"{auc(seen.teasers[:, places.index('curiosity.es')], data.teasers.label):.3f}",
    }
    for language, value in said.items():
        labels = data.passages[language]
        out[f"passages {language}, unseen thoughts, pairwise"] = f"{auc(value, labels.label):.3f}"
        total = np.array([judging.squashed(v - judging.FLOOR) for v in value])
        for name, label in (("gone through", 0), ("told", 1)):
            here = total[labels.label == label]
            out[f"passages {language}, {name} and over 0.3"] = f"{int((here >= 0.3).sum())} of {len(here)}"
    return out


def turn_weights(data: Data) -> dict[str, float]:
    """Weights of the findings at gaps, fitted on passages of both languages put one after the other in random order. What such talks
    cannot show (pauses, an audience) keeps what is believed."""
    rng = np.random.default_rng(1)
    fold = folds(data.passages["es"].group, N_FOLDS)
    rows, turned = [], []
    for k in range(N_FOLDS):
        model = Learned(**kinds_of(data.passages, fold != k))
        for labels in data.passages.values():
            chosen = [labels.texts.speeches[i] for i in rng.permutation(np.flatnonzero(fold == k))]
            joined = Speech(
                tuple(s for c in chosen for s in c.sentences), tuple(f for c in chosen for f in c.facts),
                np.concatenate([c.vectors for c in chosen if c.vectors is not None]),
            )  # fmt: skip
            course = course_of(read(joined, Vocabulary({}, learned=model), context=0.0))
            rows.append(gaps(course))
            first = np.cumsum([len(c.sentences) for c in chosen])[:-1]
            turned.append(np.isin(np.arange(1, len(course.spans)), first))
    found, at = np.concatenate(rows), np.concatenate(turned).astype(int)
    learnt = [i for i, name in enumerate(FINDINGS) if name not in ("one", "pause", "reaction")]
    weights, bias = logistic(sp.csr_matrix(found[:, learnt]), at, 1.0)
    out = {f"turn.{FINDINGS[i]}": round(float(w), 4) for i, w in zip(learnt, weights, strict=True)}
    # Passages of the data hold two or three sentences, thoughts of a talk about five: a turn is rarer by that.
    return out | {"turn.one": round(bias - RARER, 4), "turn.pause": 0.6, "turn.reaction": 2.0}


def load() -> Data:
    """The data of the repository: train and validation teasers together, for the third part judges elsewhere."""
    train, validation = readers.teasers("train"), readers.teasers("validation")
    passages = {k: readers.passages(k) for k in ("es", "en")}
    return Data(readers.headlines(), _joined(train, validation), passages, len(train.label))


def _joined(one: Labels, two: Labels) -> Labels:
    texts = Texts(
        one.texts.language, one.texts.texts + two.texts.texts, one.texts.speeches + two.texts.speeches,
        np.concatenate([one.texts.meaning, two.texts.meaning]), sp.vstack([one.texts.wording, two.texts.wording]).tocsr(),
    )  # fmt: skip
    return Labels(texts, *(np.concatenate([getattr(one, c), getattr(two, c)]) for c in ("label", "group", "kind")))


def fitted(data: Data, seen: Unseen) -> Learned:
    """The score on all the data."""
    everything = (np.ones(len(data.pairs.winner), bool), np.ones(len(data.teasers.label), bool))
    whole = learnt(data, *everything, np.ones(len(data.passages["es"].label), bool))
    values = worth(tasks_of(data, seen)) | turn_weights(data)
    about = {
        "date": date.today().isoformat(),
        "data": {
            "headline pairs": int((data.pairs.sure >= LEANING).sum()), "teasers": len(data.teasers.label),
            "passages": sum(len(p.label) for p in data.passages.values()),
        },
        "held out": held_out(data, seen),
        "directions": {n: {k: round(d.bias, 5) for k, d in ways.items()} for n, ways in whole.directions.items()},
        "kinds": list(KINDS), "telling": list(TOLD), "worth": values,
    }  # fmt: skip
    return replace(whole, worth=values, about=about)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    options = parser.parse_args()
    data = load()
    model = fitted(data, unseen(data))
    print(table(["held out", ""], [[k, v] for k, v in model.about["held out"].items()]))
    print("\n" + table(["finding", "believed", "worth"], [[k, BELIEVED.get(k, ""), v] for k, v in model.worth.items()]))
    if not options.dry:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {"about": np.array(json.dumps(model.about, ensure_ascii=False)), **to_arrays(model)}
        np.savez_compressed(FILE, **arrays)
        print(f"\n{FILE.name}: {FILE.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
