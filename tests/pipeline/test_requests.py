"""What every request promises: ranges, JSON there and back, files known by their type, and the doors' view of its parameters."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from pipeline import cli
from pipeline.errors import BadRequest
from pipeline.requests import Request, option, options_of, unstored
from pipeline.settings import Settings
from pipeline.values import Span


@dataclass(frozen=True, slots=True)
class Piece:
    source: Path
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Wish(Request):
    source: Path
    pieces: tuple[Piece, ...] = ()
    extra: tuple[Path, ...] = option((), "more files", doors=("command",))
    n: int = option(3, "how many", low=1, high=9)
    share: float | None = option(None, "a share", low=0, high=1, setting="min_viral_score")
    shape: Literal["wide", "tall"] = option("wide", "the shape")
    hook: str = option("", "a title", longest=5)
    code: str | None = option(None, "two letters", pattern="[a-z]{2}", shown="auto", calls={"rest": "lang"})
    loud: bool = option(True, "not loud", calls={"command": "no-loud"})
    words: Mapping[str, str] = option(dict, "JSON", doors=("client",))
    out: Path | None = unstored(None, "where to", doors=("command",))


FULL = Wish(
    Path("/a"), (Piece(Path("/b"), Span(1.0, 2.0)), Piece(Path("/a"))), (Path("/c"),), 4, 0.5, "tall", "ñ", "es", False, {"a": "b"}
)  # fmt: skip


def test_json_there_and_back_says_the_same() -> None:
    text = json.dumps(FULL.to_json())
    assert Wish.from_json(json.loads(text)) == FULL
    assert Wish.from_json(Wish(Path("/a")).to_json()) == Wish(Path("/a"))


def test_what_an_older_row_lacks_has_its_default_and_what_it_has_too_much_is_ignored() -> None:
    assert Wish.from_json({"source": "/a", "gone": [1], "out": None}) == Wish(Path("/a"))


def test_where_results_go_is_not_stored() -> None:
    placed = replace(FULL, out=Path("/results"))
    assert "out" not in placed.to_json()
    assert Wish.from_json(placed.to_json()).out is None
    assert "/results" not in placed.files()


def test_files_are_the_paths_and_nothing_else() -> None:
    assert FULL.files() == ("/a", "/b", "/c")
    moved = FULL.with_files(lambda path: Path("/x") / path.name)
    assert moved.files() == ("/x/a", "/x/b", "/x/c")
    assert (moved.pieces[0].span, moved.n, moved.names) == (FULL.pieces[0].span, FULL.n, FULL.names)


@pytest.mark.parametrize(
    "wrong",
    [{"n": 0}, {"n": 10}, {"n": 2.5}, {"n": "x"}, {"share": 1.1}, {"share": float("nan")}, {"share": float("inf")}, {"shape": "odd"},
     {"code": "e"}, {"code": "es-ES"}, {"pieces": [{}]}, {"pieces": 7}, {"words": {"a": [1]}}, {"source": None}, {"extra": "abc"}],
)  # fmt: skip
def test_wrong_values_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as told:
        Wish.from_json({"source": "/a", **wrong})
    assert next(iter(wrong)) in str(told.value.message.values["field"])


def test_a_value_made_in_python_is_checked_too() -> None:
    with pytest.raises(BadRequest):
        Wish(Path("/a"), n=99)
    assert Wish(Path("/a"), hook="too long").hook == "too l"


def test_doors_see_what_is_offered_to_them() -> None:
    assert [p.called for p in options_of(Wish, "rest")] == ["notify", "n", "share", "shape", "hook", "lang", "loud"]
    assert [p.called for p in options_of(Wish, "client")] == ["n", "share", "shape", "hook", "code", "loud", "words"]
    known = {p.name: p for p in options_of(Wish)}
    assert (known["shape"].kind, known["shape"].choices) == (str, ("wide", "tall"))
    assert [known[n].default_in(Settings(min_viral_score=0.7)) for n in ("n", "share", "code")] == [3, 0.7, "auto"]


def test_a_command_line_gives_what_was_typed_and_no_defaults() -> None:
    parser = ArgumentParser()
    cli.add_options(parser, Wish)
    assert cli.given(parser.parse_args([]), Wish) == {}
    typed = ["--n", "2", "--no-loud", "--shape", "tall", "--extra", "/c", "/d", "--out", "/o"]
    found = cli.given(parser.parse_args(typed), Wish)
    assert Wish.from_json({"source": "/a", **found}) == Wish(
        Path("/a"), extra=(Path("/c"), Path("/d")), n=2, shape="tall", loud=False, out=Path("/o")
    )
    with pytest.raises(SystemExit):
        parser.parse_args(["--shape", "odd"])
