"""Sentence alignment against gold links: lengths alone, a plain margin cost, and ours; strict and lax, with the time it takes.

Scores follow vecalign (Thompson and Koehn 2019): a link counts strictly when it is exactly in the gold, laxly when it shares a
sentence pair with it; sentences without counterpart count for precision only. ``--quick`` leaves out the seeds after the first.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import media, table
from pipeline.settings import Settings
from pipeline.text.embedder import Embedder
from syncdub.meaning.sentences import align

Run = tuple[int, ...]
Links = list[tuple[Run, Run]]
Aligner = Callable[[list[str], list[str]], Links]
STEPS = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1), (1, 4), (4, 1)]


@dataclass(frozen=True)
class Case:
    name: str
    source: list[str]
    target: list[str]
    gold: Links


@dataclass(frozen=True)
class Score:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    def __str__(self) -> str:
        return f"{self.precision:.3f} / {self.recall:.3f} / {self.f1:.3f}"


def score(gold: Links, found: Links) -> tuple[Score, Score]:
    """Strict and lax."""
    precision = _hits(gold, found)
    recall = _hits([k for k in found if k[0] and k[1]], [k for k in gold if k[0] and k[1]])
    return Score(precision[0], recall[0]), Score(precision[1], recall[1])


def _hits(reference: Links, tested: Links) -> tuple[float, float]:
    """Shares of ``tested`` that are in ``reference``: exactly, and by a shared pair of sentences."""
    exact: set[tuple[Run, Run]] = set(reference)
    partners: dict[int, set[int]] = defaultdict(set)
    for source, target in exact:
        for i in source:
            partners[i].update(target)
    strict = [k in exact for k in set(tested)]
    lax = [k in exact or any(partners[i] & set(k[1]) for i in k[0]) for k in set(tested)]
    return sum(strict) / max(len(strict), 1), sum(lax) / max(len(lax), 1)


def best_path(n: int, m: int, cost: Callable[[int, int], NDArray[np.float64]], skip: float) -> Links:
    """Plain dynamic programming; ``cost(a, b)[i, j]`` is of the join that ends with sentences ``i`` and ``j``."""
    costs = {step: cost(*step) for step in STEPS}
    total, back = np.full((n + 1, m + 1), np.inf), np.zeros((n + 1, m + 1), np.int64)
    total[0, 0] = 0.0
    for i, j in itertools.islice(itertools.product(range(n + 1), range(m + 1)), 1, None):
        options = [(total[i - 1, j] + skip, 10)] if i else []
        options += [(total[i, j - 1] + skip, 1)] if j else []
        options += [
            (total[i - a, j - b] + costs[a, b][i - 1, j - 1], 10 * a + b) for a, b in STEPS if a <= i and b <= j
        ]
        total[i, j], back[i, j] = min(options)
    links: Links = []
    i, j = n, m
    while i or j:
        a, b = divmod(int(back[i, j]), 10)
        links.append((tuple(range(i - a, i)), tuple(range(j - b, j))))
        i, j = i - a, j - b
    return links[::-1]


def runs_of(texts: Sequence[str], size: int) -> list[str]:
    return [" ".join(texts[max(i + 1 - size, 0) : i + 1]) for i in range(len(texts))]


def by_length(source: list[str], target: list[str]) -> Links:
    """Gale and Church (1993): characters only, variance 6.8, their priors for one to one and joins."""
    prior = {(1, 1): 0.89, (1, 2): 0.045, (2, 1): 0.045, (2, 2): 0.011}

    def cost(a: int, b: int) -> NDArray[np.float64]:
        left = np.array([len(t) for t in runs_of(source, a)], float)[:, None]
        right = np.array([len(t) for t in runs_of(target, b)], float)[None, :]
        delta = np.abs(left - right) / np.sqrt(6.8 * (left + right + 1) / 2)
        from scipy.stats import norm

        return np.asarray(-np.log(2 * norm.sf(delta) + 1e-12) - np.log(prior.get((a, b), 0.001)))

    return best_path(len(source), len(target), cost, -float(np.log(0.0049)))


def by_margin(embed: Callable[[list[str]], NDArray[np.float32]]) -> Aligner:
    """Vecalign's cost (distance over the mean distance to random sentences, times the sentences joined) on all runs."""

    def aligner(source: list[str], target: list[str]) -> Links:
        size = max(max(step) for step in STEPS)
        texts = sorted({t for side in (source, target) for k in range(1, size + 1) for t in runs_of(side, k)}, key=len)
        vectors = dict(zip(texts, embed(texts), strict=True))
        left = [np.stack([vectors[t] for t in runs_of(source, k)]) for k in range(1, size + 1)]
        right = [np.stack([vectors[t] for t in runs_of(target, k)]) for k in range(1, size + 1)]
        random = np.random.default_rng(0)
        others = right[0][random.integers(len(target), size=40)], left[0][random.integers(len(source), size=40)]

        def cost(a: int, b: int) -> NDArray[np.float64]:
            usual = (1 - left[a - 1] @ others[0].T).mean(1)[:, None] + (1 - right[b - 1] @ others[1].T).mean(1)[None, :]
            return np.asarray(2 * a * b * (1 - left[a - 1] @ right[b - 1].T) / usual, float)

        chance = np.random.default_rng(1).permutation(cost(1, 1).ravel())[:20_000]
        return best_path(len(source), len(target), cost, float(np.quantile(chance, 0.2)) * 0.8)

    return aligner


