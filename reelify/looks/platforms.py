"""Where clips are posted, and what each place takes: one entry a place, by the name that requests use.

Limits are those that the places' own help pages and upload interfaces name in 2026 (the smaller one where applications differ); safe
areas are the published guides for a picture of 1080 × 1920, as shares. They change: a new one is a changed number here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.captions.placing import Safe
from pipeline.messages import Message
from pipeline.render.exports import safe_name
from pipeline.values import Sentence, Span
from reelify.cut.compilation import FADE_OUT, LEAD_IN, best_run

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Platform:
    """A place: the ``aspect`` it shows best, ``shortest`` and ``longest`` in seconds, ``largest`` file in bytes, what its own buttons cover
    (``safe``), and how loud it plays (LUFS). Its name for people is the message ``ui.platform.<name>``."""

    name: str
    aspect: str
    shortest: float
    longest: float
    largest: int
    safe: Safe
    loudness: float = -14.0


PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        Platform("tiktok", "9:16", 3.0, 600.0, 287 * MB, Safe(0.06, 0.07, 0.14, 0.21)),
        Platform("reels", "9:16", 3.0, 180.0, 300 * MB, Safe(0.06, 0.14, 0.12, 0.20)),
        Platform("shorts", "9:16", 1.0, 180.0, 2048 * MB, Safe(0.05, 0.15, 0.18, 0.25)),
        Platform("linkedin", "4:5", 3.0, 600.0, 5120 * MB, Safe(0.05, 0.05, 0.05, 0.08)),
        Platform("x", "1:1", 0.5, 140.0, 512 * MB, Safe(0.04, 0.04, 0.04, 0.10)),
        Platform("whatsapp", "9:16", 1.0, 60.0, 16 * MB, Safe(0.04, 0.10, 0.04, 0.14), -16.0),
    )
}


def too_long(platform: Platform, duration: float, cut: Span | None) -> tuple[Message, ...]:
    """What is said of a clip of ``duration`` seconds that the place does not take; ``cut`` is its best part that would do."""
    if platform.shortest <= duration <= platform.longest + 0.05:
        return ()
    values = {
        "platform": platform.name,
        "seconds": duration,
        "longest": platform.longest,
        "shortest": platform.shortest,
    }
    if duration < platform.shortest:
        return (Message("doubt.too_short_for", values),)
    if cut is None:
        return (Message("doubt.too_long_for", values),)
    return (Message("doubt.too_long_for_cut", {**values, "start": cut.start, "end": cut.end}),)


def best_cut(platform: Platform, sentences: Sequence[Sentence], worth: Sequence[float], duration: float) -> Span | None:
    """The part of a clip, whole sentences, with the most worth that ``platform`` takes; on the clip's clock, ``None`` where none does."""
    longest = platform.longest - LEAD_IN - FADE_OUT
    run = best_run(sentences, worth, min(platform.shortest, longest), longest)
    if run is None:
        return None
    return Span(max(0.0, run.span.start - LEAD_IN), min(duration, run.span.end + FADE_OUT))


def post_name(platform: str, title: str, aspect: str, suffix: str = ".mp4") -> str:
    """What a clip's file is called where it is posted: the place, the title and the shape."""
    shape = "" if ":" not in aspect else "_" + aspect.replace(":", "x")
    stem = title.rpartition(".")[0] if "." in title[1:] and len(title.rpartition(".")[2]) <= 4 else title
    return safe_name(f"{platform}_{stem}{shape}{suffix}" if platform else f"{stem}{shape}{suffix}")
