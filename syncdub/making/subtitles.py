"""Text subtitles of the dub on the original's clock: SubRip and Advanced SubStation Alpha, styles and texts
untouched. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from syncdub.values import PlacedPlan, Segment

SHORTEST = 0.2
"""Seconds a line must still be seen after it was clipped to its segment; shorter ones cannot be read."""
_SRT_TIME = r"(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
_SRT_LINE = re.compile(rf"^\s*{_SRT_TIME}\s*-->\s*{_SRT_TIME}(.*)$")
_ASS_TIME = re.compile(r"^(\d+):(\d{1,2}):(\d{1,2})[.:](\d{1,3})$")


@dataclass(frozen=True, slots=True)
class Subtitle:
    """A subtitle from ``start`` to ``end`` seconds; ``text`` may have several lines, ``settings`` is what followed
    the times."""

    start: float
    end: float
    text: str
    settings: str = ""


def retime(cue: Subtitle, segments: Sequence[Segment]) -> Subtitle | None:
    """``cue`` where its middle's segment puts it, clipped to that segment; ``None`` when its middle belongs nowhere."""
    middle = (cue.start + cue.end) / 2
    segment = next((s for s in segments if s.dub_start <= middle < s.dub_end), None)
    if segment is None:
        return None
    start = segment.at(max(cue.start, segment.dub_start))
    end = segment.at(min(cue.end, segment.dub_end))
    enough = min(SHORTEST, (cue.end - cue.start) * segment.rate)
    return replace(cue, start=start, end=end) if end - start >= enough - 1e-9 else None


def retimed_file(text: str, kind: str, plan: PlacedPlan) -> tuple[str, int, int]:
    """A whole file of ``kind`` ``srt`` or ``ass`` on the original's clock; also how many lines were kept and how many
    dropped."""

    def move(cue: Subtitle) -> Subtitle | None:
        return retime(cue, plan.segments)

    return _retimed_ass(text, move) if kind == "ass" else _retimed_srt(text, move)


def parse_srt(text: str) -> tuple[Subtitle, ...]:
    """The cues of a SubRip (or WebVTT) text in file order; what is not a cue is skipped."""
    return tuple(_srt_cues(text))


def write_srt(cues: Sequence[Subtitle]) -> str:
    """SubRip, numbered from 1 in order of time."""
    ordered = sorted(cues, key=lambda c: (c.start, c.end))
    return "".join(
        f"{i}\n{_srt_time(c.start)} --> {_srt_time(c.end)}{c.settings}\n{c.text}\n\n" for i, c in enumerate(ordered, 1)
    )


def _srt_cues(text: str) -> Iterator[Subtitle]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [i for i, line in enumerate(lines) if _SRT_LINE.match(line)]
    for i, begin in enumerate(starts):
        found = _SRT_LINE.match(lines[begin])
        assert found is not None
        body = lines[begin + 1 : starts[i + 1] if i + 1 < len(starts) else len(lines)]
        if i + 1 < len(starts) and body and body[-1].strip().isdigit():
            body = body[:-1]
        while body and not body[-1].strip():
            body.pop()
        start, end = _seconds(*found.groups()[:4]), _seconds(*found.groups()[4:8])
        if end > start and body:
            yield Subtitle(start, end, "\n".join(body), found.group(9).rstrip())


def _seconds(hours: str, minutes: str, seconds: str, fraction: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction) / 10.0 ** len(fraction)


def _srt_time(time: float) -> str:
    milliseconds = max(0, round(time * 1000))
    seconds, ms = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{ms:03d}"


def _ass_time(time: float) -> str:
    hundredths = max(0, round(time * 100))
    seconds, rest = divmod(hundredths, 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:02d}"


Move = Callable[[Subtitle], Subtitle | None]


def _retimed_srt(text: str, move: Move) -> tuple[str, int, int]:
    cues = parse_srt(text)
    kept = [moved for cue in cues if (moved := move(cue)) is not None]
    return write_srt(kept), len(kept), len(cues) - len(kept)


def _retimed_ass(text: str, move: Move) -> tuple[str, int, int]:
    out: list[str] = []
    kept = dropped = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        fields = _ass_fields(line)
        if fields is None:
            out.append(line)
            continue
        moved = move(Subtitle(fields[1], fields[2], ""))
        kept, dropped = kept + (moved is not None), dropped + (moved is None)
        if moved is not None:
            out.append(f"{fields[0]},{_ass_time(moved.start)},{_ass_time(moved.end)},{fields[3]}")
    return "\n".join(out), kept, dropped


def _ass_fields(line: str) -> tuple[str, float, float, str] | None:
    """(what stands before the times, start, end, what stands after) of an event line, else ``None``."""
    if not line.startswith(("Dialogue:", "Comment:")):
        return None
    parts = line.split(",", 3)
    times = [_ASS_TIME.match(p.strip()) for p in parts[1:3]] if len(parts) == 4 else []
    if len(times) != 2 or times[0] is None or times[1] is None:
        return None
    return parts[0], _seconds(*times[0].groups()), _seconds(*times[1].groups()), parts[3]
