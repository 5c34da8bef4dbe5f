"""The card of a waiting or running job, the bar that is left of a finished one, and remarks.

``assets/page/running.js`` lets the seconds run between two answers of the server and presses Stop.
"""

from __future__ import annotations

import html
import time
from collections.abc import Sequence

from pipeline.messages import say
from web.jobs.dubs import refused
from web.jobs.queue import Job
from web.problems import words
from web.ui.language import percent, tell
from web.ui.running.chosen import chosen_words
from web.ui.timeline import attr


def progress_card(job: Job, language: str) -> str:
    """How far a job is: what it does now, a bar, elapsed seconds, the seconds left where they are known, and Stop."""
    if job.state == "done":
        return ""
    if job.state == "failed":
        return note(say_error(job, language), "bad")
    if job.state == "cancelled":
        return note(tell("ui.stopped", language))
    done, what = round(100 * job.fraction), html.escape(_doing(job, language))
    waits = job.state == "queued"
    share = "" if waits else f'<span class="share">{percent(job.fraction, language)}</span>'
    return (
        f'<section class="studio studio-progress{" waits" if waits else ""}" data-job="{job.id}" data-title="{attr(job.title)}" {_times(job, language)}>'
        f'<div class="line"><strong role="status">{what}</strong>{share}<span class="soft times" aria-live="off"></span>{_stop(job, language)}</div>'
        f'<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{done}" aria-label="{what}">'
        f'<i style="width:{done}%"></i></div>'
        f'<p class="soft chosen">{chosen_words(job, language)}</p></section>'
    )


def _doing(job: Job, language: str) -> str:
    if job.stopping:
        return tell("progress.stopping", language)
    if job.state == "queued":
        return tell("ui.queued", language, ahead=job.ahead)
    return say(job.message, language) if job.message else tell("ui.starting", language)


def _times(job: Job, language: str) -> str:
    """What the script needs to count: seconds so far, seconds left (−1: unknown), and the words around them."""
    elapsed = max(0.0, time.time() - job.started) if job.started and job.state == "running" else -1.0
    left = -1.0 if job.seconds_left is None or job.stopping else job.seconds_left
    said = {name: tell(f"ui.time.{name}", language) for name in ("elapsed", "left", "longer")}
    return f'data-elapsed="{elapsed:.1f}" data-left="{left:.1f}"' + "".join(
        f' data-{name}-words="{attr(text)}"' for name, text in said.items()
    )


def _stop(job: Job, language: str) -> str:
    told = attr(tell("progress.stopping", language))
    off = " disabled" if job.stopping else ""
    return f'<button type="button" class="stop" data-stop data-told="{told}"{off}>{html.escape(tell("ui.stop", language))}</button>'


def done_bar(job: Job, language: str, extra: str = "") -> str:
    """What is left of the form once there is a result: what was chosen, how long it took, and the ways on. ``extra`` is HTML."""
    took = max(0.0, (job.finished or 0.0) - (job.started or job.finished or 0.0))
    change, fresh = (html.escape(tell(f"ui.flow.{w}", language)) for w in ("change", "new"))
    return (
        f'<section class="studio studio-done" data-job="{job.id}" data-title="{attr(job.title)}"><p><b>{"✕" if refused(job) else "✓"} {html.escape(job.title)}</b> '
        f'<span class="soft">{chosen_words(job, language, named=False)} · {html.escape(tell("ui.flow.took", language, seconds=took))}</span></p>'
        f'<div class="acts">{extra}<button type="button" data-flow="change">{change}</button>'
        f'<button type="button" data-flow="new">{fresh}</button></div></section>'
    )


def say_error(job: Job, language: str) -> str:
    """Why a job failed, for people."""
    error = job.error or {}
    return words(error.get("message", ""), language) or tell("error.internal", language)


def note(text: str, kind: str = "") -> str:
    """A remark in a box; ``kind`` is ``""``, ``bad`` or ``good``."""
    role = "alert" if kind == "bad" else "note"
    return f'<div class="studio studio-note {kind}" role="{role}">{html.escape(text)}</div>'


def notes(messages: Sequence[str]) -> str:
    """Several remarks, e.g. the doubts of a result, each once."""
    return "".join(note(m) for m in dict.fromkeys(messages))


def wrong(text: str, field: str = "") -> str:
    """What is wrong with what was given, to be shown at the field; it stays until something else is tried."""
    return (
        f'<div class="studio field-error" role="alert" data-field="{attr(field)}" data-at="{time.time():.3f}">'
        f"{html.escape(text)}</div>"
    )
