"""What onsets placed brought to a fraction of a millisecond: by the phase of both mixes, then, for what is still in doubt, by that of
their music and effects alone (see :mod:`syncdub.reading.polish`, :mod:`syncdub.reading.beds`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import ModelUnavailable, OutOfMemory
from pipeline.messages import Message, clock, message
from pipeline.values import Span
from syncdub.exact.findings import WHOLE, Finding
from syncdub.reading import beds
from syncdub.reading.bridging import as_one, bending, bridged, is_known, straightened
from syncdub.reading.joining import rejoined
from syncdub.reading.polish import polished, settled
from syncdub.reading.relocating import relocated
from syncdub.reading.support import held_by_phase
from syncdub.reading.tracks import Tracks
from syncdub.values import Segment
from syncdub.verdict import balance

STRETCHED_MS = 5.0
"""Error bar that a change of speed with the pitch kept leaves at least: stretchers move onsets by up to 4 ms (95 %)."""

SAME_SPEED, LEANING = 1e-7, 2e-4
"""How far (of one) the speed of a segment lies from the speed of all to be another, and where a few windows may have bent it only."""


def finished(finding: Finding, tracks: Tracks, device: str) -> Finding:
    """The segments to a fraction of a millisecond where sound placed them and its phase survived, which may also show that more or
    less is shared than the onsets said."""
    if finding.witness != "sound" or not finding.segments:
        return finding
    segments = polished(finding.segments, tracks, finding.durations, finding.rate)
    segments = _bridged(relocated(segments, tracks), tracks)
    finding = _with_beds(finding, segments, tracks, device)
    segments = _straight(finding.segments, tracks, finding.rate)
    doubts = tuple(d for d in finding.doubts if d.code != "doubt.only_shared_placed")
    only = held_by_phase(segments, tracks, finding.durations)
    segments = segments if only is None else only
    whole = balance(segments, *finding.durations).agreement >= WHOLE
    segments, unsure = rejoined(segments, tracks, whole=whole)
    segments = bending(segments)
    doubts = (*doubts, *_said(unsure))
    share = balance(segments, *finding.durations)
    if only is not None or (share.agreement < WHOLE and len(doubts) < len(finding.doubts)):
        doubts = (message("doubt.only_shared_placed", matched=share.matched, contradicted=share.contradicted), *doubts)
    if finding.pitch == "kept":
        segments = tuple(replace(s, error_ms=max(s.error_ms, STRETCHED_MS)) for s in segments)
    return replace(finding, segments=segments, doubts=doubts)


def _said(unsure: Sequence[Span]) -> tuple[Message, ...]:
    """What is said of joins that may lie anywhere within a while."""
    if not unsure:
        return ()
    spans = ", ".join(f"{clock(s.start)}–{clock(s.end)}" for s in unsure)
    return (message("doubt.joins_unsure", spans=spans, seconds=max(s.duration for s in unsure)),)


def _with_beds(finding: Finding, segments: tuple[Segment, ...], tracks: Tracks, device: str) -> Finding:
    """The finding with ``segments``, better ones where music and effects alone know more; what was stretched shares no phase."""
    if finding.pitch == "kept":
        return replace(finding, segments=segments)
    try:
        better, layer = beds.asked(segments, tracks, device)
    except (ModelUnavailable, OutOfMemory) as error:
        return replace(finding, segments=segments, doubts=(*finding.doubts, message("doubt.no_beds", why=str(error))))
    return replace(finding, segments=better, bed=layer)


def _bridged(segments: tuple[Segment, ...], tracks: Tracks) -> tuple[Segment, ...]:
    """``segments`` with what is unknown between known ones on their line, and asked for its phase there."""
    if all(is_known(s) for s in segments) or not any(is_known(s) for s in segments):
        return segments
    return tuple(s if is_known(s) else settled([s], tracks)[0] for s in bridged(segments))


def _straight(segments: tuple[Segment, ...], tracks: Tracks, rate: float) -> tuple[Segment, ...]:
    """``segments`` with pieces of one line as one, where its phase agrees, and one that leans a little upright, where that agrees
    better."""
    out: list[Segment] = []
    for group in straightened(segments, rate):
        if len(group) == 1 and not _leans(group[0], rate):
            out += group
            continue
        whole = settled([_unasked(as_one(group, rate))], tracks)[0]
        better = is_known(whole) and (len(group) > 1 or _phase(whole) > _phase(group[0]))
        out += [whole] if better else group
    return tuple(out)


def _leans(segment: Segment, rate: float) -> bool:
    return is_known(segment) and SAME_SPEED < abs(segment.rate / rate - 1.0) < LEANING


def _phase(segment: Segment) -> float:
    """How high the phase of a known segment stands."""
    return float(segment.evidence["sound"]["phase"])


def _unasked(segment: Segment) -> Segment:
    """``segment`` without what is known of its phase."""
    figures = {name: value for name, value in segment.evidence.get("sound", {}).items() if name != "phase"}
    return replace(segment, evidence={**segment.evidence, "sound": figures})
