"""What is to be cut of a ranking, as the visitor has it now: edges as moved, words as corrected, sentences as ticked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import BadRequest
from pipeline.values import Span
from reelify.cut.rewriting import Rewrite
from reelify.requests import Clip as ClipAsked
from reelify.requests import Place
from web.desk.acts import files_of
from web.jobs import edits

Clip = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """What the file of a clip was made of: edges (empty before the first), corrected words, frames, and what was struck out."""

    bounds: Sequence[float] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    frames: Sequence[Mapping[str, Any]] = ()
    struck: Sequence[Sequence[float]] = ()


def as_it_is(clips: Sequence[Clip], n: int, state: Mapping[str, Any]) -> Made:
    """What the file of clip ``n`` would be made of now."""
    bounds = edits.bounds_of(state, n, clips[n - 1])
    struck = edits.struck_in(state, bounds, files_of(clips).index(str(clips[n - 1]["source"])))
    return Made(bounds, words_in(state, n), edits.frames_in(state, n), struck)


def cuts_of(clips: Sequence[Clip], make: str, n: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request to cut. ``make`` is ``clip`` (number ``n``), ``smart`` (the best of it), ``sentences`` (the ticked
    ones), ``without`` (their clip without them) or ``all`` that passed; edges and words are as ``state`` has them.

    Raises:
        BadRequest: there is nothing to cut.
    """
    if not clips:
        raise BadRequest("error.no_ranking")
    n = min(max(n, 1), len(clips))
    pieces = [_piece(c, edits.bounds_of(state, i, c)) for i, c in enumerate(clips, 1)]
    if make == "sentences":
        chosen = [pair for key in state.get("ticked", ()) if (pair := _of_key(key, clips))]
        if not chosen:
            raise BadRequest("error.no_sentences")
        return {"clips": runs(clips, chosen), **_changes(clips, state, {c for c, _ in chosen})}
    if make == "without":
        return _without(clips, pieces, state)
    if make == "all":
        there = [i for i in range(1, len(clips) + 1) if i not in edits.removed_in(state)] or [1]
        kept = [i for i in there if clips[i - 1].get("kept")] or there[:1]
        struck = tuple(place for i in kept for place in _struck(clips, i, state))
        return {"clips": tuple(pieces[i - 1] for i in kept), "struck": struck, **_changes(clips, state, set(kept))}
    changes = {"struck": _struck(clips, n, state), **_changes(clips, state, {n})}
    return {"clips": (pieces[n - 1],), "smart": make == "smart", **changes}


def _struck(clips: Sequence[Clip], n: int, state: Mapping[str, Any]) -> tuple[Place, ...]:
    """What was struck out of clip ``n`` in the transcript."""
    return tuple(Place(low, high, Path(clips[n - 1]["source"])) for low, high in as_it_is(clips, n, state).struck)


def _changes(clips: Sequence[Clip], state: Mapping[str, Any], wanted: set[int]) -> dict[str, Any]:
    """The words and the frames of ``wanted`` clips that were changed by hand."""
    several = len({clips[n - 1]["source"] for n in wanted}) > 1
    frames = [
        hand
        for n in sorted(wanted)
        for hand in edits.hands_in(state, n, str(clips[n - 1]["source"]) if several else "")
    ]
    return {"texts": _texts(clips, state, wanted), "frames": tuple(frames)}


def _without(clips: Sequence[Clip], pieces: Sequence[ClipAsked], state: Mapping[str, Any]) -> dict[str, Any]:
    """The clip of the first ticked sentence without its ticked ones."""
    chosen = [pair for key in state.get("ticked", ()) if (pair := _of_key(key, clips))]
    if not chosen:
        raise BadRequest("error.no_sentences")
    n = chosen[0][0]
    clip = clips[n - 1]
    said = [clip["sentences"][i] for m, i in chosen if m == n]
    struck = tuple(Place(clip["start"] + s["start"], clip["start"] + s["end"], Path(clip["source"])) for s in said)
    return {"clips": (pieces[n - 1],), "struck": (*struck, *_struck(clips, n, state)), **_changes(clips, state, {n})}


def _of_key(key: str, clips: Sequence[Clip]) -> tuple[int, int] | None:
    """``3:0`` → clip 3, sentence 0, where they exist."""
    n, i = (int(x) for x in key.split(":"))
    return (n, i) if 1 <= n <= len(clips) and i < len(clips[n - 1].get("sentences", ())) else None


def _texts(clips: Sequence[Clip], state: Mapping[str, Any], wanted: set[int]) -> tuple[Rewrite, ...]:
    """The sentences of ``wanted`` clips that read otherwise than they were heard, with their seconds in the file."""
    found = []
    for key, text in state.get("texts", {}).items():
        pair = _of_key(key, clips)
        if pair and pair[0] in wanted:
            clip = clips[pair[0] - 1]
            said = clip["sentences"][pair[1]]
            start = round(clip["start"] + said["start"], 3)
            found.append(Rewrite(Path(clip["source"]), start, said["text"], text))
    return tuple(found)


def _piece(clip: Clip, bounds: edits.Bounds) -> ClipAsked:
    return ClipAsked(Path(clip["source"]), Span(*bounds), str(clip.get("title", "")))


def runs(clips: Sequence[Clip], chosen: Sequence[tuple[int, int]]) -> tuple[ClipAsked, ...]:
    """Ticked sentences as pieces, neighbours joined, with a breath of air that never reaches the next sentence."""
    pieces: list[ClipAsked] = []
    before: tuple[int, int] | None = None
    for n, i in chosen:
        clip, sentences = clips[n - 1], clips[n - 1]["sentences"]
        low = (sentences[i - 1]["end"] + sentences[i]["start"]) / 2 if i else 0.0
        high = (sentences[i]["end"] + sentences[i + 1]["start"]) / 2 if i + 1 < len(sentences) else clip["duration"]
        start, end = max(low, sentences[i]["start"] - 0.15), min(high, sentences[i]["end"] + 0.35)
        begun = pieces.pop().span if before == (n, i - 1) else None
        pieces.append(_piece(clip, (begun.start if begun else clip["start"] + start, clip["start"] + end)))
        before = (n, i)
    return tuple(pieces)


def words_in(state: Mapping[str, Any], n: int) -> dict[str, str]:
    """The corrected sentences of clip ``n``, by their keys."""
    return {key: text for key, text in state.get("texts", {}).items() if key.partition(":")[0] == str(n)}


def made_then(again: Mapping[str, Any]) -> Made:
    """What a clip was made of, as :func:`web.jobs.edits.keep_making` noted it."""
    texts, frames, struck = again.get("texts") or {}, again.get("frames") or [], again.get("struck") or []
    return Made(tuple(again["bounds"]), texts, frames, struck)
