"""In which language a track is tagged: what a person says, else what its file says, unless something else is clearly heard. Pure."""

from __future__ import annotations

from pipeline.media.languages import UNKNOWN, iso639_1, iso639_2, own_name
from pipeline.messages import Message, message

SURE_OF_LANGUAGE = 0.8
"""Probability from which a heard language becomes a tag."""
CLOSE = tuple(map(frozenset, (
    ("spa", "cat", "glg", "por"), ("dan", "nor", "swe"), ("hrv", "srp", "slv"), ("cze", "slo"), ("bul", "mac"), ("ind", "may"),
    ("rus", "ukr"), ("hin", "urd"), ("est", "fin"),
)))  # fmt: skip
"""Languages that recognisers take for one another: there the file's word is as good as what is heard."""


def known(tag: str) -> bool:
    """Whether ``tag`` names a language."""
    return iso639_2(tag) != UNKNOWN


def heard_as(language: str, probability: float) -> str:
    """What a listener's word is worth: ``language`` (ISO 639-1), empty where it is not sure."""
    return language if probability >= SURE_OF_LANGUAGE and known(language) else ""


def is_other(tagged: str, heard: str) -> bool:
    """Whether a file that says ``tagged`` clearly speaks another language, ``heard``."""
    two = {iso639_2(tagged), iso639_2(heard)}
    named = bool(own_name(tagged)) and bool(own_name(heard))
    return named and len(two) == 2 and not any(two <= close for close in CLOSE)


def language_of(tagged: str, heard: str) -> str:
    """The language of a track by what its file says and what is heard; empty where neither says one."""
    if known(tagged) and not is_other(tagged, heard):
        return tagged
    return heard if known(heard) else ""


def dub_language(said: str, tagged: str, heard: str) -> tuple[str, tuple[Message, ...]]:
    """The language that the dub is tagged with, and what a person should know of it: ``said`` by them, else as :func:`language_of`."""
    if known(said):
        return said, ()
    found = language_of(tagged, heard)
    if not found:
        return "", (message("doubt.language_unknown"),)
    if known(tagged) and is_other(tagged, heard):
        return found, (message("doubt.language_heard", tagged=own_name(tagged), heard=own_name(heard)),)
    return found, ()


def short(tag: str) -> str:
    """``tag`` for people and programs: two letters where they exist, else as it is; empty if it names none."""
    return (iso639_1(tag) or iso639_2(tag)) if known(tag) else ""
