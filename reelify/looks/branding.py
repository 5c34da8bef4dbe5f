"""A clip with what a kept look puts around it: an intro, an outro, a card at its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.engine import Engine
from pipeline.speech.clock import moved
from pipeline.values import Cut, Span, Timeline, Transcript
from reelify.looks.kits import Kit

CARD_SECONDS = 2.0


def around(engine: Engine, plan: Timeline, kit: Kit, card: Path | None) -> tuple[Timeline, float]:
    """``plan`` between the kit's intro and outro and before the ``card``, and by how many seconds it begins later."""
    before = [kit.intro] if kit.intro else []
    after = [path for path in (kit.outro, card) if path is not None]
    if not before and not after:
        return plan, 0.0
    at, cuts = 0.0, []
    for path in before:
        cuts.append(Cut(str(path), Span(0.0, engine.probe(path).duration), at))
        at += cuts[-1].span.duration
    cuts += [replace(cut, at=cut.at + at) for cut in plan.cuts]
    end = plan.duration + at
    for path in after:
        cuts.append(Cut(str(path), Span(0.0, engine.probe(path).duration), end))
        end += cuts[-1].span.duration
    return replace(plan, cuts=tuple(cuts)), at


def later(transcript: Transcript, seconds: float) -> Transcript:
    """``transcript`` on a clock on which it begins ``seconds`` later."""
    return moved(transcript, Span(0.0, transcript.duration), seconds) if seconds else transcript


def speech_of(transcript: Transcript) -> tuple[Span, ...]:
    """When somebody speaks."""
    return tuple(sentence.span for sentence in transcript.sentences)
