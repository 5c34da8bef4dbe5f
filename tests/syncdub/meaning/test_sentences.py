"""Sentence alignment: facts about small texts with made-up vectors, a long text, and one real text with gold links."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from syncdub.meaning.bands import around, heaviest_chain
from syncdub.meaning.lexical import keys, shared_keys
from syncdub.meaning.sentences import Link, align, align_texts

WORDS = 400


class Concepts:
    """A fake encoder: ``"a17"`` and ``"b17"`` mean the same; a text is the sum of its words and some noise of its own."""

    def __init__(self, seed: int = 0) -> None:
        self._concepts = np.random.default_rng(seed).normal(size=(40_000, 64)).astype(np.float32)
        self.calls: list[list[str]] = []

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        self.calls.append(texts)
        vectors = np.stack([self._one(t) for t in texts])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def _one(self, text: str) -> NDArray[np.float32]:
        meaning = sum((self._concepts[int(w[1:])] for w in text.split()), np.zeros(64, np.float32))
        noise = np.random.default_rng(sum(map(ord, text))).normal(size=64) * 0.2 * np.linalg.norm(meaning) / 8
        return np.asarray(meaning + noise, dtype=np.float32)


def story(n: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """``n`` sentences of six words and their translations; the words have nothing in common on the surface."""
    words = np.random.default_rng(seed).permutation(39_000)[: 6 * n].reshape(n, 6)
    return [" ".join(f"a{w}" for w in row) for row in words], [" ".join(f"b{w}" for w in row) for row in words]


def pairs(links: list[Link]) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    return {(k.source, k.target) for k in links if k.source and k.target}


def test_equal_stories_align_one_to_one() -> None:
    source, target = story(30)
    assert pairs(align(source, target, Concepts())) == {((i,), (i,)) for i in range(30)}


def test_a_link_prints_as_the_command_line_promises() -> None:
    assert str(Link((0, 1), (2,))) == "[0, 1]:[2]"
    assert str(Link((), (3,))) == "[]:[3]"


def test_split_merged_deleted_and_inserted_sentences() -> None:
    source, target = story(30)
    halves = target[5].split()
    changed = [*target[:5], " ".join(halves[:3]), " ".join(halves[3:]), *target[6:10], f"{target[10]} {target[11]}"]
    changed += [*target[12:20], *target[21:25], *story(4, seed=9)[1], *target[25:]]
    links = align(source, changed, Concepts())
    assert ((5,), (5, 6)) in pairs(links)
    assert ((10, 11), (11,)) in pairs(links)
    assert Link((20,), ()) in links
    assert {k.target for k in links if not k.source} == {(j,) for j in range(24, 28)}


@pytest.mark.parametrize("seed", range(5))
def test_every_sentence_is_covered_once_in_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    source, target = story(40, seed)
    target = [t for t in target if random.random() > 0.3]
    links = align(source, target, Concepts(seed))
    assert [i for k in links for i in k.source] == list(range(len(source)))
    assert [j for k in links for j in k.target] == list(range(len(target)))
    assert max(max(len(k.source), len(k.target)) for k in links) <= 4


def test_same_input_same_links() -> None:
    source, target = story(25)
    assert align(source, target[3:], Concepts()) == align(source, target[3:], Concepts())


def test_no_text_is_encoded_twice() -> None:
    encoder = Concepts()
    source, target = story(12)
    align([*source, source[0]], [*target, target[0]], encoder)
    sent = [t for call in encoder.calls for t in call]
    assert len(encoder.calls) <= 2
    assert len(sent) == len(set(sent))


def test_empty_sides_and_blank_sentences() -> None:
    assert align_texts([], [], Concepts()) == []
    assert align_texts([], ["b1", "b2"], Concepts()) == [Link((), (0,)), Link((), (1,))]
    assert align_texts(["a1"], [], Concepts()) == [Link((0,), ())]
    assert [i for k in align_texts(["", "  "], ["", ""], Concepts()) for i in k.source] == [0, 1]
    source, target = story(10)
    links = align([*source[:4], " ", *source[4:]], target, Concepts())
    assert ((3,), (3,)) in pairs(links)
    assert ((5,), (4,)) in pairs(links)


def test_a_long_text_with_a_long_insertion_stays_in_its_corridor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncdub.meaning.sentences.WHOLE_TABLE", 10_000)
    source, target = story(160)
    links = align(source, [*target[:70], *story(50, seed=7)[1], *target[70:]], Concepts())
    right = pairs(links) & ({((i,), (i,)) for i in range(70)} | {((i,), (i + 50,)) for i in range(70, 160)})
    assert len(right) > 155


@pytest.mark.slow
def test_a_text_of_a_whole_film_with_a_long_insertion_stays_in_its_corridor() -> None:
    source, target = story(1200)
    links = align(source, [*target[:500], *story(300, seed=7)[1], *target[500:]], Concepts())
    right = pairs(links) & ({((i,), (i,)) for i in range(500)} | {((i,), (i + 300,)) for i in range(500, 1200)})
    assert len(right) > 1180


def test_a_line_that_adds_nothing_is_left_out_and_not_joined() -> None:
    source, target = story(20)
    # Interjections between full sentences: one more of them on the target's side than on the source's.
    links = align([*source[:10], "a7", "a7", *source[10:]], [*target[:10], "b7", "b7", "b7", *target[10:]], Concepts())
    assert {((i,), (i,)) for i in range(10)} | {((i,), (i + 1,)) for i in range(12, 22)} <= pairs(links)
    assert all(len(k.source) == len(k.target) == 1 for k in links if k.source and k.target)
    assert sum(not k.source for k in links) == 1


def test_a_corridor_is_narrow_around_its_chain_and_whole_in_a_hole() -> None:
    band = around([(k, k) for k in range(0, 1000, 10)], 1000, 1000, 5)
    assert band.cells < 40_000
    assert band.low[500] <= 495
    assert band.high[500] >= 505
    hole = around([(100, 100), (200, 400)], 500, 700, 5)
    assert hole.low[150] <= 100
    assert hole.high[150] >= 400
    assert (np.diff(hole.low) >= 0).all()
    assert (np.diff(hole.high) >= 0).all()


def test_the_heaviest_chain_rises_in_both() -> None:
    cells = [(0, 0), (1, 5), (1, 1), (2, 2), (3, 1)]
    assert heaviest_chain(cells, [1.0, 5.0, 1.0, 1.0, 1.0]) == [0, 1]
    assert heaviest_chain(cells, [1.0, 1.0, 1.0, 1.0, 1.0]) == [0, 2, 3]
    assert heaviest_chain([], []) == []


def test_keys_are_the_same_across_languages() -> None:
    assert keys("L'expédition de 1956 ?") & keys("Die Expedition 1956?") >= {"exped", "#1956", "?"}
    shared = shared_keys(["1956 Hartog", "ja"], ["nein", "Hartog 1956"])
    assert list(shared.columns[0]) == [1]
    assert not len(shared.columns[1])


def read_gold(path: Path) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    lines = [line.split(":") for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    return {(tuple(ast.literal_eval(a)), tuple(ast.literal_eval(b))) for a, b in lines}


@pytest.mark.models
def test_real_text_reaches_the_accuracy_promised(media: Path) -> None:
    from pipeline.settings import Settings
    from pipeline.text.embedder import Embedder

    texts = [(media / "bitext" / f"dev.{side}").read_text(encoding="utf-8").splitlines() for side in ("de", "fr")]
    gold = {(s, t) for s, t in read_gold(media / "bitext" / "dev.defr") if s and t and s[-1] < 60}
    german, french = texts[0][:60], texts[1][: max(t[-1] for _, t in gold) + 1]
    found = pairs(align(german, french, Embedder(Settings()).encode))
    assert len(found & gold) / len(found) > 0.8
    assert len(found & gold) / len(gold) > 0.8
