"""Thoughts are divided where something else begins, and clips hold whole ones."""

from __future__ import annotations

import numpy as np

from pipeline.values import Event, Sentence, Span, Transcript
from reelify.moments.highlights import find_highlights
from reelify.moments.thoughts import Course, divided, peeled, turns
from reelify.values import Evidence, Thought


def course(blocks: list[int], told: list[float]) -> Course:
    """Sentences of four seconds; each block has a direction of its own."""
    kind = [i for i, size in enumerate(blocks) for _ in range(size)]
    spans = tuple(Span(4.5 * i, 4.5 * i + 4.0) for i in range(len(kind)))
    no = np.zeros(len(kind), bool)
    return Course(spans, np.eye(len(blocks), dtype=np.float32)[kind], np.array(told), no, no, no)


def test_thoughts_end_where_meaning_turns() -> None:
    made = course([4, 5, 3], [0.9] * 12)
    odds = turns(made, {"turn.one": 1.0, "turn.likeness": -4.0})
    assert divided(made.spans, odds, made.told) == [(0, 3), (4, 8), (9, 11)]


def test_what_is_gone_through_is_peeled_off() -> None:
    told = np.array([0.1, 0.9, 0.9, 0.8, 0.1])
    assert peeled([(0, 4)], told) == [(0, 0), (1, 3), (4, 4)]
    assert peeled([(0, 4)], np.full(5, 0.2)) == [(0, 4)]


def talk(worths: list[float], routines: list[float], events: tuple[Event, ...] = ()) -> Evidence:
    """Thoughts of five sentences of four seconds."""
    sentences = tuple(
        Sentence(4.5 * i, 4.5 * i + 4.0, f"Sentence number {i} says word{i}.") for i in range(5 * len(worths))
    )
    thoughts = tuple(
        Thought(5 * i, 5 * i + 4, Span(sentences[5 * i].start, sentences[5 * i + 4].end), w, r)
        for i, (w, r) in enumerate(zip(worths, routines, strict=True))
    )
    length = sentences[-1].end + 2.0
    return Evidence(
        length, events=events, transcript=Transcript("en", length, sentences), has_video=False, thoughts=thoughts
    )


def test_a_clip_is_a_whole_thought_and_never_the_greeting() -> None:
    made = talk([0.05, 0.1, 0.8, 0.05, 0.1, 0.1], [0.9, 0.9, 0.1, 0.9, 0.9, 0.9])
    found = find_highlights(made, count=3, min_duration=15.0, max_duration=60.0)
    assert len(found.clips) == 1
    clip, thought = found.clips[0], made.thoughts[2]
    assert clip.start <= thought.span.start
    assert clip.end >= thought.span.end
    assert clip.duration < thought.span.duration + 1.0
    assert [d.code for d in found.doubts if d.code == "doubt.fewer_clips"]


def test_a_reaction_belongs_to_its_thought() -> None:
    plain = talk([0.1] * 6, [0.3] * 6)
    end = plain.thoughts[3].span.end
    made = talk([0.1] * 6, [0.3] * 6, (Event(end + 0.2, end + 3.0, "laughter", 0.9),))
    best = find_highlights(made, count=1, min_duration=15.0, max_duration=60.0).clips[0]
    assert best.start <= made.thoughts[3].span.start + 0.01
    assert best.end >= end + 3.0
