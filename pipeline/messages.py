"""Sentences for people, as values: a code and its numbers, put into words at the border in the reader's language.

Results, doubts, reasons and errors carry a :class:`Message`; only the page, the REST answers and the command line call
:func:`say`. The words live in ``assets/locales/<language>.json``: a flat object from code to template. Another language costs
one file; its codes ``language.*`` hold its own name, the direction it is written in, its decimal and grouping signs and how it
writes a percentage. Templates use :meth:`str.format` fields plus three formats of ours: ``{at:clock}`` (``2:28``, ``1:02:28``) and
``{x:number}`` / ``{x:number1}`` (with the signs of the language), ``{x:points}``
(a share as points of 100), and ``{n:clip|clips}``: the words for one and for any other number.
"""

from __future__ import annotations

import functools
import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline import places

LOCALES = places.brought("assets", "locales")
FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Message:
    """``code`` names a template, ``values`` fill it. Values are plain text and numbers, or another message's code as ``{"code": …}``."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return say(self, FALLBACK)

    def __hash__(self) -> int:
        return hash((self.code, tuple(sorted((k, str(v)) for k, v in self.values.items()))))


def message(code: str, **values: Any) -> Message:
    """Shorthand for :class:`Message`."""
    return Message(code, values)


def clock(seconds: float) -> str:
    """``148.2`` → ``2:28``; an hour or more as ``1:02:28``."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


class _Formatter(string.Formatter):
    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return say(value, self.language)
        if isinstance(value, Mapping) and "code" in value:
            return say(Message(str(value["code"]), value.get("values", {})), self.language)
        if format_spec == "clock":
            return clock(float(value))
        if "|" in format_spec:
            one, _, other = format_spec.partition("|")
            return one if value == 1 else other
        if format_spec == "points":
            return format_number(100 * float(value), 0, self.language)
        if format_spec.startswith("number"):
            digits = int(format_spec[6:] or 0)
            return format_number(float(value), digits, self.language)
        return str(super().format_field(value, format_spec))


def format_number(value: float, digits: int, language: str) -> str:
    """A number with ``digits`` decimals and the decimal and grouping signs of the language (``language.decimal``, ``language.group``)."""
    text = f"{round(value, digits) + 0.0:,.{digits}f}"  # no minus before a zero
    return text.translate(
        {ord(","): template("language.group", language), ord("."): template("language.decimal", language)}
    )


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """All templates of ``language``; empty where there is no such file."""
    path = LOCALES / f"{language}.json"
    if not path.is_file():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8")))


@functools.cache
def languages() -> tuple[str, ...]:
    """The languages that have a file, sorted."""
    return tuple(sorted(p.stem for p in LOCALES.glob("*.json")))


def choose_language(wanted: str | None) -> str:
    """The best language we have for an ``Accept-Language`` header, a locale name or ``None``."""
    ranked: list[tuple[float, int, str]] = []
    for position, item in enumerate((wanted or "").replace("_", "-").split(",")):
        tag, _, quality = item.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        ranked.append((-weight, position, tag.split(".")[0].split("-")[0].lower()))
    have = languages()
    return next((tag for _, _, tag in sorted(ranked) if tag in have), FALLBACK)


def template(code: str, language: str) -> str | None:
    """What ``language`` says for ``code``, else what English says; ``None`` where neither has it."""
    return catalogue(language).get(code) or catalogue(FALLBACK).get(code)


def say(what: Message, language: str) -> str:
    """``what`` in ``language``; falls back to English, then to the code itself, never fails."""
    found = template(what.code, language)
    if found is None:
        detail = ", ".join(f"{k}={v}" for k, v in what.values.items())
        return f"{what.code} ({detail})" if detail else what.code
    try:
        return _Formatter(language).vformat(found, (), dict(what.values))
    except (KeyError, ValueError, IndexError, TypeError):
        return found


def neutral(value: Message) -> dict[str, Any]:
    """The form in which a message is stored in JSON until somebody reads it: see :func:`localise`."""
    return {"$message": value.code, "values": dict(value.values)}


def localise(stored: Any, language: str) -> Any:
    """A JSON-like value with every stored message (see :func:`neutral`) and :class:`Message` replaced by its words."""
    if isinstance(stored, Message):
        return say(stored, language)
    if isinstance(stored, Mapping):
        if "$message" in stored:
            return say(Message(str(stored["$message"]), stored.get("values", {})), language)
        return {k: localise(v, language) for k, v in stored.items()}
    if isinstance(stored, Sequence) and not isinstance(stored, str | bytes):
        return [localise(v, language) for v in stored]
    return stored
