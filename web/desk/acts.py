"""What is done to the clips of a result by hand: added, split, joined, doubled; pure functions from one state of the changes to the next.

A clip that is added is an entry of ``added``: where it begins and ends, and of which found clips it is a part. Its number follows those of
the found ones. Nothing is ever renumbered: what is put away keeps its number in ``removed``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import BadRequest
from web.jobs import edits

Clip = Mapping[str, Any]
State = Mapping[str, Any]
ACTS = ("add", "split", "merge", "duplicate")
SHOW = "show"
"""What a view asks for that lacks a clip of its changes."""


@dataclass(frozen=True, slots=True)
class Now:
    """Clip ``n`` as it is now: in ``source``, from ``start`` to ``end`` seconds of it, a part of the found clips ``of``."""

    n: int
    source: str
    start: float
    end: float
    of: tuple[int, ...]


def files_of(clips: Sequence[Clip]) -> list[str]:
    """The files that found clips lie in, each once; a file's place in this list is its number."""
    return list(dict.fromkeys(str(clip.get("source", "")) for clip in clips))


def grown(clips: Sequence[Clip], state: State) -> list[Clip]:
    """``clips`` as they were found, with ``source`` (or none where all are of one) and ``sentences`` on their own clocks, and after them
    those that were added by hand: ``own``, without a score, with what is said in them."""
    return [*clips, *(_own(clips, entry[0], entry[1], [int(n) for n in entry[2:]]) for entry in state.get("added", ()))]


def _own(clips: Sequence[Clip], low: float, high: float, of: Sequence[int]) -> Clip:
    parts = [clips[n - 1] for n in of if 1 <= n <= len(clips)]
    first: Clip = parts[0] if parts else (clips[0] if clips else {})
    kept = ("source", "language") if not parts else ("source", "language", "title", "description", "tags", "suggested")
    return {
        **{name: first[name] for name in kept if name in first},
        "start": low, "end": high, "duration": high - low, "own": True, "of": tuple(of), "kept": True,
        "sentences": _within(parts, "sentences", low, high), "evidence": _within(parts, "evidence", low, high),
    }  # fmt: skip


def _within(parts: Sequence[Clip], name: str, low: float, high: float) -> list[dict[str, Any]]:
    """What lies between two seconds of the file, on the clock of a clip that begins at ``low``; what two clips share stands once."""
    found: dict[tuple[float, str, str], dict[str, Any]] = {}
    for part in parts:
        for one in part.get(name, ()):
            start = part["start"] + one["start"]
            end = part["start"] + one.get("end", one["start"])
            if low <= (start + end) / 2 < high:
                shifted = {"start": max(0.0, round(start - low, 3))}
                shifted |= {"end": round(min(end, high) - low, 3)} if "end" in one else {}
                found[round(start, 1), str(one.get("part")), one["text"]] = {**one, **shifted}
    return sorted(found.values(), key=lambda one: one["start"])


def now(clips: Sequence[Clip], state: State) -> list[Now]:
    """Every clip that was not put away, added ones included, by number."""
    away = edits.removed_in(state)
    return [
        Now(n, str(clip.get("source", "")), *edits.bounds_of(state, n, clip), clip.get("of", (n,)))
        for n, clip in enumerate(grown(clips, state), 1)
        if n not in away
    ]


def added(clips: Sequence[Clip], state: State, low: float, high: float, of: Sequence[int] = ()) -> dict[str, Any]:
    """``state`` with one more clip. Raises BadRequest when there are too many."""
    entries = state.get("added", [])
    if len(entries) >= edits.MOST_ADDED:
        raise BadRequest("error.too_many_clips", most=edits.MOST_ADDED)
    return {**state, "added": [*entries, [round(low, 2), round(high, 2), *of]]}


def split(clips: Sequence[Clip], state: State, n: int, at: float) -> dict[str, Any]:
    """``state`` with clip ``n`` ending at second ``at`` of its file and a new one from there on.

    Raises:
        BadRequest: there is no such clip, or a part would be too short.
    """
    clip = _clip(clips, state, n)
    if not clip.start + edits.SHORTEST <= at <= clip.end - edits.SHORTEST:
        raise BadRequest("error.split_here", seconds=edits.SHORTEST)
    at = round(at, 2)
    shorter = {**state, "bounds": {**state.get("bounds", {}), str(n): [clip.start, at]}}
    return _like(clips, added(clips, shorter, at, clip.end, clip.of), [n])


def duplicate(clips: Sequence[Clip], state: State, n: int) -> dict[str, Any]:
    """``state`` with clip ``n`` once more. Raises BadRequest."""
    clip = _clip(clips, state, n)
    return _like(clips, added(clips, state, clip.start, clip.end, clip.of), [n])


def merge(clips: Sequence[Clip], state: State, n: int) -> dict[str, Any]:
    """``state`` with clip ``n`` and the next one of its file, with what lies between them, as one clip in the place of both.

    Raises:
        BadRequest: none follows.
    """
    clip = _clip(clips, state, n)
    later = [c for c in now(clips, state) if c.n != n and c.source == clip.source and (c.start, c.n) > (clip.start, n)]
    if not later:
        raise BadRequest("error.nothing_follows")
    other = min(later, key=lambda c: (c.start, c.n))
    of = tuple(dict.fromkeys((*clip.of, *other.of)))
    whole = added(clips, state, min(clip.start, other.start), max(clip.end, other.end), of)
    away = sorted({*state.get("removed", ()), n, other.n})
    return _like(clips, {**whole, "removed": away}, [n, other.n])


def _clip(clips: Sequence[Clip], state: State, n: int) -> Now:
    found = next((clip for clip in now(clips, state) if clip.n == n), None)
    if found is None:
        raise BadRequest("error.no_such_clip")
    return found


def _like(clips: Sequence[Clip], state: dict[str, Any], before: Sequence[int]) -> dict[str, Any]:
    """``state`` with the frames and the corrected words of clips ``before`` for the one that was added last too."""
    every = grown(clips, state)
    n = len(every)
    frames = [dict(frame) for m in before for frame in edits.frames_in(state, m)]
    corrected = {
        round(every[m - 1]["start"] + said["start"], 1): state["texts"][f"{m}:{i}"]
        for m in before for i, said in enumerate(every[m - 1].get("sentences", ())) if f"{m}:{i}" in state.get("texts", {})
    }  # fmt: skip
    texts = {
        f"{n}:{i}": corrected[at]
        for i, said in enumerate(every[-1].get("sentences", ()))
        if (at := round(every[-1]["start"] + said["start"], 1)) in corrected
    }
    found = {**state, "frames": {**state.get("frames", {}), str(n): frames}} if frames else state
    return {**found, "texts": {**state.get("texts", {}), **texts}} if texts else found


def done(clips: Sequence[Clip], state: State, act: str, n: int, at: float) -> dict[str, Any]:
    """``state`` after one of :data:`ACTS` but ``add`` on clip ``n``, ``at`` a second of its file; :data:`SHOW` leaves it as it is. Raises
    BadRequest."""
    if act == SHOW:
        return dict(state)
    if act == "split":
        return split(clips, state, n, at)
    return merge(clips, state, n) if act == "merge" else duplicate(clips, state, n)