def by_us(embed: Callable[[list[str]], NDArray[np.float32]]) -> Aligner:
    return lambda source, target: [(k.source, k.target) for k in align(source, target, embed)]


def read_dev() -> Case:
    folder = media() / "bitext"
    source, target = ((folder / f"dev.{side}").read_text(encoding="utf-8").splitlines() for side in ("de", "fr"))
    lines = (folder / "dev.defr").read_text(encoding="utf-8").split()
    joined = re.findall(r"(\[[^\]]*\]):(\[[^\]]*\])", " ".join(lines))
    return Case(
        "dev de-fr", source, target, [(tuple(ast.literal_eval(a)), tuple(ast.literal_eval(b))) for a, b in joined]
    )


def read_cues(name: str) -> list[tuple[float, str]]:
    """Beginning and text of the cues of a WebVTT file."""
    cues = []
    for block in re.split(r"\n\s*\n", (media() / "bitext" / name).read_text(encoding="utf-8")):
        found = re.search(r"(?:(\d+):)?(\d+):([\d.]+)\s*-->[^\n]*\n?(.*)", block, re.S)
        text = " ".join(re.sub(r"<[^>]*>", "", found[4]).split()) if found else ""
        if found and text:
            cues.append((int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3]), text))
    return cues


def captions(name: str, english: str, spanish: str) -> Case:
    """Two caption files of one film; cues that begin within 0.5 s of each other belong together."""
    source, target = read_cues(english), read_cues(spanish)
    gold: Links = []
    free = set(range(len(target)))
    for i, (at, _) in enumerate(source):
        near = min(sorted(free), key=lambda j: abs(target[j][0] - at), default=None)
        partner = near is not None and abs(target[near][0] - at) <= 0.5
        gold.append(((i,), (near,) if partner and near is not None else ()))
        free -= {near} if partner else set()
    return Case(name, [t for _, t in source], [t for _, t in target], gold + [((), (j,)) for j in sorted(free)])


def perturbed(case: Case, seed: int, merge: float = 0.12, drop: float = 0.08) -> Case:
    """The one-to-one pairs of a case; neighbours randomly merged on either side, sentences randomly left out."""
    random = np.random.default_rng(seed)
    pairs = [(case.source[a[0]], case.target[b[0]]) for a, b in case.gold if len(a) == len(b) == 1]
    source: list[str] = []
    target: list[str] = []
    gold: Links = []
    k = 0
    while k < len(pairs):
        some = pairs[k : k + (2 if random.random() < 2 * merge else 1)]
        sides = [[s for s, _ in some], [t for _, t in some]]
        which = int(random.integers(2))
        if len(some) == 2:
            sides[which] = [" ".join(sides[which])]
        elif random.random() < 2 * drop:
            sides[which] = []
        begins = len(source), len(target)
        source += sides[0]
        target += sides[1]
        gold.append((tuple(range(begins[0], len(source))), tuple(range(begins[1], len(target)))))
        k += len(some)
    return Case(f"1-1 of {case.name}, merged and cut, seed {seed}", source, target, gold)


INTERJECTIONS = (
    ("Oh!", "Ah !"),
    ("Oh!", "Oh !"),
    ("Ja.", "Oui."),
    ("Nein!", "Non !"),
    ("Was?", "Quoi ?"),
    ("Komm!", "Viens !"),
)


