"""What errors say back of somebody's own words."""

from __future__ import annotations

import pytest

from pipeline.errors import NotFound
from pipeline.messages import Message, neutral
from web.problems import MOST_QUOTED, plain, words


@pytest.mark.parametrize(
    "text",
    [
        "film.mp4",
        "Película (1).mkv",
        "/api/status/x",
        "a/b.mp4",
        "fps=25/1",
        "http://a.example/x/y",
        "mp4, mkv",
        "/clips/raw/a.mp4",
    ],
)
def test_short_plain_text_is_quoted(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/srv/data/films/a.mp4", "a.mp4"), ("cannot open '/tmp/x/b.mp4'", "cannot open 'b.mp4'"), ("x=/a/b/c.mp4", "x=c.mp4"),
        ("{'path': 'x'}", "…"),
        ("<b>x</b>", "…"), ("a\nb", "…"), ("a\x1b[0m", "…"), ("x" * (MOST_QUOTED + 1), "…"), ("`id`", "…"),
    ],
)  # fmt: skip
def test_nothing_else_is(text: str, said: str) -> None:
    assert plain(text) == said


def test_also_in_stored_and_nested_messages() -> None:
    error = NotFound(name=Message("error.not_found", {"name": "/srv/secret/a.mp4"})).message
    for told in (words(error, "en"), words(neutral(error), "en"), words([error], "en")):
        assert "secret" not in told
        assert "a.mp4" in told
