"""Which words are fillers and repeated starts, and which only look like it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.values import Word
from reelify.tighten.wording import Wording


def said(text: str) -> tuple[list[Word], list[bool]]:
    """Words of 0.3 s; ``_`` is half a second of silence, a sentence ends with its sign."""
    words, ends, at = [], [], 0.0
    for piece in text.split():
        if piece == "_":
            at += 0.5
            continue
        words.append(Word(at, at + 0.3, piece))
        ends.append(piece[-1] in ".!?" and not piece.endswith("..."))
        at += 0.32
    return words, ends


def gone(text: str, language: str, kind: str) -> list[str]:
    words, ends = said(text)
    found = getattr(Wording(words, ends, language), kind)()
    return [" ".join(w.text for w in words[p.first : p.last + 1]) for p in found]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("es", "Yo eh creo que Eeeh... em, sí.", ["eh", "Eeeh...", "em,"]),
        ("es", "Era grande, o sea, enorme.", ["o sea,"]),
        ("es", "Bueno, pues, vamos a empezar.", ["Bueno,", "pues,"]),
        ("es", "Quería _ este... _ contarte algo.", ["este..."]),
        ("es", "Este libro es bueno.", []),
        ("es", "Este, que es mío, es bueno, de verdad.", []),
        ("es", "¿Vienes mañana? Bueno.", []),
        ("es", "¿Vienes mañana? Bueno, no puedo.", []),
        ("es", "Quieres saber qué hice entonces. _ Bueno, _ compré otro.", []),
        ("es", "No sé nada. Bueno, vamos.", ["Bueno,"]),
        ("es", "Nadie sabía entonces por qué ardía. _ Bueno, _ seguimos.", ["Bueno,"]),
        ("es", "Sabes cuánto tardé en llegar, _ pues tres días, _ pues _ dormí allí.", ["pues"]),
        ("es", "Sabes cuánto tardé, _ pues _ tres días.", []),
        ("es", "Te imaginas lo que dijo mi suegra. _ Bueno, nada amable.", []),
        ("es", "Es bonito, ¿eh?", []),
        ("es", "O sea que vienes. Pues no quiero.", []),
        ("es", "Era tarde. O sea, que no vienes.", []),
        ("en", "So I um went, uh, to Ummm the shop.", ["um", "uh,", "Ummm"]),
        ("en", "It was, you know, strange. I mean, really.", ["you know,", "I mean,"]),
        ("en", "You know him. I mean it. He did well.", []),
        ("en", "It was _ like _ a dream.", ["like"]),
        ("en", "It looks like a dream, like, you said.", []),
        ("en", "Did you win? Well.", []),
        ("en", "It was cold. _ You know. _ We ran.", ["You know."]),
        ("en", "It was cold. You know. We ran.", []),
        ("en", "It was cold. _ You know? _ We ran.", []),
        ("en", "Who won? _ You know. _ We ran.", []),
        ("en", "Sure. _ Today, _ I want to tell you.", []),
        ("de", "Also ich um gehe.", []),
    ],
)
def test_fillers_are_those_set_apart(language: str, text: str, expected: list[str]) -> None:
    assert gone(text, language, "fillers") == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("es", "Yo yo creo que vamos a vamos a ganar.", ["Yo", "vamos a"]),
        ("es", "El pe- perro ladra.", ["pe-"]),
        ("es", "Yo quería ir... Yo quería decir algo.", ["Yo quería ir..."]),
        ("es", "No, no, es muy muy bueno.", []),
        ("es", "Agua agua agua, gritó. Son dos dos tres.", []),
        ("es", "Vino el martes. El martes comió.", []),
        ("en", "I I think we should we should go.", ["I", "we should"]),
        ("en", "It was very very long. The b-boat sank.", []),
        ("en", "What it is is a shame and that that works.", ["is", "that"]),
    ],
)
def test_repeated_starts_go_and_what_is_meant_stays(language: str, text: str, expected: list[str]) -> None:
    assert gone(text, language, "repeats") == expected


@pytest.mark.parametrize(("before", "expected"), [("Sí.", ["Usea,"]), ("¿Sí?", [])])
def test_a_filler_misheard_between_pauses_goes_but_no_answer(before: str, expected: list[str]) -> None:
    words, ends = said(f"{before} _ Usea, _ ya veremos.")
    words = [replace(w, probability=0.4) for w in words]
    found = Wording(words, ends, "es").fillers()
    assert [w.text for p in found for w in words[p.first : p.last + 1]] == expected


@pytest.mark.parametrize(
    ("heard", "lost"), [("Es del,", True), ("Es él,", False), ("Pues sí,", False), ("Este.", True)]
)
def test_what_sounds_like_a_filler_goes_and_what_only_begins_so_stays(heard: str, lost: bool) -> None:
    words, ends = said(f"Eso digo. _ {heard} _ ya veremos.")
    words = [replace(w, probability=0.5) for w in words]
    assert bool(list(Wording(words, [False] * len(ends), "es").fillers())) is lost


@pytest.mark.parametrize(("sure", "lost"), [((0.35, 0.24), True), ((0.35, 0.6), False), ((0.6, 0.6), False)])
def test_words_that_are_guesses_need_not_be_so_alike(sure: tuple[float, float], lost: bool) -> None:
    words, ends = said("Es de día. _ Es deud, _ ya veremos.")
    guessed = [replace(w, probability=p) for w, p in zip(words[3:5], sure, strict=True)]
    found = Wording([*words[:3], *guessed, *words[5:]], ends, "es").fillers()
    assert bool(list(found)) is lost
