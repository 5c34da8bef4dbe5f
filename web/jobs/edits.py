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
from pipeline.captions.styles import STYLES
from pipeline.framing.layouts import HANDS
from pipeline.render.shapes import ASPECTS, SOURCE
from reelify.looks.hands import HandPlace
from reelify.looks.platforms import PLATFORMS
from syncdub.requests import Nudge
from web.jobs.queue import Job

FILE = "edits.json"
MOST = 2000
LONGEST_TEXT = 2000
SHORTEST = 1.0
"""Seconds; the page lets no clip be shorter."""
SHORTEST_STRUCK = 0.02
"""Seconds of a stretch that can be struck out: less than any word."""
MOST_NUDGE_MS = 600_000
MADE = ("made", "products")
"""What the server notes beside the visitor's changes."""
PAST = "past"
MOST_STEPS = 50
"""Steps of the history that are kept; the oldest goes first."""
MOST_PAST = 400_000
"""Bytes of JSON of a history."""
STEPS = frozenset(
    {"", "edge", "add", "split", "merge", "duplicate", "remove", "strike", "unstrike", "tick", "text", "look", "frame", "nudge", "other"}
)  # fmt: skip
"""What a step may be called; ``""`` is how the job left it. The page has words for each."""
MOST_PRODUCTS = 50
MOST_ADDED = 100
MOST_FRAMES = 200
"""Shots of a clip that are set by hand."""
LOOKS: Mapping[str, frozenset[str]] = {
    "aspect": frozenset({SOURCE, *ASPECTS}),
    "style": frozenset({"", *STYLES}),
    "platform": frozenset({"", *PLATFORMS}),
}
"""What may be chosen of how clips are made."""
Bounds = tuple[float, float]


