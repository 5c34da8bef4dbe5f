"""Changes by hand as the page's handlers meet them: what a view sent is kept, and what is or was made of it is found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from web.desk import acts
from web.jobs import edits
from web.jobs.queue import Job
from web.ui.following import Page, shown

OWN = 15.0
"""Seconds of a clip that is added by hand, before its edges are moved."""


def own_span(data: Mapping[str, Any], length: float, whole: float) -> tuple[float, float]:
    """Where a moment of the visitor's own begins and ends: ``low`` to ``high`` as chosen, or ``length`` seconds from ``at`` on."""
    low, high, at = (float(v) if isinstance(v := data.get(k), int | float) else None for k in ("low", "high", "at"))
    if low is not None and high is not None and high > low >= 0:
        low = min(low, max(0.0, whole - edits.SHORTEST))
        return low, max(min(high, whole), low + edits.SHORTEST)
    length = min(length, whole)
    begin = max(0.0, min(at or 0.0, whole - length))
    return begin, begin + length


def made_last(page: Page, job: Job, n: int) -> tuple[Mapping[str, Any] | None, Job | None]:
    """The newest finished making of clip ``n`` and the job that did it; both ``None`` where the first rendering is the last."""
    for again in edits.makings(job, n):
        try:
            done = page.jobs.get(str(again["job"]))
        except StudioError:  # deleted since
            continue
        if done.state == "done":
            return again, done
    return None, None


def being_made(page: Page, job: Job) -> list[str]:
    """The unfinished jobs that make something of ``job``'s clips."""
    found = []
    for made_by in sorted(edits.made_by(job)):
        try:
            if not page.jobs.get(made_by).is_finished:
                found.append(made_by)
        except StudioError:  # deleted since
            continue
    return found


def keep_act(job: Job, data: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Stores what an act made of the changes, as a step of their history."""
    if data.get("act") == acts.SHOW:
        edits.save(job, state, data.get("past"))
        return
    name = str(data.get("act")) if data.get("act") in acts.ACTS else "add"
    n = number(data.get("n")) if name != "add" else 0
    edits.save(job, state, edits.stepped(data.get("past"), name, n, edits.checked(state)))


def number(value: Any) -> int:
    """The number of a clip as a browser sends it; 0 where it is none."""
    return int(value) if str(value).isdecimal() and len(str(value)) < 6 else 0


def second(value: Any) -> float:
    """A second of a file as a browser sends it; -1 where it is none."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else -1.0


def keep_edits(page: Page, job_id: str, event: gr.EventData, request: gr.Request) -> None:
    """Stores what a view sent after a change, if it is about the job it shows."""
    data = event._data or {}
    if not job_id or data.get("job") != job_id:
        return
    try:
        edits.save(page.job(job_id, request), data.get("state"), data.get("past"))
    except StudioError as error:
        raise shown(error, request) from error
