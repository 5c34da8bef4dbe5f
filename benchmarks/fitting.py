"""The linear fits behind the score: logistic regressions with a ridge, on sparse and dense columns side by side, without a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from benchmarks.readers import Labels, Pairs, Texts
from reelify.score.learned import Direction
from reelify.score.wording import SIZE

Matrix = Any
"""A sparse matrix (rows, columns)."""
Numbers = NDArray[np.float64]
STRENGTH_CHOICE, STRENGTH_CURIOSITY, STRENGTH_KINDS = 0.1, 0.5, 5.0
"""Inverse ridges, set on folds of the fitting halves."""
EITHER = 3.0
ONE = np.ones(1)


def logistic(
    x: Matrix, y: NDArray[np.int64], strength: float, weight: Numbers | None = None, *, bias: bool = True,
    given: Numbers | float = 0.0,
) -> tuple[Numbers, float]:  # fmt: skip
    """Weights (d,) and bias that maximise ``strength`` · Σ weight · log-likelihood − ½ ‖w‖²; ``y`` is 0 or 1, ``given`` (n,) are
    logits that others add."""
    sign = np.where(y > 0, 1.0, -1.0)
    weight = np.ones(len(y)) if weight is None else weight / weight.mean()
    transposed = x.T.tocsr()

    def loss(w: Numbers) -> tuple[float, Numbers]:
        margin = sign * (x @ w[:-1] + given + (w[-1] if bias else 0.0))
        wrong = 1.0 / (1.0 + np.exp(np.clip(margin, -50, 50)))
        value = strength * float(weight @ np.logaddexp(0.0, -margin)) + 0.5 * float(w[:-1] @ w[:-1])
        slope = -strength * sign * weight * wrong
        return value, np.asarray(np.append(transposed @ slope + w[:-1], float(np.sum(slope)) if bias else 0.0))

    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return np.asarray(found.x[:-1]), float(found.x[-1])


def rarity(wording: Matrix) -> Numbers:
    """Inverse document frequency of each bucket, 0 where it is seen in one text alone, of mean square 1 over what is seen."""
    seen = np.asarray((wording > 0).sum(axis=0)).ravel()
    value = np.log((1 + wording.shape[0]) / (1 + seen)) + 1.0
    value[seen < 2] = 0.0
    scaled: Numbers = value / np.sqrt(np.average(value**2, weights=seen + 1e-9))
    return scaled


def choice(pairs: Pairs, train: NDArray[np.bool_], *, words: bool, others: Numbers | None = None) -> Direction:
    """Which of two headlines is clicked; ``train`` (pairs,) are those it may see, weighted by how sure they are; ``others`` (texts,)
    is what the rest of the score says of each, in logits of a click."""
    scale = rarity(pairs.texts.wording) if words else np.zeros(0)
    x = _columns(pairs.texts, scale)
    use = np.flatnonzero(train)
    flip = np.where(np.arange(len(use)) % 2, 1.0, -1.0)
    difference = sp.diags_array(flip) @ (x[pairs.winner[use]] - x[pairs.loser[use]])
    given = 0.0 if others is None else flip * (others[pairs.winner[use]] - others[pairs.loser[use]])
    w, _ = logistic(
        difference.tocsr(), (flip > 0).astype(int), STRENGTH_CHOICE, pairs.sure[use], bias=False, given=given
    )
    return _direction(w, 0.0, scale)


def labelled(data: Labels, train: NDArray[np.bool_], strength: float, *, words: bool) -> Direction:
    """Whether a text has the label."""
    scale = rarity(data.texts.wording) if words else np.zeros(0)
    w, bias = logistic(_columns(data.texts, scale)[train], data.label[train], strength)
    return _direction(w, bias, scale)


def _columns(texts: Texts, scale: Numbers) -> Matrix:
    dense = sp.csr_matrix(texts.meaning.astype(np.float64))
    return sp.hstack([dense, texts.wording @ sp.diags_array(scale)]).tocsr() if len(scale) else dense


def _direction(w: Numbers, bias: float, scale: Numbers) -> Direction:
    n = len(w) - (SIZE if len(scale) else 0)
    wording = (w[n:] * scale).astype(np.float32) if len(scale) else None
    return Direction(w[:n].astype(np.float32), wording, bias)


def says(way: Direction, texts: Texts) -> Numbers:
    """The direction's logits of whole texts, (n,)."""
    out = texts.meaning.astype(np.float64) @ way.meaning + way.bias
    return out + (texts.wording @ way.wording if way.wording is not None else 0.0)


def folds(groups: NDArray[Any], n: int, seed: int = 1) -> NDArray[np.int64]:
    """A fold for each row; no group is in two."""
    names, back = np.unique(groups, return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % n)[back]


def kinds(data: Sequence[Labels], rows: NDArray[np.bool_], names: Sequence[str], telling: Sequence[str]) -> Numbers:
    """Log-odds of each kind by meaning, (k, 513), the last column the constant: a logistic regression among all kinds with a ridge, in
    which the question whether something is told counts :data:`EITHER` times as much as which kind it is. ``rows`` are those of each of
    ``data`` it may see."""
    x = np.concatenate([d.texts.meaning[rows] for d in data]).astype(np.float64)
    x = np.column_stack([x, np.ones(len(x))])
    which = np.array([names.index(k) for d in data for k in d.kind[rows]])
    told, free = np.isin(names, telling), np.append(np.ones(x.shape[1] - 1), 0.0)
    one, sign = np.eye(len(names))[which], np.where(told[which], 1.0, -1.0)

    def loss(flat: Numbers) -> tuple[float, Numbers]:
        w = flat.reshape(len(names), -1)
        z = x @ w.T
        log_all = logsumexp(z, axis=1)
        inside, outside = logsumexp(z[:, told], axis=1), logsumexp(z[:, ~told], axis=1)
        margin = sign * (inside - outside)
        value = float((log_all - (z * one).sum(axis=1)).sum() + EITHER * np.logaddexp(0.0, -margin).sum())
        back = EITHER * sign / (1.0 + np.exp(margin))
        slope = np.exp(z - log_all[:, None]) - one
        slope[:, told] -= back[:, None] * np.exp(z[:, told] - inside[:, None])
        slope[:, ~told] += back[:, None] * np.exp(z[:, ~told] - outside[:, None])
        ridge = w * free
        whole = STRENGTH_KINDS * (slope.T @ x) + ridge
        return STRENGTH_KINDS * value + 0.5 * float((ridge * w).sum()), np.asarray(whole.ravel())

    start = np.zeros(len(names) * x.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x.reshape(len(names), -1))


def auc(score: Numbers, label: NDArray[np.int64]) -> float:
    """Area under the curve: how often a labelled text is above one that is not; ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(score)
    n = int((label > 0).sum())
    return float((ranks[label > 0].sum() - n * (n + 1) / 2) / (n * (len(label) - n)))


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval from ``groups`` drawn again 1,000 times."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


def interval(value: Numbers, groups: NDArray[Any], seed: int = 1) -> Interval:
    """The mean of ``value`` (n,); whole groups are drawn, for pairs of one experiment are no independent observations."""
    names, back = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(back, value), np.bincount(back)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(names), size=(1000, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(value.mean()), float(low), float(high))
