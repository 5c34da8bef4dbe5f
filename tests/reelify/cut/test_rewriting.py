"""Corrected sentences keep the times of their words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.values import Sentence, Transcript, Word
from reelify.cut.rewriting import Rewrite, matched, rewritten, rewritten_in


def sentence(text: str, start: float = 0.0) -> Sentence:
    words = tuple(Word(start + n, start + n + 0.9, w) for n, w in enumerate(text.split()))
    return Sentence(start, words[-1].end, text, words)


@pytest.mark.parametrize(
    ("heard", "written", "expected"),
    [
        ("Hola a tod os amigos.", "Hola a todos amigas.", ["Hola", "a", "todos", "", "amigas."]),
        ("vamos alado", "vamos al lado", ["vamos", "al lado"]),
        ("uno dos", "cero uno dos", ["cero uno", "dos"]),
        ("uno dos", "uno dos tres", ["uno", "dos tres"]),
        ("eh bueno pues", "bueno pues", ["", "bueno", "pues"]),
        ("que que sí", "que sí", ["", "que", "sí"]),
        ("la casa y la casa", "la casa y la caza", ["la", "casa", "y", "la", "caza"]),
        ("Hola, mundo.", "Hola mundo", ["Hola", "mundo"]),
        ("uno dos", "", ["", ""]),
    ],
)
def test_each_word_takes_the_place_of_its_like(heard: str, written: str, expected: list[str]) -> None:
    assert matched(heard.split(), written.split()) == expected


words = st.lists(st.text("abcdefgh.", min_size=1, max_size=6), min_size=1, max_size=9)


@given(words, words)
def test_together_they_are_what_was_written(old: list[str], new: list[str]) -> None:
    assert " ".join(w for w in matched(old, new) if w).split() == new


def test_words_keep_their_times() -> None:
    found = rewritten(sentence("vamos a la caza hoy"), "vamos a casa hoy")
    assert found.text == "vamos a casa hoy"
    assert [(w.start, w.text) for w in found.words] == [(0.0, "vamos"), (1.0, "a"), (3.0, "casa"), (4.0, "hoy")]


def test_only_the_sentence_that_was_meant_changes() -> None:
    transcript = Transcript("es", 60.0, tuple(sentence("mi casa", at) for at in (0.0, 10.0, 20.0)))
    rewrites = [
        Rewrite(Path("a.mp4"), 10.0004, "mi casa", "mi caza"), Rewrite(Path("b.mp4"), 20.0, "mi casa", "no"),
        Rewrite(Path("a.mp4"), 0.0, "tu casa", "no"), Rewrite(Path("a.mp4"), 40.0, "mi casa", "no"),
    ]  # fmt: skip
    found = rewritten_in(transcript, "a.mp4", rewrites)
    assert [s.text for s in found.sentences] == ["mi casa", "mi caza", "mi casa"]
    assert found.sentences[1].words[1].start == 11.0
