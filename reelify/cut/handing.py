"""A clip for people who go on in an editor: its plan with everything known of it, in every form, beside the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.engine import Engine
from pipeline.framing.framing import CropPath
from pipeline.messages import Message, say
from pipeline.values import Timeline, Transcript
from reelify.values import Point

LEAST_POINTS = 0.004
"""Points under which a word is not marked: a timeline full of markers says nothing."""
MOST_MARKERS = 200


def write_plans(
    engine: Engine, plan: Timeline, beside: Path, marks: Sequence[tuple[float, str, str]] = (), transcript: Transcript | None = None,
    made: tuple[tuple[int, int], Mapping[int, CropPath]] | None = None,
) -> dict[str, Path]:  # fmt: skip
    """The plan in every form. ``marks`` are (second of the result, name, note); ``made`` what the rendered clip is: its size, and how
    its frame moved."""
    from pipeline.editors import plans
    from pipeline.editors.values import Handover, Marker
    from pipeline.render.graph import frame_rate

    media = {source: engine.probe(source) for source in dict.fromkeys(c.source for c in plan.cuts)}
    first = next((info for info in media.values() if info.video), next(iter(media.values())))
    size = (
        made[0]
        if made and all(made[0])
        else (first.video.display_width, first.video.display_height)
        if first.video
        else (1920, 1080)
    )
    markers = tuple(Marker(at, name, note) for at, name, note in sorted(marks)[:MOST_MARKERS])
    given = Handover(plan, frame_rate(first), beside.stem, size, media, transcript, markers, made[1] if made else {})
    return plans.write_plans(given, beside)


def reason_marks(at: float, name: str, reasons: Sequence[Message], language: str) -> list[tuple[float, str, str]]:
    """A clip's title and why it was chosen, at its beginning."""
    return [(at, name, "; ".join(say(r, language) for r in reasons))]


def point_marks(points: Sequence[Point], at: float, language: str) -> list[tuple[float, str, str]]:
    """The words that earned points, where they are said; ``at`` is where the points' clock begins in the result. Editors show the name
    alone, and "263" or "?" says nothing without what it counts for."""
    named = [(p, say(Message(f"part.{p.part}"), language)) for p in points if p.points >= LEAST_POINTS]
    return [
        (at + p.start, f"{name}: {p.text}" if p.text else name, f"{name} +{100 * p.points:.1f}") for p, name in named
    ]
