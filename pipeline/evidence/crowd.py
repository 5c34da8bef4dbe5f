"""What others did with a video, from files beside it: which seconds they replayed, when they wrote in the chat, its author's chapters.

Read are what downloaders leave: ``NAME.info.json`` (yt-dlp: ``heatmap``, ``chapters``), and the replay of a live chat as
``NAME.live_chat.json`` (yt-dlp, a line an action), ``NAME.chat.json`` or ``NAME_chat.json`` (a list, or ``comments``). Nothing is fetched.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.values import Curve

REPLAYED, CHAT = "replayed", "chat"
STEP = 0.5
LATE = 6.0
"""Seconds after a moment at which a chat answers it: reading, laughing, writing."""
WINDOW = 5.0
"""Seconds over which messages are counted."""
FEWEST = 30
"""Messages under which a chat says nothing."""
LARGEST = 300 * 1024**2
MOST = 5_000_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """``curves`` by name (:data:`REPLAYED` in [0, 1], :data:`CHAT` messages a second); ``chapters`` of the author, (start, end, title)."""

    curves: Mapping[str, Curve]
    chapters: tuple[tuple[float, float, str], ...] = ()


def crowd_of(path: Path, duration: float) -> Crowd:
    """What lies beside ``path``; what cannot be read is passed over."""
    curves: dict[str, Curve] = {}
    info = _parsed(path.with_name(f"{path.stem}.info.json"))
    known = info if isinstance(info, Mapping) else {}
    heat = heat_of(known.get("heatmap"), duration)
    if heat is not None:
        curves[REPLAYED] = heat
    for name in (f"{path.stem}.live_chat.json", f"{path.stem}.chat.json", f"{path.stem}_chat.json"):
        chat = chat_of(_times(path.with_name(name)), duration)
        if chat is not None:
            curves[CHAT] = chat
            break
    return Crowd(curves, chapters_of(known.get("chapters"), duration))


def heat_of(marks: Any, duration: float) -> Curve | None:
    """How often each second was replayed, [0, 1], of marks ``{"start_time", "end_time", "value"}``."""
    rows = [
        (m["start_time"], m["end_time"], m["value"])
        for m in _mappings(marks)
        if {"start_time", "end_time", "value"} <= m.keys()
    ]
    numbers = [tuple(map(float, r)) for r in rows if all(_is_number(v) for v in r)]
    if len(numbers) < 5 or duration <= 0:
        return None
    values = np.zeros(math.ceil(duration / STEP), np.float32)
    for start, end, value in numbers:
        values[max(0, int(start / STEP)) : max(0, math.ceil(end / STEP))] = min(max(value, 0.0), 1.0)
    return Curve(REPLAYED, values, STEP)


def chat_of(times: Iterable[float], duration: float) -> Curve | None:
    """Messages a second, moved to what they answer; ``None`` where there are too few."""
    known = np.array([t for t in times if 0.0 <= t <= duration], np.float64)
    if len(known) < FEWEST or duration <= 0:
        return None
    count = np.histogram(known - LATE, bins=math.ceil(duration / STEP), range=(0.0, math.ceil(duration / STEP) * STEP))[
        0
    ]
    size = round(WINDOW / STEP)
    return Curve(CHAT, np.convolve(count, np.ones(size) / WINDOW, mode="same")[: len(count)].astype(np.float32), STEP)


def chapters_of(rows: Any, duration: float) -> tuple[tuple[float, float, str], ...]:
    """The author's chapters in order; none where they are not whole."""
    found = [
        (float(r["start_time"]), float(r["end_time"]), " ".join(str(r.get("title", "")).split())[:200])
        for r in _mappings(rows) if _is_number(r.get("start_time")) and _is_number(r.get("end_time"))
    ]  # fmt: skip
    whole = all(0 <= a < b <= duration + 2 and title for a, b, title in found)
    return tuple(sorted(found)) if whole else ()


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return (
        [v for v in value if isinstance(v, Mapping)]
        if isinstance(value, Sequence) and not isinstance(value, str)
        else []
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _parsed(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST:
            return None
        return json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return None


def _times(path: Path) -> Iterator[float]:
    """The seconds of a chat's messages in any of the forms."""
    try:
        if path.stat().st_size > LARGEST:
            return
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for row in _rows(text)[:MOST]:
        if isinstance(action := row.get("replayChatItemAction"), Mapping):
            raw = action.get("videoOffsetTimeMsec")
            if str(raw).isdecimal():
                yield int(str(raw)) / 1000
            continue
        for key in ("content_offset_seconds", "time_in_seconds", "offset"):
            if _is_number(row.get(key)):
                yield float(row[key])
                break


def _rows(text: str) -> list[Mapping[str, Any]]:
    """One JSON value, or a line each."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = []
        for line in text.splitlines():
            try:
                whole.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
    if isinstance(whole, Mapping):
        whole = whole.get("comments", [whole])
    return _mappings(whole)
