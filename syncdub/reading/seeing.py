"""What the picture says beside the sound: at a few places of each segment, how far the dub's own picture lies from where its sound was put.

A dub's sound may have been late in its own release; both maps are then right, and somebody must say which of the two is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.evidence import fingerprints
from pipeline.media.values import MediaInfo
from pipeline.messages import Message, clock, message
from pipeline.progress import Report
from pipeline.values import Span
from syncdub.exact import pictures
from syncdub.exact.findings import evidence_of
from syncdub.exact.pictures import Seen, Spot, disagreement
from syncdub.values import Segment

SPOT_SECONDS, SPOT_REACH = 8.0, 2.0
"""Seconds of dub that are compared, and how far from the sound's place the picture may put them."""
N_SPOTS, EACH, MOST = 6, 3, 18
"""Places in all, and in each segment where there are several, as far as they are not too many."""
ONE_LINE = 0.002
"""Seconds within which two segments lie on one line."""


def spots_of(original: MediaInfo, dub: MediaInfo, segments: Sequence[Segment], report: Report) -> list[Spot]:
    """Where the picture says a few moments of the dub belong, beside where the sound put them."""
    out = []
    moments = moments_in(segments)
    for k, (at, place, rate) in enumerate(moments):
        report(k / len(moments), message("progress.comparing_picture"))
        half = SPOT_SECONDS / 2
        theirs = _layer(dub, Span(at - half / rate, at + half / rate), rate)
        ours = _layer(original, Span(place - half - SPOT_REACH, place + half + SPOT_REACH), 1.0)
        difference, clearness = pictures.compare(ours, theirs, SPOT_REACH, pictures.STEP)
        out.append(Spot(at, difference, clearness))
    return out


def moments_in(segments: Sequence[Segment]) -> list[tuple[float, float, float]]:
    """The moments (dub, original, rate) that are compared: spread over all segments, at least :data:`EACH` in each of the longest."""
    longest = sorted(segments, key=lambda s: s.dub_start - s.dub_end)[: MOST // EACH]
    total = sum(s.dub_end - s.dub_start for s in longest)
    out: list[tuple[float, float, float]] = []
    for s in longest:
        out += moments_of([s], max(EACH, round(N_SPOTS * (s.dub_end - s.dub_start) / total)), SPOT_SECONDS)
    return sorted(out)


def moments_of(segments: Sequence[Segment], n: int, seconds: float) -> list[tuple[float, float, float]]:
    """``n`` moments (dub, original, rate) spread evenly over what the segments cover, ``seconds`` away from their ends."""
    usable = [s for s in segments if s.dub_end - s.dub_start > 2 * seconds]
    total = sum(s.dub_end - s.dub_start - seconds for s in usable)
    out: list[tuple[float, float, float]] = []
    for k in range(n if usable else 0):
        left = total * (k + 0.5) / n
        for s in usable:
            length = s.dub_end - s.dub_start - seconds
            if left <= length:
                dub = s.dub_start + seconds / 2 + left
                out.append((dub, s.at(dub), s.rate))
                break
            left -= length
    return out


def _layer(info: MediaInfo, span: Span, rate: float) -> NDArray[np.float32]:
    """The picture layer of ``span`` at the original's pace."""
    start = max(0.0, span.start)
    seen = fingerprints.picture_print(info.path, span=Span(start, max(start, span.end)))
    n = round((span.end - span.start) * rate / pictures.STEP)
    out = pictures.layer((seen.times - span.start) * rate, seen.frames, pictures.STEP)[:n]
    return np.concatenate([out, np.repeat(out[-1:], n - len(out), axis=0)]) if 0 < len(out) < n else out


@dataclass(frozen=True, slots=True)
class _Pair:
    """A segment, and what its picture says, if anything."""

    segment: Segment
    seen: Seen | None

    @property
    def apart(self) -> bool:
        """Whether sound and picture differ by more than both error bars, and by more than people let pass."""
        bars = (self.segment.error_ms / 1000 + self.seen.error) if self.seen else 0.0
        return self.seen is not None and abs(self.seen.difference) > max(pictures.DISAGREE, bars)

    @property
    def moved(self) -> Segment:
        """The segment where its picture puts it."""
        if self.seen is None:
            return self.segment
        start = self.segment.original_start + self.seen.difference
        return replace(self.segment, original_start=start, error_ms=round(1000 * self.seen.error, 1))


def checked(segments: Sequence[Segment], spots: Sequence[Spot], follow: str) -> tuple[list[Segment], list[Message]]:
    """``segments`` with what their pictures say as evidence, moved there where ``follow`` is ``picture`` and the two differ; what a
    person should know of it."""
    pairs = _paired(segments, spots)
    apart = [p for p in pairs if p.apart]
    rule = follow == "picture"
    out = []
    for pair in pairs:
        if pair.seen is None:
            out.append(pair.segment)
        else:
            figures: dict[str, Any] = {
                "spots": pair.seen.n,
                "difference_ms": round(1000 * pair.seen.difference, 1),
                "error_ms": round(1000 * pair.seen.error, 1),
            }
            out.append(evidence_of(pair.moved if rule and pair.apart else pair.segment, "picture", figures))
    return out, _told(apart, rule=rule, everywhere=len(apart) == sum(p.seen is not None for p in pairs))


def _paired(segments: Sequence[Segment], spots: Sequence[Spot]) -> list[_Pair]:
    """Each segment with what the spots in it agree on, else those on its line, else all."""
    whole = disagreement(spots)
    found = [disagreement([x for x in spots if s.dub_start <= x.dub <= s.dub_end]) for s in segments]
    seen = []
    for k, s in enumerate(segments):
        beside = (found[j] for j in (k - 1, k + 1) if 0 <= j < len(segments) and _one_line(s, segments[j]))
        seen.append(found[k] or next((x for x in beside if x is not None), whole))
    return [_Pair(s, x) for s, x in zip(segments, seen, strict=True)]


def _one_line(a: Segment, b: Segment) -> bool:
    return abs(a.at(b.dub_start) - b.original_start) < ONE_LINE


def _told(apart: Sequence[_Pair], *, rule: bool, everywhere: bool) -> list[Message]:
    """How far sound and picture are apart: one figure where it is the same everywhere, else by stretches of the original."""
    if not apart:
        return []
    code = "doubt.picture_followed" if rule else "doubt.picture_disagrees"
    differences = [p.seen.difference for p in apart if p.seen]
    mean = round(1000 * float(np.mean(differences)))
    if everywhere and np.ptp(differences) <= pictures.CONSISTENT:
        return [message(code, difference_ms=mean)]
    parts = ", ".join(
        f"{clock(p.segment.original_start)}–{clock(p.segment.original_end)}: {1000 * p.seen.difference:+.0f} ms"
        for p in apart
        if p.seen
    )
    return [message(f"{code}.parts", parts=parts)]
