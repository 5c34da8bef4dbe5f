"""Sections of BENCHMARKS.md: a new run changes its own and moves none."""

from __future__ import annotations

from benchmarks.sections import FILE, placed, sections

TEXT = "# Benchmarks\n\nWords.\n\n## muxing\n\nm\n\n## start\n\ns\n\n## Some hand-written part\n\nx\n\n## fuzz\n\nf\n"


def test_a_section_is_replaced_where_it_is() -> None:
    made = placed(TEXT, "start", "## start\n\nnew\n")
    assert [name for name, _ in sections(made)] == ["muxing", "start", "fuzz"]
    assert made == TEXT.replace("s\n\n## Some hand-written part\n\nx\n", "new\n")


def test_a_new_section_comes_behind_what_is_before_it() -> None:
    made = placed(TEXT, "season", "## season\n\nn\n", ("start", "season", "fuzz"))
    assert [name for name, _ in sections(made)] == ["muxing", "start", "season", "fuzz"]
    assert made.replace("## season\n\nn\n\n", "") == TEXT
    assert [n for n, _ in sections(placed(TEXT, "odd", "## odd\n\no\n"))][-1] == "odd"


def test_the_real_file_is_as_it_would_be_written() -> None:
    text = FILE.read_text(encoding="utf-8")
    name, made = sections(text)[0]
    assert placed(text, name, made) == text
