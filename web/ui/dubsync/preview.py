"""Listening to a dub before and after, at the same second of the film, and seeing how the joins sound."""

from __future__ import annotations

import hashlib
import html
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pipeline.messages import clock
from pipeline.values import Span
from syncdub.making.preview import What, preview_clip
from syncdub.making.soundtrack import Pair
from syncdub.plan_file import PLAN, load_plan, moved
from syncdub.requests import AnalyseRequest, Nudge
from web.jobs.queue import Job
from web.ui.dubsync.view import goes_on, join_words
from web.ui.following import Page
from web.ui.language import tell

SECONDS = 8.0


def preview(page: Page, job: Job, at: float, which: str, nudges: Sequence[Nudge]) -> Path:
    """A short clip of the film from second ``at`` on with its own sound, the dub as it was, or the dub in its place.

    Raises:
        UserError: the files are gone, or the film has no such second.
    """
    asked = job.asked(AnalyseRequest)
    pair = Pair(page.engine.probe(asked.original), page.engine.probe(asked.dub))
    plan = moved(load_plan(job.folder / PLAN), nudges)
    end = min(at + SECONDS, pair.original.duration)
    span = Span(max(0.0, min(at, end - 1.0)), end)
    folder = page.settings.temp_dir / "gradio" / "previews" / job.id
    folder.mkdir(parents=True, exist_ok=True)
    mark = hashlib.blake2b(repr(list(nudges)).encode(), digest_size=6).hexdigest()
    out = folder / f"{which}_{round(1000 * at)}_{mark}.mp4"
    what = {"original": "original", "before": "dub", "after": "synced"}[which]
    return preview_clip(pair, plan, cast(What, what), span, out)


def join_views(plan: Mapping[str, Any], language: str) -> str:
    """What happens at every join: what the film has without dub, what of the dub is left out, and how it sounds around it."""
    waves = {round(j["time"], 2): j for j in plan.get("joins", ())}
    items = []
    for before, after in itertools.pairwise(plan["segments"]):
        if goes_on(before, after):
            continue
        missing, extra = after["original_start"] - before["original_end"], after["dub_start"] - before["dub_end"]
        text = join_words(missing, extra, language)
        wave = waves.get(round(after["original_start"], 2))
        drawn = _waves(wave, language) if wave else ""
        items.append(f"<li><strong>{clock(before['original_end'])}</strong> {html.escape(text)}{drawn}</li>")
    return f'<div class="studio joins"><ul>{"".join(items)}</ul></div>' if items else ""


def _waves(join: Mapping[str, Any], language: str) -> str:
    rows = (("before", "ui.sync.listen.before"), ("after", "ui.sync.listen.after"))
    return "".join(
        f"<figure>{_wave(join[key])}<figcaption>{html.escape(tell(code, language))}</figcaption></figure>"
        for key, code in rows
    )


def _wave(peaks: Sequence[float]) -> str:
    step = 600 / max(1, len(peaks))
    bars = "".join(
        f"M{i * step:.1f} {30 - 28 * min(1.0, p):.1f}V{30 + 28 * min(1.0, p):.1f}" for i, p in enumerate(peaks)
    )
    return f'<svg viewBox="0 0 600 60" preserveAspectRatio="none" aria-hidden="true"><path d="{bars}"/><line x1="300" x2="300" y1="0" y2="60"/></svg>'
