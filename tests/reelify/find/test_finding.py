"""Search and chapters on made-up transcripts, and chapters as others read them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from pipeline import cli
from pipeline.engine import Engine
from pipeline.evidence.sound_events import LAUGHTER
from pipeline.settings import Settings
from pipeline.values import Event, Sentence, Shot, Transcript
from reelify import find_workflow
from reelify.__main__ import main
from reelify.find.chapters import SHORTEST, divided
from reelify.find.listing import CHAPTER_FORMS, Chapter
from reelify.find.searching import Index, Passage, Query


def transcript(texts: list[str], language: str, seconds: float = 5.0) -> Transcript:
    said = tuple(Sentence(seconds * n, seconds * n + seconds - 1, text) for n, text in enumerate(texts))
    return Transcript(language, seconds * len(texts), said)


def passages(*texts: str) -> tuple[Passage, ...]:
    return tuple(
        Passage("a", 5.0 * n, 5.0 * n + 4, t, tuple(frozenset({w.strip(".,").lower()}) for w in t.split()))
        for n, t in enumerate(texts)
    )


def index(*texts: str) -> Index:
    return Index(passages(*texts), np.zeros((len(texts), 1), np.float32))


def words(*said: str) -> Query:
    return Query(tuple(frozenset({w}) for w in said))


def test_rare_words_count_more_and_order_decides() -> None:
    found = index("the cat sat", "the dog and the bone", "the bone, the dog", "the the the").search(
        words("dog", "bone")
    )
    assert [h.passage.text for h in found[:2]] == ["the dog and the bone", "the bone, the dog"]
    assert found[0].score > found[1].score
    assert not index("the cat").search(words("zebra"))
    assert not Index((), np.zeros((0, 1), np.float32)).search(words("cat"))


def test_words_in_the_next_sentence_help_but_not_those_of_another_file() -> None:
    one, two = passages("we spoke of loans", "and the bank failed")
    other = Passage("b", 0.0, 4.0, "bank", (frozenset({"bank"}),))
    found = Index((one, two, other), np.zeros((3, 1), np.float32)).search(words("loans", "bank"))
    assert [h.passage.source for h in found] == ["a", "a", "b"]


def test_a_meaning_is_found_without_any_of_its_words() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    made = Index(passages("alpha", "beta"), vectors)
    (hit,) = made.search(Query((frozenset({"gamma"}),), np.array([0.1, 0.995], np.float32)))
    assert hit.passage.text == "beta"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(Settings.from_env({"DATA_DIR": str(tmp_path_factory.mktemp("find"))}))


@pytest.mark.models
@pytest.mark.parametrize(
    ("language", "texts", "query", "expected"),
    [
        (
            "es",
            ["Ayer compramos un horno nuevo.", "La masa reposa toda la noche.", "Los vecinos trajeron flores."],
            "comprar hornos",
            0,
        ),
        (
            "es",
            ["Ayer compramos un horno nuevo.", "La masa reposa toda la noche.", "Los vecinos trajeron flores."],
            "traer flor",
            2,
        ),
        (
            "en",
            ["She went to the doctor.", "The children were singing.", "Prices have fallen again."],
            "child sings",
            1,
        ),
        (
            "en",
            ["She went to the doctor.", "The children were singing.", "Prices have fallen again."],
            "the price falls",
            2,
        ),
    ],
)
def test_any_inflection_is_found(engine: Engine, language: str, texts: list[str], query: str, expected: int) -> None:
    made = find_workflow.index_of(engine, "a", transcript(texts, language))
    best = made.search(find_workflow.query_of(engine, query, (language,)))[0]
    assert best.passage.text == texts[expected]


@pytest.mark.models
@pytest.mark.parametrize("word", ["laughter", "risas", "Risa", "laughters"])
def test_sounds_are_found_by_their_names(engine: Engine, word: str) -> None:
    heard = transcript(["Uno.", "Dos."], "es")
    made = find_workflow.index_of(engine, "a", heard, (Event(7.0, 9.0, LAUGHTER.label, 0.9),))
    (hit,) = made.search(find_workflow.query_of(engine, word, ("es",)))
    assert (hit.passage.label, hit.passage.start) == (LAUGHTER.label, 7.0)


def topics(n: int, seed: int = 1) -> tuple[list[Sentence], np.ndarray]:
    """Sentences of 6 s in ``n`` topics of 20, each topic around its own direction."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(n, 32))
    vectors = np.repeat(centres / np.linalg.norm(centres, axis=1, keepdims=True), 20, axis=0) + chance.normal(
        scale=0.12, size=(20 * n, 32)
    )
    said = [Sentence(6.0 * i, 6.0 * i + 5.0, "x") for i in range(20 * n)]
    return said, np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_chapters_begin_where_the_topic_turns() -> None:
    said, vectors = topics(5)
    found = divided(said, vectors, 600.0, [Shot(119.3, 200.0)])
    assert [c.first for c in found] == [0, 20, 40, 60, 80]
    assert (found[0].start, found[-1].end) == (0.0, 600.0)
    assert found[1].start == pytest.approx(119.3)
    assert all(a.end == b.start for a, b in pairwise(found))


def test_one_topic_is_one_chapter_and_none_is_too_short() -> None:
    said, vectors = topics(1)
    assert len(divided(said, vectors, 120.0)) <= 2
    noise = np.random.default_rng(2).normal(size=(200, 16))
    found = divided(
        [Sentence(3.0 * i, 3.0 * i + 2, "x") for i in range(200)],
        np.asarray(noise / np.linalg.norm(noise, axis=1, keepdims=True), np.float32),
        600.0,
    )
    assert all(c.end - c.start >= SHORTEST - 3 for c in found)
    assert divided([], np.zeros((0, 4), np.float32), 10.0) == ()


LIST = (Chapter(0.0, 61.5, "Uno <&>"), Chapter(61.5, 66.0, "Corto"), Chapter(66.0, 3700.0, "Tres"))


def test_chapters_in_every_form() -> None:
    written: dict[str, Any] = {name: form.write(LIST, "es") for name, form in CHAPTER_FORMS.items()}
    assert written["youtube"].splitlines() == ["0:00:00 Uno <&>", "0:01:01 Corto"]
    root = ET.fromstring(written["matroska"])
    assert [a.findtext("ChapterDisplay/ChapterString") for a in root.iter("ChapterAtom")] == [
        "Uno <&>",
        "Corto",
        "Tres",
    ]
    assert [a.findtext("ChapterTimeStart") for a in root.iter("ChapterAtom")][1] == "00:01:01.500"
    assert json.loads(written["json"])["chapters"][2] == {"start": 66.0, "end": 3700.0, "title": "Tres"}
    assert all(form.write((), "") is not None for form in CHAPTER_FORMS.values())


@pytest.mark.parametrize(
    "arguments", [["find", "risas", "no.mp4"], ["chapters", "no.mp4"], ["tighten", "no.mp4", "--strike", "1-2.5"]]
)
def test_the_commands_say_what_is_missing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == cli.INPUT
    assert "no.mp4" in capsys.readouterr().err
