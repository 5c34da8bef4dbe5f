"""When the words are said that earned points."""

from __future__ import annotations

from pipeline.values import Cut, Sentence, Span, Timeline, Transcript, Word
from reelify.cut.keywords import key_spans, on_result
from reelify.values import Point

WORDS = tuple(
    Word(float(i), i + 0.8, " " + w)
    for i, w in enumerate(["¿Quieres", "un", "descuento?", "Pues", "un", "DESCUENTO", "increíble"])
)
SAID = Transcript("es", 9.0, (Sentence(0.0, 8.0, "", WORDS),))


def test_the_word_that_was_meant() -> None:
    points = [Point("commercial", "descuento", 5.1, 0.1), Point("emotional", "increible", 6.0, 0.1)]
    assert key_spans(SAID, points) == (Span(5.0, 5.8), Span(6.0, 6.8))


def test_whole_sentences_and_what_no_word_earned_are_left_alone() -> None:
    points = [
        Point("hook", "¿Quieres un descuento? Pues", 0.0, 0.1), Point("duration", "descuento", 2.0, 0.1), Point("hook", "nada", 2.0, 0.1),
        Point("hook", "descuento", 20.0, 0.1), Point("hook", "…", 0.0, 0.1),
    ]  # fmt: skip
    assert key_spans(SAID, points) == ()


def test_on_the_clock_of_a_result() -> None:
    plan = Timeline((Cut("a", Span(5.0, 6.0), 0.0), Cut("b", Span(0.0, 1.0), 1.0), Cut("a", Span(2.0, 3.0), 2.0)))
    assert on_result(plan, "a", (Span(2.0, 2.8), Span(5.0, 5.8), Span(8.0, 8.5))) == (
        Span(0.0, 5.8 - 5.0),
        Span(2.0, 2.8),
    )
