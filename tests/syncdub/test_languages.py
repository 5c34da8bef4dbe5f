"""The dub's language: what a person says, then the file, unless something else is clearly heard; said plainly where nobody knows."""

from __future__ import annotations

import pytest

from syncdub.languages import dub_language, heard_as, language_of, short


@pytest.mark.parametrize(
    ("said", "tagged", "heard", "language", "doubt"),
    [
        ("pt-BR", "eng", "es", "pt-BR", ""),  # the person's word
        ("", "spa", "", "spa", ""),
        ("", "spa", "es", "spa", ""),
        ("", "es-419", "es", "es-419", ""),  # more is known of it
        ("", "und", "es", "es", ""),
        ("", "eng", "es", "es", "doubt.language_heard"),  # what Matroska says where nobody said anything
        ("", "cat", "es", "cat", ""),  # too near for an ear to overrule the file
        ("", "und", "", "", "doubt.language_unknown"),
        ("Klingon", "", "", "", "doubt.language_unknown"),
    ],
)
def test_who_says_it(said: str, tagged: str, heard: str, language: str, doubt: str) -> None:
    found, doubts = dub_language(said, tagged, heard)
    assert (found, [d.code for d in doubts]) == (language, [doubt] if doubt else [])


def test_an_ear_is_believed_only_when_sure() -> None:
    assert (heard_as("es", 0.93), heard_as("es", 0.6), heard_as("", 1.0)) == ("es", "", "")
    assert (short(language_of("spa", "")), short(language_of("und", "")), short("nno")) == ("es", "", "nno")
