"""Many passages beside each other: what is common to all is taken out, rare words decide."""

from __future__ import annotations

import numpy as np

from reelify.find.meanings import MANY, NO_WORDS, Meanings, Words, words_joined
from reelify.find.searching import Index, Passage, Query


def words(*texts: str, vectors: dict[str, list[float]]) -> Words:
    said = [t.split() for t in texts]
    known = sorted({w for s in said for w in s})
    rows = np.repeat(np.arange(len(said)), [len(s) for s in said])
    columns = np.array([known.index(w) for s in said for w in s], np.intp)
    return Words(tuple(known), np.array([vectors[w] for w in known], np.float32), rows, columns)


def test_what_all_have_in_common_does_not_count() -> None:
    """Every passage points along the first axis; the query too, and a little along the third, as one of them does."""
    whole = np.array([[1.0, 0.3, 0.0], [1.0, 0.25, 0.05], [1.0, -0.2, 0.1], [1.0, 0.0, 0.3]], np.float32)
    found = Meanings(whole, NO_WORDS).nearness(np.array([1.0, 0.0, 0.2], np.float32), (), np.zeros((0, 1), np.float32))
    assert int(np.argmax(found)) == 3


def test_rare_words_say_more() -> None:
    vectors = {"we": [1.0, 0.0], "go": [0.9, 0.1], "bees": [0.0, 1.0], "hive": [0.1, 0.9], "say": [1.0, 0.1]}
    texts = ["we go", "we say", "we go say", "we bees"]
    found = Meanings(np.zeros((4, 2), np.float32), words(*texts, vectors=vectors)).nearness(
        np.zeros(2, np.float32), ("we", "hive"), np.array([vectors["we"], vectors["hive"]], np.float32)
    )
    assert int(np.argmax(found)) == 3


def test_files_put_together_know_each_word_once() -> None:
    vectors = {"a": [1.0, 0.0], "b": [0.0, 1.0], "c": [0.5, 0.5]}
    one, two = words("a b", "b", vectors=vectors), words("c", "b c", vectors=vectors)
    both = words_joined([(one, 2), (NO_WORDS, 3), (two, 2)])
    assert both.known == ("a", "b", "c")
    assert [(int(r), both.known[c]) for r, c in zip(both.rows, both.columns, strict=True)] == [
        (0, "a"), (0, "b"), (1, "b"), (5, "c"), (6, "b"), (6, "c"),
    ]  # fmt: skip
    assert both.vectors[2].tolist() == [0.5, 0.5]
    assert words_joined([]) is NO_WORDS


def test_only_many_passages_are_looked_at_so() -> None:
    """Two of a common direction: few passages go by it, many by what sets one of them apart."""
    vectors = {"x": [1.0, 0.0], "y": [1.0, 0.2]}
    for count, wanted in ((MANY - 1, 0), (MANY, count_of := MANY - 1)):
        texts = ["x"] * (count - 1) + ["y"]
        whole = np.array([vectors[t] for t in texts], np.float32)
        made = Index(
            tuple(Passage("a", n, n + 1, t) for n, t in enumerate(texts)), whole, words(*texts, vectors=vectors)
        )
        query = Query((), np.array([1.0, 0.1], np.float32), said=("y",), meanings=np.array([[1.0, 0.2]], np.float32))
        near = made._near(query.vector, query)  # type: ignore[arg-type]
        assert (int(np.argmax(near)) == count - 1) is (wanted == count_of) or count < MANY
