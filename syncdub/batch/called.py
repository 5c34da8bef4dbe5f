"""What the film of an episode is called: a template filled with what its files say. Pure.

``{title} ({year}) - S{season:02}E{episode:02} [{languages}]``; also ``{original}`` and ``{dub}``, the files' own names. Braces around
what is not known leave nothing, and so do the brackets around it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import BadRequest
from pipeline.render.exports import safe_name
from syncdub.batch.names import read_name

FIELDS = ("title", "year", "season", "episode", "date", "languages", "original", "dub")
_YEAR = re.compile(r"(?<!\d)(19\d\d|20\d\d)(?!\d)")
_EMPTY = re.compile(r"\(\s*\)|\[\s*\+?\s*\]")
_MARK = re.compile(r"(?i)\bS\d{1,2}[ ._-]*E\d|\b\d{1,2}x\d{2}\b|(?<!\d)(?:19|20)\d\d(?!\d)| - \d{1,4}\b|[\[(]")
UNKNOWN = "\0"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may say of an episode; ``title`` of its file's metadata, ``languages`` in order, two letters each."""

    film: Path
    dub: Path
    title: str = ""
    languages: tuple[str, ...] = ()


class _Filled(string.Formatter):
    """Puts a mark where nothing is known, whatever form was wanted of it."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return UNKNOWN if value in (None, "") else str(super().format_field(value, format_spec))


def called(template: str, facts: Facts) -> str:
    """The file name, without folder, with ``.mkv``; the film's own where there is no template.

    Raises:
        BadRequest: the template names a field that there is not, or is broken.
    """
    if not template:
        return safe_name(facts.film.stem, longest=180) + ".mkv"
    try:
        text = _Filled().vformat(template, (), _values(facts))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise BadRequest("error.name_template", template=template[:80], fields=", ".join(FIELDS)) from error
    # "S" before a season and "E" before an episode that are not known go with them.
    text = re.sub(rf"[SsEe]{UNKNOWN}", UNKNOWN, text).replace(UNKNOWN, "")
    text = re.sub(r"\s+", " ", _EMPTY.sub("", text))
    text = re.sub(r"(?:\s-\s*)+$|^(?:\s*-\s)+", "", text.strip()).removesuffix(".mkv").strip(" .-")
    return safe_name(text or facts.film.stem, longest=180) + ".mkv"


def _values(facts: Facts) -> Mapping[str, Any]:
    named = read_name(facts.film)
    year = _YEAR.search(facts.film.stem) or _YEAR.search(facts.film.parent.name)
    return {
        "title": facts.title or title_of(facts.film),
        "year": year[1] if year else None,
        "season": named.season,
        "episode": named.episode,
        "date": named.date,
        "languages": "+".join(dict.fromkeys(x for x in facts.languages if x)),
        "original": facts.film.stem,
        "dub": facts.dub.stem,
    }


def title_of(film: Path) -> str:
    """The words of a file's name before its number, year or brackets, as they are written there."""
    words = re.sub(r"[._]+", " ", film.stem).strip()
    mark = _MARK.search(words)
    head = words[: mark.start()] if mark and mark.start() > 1 else words
    return head.strip(" -([") or words
