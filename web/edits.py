"""What a visitor changed by hand about a finished job: clip edges, chosen sentences, corrected words, moved dub segments.

Changes lie beside the job's results as one JSON object, so they are there after a reload, in another language and for the other
tabs. They never touch the results: undo is leaving them out. Everything here comes from a browser and is checked.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from web.jobs import Job

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
    part = job.folder / f"{FILE}.part"
    part.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    part.replace(job.folder / FILE)


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


def nudges_of(state: Mapping[str, Any]) -> list[dict[str, float]]:
    """Moved dub segments as the sync job takes them; segment −1 is all of them."""
    nudges: Mapping[str, int] = state.get("nudges", {})
    order = sorted(nudges, key=lambda k: (k != "all", int(k) if k != "all" else 0))
    return [{"segment": -1 if k == "all" else int(k), "ms": float(nudges[k])} for k in order]


def corrections(heard: str, written: str) -> dict[str, str]:
    """Which words to replace so that ``heard`` reads ``written``: bare word → words.

    Words that were added go with the word before them (or after, at the beginning); words that are gone become nothing.
    Where the same word is heard twice and changed once, both change: captions are corrected by word. A word that is only taken
    away once stays.
    """
    old, new = heard.split(), written.split()
    pairs: list[list[str]] = [[word, word] for word in old]
    matcher = difflib.SequenceMatcher(None, [_bare(w) for w in old], [_bare(w) for w in new], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "insert" and old:
            at = i - 1 if i else 0
            words = [pairs[at][1], *new[k:m]] if i else [*new[k:m], pairs[at][1]]
            pairs[at][1] = " ".join(words)
        elif tag != "equal":
            for x, words in enumerate(_matched(old[i:j], new[k:m])):
                pairs[i + x][1] = " ".join(words)
    kept = {_bare(a) for a, b in pairs if _bare(a) == _bare(b)}
    changed = ((_bare(a), _bare(b)) for a, b in pairs if _bare(a) != _bare(b))
    return {a: b for a, b in changed if a and (b or a not in kept)}


def _matched(old: Sequence[str], new: Sequence[str]) -> list[list[str]]:
    """For each old word the new words that take its place: the most alike go together, in order; the rest joins what is before it."""
    best: dict[tuple[int, int], tuple[float, tuple[tuple[int, int], ...]]] = {}
    for i in range(len(old), -1, -1):
        for k in range(len(new), -1, -1):
            if i == len(old) or k == len(new):
                best[i, k] = (0.0, ())
                continue
            alike = difflib.SequenceMatcher(None, _bare(old[i]).lower(), _bare(new[k]).lower()).ratio() + 0.01
            worth, after = best[i + 1, k + 1]
            both = (worth + alike, ((i, k), *after))
            best[i, k] = max(both, best[i + 1, k], best[i, k + 1], key=lambda found: found[0])
    out: list[list[str]] = [[] for _ in old]
    homes = dict((k, i) for i, k in best[0, 0][1])
    at = min(homes.values(), default=0)
    for k, word in enumerate(new):
        at = homes.get(k, at)
        out[at].append(word)
    return out


def _bare(word: str) -> str:
    return word.strip('.,;:!?¡¿…"«»“”()')
