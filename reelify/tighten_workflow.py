"""Tightening a plan: what is heard in its cuts, what of it may go, and the plan without it. Decisions live in :mod:`reelify.tighten`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.engine import Engine
from pipeline.errors import ModelUnavailable
from pipeline.evidence.sound_events import BY_LABEL
from pipeline.media import channels
from pipeline.media.values import MediaInfo
from pipeline.messages import message
from pipeline.progress import Report, no_report, part_of
from pipeline.speech.clock import between
from pipeline.speech.values import Chunk, ChunkPiece
from pipeline.text import dictionaries
from pipeline.tracks.choice import chosen
from pipeline.values import Cut, Event, Span, Timeline, Transcript, Word
from reelify.requests import Place, TightRequest
from reelify.tighten.cutting import Receipt, punched, saved, tightened
from reelify.tighten.finding import removals
from reelify.tighten.hearing import RATE, measured
from reelify.tighten.hesitations import doubtful
from reelify.tighten.values import Again, Sound, Talk, Wish
from reelify.tighten.wording import bare

ROOM = 0.2
"""Seconds heard on both sides of a sound that is heard by itself: less than the pauses it lies between."""
VOICE_STEP = 0.032
"""Seconds between two probabilities of a voice (the detector's own)."""
AROUND = 0.5
"""Seconds heard beyond both ends of a cut, so that what is quiet there is known."""


@dataclass(frozen=True, slots=True)
class Tight:
    """A plan after tightening: receipts of everything that could go, and the seconds ``saved``."""

    plan: Timeline
    receipts: tuple[Receipt, ...] = ()
    saved: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """What went and what could have gone; times in seconds of the source, ``at`` of the result."""
        return {
            "saved": round(self.saved, 3),
            "removed": [
                {
                    "source": r.source, "start": round(r.removal.start, 3), "end": round(r.removal.end, 3), "kind": r.removal.kind,
                    "text": r.removal.text, "at": round(r.at, 3), "gone": r.gone,
                }
                for r in self.receipts
            ],
        }  # fmt: skip


def tight(
    engine: Engine,
    plan: Timeline,
    request: TightRequest,
    transcripts: Mapping[str, Transcript],
    report: Report = no_report,
) -> Tight:
    """``plan`` without what its cuts can do without; as it is where nothing is wished. ``transcripts`` by source, on its clock.

    Raises:
        UserError: a source cannot be read.
    """
    if not (request.tighten or request.struck):
        return Tight(plan)
    found, talks = {}, {}
    for number, cut in enumerate(plan.cuts):
        info = engine.probe(cut.source)
        if cut.rate != 1.0 or not info.audio or cut.source not in transcripts:
            continue
        stage = part_of(report, number / len(plan.cuts), (number + 1) / len(plan.cuts))
        wish, said = wish_of(request, Path(cut.source)), transcripts[cut.source]
        talks[cut] = talk = _talk(engine, cut, chosen(info, request.track).heard, said, stage, fillers=wish.fillers)
        found[cut] = removals(talk, wish)
    restored = list(chain.from_iterable(_spans(request.restored, Path(cut.source)) for cut in plan.cuts))
    made, receipts = tightened(plan, found, talks, restored)
    if request.punch_in:
        sounds: dict[str, list[Sound]] = {}
        for cut, talk in talks.items():
            sounds.setdefault(cut.source, []).append(talk.sound)
        made = punched(made, sounds)
    report(1.0, message("progress.tightening"))
    return Tight(made, receipts, saved(receipts, plan, made))


def wish_of(request: TightRequest, source: Path) -> Wish:
    """What is wished of ``source``: only what was struck out where nothing else is to be tightened."""
    struck, restored = _spans(request.struck, source), _spans(request.restored, source)
    if not request.tighten:
        return Wish(None, False, False, struck, restored)
    return Wish(request.longest_pause or None, request.fillers, request.repeats, struck, restored)


def _spans(places: Sequence[Place], source: Path) -> tuple[Span, ...]:
    return tuple(Span(p.start, p.end) for p in places if p.source in (None, source))


def _talk(engine: Engine, cut: Cut, stream: int, heard: Transcript, report: Report, *, fillers: bool) -> Talk:
    """What is known of one cut; doubtful sounds are heard again where ``fillers`` are looked for."""
    report(0.0, message("progress.tightening"))
    raw = engine.evidence(cut.source, part_of(report, 0.0, 0.8), stream)
    said = between(heard, cut.span)
    words = tuple(word for sentence in said.sentences for word in sentence.words)
    ends = tuple(i == len(s.words) - 1 for s in said.sentences for i in range(len(s.words)))
    sound, reactions = _heard(engine, cut, stream), _reactions(raw.events, cut.span)
    talk = Talk(cut.span, words, ends, sound, heard.language, reactions, _unknown(words, heard.language))
    return replace(talk, again=_again(engine, cut, stream, talk)) if fillers else talk


def _again(engine: Engine, cut: Cut, stream: int, talk: Talk) -> dict[Span, Again]:
    """The sounds of which it is doubtful whether they are words, heard by themselves; none where nothing can listen."""
    found = doubtful(talk)
    if not found:
        return {}
    info = engine.probe(cut.source)
    chunks = [_chunk(info, stream, Span(max(0.0, s.start - ROOM), s.end + ROOM)) for s in found]
    try:
        timed = engine.here.align(chunks, list(found.values()), talk.language)
        texts = engine.here.alone(chunks, talk.language)
    except ModelUnavailable:
        return {}
    sure = [float(np.mean([w.probability for w in words])) if words else 0.0 for words in timed]
    return {span: Again(p, text) for span, p, text in zip(found, sure, texts, strict=True)}


def _chunk(info: MediaInfo, stream: int, span: Span) -> Chunk:
    blocks = [block.samples for block in channels.heard(info, stream=stream, rate=RATE, span=span)]
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    voice = np.ones(int(len(samples) / RATE / VOICE_STEP) + 1, np.float32)
    return Chunk(samples, (ChunkPiece(0.0, span.start, len(samples) / RATE),), voice, VOICE_STEP)


def _unknown(words: Sequence[Word], language: str) -> frozenset[str]:
    """The words that no dictionary of the language has, without accents; none where there is no dictionary."""
    if not dictionaries.known(language):
        return frozenset()
    said = {bare(w.text) for w in words}
    return frozenset(word for word in said if not dictionaries.readings(word, language))


def _reactions(events: Sequence[Event], span: Span) -> tuple[Event, ...]:
    """What the audience does in ``span`` or right after it."""
    return tuple(e for e in events if e.label in BY_LABEL and e.end > span.start and e.start < span.end + 2.0)


def _heard(engine: Engine, cut: Cut, stream: int) -> Sound:
    begin = max(0.0, cut.span.start - AROUND)
    span = Span(begin, cut.span.end + AROUND)
    blocks = channels.heard(engine.probe(cut.source), stream=stream, rate=RATE, span=span)
    return measured(blocks, begin)