def load(job: Job) -> dict[str, Any]:
    """The changes so far; empty where there are none."""
    try:
        found = json.loads((job.folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save(job: Job, state: Any, past: Any = None) -> dict[str, Any]:
    """Keeps what is sound of ``state``, as the browser sent it, and returns it. What was made of it stays, and the steps that led to it,
    unless ``past`` has newer ones."""
    before = load(job)
    kept = {**checked(state), **{k: v for k, v in before.items() if k in MADE}}
    steps = checked_past(past) if past is not None else before.get(PAST)
    _write(job, {**kept, **({PAST: steps} if steps else {})})
    return kept


def past_of(job: Job) -> dict[str, Any]:
    """The steps of the changes: ``{"at": index, "steps": [{"name", "n", "state"}, …]}``; empty where there are none."""
    found = load(job).get(PAST)
    return found if isinstance(found, dict) else {}


def checked_past(past: Any) -> dict[str, Any]:
    """What is sound of a history; empty where nothing is."""
    given = past.get("steps") if isinstance(past, Mapping) else None
    if not isinstance(given, list) or not isinstance(past.get("at"), int) or isinstance(past["at"], bool):
        return {}
    steps = [_step(one) for one in given if isinstance(one, Mapping) and one.get("name") in STEPS]
    at = past["at"]
    if len(steps) != len(given) or not 0 <= at < len(steps):
        return {}
    while len(steps) > 1 and (len(steps) > MOST_STEPS or len(json.dumps(steps)) > MOST_PAST):
        first = 1 if at == 0 else 0  # what is shown now is never lost
        del steps[-1 if first else 0]
        at -= 0 if first else 1
    return {"at": at, "steps": steps}


def _step(one: Mapping[str, Any]) -> dict[str, Any]:
    n = one.get("n")
    number = n if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 100_000 else 0
    return {"name": str(one["name"]), "n": number, "state": checked(one.get("state"))}


def stepped(past: Any, name: str, n: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """``past`` with one more step that led to ``state``; what had been undone is forgotten."""
    found = checked_past(past) or {"at": 0, "steps": [{"name": "", "n": 0, "state": {}}]}
    steps = [*found["steps"][: found["at"] + 1], {"name": name, "n": n, "state": dict(state)}]
    return checked_past({"at": len(steps) - 1, "steps": steps})


def keep_making(
    job: Job,
    n: int,
    made_by: str,
    bounds: Bounds,
    texts: Mapping[str, str] | None = None,
    struck: Sequence[Sequence[float]] = (),
    look: Mapping[str, str] | None = None,
    frames: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Notes, before it begins, that job ``made_by`` makes clip ``n`` anew within ``bounds``, with the words of ``texts`` (by their
    keys), without the stretches of ``struck``, as ``look`` and ``frames`` say. So it belongs to ``job`` whoever waits for it; what was made
    before stays until this is there."""
    state = load(job)
    without = [list(stretch) for stretch in struck]
    entry = {
        "job": made_by,
        "bounds": list(bounds),
        "texts": dict(texts or {}),
        "struck": without,
        "look": dict(look or {}),
        "frames": [dict(frame) for frame in frames],
    }
    before = [*_makings(state, n)][-1:]
    _write(job, {**state, "made": {**state.get("made", {}), str(n): [*before, entry]}})


def keep_product(job: Job, made_by: str) -> None:
    """Notes that job ``made_by`` cuts something new of ``job``'s clips."""
    state = load(job)
    _write(job, {**state, "products": [*state.get("products", []), made_by][-MOST_PRODUCTS:]})


def _makings(state: Mapping[str, Any], n: int) -> list[dict[str, Any]]:
    found = state.get("made", {}).get(str(n)) or []
    return found if isinstance(found, list) else [found]


def makings(job: Job, n: int) -> list[dict[str, Any]]:
    """Who makes or made clip ``n`` anew, the newest first: ``{"job", "bounds", "texts"}``."""
    return list(reversed(_makings(load(job), n)))


def made_anew(job: Job) -> dict[int, tuple[str, ...]]:
    """For each clip (from 1) that was made anew the ids of the jobs that do it, the newest first."""
    state = load(job)
    return {int(n): tuple(str(m["job"]) for m in reversed(_makings(state, int(n)))) for n in state.get("made", {})}


def products(job: Job) -> tuple[str, ...]:
    """The jobs that cut something new of ``job``'s clips, in their order."""
    return tuple(str(p) for p in load(job).get("products", []))


def made_by(job: Job) -> frozenset[str]:
    """Every job whose work belongs to ``job``."""
    return frozenset({*products(job), *(made for ids in made_anew(job).values() for made in ids)})


def _write(job: Job, state: Mapping[str, Any]) -> None:
    if not job.folder.is_dir():
        return
    write_text(job.folder / FILE, json.dumps(state, ensure_ascii=False))


def checked(state: Any) -> dict[str, Any]:
    """The parts of ``state`` that have the right form: ``bounds``, ``ticked``, ``texts``, ``nudges``, ``added``, ``removed``, ``struck``,
    ``look``, ``frames``."""
    if not isinstance(state, Mapping):
        return {}
    found = {
        "bounds": _bounds(state.get("bounds")),
        "ticked": _ticked(state.get("ticked")),
        "texts": _texts(state.get("texts")),
        "nudges": _nudges(state.get("nudges")),
        "added": _added(state.get("added")),
        "removed": _removed(state.get("removed")),
        "look": _look(state.get("look")),
        "frames": _frames(state.get("frames")),
        "struck": _struck(state.get("struck")),
    }
    return {name: value for name, value in found.items() if value}


def _bounds(value: Any) -> dict[str, list[float]]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {str(int(n)): [float(b[0]), float(b[1])] for n, b in list(pairs)[:MOST] if _is_number(n) and _is_span(b)}


def _look(value: Any) -> dict[str, str]:
    """How clips are made: ``aspect``, ``style`` of the captions, ``platform``; what is no choice is left out."""
    given = value if isinstance(value, Mapping) else {}
    return {name: str(given[name]) for name, choices in LOOKS.items() if given.get(name) in choices}


def _frames(value: Any) -> dict[str, list[dict[str, Any]]]:
    """How shots are shown, by clip: ``start``, ``end`` (seconds of the file), ``kind``, ``middle``."""
    pairs = value.items() if isinstance(value, Mapping) else ()
    found = {
        str(int(n)): [_frame(f) for f in frames[:MOST_FRAMES] if _is_frame(f)]
        for n, frames in list(pairs)[:MOST] if _is_number(n) and isinstance(frames, list)
    }  # fmt: skip
    return {n: frames for n, frames in found.items() if frames}


def _is_frame(value: Any) -> bool:
    if not isinstance(value, Mapping) or value.get("kind") not in HANDS:
        return False
    middle = value.get("middle", 0.5)
    return (
        _is_span([value.get("start"), value.get("end")], 0.0) and isinstance(middle, int | float) and 0 <= middle <= 1
    )


def _frame(value: Mapping[str, Any]) -> dict[str, Any]:
    start, end, middle = float(value["start"]), float(value["end"]), float(value.get("middle", 0.5))
    return {"start": start, "end": end, "kind": str(value["kind"]), "middle": middle}


def _struck(value: Any) -> list[list[float]]:
    """Stretches that were struck out, in seconds of their file; of a file that is not the first its number (from 0) comes last."""
    spans = value if isinstance(value, list) else []
    sound = [s for s in spans[:MOST] if isinstance(s, list) and len(s) in (2, 3) and _is_span(s[:2], SHORTEST_STRUCK)]
    return [[float(s[0]), float(s[1]), *(int(k) for k in s[2:])] for s in sound if all(_is_number(k) for k in s[2:])]


def _added(value: Any) -> list[list[float]]:
    """Clips that the visitor added: where each begins and ends, then the numbers of the found clips that it is a part of."""
    given = value if isinstance(value, list) else []
    sound = (
        a for a in given if isinstance(a, list) and _is_span(a[:2]) and all(_is_number(n) and int(n) for n in a[2:])
    )
    return [[float(a[0]), float(a[1]), *(int(n) for n in a[2 : 2 + MOST_ADDED])] for a in sound][:MOST_ADDED]


def _removed(value: Any) -> list[int]:
    """The numbers of clips that the visitor put away, in order."""
    given = value if isinstance(value, list) else []
    return sorted({int(n) for n in given[:MOST] if _is_number(n) and int(n)})


def _is_number(text: Any) -> bool:
    return str(text).isdecimal() and len(str(text)) < 6


def _is_span(value: Any, shortest: float = SHORTEST) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        return False
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in value):
        return False
    return bool(0 <= value[0] <= value[1] - shortest + 1e-6)


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


def removed_in(state: Mapping[str, Any]) -> frozenset[int]:
    """The numbers (from 1) of clips that were put away."""
    return frozenset(state.get("removed", ()))


def frames_in(state: Mapping[str, Any], n: int) -> list[dict[str, Any]]:
    """How shots of clip ``n`` are shown by hand."""
    found = state.get("frames", {}).get(str(n), ())
    return [dict(frame) for frame in found]


def hands_in(state: Mapping[str, Any], n: int, file: str = "") -> tuple[HandPlace, ...]:
    """:func:`frames_in` as a request to cut has them, of ``file`` where the clips have several."""
    return tuple(HandPlace(**frame, file=file) for frame in frames_in(state, n))


def struck_in(state: Mapping[str, Any], bounds: Bounds, file: int = 0) -> list[list[float]]:
    """What is struck out between ``bounds`` of file number ``file``, in its seconds, in order."""
    low, high = bounds
    here = [s[:2] for s in state.get("struck", ()) if int(s[2] if len(s) > 2 else 0) == file]
    inside = [[max(low, a), min(high, b)] for a, b in here if b > low and a < high]
    return sorted(s for s in inside if s[1] - s[0] >= SHORTEST_STRUCK)


def nudges_of(state: Mapping[str, Any]) -> tuple[Nudge, ...]:
    """Moved dub segments as a sync request has them, a shift of all of them first."""
    nudges: Mapping[str, int] = state.get("nudges", {})
    order = sorted(nudges, key=lambda k: (k != "all", int(k) if k != "all" else 0))
    return tuple(Nudge(float(nudges[k]), -1 if k == "all" else int(k)) for k in order)
