"""Words for people: complete in every language, safe to put values into."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import pytest

from pipeline.messages import (
    LOCALES,
    Message,
    catalogue,
    choose_language,
    clock,
    format_number,
    languages,
    localise,
    message,
    neutral,
    say,
)
from tests.browsing import another_language

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(
    r"^(error|doubt|reason|progress|result|media|device|event|ui|speech|api|part|point|health|category)\.[a-z0-9_.]+$"
)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_language_says_everything_with_the_same_values() -> None:
    texts = {tag: json.loads((LOCALES / f"{tag}.json").read_text(encoding="utf-8")) for tag in languages()}
    english = texts["en"]
    for tag, words in texts.items():
        assert set(words) == set(english), tag
        for code, template in words.items():
            assert fields(template) == fields(english[code]), f"{tag} {code}"
            assert template.strip() or code == "language.group", f"{tag} {code}"
            assert template[-1:].isspace() == english[code][-1:].isspace() or code == "language.group", f"{tag} {code}"


def test_every_language_names_itself_and_its_signs() -> None:
    names = {say(Message("language.name"), tag) for tag in languages()}
    assert len(names) == len(languages()) >= 3
    for tag in languages():
        assert catalogue(tag)["language.direction"] in {"ltr", "rtl"}
        assert len(catalogue(tag)["language.decimal"]) == 1
        assert catalogue(tag)["language.decimal"] != catalogue(tag)["language.group"]


def test_a_language_is_one_file_and_english_fills_what_it_lacks(tmp_path: Path) -> None:
    words = {"language.name": "Zazaki", "language.decimal": "|", "error.no_audio": "{name}: veng çin o"}
    with another_language(tmp_path, "zz", words):
        assert "zz" in languages()
        assert choose_language("zz-TR,en;q=0.5") == "zz"
        assert say(message("error.no_audio", name="a.mp4"), "zz") == "a.mp4: veng çin o"
        assert say(message("error.no_video", name="a.mp4"), "zz") == "“a.mp4” has no picture."
        assert format_number(1234.5, 1, "zz") == "1,234|5"
    assert "zz" not in languages()
    assert choose_language("zz-TR,es;q=0.5") == "es"


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "0.7 s shorter, 1 thing found that can go", "1.2 s shorter, 2 things found that can go"),
        ("es", "0,7 s menos; 1 cosa encontrada que sobra", "1,2 s menos; 2 cosas encontradas que sobran"),
        ("pt", "0,7 s a menos; 1 coisa encontrada que pode sair", "1,2 s a menos; 2 coisas encontradas que podem sair"),
    ],
)
def test_one_thing_is_not_said_as_many(language: str, one: str, two: str) -> None:
    assert say(message("result.tightened", seconds=0.7, n=1), language) == one
    assert say(message("result.tightened", seconds=1.2, n=2), language) == two


def test_a_number_before_a_word_in_the_plural_has_its_singular_too() -> None:
    counted = re.compile(r"^(up to )?\{n\} [a-z]+s\b")
    words = catalogue("en")
    assert not [code for code, text in words.items() if counted.match(text)]


def known(code: str, words: dict[str, str]) -> bool:
    """Whether there are words for a code, or for codes that begin so (an f-string's first part ends with a point)."""
    return any(w.startswith(code) for w in words) if code.endswith(".") else code in words


def test_every_code_in_the_source_has_words() -> None:
    words = json.loads((LOCALES / "en.json").read_text(encoding="utf-8"))
    missing = set()
    for package in ("pipeline", "reelify", "syncdub", "web"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
                if CODE.match(text) and not known(text, words):
                    missing.add(f"{file.relative_to(ROOT)}: {text}")
    assert sorted(missing) == []


def test_numbers_and_times_follow_the_language() -> None:
    what = message("error.bad_durations", low=1.5, high=20)
    assert "1.5–20.0" in say(what, "en")
    assert "1,5–20,0" in say(what, "es")
    assert "1,5–20,0" in say(what, "pt")
    assert [format_number(12345.6, 1, tag) for tag in ("en", "es", "pt")] == [
        "12,345.6",
        "12\N{NARROW NO-BREAK SPACE}345,6",
        "12\N{NARROW NO-BREAK SPACE}345,6",
    ]
    assert [clock(t) for t in (0, 59.9, 148.2, 3748)] == ["0:00", "0:59", "2:28", "1:02:28"]


def test_unknown_codes_and_missing_values_never_fail() -> None:
    assert "no.such.code" in say(Message("no.such.code", {"a": 1}), "es")
    assert say(Message("error.no_audio", {}), "en")


def test_values_are_never_templates() -> None:
    assert "{name.__class__}" in say(message("error.no_audio", name="{name.__class__}"), "en")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("es-ES,es;q=0.9,en;q=0.8", "es"),
        ("fr;q=0.9,en;q=0.2,es;q=0.4", "es"),
        ("zz", "en"),
        (None, "en"),
        ("es_MX.UTF-8", "es"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("pt_PT.UTF-8", "pt"),
        ("en;q=oops,es", "es"),
    ],
)
def test_language_choice(header: str | None, expected: str) -> None:
    assert choose_language(header) == expected


def test_stored_messages_are_put_into_words_when_read() -> None:
    stored = {"doubts": [neutral(message("error.no_audio", name="x.mp4"))], "n": 1}
    assert json.loads(json.dumps(stored)) == stored
    assert localise(stored, "es") == {"doubts": ["«x.mp4» no tiene pista de audio."], "n": 1}
