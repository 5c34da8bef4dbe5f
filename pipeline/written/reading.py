"""Subtitle files of other people as lines with their times: SubRip, WebVTT, ASS, TTML and others by pysubs2, JSON by ourselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import BadRequest
from pipeline.text.encodings import decoded

FORMS = (".srt", ".vtt", ".ass", ".ssa", ".ttml", ".dfxp", ".xml", ".sbv", ".json", ".json3")
"""Suffixes that are read, the surest first."""
LARGEST = 20 * 1024**2
MOST_LINES = 200_000
NOISE = re.compile(r"\[[^\]]*\]|\([^)]*\)|[♪♫#]+|<[^>]*>|\{[^}]*\}")
"""What is described and not said: sounds in brackets, music, tags."""
SPEAKER = re.compile(r"^\s*(?:>>\s*|[-–—]\s*)?(?:[A-ZÁÉÍÓÚÜÑ][A-ZÁÉÍÓÚÜÑ .'-]{1,28}:\s+)?")
"""A dash or a name in capitals before what somebody says."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is said between two times, seconds; one line of text."""

    start: float
    end: float
    text: str


def lines_of(data: bytes, suffix: str, language: str = "", name: str = "") -> tuple[Line, ...]:
    """The lines of a file in order of time, without what is only described.

    Raises:
        BadRequest: it cannot be read.
    """
    text = decoded(data[:LARGEST], language)
    if text is None:
        raise BadRequest("error.subtitle_encoding", name=name)
    try:
        found = list(_of_json(json.loads(text)) if suffix.startswith(".json") else _of_subtitles(text, suffix))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, SyntaxError) as error:
        raise BadRequest("error.subtitles_unreadable", name=name) from error
    kept = [Line(max(0.0, a), b, said) for a, b, raw in found[:MOST_LINES] if b > a and b > 0 and (said := spoken(raw))]
    if not kept:
        raise BadRequest("error.subtitles_unreadable", name=name)
    return unrolled(sorted(kept, key=lambda line: (line.start, line.end)))


def spoken(text: str) -> str:
    """What somebody says of a line: without sounds in brackets, tags, dashes and speakers."""
    rows = [SPEAKER.sub("", NOISE.sub(" ", row)) for row in text.replace("\\N", "\n").split("\n")]
    return " ".join(" ".join(rows).split())


def unrolled(lines: list[Line]) -> tuple[Line, ...]:
    """Lines of captions that roll up (each begins with the end of the one before) without what was shown already; overlaps end."""
    out: list[Line] = []
    for line in lines:
        text = line.text
        if out and line.start - out[-1].end < 0.1:
            before, words = out[-1].text.split(), text.split()
            shared = next((n for n in range(min(len(before), len(words)), 0, -1) if before[-n:] == words[:n]), 0)
            if shared >= 2 or shared == len(words):
                text = " ".join(words[shared:])
        if text:
            out.append(Line(line.start, line.end, text))
    ends = [*(line.start for line in out[1:]), float("inf")]
    return tuple(Line(o.start, max(min(o.end, end), o.start + 0.05), o.text) for o, end in zip(out, ends, strict=True))


def _of_subtitles(text: str, suffix: str) -> Iterator[tuple[float, float, str]]:
    import pysubs2
    from pysubs2.exceptions import Pysubs2Error

    if "<!ENTITY" in text:
        raise ValueError("entities")  # of XML: a line of them can fill the memory
    if suffix == ".sbv":
        text = re.sub(r"(\d+:\d\d:\d\d)\.(\d{3}),(\d+:\d\d:\d\d)\.(\d{3})", r"\1,\2 --> \3,\4", text)
    form = {".srt": "srt", ".sbv": "srt", ".vtt": "vtt", ".ass": "ass", ".ssa": "ssa"}.get(suffix, "ttml")
    try:
        found = pysubs2.SSAFile.from_string(text, format_=form)
    except Pysubs2Error as error:
        raise ValueError(str(error)) from error
    for event in found:
        if not event.is_comment and not event.is_drawing:
            yield event.start / 1000, event.end / 1000, event.plaintext


def _of_json(value: Any) -> Iterator[tuple[float, float, str]]:
    """Segments of a recogniser (ours, Whisper's, WhisperX's), a plain list of them, or YouTube's ``json3``."""
    if isinstance(value, Mapping) and "events" in value:
        for event in value["events"]:
            start = event.get("tStartMs", 0) / 1000
            text = "".join(part.get("utf8", "") for part in event.get("segs", ()))
            yield start, start + event.get("dDurationMs", 0) / 1000, text
        return
    segments = value.get("segments") or value.get("chunks") or value["cues"] if isinstance(value, Mapping) else value
    for one in segments:
        start, end = one["timestamp"] if "timestamp" in one else (one["start"], one["end"])
        yield float(start), float(end), str(one["text"])
