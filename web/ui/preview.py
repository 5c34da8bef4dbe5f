"""Listening to a dub before and after, at the same second of the film, and seeing how the joins sound."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.messages import clock
from pipeline.previews import with_other_sound
from web.jobs import Job
from web.sync_jobs import PLAN, load_plan, moved
from web.ui.language import tell
from web.ui.work import Page

SECONDS = 8.0


def preview(page: Page, job: Job, at: float, which: str, nudges: Sequence[Mapping[str, float]]) -> Path:
    """A short clip of the film from second ``at`` on with its own sound, the dub as it was, or the dub in its place.

    Raises:
        UserError: the files are gone, or the film has no such second.
    """
    original, dub = page.engine.probe(job.params["original"]), page.engine.probe(job.params["dub"])
    plan = moved(load_plan(job.folder / PLAN), nudges)
    folder = page.settings.temp_dir / "gradio" / "previews" / job.id
    folder.mkdir(parents=True, exist_ok=True)
    shift = sum(n["ms"] for n in nudges)
    out = folder / f"{which}_{round(1000 * at)}_{round(shift)}.mp4"
    if which == "original":
        return with_other_sound(original, original, at, SECONDS, out, heard_at=at, stream=plan.original_stream)
    if which == "before":
        return with_other_sound(original, dub, at, SECONDS, out, heard_at=at, stream=plan.dub_stream)
    segment = next((s for s in plan.segments if s.original_start <= at < s.original_end), None)
    heard_at = segment.dub_start + (at - segment.original_start) / segment.rate if segment else None
    rate = segment.rate if segment else 1.0
    return with_other_sound(
        original,
        dub,
        at,
        SECONDS,
        out,
        heard_at=heard_at,
        stream=plan.dub_stream,
        rate=rate,
        keep_pitch=plan.pitch == "kept",
    )


def join_views(plan: Mapping[str, Any], language: str) -> str:
    """What happens at every join, in words: what the film has without dub, what of the dub is left out."""
    segments = plan["segments"]
    items = []
    for before, after in zip(segments, segments[1:], strict=False):
        missing, extra = after["original_start"] - before["original_end"], after["dub_start"] - before["dub_end"]
        text = tell("ui.sync.join", language, missing=missing, extra=extra)
        items.append(f"<li><strong>{clock(before['original_end'])}</strong> {html.escape(text)}</li>")
    return f'<div class="studio"><ul>{"".join(items)}</ul></div>' if items else ""
