"""What a visitor changed by hand about a finished job: clip edges, chosen sentences, corrected words, moved dub segments.

Changes lie beside the job's results as one JSON object, so they are there after a reload, in another language and for the other
tabs. They never touch the results: undo is leaving them out. Everything here comes from a browser and is checked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.atomic import write_text
from syncdub.requests import Nudge
from web.jobs.queue import Job

FILE = "edits.json"
MOST = 2000
LONGEST_TEXT = 2000
SHORTEST = 1.0
"""Seconds; the page lets no clip be shorter."""
MOST_NUDGE_MS = 600_000
Bounds = tuple[float, float]


def load(job: Job) -> dict[str, Any]:
    """The changes so far; empty where there are none."""
    try:
        found = json.loads((job.folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save(job: Job, state: Any) -> dict[str, Any]:
    """Keeps what is sound of ``state``, as the browser sent it, and returns it. What was made of it stays."""
    kept = {**checked(state), **{k: v for k, v in load(job).items() if k == "made"}}
    _write(job, kept)
    return kept


def keep_made(job: Job, n: int, made_by: str, bounds: Bounds) -> None:
    """Notes that job ``made_by`` has rendered clip ``n`` anew within ``bounds``."""
    state = load(job)
    made = {**state.get("made", {}), str(n): {"job": made_by, "bounds": list(bounds)}}
    _write(job, {**state, "made": made})


def made_anew(job: Job) -> dict[int, str]:
    """For each clip (from 1) that was rendered anew the id of the job that did it."""
    return {int(n): str(made["job"]) for n, made in load(job).get("made", {}).items()}


def _write(job: Job, state: Mapping[str, Any]) -> None:
    if not job.folder.is_dir():
        return
    write_text(job.folder / FILE, json.dumps(state, ensure_ascii=False))


def checked(state: Any) -> dict[str, Any]:
    """The parts of ``state`` that have the right form: ``bounds``, ``ticked``, ``texts``, ``nudges``."""
    if not isinstance(state, Mapping):
        return {}
    found = {
        "bounds": _bounds(state.get("bounds")),
        "ticked": _ticked(state.get("ticked")),
        "texts": _texts(state.get("texts")),
        "nudges": _nudges(state.get("nudges")),
    }
    return {name: value for name, value in found.items() if value}


def _bounds(value: Any) -> dict[str, list[float]]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {str(int(n)): [float(b[0]), float(b[1])] for n, b in list(pairs)[:MOST] if _is_number(n) and _is_span(b)}


def _is_number(text: Any) -> bool:
    return str(text).isdecimal() and len(str(text)) < 6


def _is_span(value: Any) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        return False
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in value):
        return False
    return bool(0 <= value[0] <= value[1] - SHORTEST + 1e-6)


def _ticked(value: Any) -> list[str]:
    keys = value if isinstance(value, list) else []
    return [k for k in keys[:MOST] if isinstance(k, str) and _is_key(k)]


def _is_key(key: Any) -> bool:
    return re.fullmatch(r"\d{1,5}:\d{1,5}", str(key)) is not None


def _texts(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {str(k): " ".join(str(v).split())[:LONGEST_TEXT] for k, v in list(pairs)[:MOST] if _is_key(k)}


def _nudges(value: Any) -> dict[str, int]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {
        str(k): round(max(-MOST_NUDGE_MS, min(MOST_NUDGE_MS, v)))
        for k, v in list(pairs)[:MOST]
        if (k == "all" or _is_number(k)) and isinstance(v, int | float) and math.isfinite(v) and v
    }


def bounds_of(state: Mapping[str, Any], n: int, clip: Mapping[str, Any]) -> Bounds:
    """Where clip ``n`` (from 1) begins and ends now, in seconds of its file."""
    start, end = state.get("bounds", {}).get(str(n), (clip["start"], clip["end"]))
    return float(start), float(end)


def nudges_of(state: Mapping[str, Any]) -> tuple[Nudge, ...]:
    """Moved dub segments as a sync request has them, a shift of all of them first."""
    nudges: Mapping[str, int] = state.get("nudges", {})
    order = sorted(nudges, key=lambda k: (k != "all", int(k) if k != "all" else 0))
    return tuple(Nudge(float(nudges[k]), -1 if k == "all" else int(k)) for k in order)
