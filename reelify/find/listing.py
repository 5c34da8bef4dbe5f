"""Chapters as other programs read them: YouTube's description, Matroska's XML, JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

FEWEST, SHORTEST = 3, 10.0
"""YouTube shows chapters from so many on, of at least so many seconds, the first at 0:00."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """``title`` names what is said from ``start`` to ``end`` seconds."""

    start: float
    end: float
    title: str


def to_youtube(chapters: Sequence[Chapter], language: str = "") -> str:
    """A line each: ``0:00 Title``; chapters under ten seconds join the one before."""
    long = chapters[-1].end >= 3600 if chapters else False
    lines, last = [], -SHORTEST
    for n, one in enumerate(chapters):
        if n and one.start - last < SHORTEST:
            continue
        whole = 0 if n == 0 else int(one.start)
        last = float(whole)
        hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
        stamp = f"{hours}:{minutes:02d}:{seconds:02d}" if long else f"{whole // 60}:{seconds:02d}"
        lines.append(f"{stamp} {' '.join(one.title.split())}")
    return "\n".join(lines) + "\n" if lines else ""


def to_matroska(chapters: Sequence[Chapter], language: str = "") -> str:
    """Matroska's chapter XML, for mkvmerge and mkvpropedit."""
    atoms = "".join(
        f"    <ChapterAtom>\n      <ChapterUID>{n}</ChapterUID>\n      <ChapterTimeStart>{_stamp(c.start)}</ChapterTimeStart>\n"
        f"      <ChapterTimeEnd>{_stamp(c.end)}</ChapterTimeEnd>\n      <ChapterDisplay>\n"
        f"        <ChapterString>{escape(c.title)}</ChapterString>\n"
        f"        <ChapLanguageIETF>{language or 'und'}</ChapLanguageIETF>\n      </ChapterDisplay>\n    </ChapterAtom>\n"
        for n, c in enumerate(chapters, 1)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE Chapters SYSTEM "matroskachapters.dtd">\n'
    return f"{head}<Chapters>\n  <EditionEntry>\n{atoms}  </EditionEntry>\n</Chapters>\n"


def to_json(chapters: Sequence[Chapter], language: str = "") -> str:
    """A list of ``{"start", "end", "title"}``."""
    rows = [{"start": round(c.start, 3), "end": round(c.end, 3), "title": c.title} for c in chapters]
    return json.dumps({"language": language, "chapters": rows}, ensure_ascii=False, indent=2) + "\n"


def _stamp(seconds: float) -> str:
    ms = max(0, round(seconds * 1000))
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


@dataclass(frozen=True, slots=True)
class ChapterForm:
    """A way to write chapters; ``suffix`` is the file's."""

    name: str
    suffix: str
    write: Callable[[Sequence[Chapter], str], str]


CHAPTER_FORMS: Mapping[str, ChapterForm] = {
    form.name: form
    for form in (
        ChapterForm("youtube", ".txt", to_youtube),
        ChapterForm("matroska", ".xml", to_matroska),
        ChapterForm("json", ".json", to_json),
    )
}
"""Every form there is; a new one is one entry."""
