"""From the lines one exact witness found to segments with their figures, or to a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.messages import Message, message
from pipeline.values import Span
from syncdub.exact.boundaries import bounded
from syncdub.exact.following import chains, followed, levelled
from syncdub.exact.holding import trimmed
from syncdub.exact.soundmatch import Agreement, with_slopes
from syncdub.exact.timemap import Line
from syncdub.values import Anchor, BedLayer, Pitch, Segment
from syncdub.verdict import Balance, WindowSupport, balance, carried, confidence
from syncdub.witnesses import WITNESSES, Witness

RUN_SECONDS = 12.0
"""Windows on the path further apart than this belong to different runs: two were missed."""
WHOLE = 0.75
"""From this share of matched time on, stretches that nothing holds stay where their line puts them; a series' next episode shares
up to 0.6 with this one."""
TOLD = 10.0
"""Seconds from which such a stretch is told."""
BAR = 1.96
"""Standard errors in a 95 % error bar."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one exact witness says. No segments means that it does not carry a result; ``doubts`` say why."""

    witness: Witness
    rate: float
    segments: tuple[Segment, ...]
    doubts: tuple[Message, ...]
    anchors: tuple[Anchor, ...]
    durations: tuple[float, float]
    pitch: Pitch = "unknown"
    bed: BedLayer | None = None
    """What music and effects without voices added, where they were asked."""

    @classmethod
    def refused(cls, why: Message, original: float, dub: float) -> Finding:
        """Nothing can be said."""
        return cls("sound", 1.0, (), (why,), (), (original, dub))


def weigh(found: Agreement, witness: Witness, original: float, dub: float, *, at_a_glance: bool = False) -> Finding:
    """Segments of the lines that were ``found``, with their true ends, if they carry a result; durations in seconds.

    ``at_a_glance`` leaves the ends where the windows found them, to within some seconds.
    """
    lines = found.lines if at_a_glance else _bounded(found, witness, original)
    segments = _segments(lines if at_a_glance else _wandering(lines, found, witness), found, witness)
    nats = sum(line.gain for line in found.lines)
    inside = support_of(found, lines)
    kept, bare = (lines, []) if at_a_glance or witness != "sound" else trimmed(lines, found)
    parts = segments if not bare else _segments(_wandering(kept, found, witness), found, witness)
    share = balance(parts, original, dub)
    why = carried(nats, inside, share)
    doubts: tuple[Message, ...] = why
    if bare and not why:
        # Where nearly everything is shared, a scene without music is no reason to leave a hole.
        whole = share.agreement >= WHOLE
        segments = segments if whole else parts
        doubts = _bare_doubts(bare, found.speed.rate, share, whole=whole)
    rate = found.speed.rate
    carrying = () if why else tuple(segments)
    return Finding(witness, rate, carrying, doubts, tuple(anchors_of(found, witness)), (original, dub))


def _bounded(found: Agreement, witness: Witness, original: float) -> tuple[Line, ...]:
    """The lines with their true ends."""
    lines = with_slopes(found)
    return tuple(bounded(levelled(lines, found.sounds) if witness == "sound" else lines, found.sounds, original))


def _wandering(lines: Sequence[Line], found: Agreement, witness: Witness) -> Sequence[Line]:
    return followed(lines, found.sounds) if witness == "sound" else lines


def _segments(lines: Sequence[Line], found: Agreement, witness: Witness) -> list[Segment]:
    made = in_order([segment_of(line, found, witness) for line in lines])
    return [s for s in made if s.dub_end - s.dub_start > 0.05]


def _bare_doubts(bare: Sequence[tuple[Line, Span]], rate: float, share: Balance, *, whole: bool) -> tuple[Message, ...]:
    """What is said of stretches that no evidence holds."""
    if not whole:
        return (message("doubt.only_shared_placed", matched=share.matched, contradicted=share.contradicted),)
    return tuple(
        message("doubt.unsupported", start=line.at(s.start), end=line.at(s.end))
        for line, s in bare
        if s.duration >= TOLD
    )


