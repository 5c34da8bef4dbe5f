"""What meaning adds: lines where nothing exact is shared, and a confirmation of the lines that are exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from syncdub.exact.findings import BAR, evidence_of, in_order
from syncdub.exact.speed import common_slope, settled
from syncdub.exact.timemap import Candidates, Line, best_path, lines
from syncdub.meaning.meaning import Meaning
from syncdub.values import Anchor, Segment
from syncdub.verdict import AGREEMENT, balance

NATS = 6.0
"""What a fully trusted phrase pair says, nats: one in some hundreds is wrong."""
STRONG = 3.0
"""-log10 of the chance that the phrases are in order by accident."""
COVERED = 0.15
"""Share of the dub's speech that must have a counterpart."""
INAUDIBLE = 0.25
"""Seconds of drift over the longest line that phrases cannot tell from none."""
NEAR = 1.0
"""A phrase within this many seconds of a segment's place confirms it."""
SMALLEST_GAP, N_IN_GAP = 15.0, 6
FLOOR = 0.1
"""Standard error (seconds) that more phrases do not remove: dubs systematically begin lines a little late."""


def _candidates(anchors: Sequence[Anchor], rate: float) -> Candidates:
    rows = sorted(anchors, key=lambda a: (a.dub, a.original))
    u = np.array([a.dub * rate for a in rows])
    # The dub's anchors come in pairs (beginning and end of a phrase); equal times would not be in order.
    u += np.arange(len(u)) * 1e-9
    return Candidates(
        u,
        np.array([a.original for a in rows]),
        np.array([a.weight * NATS for a in rows]),
        np.array([a.sigma_ms / 1000 for a in rows]),
        np.full(len(rows), 2.0),
        np.full(len(rows), 2),
    )


def _fitted(anchors: Sequence[Anchor], rate: float) -> tuple[list[Line], float]:
    """Lines through ``anchors`` and the rate they were drawn at."""
    found = _candidates(anchors, rate)
    path = best_path(found)
    first = lines(found, path)
    on = found.pick(path)
    groups = np.array([next((k for k, x in enumerate(first) if x.start <= u <= x.end), -1) for u in on.u], np.int64)
    if not (groups >= 0).any():
        return [], rate
    slope, sigma = common_slope(on.pick(groups >= 0), groups[groups >= 0])
    longest = max(x.end - x.start for x in first)
    if not np.isfinite(sigma) or abs(slope) < max(3 * sigma, INAUDIBLE / longest):
        slope, sigma = 0.0, max(min(sigma, 1e-3), INAUDIBLE / longest)
    rate = settled(rate * (1 + slope), sigma, longest).rate
    found = _candidates(anchors, rate)
    return lines(found, best_path(found)), rate


def coarse_lines(said: Meaning, durations: tuple[float, float]) -> list[Segment]:
    """Segments from meaning alone, nothing where it does not carry them; ``durations`` of original and dub, seconds."""
    if said.support.strength < STRONG or said.support.coverage < COVERED or not said.anchors:
        return []
    fitted, rate = _fitted(said.anchors, said.rate)
    segments = _placed(fitted, rate, (0.0, durations[1]), (0.0, durations[0]))
    if not segments or balance(segments, *durations).agreement < AGREEMENT:
        return []
    return segments


def _placed(fitted: list[Line], rate: float, dub: tuple[float, float], original: tuple[float, float]) -> list[Segment]:
    """Lines as segments that fill the room between ``dub`` and ``original`` limits; joins lie midway between the last phrase
    of one line and the first of the next."""
    out: list[Segment] = []
    for k, line in enumerate(fitted):
        start, end = line.start / rate, line.end / rate
        before, after = fitted[k - 1] if k else None, fitted[k + 1] if k + 1 < len(fitted) else None
        low = max(dub[0], dub[0] if before is None else _middle(before, line, rate))
        high = min(dub[1], dub[1] if after is None else _middle(line, after, rate))
        low = max(low, (original[0] - line.offset) / rate)
        high = min(high, (original[1] - line.offset) / rate)
        if after is not None and after.offset < line.offset:
            high = min(high, max(end, high - (line.offset - after.offset) / rate / 2))
        if before is not None and line.offset < before.offset:
            low = max(low, min(start, low + (before.offset - line.offset) / rate / 2))
        if high - low > 0.5:
            out.append(_segment(line, rate, low, high))
    return in_order(out)


def _middle(a: Line, b: Line, rate: float) -> float:
    return (a.end + b.start) / 2 / rate


def _segment(line: Line, rate: float, low: float, high: float) -> Segment:
    error = BAR * float(np.sqrt(line.sigma**2 + FLOOR**2))
    figures = {"anchors": line.n, "residual_ms": round(1000 * line.spread, 1), "coarse": True}
    sure = float(0.6 * (1 - np.exp(-line.n / 8)))
    return Segment(low, high, low * rate + line.offset, rate, 1000 * error, sure, {"meaning": figures})


def confirmed(segments: Sequence[Segment], anchors: Sequence[Anchor]) -> list[Segment]:
    """The segments with how many phrases lie where they should; their places do not move."""
    out = []
    for s in segments:
        inside = [a for a in anchors if s.dub_start <= a.dub <= s.dub_end]
        off = np.array([a.original - s.at(a.dub) for a in inside])
        near = np.abs(off) <= NEAR
        if near.sum() >= 2 and near.mean() >= 0.5:
            figures = {"anchors": int(near.sum()), "residual_ms": round(1000 * float(np.median(off[near])), 1)}
            s = evidence_of(s, "meaning", figures)
        out.append(s)
    return out


def with_gaps_filled(segments: list[Segment], said: Meaning, durations: tuple[float, float]) -> list[Segment]:
    """The segments and, in long stretches that both files have outside them, coarse ones that meaning alone places."""
    if said.support.strength < STRONG or not segments:
        return segments
    rate = segments[0].rate
    dub = [0.0, *(t for s in segments for t in (s.dub_start, s.dub_end)), durations[1]]
    own = [0.0, *(t for s in segments for t in (s.original_start, s.original_end)), durations[0]]
    out = list(segments)
    for a, b, c, d in zip(dub[::2], dub[1::2], own[::2], own[1::2], strict=True):
        if min(b - a, d - c) < SMALLEST_GAP:
            continue
        inside = [x for x in said.anchors if a <= x.dub <= b and c <= x.original <= d]
        if len(inside) >= N_IN_GAP:
            fitted, _ = _fitted(inside, rate)
            usable = [replace(line) for line in fitted if line.n >= N_IN_GAP]
            out += _placed(usable, rate, (a, b), (c, d))
    return in_order(sorted(out, key=lambda s: s.dub_start))