def interrupted(case: Case, seed: int, n: int = 40) -> tuple[Case, list[tuple[range, range]]]:
    """The one-to-one pairs of a case with ``n`` runs of one to four equal interjections between them, on either side another
    number, and those runs. Which "Oh!" of a run is which cannot be known; that it is not part of its neighbours can."""
    random = np.random.default_rng(seed)
    pairs = [(case.source[a[0]], case.target[b[0]]) for a, b in case.gold if len(a) == len(b) == 1]
    places = set(random.choice(np.arange(1, len(pairs)), n, replace=False).tolist())
    source: list[str] = []
    target: list[str] = []
    gold: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    runs: list[tuple[range, range]] = []
    for k, (ours, theirs) in enumerate(pairs):
        if k in places:
            said = INTERJECTIONS[int(random.integers(len(INTERJECTIONS)))]
            a, b = (int(x) for x in random.integers(1, 5, 2))
            runs.append((range(len(source), len(source) + a), range(len(target), len(target) + b)))
            source += [said[0]] * a
            target += [said[1]] * b
        gold.append(((len(source),), (len(target),)))
        source.append(ours)
        target.append(theirs)
    return Case(f"{case.name} with interjections", source, target, gold), runs


def interjections(aligner: Aligner, dev: Case, seeds: Iterable[int]) -> tuple[float, float]:
    """Shares of the ordinary sentences and of the interjections that are linked one to one where they belong."""
    plain, short = [], []
    for seed in seeds:
        case, runs = interrupted(dev, seed)
        links = aligner(case.source, case.target)
        plain += [k in set(links) for k in case.gold]
        single = {a[0]: b[0] for a, b in links if len(a) == len(b) == 1}
        for a, b in runs:
            found = sum(single.get(i, -1) in b for i in a)
            short += [k < found for k in range(min(len(a), len(b)))]
    return float(np.mean(plain)), float(np.mean(short))


def on_course(aligner: Aligner) -> tuple[int, float]:
    """Links between captions of a film and of its shorter cut, and the share within 2 s of the median shift of the 15 around.

    There is no gold; but shifts that follow the edit cannot come about by chance, since no aligner sees a time.
    """
    source, target = read_cues("itaccess_captions_en.vtt"), read_cues("itaccess_subtitles_es.vtt")
    links = [k for k in aligner([t for _, t in source], [t for _, t in target]) if k[0] and k[1]]
    shift = np.array([target[b[0]][0] - source[a[0]][0] for a, b in links])
    around = np.array([np.median(shift[max(k - 7, 0) : k + 8]) for k in range(len(shift))])
    return len(links), float(np.mean(np.abs(shift - around) <= 2.0))


def cases(seeds: Iterable[int]) -> list[Case]:
    dev = read_dev()
    found = [dev, captions("wwa en-es", "wwa_captions_en.vtt", "wwa_captions_es.vtt")]
    found.append(captions("deadline en-es", "deadline_captions_en.vtt", "deadline_captions_es.vtt"))
    return found + [perturbed(dev, seed) for seed in seeds]


def main() -> None:
    embed = Embedder(Settings()).encode
    embed(["warm"])
    aligners = {"lengths (Gale-Church)": by_length, "margin cost": by_margin(embed), "ours": by_us(embed)}
    rows = []
    for case in cases(range(1 if "--quick" in sys.argv else 3)):
        for name, aligner in aligners.items():
            began = time.perf_counter()
            strict, lax = score(case.gold, aligner(case.source, case.target))
            seconds = time.perf_counter() - began
            size = f"{len(case.source)} × {len(case.target)}"
            rows.append((case.name, size, name, strict, lax, f"{seconds:.1f}"))
            print(
                table(["text", "sentences", "aligner", "strict P/R/F1", "lax P/R/F1", "s"], rows[-1:]), file=sys.stderr
            )
    print(table(["text", "sentences", "aligner", "strict P / R / F1", "lax P / R / F1", "seconds"], rows))
    seeds = range(1 if "--quick" in sys.argv else 3)
    said = [(name, *(f"{x:.3f}" for x in interjections(a, read_dev(), seeds))) for name, a in aligners.items()]
    print(
        "\nSentences of dev linked one to one, with runs of equal interjections between them (another number a side):\n"
    )
    print(table(["aligner", "sentences", "interjections"], said))
    courses = [(name, *on_course(aligner)) for name, aligner in aligners.items()]
    print("\nA film's English captions (214) with the Spanish ones of its shorter cut (94):\n")
    print(table(["aligner", "links", "on the course of the edit"], [(n, k, f"{c:.3f}") for n, k, c in courses]))


if __name__ == "__main__":
    main()