def support_of(found: Agreement, lines: Sequence[Line]) -> WindowSupport:
    """How many of the windows inside ``lines`` have a candidate on the path, and how they are spread.

    Lines that differ by small steps only count as one: a capture that lost pictures goes on a little earlier after each.
    """
    on = found.candidates.pick(found.path)
    best = (0, 0.0)
    together = chains(lines)
    for chain in together:
        inside = [on.u[(on.u >= x.start) & (on.u <= x.end) & (np.abs(on.offset - x.offset) < 0.1)] for x in chain]
        u = np.concatenate(inside)
        if len(u):
            runs = 1 + int((np.diff(u) > RUN_SECONDS).sum())
            best = max(best, (runs, float(np.ptp(u)) / max(found.sounds.end, 1.0)))
    mean = sum(x.end - x.start for x in lines) / len(together) if len(together) > 2 and lines else 1e9
    return WindowSupport(_inside(found, lines), best[0], best[1], found.speed.exact, mean)


def _inside(found: Agreement, lines: Sequence[Line]) -> float:
    """Of the windows inside ``lines`` the share whose place on the path is the line's own."""
    u = np.unique(found.candidates.u)
    on = found.candidates.pick(found.path)
    half = float(np.min(found.candidates.width, initial=20.0)) / 2
    inside, agreed = np.zeros(len(u), bool), np.zeros(len(u), bool)
    for line in lines:
        here = (u >= line.start + half - 0.1) & (u <= line.end - half + 0.1)
        inside |= here
        agreed |= here & np.isin(u, on.u[np.abs(on.offset - line.offset) < 0.1])
    if inside.any():
        return float(agreed[inside].mean())
    return float(np.isin(u, on.u).mean()) if len(u) else 0.0


def segment_of(line: Line, found: Agreement, witness: Witness) -> Segment:
    """``line`` on the dub's own clock, with its error bar and figures."""
    rate = found.speed.rate
    length = line.end - line.start
    drift = 0.0 if found.speed.exact else min(found.speed.sigma, 1e-3) * length / 2
    error = BAR * float(np.sqrt(line.sigma**2 + (WITNESSES[witness].systematic or 0.0) ** 2 + drift**2))
    figures = {
        "anchors": line.n,
        "residual_ms": round(1000 * line.spread, 2),
        "nats": round(line.gain, 1),
    }
    return Segment(
        dub_start=line.start / rate,
        dub_end=line.end / rate,
        original_start=max(0.0, line.at(line.start)),
        rate=rate * (1.0 + line.slope),
        error_ms=1000 * error,
        confidence=confidence(line.gain, length, line.spread, 1),
        evidence={witness: figures},
    )


def in_order(segments: Sequence[Segment]) -> list[Segment]:
    """The segments without overlap in either file: the later one gives way."""
    out: list[Segment] = []
    for s in segments:
        if out:
            late = max(out[-1].dub_end - s.dub_start, (out[-1].original_end - s.original_start) / s.rate, 0.0)
            if late >= s.dub_end - s.dub_start:
                continue
            s = replace(s, dub_start=s.dub_start + late, original_start=s.original_start + late * s.rate)
        out.append(s)
    return out


def anchors_of(found: Agreement, witness: Witness) -> list[Anchor]:
    """All candidates as anchors on the dub's own clock, those on the path with rank 0."""
    c = found.candidates
    rank = np.ones(len(c), int)
    rank[found.path] = 0
    rate = found.speed.rate
    return [
        Anchor(
            float(c.u[i]) / rate,
            float(c.original[i]),
            1000 * float(c.sigma[i]),
            float(c.gain[i]),
            witness,
            int(rank[i]),
        )
        for i in np.lexsort((c.u, rank))
    ]


def evidence_of(segment: Segment, witness: Witness, figures: Mapping[str, Any]) -> Segment:
    """``segment`` with another witness's figures, and surer for it."""
    sure = 1.0 - (1.0 - segment.confidence) * 0.7
    return replace(segment, evidence={**segment.evidence, witness: dict(figures)}, confidence=sure)
